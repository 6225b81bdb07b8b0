//! The settings of the model: its encoder, latent and decoder by name, and the sizes of their layers.

use serde::{Deserialize, Serialize};

use crate::config::model_kind::Recipe;
use crate::config::{DecoderKind, FeatureTransform, ModelKind};

/// The settings of the model. `None` means the default of the model, which [`crate::config::Config::resolved`]
/// fills in.
///
/// # Examples
/// ```
/// use vgae::config::{Config, FeatureSource, FeatureTransform, LossKind, ModelConfig, ModelKind, ReadConfig};
///
/// let config = Config {
///     read: ReadConfig { features: FeatureSource::None, ..ReadConfig::default() },
///     model: ModelConfig { model: ModelKind::Gnae, latent: Some(64), ..ModelConfig::default() },
///     seed: 7,
///     ..Config::default()
/// };
/// config.validate()?;
/// // Settings that are `None` have the default of the model.
/// assert_eq!((config.epochs(), config.learning_rate(), config.loss()), (300, 0.005, LossKind::Sampled));
/// assert_eq!(config.model.feature_transform(), FeatureTransform::Row);
/// let resolved = config.resolved(2708);
/// assert_eq!((resolved.model.layers, resolved.train.epochs), (Some(1), Some(300)));
/// config.validate_for(2708)?;
/// # Ok::<(), vgae::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "clap", command(next_help_heading = "Model"))]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// The model
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t))]
    pub model: ModelKind,
    /// Width of a hidden layer [default: 32; vae 256, gravity-* 64]
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "WIDTH"))]
    pub hidden: Option<usize>,
    /// Number of latent dimensions: the length of an embedding [default: 16; gnae and vgnae 128, gravity-*
    /// 32, tuned-gae 256]
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "WIDTH"))]
    pub latent: Option<usize>,
    /// Number of layers: graph convolutions in a GCN, propagations in linear-*, *gnae and tuned-gae, encoder
    /// layers in vae [default: 2; linear-* and *gnae 1]
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "COUNT"))]
    pub layers: Option<usize>,
    /// Add biases to the layers of a GCN or linear-* model, as PyTorch Geometric does. The models in the
    /// paper have no biases
    #[cfg_attr(feature = "clap", arg(long))]
    #[serde(default)]
    pub bias: bool,
    /// Layer normalisation: scale each node's row to mean 0 and variance 1 between two layers of a GCN, or
    /// between two propagations of linear-gae
    #[cfg_attr(feature = "clap", arg(long))]
    #[serde(default)]
    pub layer_norm: bool,
    /// Average the embeddings after each propagation of linear-gae, instead of taking those after the last
    #[cfg_attr(feature = "clap", arg(long))]
    #[serde(default)]
    pub average_layers: bool,
    /// Dropout: the fraction of each layer's inputs to drop in each epoch [default: 0; tuned-gae 0.5]
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "FRACTION"))]
    pub dropout: Option<f64>,
    /// Transform of the features [default: none; row for gnae and vgnae, tfidf for tuned-gae]
    #[cfg_attr(feature = "clap", arg(long, value_enum, value_name = "TRANSFORM"))]
    pub feature_transform: Option<FeatureTransform>,
    /// Score a pair by the cosine of its two embeddings, times a learnt temperature, instead of by their
    /// inner product
    #[cfg_attr(feature = "clap", arg(long))]
    pub normalize_embeddings: bool,
    /// The decoder, which computes the score of a pair from its two embeddings [default: inner-product;
    /// tuned-gae residual-mlp]
    #[cfg_attr(feature = "clap", arg(long, value_enum))]
    pub decoder: Option<DecoderKind>,
    /// Number of layers of the decoder residual-mlp, the last of which computes the score [default: 2]
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "COUNT"))]
    #[serde(default)]
    pub decoder_layers: Option<usize>,
    /// Weight of the distance relative to the mass in gravity-* models: λ in the paper
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "LAMBDA", default_value_t = Self::default().gravity_lambda))]
    pub gravity_lambda: f64,
    /// Distribution of the features of a vae
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t))]
    pub likelihood: Likelihood,
}

impl Default for ModelConfig {
    fn default() -> Self {
        ModelConfig {
            model: ModelKind::default(),
            hidden: None,
            latent: None,
            layers: None,
            bias: false,
            layer_norm: false,
            average_layers: false,
            dropout: None,
            feature_transform: None,
            normalize_embeddings: false,
            decoder: None,
            decoder_layers: None,
            gravity_lambda: 1.0,
            likelihood: Likelihood::default(),
        }
    }
}

impl ModelConfig {
    /// Returns the width of a hidden layer, h.
    pub fn hidden(&self) -> usize {
        self.hidden.unwrap_or(Recipe::for_model(self.model).hidden)
    }

    /// Returns the number of latent dimensions, d.
    pub fn latent(&self) -> usize {
        self.latent.unwrap_or(Recipe::for_model(self.model).latent)
    }

    /// Returns the number of convolutions, propagations or layers.
    pub fn layers(&self) -> usize {
        self.layers.unwrap_or(Recipe::for_model(self.model).layers)
    }

    /// Returns the transform of the features.
    pub fn feature_transform(&self) -> FeatureTransform {
        self.feature_transform.unwrap_or(Recipe::for_model(self.model).feature_transform)
    }

    /// Returns the fraction of each layer's inputs that is dropped in an epoch.
    pub fn dropout(&self) -> f64 {
        self.dropout.unwrap_or(Recipe::for_model(self.model).dropout)
    }

    /// Returns the decoder.
    pub fn decoder(&self) -> DecoderKind {
        self.decoder.unwrap_or(Recipe::for_model(self.model).decoder)
    }

    /// Returns the number of layers of the decoder residual-mlp.
    pub fn decoder_layers(&self) -> usize {
        self.decoder_layers.unwrap_or(2)
    }

    /// Returns `true` if rows are normalised between layers.
    pub fn has_layer_norm(&self) -> bool {
        self.layer_norm || self.model == ModelKind::TunedGae
    }

    /// Returns `true` if the embeddings are the mean of those after each propagation.
    pub fn averages_layers(&self) -> bool {
        self.average_layers || self.model == ModelKind::TunedGae
    }
}

/// The distribution p(x | z) of the features of a vae.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum Likelihood {
    /// Bernoulli if every feature is 0 or 1, otherwise Gaussian
    #[default]
    Auto,
    /// Each feature is 0 or 1
    Bernoulli,
    /// Each feature is a number, normally distributed around the decoder's output with one learnt variance
    Gaussian,
}
