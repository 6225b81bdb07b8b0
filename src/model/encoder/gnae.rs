//! The encoder of graph normalised auto-encoders (GNAE and VGNAE).

use ndarray::Array2;
use rand::{Rng, RngExt};

use crate::kernels::tape::{Dropout, Tape, Weights};
use crate::model::encoder::{HEADS, Sizes, bias_name, weight_name};

/// Seeds a matrix of weights uniform within ±1/√`num_inputs`, as PyTorch's `Linear` does.
fn linear(num_inputs: usize, rows: usize, columns: usize, rng: &mut impl Rng) -> Array2<f32> {
    let limit = 1.0 / (num_inputs.max(1) as f32).sqrt();
    Array2::from_shape_simple_fn((rows, columns), || rng.random_range(-limit..limit))
}

/// The norm of each row before it is propagated: s of the paper's section 3.2.
const ROW_NORM: f64 = 1.8;

/// The encoder of Ahn & Kim 2021, *Variational Graph Normalized AutoEncoders*, eq. 4: mean = Âᴷ (s · h / ‖h‖)
/// with h = X W + b, which keeps nodes without neighbours from shrinking to 0; log-variance = Âᴷ (X W' + b'),
/// not normalised. Weights and biases begin uniform within ±1/√f, as those of the paper's code, a linear layer of
/// PyTorch. Departure: the second head is log σ², where the code has log σ.
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
            weights
                .insert(weight_name(head), linear(sizes.num_features, sizes.num_features, sizes.width, rng));
            weights.insert(bias_name(head), linear(sizes.num_features, 1, sizes.width, rng));
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
