//! The exact reconstruction loss of the gravity decoder, over all ordered pairs.

mod attraction;

use rayon::prelude::*;

use crate::graph::{EdgeList, Pair};
use crate::model::decoder::gravity::DISTANCE_OFFSET;

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
        assert!(width >= 2 && z.len() == self.num_nodes * width, "z must be [n, d + 1]");
        let (dense_value, mut gradient) = attraction::softplus_sum(z, self.num_nodes, width, self.lambda);
        // At the ones of y, replace softplus(x) by pos_weight · weight · softplus(−x).
        let loops = (0..self.num_nodes as u32).map(|node| ((node, node), 1.0));
        let weight = |at: usize| self.weights.as_ref().map_or(1.0, |weights| f64::from(weights[at]));
        let edges = self.edges.iter().enumerate().map(|(at, &pair)| (pair, weight(at)));
        let correction: f64 = loops
            .chain(edges)
            .map(|(pair, weight)| self.correct(pair, self.pos_weight * weight, z, width, &mut gradient))
            .sum();
        let n = self.num_nodes as f64;
        let scale = self.norm / (n * n);
        let gradient = gradient.into_par_iter().map(|value| (value * scale) as f32).collect();
        (scale * (dense_value + correction), gradient)
    }

    /// Replaces the term softplus(x) of a pair by pos_weight · softplus(−x): adds the difference of the
    /// gradients to `gradient` and returns the difference of the terms.
    fn correct(&self, (i, j): Pair, pos_weight: f64, z: &[f32], width: usize, gradient: &mut [f64]) -> f64 {
        let (d, i, j) = (width - 1, i as usize * width, j as usize * width);
        let difference = |k: usize| z[i + k] as f64 - z[j + k] as f64;
        let distance = (0..d).map(|k| difference(k).powi(2)).sum::<f64>() + DISTANCE_OFFSET;
        let x = z[j + d] as f64 - self.lambda * distance.ln();
        let softplus_of_minus = (-x).max(0.0) + (-x.abs()).exp().ln_1p();
        let probability = 1.0 / (1.0 + (-x).exp());
        let slope = pos_weight * (probability - 1.0) - probability;
        gradient[j + d] += slope;
        let pull = -2.0 * self.lambda * slope / distance;
        for k in 0..d {
            gradient[i + k] += pull * difference(k);
            gradient[j + k] -= pull * difference(k);
        }
        // softplus(x) = x + softplus(−x).
        (pos_weight - 1.0) * softplus_of_minus - x
    }
}

#[cfg(test)]
mod tests;
