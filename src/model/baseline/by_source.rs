//! Scores pairs in blocks that share a few first nodes, so that the work for a first node is done once,
//! however many pairs it is in.

use std::cell::OnceCell;

use rayon::prelude::*;

use crate::graph::Pair;

/// The most first nodes in a block.
const MAX_SOURCES: usize = 256;
/// The fewest first nodes in a block if there are more blocks to come: those that walks go from at once.
pub(super) const LANES: usize = 16;

/// The number of walks that a block finds together; see [`Block::short_walks`].
pub(super) const NUM_WALKS: usize = 5;

/// The pairs of some first nodes.
pub(super) struct Block {
    /// The first nodes.
    pub(super) sources: Vec<u32>,
    /// The pairs, grouped by first node in the order of the sources.
    pub(super) queries: Vec<Query>,
    /// The places of the queries in the order of the second nodes, once they are asked for.
    by_target: OnceCell<Vec<u32>>,
    /// The short walks of each query, once they are asked for.
    short_walks: OnceCell<Vec<[f64; NUM_WALKS]>>,
}

/// A pair in a block.
#[derive(Clone, Copy)]
pub(super) struct Query {
    /// The index of the first node in the block's sources.
    pub(super) source: u32,
    /// The second node.
    pub(super) target: u32,
}

impl Block {
    /// Joins first nodes and their pairs, grouped by first node in the same order.
    pub(super) fn new(sources: Vec<u32>, queries: Vec<Query>) -> Self {
        Block { sources, queries, by_target: OnceCell::new(), short_walks: OnceCell::new() }
    }

    /// Returns the queries as (first node, second node).
    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        self.queries.iter().map(|query| (self.sources[query.source as usize] as usize, query.target as usize))
    }

    /// Returns the places of the queries in the order of the second nodes.
    pub(super) fn by_target(&self) -> &[u32] {
        self.by_target.get_or_init(|| {
            let mut places: Vec<u32> = (0..self.queries.len() as u32).collect();
            places.sort_unstable_by_key(|&place| (self.queries[place as usize].target, place));
            places
        })
    }

    /// Returns the scores of several walks, which are found together when the first of them is asked for.
    pub(super) fn short_walks(&self, find: impl FnOnce() -> Vec<[f64; NUM_WALKS]>) -> &[[f64; NUM_WALKS]] {
        self.short_walks.get_or_init(find)
    }

    /// Returns each first node with its queries.
    pub(super) fn by_source(&self) -> impl Iterator<Item = (usize, &[Query])> {
        self.queries
            .chunk_by(|a, b| a.source == b.source)
            .map(|queries| (self.sources[queries[0].source as usize] as usize, queries))
    }
}

/// A score that depends only on the pair and on the prepared graph.
pub(super) trait BlockScore: Send + Sync {
    /// Returns the score of each query, in order. A score must not depend on the rest of the block.
    fn scores(&self, block: &Block) -> Vec<f64>;

    /// Returns the scores of `sources` with all of `num_nodes` nodes, source after source, as
    /// [`BlockScore::scores`] would up to rounding.
    fn rows(&self, sources: &[u32], num_nodes: usize) -> Vec<f64> {
        let mut rows = Vec::with_capacity(sources.len() * num_nodes);
        for sources in sources.chunks(LANES) {
            let places = 0..sources.len() as u32;
            let queries =
                places.flat_map(|source| (0..num_nodes as u32).map(move |target| Query { source, target }));
            rows.extend(self.scores(&Block::new(sources.to_vec(), queries.collect())));
        }
        rows
    }
}

/// Returns `width` numbers for each of m pairs, [m, width] row by row. `score` computes them for a block's
/// queries, whose places among the pairs it is told.
pub(super) fn score_by_source(
    pairs: &[Pair],
    width: usize,
    score: impl Fn(&Block, &[usize]) -> Vec<f64> + Sync,
) -> Vec<f64> {
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    // Targets in order find more of what they read in the caches.
    order.par_sort_unstable_by_key(|&at| (pairs[at], at));
    let groups: Vec<&[usize]> = order.chunk_by(|&a, &b| pairs[a].0 == pairs[b].0).collect();
    // Large blocks read less memory in total, but every thread needs a few.
    let per_thread = groups.len() / (4 * rayon::current_num_threads());
    let num_sources = (per_thread / LANES * LANES).clamp(LANES, MAX_SOURCES);
    let scored: Vec<Vec<f64>> = groups
        .par_chunks(num_sources)
        .map(|groups| {
            let sources = groups.iter().map(|group| pairs[group[0]].0).collect();
            let queries = groups
                .iter()
                .enumerate()
                .flat_map(|(source, group)| group.iter().map(move |&at| (source as u32, pairs[at].1)))
                .map(|(source, target)| Query { source, target });
            score(&Block::new(sources, queries.collect()), &groups.concat())
        })
        .collect();
    let mut result = vec![0.0; pairs.len() * width];
    for (&at, row) in order.iter().zip(scored.iter().flat_map(|rows| rows.chunks_exact(width))) {
        result[at * width..][..width].copy_from_slice(row);
    }
    result
}
