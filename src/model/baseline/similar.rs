//! Scores from which other nodes a node's features are like.

use std::sync::Arc;

use rayon::prelude::*;

use super::adjacency::Adjacency;
use super::by_source::{Block, BlockScore};
use super::rows::Rows;
use super::topology::NodeValues;
use crate::graph::{EdgeList, Pair};
use crate::model::score::{SOURCES, ScoredPair, TopK};

/// The number of nodes that are most similar to a node.
const NUM_SIMILAR: usize = 10;
/// The most nodes among which the similar ones are looked for; in a larger graph as many nodes, evenly spaced.
const MAX_COMPARED: usize = 20_000;

/// The nodes that are most similar to each node, by cosine.
pub(super) struct Similar {
    /// The mean cosine of each node with the ten nodes most similar to it, \[n\].
    pub(super) hubness: Vec<f64>,
    /// The edges between each node and these.
    pub(super) edges: EdgeList,
}

impl Similar {
    /// Compares the rows of all nodes. O(n²·k) time for k entries a row, up to 20,000 nodes.
    pub(super) fn new(rows: &Rows) -> Self {
        let n = rows.len();
        let step = n.div_ceil(MAX_COMPARED).max(1);
        let nodes: Vec<u32> = (0..n as u32).collect();
        let found: Vec<(f64, Vec<Pair>)> = nodes
            .par_chunks(SOURCES)
            .flat_map_iter(|nodes| {
                let cosines = rows.dot_all(&rows.select(nodes));
                let nearest = |(&node, cosines): (&u32, &[f64])| {
                    let mut nearest = TopK::new(NUM_SIMILAR);
                    for other in (0..n).step_by(step).filter(|&other| other != node as usize) {
                        if cosines[other] > 0.0 {
                            nearest.add(ScoredPair { pair: (node, other as u32), logit: cosines[other] });
                        }
                    }
                    let nearest = nearest.into_sorted();
                    let sum: f64 = nearest.iter().map(|scored| scored.logit).sum();
                    (sum / NUM_SIMILAR as f64, nearest.iter().map(|scored| scored.pair).collect())
                };
                nodes.iter().zip(cosines.chunks_exact(n)).map(nearest).collect::<Vec<_>>()
            })
            .collect();
        let (hubness, pairs): (Vec<f64>, Vec<Vec<Pair>>) = found.into_iter().unzip();
        Similar { hubness, edges: EdgeList::new(n, pairs.concat(), None).0 }
    }

    /// Scores a pair by the sum of both nodes' hubness.
    pub(super) fn hubness_sum(&self) -> NodeValues {
        NodeValues::new(self.hubness.clone(), |u, v| u + v)
    }
}

/// The best match between one node and a neighbour of the other: the mean over both directions of
/// max cos(x_u, x_w) over w in N(v), 0 without neighbours.
pub(super) struct BestMatch {
    rows: Arc<Rows>,
    adjacency: Arc<Adjacency>,
}

impl BestMatch {
    pub(super) fn new(rows: &Arc<Rows>, adjacency: &Arc<Adjacency>) -> Self {
        BestMatch { rows: Arc::clone(rows), adjacency: Arc::clone(adjacency) }
    }

    fn best(&self, node: usize, neighbours_of: usize) -> f64 {
        let cosines =
            self.adjacency.neighbours(neighbours_of).iter().map(|&w| self.rows.dot_nodes(node, w as usize));
        cosines.fold(0.0, f64::max)
    }
}

impl BlockScore for BestMatch {
    fn scores(&self, block: &Block) -> Vec<f64> {
        block.pairs().map(|(u, v)| 0.5 * (self.best(u, v) + self.best(v, u))).collect()
    }

    fn rows(&self, sources: &[u32], num_nodes: usize) -> Vec<f64> {
        let cosines_of = |nodes: &[u32]| self.rows.dot_all(&self.rows.select(nodes));
        let own = cosines_of(sources);
        let mut scores = Vec::with_capacity(own.len());
        for (&source, own) in sources.iter().zip(own.chunks_exact(num_nodes)) {
            let mut across = vec![0f64; num_nodes];
            for neighbours in self.adjacency.neighbours(source as usize).chunks(SOURCES) {
                for cosines in cosines_of(neighbours).chunks_exact(num_nodes) {
                    across.iter_mut().zip(cosines).for_each(|(most, &cosine)| *most = most.max(cosine));
                }
            }
            scores.extend(across.iter().enumerate().map(|(node, across)| {
                let neighbours = self.adjacency.neighbours(node).iter();
                0.5 * (neighbours.fold(0.0, |most: f64, &w| most.max(own[w as usize])) + across)
            }));
        }
        scores
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Features;

    #[test]
    fn similar_nodes_have_a_positive_cosine() {
        let features = Features::from(ndarray::array![[1f32, 0.0], [1.0, 1.0], [0.0, 2.0], [-1.0, 0.0]]);
        let rows = Rows::normalized(features.to_sparse().into_owned());
        let similar = Similar::new(&rows);
        assert_eq!(similar.edges.pairs(), [(0, 1), (1, 2)]);
        // cos(0, 1) = cos(1, 2) = √½, the mean is over ten nodes.
        for (found, expected) in similar.hubness.iter().zip([1.0, 2.0, 1.0, 0.0]) {
            assert!((found - expected * 0.5f64.sqrt() / 10.0).abs() < 1e-7, "{found}");
        }
    }
}
