//! What an encoder writes its computation on, so that it can be gone back through.
//!
//! Encoders are written once, for any [`Tape`]: [`HostTape`] computes with the kernels of this crate, which are
//! made for sparse constants and two or more threads; [`TorchTape`] with libtorch, on any of its devices.

mod adam;
mod buffers;
mod host;
mod latent;
mod rows;
mod torch;
mod torch_adam;

use std::collections::BTreeMap;
use std::ops::Range;

use ndarray::Array2;

pub(crate) use adam::{Adam, AdamState};
pub(crate) use buffers::Buffers;
pub(crate) use host::{HostTape, Recorded, Recording};
pub(crate) use torch::{TorchOperator, TorchTape, on_host};
pub(crate) use torch_adam::TorchAdam;

/// A weight matrix by its name: its shape and its values, row by row.
pub type Weights = BTreeMap<String, Array2<f32>>;

/// What a training pass leaves out: a fraction of each layer's inputs, chosen by hashes of `seed`.
#[derive(Clone, Copy)]
pub(crate) struct Dropout {
    /// In [0, 1).
    pub(crate) fraction: f64,
    /// A new one for each pass.
    pub(crate) seed: u64,
}

/// ε of z = μ + σ·ε.
#[derive(Clone, Copy)]
pub(crate) enum Noise {
    /// Standard normal numbers that follow from `seed`.
    Drawn {
        /// A new one for each pass.
        seed: u64,
    },
    /// 0.
    #[cfg(test)]
    Zero,
}

/// How the KL of a Gaussian latent enters the loss.
#[derive(Clone, Copy)]
pub(crate) struct KlTerm {
    /// Its factor.
    pub(crate) weight: f64,
    /// Nats that each dimension has without cost, in the mean over the nodes: the free bits of Kingma et al. 2016,
    /// *Improved Variational Inference with Inverse Autoregressive Flow*, eq. 15, with a group per dimension.
    pub(crate) free: f64,
}

/// Operations on matrices, each of which takes its arguments for good: what the way back does not need is freed.
pub(crate) trait Tape {
    /// A matrix that the tape has made.
    type Matrix;

    /// The weight of this name.
    fn weight(&mut self, name: &str) -> Self::Matrix;

    /// Matrices of n rows beside each other.
    fn side_by_side(&mut self, matrices: Vec<Self::Matrix>) -> Self::Matrix;

    /// X · weight, [n, k]. With `dropout`, and where X = I, whole rows of the weight are left out; entries of
    /// another X are left out beforehand, by [`crate::kernels::operator::Operator::with_dropout`].
    fn project(&mut self, weight: Self::Matrix, dropout: Option<Dropout>) -> Self::Matrix;

    /// Â · x, [n, k].
    fn propagate(&mut self, x: Self::Matrix) -> Self::Matrix;

    /// x · weight, [n, k].
    fn matmul(&mut self, x: Self::Matrix, weight: Self::Matrix) -> Self::Matrix;

    /// max(x, 0).
    fn relu(&mut self, x: Self::Matrix) -> Self::Matrix;

    /// x, parts of which are left out.
    fn drop(&mut self, x: Self::Matrix, dropout: Dropout) -> Self::Matrix;

    /// Each row of x plus `row`, [1, k].
    fn add_row(&mut self, x: Self::Matrix, row: Self::Matrix) -> Self::Matrix;

    /// x, whose rows are given this length in the columns `columns`. There, rows of zeros stay, and have no
    /// gradient, which would be without bound.
    fn with_length(&mut self, x: Self::Matrix, columns: Range<usize>, length: f64) -> Self::Matrix;

    /// x · e^(log_factor / 2), for a `log_factor` of [1, 1].
    fn scale(&mut self, x: Self::Matrix, log_factor: Self::Matrix) -> Self::Matrix;

    /// z = μ + σ·ε, [n, d], from heads [μ | log σ²], [n, 2d], and for each dimension the mean over the nodes of its
    /// KL, in nats. The KL joins the loss as `term` says.
    fn sample(&mut self, heads: Self::Matrix, noise: Noise, term: KlTerm) -> (Self::Matrix, Vec<f64>);
}

/// The square of a length that counts as 0.
const TINY: f32 = 1e-24;
