//! Graph auto-encoders, composed of an encoder, a latent (point or Gaussian) and a decoder.
//!
//! # Examples
//! ```
//! use rand::SeedableRng;
//! use vgae::config::ModelConfig;
//! use vgae::graph::EdgeList;
//! use vgae::model::network::Network;
//!
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
//! let edges = EdgeList::new(3, vec![(0, 1), (1, 2)], None).0;
//! // X = I: as many features as nodes.
//! let mut network = Network::new(&ModelConfig::default(), 3, &mut rng);
//! let embeddings = network.encode(&edges, None);
//! assert_eq!(embeddings.mean.dim(), (3, network.config().latent()));
//! assert!(embeddings.log_variance.is_some(), "a VGAE has a Gaussian latent");
//! assert_eq!(network.decoder(), vgae::model::decoder::Decoder::InnerProduct);
//! let weights = network.weights().clone();
//! network.set_weights(weights).unwrap();
//! ```

mod pass;
#[cfg(feature = "torch")]
mod torch;

use ndarray::{Array2, ArrayView2, s};
use rand::Rng;

use crate::config::{self, ModelConfig};
use crate::graph::{EdgeList, Features};
use crate::kernels::tape::Buffers;
use crate::model::decoder::{Coordinates, Decoder, HadamardMlp};
use crate::model::encoder::{Encoder, Inputs, Sizes, glorot, zero_bias};

pub use crate::kernels::tape::Weights;
pub(crate) use pass::{Encoding, Pass, Seeds, Terms};
#[cfg(feature = "torch")]
pub(crate) use torch::TorchTrainer;

/// The embeddings of n nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Embeddings {
    /// μ, [n, d], from which links are decoded; for a point latent, the point itself. If nodes have a mass,
    /// [n, d + 1] with the mass in the last column.
    pub mean: Array2<f32>,
    /// log σ², [n, d]; `None` for a point latent.
    pub log_variance: Option<Array2<f32>>,
}

/// The kind of latent that is computed from the encoder's heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Latent {
    /// A point: the only head is z.
    Point,
    /// A Gaussian with two heads: z = μ + σ·ε (Kingma & Welling 2014, section 2.4).
    Gaussian,
}

/// The kind of decoder; [`Decoder`] also holds its weights.
#[derive(Debug, Clone, Copy, PartialEq)]
enum DecoderKind {
    InnerProduct,
    /// The cosine, with the weight [`LOG_TEMPERATURE`].
    Cosine,
    /// The gravity-inspired decoder, for which the last column of z is the mass.
    Gravity {
        lambda: f64,
        coordinates: Coordinates,
    },
    /// The perceptron, with the weights [`PERCEPTRON`].
    HadamardMlp,
}

/// The name of the logarithm of a cosine decoder's temperature, [1, 1].
const LOG_TEMPERATURE: &str = "decoder.log_temperature";
/// The names of a perceptron's W, [d, k]; b, [1, k]; w, [k, 1]; and c, [1, 1].
const PERCEPTRON: [&str; 4] =
    ["decoder.hidden.weight", "decoder.hidden.bias", "decoder.output.weight", "decoder.output.bias"];

/// The initial temperature of a cosine decoder.
const INITIAL_TEMPERATURE: f32 = 5.0;

/// A graph auto-encoder with its weights.
pub struct Network {
    weights: Weights,
    encoder: Encoder,
    latent: Latent,
    decoder: DecoderKind,
    config: ModelConfig,
}

impl Network {
    /// Builds a network with initial weights for `num_features` features, which is n if X = I.
    pub fn new(config: &ModelConfig, num_features: usize, rng: &mut impl Rng) -> Self {
        let (latent, num_heads) =
            if config.model.is_gaussian() { (Latent::Gaussian, 2) } else { (Latent::Point, 1) };
        let mut weights = Weights::new();
        let width = config.latent() + usize::from(config.model.is_directed());
        let sizes = Sizes { num_features, num_heads, width };
        let encoder = Encoder::new(sizes, config, &mut weights, rng);
        let decoder = match (config.decoder, config.normalize_embeddings) {
            (_, normalize_embeddings) if config.model.is_directed() => DecoderKind::Gravity {
                lambda: config.gravity_lambda,
                coordinates: if normalize_embeddings { Coordinates::Unit } else { Coordinates::Free },
            },
            (config::DecoderKind::InnerProduct, false) => DecoderKind::InnerProduct,
            (config::DecoderKind::InnerProduct, true) => {
                let start = Array2::from_elem((1, 1), INITIAL_TEMPERATURE.ln());
                weights.insert(LOG_TEMPERATURE.into(), start);
                DecoderKind::Cosine
            }
            (config::DecoderKind::HadamardMlp, _) => {
                let (d, k) = (config.latent(), config.latent().div_ceil(2).max(8));
                let fresh = [glorot(d, k, rng), zero_bias(k), glorot(k, 1, rng), zero_bias(1)];
                weights.extend(PERCEPTRON.iter().map(|name| name.to_string()).zip(fresh));
                DecoderKind::HadamardMlp
            }
        };
        Network { weights, encoder, latent, decoder, config: config.clone() }
    }

    /// Returns the configuration of the network.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Computes the embeddings of the graph with message passing over `edges` and X = `features`, [n, f], or
    /// X = I for `None`. O(nonzeros of X and Â · h) time.
    pub fn encode(&self, edges: &EdgeList, features: Option<&Features>) -> Embeddings {
        self.embed(&Inputs::new(edges, features, &self.config))
    }

    /// Computes the embeddings of the graph of `inputs`. O(nonzeros · h) time.
    pub(crate) fn embed(&self, inputs: &Inputs) -> Embeddings {
        self.begin(inputs, &mut Buffers::default()).0
    }

    /// Splits the encoder's heads, [n, heads · width], into mean and log-variance.
    fn embeddings(&self, heads: ArrayView2<f32>) -> Embeddings {
        match self.latent {
            Latent::Point => Embeddings { mean: heads.to_owned(), log_variance: None },
            Latent::Gaussian => {
                let d = heads.ncols() / 2;
                let [mean, log_variance] = [0..d, d..2 * d].map(|columns| heads.slice(s![.., columns]));
                Embeddings { mean: mean.to_owned(), log_variance: Some(log_variance.to_owned()) }
            }
        }
    }

    /// Returns the decoder with its weights.
    pub fn decoder(&self) -> Decoder {
        match self.decoder {
            DecoderKind::InnerProduct => Decoder::InnerProduct,
            DecoderKind::Gravity { lambda, coordinates } => Decoder::Gravity { lambda, coordinates },
            DecoderKind::Cosine => {
                Decoder::Cosine { temperature: f64::from(self.weights[LOG_TEMPERATURE][[0, 0]]).exp() }
            }
            DecoderKind::HadamardMlp => Decoder::HadamardMlp(self.perceptron()),
        }
    }

    fn perceptron(&self) -> HadamardMlp {
        HadamardMlp::from_rows(PERCEPTRON.map(|name| self.weights[name].iter().copied().collect()))
    }

    /// Returns the weights by name, such as `encoder.gcn1.weight`, [f, h].
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Returns the weights for an update, which must not change their names or shapes.
    pub(crate) fn weights_mut(&mut self) -> &mut Weights {
        &mut self.weights
    }

    /// Replaces the weights by `weights`, which must have exactly the names and shapes of
    /// [`Network::weights`] and contain only finite numbers.
    ///
    /// # Errors
    /// Returns a sentence that names the first weight that does not fit, what was found and what was
    /// expected.
    pub fn set_weights(&mut self, weights: Weights) -> std::result::Result<(), String> {
        check_weights(&weights, &self.weights, &self.config.model.to_string())?;
        self.weights = weights;
        Ok(())
    }

    /// Returns `true` if every weight is finite.
    pub(crate) fn is_finite(&self) -> bool {
        are_finite(&self.weights)
    }
}

/// Returns `true` if every weight is finite.
pub(crate) fn are_finite(weights: &Weights) -> bool {
    weights.values().all(|weight| weight.iter().all(|value| value.is_finite()))
}

/// Checks that the weights `found` fit a `model` whose weights are `expected`.
///
/// # Errors
/// Returns the errors of [`Network::set_weights`].
pub(crate) fn check_weights(
    found: &Weights,
    expected: &Weights,
    model: &str,
) -> std::result::Result<(), String> {
    if let Some(name) = found.keys().find(|name| !expected.contains_key(*name)) {
        return Err(format!("{name} is unknown; a {model} has no such weight"));
    }
    for (name, expected) in expected {
        let Some(weight) = found.get(name) else {
            return Err(format!("{name} is missing"));
        };
        let (found, expected) = (weight.shape(), expected.shape());
        if found != expected {
            return Err(format!("{name} is {found:?}; run.json expects {expected:?}"));
        }
        if let Some(at) = weight.iter().position(|value| !value.is_finite()) {
            let columns = weight.ncols();
            return Err(format!("{name}[{}, {}] is not finite", at / columns, at % columns));
        }
    }
    Ok(())
}
