//! The tape of libtorch, for its devices, with its autograd.
//!
//! tch offers no way to define a differentiable function in Rust. So a product with a sparse constant is taken outside
//! of autograd, its result enters as a new leaf, and the tape remembers where: on the way back it takes the leaf's
//! gradient, applies the adjoint, and seeds the piece of the graph before it.

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

/// Pieces of a computation that autograd knows, and the sparse products between them.
pub(crate) struct TorchTape<'a> {
    weights: &'a BTreeMap<String, Tensor>,
    adj_norm: &'a TorchOperator,
    features: Option<&'a TorchOperator>,
    cuts: Vec<Cut<'a>>,
    /// The weighted KL, if there is a Gaussian.
    charged: Option<Tensor>,
}

struct Cut<'a> {
    adjoint: &'a Tensor,
    input: Tensor,
    output: Tensor,
}

impl TorchOperator {
    /// A copy of `operator` on `device`.
    pub(crate) fn of(operator: &Operator, device: Device) -> Self {
        match operator.constant() {
            Constant::Dense(matrix) => TorchOperator::Dense(from_matrix(matrix).to_device(device)),
            Constant::Sparse { matrix, transpose } => {
                TorchOperator::Sparse { matrix: sparse(matrix, device), transpose: sparse(transpose, device) }
            }
        }
    }
}

impl<'a> TorchTape<'a> {
    /// For `weights` by name, leaves of autograd, and Â and X (`None` for I), all on one device.
    pub(crate) fn new(
        weights: &'a BTreeMap<String, Tensor>,
        adj_norm: &'a TorchOperator,
        features: Option<&'a TorchOperator>,
    ) -> Self {
        TorchTape { weights, adj_norm, features, cuts: Vec::new(), charged: None }
    }

    /// Back-propagates `gradient`, that of `z`, and the KL to the weights.
    pub(crate) fn backward(self, z: &Tensor, gradient: &Tensor) {
        // Σ z · g has the gradient g.
        let surrogate = (z * gradient).sum(Kind::Float);
        match self.charged {
            Some(charged) => (surrogate + charged).backward(),
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

    fn side_by_side(&mut self, matrices: Vec<Tensor>) -> Tensor {
        Tensor::cat(&matrices, 1)
    }

    fn project(&mut self, weight: Tensor, dropout: Option<Dropout>) -> Tensor {
        match (self.features, dropout) {
            (Some(features), _) => self.product(features, weight),
            (None, None) => weight,
            (None, Some(dropout)) => {
                let factors = factors(dropout, &[weight.size()[0], 1], weight.device());
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
        let factors = factors(dropout, &x.size(), x.device());
        x * factors
    }

    fn add_row(&mut self, x: Tensor, row: Tensor) -> Tensor {
        x + row
    }

    fn with_length(&mut self, x: Tensor, columns: Range<usize>, length: f64) -> Tensor {
        let (first, width) = (columns.start as i64, columns.len() as i64);
        let part = x.narrow(1, first, width);
        let squares = part.square().sum_dim_intlist([1i64].as_slice(), true, Kind::Float);
        let is_long = squares.gt(f64::from(TINY)).to_kind(Kind::Float);
        let unit = part * (squares.clamp_min(f64::from(TINY)).rsqrt() * is_long * length);
        let last = first + width;
        Tensor::cat(&[x.narrow(1, 0, first), unit, x.narrow(1, last, x.size()[1] - last)], 1)
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
        self.charged = Some(charged.sum(Kind::Float) * term.weight);
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

/// 0 with probability `fraction`, else 1 / (1 − fraction).
fn factors(Dropout { fraction, seed }: Dropout, size: &[i64], device: Device) -> Tensor {
    tch::manual_seed(seed as i64);
    Tensor::rand(size, (Kind::Float, device)).ge(fraction).to_kind(Kind::Float) / (1.0 - fraction)
}

/// The values of z, [n, d], a tensor of any device, row by row, and back.
pub(crate) fn on_host<T>(z: &Tensor, compute: impl FnOnce(&[f32], usize) -> (T, Vec<f32>)) -> (T, Tensor) {
    let (n, d) = (z.size()[0] as usize, z.size()[1] as usize);
    let (value, gradient) = compute(&to_vec(z), d);
    (value, from_rows(&gradient, n, d).to_device(z.device()))
}
