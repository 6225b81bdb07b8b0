//! The reconstruction loss over all pairs.

use super::dense;
use super::neighbours::{Neighbours, Slope};
use crate::graph::EdgeList;

/// The exact reconstruction loss over all pairs: O(n²·d + m·d) time, O(n·d) memory; no n×n matrix exists. Of a bipartite
/// graph that over the pairs of a source and a target, without the diagonal; see [`crate::model::loss`].
pub struct ExactReconstruction {
    neighbours: Neighbours,
    num_sources: Option<usize>,
    /// What the loss is a mean over: ordered pairs.
    num_pairs: f64,
    pos_weight: f64,
    norm: f64,
}

impl ExactReconstruction {
    /// For the graph of the training edges, all of weight 1.
    pub fn new(train: &EdgeList) -> Self {
        let n = train.num_nodes() as f64;
        let (neighbours, num_pairs) = match train.num_sources() {
            None => (Neighbours::and_itself(train.pairs(), train.num_nodes()), n * n),
            Some(_) => (Neighbours::of(train.pairs(), train.num_nodes()), 2.0 * train.num_pairs() as f64),
        };
        // A subgraph may have no edge, or, of a bipartite graph, nothing else.
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

    /// The same, the term of each edge of `train` multiplied by its `weights`, m numbers, such as
    /// [`relative_weights`](super::relative_weights).
    pub fn weighted(train: &EdgeList, weights: &[f32]) -> Self {
        let plain = Self::new(train);
        ExactReconstruction { neighbours: plain.neighbours.weighted(train.pairs(), weights), ..plain }
    }

    /// The loss at `z`, [n, d] row by row, and its gradient, [n, d]. The same to the bit for any number of
    /// threads.
    pub fn value_and_gradient(&self, z: &[f32], d: usize) -> (f64, Vec<f32>) {
        let mut gradient = vec![0f32; z.len()];
        (self.value_and_gradient_into(z, d, &mut gradient), gradient)
    }

    /// As [`ExactReconstruction::value_and_gradient`], the gradient into `gradient`.
    pub(crate) fn value_and_gradient_into(&self, z: &[f32], d: usize, gradient: &mut [f32]) -> f64 {
        let dense_value = match self.num_sources {
            None => dense::softplus_sum(z, self.neighbours.num_nodes(), d, gradient),
            Some(num_sources) => dense::softplus_sum_across(z, num_sources, d, gradient),
        };
        // On the ones, softplus(x) = softplus(−x) + x is replaced by pos_weight · weight · softplus(−x).
        let change = Slope { softplus: -1.0, weighted: self.pos_weight, linear: -1.0 };
        // A subgraph may have no pair.
        let scale = self.norm / self.num_pairs.max(1.0);
        // z_i stands in x_ij and in x_ji.
        let correction = self.neighbours.add(z, d, change, (2.0 * scale) as f32, gradient);
        scale * (dense_value + correction)
    }
}
