//! Finds the negatives of HeaRT (Li et al. 2023, *Evaluating graph neural networks for link prediction:
//! current pitfalls and new benchmarking*, section 4): for each held-out edge, the likeliest pairs that share
//! an end with it.

use hashbrown::HashMap;
use rand::Rng;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use crate::config::BaselineKind;
use crate::error::Result;
use crate::evaluate::ends::End;
use crate::graph::{EdgeList, Graph, Pair};
use crate::model::baseline::Baseline;

/// The number of ends that one thread ranks together; a [`Baseline`] runs as many random walks at once.
const ENDS_PER_BATCH: usize = 8;

/// Finds up to `per_edge` negatives for each of `edges`. A negative keeps one end of the edge and replaces
/// the other: ⌈`per_edge`/2⌉ negatives keep the first end (the source), ⌊`per_edge`/2⌋ the second. An end
/// with fewer non-neighbours has fewer negatives. No negative is an edge of the whole graph or joins a node
/// to itself, and in a bipartite graph none joins two nodes of one kind. In a directed graph the reverse of
/// an edge may be a negative.
///
/// The negatives of an end are its best candidates, best first. A candidate is any node that could be a
/// neighbour of the end but is not. Candidates are ranked by resource allocation, by personalised PageRank
/// and, if the graph has features, by the cosine of the features, all on the `train` edges without their
/// directions. The rank of a candidate by one heuristic is the number of candidates, itself included, that
/// score at least as high, so a candidate gains nothing from a score of 0 that many others share. Candidates
/// are sorted by their best rank, then by the second best, then by the third; the remaining ties are broken
/// in a random order from `rng`.
///
/// Differences from the paper and its code:
/// - The caller chooses the number of negatives; the paper takes 250 or 500.
/// - Non-edges are those of the whole graph, and the negatives of the test part are ranked on the training
///   edges too.
/// - PageRank is exact, and its two directions are summed.
/// - Candidates with a score of 0 are ranked last, which makes the lists harder. The authors' code ranks them
///   right after the last candidate with another score, so on sparse graphs they fill the lists.
///
/// With e distinct ends: O(e · n log(nm)) time for the ranking, O(e · (n + m)) for the 30 steps of the walks
/// and the neighbours, and O(e · nonzeros of X) for the cosine. O(n) memory per thread, besides O(edges ·
/// `per_edge`) for the result. The same `rng` gives the same negatives with any number of threads.
///
/// # Errors
/// Returns the errors of [`Baseline::new`]. None of them can occur, because the cosine is left out of a graph
/// without features.
pub fn hard(
    graph: &Graph,
    train: &EdgeList,
    edges: &[Pair],
    per_edge: usize,
    rng: &mut impl Rng,
) -> Result<Vec<Vec<Pair>>> {
    let mut kinds = vec![BaselineKind::ResourceAllocation, BaselineKind::PersonalizedPagerank];
    kinds.extend(graph.features().map(|_| BaselineKind::FeatureCosine));
    let heuristics: Result<Vec<Baseline>> =
        kinds.into_iter().map(|kind| Baseline::new(kind, train, graph.features(), 0)).collect();
    let mut order: Vec<u32> = (0..graph.num_nodes() as u32).collect();
    order.shuffle(rng);
    let ranking = Ranking { edges: &graph.edges, heuristics: heuristics?, order };

    let ends_of = |pair: Pair| End::both(pair, graph.edges.direction());
    let mut ends: Vec<End> = edges.iter().copied().flat_map(ends_of).collect();
    ends.sort_unstable();
    ends.dedup();
    let halves = [per_edge.div_ceil(2), per_edge / 2];
    let best: Vec<Vec<Pair>> =
        ends.par_chunks(ENDS_PER_BATCH).flat_map_iter(|ends| ranking.best(ends, halves[0])).collect();
    let best: HashMap<End, Vec<Pair>> = ends.into_iter().zip(best).collect();
    let list = |&edge: &Pair| {
        let ends = ends_of(edge).into_iter().zip(halves);
        ends.flat_map(|(end, half)| best[&end].iter().take(half).copied()).collect()
    };
    Ok(edges.iter().map(list).collect())
}

/// A pair that keeps one end.
struct Candidate {
    /// The node that replaces the other end.
    other: u32,
    /// The ranks by each heuristic, sorted once all are known; `u32::MAX` for a heuristic that is left out.
    ranks: [u32; 3],
}

/// The heuristics that rank the candidates of each end.
struct Ranking<'a> {
    edges: &'a EdgeList,
    heuristics: Vec<Baseline>,
    /// A distinct number for each node, to break ties.
    order: Vec<u32>,
}

impl Ranking<'_> {
    /// Returns the `count` best candidates of each of `ends`, best first.
    fn best(&self, ends: &[End], count: usize) -> Vec<Vec<Pair>> {
        let absent = |end: End| -> Vec<u32> {
            let is_absent = |&other: &u32| self.edges.is_candidate(end.pair_with(other));
            (0..self.edges.num_nodes() as u32).filter(is_absent).collect()
        };
        let mut candidates: Vec<Vec<Candidate>> = ends
            .iter()
            .map(|&end| {
                absent(end).into_iter().map(|other| Candidate { other, ranks: [u32::MAX; 3] }).collect()
            })
            .collect();
        // The kept end comes first, so a heuristic computes its values for that end once for all candidates.
        let pairs_of_end = |(end, candidates): (&End, &Vec<Candidate>)| -> Vec<Pair> {
            candidates.iter().map(|candidate| (end.node(), candidate.other)).collect()
        };
        let pairs = ends.iter().zip(&candidates).map(pairs_of_end).collect::<Vec<_>>().concat();
        for (at, heuristic) in self.heuristics.iter().enumerate() {
            let scores = heuristic.scores(&pairs);
            let mut rest = scores.as_slice();
            for candidates in &mut candidates {
                let (scores, further) = rest.split_at(candidates.len());
                rest = further;
                for (candidate, rank) in candidates.iter_mut().zip(ranks(scores)) {
                    candidate.ranks[at] = rank;
                }
            }
        }
        let chosen = |(&end, mut candidates): (&End, Vec<Candidate>)| -> Vec<Pair> {
            candidates.iter_mut().for_each(|candidate| candidate.ranks.sort_unstable());
            candidates
                .sort_unstable_by_key(|candidate| (candidate.ranks, self.order[candidate.other as usize]));
            candidates.iter().take(count).map(|candidate| end.pair_with(candidate.other)).collect()
        };
        ends.iter().zip(candidates).map(chosen).collect()
    }
}

/// Returns, for each score, the number of scores at least as high, itself included. O(k log k) time for k
/// scores.
fn ranks(scores: &[f64]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let (mut ranks, mut num_as_high) = (vec![0; scores.len()], 0);
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        num_as_high += tied.len() as u32;
        tied.iter().for_each(|&at| ranks[at] = num_as_high);
    }
    ranks
}
