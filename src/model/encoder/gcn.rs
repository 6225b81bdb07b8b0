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
/// Simple: Graph Autoencoders Without Graph Convolutional Networks*, eq. 3. With layer normalisation and the mean
/// over the propagations, z = 1/K Σ h_k with h_1 = Â X W and h_k+1 = Â dropout(norm(h_k)), it is the encoder that Ma,
/// Wang & Zhang 2025, *Reconsidering the performance of GAE in link prediction*, tune. Departures: their layers have
/// learnt shares instead of a mean, and their normalisation a learnt gain and bias.
pub(crate) struct Gcn {
    num_hidden_layers: usize,
    num_heads: usize,
    /// K, the number of products with Â in the last layer.
    num_propagations: usize,
    biases: Biases,
    between: Between,
    output: Output,
}

/// The presence of a learnt bias row in each layer.
#[derive(Clone, Copy, PartialEq)]
enum Biases {
    None,
    Learnt,
}

/// The treatment of rows between two layers.
#[derive(Clone, Copy, PartialEq)]
enum Between {
    Unchanged,
    LayerNorm,
}

/// The result of several propagations.
#[derive(Clone, Copy, PartialEq)]
enum Output {
    Last,
    Mean,
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
        Gcn {
            num_hidden_layers: 0,
            num_heads: sizes.num_heads,
            num_propagations,
            biases,
            between: if config.has_layer_norm() { Between::LayerNorm } else { Between::Unchanged },
            output: if config.averages_layers() { Output::Mean } else { Output::Last },
        }
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
            let hidden = match self.between {
                Between::LayerNorm => tape.layer_norm(hidden),
                Between::Unchanged => hidden,
            };
            let hidden = tape.relu(hidden);
            let hidden = drop_layer(tape, hidden, dropout, layer);
            output = tape.matmul(hidden, weight);
        }
        let output = self.propagations(tape, output, dropout);
        self.with_bias(tape, output, &HEADS[..self.num_heads])
    }

    /// Propagates `input` K times.
    fn propagations<T: Tape>(&self, tape: &mut T, input: T::Matrix, dropout: Option<Dropout>) -> T::Matrix {
        let mut last = tape.propagate(input);
        let mut earlier = Vec::new();
        for layer in 1..self.num_propagations {
            if self.output == Output::Mean {
                let [kept, next] = tape.fork(last);
                earlier.push(kept);
                last = next;
            }
            if self.between == Between::LayerNorm {
                last = tape.layer_norm(last);
                last = drop_layer(tape, last, dropout, layer - 1);
            }
            last = tape.propagate(last);
        }
        earlier.push(last);
        match self.output {
            Output::Mean => tape.mean(earlier),
            Output::Last => earlier.pop().expect("the last propagation is there"),
        }
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

/// Applies the dropout of a pass to the input of a layer after the first.
fn drop_layer<T: Tape>(tape: &mut T, x: T::Matrix, dropout: Option<Dropout>, layer: usize) -> T::Matrix {
    match dropout {
        None => x,
        Some(Dropout { fraction, seed }) => {
            tape.drop(x, Dropout { fraction, seed: (!seed).wrapping_add(layer as u64) })
        }
    }
}

fn layer_name(layer: usize) -> String {
    format!("gcn{layer}")
}
