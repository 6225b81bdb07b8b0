//! The settings of training.

use std::fmt;
use std::str::FromStr;

use bytesize::ByteSize;
use serde::{Deserialize, Serialize};

use crate::config::{CheckpointPeriod, DeviceChoice};
use crate::error::ParseError;

/// The settings of training. `None` means the default of the model, which [`crate::config::Config::resolved`]
/// fills in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "clap", command(next_help_heading = "Training"))]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Maximum number of epochs [default: 200; gnae and vgnae 300, vae 100, tuned-gae 500]
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "COUNT"))]
    pub epochs: Option<usize>,
    /// Learning rate of Adam [default: 0.01; gnae and vgnae 0.005, vae 0.001, gravity-* 0.1, tuned-gae 0.002]
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "RATE"))]
    pub learning_rate: Option<f64>,
    /// Pairs that the reconstruction loss covers [default: auto; sampled for gnae, vgnae and --decoder
    /// hadamard-mlp or residual-mlp]
    #[cfg_attr(feature = "clap", arg(long, value_enum))]
    pub loss: Option<LossKind>,
    /// Number of negatives that the losses sampled and reweighted draw per edge in each epoch, from 1 to
    /// 1000. Time and memory grow with it [default: 1; tuned-gae 3]
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "COUNT"))]
    pub negatives_per_edge: Option<usize>,
    /// Weight the loss by edge weights too: multiply the term of each training edge by its weight, divided by
    /// the mean weight. Â always uses the weights
    #[cfg_attr(feature = "clap", arg(long))]
    #[serde(default)]
    pub weighted_loss: bool,
    /// Number of nodes that the loss subgraph samples in each epoch, in proportion to their degrees. If fewer
    /// nodes have edges, all of those are used
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "COUNT", default_value_t = Self::default().subgraph_nodes))]
    pub subgraph_nodes: usize,
    /// Fraction of the training edges to hide from message passing in each epoch. The sampled loss then uses
    /// only the hidden edges [default: 0; tuned-gae 0.5]
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "FRACTION"))]
    pub mask_edges: Option<f64>,
    /// Weight of the KL term: `kipf` (1/n, as in the reference code), `elbo` (n/(n² − 2·edges), which makes
    /// the loss a multiple of the negative ELBO), or a number. For vae, a number is the factor of the KL term
    /// in the ELBO; `kipf` and `elbo` both mean 1
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "WEIGHT", default_value_t)
    )]
    pub kl_weight: KlWeight,
    /// Number of epochs over which the weight of the KL term grows from 0 to its full value
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "EPOCHS", default_value_t = Self::default().kl_warmup))]
    pub kl_warmup: usize,
    /// Free bits: the mean KL per node, in nats, below which a latent dimension is not penalised
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "NATS", default_value_t = Self::default().free_bits))]
    pub free_bits: f64,
    /// The epoch whose weights to keep [default: auto; last for vae, best with --patience]
    #[cfg_attr(feature = "clap", arg(long, value_enum))]
    pub select: Option<Select>,
    /// Early stopping: stop after this many validations in a row without improvement [default: never;
    /// tuned-gae 100]
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "COUNT"))]
    pub patience: Option<usize>,
    /// Device to train on: `cpu`, `cuda`, `cuda:NUMBER`, `mps`, or `auto`, which uses a GPU for large graphs
    /// if there is one
    #[cfg_attr(feature = "clap", arg(long, value_name = "DEVICE", default_value_t))]
    pub device: DeviceChoice,
    /// What to fit the model best for [default: ranking]
    #[cfg_attr(feature = "clap", arg(long, value_enum))]
    #[serde(default)]
    pub objective: Option<Objective>,
    /// Number of epochs between two validations
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "COUNT", default_value_t = Self::default().validate_every))]
    pub validate_every: usize,
    /// How often to write a checkpoint, from which an interrupted run can be resumed: after a number of
    /// epochs, such as 50, or of seconds, such as 30s, or `never`. A signal that stops training writes one
    /// too [default: 60s]
    #[cfg_attr(feature = "clap", arg(long, value_name = "PERIOD"))]
    #[serde(default)]
    pub checkpoint_every: Option<CheckpointPeriod>,
    /// Maximum memory for training, such as 4GB. Training that would need more is refused before it starts
    /// [default: the memory of the machine]
    #[cfg_attr(feature = "clap", arg(long, value_name = "SIZE", value_parser = size))]
    #[serde(default)]
    pub memory_limit: Option<ByteSize>,
}

impl Default for TrainConfig {
    fn default() -> Self {
        TrainConfig {
            epochs: None,
            learning_rate: None,
            loss: None,
            negatives_per_edge: None,
            weighted_loss: false,
            subgraph_nodes: 4096,
            mask_edges: None,
            kl_weight: KlWeight::default(),
            kl_warmup: 0,
            free_bits: 0.0,
            select: None,
            patience: None,
            device: DeviceChoice::default(),
            objective: None,
            validate_every: 1,
            checkpoint_every: None,
            memory_limit: None,
        }
    }
}

impl TrainConfig {
    /// Returns the fraction of the KL weight, in [0, 1], that applies in `epoch`, counted from 1.
    pub(crate) fn kl_share(&self, epoch: usize) -> f64 {
        match self.kl_warmup {
            0 => 1.0,
            warmup => ((epoch - 1) as f64 / warmup as f64).min(1.0),
        }
    }
}

/// The pairs that the reconstruction loss covers; see [`crate::model::loss`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum LossKind {
    /// Exact up to 20,000 nodes, reweighted above
    Auto,
    /// All n² pairs; in a bipartite graph, all pairs of a source and a target
    Exact,
    /// The edges and sampled negatives, each with half of the weight
    Sampled,
    /// The edges and sampled negatives, weighted so that the expected loss is the exact one
    Reweighted,
    /// All pairs of a subgraph, which is sampled anew in each epoch
    Subgraph,
}

impl LossKind {
    /// The largest number of nodes for which [`LossKind::Auto`] means [`LossKind::Exact`]. An epoch takes a tenth of a
    /// second there, and some tenths with the gravity decoder.
    pub const AUTO_EXACT_NODES: usize = 20_000;

    /// Returns the loss that `Auto` means for a graph of `num_nodes`; any other loss unchanged.
    ///
    /// # Examples
    /// ```
    /// use vgae::config::LossKind;
    ///
    /// assert_eq!(LossKind::Auto.for_graph(2_708), LossKind::Exact);
    /// assert_eq!(LossKind::Auto.for_graph(1_000_000), LossKind::Reweighted);
    /// ```
    pub fn for_graph(self, num_nodes: usize) -> LossKind {
        match self {
            LossKind::Auto if num_nodes <= Self::AUTO_EXACT_NODES => LossKind::Exact,
            LossKind::Auto => LossKind::Reweighted,
            chosen => chosen,
        }
    }
}

impl fmt::Display for LossKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LossKind::Auto => "auto",
            LossKind::Exact => "exact",
            LossKind::Sampled => "sampled",
            LossKind::Reweighted => "reweighted",
            LossKind::Subgraph => "subgraph",
        })
    }
}

/// The factor between the mean of the nodes' KL terms and the reconstruction, which is a mean over pairs.
///
/// # Examples
/// ```
/// use vgae::config::KlWeight;
///
/// assert_eq!("0.5".parse(), Ok(KlWeight::Value(0.5)));
/// assert!("-1".parse::<KlWeight>().is_err());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum KlWeight {
    /// 1/n, the scale of Kipf & Welling's code.
    #[default]
    Kipf,
    /// n/(n² − 2·edges), another one for bipartite graphs: see [`crate::model::loss`] for the derivation.
    Elbo,
    /// This number; 0 removes the KL term.
    Value(f64),
}

impl FromStr for KlWeight {
    type Err = ParseError;
    fn from_str(text: &str) -> std::result::Result<Self, ParseError> {
        match text {
            "kipf" => Ok(KlWeight::Kipf),
            "elbo" => Ok(KlWeight::Elbo),
            _ => match text.parse::<f64>() {
                Ok(value) if value.is_finite() && value >= 0.0 => Ok(KlWeight::Value(value)),
                _ => Err(ParseError::new(text, "`kipf`, `elbo` or a number of at least 0")),
            },
        }
    }
}

impl TryFrom<String> for KlWeight {
    type Error = ParseError;
    fn try_from(text: String) -> std::result::Result<Self, ParseError> {
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

/// The epoch whose weights are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum Select {
    /// The last epoch, unless an earlier one has a clearly higher validation AUC plus AP
    #[default]
    Auto,
    /// The last epoch, as in the paper
    Last,
    /// The epoch with the highest validation AUC plus AP; for a vae, the highest validation ELBO
    Best,
}

/// The purpose of the stack of models: the negatives that its regression tells links from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum Objective {
    /// Links above random pairs of nodes: the highest AUC, and Hits@K among random pairs
    Auc,
    /// Links above all other pairs of their nodes: the best top of a list
    #[default]
    Ranking,
    /// Links above the likeliest pairs at their nodes, as in the benchmark HeaRT
    Hard,
}

/// Parses a size on the command line.
#[cfg(feature = "clap")]
fn size(text: &str) -> Result<ByteSize, ParseError> {
    text.parse().map_err(|_| ParseError::new(text, "a size, as in 4GB or 512MiB"))
}
