//! Samples negatives: pairs that are not edges.

use hashbrown::HashSet;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::PAIRS_PER_BATCH;
use crate::error::{Error, Result};
use crate::graph::{EdgeList, Pair};

/// Samples `count` distinct pairs of distinct nodes that are not in `edges`, uniformly among all such pairs.
/// In a directed graph the pairs are ordered, so the reverse of a negative may be an edge. In a bipartite
/// graph each pair joins a source and a target.
///
/// O(count · log m) expected time if fewer than about half of all pairs are edges; otherwise O(n²), which is
/// then O(m).
///
/// # Errors
/// [`Error::TooFewNonEdges`] if there are fewer than `count` such pairs.
pub fn sample_negatives(edges: &EdgeList, count: usize, rng: &mut impl rand::Rng) -> Result<Vec<Pair>> {
    let n = edges.num_nodes() as u32;
    let direction = edges.direction();
    let num_pairs = edges.num_pairs();
    let available = num_pairs - edges.len() as u64;
    if count as u64 > available {
        return Err(Error::TooFewNonEdges { needed: count as u64, available });
    }
    // Rejection sampling is slow when most draws are rejected. In a dense graph, list the absent pairs
    // instead.
    if (edges.len() + 2 * count) as u64 > num_pairs / 2 {
        let mut absent: Vec<Pair> = Vec::with_capacity(available as usize);
        for u in 0..n {
            absent.extend(edges.candidates_from(u));
        }
        let (chosen, _) = absent.partial_shuffle(rng, count);
        return Ok(chosen.to_vec());
    }
    let mut taken: HashSet<Pair> = HashSet::with_capacity(count);
    let mut negatives = Vec::with_capacity(count);
    // A batch draws at most the number of missing pairs. This leaves the generator in the same state as
    // drawing one pair at a time.
    while negatives.len() < count {
        let draws: Vec<Pair> = (negatives.len()..count.min(negatives.len() + PAIRS_PER_BATCH))
            .map(|_| edges.random_pair(rng))
            .collect();
        let is_absent = |&pair: &Pair| edges.is_candidate(pair);
        let absent: Vec<Pair> =
            draws.into_par_iter().filter(is_absent).map(|pair| direction.orient(pair)).collect();
        negatives.extend(absent.into_iter().filter(|&pair| taken.insert(pair)));
    }
    Ok(negatives)
}
