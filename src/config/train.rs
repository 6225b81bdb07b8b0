//! How a model is trained.

use std::fmt;
use std::str::FromStr;

use bytesize::ByteSize;
use serde::{Deserialize, Serialize};

use crate::config::{CheckpointPeriod, DeviceChoice};

/// How it is trained. What is `None` is the model's own recipe, which [`crate::config::Config::resolved`] fills in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, clap::Args)]
#[command(next_help_heading = "Training")]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the graph, at most [default: 200; gnae and vgnae 300, vae 100]
    #[arg(long, allow_negative_numbers = true, value_name = "COUNT")]
    pub epochs: Option<usize>,
    /// Step size of Adam [default: 0.01; gnae and vgnae 0.005, vae 0.001, gravity-* 0.1]
    #[arg(long, allow_negative_numbers = true, value_name = "RATE")]
    pub learning_rate: Option<f64>,
    /// What the reconstruction is compared on: all pairs; the edges and as many sampled negatives, or these reweighted
    /// to be the loss over all pairs in the mean; all pairs of a subgraph; or, by the number of nodes, exact or
    /// reweighted. Of auto-encoders that score by inner products; the others have one of their own
    /// [default: auto; gnae, vgnae and --decoder hadamard-mlp sampled]
    #[arg(long, value_enum)]
    pub loss: Option<LossKind>,
    /// Negatives that --loss sampled and reweighted draw for each edge, anew in each epoch, 1 to 1000: time and memory
    /// grow with them
    #[arg(long, allow_negative_numbers = true, value_name = "COUNT", default_value_t = Self::default().negatives_per_edge)]
    pub negatives_per_edge: usize,
    /// Let the weights of edges count in the loss too: the term of a training edge is multiplied by its weight over the
    /// mean of all (they are in Â in any case)
    #[arg(long)]
    #[serde(default)]
    pub weighted_loss: bool,
    /// Nodes that each epoch of --loss subgraph looks at, drawn in proportion to their degrees: all that have edges,
    /// where there are no more
    #[arg(long, allow_negative_numbers = true, value_name = "COUNT", default_value_t = Self::default().subgraph_nodes)]
    pub subgraph_nodes: usize,
    /// Fraction of the training edges that each epoch takes out of message passing; of the edges, the sampled
    /// loss then looks at those alone
    #[arg(long, allow_negative_numbers = true, value_name = "FRACTION", default_value_t = Self::default().mask_edges)]
    pub mask_edges: f64,
    /// Weight of the KL term: `kipf` (1/n, as the reference code), `elbo` (n/(n² − 2·edges), which makes the
    /// loss a multiple of the negative ELBO), or a number; for vae, a factor of the ELBO's KL, 1 unless a number
    #[arg(long, allow_negative_numbers = true, value_name = "WEIGHT", default_value_t)]
    pub kl_weight: KlWeight,
    /// Epochs over which the weight of the KL term grows from 0
    #[arg(long, allow_negative_numbers = true, value_name = "EPOCHS", default_value_t = Self::default().kl_warmup)]
    pub kl_warmup: usize,
    /// Nats of KL that each latent dimension, in the mean over the nodes, has without cost
    #[arg(long, allow_negative_numbers = true, value_name = "NATS", default_value_t = Self::default().free_bits)]
    pub free_bits: f64,
    /// Which epoch's weights are kept: the `last`, or the `best` by validation AUC plus AP (vae: ELBO)
    /// [default: last; with --patience best]
    #[arg(long, value_enum)]
    pub select: Option<Select>,
    /// Looks at the validation part without a new best after which training stops
    #[arg(long, allow_negative_numbers = true, value_name = "LOOKS")]
    pub patience: Option<usize>,
    /// Where a network is trained: `cpu`, `cuda` or `cuda:NUMBER`, `mps`, or `auto`: a GPU for large graphs if there
    /// is one
    #[arg(long, value_name = "DEVICE", default_value_t)]
    pub device: DeviceChoice,
    /// Epochs between two looks at the validation part
    #[arg(long, allow_negative_numbers = true, value_name = "COUNT", default_value_t = Self::default().validate_every)]
    pub validate_every: usize,
    /// How often a checkpoint is written, from which --resume goes on: every so many epochs, as in 50, or seconds, as in
    /// 30s, or `never`; one is also written when training is stopped by a signal [default: 60s]
    #[arg(long, value_name = "PERIOD")]
    #[serde(default)]
    pub checkpoint_every: Option<CheckpointPeriod>,
    /// The most memory that training may take, as in 4GB: it is refused before it begins where it is going to take more
    /// [default: what the machine has]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    #[serde(default)]
    pub memory_limit: Option<ByteSize>,
}

impl Default for TrainConfig {
    fn default() -> Self {
        TrainConfig {
            epochs: None,
            learning_rate: None,
            loss: None,
            negatives_per_edge: 1,
            weighted_loss: false,
            subgraph_nodes: 4096,
            mask_edges: 0.0,
            kl_weight: KlWeight::default(),
            kl_warmup: 0,
            free_bits: 0.0,
            select: None,
            patience: None,
            device: DeviceChoice::default(),
            validate_every: 1,
            checkpoint_every: None,
            memory_limit: None,
        }
    }
}

impl TrainConfig {
    /// The share of the KL term's weight, in [0, 1], that `epoch`, counted from 1, has.
    pub(crate) fn kl_share(&self, epoch: usize) -> f64 {
        match self.kl_warmup {
            0 => 1.0,
            warmup => ((epoch - 1) as f64 / warmup as f64).min(1.0),
        }
    }

    /// Which epoch's weights are kept.
    ///
    /// # Examples
    /// ```
    /// use vgae::config::{Select, TrainConfig};
    ///
    /// assert_eq!(TrainConfig::default().select(), Select::Last);
    /// assert_eq!(TrainConfig { patience: Some(5), ..TrainConfig::default() }.select(), Select::Best);
    /// ```
    pub fn select(&self) -> Select {
        match (self.select, self.patience) {
            (Some(select), _) => select,
            (None, Some(_)) => Select::Best,
            (None, None) => Select::Last,
        }
    }
}

/// On which pairs the reconstruction is compared with the graph; see [`crate::model::loss`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LossKind {
    /// Exact up to 20,000 nodes, above reweighted.
    Auto,
    /// On all n² of them; of a bipartite graph, on all of a source and a target.
    Exact,
    /// On the edges and on sampled negatives, in balance.
    Sampled,
    /// On the same, with the weights and the diagonal that make it the exact loss in the mean.
    Reweighted,
    /// On all pairs of a subgraph, another one in each epoch.
    Subgraph,
}

impl LossKind {
    /// The nodes up to which [`LossKind::Auto`] means [`LossKind::Exact`], which takes a tenth of a second an epoch
    /// there.
    pub const AUTO_EXACT_NODES: usize = 20_000;

    /// What `auto` means for a graph of `num_nodes`; any other stays as it is.
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
    /// Those of the epoch with the highest validation AUC plus AP, or, of a vae, ELBO.
    Best,
}

/// A size for `--memory-limit`.
fn size(text: &str) -> Result<ByteSize, String> {
    text.parse().map_err(|_| "expected a size, as in 4GB or 512MiB".into())
}
