//! The tape that uses libtorch and its autograd, on any of its devices.
//!
//! tch offers no way to define a differentiable function in Rust. The tape therefore computes products with
//! sparse constants outside of autograd and adds each result as a new leaf. The backward pass takes the
//! gradient of each such leaf, applies the adjoint, and continues with the part of the graph before it.

use std::collections::BTreeMap;
use std::ops::Range;

use tch::{Device, Kind, Tensor};

use super::{Dropout, KlTerm, Noise, TINY, Tape};
use crate::kernels::operator::{Constant, Operator};
use crate::kernels::tensor::{from_matrix, from_rows, sparse, to_vec};

/// A constant matrix on a device.
pub(crate) enum TorchOperator {
    Dense(Tensor),
    Sparse { matrix: Tensor, transpose: Tensor },
}

/// A computation recorded by autograd in parts, and the sparse products between the parts.
pub(crate) struct TorchTape<'a> {
    weights: &'a BTreeMap<String, Tensor>,
    adj_norm: &'a TorchOperator,
    features: Option<&'a TorchOperator>,
    cuts: Vec<Cut<'a>>,
    /// The KL term of the loss; `None` for a point latent.
    weighted_kl: Option<Tensor>,
}

/// A sparse product, at which the autograd graph is cut.
struct Cut<'a> {
    adjoint: &'a Tensor,
    input: Tensor,
    output: Tensor,
}

impl TorchOperator {
    /// Copies `operator` to `device`.
    pub(crate) fn new(operator: &Operator, device: Device) -> Self {
        match operator.constant() {
            Constant::Dense(matrix) => TorchOperator::Dense(from_matrix(matrix).to_device(device)),
            Constant::Sparse { matrix, transpose } => {
                TorchOperator::Sparse { matrix: sparse(matrix, device), transpose: sparse(transpose, device) }
            }
        }
    }
}

impl<'a> TorchTape<'a> {
    /// Starts a tape for `weights` (by name, leaves of autograd), Â and X (`None` for I), all on one device.
    pub(crate) fn new(
        weights: &'a BTreeMap<String, Tensor>,
        adj_norm: &'a TorchOperator,
        features: Option<&'a TorchOperator>,
    ) -> Self {
        TorchTape { weights, adj_norm, features, cuts: Vec::new(), weighted_kl: None }
    }

    /// Back-propagates `gradient`, the gradient with respect to `z`, and that of the KL term to the weights.
    pub(crate) fn backward(self, z: &Tensor, gradient: &Tensor) {
        // Σ z · g has the gradient g.
        let surrogate = (z * gradient).sum(Kind::Float);
        match self.weighted_kl {
            Some(kl) => (surrogate + kl).backward(),
            None => surrogate.backward(),
        }
        for Cut { adjoint, input, output } in self.cuts.into_iter().rev() {
            let gradient = output.grad();
            if gradient.defined() && input.requires_grad() {
                (input * adjoint.matmul(&gradient)).sum(Kind::Float).backward();
            }
        }
    }

    fn product(&mut self, operator: &'a TorchOperator, input: Tensor) -> Tensor {
        match operator {
            TorchOperator::Dense(matrix) => matrix.matmul(&input),
            TorchOperator::Sparse { matrix, transpose } => {
                let output = matrix.matmul(&input.detach()).set_requires_grad(true);
                self.cuts.push(Cut { adjoint: transpose, input, output: output.shallow_clone() });
                output
            }
        }
    }
}

impl Tape for TorchTape<'_> {
    type Matrix = Tensor;

    fn weight(&mut self, name: &str) -> Tensor {
        self.weights[name].shallow_clone()
    }

    fn hstack(&mut self, matrices: Vec<Tensor>) -> Tensor {
        Tensor::cat(&matrices, 1)
    }

    fn project(&mut self, weight: Tensor, dropout: Option<Dropout>) -> Tensor {
        match (self.features, dropout) {
            (Some(features), _) => self.product(features, weight),
            (None, None) => weight,
            (None, Some(dropout)) => {
                let factors = dropout_factors(dropout, &[weight.size()[0], 1], weight.device());
                weight * factors
            }
        }
    }

    fn propagate(&mut self, x: Tensor) -> Tensor {
        self.product(self.adj_norm, x)
    }

    fn matmul(&mut self, x: Tensor, weight: Tensor) -> Tensor {
        x.matmul(&weight)
    }

    fn relu(&mut self, x: Tensor) -> Tensor {
        x.relu()
    }

    fn drop(&mut self, x: Tensor, dropout: Dropout) -> Tensor {
        let factors = dropout_factors(dropout, &x.size(), x.device());
        x * factors
    }

    fn add_row(&mut self, x: Tensor, row: Tensor) -> Tensor {
        x + row
    }

    fn normalize_rows(&mut self, x: Tensor, columns: Range<usize>, norm: f64) -> Tensor {
        let (first, width) = (columns.start as i64, columns.len() as i64);
        let part = x.narrow(1, first, width);
        let squares = part.square().sum_dim_intlist([1i64].as_slice(), true, Kind::Float);
        let is_nonzero = squares.gt(f64::from(TINY)).to_kind(Kind::Float);
        let normalized = part * (squares.clamp_min(f64::from(TINY)).rsqrt() * is_nonzero * norm);
        let last = first + width;
        Tensor::cat(&[x.narrow(1, 0, first), normalized, x.narrow(1, last, x.size()[1] - last)], 1)
    }

    fn layer_norm(&mut self, x: Tensor) -> Tensor {
        let width = x.size()[1];
        x.layer_norm([width], None::<&Tensor>, None::<&Tensor>, 1e-5, false)
    }

    fn fork(&mut self, x: Tensor) -> [Tensor; 2] {
        [x.shallow_clone(), x]
    }

    fn mean(&mut self, matrices: Vec<Tensor>) -> Tensor {
        Tensor::stack(&matrices, 0).mean_dim([0i64].as_slice(), false, Kind::Float)
    }

    fn scale(&mut self, x: Tensor, log_factor: Tensor) -> Tensor {
        x * (log_factor * 0.5).exp()
    }

    fn sample(&mut self, heads: Tensor, noise: Noise, term: KlTerm) -> (Tensor, Vec<f64>) {
        let (n, d) = (heads.size()[0], heads.size()[1] / 2);
        let (mean, log_variance) = (heads.narrow(1, 0, d), heads.narrow(1, d, d));
        let twice = mean.square() + log_variance.exp() - &log_variance - 1.0;
        let kl = twice.sum_dim_intlist([0i64].as_slice(), false, Kind::Float) * (0.5 / n as f64);
        let charged = if term.free > 0.0 { kl.clamp_min(term.free) } else { kl.shallow_clone() };
        self.weighted_kl = Some(charged.sum(Kind::Float) * term.weight);
        let z = match noise {
            Noise::Drawn { seed } => {
                tch::manual_seed(seed as i64);
                let noise = Tensor::randn([n, d], (Kind::Float, heads.device()));
                mean + (log_variance * 0.5).exp() * noise
            }
            #[cfg(test)]
            Noise::Zero => mean,
        };
        (z, to_vec(&kl).into_iter().map(f64::from).collect())
    }
}

/// Seeds dropout factors: 0 with probability `fraction`, otherwise 1 / (1 − fraction).
fn dropout_factors(Dropout { fraction, seed }: Dropout, size: &[i64], device: Device) -> Tensor {
    tch::manual_seed(seed as i64);
    Tensor::rand(size, (Kind::Float, device)).ge(fraction).to_kind(Kind::Float) / (1.0 - fraction)
}

/// Calls `compute` with the values of `z`, [n, d], row by row on the host, and d. Returns its value, and its
/// gradient as a tensor on the device of `z`.
pub(crate) fn on_host<T>(z: &Tensor, compute: impl FnOnce(&[f32], usize) -> (T, Vec<f32>)) -> (T, Tensor) {
    let (n, d) = (z.size()[0] as usize, z.size()[1] as usize);
    let (value, gradient) = compute(&to_vec(z), d);
    (value, from_rows(&gradient, n, d).to_device(z.device()))
}
