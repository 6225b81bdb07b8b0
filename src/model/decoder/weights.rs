//! The decoder of a network: chosen by the settings, with its weights by name.

use std::ops::Range;

use ndarray::{Array2, Axis};
use rand::Rng;

use super::{Coordinates, Decoder, HadamardMlp, ResidualMlp};
use crate::config::{DecoderKind, ModelConfig};
use crate::kernels::tape::Weights;
use crate::model::encoder::{glorot, zero_bias};

/// The name of the logarithm of a cosine decoder's temperature, [1, 1].
pub(crate) const LOG_TEMPERATURE: &str = "decoder.log_temperature";
/// The names of a perceptron's W, [d, k]; b, [1, k]; w, [k, 1]; and c, [1, 1].
const PERCEPTRON: [&str; 4] =
    ["decoder.hidden.weight", "decoder.hidden.bias", "decoder.output.weight", "decoder.output.bias"];

/// The initial temperature of a cosine decoder.
const INITIAL_TEMPERATURE: f32 = 5.0;

impl Decoder {
    /// Returns the initial weights of the decoder of `config`; the inner product and the gravity decoder have none.
    pub(crate) fn initial_weights(config: &ModelConfig, rng: &mut impl Rng) -> Weights {
        match (config.decoder(), config.normalize_embeddings) {
            _ if config.model.is_directed() => Weights::new(),
            (DecoderKind::InnerProduct, false) => Weights::new(),
            (DecoderKind::InnerProduct, true) => {
                let start = Array2::from_elem((1, 1), INITIAL_TEMPERATURE.ln());
                [(LOG_TEMPERATURE.to_string(), start)].into()
            }
            (DecoderKind::HadamardMlp, _) => {
                let (d, k) = (config.latent(), config.latent().div_ceil(2).max(8));
                let start = [glorot(d, k, rng), zero_bias(k), glorot(k, 1, rng), zero_bias(1)];
                PERCEPTRON.map(String::from).into_iter().zip(start).collect()
            }
            (DecoderKind::ResidualMlp, _) => {
                let d = config.latent();
                let mut layers = vec![(glorot(d, 1, rng), zero_bias(1))];
                layers.extend((1..config.decoder_layers()).map(|_| (glorot(d, d, rng), zero_bias(d))));
                residual_weights(layers.split_off(1), layers.remove(0))
            }
        }
    }

    /// Builds the decoder of `config` from `weights`, which contain those of [`Decoder::initial_weights`].
    pub(crate) fn from_weights(config: &ModelConfig, weights: &Weights) -> Decoder {
        match (config.decoder(), config.normalize_embeddings) {
            (_, normalize_embeddings) if config.model.is_directed() => Decoder::Gravity {
                lambda: config.gravity_lambda,
                coordinates: if normalize_embeddings { Coordinates::Unit } else { Coordinates::Free },
            },
            (DecoderKind::InnerProduct, false) => Decoder::InnerProduct,
            (DecoderKind::InnerProduct, true) => {
                Decoder::Cosine { temperature: f64::from(weights[LOG_TEMPERATURE][[0, 0]]).exp() }
            }
            (DecoderKind::HadamardMlp, _) => {
                let rows = PERCEPTRON.map(|name| weights[name].iter().copied().collect());
                Decoder::HadamardMlp(HadamardMlp::from_rows(rows))
            }
            (DecoderKind::ResidualMlp, _) => {
                let layer = |name: String| {
                    let [weight, bias] = layer_names(&name).map(|name| &weights[&name]);
                    (weight.clone(), bias.row(0).to_owned())
                };
                let (output, output_bias) = layer("output".into());
                Decoder::ResidualMlp(ResidualMlp {
                    hidden: (1..config.decoder_layers()).map(|at| layer(hidden_name(at))).collect(),
                    output: output.column(0).to_owned(),
                    output_bias: output_bias[0],
                })
            }
        }
    }

    /// Returns the columns of z, [n, `num_columns`], in which the decoder scales each row to norm 1 before anything
    /// else; `None` if it takes z unchanged.
    pub(crate) fn unit_columns(&self, num_columns: usize) -> Option<Range<usize>> {
        match self {
            Decoder::Cosine { .. } => Some(0..num_columns),
            // The last column is the mass.
            Decoder::Gravity { coordinates: Coordinates::Unit, .. } => Some(0..num_columns - 1),
            Decoder::Gravity { coordinates: Coordinates::Free, .. } => None,
            Decoder::InnerProduct | Decoder::HadamardMlp(_) | Decoder::ResidualMlp(_) => None,
        }
    }
}

impl HadamardMlp {
    /// Returns W, b, w and c by their names in the weight file.
    pub(crate) fn into_weights(self) -> Weights {
        let (d, k) = self.hidden.dim();
        let shapes = [(d, k), (1, k), (k, 1), (1, 1)];
        let matrix = |(rows, shape)| Array2::from_shape_vec(shape, rows).expect("a weight has its shape");
        let matrices = self.into_rows().into_iter().zip(shapes).map(matrix);
        PERCEPTRON.map(String::from).into_iter().zip(matrices).collect()
    }
}

impl ResidualMlp {
    /// Returns the weights by their names in the weight file.
    pub(crate) fn into_weights(self) -> Weights {
        let hidden = self.hidden.into_iter().map(|(weight, bias)| (weight, bias.insert_axis(Axis(0))));
        let output = (self.output.insert_axis(Axis(1)), Array2::from_elem((1, 1), self.output_bias));
        residual_weights(hidden.collect(), output)
    }
}

/// Names the weights, [d, d] and [1, d], of the hidden layers of a residual perceptron, and those of its output, [d, 1]
/// and [1, 1].
fn residual_weights(hidden: Vec<(Array2<f32>, Array2<f32>)>, output: (Array2<f32>, Array2<f32>)) -> Weights {
    let hidden = hidden.into_iter().enumerate().map(|(at, layer)| (hidden_name(at + 1), layer));
    let layers = hidden.chain([("output".to_string(), output)]);
    layers.flat_map(|(name, (weight, bias))| layer_names(&name).into_iter().zip([weight, bias])).collect()
}

fn hidden_name(layer: usize) -> String {
    format!("hidden{layer}")
}

fn layer_names(layer: &str) -> [String; 2] {
    [format!("decoder.{layer}.weight"), format!("decoder.{layer}.bias")]
}
