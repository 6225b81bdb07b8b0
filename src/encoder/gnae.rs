//! The encoder of graph normalised auto-encoders.

use rand::Rng;
use tch::{Kind, Tensor, nn};

use crate::encoder::{Dropout, HEADS, Sizes, glorot, project, zero_bias};
use crate::tensor::{SparseOperator, Tape};

/// The length that each row has before it is propagated: s of the paper's section 3.2.
const LENGTH: f64 = 1.8;

/// The square of a length that counts as 0.
const TINY: f64 = 1e-24;

/// Ahn & Kim 2021, *Variational Graph Normalized AutoEncoders*, eq. 4: mean = Âᴷ (s · h / ‖h‖) with
/// h = X W + b, which keeps nodes without neighbours from shrinking to 0; log-variance = Âᴷ (X W' + b'), not
/// normalised. Departures: the weights begin as Glorot's and the biases as 0, where the paper's code takes its
/// framework's default, and the second head is log σ² where that of the code is log σ.
pub(crate) struct Gnae {
    /// W of each head, [f, d].
    weights: Vec<Tensor>,
    /// b of each head, [1, d].
    biases: Vec<Tensor>,
    /// K: how often is multiplied with Â.
    num_propagations: usize,
}

impl Gnae {
    pub(super) fn new(path: &nn::Path, sizes: Sizes, num_propagations: usize, rng: &mut impl Rng) -> Self {
        let heads = &HEADS[..sizes.num_heads];
        Gnae {
            weights: heads
                .iter()
                .map(|&head| glorot(path / head, sizes.num_features, sizes.width, rng))
                .collect(),
            biases: heads.iter().map(|&head| zero_bias(path / head, sizes.width)).collect(),
            num_propagations,
        }
    }

    /// O(nonzeros of X · d + m·d) time.
    pub(super) fn forward<'a>(
        &self,
        adj_norm: &'a SparseOperator,
        features: Option<&'a SparseOperator>,
        dropout: Option<Dropout>,
        tape: &mut Tape<'a>,
    ) -> Vec<Tensor> {
        let (weight, bias) = (Tensor::cat(&self.weights, 1), Tensor::cat(&self.biases, 1));
        let hidden = project(features, &weight, dropout, tape) + bias;
        let mut heads = hidden.chunk(self.weights.len() as i64, 1);
        heads[0] = unit_rows(&heads[0]) * LENGTH;
        let mut output = Tensor::cat(&heads, 1);
        for _ in 0..self.num_propagations {
            output = tape.apply(adj_norm, &output);
        }
        output.chunk(self.weights.len() as i64, 1)
    }
}

/// Each row divided by its length. Rows of zeros stay, and have no gradient, which would be without bound.
pub(crate) fn unit_rows(rows: &Tensor) -> Tensor {
    let squares = rows.square().sum_dim_intlist([1i64].as_slice(), true, Kind::Float);
    let is_long = squares.gt(TINY).to_kind(Kind::Float);
    rows * (squares.clamp_min(TINY).rsqrt() * is_long)
}
