//! The encoder of graph normalised auto-encoders.

use rand::Rng;

use crate::kernels::tape::{Dropout, Tape, Weights};
use crate::model::encoder::{HEADS, Sizes, bias_of, glorot, weight_of, zero_bias};

/// The length that each row has before it is propagated: s of the paper's section 3.2.
const LENGTH: f64 = 1.8;

/// Ahn & Kim 2021, *Variational Graph Normalized AutoEncoders*, eq. 4: mean = Âᴷ (s · h / ‖h‖) with
/// h = X W + b, which keeps nodes without neighbours from shrinking to 0; log-variance = Âᴷ (X W' + b'), not
/// normalised. Departures: the weights begin as Glorot's and the biases as 0, where the paper's code takes its
/// framework's default, and the second head is log σ² where that of the code is log σ.
pub(crate) struct Gnae {
    sizes: Sizes,
    /// K: how often is multiplied with Â.
    num_propagations: usize,
}

impl Gnae {
    /// Fresh weights go into `weights`: of each head W, [f, d], and b, [1, d].
    pub(super) fn new(
        sizes: Sizes,
        num_propagations: usize,
        weights: &mut Weights,
        rng: &mut impl Rng,
    ) -> Self {
        for head in &HEADS[..sizes.num_heads] {
            weights.insert(weight_of(head), glorot(sizes.num_features, sizes.width, rng));
            weights.insert(bias_of(head), zero_bias(sizes.width));
        }
        Gnae { sizes, num_propagations }
    }

    /// O(nonzeros of X · d + m·d) time.
    pub(super) fn forward<T: Tape>(&self, tape: &mut T, dropout: Option<Dropout>) -> T::Matrix {
        let heads = &HEADS[..self.sizes.num_heads];
        let weights = heads.iter().map(|head| tape.weight(&weight_of(head))).collect();
        let weight = tape.side_by_side(weights);
        let biases = heads.iter().map(|head| tape.weight(&bias_of(head))).collect();
        let bias = tape.side_by_side(biases);
        let hidden = tape.project(weight, dropout);
        let hidden = tape.add_row(hidden, bias);
        let mut output = tape.with_length(hidden, 0..self.sizes.width, LENGTH);
        for _ in 0..self.num_propagations {
            output = tape.propagate(output);
        }
        output
    }
}
