//! Losses, each with its reduction and scale.
//!
//! **Reconstruction** (Kipf & Welling 2016, section 2; the weights are those of their code). With
//! x_ij = z_i·z_j, the targets y = A + I of the training graph, S = 2·edges the ones in A:
//!
//! ```text
//! norm / n² · Σ_ij [ pos_weight · y_ij · softplus(−x_ij) + (1 − y_ij) · softplus(x_ij) ]
//! pos_weight = (n² − S) / S        norm = n² / (2 (n² − S))
//! ```
//!
//! It is a mean over all n² ordered pairs, in nats, about (mean over edges + mean over non-edges) / 2.
//!
//! **KL** (Kingma & Welling 2014, appendix B): KL(q(z) ‖ N(0, I)) = ½ Σ_d (μ² + σ² − log σ² − 1), the mean
//! over the nodes, in nats.
//!
//! **What is minimised** is reconstruction + weight · KL. The ELBO counts each unordered pair once and
//! sums the nodes' KL: multiplied by n² / (2·norm) = n² − S, the reconstruction is Σ over unordered pairs (the
//! diagonal at half) with edges up-weighted by pos_weight, and the KL, a mean, needs n for its sum. The weight
//! `elbo` is therefore n / (n² − S). The reference code's 1/n (`kipf`) is the same but for the factor
//! 1 − S/n², which only a dense graph tells apart.

mod dense;
mod gravity;
mod sampled;

use rayon::prelude::*;
use tch::{Kind, Tensor};

use crate::config::KlWeight;
use crate::graph::{Csr, Direction, EdgeList};
use crate::normalize;

pub use sampled::Sample;

pub use gravity::GravityReconstruction;

/// Rows that one task of the edges' sum takes.
const ROWS_PER_TASK: usize = 256;

/// The exact reconstruction loss over all pairs: O(n²·d + m·d) time, O(n·d) memory; no n×n matrix exists.
pub struct ExactReconstruction {
    /// A + I: only where its entries are matters.
    targets: Csr,
    pos_weight: f64,
    norm: f64,
}

impl ExactReconstruction {
    /// For the graph of the training edges.
    pub fn new(train: &EdgeList) -> Self {
        let n = train.num_nodes() as f64;
        let num_ones = 2.0 * train.len() as f64;
        ExactReconstruction {
            // Â has its entries where A + I has its ones.
            targets: normalize::symmetric(train),
            pos_weight: (n * n - num_ones) / num_ones,
            norm: n * n / (2.0 * (n * n - num_ones)),
        }
    }

    /// The loss at `z`, [n, d] row by row, and its gradient, [n, d]. The same to the bit for any number of
    /// threads.
    pub fn value_and_gradient(&self, z: &[f32], d: usize) -> (f64, Vec<f32>) {
        let n = self.targets.rows();
        let (dense_value, mut gradient) = dense::softplus_sum(z, n, d);
        // On the ones, softplus(x) is replaced by pos_weight · softplus(−x).
        let correction: Vec<f64> = gradient
            .par_chunks_mut(ROWS_PER_TASK * d)
            .enumerate()
            .map(|(task, rows)| {
                let rows = rows.chunks_exact_mut(d).enumerate();
                rows.map(|(at, row)| self.correct(task * ROWS_PER_TASK + at, z, row)).sum()
            })
            .collect();
        let scale = self.norm / (n as f64 * n as f64);
        // z_i stands in x_ij and in x_ji.
        let twice = (2.0 * scale) as f32;
        gradient.par_iter_mut().for_each(|value| *value *= twice);
        (scale * (dense_value + correction.iter().sum::<f64>()), gradient)
    }

    /// Adds what the ones of row `i` change: to `gradient`, and in the returned sum.
    fn correct(&self, i: usize, z: &[f32], gradient: &mut [f32]) -> f64 {
        let d = gradient.len();
        let row = |j: usize| &z[j * d..(j + 1) * d];
        let mut change = 0.0;
        for entry in self.targets.indptr().outer_inds_sz(i) {
            let j = self.targets.indices()[entry] as usize;
            let x: f64 = row(i).iter().zip(row(j)).map(|(&a, &b)| a as f64 * b as f64).sum();
            let softplus_of_minus = (-x).max(0.0) + (-x.abs()).exp().ln_1p();
            // softplus(x) = x + softplus(−x).
            change += (self.pos_weight - 1.0) * softplus_of_minus - x;
            let probability = 1.0 / (1.0 + (-x).exp());
            let slope = (self.pos_weight * (probability - 1.0) - probability) as f32;
            for (sum, &coordinate) in gradient.iter_mut().zip(row(j)) {
                *sum += slope * coordinate;
            }
        }
        change
    }
}

/// The mean over the n nodes of KL(q(z) ‖ N(0, I)), in nats, for `mean` and `log_variance` of [n, d].
pub(crate) fn kl(mean: &Tensor, log_variance: &Tensor) -> Tensor {
    let num_nodes = mean.size()[0] as f64;
    (mean.square() + log_variance.exp() - log_variance - 1.0).sum(Kind::Float) * (0.5 / num_nodes)
}

/// [`kl`], in which each dimension whose mean over the nodes is below `free` nats counts as that much, without
/// a gradient: the free bits of Kingma et al. 2016, *Improved Variational Inference with Inverse Autoregressive
/// Flow*, eq. 15, with a group per dimension.
pub(crate) fn kl_above(mean: &Tensor, log_variance: &Tensor, free: f64) -> Tensor {
    let num_nodes = mean.size()[0] as f64;
    let terms = mean.square() + log_variance.exp() - log_variance - 1.0;
    let of_dimension = terms.sum_dim_intlist([0i64].as_slice(), false, Kind::Float) * (0.5 / num_nodes);
    of_dimension.clamp_min(free).sum(Kind::Float)
}

/// The factor of [`kl`] in the loss, for the graph of the training edges.
pub(crate) fn kl_weight(weight: KlWeight, train: &EdgeList) -> f64 {
    let n = train.num_nodes() as f64;
    match (weight, train.direction()) {
        (KlWeight::Kipf, _) => 1.0 / n,
        (KlWeight::Elbo, Direction::Undirected) => n / (n * n - 2.0 * train.len() as f64),
        // Each ordered pair counts once.
        (KlWeight::Elbo, Direction::Directed) => n / (2.0 * (n * n - train.len() as f64)),
        (KlWeight::Value(value), _) => value,
    }
}
