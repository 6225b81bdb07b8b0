//! Every setting, once: the options of the library, the flags of the program and the record in `run.json`.
//! Uses `error`.

mod checkpoints;
mod decoder;
mod device;
mod fold;
pub(crate) mod format;
mod model;
mod model_kind;
mod read;
mod relevance;
mod scores;
mod split;
mod train;
mod validate;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use checkpoints::CheckpointPeriod;
pub use decoder::DecoderKind;
pub use device::DeviceChoice;
pub use fold::Fold;
pub use format::{EdgeFormat, EmbeddingFormat};
pub use model::{Likelihood, ModelConfig};
pub use model_kind::ModelKind;
use model_kind::Recipe;
pub use read::{FeatureSource, Header, NodeColumns, ReadConfig};
pub use scores::{BaselineKind, FeatureTransform};
pub use split::{DirectedTask, SplitConfig};
pub use train::{KlWeight, LossKind, Objective, Select, TrainConfig};

/// Every setting that, with the data, decides the outcome of a training.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The settings of reading.
    #[cfg_attr(feature = "clap", command(flatten))]
    pub read: ReadConfig,
    /// The settings of the split.
    #[cfg_attr(feature = "clap", command(flatten))]
    pub split: SplitConfig,
    /// The settings of the model.
    #[cfg_attr(feature = "clap", command(flatten))]
    pub model: ModelConfig,
    /// The settings of training.
    #[cfg_attr(feature = "clap", command(flatten))]
    pub train: TrainConfig,
    /// Calibrate probabilities on the validation part, at the edge density of the graph. Later verbs report
    /// the calibrated probabilities instead of sigmoid(logit)
    #[cfg_attr(feature = "clap", arg(long, value_enum, value_name = "METHOD", help_heading = "Evaluation"))]
    #[serde(default)]
    pub calibrate: Option<Calibration>,
    /// Seed of the split, the initial weights and the noise in training
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, default_value_t, help_heading = "Training")
    )]
    pub seed: u64,
}

impl Config {
    /// Returns these settings with the defaults of the model, and of a graph of `num_nodes`, filled in, as `run.json`
    /// records them.
    pub fn resolved(&self, num_nodes: usize) -> Config {
        let mut config = self.clone();
        let model = &mut config.model;
        if model.model.is_network() {
            if model.model.has_hidden_layers() {
                model.hidden = Some(self.model.hidden());
            }
            model.latent = Some(self.model.latent());
            model.layers = Some(self.model.layers());
            model.feature_transform = Some(self.model.feature_transform());
            model.dropout = Some(self.model.dropout());
            if model.model != ModelKind::Vae && !model.model.is_directed() {
                model.decoder = Some(self.model.decoder());
            }
            if model.decoder == Some(DecoderKind::ResidualMlp) {
                model.decoder_layers = Some(self.model.decoder_layers());
            }
            config.train.epochs = Some(self.epochs());
            config.train.learning_rate = Some(self.learning_rate());
            if model.model != ModelKind::Vae {
                config.train.loss = Some(self.loss().for_graph(num_nodes));
                config.train.mask_edges = Some(self.mask_edges());
            }
            if matches!(config.train.loss, Some(LossKind::Sampled | LossKind::Reweighted)) {
                config.train.negatives_per_edge = Some(self.negatives_per_edge());
            }
            config.train.patience = self.patience();
            config.train.select = Some(self.select());
        }
        if self.model.model == ModelKind::Best {
            config.train.objective = Some(self.objective());
        }
        config
    }

    /// Returns what the model `best` is fitted for.
    pub fn objective(&self) -> Objective {
        self.train.objective.unwrap_or_default()
    }

    /// Returns the maximum number of epochs.
    pub fn epochs(&self) -> usize {
        self.train.epochs.unwrap_or(Recipe::for_model(self.model.model).epochs)
    }

    /// Returns the step size of Adam.
    pub fn learning_rate(&self) -> f64 {
        self.train.learning_rate.unwrap_or(Recipe::for_model(self.model.model).learning_rate)
    }

    /// Returns the number of negatives that a sampled loss draws for each edge.
    pub fn negatives_per_edge(&self) -> usize {
        self.train.negatives_per_edge.unwrap_or(Recipe::for_model(self.model.model).negatives_per_edge)
    }

    /// Returns the fraction of the training edges that is hidden from message passing in an epoch.
    pub fn mask_edges(&self) -> f64 {
        self.train.mask_edges.unwrap_or(Recipe::for_model(self.model.model).mask_edges)
    }

    /// Returns the number of validations without improvement after which training stops, or `None` if it never does.
    /// A recipe stops early only if there are validation edges and no other epoch is asked for.
    pub fn patience(&self) -> Option<usize> {
        let can_stop = self.train.select != Some(Select::Last) && self.split.val_fraction > 0.0;
        let recipe = Recipe::for_model(self.model.model).patience.filter(|_| can_stop);
        self.train.patience.or(recipe)
    }

    /// Returns the epoch whose weights are kept.
    ///
    /// # Examples
    /// ```
    /// use vgae::config::{Config, Select};
    ///
    /// let mut config = Config::default();
    /// assert_eq!(config.select(), Select::Auto);
    /// config.train.patience = Some(5);
    /// assert_eq!(config.select(), Select::Best);
    /// ```
    pub fn select(&self) -> Select {
        match (self.train.select, self.patience()) {
            (Some(select), _) => select,
            (None, Some(_)) => Select::Best,
            (None, None) if self.model.model == ModelKind::Vae => Select::Last,
            (None, None) => Select::Auto,
        }
    }

    /// Returns the reconstruction loss, which may still be [`LossKind::Auto`]; see [`LossKind::for_graph`].
    pub fn loss(&self) -> LossKind {
        match (self.train.loss.unwrap_or(LossKind::Auto), self.model.decoder()) {
            (LossKind::Auto, DecoderKind::HadamardMlp | DecoderKind::ResidualMlp) => LossKind::Sampled,
            (LossKind::Auto, DecoderKind::InnerProduct) => Recipe::for_model(self.model.model).loss,
            (chosen, _) => chosen,
        }
    }
}

/// The function fitted to the logits of the validation part; see [`crate::evaluate::calibrate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum Calibration {
    /// A non-decreasing function; needs hundreds of validation edges
    Isotonic,
    /// A sigmoid with two parameters; works with few validation edges
    Platt,
}

impl fmt::Display for Calibration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Calibration::Isotonic => "isotonic",
            Calibration::Platt => "platt",
        })
    }
}
