//! The negatives of HeaRT (Li et al. 2023, *Evaluating graph neural networks for link prediction: current pitfalls
//! and new benchmarking*, section 4): for each held-out edge the likeliest pairs that share an end with it.

use hashbrown::HashMap;
use rand::Rng;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use crate::config::BaselineKind;
use crate::error::Result;
use crate::graph::{Direction, EdgeList, Graph, Pair};
use crate::model::baseline::Baseline;

/// Ends that one thread goes through at a time: as many as the walks of a [`Baseline`] follow at once.
const ENDS_AT_A_TIME: usize = 8;

/// For each of `edges` up to `per_edge` negatives, which keep one of its ends and replace the other: ⌈`per_edge`/2⌉
/// keep the first (the source), ⌊`per_edge`/2⌋ the second. Fewer where an end has fewer non-neighbours. None is an
/// edge of the whole graph or joins a node to itself, nor, of a bipartite graph, two nodes of one kind; with directions
/// the reverse of an edge may be one.
///
/// Those of an end are its best candidates, best first. Every other node that could be a neighbour and is none is ranked by resource
/// allocation, by personalised PageRank and, where there are features, by their cosine, on the `train` edges
/// without their directions. A candidate's rank by a heuristic is the number of candidates that it scores as high,
/// itself among them, so that the many zeros of a heuristic are no recommendation. The candidate's best rank
/// counts, then its second best, then the third; what is still equal goes in an order that `rng` draws.
///
/// Departures: K is the caller's, where the paper takes 250 or 500. Non-edges are those of the whole graph, and the
/// test's are ranked on the training edges too. PageRank is exact, and the sum of both ways round. The authors' code
/// ranks the candidates that a heuristic scores 0 right after its last other one, so that on sparse graphs they fill
/// the lists; ranked last, as here, they leave the lists harder.
///
/// With e distinct ends of edges: O(e · n log(nm)) time for the ranking, O(e · (n + m)) for the walks' 30 steps and
/// the neighbours, O(e · nonzeros of X) for the cosine; O(n) memory a thread, beside the O(edges · `per_edge`) of
/// what is returned. The same `rng` gives the same negatives on any number of threads.
///
/// # Errors
/// Those of [`Baseline::new`], of which none can occur: the cosine is left out where there are no features.
pub fn hard(
    graph: &Graph,
    train: &EdgeList,
    edges: &[Pair],
    per_edge: usize,
    rng: &mut impl Rng,
) -> Result<Vec<Vec<Pair>>> {
    let mut kinds = vec![BaselineKind::ResourceAllocation, BaselineKind::PersonalizedPagerank];
    kinds.extend(graph.features().map(|_| BaselineKind::FeatureCosine));
    let undirected = train.undirected();
    let heuristics: Result<Vec<Baseline>> =
        kinds.into_iter().map(|kind| Baseline::new(kind, &undirected, graph.features(), 0)).collect();
    let mut order: Vec<u32> = (0..graph.num_nodes() as u32).collect();
    order.shuffle(rng);
    let corruption = Corruption { edges: &graph.edges, heuristics: heuristics?, order };

    let ends_of = |(u, v): Pair| match graph.edges.direction() {
        Direction::Undirected => [End::Either(u), End::Either(v)],
        Direction::Directed => [End::Source(u), End::Target(v)],
    };
    let mut ends: Vec<End> = edges.iter().copied().flat_map(ends_of).collect();
    ends.sort_unstable();
    ends.dedup();
    let halves = [per_edge.div_ceil(2), per_edge / 2];
    let best: Vec<Vec<Pair>> =
        ends.par_chunks(ENDS_AT_A_TIME).flat_map_iter(|ends| corruption.best(ends, halves[0])).collect();
    let best: HashMap<End, Vec<Pair>> = ends.into_iter().zip(best).collect();
    let list = |&edge: &Pair| {
        let ends = ends_of(edge).into_iter().zip(halves);
        ends.flat_map(|(end, half)| best[&end].iter().take(half).copied()).collect()
    };
    Ok(edges.iter().map(list).collect())
}

/// The end of an edge that its negatives keep.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum End {
    /// Either end of an edge without direction.
    Either(u32),
    Source(u32),
    Target(u32),
}

impl End {
    fn node(self) -> u32 {
        match self {
            End::Either(node) | End::Source(node) | End::Target(node) => node,
        }
    }

    fn pair_with(self, other: u32) -> Pair {
        match self {
            End::Either(node) => (node.min(other), node.max(other)),
            End::Source(node) => (node, other),
            End::Target(node) => (other, node),
        }
    }
}

/// A pair that keeps an end.
struct Candidate {
    /// The node that replaces the other end.
    other: u32,
    /// Its ranks by the heuristics, from the best, as soon as all are known; a heuristic that is left out is last.
    ranks: [u32; 3],
}

/// What the ends' candidates are ranked by.
struct Corruption<'a> {
    edges: &'a EdgeList,
    heuristics: Vec<Baseline>,
    /// A number of its own for each node, which decides between equal ranks.
    order: Vec<u32>,
}

impl Corruption<'_> {
    /// For each of `ends` its `count` best candidates, best first.
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
        // The kept end first in each, so that what a heuristic computes for it serves all its candidates.
        let of_end = |(end, candidates): (&End, &Vec<Candidate>)| -> Vec<Pair> {
            candidates.iter().map(|candidate| (end.node(), candidate.other)).collect()
        };
        let pairs = ends.iter().zip(&candidates).map(of_end).collect::<Vec<_>>().concat();
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

/// For each score the number of scores that are as high, itself among them. O(k log k) time for k scores.
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
