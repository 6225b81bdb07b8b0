//! Lists of pairs at one end, on which a stack learns to rank.

use hashbrown::HashSet;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::Fitting;
use crate::graph::{EdgeList, Pair};
use crate::model::score::{ScoredPair, TopK};
use crate::model::stack::Parts;
use crate::split::Split;

/// The random stream of these lists.
const LISTS_STREAM: u64 = 3;
/// The most links to rank, each at both of its ends. The regression has some twenty weights.
const MAX_LINKS: usize = 1000;
/// The number of negatives of an end that each score chooses, and that are drawn.
const NUM_HARD: usize = 10;
const NUM_RANDOM: usize = 50;
/// The scores that choose hard negatives, with features and without.
const CHOOSERS: [&str; 5] =
    ["neighbourhood-cosine", "cosine", "log-katz", "log-resource-allocation", "log-paths-of-three"];
/// The number of ends whose pairs are scored together.
const ENDS_PER_BATCH: usize = 8;

/// Draws, for links of `fitting` at both of their ends, the link and pairs of this end that are no edge of `split` as
/// far as its training and validation parts show: those that closed-form scores rank highest, and random ones.
pub(super) fn draw(parts: &Parts, fitting: &Fitting, split: &Split, seed: u64) -> Vec<Vec<Pair>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(LISTS_STREAM);
    let train = split.train.undirected();
    let known = train.with_edges([train.pairs(), split.validation.edges.pairs()].concat());
    let mut links = fitting.fitted_on.edges.pairs().to_vec();
    let num_links = links.len().min(MAX_LINKS);
    let (links, _) = links.partial_shuffle(&mut rng, num_links);
    let ends: Vec<(u32, u32)> = links.iter().flat_map(|&(u, v)| [(u, v), (v, u)]).collect();
    let names = parts.closed_form().names();
    let choosers: Vec<usize> = (0..names.len()).filter(|&at| CHOOSERS.contains(&names[at])).collect();
    let seed = rng.random();
    ends.par_chunks(ENDS_PER_BATCH)
        .flat_map_iter(|ends| {
            let nodes: Vec<u32> = ends.iter().map(|end| end.0).collect();
            let n = known.num_nodes();
            let columns: Vec<Vec<f64>> =
                choosers.iter().map(|&column| parts.closed_form().rows(column, &nodes, n)).collect();
            let list = |(at, &(node, partner)): (usize, &(u32, u32))| {
                let rows = columns.iter().map(|scores| &scores[at * n..][..n]);
                list_of(node, partner, rows, &known, seed)
            };
            ends.iter().enumerate().map(list).collect::<Vec<_>>()
        })
        .collect()
}

/// Returns the link of `node` and `partner`, and the negatives of `node`. `rows` are its scores with all nodes.
fn list_of<'a>(
    node: u32,
    partner: u32,
    rows: impl Iterator<Item = &'a [f64]>,
    known: &EdgeList,
    seed: u64,
) -> Vec<Pair> {
    // Every end draws from its own stream, so that threads change nothing.
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream((u64::from(node) << 32) | u64::from(partner));
    let mut taken = HashSet::new();
    let mut list = vec![(node, partner)];
    let candidates: Vec<u32> = known.candidates_of(node).collect();
    for scores in rows {
        let mut best = TopK::new(NUM_HARD);
        for &other in &candidates {
            best.add(ScoredPair { pair: (node, other), logit: scores[other as usize] });
        }
        list.extend(best.into_sorted().iter().map(|scored| scored.pair).filter(|&pair| taken.insert(pair)));
    }
    let mut rest: Vec<u32> =
        candidates.into_iter().filter(|&other| !taken.contains(&(node, other))).collect();
    let num_drawn = rest.len().min(NUM_RANDOM);
    let (drawn, _) = rest.partial_shuffle(&mut rng, num_drawn);
    list.extend(drawn.iter().map(|&other| (node, other)));
    list
}
