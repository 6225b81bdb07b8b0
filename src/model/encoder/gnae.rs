//! The encoder of graph normalised auto-encoders (GNAE and VGNAE).

use rand::Rng;

use crate::kernels::tape::{Dropout, Tape, Weights};
use crate::model::encoder::{HEADS, Sizes, bias_name, glorot, weight_name, zero_bias};

/// The norm of each row before it is propagated: s of the paper's section 3.2.
const ROW_NORM: f64 = 1.8;

/// The encoder of Ahn & Kim 2021, *Variational Graph Normalized AutoEncoders*, eq. 4: mean = Âᴷ (s · h / ‖h‖)
/// with h = X W + b, which keeps nodes without neighbours from shrinking to 0; log-variance = Âᴷ (X W' + b'),
/// not normalised. Departures: weights are initialised as in Glorot & Bengio 2010 and biases to 0, where the
/// paper's code uses its framework's defaults, and the second head is log σ², where the code has log σ.
pub(crate) struct Gnae {
    sizes: Sizes,
    /// K, the number of products with Â.
    num_propagations: usize,
}

impl Gnae {
    /// Builds the encoder and adds its initial weights to `weights`: for each head W, [f, d], and b, [1, d].
    pub(super) fn new(
        sizes: Sizes,
        num_propagations: usize,
        weights: &mut Weights,
        rng: &mut impl Rng,
    ) -> Self {
        for head in &HEADS[..sizes.num_heads] {
            weights.insert(weight_name(head), glorot(sizes.num_features, sizes.width, rng));
            weights.insert(bias_name(head), zero_bias(sizes.width));
        }
        Gnae { sizes, num_propagations }
    }

    /// Computes the heads. O(nonzeros of X · d + m·d) time.
    pub(super) fn forward<T: Tape>(&self, tape: &mut T, dropout: Option<Dropout>) -> T::Matrix {
        let heads = &HEADS[..self.sizes.num_heads];
        let weights = heads.iter().map(|head| tape.weight(&weight_name(head))).collect();
        let weight = tape.hstack(weights);
        let biases = heads.iter().map(|head| tape.weight(&bias_name(head))).collect();
        let bias = tape.hstack(biases);
        let hidden = tape.project(weight, dropout);
        let hidden = tape.add_row(hidden, bias);
        let mut output = tape.normalize_rows(hidden, 0..self.sizes.width, ROW_NORM);
        for _ in 0..self.num_propagations {
            output = tape.propagate(output);
        }
        output
    }
}
