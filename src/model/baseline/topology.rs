//! Scores from the neighbourhoods of two nodes: degrees and common neighbours.

use std::sync::Arc;

use super::adjacency::Adjacency;
use super::by_source::{Block, BlockScore};

/// A function of two numbers, one for each node of the pair.
pub(super) struct NodeValues {
    values: Vec<f64>,
    score: fn(f64, f64) -> f64,
}

impl NodeValues {
    /// Scores a pair by a function of the `values` of its nodes.
    pub(super) fn new(values: Vec<f64>, score: fn(f64, f64) -> f64) -> Self {
        NodeValues { values, score }
    }

    /// Scores a pair by the degrees.
    pub(super) fn degrees(adjacency: &Adjacency, score: fn(f64, f64) -> f64) -> Self {
        NodeValues { values: adjacency.degrees().to_vec(), score }
    }

    /// Scores a pair by the mean degrees of the neighbours, 0 for a node without neighbours.
    pub(super) fn neighbour_degrees(adjacency: &Adjacency, score: fn(f64, f64) -> f64) -> Self {
        let degrees = adjacency.degrees();
        let mean = |node: usize| {
            let sum: f64 =
                adjacency.neighbours(node).iter().map(|&neighbour| degrees[neighbour as usize]).sum();
            sum / degrees[node].max(1.0)
        };
        NodeValues { values: (0..adjacency.num_nodes()).map(mean).collect(), score }
    }

    /// Applies `rescale` to the value of each node.
    pub(super) fn rescaled(mut self, rescale: fn(f64) -> f64) -> Self {
        self.values.iter_mut().for_each(|value| *value = rescale(*value));
        self
    }

    /// Scores a pair 1 if both nodes are in one connected component, else 0.
    pub(super) fn same_component(adjacency: &Adjacency) -> Self {
        let values = adjacency.components().into_iter().map(f64::from).collect();
        NodeValues { values, score: |u, v| f64::from(u8::from(u == v)) }
    }
}

impl BlockScore for NodeValues {
    fn scores(&self, block: &Block) -> Vec<f64> {
        block.pairs().map(|(u, v)| (self.score)(self.values[u], self.values[v])).collect()
    }
}

/// A function of Σ weight(d_w) over the common neighbours w and of the two degrees.
/// O(d_u + d_v) time for the first pair of u, O(d_v) for each further one.
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

impl BlockScore for CommonNeighbours {
    fn scores(&self, block: &Block) -> Vec<f64> {
        // A table of all nodes is worth its cost only if the block looks up many pairs in it.
        match block.queries.len() * NODES_PER_QUERY < self.adjacency.num_nodes() {
            true => block.pairs().map(|(u, v)| self.score_of((u, v), self.sum_by_search(u, v))).collect(),
            false => self.scores_by_table(block),
        }
    }

    /// Walks from each source to its neighbours and theirs, which sums the weights of each pair in the same order.
    fn rows(&self, sources: &[u32], num_nodes: usize) -> Vec<f64> {
        let mut rows = Vec::with_capacity(sources.len() * num_nodes);
        let mut sums = vec![0.0; num_nodes];
        for &source in sources {
            let u = source as usize;
            sums.fill(0.0);
            for &w in self.adjacency.neighbours(u) {
                for &v in self.adjacency.neighbours(w as usize) {
                    sums[v as usize] += self.weights[w as usize];
                }
            }
            rows.extend(sums.iter().enumerate().map(|(v, &sum)| self.score_of((u, v), sum)));
        }
        rows
    }
}

/// If the graph has more nodes than this for each query of a block, common neighbours are found by binary
/// search.
const NODES_PER_QUERY: usize = 16;

impl CommonNeighbours {
    fn score_of(&self, (u, v): (usize, usize), sum: f64) -> f64 {
        let degrees = self.adjacency.degrees();
        (self.score)(sum, degrees[u], degrees[v])
    }

    /// Sums the weights in the order of the nodes, as [`Self::scores_by_table`] does. O(d log D) time for the
    /// smaller degree d and the larger degree D.
    fn sum_by_search(&self, u: usize, v: usize) -> f64 {
        let (u, v) = (self.adjacency.neighbours(u), self.adjacency.neighbours(v));
        let (shorter, longer) = if u.len() < v.len() { (u, v) } else { (v, u) };
        let common = shorter.iter().filter(|&w| longer.binary_search(w).is_ok());
        common.fold(0.0, |sum, &w| sum + self.weights[w as usize])
    }

    /// Marks the neighbours of each first node in a table of all nodes, and sums the marks of the second
    /// node's neighbours.
    fn scores_by_table(&self, block: &Block) -> Vec<f64> {
        let mut scores = Vec::with_capacity(block.queries.len());
        let mut weight_of_neighbour = vec![0.0; self.adjacency.num_nodes()];
        for (u, queries) in block.by_source() {
            for &w in self.adjacency.neighbours(u) {
                weight_of_neighbour[w as usize] = self.weights[w as usize];
            }
            for query in queries {
                let v = query.target as usize;
                let weights = self.adjacency.neighbours(v).iter().map(|&w| weight_of_neighbour[w as usize]);
                scores.push(self.score_of((u, v), weights.fold(0.0, |sum, weight| sum + weight)));
            }
            for &w in self.adjacency.neighbours(u) {
                weight_of_neighbour[w as usize] = 0.0;
            }
        }
        scores
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::EdgeList;
    use crate::model::baseline::by_source::Query;

    #[test]
    fn table_and_search_give_the_same_bits() {
        let pairs =
            (0..400u32).map(|at| (at % 37, 37 + at * 7 % 23)).chain([(0, 1), (2, 5), (60, 61)]).collect();
        let adjacency = Arc::new(Adjacency::new(&EdgeList::new(62, pairs, None).0));
        let score =
            CommonNeighbours::new(&adjacency, |degree| 1.0 / (1.0 + degree).ln(), |sum, u, v| sum / (u + v));
        let queries = (0..62).flat_map(|target| [(0, target), (1, target)]);
        let mut queries: Vec<Query> = queries.map(|(source, target)| Query { source, target }).collect();
        queries.sort_by_key(|query| query.source);
        let block = Block::new(vec![3, 60], queries);
        let by_search: Vec<f64> =
            block.pairs().map(|(u, v)| score.score_of((u, v), score.sum_by_search(u, v))).collect();
        assert_eq!(score.scores_by_table(&block), by_search);
        assert!(by_search.iter().filter(|&&score| score > 0.0).count() > 10);
        let rows = score.rows(&[3, 60], 62);
        assert_eq!(rows, by_search);
    }
}
