//! The models by name.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::config::{BaselineKind, DecoderKind, FeatureTransform, LossKind};
use crate::error::ParseError;

/// The model: an encoder and a latent, a stack of two encoders and closed-form scores, or a score without
/// training.
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
    /// The mean of propagations of X W, to a point, decoded by a deep perceptron (Ma et al. 2025).
    TunedGae,
    /// Linear, L2-normalised and scaled, then propagated, to a point (Ahn & Kim 2021).
    Gnae,
    /// The same as `Gnae`, with a Gaussian per node (Ahn & Kim 2021).
    Vgnae,
    /// A perceptron on the features alone, to a Gaussian, and a generator back (Kingma & Welling 2014).
    Vae,
    /// GCN to a point and a mass, for directed graphs (Salha et al. 2019).
    GravityGae,
    /// The same as `GravityGae`, with a Gaussian per node (Salha et al. 2019).
    GravityVgae,
    /// Two auto-encoders and closed-form scores, stacked by logistic regression (Ghasemian et al. 2020).
    Best,
    /// A score that needs no training.
    Baseline(BaselineKind),
}

impl ModelKind {
    /// Returns `true` if the model is for directed graphs: the score of (u, v) is not that of (v, u).
    pub fn is_directed(self) -> bool {
        matches!(self, ModelKind::GravityGae | ModelKind::GravityVgae)
    }

    /// Returns `true` if the model is one auto-encoder.
    pub fn is_network(self) -> bool {
        !matches!(self, ModelKind::Best | ModelKind::Baseline(_))
    }

    /// Returns `true` if the model is one variational auto-encoder.
    pub(crate) fn is_gaussian(self) -> bool {
        use ModelKind::{GravityVgae, LinearVgae, Vae, Vgae, Vgnae};
        matches!(self, Vgae | LinearVgae | Vgnae | Vae | GravityVgae)
    }

    /// Returns `true` if the model has hidden layers.
    pub(crate) fn has_hidden_layers(self) -> bool {
        use ModelKind::{Gnae, LinearGae, LinearVgae, TunedGae, Vgnae};
        self.is_network() && !matches!(self, LinearGae | LinearVgae | TunedGae | Gnae | Vgnae)
    }

    fn name(self) -> &'static str {
        match self {
            ModelKind::Gae => "gae",
            ModelKind::Vgae => "vgae",
            ModelKind::LinearGae => "linear-gae",
            ModelKind::LinearVgae => "linear-vgae",
            ModelKind::TunedGae => "tuned-gae",
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
            ModelKind::TunedGae => {
                "Â X W, Â² X W, … averaged, a point per node, decoded by a deep perceptron"
            }
            ModelKind::Gnae => "features scaled to norm 1, then propagated, a point per node",
            ModelKind::Vgnae => "features scaled to norm 1, then propagated, a Gaussian per node",
            ModelKind::Vae => "variational auto-encoder of the features, no graph",
            ModelKind::GravityGae => "GCN, a point and a mass per node, for directed graphs",
            ModelKind::GravityVgae => "GCN, a Gaussian and a mass per node, for directed graphs",
            ModelKind::Best => "two auto-encoders stacked with closed-form scores",
            ModelKind::Baseline(kind) => kind.help(),
        }
    }
}

/// The models that are trained; every [`BaselineKind`] is a model too.
const TRAINED: [ModelKind; 11] = [
    ModelKind::Gae,
    ModelKind::Vgae,
    ModelKind::LinearGae,
    ModelKind::LinearVgae,
    ModelKind::TunedGae,
    ModelKind::Gnae,
    ModelKind::Vgnae,
    ModelKind::Vae,
    ModelKind::GravityGae,
    ModelKind::GravityVgae,
    ModelKind::Best,
];

/// All models, in the order of `--help`.
static MODELS: LazyLock<Vec<ModelKind>> =
    LazyLock::new(|| TRAINED.into_iter().chain(BaselineKind::ALL.map(ModelKind::Baseline)).collect());

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
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let found = MODELS.iter().find(|kind| kind.name() == text);
        found.copied().ok_or_else(|| ParseError::new(text, "the name of a model, such as vgae, best or katz"))
    }
}

impl TryFrom<String> for ModelKind {
    type Error = ParseError;
    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

/// The default settings of a model.
pub(super) struct Recipe {
    pub(super) hidden: usize,
    pub(super) latent: usize,
    pub(super) layers: usize,
    pub(super) feature_transform: FeatureTransform,
    pub(super) dropout: f64,
    pub(super) decoder: DecoderKind,
    pub(super) epochs: usize,
    pub(super) learning_rate: f64,
    pub(super) loss: LossKind,
    pub(super) negatives_per_edge: usize,
    pub(super) mask_edges: f64,
    pub(super) patience: Option<usize>,
}

/// The settings of Kipf & Welling 2016, section 3.
const KIPF: Recipe = Recipe {
    hidden: 32,
    latent: 16,
    layers: 2,
    feature_transform: FeatureTransform::None,
    dropout: 0.0,
    decoder: DecoderKind::InnerProduct,
    epochs: 200,
    learning_rate: 0.01,
    loss: LossKind::Auto,
    negatives_per_edge: 1,
    mask_edges: 0.0,
    patience: None,
};

impl Recipe {
    pub(super) fn for_model(model: ModelKind) -> Recipe {
        match model {
            ModelKind::Gae | ModelKind::Vgae | ModelKind::Best | ModelKind::Baseline(_) => KIPF,
            // Salha et al. 2019, "Keep It Simple", section 4: as Kipf & Welling, without the hidden layer.
            ModelKind::LinearGae | ModelKind::LinearVgae => Recipe { layers: 1, ..KIPF },
            // Ma, Wang & Zhang 2025: the settings of their code, with one width, depth and rate for all graphs.
            ModelKind::TunedGae => Recipe {
                latent: 256,
                feature_transform: FeatureTransform::Tfidf,
                dropout: 0.5,
                decoder: DecoderKind::ResidualMlp,
                epochs: 500,
                learning_rate: 0.002,
                negatives_per_edge: 3,
                mask_edges: 0.5,
                patience: Some(100),
                ..KIPF
            },
            // Ahn & Kim 2021, and their code.
            ModelKind::Gnae | ModelKind::Vgnae => Recipe {
                latent: 128,
                layers: 1,
                feature_transform: FeatureTransform::Row,
                epochs: 300,
                learning_rate: 0.005,
                loss: LossKind::Sampled,
                ..KIPF
            },
            ModelKind::Vae => Recipe { hidden: 256, epochs: 100, learning_rate: 0.001, ..KIPF },
            // Salha et al. 2019, "Gravity-Inspired", section 4.1.
            ModelKind::GravityGae | ModelKind::GravityVgae => {
                Recipe { hidden: 64, latent: 32, learning_rate: 0.1, ..KIPF }
            }
        }
    }
}
