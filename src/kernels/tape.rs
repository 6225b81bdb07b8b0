//! Tapes, which record the operations of a forward pass for back-propagation.
//!
//! Encoders are written once, for any [`Tape`]. [`HostTape`] computes with this crate's own kernels, which
//! are designed for sparse constant matrices and several threads; [`TorchTape`] computes with libtorch on any
//! of its devices. The host tape is written by hand because autograd crates bring their own tensor types,
//! whereas this one works on the crate's sparse kernels and reuses the memory of every matrix that is no
//! longer needed.

mod adam;
mod buffers;
mod host;
mod latent;
mod rows;
#[cfg(feature = "torch")]
mod torch;
#[cfg(feature = "torch")]
mod torch_adam;

use std::collections::BTreeMap;
use std::ops::Range;

use ndarray::Array2;

pub(crate) use crate::kernels::dropout::Dropout;
pub(crate) use adam::{Adam, AdamState, Rates};
pub(crate) use buffers::Buffers;
pub(crate) use host::{HostTape, MatrixId, PausedTape};
pub(crate) use latent::{back_rows, kl_weights, sample_rows};
#[cfg(feature = "torch")]
pub(crate) use torch::{TorchOperator, TorchTape, on_host};
#[cfg(feature = "torch")]
pub(crate) use torch_adam::TorchAdam;

/// The weight matrices by name.
pub type Weights = BTreeMap<String, Array2<f32>>;

/// The noise ε in z = μ + σ·ε.
#[derive(Clone, Copy)]
pub(crate) enum Noise {
    /// Standard normal numbers generated from `seed`.
    Drawn {
        /// The seed, which differs in each pass.
        seed: u64,
    },
    /// ε = 0.
    #[cfg(test)]
    Zero,
}

/// The weighting of the KL of a Gaussian latent in the loss.
#[derive(Clone, Copy)]
pub(crate) struct KlTerm {
    /// The factor of the KL.
    pub(crate) weight: f64,
    /// The KL that each dimension may have without cost, in nats, as a mean over the nodes: the free bits of
    /// Kingma et al. 2016, *Improved Variational Inference with Inverse Autoregressive Flow*, eq. 15, with
    /// one group per dimension.
    pub(crate) free: f64,
}

/// The differentiable operations on matrices. Each operation consumes its arguments, so that the tape can
/// free every matrix that the backward pass does not need.
pub(crate) trait Tape {
    /// A matrix recorded on the tape.
    type Matrix;

    /// Returns the weight called `name`.
    fn weight(&mut self, name: &str) -> Self::Matrix;

    /// Concatenates matrices of n rows side by side.
    fn hstack(&mut self, matrices: Vec<Self::Matrix>) -> Self::Matrix;

    /// Computes X · weight, [n, k]. If X = I, `dropout` drops whole rows of the weight. The entries of any
    /// other X are dropped beforehand by [`crate::kernels::operator::Operator::with_dropout`].
    fn project(&mut self, weight: Self::Matrix, dropout: Option<Dropout>) -> Self::Matrix;

    /// Computes Â · x, [n, k].
    fn propagate(&mut self, x: Self::Matrix) -> Self::Matrix;

    /// Computes x · weight, [n, k].
    fn matmul(&mut self, x: Self::Matrix, weight: Self::Matrix) -> Self::Matrix;

    /// Computes max(x, 0).
    fn relu(&mut self, x: Self::Matrix) -> Self::Matrix;

    /// Applies dropout to the entries of x.
    fn drop(&mut self, x: Self::Matrix, dropout: Dropout) -> Self::Matrix;

    /// Adds `row`, [1, k], to each row of x.
    fn add_row(&mut self, x: Self::Matrix, row: Self::Matrix) -> Self::Matrix;

    /// Scales each row of x, restricted to `columns`, to the given norm. Rows that are zero there stay zero
    /// and get no gradient, which would be unbounded.
    fn normalize_rows(&mut self, x: Self::Matrix, columns: Range<usize>, norm: f64) -> Self::Matrix;

    /// Scales each row of x to mean 0 and variance 1; see [`crate::kernels::layer_norm`].
    fn layer_norm(&mut self, x: Self::Matrix) -> Self::Matrix;

    /// Returns x twice, for two further operations.
    fn fork(&mut self, x: Self::Matrix) -> [Self::Matrix; 2];

    /// Computes the mean of some matrices of the same size.
    fn mean(&mut self, matrices: Vec<Self::Matrix>) -> Self::Matrix;

    /// Computes x · e^(log_factor / 2) for a `log_factor` of [1, 1].
    fn scale(&mut self, x: Self::Matrix, log_factor: Self::Matrix) -> Self::Matrix;

    /// Computes z = μ + σ·ε, [n, d], from the heads [μ | log σ²], [n, 2d], and for each dimension the mean of
    /// its KL over the nodes, in nats. The backward pass adds the gradient of the KL, weighted according to
    /// `term`.
    fn sample(&mut self, heads: Self::Matrix, noise: Noise, term: KlTerm) -> (Self::Matrix, Vec<f64>);
}

/// The squared norm up to which a row counts as zero.
const TINY: f32 = 1e-24;
