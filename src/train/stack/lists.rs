//! Lists of a link and of pairs at its ends, on which a stack learns to rank.

use hashbrown::HashSet;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::Fitting;
use crate::graph::{EdgeList, Pair};
use crate::model::baseline::ClosedForm;
use crate::model::score::{ScoredPair, TopK};
use crate::model::stack::Parts;
use crate::split::Split;

/// The random stream of these lists.
const LISTS_STREAM: u64 = 3;
/// The most links to rank, each at both of its ends, and the fewest in a large graph. The regression has some twenty
/// weights.
const MAX_LINKS: usize = 1000;
const MIN_LINKS: usize = 200;
/// Between these bounds, the number of links times that of the nodes, which are all candidates.
const NUM_CANDIDATES: usize = 10_000_000;
/// The number of negatives of an end that each score chooses, and that are drawn. With few random ones the scores that
/// choose would lose their weight, because every negative that they chose scores high; with very many the likeliest
/// pairs would count for little.
const NUM_HARD: usize = 10;
const NUM_RANDOM: usize = 200;
/// The scores that choose hard negatives, with features and without.
const CHOOSERS: [&str; 5] =
    ["neighbourhood-cosine", "cosine", "log-katz", "log-resource-allocation", "log-paths-of-three"];
/// Those of them that give a node's scores with all others fast in a graph of more than [`ClosedForm::MAX_WALKED`] nodes.
const FAST_CHOOSERS: [&str; 3] = ["neighbourhood-cosine", "cosine", "log-resource-allocation"];
/// The number of ends whose pairs are scored together, as many as walks go from at once.
const ENDS_PER_BATCH: usize = 16;

/// A link and negatives at both of its ends.
pub(super) struct List {
    /// The link, then the negatives, whose first node is the end that they share with it.
    pub(super) pairs: Vec<Pair>,
    /// The number of pairs of its end that each of these stands for.
    pub(super) copies: Vec<f64>,
}

/// Draws a list for links of `fitting`: the link, then pairs at both of its ends that are no edge of `split` as far as its
/// training and validation parts show: those that closed-form scores rank highest, and random ones. One list has both
/// ends, because only there it matters how the pairs of one node score beside those of another.
pub(super) fn draw(parts: &Parts, fitting: &Fitting, split: &Split, seed: u64) -> Vec<List> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(LISTS_STREAM);
    let train = split.train.undirected();
    let known = train.with_edges([train.pairs(), split.validation.edges.pairs()].concat());
    let mut links = fitting.fitted_on.edges.pairs().to_vec();
    let affordable = (NUM_CANDIDATES / known.num_nodes().max(1)).clamp(MIN_LINKS, MAX_LINKS);
    let num_links = links.len().min(affordable);
    let (links, _) = links.partial_shuffle(&mut rng, num_links);
    let ends: Vec<(u32, u32)> = links.iter().flat_map(|&(u, v)| [(u, v), (v, u)]).collect();
    let names = parts.closed_form().names();
    let is_large = known.num_nodes() > ClosedForm::MAX_WALKED;
    let chosen = if is_large { FAST_CHOOSERS.as_slice() } else { &CHOOSERS };
    let choosers: Vec<usize> = (0..names.len()).filter(|&at| chosen.contains(&names[at])).collect();
    let seed = rng.random();
    let negatives: Vec<Vec<(Pair, f64)>> = ends
        .par_chunks(ENDS_PER_BATCH)
        .flat_map_iter(|ends| {
            let nodes: Vec<u32> = ends.iter().map(|end| end.0).collect();
            let n = known.num_nodes();
            let columns: Vec<Vec<f64>> =
                choosers.iter().map(|&column| parts.closed_form().rows(column, &nodes, n)).collect();
            let of_end = |(at, &(node, partner)): (usize, &(u32, u32))| {
                let rows = columns.iter().map(|scores| &scores[at * n..][..n]);
                negatives_of(node, partner, rows, &known, seed)
            };
            ends.iter().enumerate().map(of_end).collect::<Vec<_>>()
        })
        .collect();
    links
        .iter()
        .zip(negatives.chunks(2))
        .map(|(&link, ends)| {
            let (pairs, copies) = [&[(link, 1.0)], &*ends[0], &ends[1]].concat().into_iter().unzip();
            List { pairs, copies }
        })
        .collect()
}

/// Returns negatives of `node`, an end of its link with `partner`, and the number of pairs that each stands for. `rows` are
/// its scores with all nodes.
fn negatives_of<'a>(
    node: u32,
    partner: u32,
    rows: impl Iterator<Item = &'a [f64]>,
    known: &EdgeList,
    seed: u64,
) -> Vec<(Pair, f64)> {
    // Every end draws from its own stream, so that threads change nothing.
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream((u64::from(node) << 32) | u64::from(partner));
    let (mut taken, mut negatives) = (HashSet::new(), Vec::new());
    let candidates: Vec<u32> = known.candidates_of(node).collect();
    for scores in rows {
        let mut best = TopK::new(NUM_HARD);
        for &other in &candidates {
            best.add(ScoredPair { pair: (node, other), logit: scores[other as usize] });
        }
        let best = best.into_sorted();
        let best = best.iter().map(|scored| scored.pair).filter(|&pair| taken.insert(pair));
        negatives.extend(best.map(|pair| (pair, 1.0)));
    }
    let mut rest: Vec<u32> =
        candidates.into_iter().filter(|&other| !taken.contains(&(node, other))).collect();
    let num_drawn = rest.len().min(NUM_RANDOM);
    let copies = rest.len() as f64 / num_drawn.max(1) as f64;
    let (drawn, _) = rest.partial_shuffle(&mut rng, num_drawn);
    negatives.extend(drawn.iter().map(|&other| ((node, other), copies)));
    negatives
}
