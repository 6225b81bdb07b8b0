//! The decoder of a network: chosen by the settings, with its weights by name.

use std::ops::Range;

use ndarray::Array2;
use rand::Rng;

use super::{Coordinates, Decoder, HadamardMlp};
use crate::config::{DecoderKind, ModelConfig};
use crate::kernels::tape::Weights;
use crate::model::encoder::{glorot, zero_bias};

/// The name of the logarithm of a cosine decoder's temperature, [1, 1].
pub(crate) const LOG_TEMPERATURE: &str = "decoder.log_temperature";
/// The names of a perceptron's W, [d, k]; b, [1, k]; w, [k, 1]; and c, [1, 1].
pub(crate) const PERCEPTRON: [&str; 4] =
    ["decoder.hidden.weight", "decoder.hidden.bias", "decoder.output.weight", "decoder.output.bias"];

/// The initial temperature of a cosine decoder.
const INITIAL_TEMPERATURE: f32 = 5.0;

impl Decoder {
    /// Returns the initial weights of the decoder of `config`; the inner product and the gravity decoder have none.
    pub(crate) fn initial_weights(config: &ModelConfig, rng: &mut impl Rng) -> Weights {
        match (config.decoder, config.normalize_embeddings) {
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
        }
    }

    /// Builds the decoder of `config` from `weights`, which contain those of [`Decoder::initial_weights`].
    pub(crate) fn from_weights(config: &ModelConfig, weights: &Weights) -> Decoder {
        match (config.decoder, config.normalize_embeddings) {
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
            Decoder::InnerProduct | Decoder::HadamardMlp(_) => None,
        }
    }
}
