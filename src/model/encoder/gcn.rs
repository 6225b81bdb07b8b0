//! The graph convolutional network; without hidden layers it is the linear encoder.

use rand::Rng;

use crate::config::ModelConfig;
use crate::kernels::tape::{Dropout, Tape, Weights};
use crate::model::encoder::{HEADS, Sizes, bias_name, glorot, weight_name, zero_bias};

/// The encoder Â relu(Â X W₀) W of Kipf & Welling 2016, section 2, without biases, or with more hidden layers
/// of the same kind. With biases, a learnt row is added to the product with Â that ends each layer. For a
/// Gaussian latent the last layer computes mean and log-variance side by side in one product with Â; it
/// computes log σ² where the paper's code computes log σ.
///
/// Without hidden layers it is the linear encoder Âᴷ X W of Salha, Hennequin & Vazirgiannis 2019, *Keep It
/// Simple: Graph Autoencoders Without Graph Convolutional Networks*, eq. 3.
pub(crate) struct Gcn {
    num_hidden_layers: usize,
    num_heads: usize,
    /// K, the number of products with Â in the last layer.
    num_propagations: usize,
    biases: Biases,
}

/// The presence of a learnt bias row in each layer.
#[derive(Clone, Copy, PartialEq)]
enum Biases {
    None,
    Learnt,
}

impl Gcn {
    /// Builds `config.layers()` convolutions, of which the last computes the heads. Adds the initial weights
    /// to `weights`: W is [f, h] in the first hidden layer, [h, h] in further ones, and [h, width] in each
    /// head.
    pub(super) fn new(sizes: Sizes, config: &ModelConfig, weights: &mut Weights, rng: &mut impl Rng) -> Self {
        let mut num_inputs = sizes.num_features;
        for layer in 1..config.layers() {
            weights.insert(weight_name(&layer_name(layer)), glorot(num_inputs, config.hidden(), rng));
            if config.bias {
                weights.insert(bias_name(&layer_name(layer)), zero_bias(config.hidden()));
            }
            num_inputs = config.hidden();
        }
        let sizes = Sizes { num_features: num_inputs, ..sizes };
        Gcn { num_hidden_layers: config.layers() - 1, ..Gcn::linear(sizes, 1, config, weights, rng) }
    }

    /// Builds an encoder without hidden layers and with `num_propagations` products with Â; W of each head is
    /// [f, width].
    pub(super) fn linear(
        sizes: Sizes,
        num_propagations: usize,
        config: &ModelConfig,
        weights: &mut Weights,
        rng: &mut impl Rng,
    ) -> Self {
        for head in &HEADS[..sizes.num_heads] {
            weights.insert(weight_name(head), glorot(sizes.num_features, sizes.width, rng));
            if config.bias {
                weights.insert(bias_name(head), zero_bias(sizes.width));
            }
        }
        let biases = if config.bias { Biases::Learnt } else { Biases::None };
        Gcn { num_hidden_layers: 0, num_heads: sizes.num_heads, num_propagations, biases }
    }

    /// Computes the heads. O(nonzeros of X · h + m·(h + d) + n·h·d) time.
    pub(super) fn forward<T: Tape>(&self, tape: &mut T, dropout: Option<Dropout>) -> T::Matrix {
        let mut layer_weights: Vec<T::Matrix> = Vec::new();
        for layer in 1..=self.num_hidden_layers {
            layer_weights.push(tape.weight(&weight_name(&layer_name(layer))));
        }
        let heads = HEADS[..self.num_heads].iter().map(|head| tape.weight(&weight_name(head))).collect();
        layer_weights.push(tape.hstack(heads));
        let mut layer_weights = layer_weights.into_iter();
        let first = layer_weights.next().expect("the heads form a layer");
        let mut output = tape.project(first, dropout);
        for (layer, weight) in layer_weights.enumerate() {
            let hidden = tape.propagate(output);
            let hidden = self.with_bias(tape, hidden, &[&layer_name(layer + 1)]);
            let hidden = tape.relu(hidden);
            let hidden = match dropout {
                None => hidden,
                Some(Dropout { fraction, seed }) => {
                    tape.drop(hidden, Dropout { fraction, seed: (!seed).wrapping_add(layer as u64) })
                }
            };
            output = tape.matmul(hidden, weight);
        }
        for _ in 0..self.num_propagations {
            output = tape.propagate(output);
        }
        self.with_bias(tape, output, &HEADS[..self.num_heads])
    }

    /// Adds the biases of `layers`, side by side, to `output` if the encoder has biases.
    fn with_bias<T: Tape>(&self, tape: &mut T, output: T::Matrix, layers: &[&str]) -> T::Matrix {
        if self.biases == Biases::None {
            return output;
        }
        let biases = layers.iter().map(|layer| tape.weight(&bias_name(layer))).collect();
        let bias = tape.hstack(biases);
        tape.add_row(output, bias)
    }
}

fn layer_name(layer: usize) -> String {
    format!("gcn{layer}")
}
