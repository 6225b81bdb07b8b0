//! Every setting, once: the library's options, the command line's flags and the record in `run.json`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Everything that decides the outcome of `vgae train`, beside the data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How the input is read.
    #[command(flatten)]
    pub read: ReadConfig,
    /// How edges are held out.
    #[command(flatten)]
    pub split: SplitConfig,
    /// What is trained.
    #[command(flatten)]
    pub model: ModelConfig,
    /// How it is trained.
    #[command(flatten)]
    pub train: TrainConfig,
    /// Seed of the split, the initial weights and the training noise
    #[arg(long, allow_negative_numbers = true, default_value_t, help_heading = "Training")]
    pub seed: u64,
}

impl Config {
    /// Checks each range and every pair of settings that depend on each other.
    ///
    /// # Errors
    /// [`Error::Config`] names the flag, its value and its range.
    pub fn validate(&self) -> Result<()> {
        let SplitConfig { val_fraction, test_fraction } = self.split;
        for (flag, value) in [("--val-fraction", val_fraction), ("--test-fraction", test_fraction)] {
            require((0.0..1.0).contains(&value), flag, value, "a fraction of at least 0 and below 1")?;
        }
        if val_fraction + test_fraction >= 1.0 {
            return Err(Error::Config(format!(
                "--val-fraction {val_fraction} and --test-fraction {test_fraction} add up to {}; must stay below 1",
                val_fraction + test_fraction
            )));
        }
        let ModelConfig { hidden, latent, dropout, .. } = self.model;
        require((1..=65536).contains(&hidden), "--hidden", hidden, "1 to 65536")?;
        require((1..=65536).contains(&latent), "--latent", latent, "1 to 65536")?;
        require((0.0..1.0).contains(&dropout), "--dropout", dropout, "a fraction of at least 0 and below 1")?;
        let TrainConfig { epochs, learning_rate, validate_every, select, .. } = self.train;
        require(epochs >= 1, "--epochs", epochs, "at least 1")?;
        require(validate_every >= 1, "--validate-every", validate_every, "at least 1")?;
        let rate_fits = learning_rate.is_finite() && learning_rate > 0.0;
        require(rate_fits, "--learning-rate", learning_rate, "a number above 0")?;
        if select == Select::Best && val_fraction == 0.0 {
            return Err(Error::Config("--select best needs validation edges; --val-fraction is 0".into()));
        }
        Ok(())
    }
}

fn require(holds: bool, flag: &str, value: impl fmt::Display, expected: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::Config(format!("{flag} is {value}; expected {expected}"))) }
}

/// How the input is read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, clap::Args)]
#[command(next_help_heading = "Input")]
#[serde(deny_unknown_fields)]
pub struct ReadConfig {
    /// Node features: a CSV file (id, then numbers; or headed node,feature,value), `none`, or `auto` for
    /// those that DATA's directory holds
    #[arg(long, value_name = "FILE", default_value_t)]
    pub features: FeatureSource,
    /// The edge list's weight column, by its header or its number from 1 (a column headed `weight` is
    /// taken by itself)
    #[arg(long, value_name = "COLUMN")]
    pub weights: Option<String>,
    /// Whether the first row of an edge list names its columns
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub header: Header,
    /// Record that edges have a direction (no model uses it yet: gae and vgae score undirected pairs)
    #[arg(long)]
    pub directed: bool,
}

/// Where node features come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum FeatureSource {
    /// The features that come with the data, if any do.
    #[default]
    Auto,
    /// No features: X = I.
    None,
    /// This file.
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

/// Whether the first row of an edge list names its columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Header {
    /// It does if it says `source,target` or another usual pair of names, or if it alone is not numeric.
    #[default]
    Auto,
    /// It does.
    Yes,
    /// It is an edge like the others.
    No,
}

/// How edges are held out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, clap::Args)]
#[command(next_help_heading = "Split")]
#[serde(deny_unknown_fields)]
pub struct SplitConfig {
    /// Fraction of the edges held out for validation
    #[arg(long, allow_negative_numbers = true, value_name = "FRACTION", default_value_t = Self::default().val_fraction)]
    pub val_fraction: f64,
    /// Fraction of the edges held out for the test
    #[arg(long, allow_negative_numbers = true, value_name = "FRACTION", default_value_t = Self::default().test_fraction)]
    pub test_fraction: f64,
}

impl Default for SplitConfig {
    /// The 85/5/10 of Kipf & Welling 2016.
    fn default() -> Self {
        SplitConfig { val_fraction: 0.05, test_fraction: 0.1 }
    }
}

/// What is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, clap::Args)]
#[command(next_help_heading = "Model")]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Which auto-encoder
    #[arg(long, value_enum, default_value_t)]
    pub model: ModelKind,
    /// Width of the hidden layer
    #[arg(long, allow_negative_numbers = true, value_name = "WIDTH", default_value_t = Self::default().hidden)]
    pub hidden: usize,
    /// Number of latent dimensions: the length of an embedding
    #[arg(long, allow_negative_numbers = true, value_name = "WIDTH", default_value_t = Self::default().latent)]
    pub latent: usize,
    /// Fraction of each layer's inputs that an epoch of training leaves out
    #[arg(long, allow_negative_numbers = true, value_name = "FRACTION", default_value_t = Self::default().dropout)]
    pub dropout: f64,
}

impl Default for ModelConfig {
    /// The sizes of Kipf & Welling 2016.
    fn default() -> Self {
        ModelConfig { model: ModelKind::default(), hidden: 32, latent: 16, dropout: 0.0 }
    }
}

/// Which auto-encoder: an encoder and a latent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    /// A two-layer GCN to a point per node (Kipf & Welling 2016).
    Gae,
    /// A two-layer GCN to a Gaussian per node (Kipf & Welling 2016).
    #[default]
    Vgae,
}

impl fmt::Display for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ModelKind::Gae => "gae",
            ModelKind::Vgae => "vgae",
        })
    }
}

/// How it is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, clap::Args)]
#[command(next_help_heading = "Training")]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the graph
    #[arg(long, allow_negative_numbers = true, value_name = "COUNT", default_value_t = Self::default().epochs)]
    pub epochs: usize,
    /// Step size of Adam
    #[arg(long, allow_negative_numbers = true, value_name = "RATE", default_value_t = Self::default().learning_rate)]
    pub learning_rate: f64,
    /// Weight of the KL term: `kipf` (1/n, as the reference code), `elbo` (n/(n² − 2·edges), which makes the
    /// loss a multiple of the negative ELBO), or a number
    #[arg(long, allow_negative_numbers = true, value_name = "WEIGHT", default_value_t)]
    pub kl_weight: KlWeight,
    /// Which epoch's weights are kept: the `last`, or the `best` by validation AUC plus AP
    #[arg(long, value_enum, default_value_t)]
    pub select: Select,
    /// Epochs between two looks at the validation part
    #[arg(long, allow_negative_numbers = true, value_name = "COUNT", default_value_t = Self::default().validate_every)]
    pub validate_every: usize,
}

impl Default for TrainConfig {
    /// The recipe of Kipf & Welling 2016.
    fn default() -> Self {
        TrainConfig {
            epochs: 200,
            learning_rate: 0.01,
            kl_weight: KlWeight::default(),
            select: Select::default(),
            validate_every: 1,
        }
    }
}

/// The factor between the mean of the nodes' KL terms and the reconstruction, which is a mean over pairs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum KlWeight {
    /// 1/n, the scale of Kipf & Welling's code.
    #[default]
    Kipf,
    /// n/(n² − 2·edges): see [`crate::loss`] for the derivation.
    Elbo,
    /// This number; 0 takes the KL term out.
    Value(f64),
}

impl FromStr for KlWeight {
    type Err = String;
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "kipf" => Ok(KlWeight::Kipf),
            "elbo" => Ok(KlWeight::Elbo),
            _ => match text.parse::<f64>() {
                Ok(value) if value.is_finite() && value >= 0.0 => Ok(KlWeight::Value(value)),
                _ => Err("expected `kipf`, `elbo` or a number of at least 0".into()),
            },
        }
    }
}

impl TryFrom<String> for KlWeight {
    type Error = String;
    fn try_from(text: String) -> std::result::Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for KlWeight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KlWeight::Kipf => f.write_str("kipf"),
            KlWeight::Elbo => f.write_str("elbo"),
            KlWeight::Value(value) => write!(f, "{value}"),
        }
    }
}

impl From<KlWeight> for String {
    fn from(weight: KlWeight) -> Self {
        weight.to_string()
    }
}

/// Which epoch's weights are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Select {
    /// Those after the last epoch, as in the paper.
    #[default]
    Last,
    /// Those of the epoch with the highest validation AUC plus AP.
    Best,
}
