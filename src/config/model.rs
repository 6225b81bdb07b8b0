//! What is trained: an encoder, a latent and a decoder, chosen by name, and the sizes of their layers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::config::recipe::Recipe;
use crate::config::{BaselineKind, FeatureTransform};

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
/// # Ok::<(), vgae_report::Error>(())
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

/// Which model: an encoder and a latent; a stack of two encoders and closed-form scores; or a baseline that
/// needs no training.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum ModelKind {
    /// GCN to a point per node (Kipf & Welling 2016).
    Gae,
    /// GCN to a Gaussian per node (Kipf & Welling 2016).
    #[default]
    Vgae,
    /// Â X W to a point (Salha et al. 2019).
    LinearGae,
    /// Â X W to a Gaussian (Salha et al. 2019).
    LinearVgae,
    /// Linear, L2-normalised and scaled, then propagated, to a point (Ahn & Kim 2021).
    Gnae,
    /// The same to a Gaussian (Ahn & Kim 2021).
    Vgnae,
    /// A perceptron on the features alone, to a Gaussian, and a generator back (Kingma & Welling 2014).
    Vae,
    /// GCN to a point and a mass, for directed graphs (Salha et al. 2019).
    GravityGae,
    /// The same to a Gaussian (Salha et al. 2019).
    GravityVgae,
    /// Two auto-encoders and closed-form scores, stacked by logistic regression (Ghasemian et al. 2020).
    Best,
    /// A score that needs no training.
    Baseline(BaselineKind),
}

impl ModelKind {
    /// Whether it is for directed graphs: the score of (u, v) is not that of (v, u).
    pub fn is_directed(self) -> bool {
        matches!(self, ModelKind::GravityGae | ModelKind::GravityVgae)
    }

    /// Whether an auto-encoder is trained, alone.
    pub fn is_network(self) -> bool {
        !matches!(self, ModelKind::Best | ModelKind::Baseline(_))
    }

    /// Whether an auto-encoder is trained whose nodes are Gaussians: it is variational.
    pub(crate) fn is_gaussian(self) -> bool {
        use ModelKind::{GravityVgae, LinearVgae, Vae, Vgae, Vgnae};
        matches!(self, Vgae | LinearVgae | Vgnae | Vae | GravityVgae)
    }

    /// Whether `--hidden` is the width of anything.
    pub(crate) fn has_hidden_layers(self) -> bool {
        use ModelKind::{Gnae, LinearGae, LinearVgae, Vgnae};
        self.is_network() && !matches!(self, LinearGae | LinearVgae | Gnae | Vgnae)
    }

    fn name(self) -> &'static str {
        match self {
            ModelKind::Gae => "gae",
            ModelKind::Vgae => "vgae",
            ModelKind::LinearGae => "linear-gae",
            ModelKind::LinearVgae => "linear-vgae",
            ModelKind::Gnae => "gnae",
            ModelKind::Vgnae => "vgnae",
            ModelKind::Vae => "vae",
            ModelKind::GravityGae => "gravity-gae",
            ModelKind::GravityVgae => "gravity-vgae",
            ModelKind::Best => "best",
            ModelKind::Baseline(kind) => kind.name(),
        }
    }

    #[cfg(feature = "clap")]
    fn help(self) -> &'static str {
        match self {
            ModelKind::Gae => "two-layer GCN, a point per node",
            ModelKind::Vgae => "two-layer GCN, a Gaussian per node",
            ModelKind::LinearGae => "Â X W, a point per node",
            ModelKind::LinearVgae => "Â X W, a Gaussian per node",
            ModelKind::Gnae => "normalised, then propagated, a point per node",
            ModelKind::Vgnae => "normalised, then propagated, a Gaussian per node",
            ModelKind::Vae => "variational auto-encoder of the features, no graph",
            ModelKind::GravityGae => "GCN, a point and a mass per node, for --directed graphs",
            ModelKind::GravityVgae => "GCN, a Gaussian and a mass per node, for --directed graphs",
            ModelKind::Best => "two auto-encoders stacked with closed-form scores",
            ModelKind::Baseline(_) => "no training",
        }
    }
}

const MODELS: [ModelKind; 20] = [
    ModelKind::Gae,
    ModelKind::Vgae,
    ModelKind::LinearGae,
    ModelKind::LinearVgae,
    ModelKind::Gnae,
    ModelKind::Vgnae,
    ModelKind::Vae,
    ModelKind::GravityGae,
    ModelKind::GravityVgae,
    ModelKind::Best,
    ModelKind::Baseline(BaselineKind::CommonNeighbours),
    ModelKind::Baseline(BaselineKind::Jaccard),
    ModelKind::Baseline(BaselineKind::AdamicAdar),
    ModelKind::Baseline(BaselineKind::ResourceAllocation),
    ModelKind::Baseline(BaselineKind::PreferentialAttachment),
    ModelKind::Baseline(BaselineKind::Katz),
    ModelKind::Baseline(BaselineKind::PersonalizedPagerank),
    ModelKind::Baseline(BaselineKind::Spectral),
    ModelKind::Baseline(BaselineKind::FeatureCosine),
    ModelKind::Baseline(BaselineKind::PropagatedCosine),
];

#[cfg(feature = "clap")]
impl clap::ValueEnum for ModelKind {
    fn value_variants<'a>() -> &'a [Self] {
        &MODELS
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name()).help(self.help()))
    }
}

impl fmt::Display for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<ModelKind> for String {
    fn from(kind: ModelKind) -> Self {
        kind.name().into()
    }
}

impl FromStr for ModelKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = MODELS.iter().find(|kind| kind.name() == text);
        found.copied().ok_or_else(|| format!("{text:?} is no model of this version"))
    }
}

impl TryFrom<String> for ModelKind {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
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
