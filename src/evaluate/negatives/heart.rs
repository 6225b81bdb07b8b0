//! The negatives of the benchmark HeaRT (Li et al. 2023, *Evaluating graph neural networks for link prediction:
//! current pitfalls and new benchmarking*, section 4), by the rules of its authors' code.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::push::Push;
use crate::error::Result;
use crate::evaluate::ends::{End, Neighbours};
use crate::graph::transform::normalize_rows;
use crate::graph::{Csr, EdgeList, Features, Pair};

/// The restart probability of the personalised PageRank, and the threshold of its approximation.
const RESTART: f64 = 0.15;
const EPSILON: f64 = 5e-5;

/// Finds `per_edge` negatives for each of `edges`: half of them keep its first end, half its second.
///
/// The nodes that could replace the other end are ranked by resource allocation, by personalised PageRank from
/// the end (approximated as Andersen, Chung & Lang 2006 do, with a restart of 0.15 and ε = 5e-5) and, if there are
/// `features`, by their cosine, all on the `train` edges without directions or weights. Nodes with a positive score
/// are ranked by it, ties sharing the best place; nodes with a score of 0 follow together, one place behind the last
/// of them. A node's rank is the least of its ranks, and the nodes of the least ranks are taken. Very many nodes tie
/// at the last rank taken; among these a draw by `rng` decides. If too few nodes have any positive score, the rest
/// are drawn from the others.
///
/// A node is left out only if it is linked with the end in `known`: for the validation part those are the training
/// edges, for the test part also the validation edges, so that a held-out link may be a negative of another one, as
/// in the benchmark. In a bipartite graph only pairs of a source and a target are taken.
///
/// Departures from the authors' code: ties are broken at random and not by the order of a selection algorithm; the
/// rest is drawn without replacement; and a node that is an end of several links has the same cosines each time,
/// where the code overwrites its row of cosines by their ranks on first use.
///
/// With e distinct ends it takes O(e · (n log n + work of the scores)) time, O(n) memory per thread. The same `rng`
/// gives the same negatives on any number of threads.
///
/// # Errors
/// Never fails at present. The return type leaves room to refuse features that do not fit the graph.
pub fn heart(
    train: &EdgeList,
    known: &EdgeList,
    features: Option<&Features>,
    edges: &[Pair],
    per_edge: usize,
    rng: &mut impl Rng,
) -> Result<Vec<Vec<Pair>>> {
    let ranking = Ranking {
        known,
        linked: Neighbours::new(known),
        train: Neighbours::new(&train.undirected()),
        rows: features.map(Rows::new),
        seed: rng.random(),
    };
    let both = |&edge: &Pair| End::both(edge, known.direction());
    // The partner is no negative either, so that each link has nodes of its own at each end.
    let halves = [per_edge.div_ceil(2), per_edge / 2];
    let ends: Vec<(End, u32, usize)> = edges
        .iter()
        .flat_map(|edge| {
            let [first, second] = both(edge);
            [(first, second.node(), halves[0]), (second, first.node(), halves[1])]
        })
        .collect();
    let found: Vec<Vec<Pair>> = ends
        .par_chunks(2)
        .map_init(|| Scratch::new(train.num_nodes()), |scratch, ends| {
            ends.iter().flat_map(|&(end, partner, count)| ranking.best(end, partner, count, scratch)).collect()
        })
        .collect();
    Ok(found)
}

/// The scores that rank the nodes at an end.
struct Ranking<'a> {
    known: &'a EdgeList,
    linked: Neighbours,
    train: Neighbours,
    rows: Option<Rows>,
    seed: u64,
}

/// The feature rows of norm 1, by node and by feature.
struct Rows {
    by_node: Csr,
    by_feature: Csr,
}

impl Rows {
    fn new(features: &Features) -> Self {
        let mut by_node = features.to_sparse().into_owned();
        normalize_rows(&mut by_node);
        let by_feature = by_node.transpose_view().to_csr();
        Rows { by_node, by_feature }
    }
}

/// Numbers for each node that a thread uses again and again.
struct Scratch {
    push: Push,
    scores: Vec<f64>,
    is_out: Vec<bool>,
}

impl Scratch {
    fn new(num_nodes: usize) -> Self {
        Scratch { push: Push::new(num_nodes), scores: vec![0.0; num_nodes], is_out: vec![false; num_nodes] }
    }
}

impl Ranking<'_> {
    /// Returns the pairs of `end` with its `count` best nodes other than `partner`, best first.
    fn best(&self, end: End, partner: u32, count: usize, scratch: &mut Scratch) -> Vec<Pair> {
        let n = self.known.num_nodes() as u32;
        let node = end.node();
        let Scratch { push, scores, is_out } = scratch;
        let out = || self.linked.of(end).iter().copied().chain([node, partner]);
        out().for_each(|other| is_out[other as usize] = true);
        let can_join = |other: u32| !is_out[other as usize] && self.known.can_join(end.pair_with(other));
        let candidates: Vec<u32> = (0..n).filter(|&other| can_join(other)).collect();
        out().for_each(|other| is_out[other as usize] = false);

        let mut ranks = vec![u32::MAX; candidates.len()];
        let mut is_positive = vec![false; candidates.len()];
        let mut merge = |scores: &[f64]| {
            // The authors' code computes scores in f32, where sums in different orders are mostly equal.
            let own: Vec<f32> = candidates.iter().map(|&other| scores[other as usize] as f32).collect();
            for ((rank, is_positive), (own, of_score)) in
                ranks.iter_mut().zip(&mut is_positive).zip(own.iter().zip(ranks_of(&own)))
            {
                *rank = (*rank).min(of_score);
                *is_positive |= *own > 0.0;
            }
        };
        scores.fill(0.0);
        for &w in self.train.of(End::Either(node)) {
            let others = self.train.of(End::Either(w));
            others.iter().for_each(|&other| scores[other as usize] += 1.0 / others.len() as f64);
        }
        merge(scores);
        push.run(|node| self.train.of(End::Either(node)), node, RESTART, EPSILON);
        merge(push.estimates());
        if let Some(Rows { by_node, by_feature }) = &self.rows {
            scores.fill(0.0);
            let own = by_node.outer_view(node as usize).expect("every node has a row");
            for (feature, &value) in own.iter() {
                let others = by_feature.outer_view(feature).expect("every feature has a row");
                others.iter().for_each(|(other, &weight)| scores[other] += f64::from(value) * f64::from(weight));
            }
            merge(scores);
        }

        // Every end draws from its own stream, so that threads change nothing.
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream((u64::from(node) << 32) | u64::from(partner));
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.shuffle(&mut rng);
        let num_positive = is_positive.iter().filter(|&&is_positive| is_positive).count();
        let is_last = |at: usize| num_positive < count && !is_positive[at];
        order.sort_by_key(|&at| (is_last(at), ranks[at]));
        order.iter().take(count).map(|&at| end.pair_with(candidates[at])).collect()
    }
}

/// Returns the rank of each score, as the authors' code counts: 1 for the highest ones; for a lower positive one the
/// number of scores at least as high, less those that tie with the highest, plus 1; for 0 one more than the last of
/// these.
fn ranks_of(scores: &[f32]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..scores.len()).filter(|&at| scores[at] > 0.0).collect();
    order.sort_unstable_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut ranks = vec![0; scores.len()];
    let (mut num_at_least, mut num_highest, mut last) = (0, 0, 0);
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        num_at_least += tied.len() as u32;
        if num_highest == 0 {
            num_highest = num_at_least;
        }
        last = num_at_least - num_highest + 1;
        tied.iter().for_each(|&at| ranks[at] = last);
    }
    ranks.iter_mut().filter(|rank| **rank == 0).for_each(|rank| *rank = last + 1);
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_the_authors_code() {
        // `rank_score_matrix` of their repository, run with numpy and scipy on these rows.
        assert_eq!(ranks_of(&[5.0, 5.0, 3.0, 0.0, 2.0, 2.0, 1.0, 0.0]), [1, 1, 2, 6, 4, 4, 5, 6]);
        assert_eq!(ranks_of(&[0.0, 0.0]), [1, 1]);
        assert_eq!(ranks_of(&[0.5, 0.0]), [1, 2]);
    }
}
