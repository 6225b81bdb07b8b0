//! The exact reconstruction loss of the gravity decoder, over all ordered pairs, and sums over some pairs.

mod attraction;
mod pairs;

use super::incidence::Incidence;
use super::neighbours::Cost;
use crate::graph::{EdgeList, Pair};

pub(super) use pairs::{Bodies, PairList};

/// The exact reconstruction loss of directed edges with the gravity decoder (Salha et al. 2019, section 3).
/// It is the weighted cross-entropy of [`ExactReconstruction`](super::ExactReconstruction) at the same scale,
/// with x_ij = mass_j − λ ln(‖z_i − z_j‖² + 0.01), y = A + I, and S the number of directed edges, each
/// counted once:
///
/// ```text
/// norm / n² · Σ_ij [ pos_weight · y_ij · softplus(−x_ij) + (1 − y_ij) · softplus(x_ij) ]
/// pos_weight = (n² − S) / S        norm = n² / (2 (n² − S))
/// ```
///
/// O(n²·d + m·d) time, O(n·d) memory; no n×n matrix is built.
pub struct GravityReconstruction {
    num_nodes: usize,
    edges: Vec<Pair>,
    /// The edges of each node.
    incidence: Incidence,
    /// The factor of the term of each edge; `None` if all are 1.
    weights: Option<Vec<f32>>,
    lambda: f64,
    pos_weight: f64,
    norm: f64,
}

impl GravityReconstruction {
    /// Builds the loss of the training edges `train`. If they are undirected, each edge counts as both
    /// ordered pairs.
    pub fn new(train: &EdgeList, lambda: f64) -> Self {
        let edges = train.ordered_pairs();
        let n = train.num_nodes() as f64;
        let num_ones = edges.len() as f64;
        GravityReconstruction {
            num_nodes: train.num_nodes(),
            incidence: Incidence::new(&edges, train.num_nodes()),
            edges,
            weights: None,
            lambda,
            pos_weight: (n * n - num_ones) / num_ones,
            norm: n * n / (2.0 * (n * n - num_ones)),
        }
    }

    /// Multiplies the term of each directed edge by its entry of `weights`, m numbers, such as
    /// [`relative_weights`](super::relative_weights).
    ///
    /// # Panics
    /// Panics if there is not one weight for each ordered pair.
    pub fn weighted(self, weights: Vec<f32>) -> Self {
        assert_eq!(weights.len(), self.edges.len(), "each edge has one weight");
        GravityReconstruction { weights: Some(weights), ..self }
    }

    /// Returns the loss at `z`, [n, width] row by row with the mass in the last column, and its gradient,
    /// [n, width]. The result is bit-identical for any number of threads.
    ///
    /// # Panics
    /// Panics if `z` is not [n, width], or if `width` is less than 2, a coordinate and the mass.
    pub fn value_and_gradient(&self, z: &[f32], width: usize) -> (f64, Vec<f32>) {
        let mut gradient = vec![0f32; z.len()];
        (self.value_and_gradient_into(z, width, &mut gradient), gradient)
    }

    /// Does the same as [`GravityReconstruction::value_and_gradient`], but writes the gradient to `gradient`.
    pub(crate) fn value_and_gradient_into(&self, z: &[f32], width: usize, gradient: &mut [f32]) -> f64 {
        let n = self.num_nodes;
        assert!(width >= 2 && z.len() == n * width, "z must be [n, d + 1]");
        let dense_value = attraction::softplus_sum(z, n, width, self.lambda, gradient);
        // At the ones of y, replace softplus(x) = softplus(−x) + x by pos_weight · weight · softplus(−x).
        let change = Cost { softplus: -1.0, weighted: self.pos_weight, linear: -1.0 };
        let bodies = Bodies { z, width, lambda: self.lambda };
        let list =
            PairList { pairs: &self.edges, weights: self.weights.as_deref(), incidence: &self.incidence };
        let scale = self.norm / (n as f64).powi(2);
        let correction =
            bodies.add_loops(change, gradient) + bodies.add_pairs(&list, change, scale as f32, gradient);
        scale * (dense_value + correction)
    }
}

#[cfg(test)]
mod tests;
