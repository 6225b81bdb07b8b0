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
        // A number for each node of the graph pays where there is much to look up in it.
        match block.queries.len() * FEW_QUERIES < self.adjacency.num_nodes() {
            true => block.pairs().map(|(u, v)| self.score_of((u, v), self.sum_of_few(u, v))).collect(),
            false => self.scores_of_many(block),
        }
    }
}

/// Nodes for each query of a block above which its neighbours are looked up in one another.
const FEW_QUERIES: usize = 16;

impl CommonNeighbours {
    fn score_of(&self, (u, v): (usize, usize), sum: f64) -> f64 {
        let degrees = self.adjacency.degrees();
        (self.score)(sum, degrees[u], degrees[v])
    }

    /// The sum in the order of the nodes, as the other way adds it up: O(d log D) time for the lesser and the greater degree.
    fn sum_of_few(&self, u: usize, v: usize) -> f64 {
        let (of_u, of_v) = (self.adjacency.neighbours(u), self.adjacency.neighbours(v));
        let (few, many) = if of_u.len() < of_v.len() { (of_u, of_v) } else { (of_v, of_u) };
        let common = few.iter().filter(|&w| many.binary_search(w).is_ok());
        common.fold(0.0, |sum, &w| sum + self.weights[w as usize])
    }

    fn scores_of_many(&self, block: &Block) -> Vec<f64> {
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
    fn both_ways_add_up_to_the_same_bits() {
        let pairs =
            (0..400u32).map(|at| (at % 37, 37 + at * 7 % 23)).chain([(0, 1), (2, 5), (60, 61)]).collect();
        let adjacency = Arc::new(Adjacency::new(&EdgeList::new(62, pairs, None).0));
        let score =
            CommonNeighbours::new(&adjacency, |degree| 1.0 / (1.0 + degree).ln(), |sum, u, v| sum / (u + v));
        let queries = (0..62).flat_map(|target| [(0, target), (1, target)]);
        let mut queries: Vec<Query> = queries.map(|(lane, target)| Query { lane, target }).collect();
        queries.sort_by_key(|query| query.lane);
        let block = Block { sources: vec![3, 60], queries };
        let of_few: Vec<f64> =
            block.pairs().map(|(u, v)| score.score_of((u, v), score.sum_of_few(u, v))).collect();
        assert_eq!(score.scores_of_many(&block), of_few);
        assert!(of_few.iter().filter(|&&score| score > 0.0).count() > 10);
    }
}
