//! How much memory a training will take, worked out before it.
//!
//! What the process holds once the graph is read is known. On top of it come the weights and what Adam remembers of them, the
//! matrices of a pass, and the pairs of a sampled loss; the exact loss goes through all pairs in blocks and keeps none. What
//! each of these takes for a number follows from how the passes are written; the factors are fitted to measured peaks of
//! trainings from 34 to a million nodes, of which they are within a tenth.
//!
//! # Examples
//! ```
//! use vgae::config::Config;
//! use vgae::train::plan::Plan;
//! use vgae::{read, split};
//!
//! let mut config = Config::default();
//! let graph = read::data("datasets/karate".as_ref(), &config.read)?;
//! let split = split::edges(&graph, &config.split, config.seed)?;
//! if let Some(plan) = Plan::of(&graph, &split.train, &config) {
//!     assert!(plan.peak_bytes() > 1 << 20 && plan.peak_bytes() < 1 << 30);
//!     plan.check(&config)?;
//!     config.train.memory_limit = Some(bytesize::ByteSize(1 << 20));
//!     assert!(plan.check(&config).unwrap_err().to_string().contains("--memory-limit"));
//! }
//! # Ok::<(), vgae::Error>(())
//! ```

use bytesize::ByteSize;

use crate::config::{BaselineKind, Config, LossKind, ModelConfig, ModelKind, Select};
use crate::error::{Error, Result};
use crate::graph::{EdgeList, Features, Graph};
use crate::model::stack;
use crate::model::vae::ROWS_AT_A_TIME;
use crate::system::memory::{available_bytes, memory_bytes, peak_memory_bytes};

/// Bytes of a weight: itself, its gradient and Adam's moments, as far as others do not use the same memory later.
const WEIGHT_BYTES: f64 = 14.0;
/// Bytes of a weight of the best epoch, where that is kept.
const KEPT_BYTES: f64 = 4.0;
/// Bytes of a number of a pass: itself and, for a part of the time, its gradient.
const LAYER_BYTES: f64 = 5.6;
/// Bytes of a pair of a sampled loss: in the sample, in the lists of both nodes, and in the next epoch's.
const PAIR_BYTES: f64 = 28.6;
/// Bytes of a weight of a VAE: the same, and what libtorch holds while it works out a step.
const ROWS_WEIGHT_BYTES: f64 = 26.0;
/// Copies that libtorch makes of a batch of rows, and of what a layer makes of it, to evaluate them.
const ROW_COPIES: f64 = 8.0;
/// Bytes of a number of a row's latent: its mean, its log-variance and what they are put together from.
const LATENT_BYTES: f64 = 24.0;
/// Bytes of a node in the eigenvectors of the spectral score and what they are found with.
const EIGENVECTOR_BYTES: f64 = 5000.0;
/// Copies of X that a stack makes for its networks and its scores of features.
const FEATURE_COPIES: f64 = 4.0;
/// Bytes that any training takes: its threads', its code's and what libtorch begins with.
const LEAST_BYTES: f64 = 34e6;
/// What a program has that has read nothing.
const PROGRAM_BYTES: f64 = 115e6;
/// Bytes of a node and its id.
const NODE_BYTES: f64 = 40.0;
/// Bytes of an edge, or of a nonzero feature.
const ENTRY_BYTES: f64 = 8.0;

/// The memory of a training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Bytes that are held now, of which a part was freed and is used again.
    held: f64,
    /// Bytes that were freed, of what is held.
    freed: f64,
    /// Bytes that were held at most so far.
    peak: f64,
    /// Bytes that training takes.
    need: f64,
    sizes: Sizes,
}

/// The sizes of a graph that the need follows from.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sizes {
    num_nodes: f64,
    num_edges: f64,
    num_feature_bytes: f64,
    /// Of X.
    num_columns: f64,
}

impl Plan {
    /// Of the training of `config` on `graph`, whose training edges are `train`; none where the system does not tell what the
    /// process holds.
    pub fn of(graph: &Graph, train: &EdgeList, config: &Config) -> Option<Plan> {
        let held = memory_bytes()? as f64;
        let num_nodes = graph.num_nodes();
        let num_features = graph.features().map_or(0, Features::num_nonzeros);
        let num_entries = graph.edges.len() + train.len() + num_features;
        let live = PROGRAM_BYTES + NODE_BYTES * num_nodes as f64 + ENTRY_BYTES * num_entries as f64;
        let sizes = Sizes {
            num_nodes: num_nodes as f64,
            num_edges: train.len() as f64,
            num_feature_bytes: graph.features().map_or(0.0, |features| match features {
                Features::Dense(matrix) => 4.0 * matrix.len() as f64,
                Features::Sparse(matrix) => ENTRY_BYTES * matrix.nnz() as f64,
            }),
            num_columns: graph.features().map_or(num_nodes, Features::cols) as f64,
        };
        let freed = (held - live).max(0.0);
        Some(Plan { held, freed, peak: peak_memory_bytes()? as f64, need: sizes.need(config), sizes })
    }

    /// The most that the process will hold.
    pub fn peak_bytes(&self) -> u64 {
        self.peak_with(self.need)
    }

    fn peak_with(&self, need: f64) -> u64 {
        // About half of what was freed is in pieces that fit what comes.
        (self.held - 0.5 * self.freed + need).max(self.peak) as u64
    }

    /// Whether it fits `--memory-limit`, or else the machine.
    ///
    /// # Errors
    /// [`Error::Memory`] with the smallest change that would fit.
    pub fn check(&self, config: &Config) -> Result<()> {
        let available = match config.train.memory_limit {
            Some(ByteSize(limit)) => Some((limit, "--memory-limit allows")),
            None => available_bytes().map(|bytes| (bytes, "the machine has")),
        };
        let Some((available, whose)) = available.filter(|&(bytes, _)| bytes < self.peak_bytes()) else {
            return Ok(());
        };
        let peaks = smaller(config)
            .into_iter()
            .map(|(flags, config)| (flags, self.peak_with(self.sizes.need(&config))));
        let hint = match peaks.into_iter().find(|&(_, peak)| peak <= available) {
            Some((flags, peak)) => format!("{flags} takes about {}", show(peak)),
            None => format!(
                "a narrower model does not help; the program and the graph alone took {}",
                show(self.peak as u64)
            ),
        };
        Err(Error::Memory { needed: show(self.peak_bytes()), available: show(available), whose, hint })
    }
}

/// Bytes as in `185.0 MB`.
pub fn show(num_bytes: u64) -> String {
    ByteSize(num_bytes).display().si().to_string()
}

impl Sizes {
    /// The bytes that the training of `config` takes.
    fn need(&self, config: &Config) -> f64 {
        LEAST_BYTES
            + match config.model.model {
                ModelKind::Baseline(BaselineKind::Spectral) => EIGENVECTOR_BYTES * self.num_nodes,
                ModelKind::Baseline(_) => 0.0,
                ModelKind::Best => {
                    let of_networks = stack::networks(config).map(|(_, config)| self.of_network(&config));
                    let others = EIGENVECTOR_BYTES * self.num_nodes + FEATURE_COPIES * self.num_feature_bytes;
                    of_networks[0].max(of_networks[1]) + others
                }
                ModelKind::Vae => {
                    let (hidden, latent) = (config.model.hidden() as f64, config.model.latent() as f64);
                    (ROWS_WEIGHT_BYTES + kept_bytes(config))
                        * hidden
                        * (2.0 * self.num_columns + 3.0 * latent)
                        + 4.0 * ROW_COPIES * ROWS_AT_A_TIME as f64 * (self.num_columns + hidden)
                        + LATENT_BYTES * self.num_nodes * latent
                }
                _ => self.of_network(config),
            }
    }

    fn of_network(&self, config: &Config) -> f64 {
        use ModelKind::{Gnae, LinearGae, LinearVgae, Vgnae};
        let model = &config.model;
        let num_heads = if model.model.is_gaussian() { 2.0 } else { 1.0 };
        let (hidden, latent, layers) = (model.hidden() as f64, model.latent() as f64, model.layers() as f64);
        let heads = num_heads * latent;
        // The numbers of all weights, and those of a node in a pass: before and after each propagation, and z.
        let (weights, layers) = match model.model {
            Gnae | Vgnae => (self.num_columns * heads, 3.0 * heads + latent),
            LinearGae | LinearVgae => (self.num_columns * heads, 2.0 * heads + latent),
            _ => {
                let between = (layers - 2.0).max(0.0);
                let weights = self.num_columns * hidden + between * hidden * hidden + hidden * heads;
                (weights, 2.0 * hidden * (layers - 1.0).max(0.0) + 2.0 * heads + latent)
            }
        };
        let per_edge = match config.loss().for_graph(self.num_nodes as usize) {
            LossKind::Sampled | LossKind::Reweighted => 1.0 + config.train.negatives_per_edge as f64,
            LossKind::Exact | LossKind::Auto | LossKind::Subgraph => 0.0,
        };
        weight_bytes(config) * weights
            + LAYER_BYTES * layers * self.num_nodes
            + PAIR_BYTES * per_edge * self.num_edges
    }
}

fn weight_bytes(config: &Config) -> f64 {
    WEIGHT_BYTES + kept_bytes(config)
}

fn kept_bytes(config: &Config) -> f64 {
    if config.train.select() == Select::Best { KEPT_BYTES } else { 0.0 }
}

/// Settings that take less memory, the smallest change first, and their flags.
fn smaller(config: &Config) -> Vec<(String, Config)> {
    let fewer = (config.train.negatives_per_edge > 1).then(|| {
        let mut fewer = config.clone();
        fewer.train.negatives_per_edge = 1;
        ("--negatives-per-edge 1".to_string(), fewer)
    });
    let mut smaller: Vec<_> = fewer.iter().cloned().collect();
    if !config.model.model.is_network() {
        let model = ModelConfig { model: ModelKind::Vgae, ..config.model.clone() };
        smaller.push(("--model vgae".to_string(), Config { model, ..config.clone() }));
        return smaller;
    }
    smaller.extend(narrower(config));
    if let Some((flag, fewer)) = &fewer {
        smaller
            .extend(narrower(fewer).into_iter().map(|(flags, config)| (format!("{flag} {flags}"), config)));
    }
    smaller
}

/// Networks with ever narrower layers.
fn narrower(config: &Config) -> Vec<(String, Config)> {
    let mut all = Vec::new();
    let (mut hidden, mut latent) = (config.model.hidden(), config.model.latent());
    while latent > 2 {
        (hidden, latent) = ((hidden / 2).max(2), latent / 2);
        let mut narrower = config.clone();
        narrower.model.latent = Some(latent);
        let mut flags = format!("--latent {latent}");
        if config.model.model.has_hidden_layers() {
            narrower.model.hidden = Some(hidden);
            flags = format!("--hidden {hidden} {flags}");
        }
        all.push((flags, narrower));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plan of a graph without features on a machine that holds nothing yet.
    fn plan(num_nodes: f64, num_edges: f64, config: &Config) -> Plan {
        let sizes = Sizes { num_nodes, num_edges, num_feature_bytes: 0.0, num_columns: num_nodes };
        Plan { held: 0.0, freed: 0.0, peak: 0.0, need: sizes.need(config), sizes }
    }

    #[test]
    fn the_parts_of_a_plan_add_up_as_worked_out_by_hand() {
        let config = Config::default();
        // 10⁶ · 32 + 32 · 32 weights; 2 · 32 + 2 · 32 + 16 numbers a node; 2 · 5 · 10⁶ pairs.
        let expected = 34e6 + 14.0 * 32_001_024.0 + 5.6 * 144e6 + 28.6 * 10e6;
        assert_eq!(plan(1e6, 5e6, &config).peak_bytes(), expected as u64);
    }

    #[test]
    fn the_smallest_change_that_fits_is_named() {
        let mut config = Config::default();
        config.train.loss = Some(LossKind::Reweighted);
        config.train.negatives_per_edge = 5;
        let says = |config: &Config, limit: u64| {
            let mut config = config.clone();
            config.train.memory_limit = Some(ByteSize(limit));
            plan(1e6, 5e6, &config).check(&config).map_err(|error| error.to_string())
        };
        assert_eq!(says(&config, 2_200_000_000), Ok(()));
        let refused = |limit| says(&config, limit).unwrap_err();
        assert_eq!(
            refused(2_000_000_000),
            "training takes about 2.1 GB; --memory-limit allows 2.0 GB; hint: --negatives-per-edge 1 takes about 1.6 GB"
        );
        assert!(
            refused(500_000_000).contains("hint: --negatives-per-edge 1 --hidden 4 --latent 2 takes about ")
        );
        config.train.negatives_per_edge = 1;
        let refused = |limit| says(&config, limit).unwrap_err();
        assert!(
            refused(1_000_000_000).ends_with("hint: --hidden 16 --latent 8 takes about 947.2 MB"),
            "{}",
            refused(1_000_000_000)
        );
        assert!(refused(1_000).contains("hint: a narrower model does not help"));
        config.model.model = ModelKind::Best;
        assert!(says(&config, 3_000_000_000).unwrap_err().contains("hint: --model vgae takes about 1.6 GB"));
    }
}
