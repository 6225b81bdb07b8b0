//! Scores pairs in blocks of those that share their first nodes, so that what a first node needs is computed
//! once, however many pairs it is in.

use rayon::prelude::*;

use crate::graph::Pair;

/// First nodes in a block: the width of the registers that walks use.
pub(super) const LANES: usize = 8;

/// Pairs of a few first nodes.
pub(super) struct Block {
    /// The first nodes, [`LANES`] at most.
    pub(super) sources: Vec<u32>,
    /// The pairs, those of one first node together.
    pub(super) queries: Vec<Query>,
}

/// A pair in a block.
#[derive(Clone, Copy)]
pub(super) struct Query {
    /// The place of the first node among the block's sources.
    pub(super) lane: usize,
    /// The second node.
    pub(super) target: u32,
}

impl Block {
    /// The queries' (first node, second node).
    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        self.queries.iter().map(|query| (self.sources[query.lane] as usize, query.target as usize))
    }

    /// Each first node and its second nodes.
    pub(super) fn by_source(&self) -> impl Iterator<Item = (usize, &[Query])> {
        self.queries
            .chunk_by(|a, b| a.lane == b.lane)
            .map(|queries| (self.sources[queries[0].lane] as usize, queries))
    }
}

/// A score of pairs that depends on nothing but the pair and what was prepared.
pub(super) trait Score: Send + Sync {
    /// The score of each query, in their order. A score must not depend on the rest of the block.
    fn scores(&self, block: &Block) -> Vec<f64>;
}

/// For each pair `width` numbers in a row, [m, width], from `score`, which gives those of a block's queries.
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
