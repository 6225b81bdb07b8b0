//! Scores of what two nodes and their neighbours are: degrees and common neighbours.

use std::sync::Arc;

use super::adjacency::Adjacency;
use super::by_source::{Block, Score};

/// A function of a number that each of the two nodes has.
pub(super) struct NodeValues {
    values: Vec<f64>,
    score: fn(f64, f64) -> f64,
}

impl NodeValues {
    /// Of the degrees.
    pub(super) fn degrees(adjacency: &Adjacency, score: fn(f64, f64) -> f64) -> Self {
        NodeValues { values: adjacency.degrees().to_vec(), score }
    }

    /// Of the mean degrees of the neighbours, 0 for a node without any.
    pub(super) fn neighbour_degrees(adjacency: &Adjacency, score: fn(f64, f64) -> f64) -> Self {
        let degrees = adjacency.degrees();
        let mean = |node: usize| {
            let sum: f64 =
                adjacency.neighbours(node).iter().map(|&neighbour| degrees[neighbour as usize]).sum();
            sum / degrees[node].max(1.0)
        };
        NodeValues { values: (0..adjacency.num_nodes()).map(mean).collect(), score }
    }

    /// 1 for nodes of one connected component, 0 for others.
    pub(super) fn same_component(adjacency: &Adjacency) -> Self {
        let values = adjacency.components().into_iter().map(f64::from).collect();
        NodeValues { values, score: |u, v| f64::from(u8::from(u == v)) }
    }
}

impl Score for NodeValues {
    fn scores(&self, block: &Block) -> Vec<f64> {
        block.pairs().map(|(u, v)| (self.score)(self.values[u], self.values[v])).collect()
    }
}

/// Σ weight(d_w) over the common neighbours w, then a function of that sum and the two degrees.
/// O(d_u + d_v) time for a pair, without d_u for a further pair of u.
pub(super) struct CommonNeighbours {
    adjacency: Arc<Adjacency>,
    weights: Vec<f64>,
    score: fn(f64, f64, f64) -> f64,
}

impl CommonNeighbours {
    pub(super) fn new(
        adjacency: &Arc<Adjacency>,
        weight: fn(f64) -> f64,
        score: fn(f64, f64, f64) -> f64,
    ) -> Self {
        let weights = adjacency.degrees().iter().map(|&degree| weight(degree)).collect();
        CommonNeighbours { adjacency: Arc::clone(adjacency), weights, score }
    }
}

impl Score for CommonNeighbours {
    fn scores(&self, block: &Block) -> Vec<f64> {
        let degrees = self.adjacency.degrees();
        let mut scores = Vec::with_capacity(block.queries.len());
        let mut weight_of_neighbour = vec![0.0; self.adjacency.num_nodes()];
        for (u, queries) in block.by_source() {
            for &w in self.adjacency.neighbours(u) {
                weight_of_neighbour[w as usize] = self.weights[w as usize];
            }
            for query in queries {
                let v = query.target as usize;
                let sum = self.adjacency.neighbours(v).iter().map(|&w| weight_of_neighbour[w as usize]).sum();
                scores.push((self.score)(sum, degrees[u], degrees[v]));
            }
            for &w in self.adjacency.neighbours(u) {
                weight_of_neighbour[w as usize] = 0.0;
            }
        }
        scores
    }
}
