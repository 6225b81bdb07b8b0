//! What is trained: an encoder, a latent and a decoder, chosen by name, and the sizes of their layers.

use serde::{Deserialize, Serialize};

use crate::config::recipe::Recipe;
use crate::config::{FeatureTransform, ModelKind};

/// What is trained. What is `None` is the model's own recipe, which [`crate::config::Config::resolved`] fills in.
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
/// // What is left open is the model's own recipe.
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
    /// Which model
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t))]
    pub model: ModelKind,
    /// Width of a hidden layer [default: 32; vae 256, gravity-* 64]
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "WIDTH"))]
    pub hidden: Option<usize>,
    /// Number of latent dimensions: the length of an embedding [default: 16; gnae and vgnae 128, gravity-* 32]
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "WIDTH"))]
    pub latent: Option<usize>,
    /// Graph convolutions of a GCN; for linear-* and *gnae, propagations; for vae, layers of the encoder
    /// [default: 2; linear-* and *gnae 1]
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "COUNT"))]
    pub layers: Option<usize>,
    /// Add a learnt number to each column of a layer of a GCN or linear-*, as PyTorch Geometric does; the paper has none
    #[cfg_attr(feature = "clap", arg(long))]
    #[serde(default)]
    pub bias: bool,
    /// Fraction of each layer's inputs that an epoch of training leaves out
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "FRACTION", default_value_t = Self::default().dropout))]
    pub dropout: f64,
    /// What is done to the features first: `row` divides each row by its sum, `tfidf` weights columns by
    /// rarity and gives each row the length 1 [default: none; gnae and vgnae row]
    #[cfg_attr(feature = "clap", arg(long, value_enum, value_name = "TRANSFORM"))]
    pub feature_transform: Option<FeatureTransform>,
    /// Score by the cosine of two embeddings times a learnt temperature, instead of their inner product
    #[cfg_attr(feature = "clap", arg(long))]
    pub normalize_embeddings: bool,
    /// What scores a pair: the inner product of its embeddings, or a perceptron of their Hadamard product
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t))]
    pub decoder: DecoderKind,
    /// How strongly distance counts against mass in gravity-*: λ of the paper
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "LAMBDA", default_value_t = Self::default().gravity_lambda))]
    pub gravity_lambda: f64,
    /// What the features of a vae are: zeros and ones, or numbers; `auto` looks at them
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
            dropout: 0.0,
            feature_transform: None,
            normalize_embeddings: false,
            decoder: DecoderKind::default(),
            gravity_lambda: 1.0,
            likelihood: Likelihood::default(),
        }
    }
}

impl ModelConfig {
    /// Width of a hidden layer, h.
    pub fn hidden(&self) -> usize {
        self.hidden.unwrap_or(Recipe::of(self.model).hidden)
    }

    /// Number of latent dimensions, d.
    pub fn latent(&self) -> usize {
        self.latent.unwrap_or(Recipe::of(self.model).latent)
    }

    /// Number of convolutions, propagations or layers.
    pub fn layers(&self) -> usize {
        self.layers.unwrap_or(Recipe::of(self.model).layers)
    }

    /// What is done to the features first.
    pub fn feature_transform(&self) -> FeatureTransform {
        self.feature_transform.unwrap_or(Recipe::of(self.model).feature_transform)
    }
}

/// What gives a pair its logit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum DecoderKind {
    /// z_u · z_v.
    #[default]
    InnerProduct,
    /// A perceptron with one hidden layer on z_u ∘ z_v.
    HadamardMlp,
}

/// How a generator's output is compared with the features.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum Likelihood {
    /// Bernoulli where every feature is 0 or 1, else Gaussian.
    #[default]
    Auto,
    /// Zeros and ones.
    Bernoulli,
    /// Numbers, normal around the generator's output with one learnt variance.
    Gaussian,
}
