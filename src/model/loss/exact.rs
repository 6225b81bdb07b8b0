//! The exact reconstruction loss over all pairs.

use super::dense;
use super::neighbours::{Cost, Neighbours};
use crate::graph::EdgeList;

/// The exact reconstruction loss over all pairs, or, in a bipartite graph, over the pairs of a source and a
/// target, without the diagonal; see [`crate::model::loss`]. O(n²·d + m·d) time, O(n·d) memory; no n×n matrix is
/// built.
pub struct ExactReconstruction {
    neighbours: Neighbours,
    num_sources: Option<usize>,
    /// The number of ordered pairs over which the loss is a mean.
    num_pairs: f64,
    pos_weight: f64,
    norm: f64,
}

impl ExactReconstruction {
    /// Builds the loss of the training edges `train`, all with weight 1.
    pub fn new(train: &EdgeList) -> Self {
        let n = train.num_nodes() as f64;
        let (neighbours, num_pairs) = match train.num_sources() {
            None => (Neighbours::with_loops(train.pairs(), train.num_nodes()), n * n),
            Some(_) => (Neighbours::new(train.pairs(), train.num_nodes()), 2.0 * train.num_pairs() as f64),
        };
        // A subgraph may have no edge; one of a bipartite graph may have no non-edge.
        let num_ones = 2.0 * train.len().max(1) as f64;
        let num_absent = (num_pairs - num_ones).max(1.0);
        ExactReconstruction {
            neighbours,
            num_sources: train.num_sources(),
            num_pairs,
            pos_weight: num_absent / num_ones,
            norm: num_pairs / (2.0 * num_absent),
        }
    }

    /// Builds the loss of the training edges `train`, with the term of each edge multiplied by its entry of
    /// `weights`, m numbers, such as [`relative_weights`](super::relative_weights).
    pub fn weighted(train: &EdgeList, weights: &[f32]) -> Self {
        let plain = Self::new(train);
        ExactReconstruction { neighbours: plain.neighbours.weighted(train.pairs(), weights), ..plain }
    }

    /// Returns the loss at `z`, [n, d] row by row, and its gradient, [n, d]. The result is bit-identical for
    /// any number of threads.
    pub fn value_and_gradient(&self, z: &[f32], d: usize) -> (f64, Vec<f32>) {
        let mut gradient = vec![0f32; z.len()];
        (self.value_and_gradient_into(z, d, &mut gradient), gradient)
    }

    /// Does the same as [`ExactReconstruction::value_and_gradient`], but writes the gradient to `gradient`.
    pub(crate) fn value_and_gradient_into(&self, z: &[f32], d: usize, gradient: &mut [f32]) -> f64 {
        let dense_value = match self.num_sources {
            None => dense::softplus_sum(z, self.neighbours.num_nodes(), d, gradient),
            Some(num_sources) => dense::softplus_sum_across(z, num_sources, d, gradient),
        };
        // At the ones of y, replace softplus(x) = softplus(−x) + x by pos_weight · weight · softplus(−x).
        let change = Cost { softplus: -1.0, weighted: self.pos_weight, linear: -1.0 };
        // A subgraph may have no pair.
        let scale = self.norm / self.num_pairs.max(1.0);
        // The factor 2 is due to z_i being part of both x_ij and x_ji.
        let correction = self.neighbours.add(z, d, change, (2.0 * scale) as f32, gradient);
        scale * (dense_value + correction)
    }
}
