//! Scores pairs in blocks that share a few first nodes, so that the work for a first node is done once,
//! however many pairs it is in.

use rayon::prelude::*;

use crate::graph::Pair;

/// The number of first nodes in a block: the width of the vector registers that walks use.
pub(super) const LANES: usize = 8;

/// The pairs of a few first nodes.
pub(super) struct Block {
    /// The first nodes, at most [`LANES`].
    pub(super) sources: Vec<u32>,
    /// The pairs, grouped by first node.
    pub(super) queries: Vec<Query>,
}

/// A pair in a block.
#[derive(Clone, Copy)]
pub(super) struct Query {
    /// The index of the first node in the block's sources.
    pub(super) lane: usize,
    /// The second node.
    pub(super) target: u32,
}

impl Block {
    /// Returns the queries as (first node, second node).
    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        self.queries.iter().map(|query| (self.sources[query.lane] as usize, query.target as usize))
    }

    /// Returns each first node with its queries.
    pub(super) fn by_source(&self) -> impl Iterator<Item = (usize, &[Query])> {
        self.queries
            .chunk_by(|a, b| a.lane == b.lane)
            .map(|queries| (self.sources[queries[0].lane] as usize, queries))
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
            let lanes = 0..sources.len();
            let queries =
                lanes.flat_map(|lane| (0..num_nodes as u32).map(move |target| Query { lane, target }));
            rows.extend(self.scores(&Block { sources: sources.to_vec(), queries: queries.collect() }));
        }
        rows
    }
}

/// Returns `width` numbers for each of m pairs, [m, width] row by row. `score` computes them for a block's
/// queries.
pub(super) fn score_by_source(
    pairs: &[Pair],
    width: usize,
    score: impl Fn(&Block) -> Vec<f64> + Sync,
) -> Vec<f64> {
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    order.sort_by_key(|&at| pairs[at].0);
    let groups: Vec<&[usize]> = order.chunk_by(|&a, &b| pairs[a].0 == pairs[b].0).collect();
    let scored: Vec<Vec<f64>> = groups
        .par_chunks(LANES)
        .map(|groups| {
            let sources = groups.iter().map(|group| pairs[group[0]].0).collect();
            let queries = groups
                .iter()
                .enumerate()
                .flat_map(|(lane, group)| group.iter().map(move |&at| Query { lane, target: pairs[at].1 }));
            score(&Block { sources, queries: queries.collect() })
        })
        .collect();
    let mut result = vec![0.0; pairs.len() * width];
    for (&at, row) in order.iter().zip(scored.iter().flat_map(|rows| rows.chunks_exact(width))) {
        result[at * width..][..width].copy_from_slice(row);
    }
    result
}
