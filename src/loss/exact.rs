//! The reconstruction loss over all pairs.

use super::dense;
use super::neighbours::{Neighbours, Slope};
use crate::graph::EdgeList;

/// The exact reconstruction loss over all pairs: O(n²·d + m·d) time, O(n·d) memory; no n×n matrix exists.
pub struct ExactReconstruction {
    neighbours: Neighbours,
    pos_weight: f64,
    norm: f64,
}

impl ExactReconstruction {
    /// For the graph of the training edges.
    pub fn new(train: &EdgeList) -> Self {
        let n = train.num_nodes() as f64;
        // A subgraph may have no edge.
        let num_ones = 2.0 * train.len().max(1) as f64;
        ExactReconstruction {
            neighbours: Neighbours::and_itself(train.pairs(), train.num_nodes()),
            pos_weight: (n * n - num_ones) / num_ones,
            norm: n * n / (2.0 * (n * n - num_ones)),
        }
    }

    /// The loss at `z`, [n, d] row by row, and its gradient, [n, d]. The same to the bit for any number of
    /// threads.
    pub fn value_and_gradient(&self, z: &[f32], d: usize) -> (f64, Vec<f32>) {
        let mut gradient = vec![0f32; z.len()];
        (self.value_and_gradient_into(z, d, &mut gradient), gradient)
    }

    /// As [`ExactReconstruction::value_and_gradient`], the gradient into `gradient`.
    pub(crate) fn value_and_gradient_into(&self, z: &[f32], d: usize, gradient: &mut [f32]) -> f64 {
        let n = self.neighbours.num_nodes() as f64;
        let dense_value = dense::softplus_sum(z, self.neighbours.num_nodes(), d, gradient);
        // On the ones, softplus(x) = softplus(−x) + x is replaced by pos_weight · softplus(−x).
        let change = Slope { softplus: self.pos_weight - 1.0, linear: -1.0 };
        let scale = self.norm / (n * n);
        // z_i stands in x_ij and in x_ji.
        let correction = self.neighbours.add(z, d, change, (2.0 * scale) as f32, gradient);
        scale * (dense_value + correction)
    }
}
