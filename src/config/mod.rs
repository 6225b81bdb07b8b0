//! Every setting, once: the options of the library, the flags of the program and the record in `run.json`.
//! Uses `error`.

mod calibration;
mod checkpoints;
mod device;
mod directed_task;
pub(crate) mod format;
mod kinds;
mod model;
mod model_kind;
mod recipe;
mod relevance;
mod scores;
mod train;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

pub use calibration::Calibration;
pub use checkpoints::CheckpointPeriod;
pub use device::DeviceChoice;
pub use directed_task::DirectedTask;
pub use format::{EdgeFormat, EmbeddingFormat};
pub use model::{DecoderKind, Likelihood, ModelConfig};
pub use model_kind::ModelKind;
use recipe::Recipe;
pub use scores::{BaselineKind, FeatureTransform};
pub use train::{KlWeight, LossKind, Select, TrainConfig};

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
    /// Calibrate probabilities on the validation part, at the density of edges in the graph; later verbs report them
    /// instead of sigmoid(logit)
    #[cfg_attr(feature = "clap", arg(long, value_enum, value_name = "METHOD", help_heading = "Evaluation"))]
    #[serde(default)]
    pub calibrate: Option<Calibration>,
    /// Seed of the split, the initial weights and the training noise
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, default_value_t, help_heading = "Training")
    )]
    pub seed: u64,
}

impl Config {
    /// Checks the range of each setting and the settings that depend on each other.
    ///
    /// # Errors
    /// [`Error::Config`] names the setting, its value and its range.
    pub fn validate(&self) -> Result<()> {
        let SplitConfig { val_fraction, test_fraction, .. } = self.split;
        for (flag, value) in
            [("`split.val_fraction`", val_fraction), ("`split.test_fraction`", test_fraction)]
        {
            require((0.0..1.0).contains(&value), flag, value, "a fraction of at least 0 and below 1")?;
        }
        if val_fraction + test_fraction >= 1.0 {
            return Err(Error::Config(format!(
                "`split.val_fraction = {val_fraction}` and `split.test_fraction = {test_fraction}` add up to {}; must stay below 1",
                val_fraction + test_fraction
            )));
        }
        if let (Some(method), true) = (self.calibrate, val_fraction == 0.0) {
            let problem = format!("`calibrate = {method}` needs validation edges; `split.val_fraction` is 0");
            return Err(Error::Config(problem));
        }
        self.validate_relevance()?;
        self.validate_kinds()?;
        self.validate_model()?;
        self.validate_training()
    }

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
            config.train.epochs = Some(self.epochs());
            config.train.learning_rate = Some(self.learning_rate());
            if model.model != ModelKind::Vae {
                config.train.loss = Some(self.loss().for_graph(num_nodes));
            }
            config.train.select = Some(self.train.select());
        }
        config
    }

    /// Returns the maximum number of epochs.
    pub fn epochs(&self) -> usize {
        self.train.epochs.unwrap_or(Recipe::of(self.model.model).epochs)
    }

    /// Returns the step size of Adam.
    pub fn learning_rate(&self) -> f64 {
        self.train.learning_rate.unwrap_or(Recipe::of(self.model.model).learning_rate)
    }

    /// Returns the reconstruction loss, which may still be [`LossKind::Auto`]; see [`LossKind::for_graph`].
    pub fn loss(&self) -> LossKind {
        match (self.train.loss.unwrap_or(LossKind::Auto), self.model.decoder) {
            (LossKind::Auto, DecoderKind::HadamardMlp) => LossKind::Sampled,
            (LossKind::Auto, DecoderKind::InnerProduct) => Recipe::of(self.model.model).loss,
            (chosen, _) => chosen,
        }
    }

    fn validate_model(&self) -> Result<()> {
        let ModelConfig { dropout, gravity_lambda, decoder, normalize_embeddings, .. } = self.model;
        let model = self.model.model;
        let width = |value: usize| (1..=65536).contains(&value);
        require(width(self.model.hidden()), "`model.hidden`", self.model.hidden(), "1 to 65536")?;
        require(width(self.model.latent()), "`model.latent`", self.model.latent(), "1 to 65536")?;
        let layers = self.model.layers();
        require((1..=64).contains(&layers), "`model.layers`", layers, "1 to 64")?;
        require(
            (0.0..1.0).contains(&dropout),
            "`model.dropout`",
            dropout,
            "a fraction of at least 0 and below 1",
        )?;
        let is_fit = gravity_lambda.is_finite() && gravity_lambda > 0.0;
        require(is_fit, "`model.gravity_lambda`", gravity_lambda, "a number above 0")?;
        if decoder == DecoderKind::HadamardMlp {
            let clash = match (self.loss(), normalize_embeddings, model) {
                (loss, ..) if loss != LossKind::Sampled => {
                    "needs `train.loss = sampled`: over all pairs it is out of reach"
                }
                (_, true, _) => "takes the embeddings as they are: leave out `model.normalize_embeddings`",
                (_, _, ModelKind::GravityGae | ModelKind::GravityVgae) => {
                    "scores both directions alike: gravity-* have a decoder of their own"
                }
                _ => return Ok(()),
            };
            return Err(Error::Config(format!("`model.decoder = hadamard-mlp` {clash}")));
        }
        if model.is_directed() && self.loss() != LossKind::Exact {
            return Err(Error::Config(format!(
                "{model} has an exact loss of its own: leave out `train.loss = {}`",
                self.loss()
            )));
        }
        Ok(())
    }

    fn validate_training(&self) -> Result<()> {
        let TrainConfig { negatives_per_edge, subgraph_nodes, mask_edges, free_bits, validate_every, .. } =
            self.train;
        let patience = self.train.patience;
        let (epochs, learning_rate) = (self.epochs(), self.learning_rate());
        require(epochs >= 1, "`train.epochs`", epochs, "at least 1")?;
        require(validate_every >= 1, "`train.validate_every`", validate_every, "at least 1")?;
        let rate_fits = learning_rate.is_finite() && learning_rate > 0.0;
        require(rate_fits, "`train.learning_rate`", learning_rate, "a number above 0")?;
        let count = (1..=1000).contains(&negatives_per_edge);
        require(count, "`train.negatives_per_edge`", negatives_per_edge, "1 to 1000")?;
        require(subgraph_nodes >= 2, "`train.subgraph_nodes`", subgraph_nodes, "at least 2")?;
        let fraction = "a fraction of at least 0 and below 1";
        require((0.0..1.0).contains(&mask_edges), "`train.mask_edges`", mask_edges, fraction)?;
        let is_fit = free_bits.is_finite() && free_bits >= 0.0;
        require(is_fit, "`train.free_bits`", free_bits, "a number of at least 0")?;
        if let Some(patience) = patience {
            require(patience >= 1, "`train.patience`", patience, "at least 1")?;
        }
        if self.split.val_fraction == 0.0 && self.train.select() == Select::Best {
            let flag = if patience.is_some() { "`train.patience`" } else { "`train.select = best`" };
            return Err(Error::Config(format!("{flag} needs validation edges; `split.val_fraction` is 0")));
        }
        Ok(())
    }
}

fn require(holds: bool, flag: &str, value: impl fmt::Display, expected: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::Config(format!("{flag} is {value}; expected {expected}"))) }
}

/// The settings of reading.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "clap", command(next_help_heading = "Input"))]
#[serde(deny_unknown_fields)]
pub struct ReadConfig {
    /// The format of the edge list [default: from the extension of DATA, otherwise text]
    #[cfg_attr(feature = "clap", arg(long, value_enum))]
    #[serde(default)]
    pub format: Option<EdgeFormat>,
    /// Node features: a CSV file (an id, then numbers; or with the header node,feature,value), `none`, or `auto` for
    /// the features in the directory DATA
    #[cfg_attr(feature = "clap", arg(long, value_name = "FILE", default_value_t))]
    pub features: FeatureSource,
    /// The column of edge weights, by header or by number from 1 (a column with the header `weight` is used
    /// automatically)
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLUMN"))]
    #[serde(alias = "weights")]
    pub weight_column: Option<String>,
    /// Whether the first row of the edge list is a header
    #[cfg_attr(feature = "clap", arg(long, value_name = "WHEN", value_enum, default_value_t))]
    pub header: Header,
    /// Keep the direction of edges: from source to target, and in NAME.cites from the citing paper to the cited one
    /// (by default u,v and v,u are the same edge)
    #[cfg_attr(feature = "clap", arg(long))]
    pub directed: bool,
    /// Treat sources and targets as two kinds of nodes, such as users and items: negatives and predictions are pairs
    /// of a source and a target
    #[cfg_attr(feature = "clap", arg(long, conflicts_with = "directed"))]
    #[serde(default)]
    pub bipartite: bool,
}

/// The source of node features.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum FeatureSource {
    /// The features that come with the data, if there are any.
    #[default]
    Auto,
    /// No features: X = I.
    None,
    /// A file.
    File(PathBuf),
}

impl From<String> for FeatureSource {
    fn from(text: String) -> Self {
        match text.as_str() {
            "auto" => FeatureSource::Auto,
            "none" => FeatureSource::None,
            _ => FeatureSource::File(text.into()),
        }
    }
}

impl FromStr for FeatureSource {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Ok(text.to_string().into())
    }
}

impl fmt::Display for FeatureSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FeatureSource::Auto => f.write_str("auto"),
            FeatureSource::None => f.write_str("none"),
            FeatureSource::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl From<FeatureSource> for String {
    fn from(source: FeatureSource) -> Self {
        source.to_string()
    }
}

/// The treatment of the first row of an edge list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum Header {
    /// A header if it has usual names such as `source,target`, or if it is the only row that is not numeric
    #[default]
    Auto,
    /// A header
    Yes,
    /// An edge
    No,
}

/// The settings of the split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "clap", command(next_help_heading = "Split"))]
#[serde(deny_unknown_fields)]
pub struct SplitConfig {
    /// Fraction of the edges held out for validation
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "FRACTION", default_value_t = Self::default().val_fraction))]
    pub val_fraction: f64,
    /// Fraction of the edges held out for the test
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "FRACTION", default_value_t = Self::default().test_fraction))]
    pub test_fraction: f64,
    /// The prediction task on a directed graph
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t))]
    pub task: DirectedTask,
}

impl Default for SplitConfig {
    /// Returns the fractions of Kipf & Welling 2016: 85/5/10.
    fn default() -> Self {
        SplitConfig { val_fraction: 0.05, test_fraction: 0.1, task: DirectedTask::General }
    }
}
