//! Predicts the memory of a training before it starts.
//!
//! The memory of the process after reading the graph is measured. Training adds the weights with Adam's
//! moments, the matrices of a pass, and the pairs of a sampled loss; the exact loss goes through all pairs in
//! blocks and keeps none. The number of bytes per number follows from how the passes are written. The factors
//! are fitted to measured peaks of trainings on 34 to a million nodes, and are within a tenth of them.
//!
//! # Examples
//! ```
//! use vgae::config::Config;
//! use vgae::train::plan::Plan;
//! use vgae::progress::Progress;
//! use vgae::{read, split};
//!
//! let mut config = Config::default();
//! let graph = read::data("datasets/karate".as_ref(), &config.read, &Progress::default())?;
//! let split = split::edges(&graph, &config.split, config.seed)?;
//! if let Some(plan) = Plan::new(&graph, &split.train, &config) {
//!     assert!(plan.peak_bytes() > 1 << 20 && plan.peak_bytes() < 1 << 30);
//!     plan.check(&config)?;
//!     config.train.memory_limit = Some(bytesize::ByteSize(1 << 20));
//!     assert!(plan.check(&config).unwrap_err().to_string().contains("train.memory_limit"));
//! }
//! # Ok::<(), vgae::Error>(())
//! ```

use bytesize::ByteSize;

use crate::config::{BaselineKind, Config, DecoderKind, LossKind, ModelConfig, ModelKind, Select};
use crate::error::{Error, Result, size};
use crate::graph::{EdgeList, Features, Graph};
use crate::model::baseline::{ClosedForm, MAX_ENTRIES};
use crate::model::stack;
use crate::model::vae::{Batch, ROWS_AT_A_TIME};
use crate::system::memory::{available_bytes, memory_bytes, peak_memory_bytes};
use crate::train::network;

/// Bytes per weight: the weight, its gradient and Adam's moments, less the memory that is reused later.
const WEIGHT_BYTES: f64 = 14.0;
/// Bytes per weight of the best epoch, if that is kept.
const KEPT_BYTES: f64 = 4.0;
/// Bytes per number in a pass: the number and, part of the time, its gradient.
const LAYER_BYTES: f64 = 5.6;
/// Bytes per pair of a sampled loss: in the sample, in the lists of both nodes, and in the next epoch's
/// sample.
const PAIR_BYTES: f64 = 28.6;
/// Bytes per pair of a sampled loss with the gravity decoder, which also keeps the place of each pair at both
/// nodes, and its derivatives.
const GRAVITY_PAIR_BYTES: f64 = 52.0;
/// Matrices with a row for each pair that a step of a perceptron keeps: at once, and for each of its layers.
const MLP_MATRICES: f64 = 2.5;
const RESIDUAL_MATRICES: f64 = 2.6;
const LAYER_MATRICES: f64 = 2.25;
/// Bytes per weight of a VAE: the weight and Adam's moments; for half of them, also the form in which the last
/// layer is multiplied, and what is copied for a checkpoint.
const ROWS_WEIGHT_BYTES: f64 = 18.0;
/// Bytes per latent dimension of a row: the mean, the log-variance and the batches that they are joined from.
const LATENT_BYTES: f64 = 24.0;
/// Bytes per node of the spectral score: the eigenvectors and the scratch space of their iteration.
const EIGENVECTOR_BYTES: f64 = 5000.0;
/// The same for the fewer eigenvectors of a large graph.
const ROUGH_EIGENVECTOR_BYTES: f64 = 1200.0;
/// Bytes of a number of a weight or an embedding.
const NUMBER_BYTES: f64 = 4.0;
/// The width of the embeddings of a stack.
const STACK_WIDTH: f64 = 128.0;
/// Bytes per entry of X, zeros included, propagated by the scores of a stack, in f32 and in bfloat16.
const PROPAGATED_BYTES: f64 = 18.0;
const COMPACT_BYTES: f64 = 4.2;
/// Copies of X that a stack makes for its networks and its feature scores.
const FEATURE_COPIES: f64 = 4.0;
/// Bytes of any training: its threads, its code and the start-up of libtorch.
const BASE_BYTES: f64 = 34e6;
/// Bytes of a program that has read nothing.
const PROGRAM_BYTES: f64 = 115e6;
/// Bytes per node and its id.
const NODE_BYTES: f64 = 40.0;
/// Bytes per edge or nonzero feature.
const ENTRY_BYTES: f64 = 8.0;

/// The predicted memory of a training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Bytes that the process holds, including freed bytes that it will reuse.
    held: f64,
    /// Bytes that were freed but are still held.
    freed: f64,
    /// The peak of the held bytes so far.
    peak: f64,
    /// Bytes that training adds.
    added: f64,
    sizes: Sizes,
}

/// The sizes of a graph that determine the memory of a training.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sizes {
    num_nodes: f64,
    num_edges: f64,
    num_feature_bytes: f64,
    /// The number of columns of X.
    num_columns: f64,
}

impl Plan {
    /// Predicts the memory of training `config` on `graph` with the training edges `train`. Returns `None` if
    /// the system does not report the memory of the process.
    pub fn new(graph: &Graph, train: &EdgeList, config: &Config) -> Option<Plan> {
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
        let added = sizes.training_bytes(config);
        Some(Plan { held, freed, peak: peak_memory_bytes()? as f64, added, sizes })
    }

    /// Returns the most bytes that the process will hold.
    pub fn peak_bytes(&self) -> u64 {
        self.peak_with(self.added)
    }

    fn peak_with(&self, added: f64) -> u64 {
        // About half of the freed memory is in pieces that can be reused.
        (self.held - 0.5 * self.freed + added).max(self.peak) as u64
    }

    /// Checks that the training fits `train.memory_limit` or, without a limit, the memory of the machine.
    ///
    /// # Errors
    /// [`Error::Memory`], with the smallest change that would fit.
    pub fn check(&self, config: &Config) -> Result<()> {
        let available = match config.train.memory_limit {
            Some(ByteSize(limit)) => Some((limit, "`train.memory_limit` allows")),
            None => available_bytes().map(|bytes| (bytes, "the machine has")),
        };
        let Some((available, whose)) = available.filter(|&(bytes, _)| bytes < self.peak_bytes()) else {
            return Ok(());
        };
        let peaks = smaller(config)
            .into_iter()
            .map(|(settings, config)| (settings, self.peak_with(self.sizes.training_bytes(&config))));
        let hint = match peaks.into_iter().find(|&(_, peak)| peak <= available) {
            Some((settings, peak)) => format!("{settings} takes about {}", size(peak)),
            None => format!(
                "a narrower model does not help; the program and the graph alone took {}",
                size(self.peak as u64)
            ),
        };
        Err(Error::Memory { needed_bytes: self.peak_bytes(), available_bytes: available, whose, hint })
    }
}

impl Sizes {
    /// Returns the bytes that the training of `config` adds.
    fn training_bytes(&self, config: &Config) -> f64 {
        BASE_BYTES
            + match config.model.model {
                ModelKind::Baseline(BaselineKind::Spectral) => EIGENVECTOR_BYTES * self.num_nodes,
                ModelKind::Baseline(_) => 0.0,
                ModelKind::Best => {
                    let networks = stack::networks(config, self.num_columns as usize);
                    let largest =
                        networks.iter().map(|(_, config)| self.network_bytes(config)).fold(0.0, f64::max);
                    // The first network's weights while the second trains; later those of both, and their embeddings.
                    let weights = NUMBER_BYTES * self.num_columns * STACK_WIDTH;
                    let embeddings = NUMBER_BYTES * self.num_nodes * STACK_WIDTH;
                    let is_large = self.num_nodes > ClosedForm::MAX_WALKED as f64;
                    match (self.num_feature_bytes > 0.0, is_large) {
                        (false, false) => largest + EIGENVECTOR_BYTES * self.num_nodes,
                        (false, true) => (weights + largest)
                            .max(2.0 * (weights + embeddings) + ROUGH_EIGENVECTOR_BYTES * self.num_nodes),
                        (true, _) => {
                            (weights + largest).max(2.0 * (weights + embeddings) + self.propagated_bytes())
                        }
                    }
                }
                ModelKind::Vae => {
                    let (hidden, latent) = (config.model.hidden() as f64, config.model.latent() as f64);
                    let num_entries = self.num_feature_bytes / ENTRY_BYTES / self.num_nodes;
                    (ROWS_WEIGHT_BYTES + kept_bytes(config))
                        * hidden
                        * (2.0 * self.num_columns + 3.0 * latent)
                        + ROWS_AT_A_TIME as f64
                            * (Batch::bytes_per_row(num_entries, self.num_columns) + 4.0 * hidden)
                        + LATENT_BYTES * self.num_nodes * latent
                }
                _ => self.network_bytes(config),
            }
    }

    /// Returns the bytes of X as a stack's scores see it: itself, and propagated once, twice and by PageRank.
    fn propagated_bytes(&self) -> f64 {
        let num_entries = self.num_nodes * self.num_columns;
        let propagated = match num_entries > MAX_ENTRIES as f64 {
            true => {
                let num_nonzeros = self.num_feature_bytes / ENTRY_BYTES;
                let once = num_nonzeros * (1.0 + 2.0 * self.num_edges / self.num_nodes);
                COMPACT_BYTES * num_entries + 2.0 * ENTRY_BYTES * once.min(num_entries)
            }
            false => PROPAGATED_BYTES * num_entries,
        };
        FEATURE_COPIES * self.num_feature_bytes + propagated
    }

    fn network_bytes(&self, config: &Config) -> f64 {
        use ModelKind::{Gnae, LinearGae, LinearVgae, TunedGae, Vgnae};
        let model = &config.model;
        let num_heads = if model.model.is_gaussian() { 2.0 } else { 1.0 };
        let (hidden, latent, layers) = (model.hidden() as f64, model.latent() as f64, model.layers() as f64);
        let heads = num_heads * latent;
        // The size of all weights, and the numbers per node in a pass: before and after each propagation, and
        // z.
        let (weights, layers) = match model.model {
            Gnae | Vgnae => (self.num_columns * heads, 3.0 * heads + latent),
            LinearGae | LinearVgae => (self.num_columns * heads, 2.0 * heads + latent),
            // Its rows after each propagation, and normalised, and their gradients.
            TunedGae => (self.num_columns * heads, (3.0 + 2.0 * layers) * latent),
            _ => {
                let between = (layers - 2.0).max(0.0);
                let weights = self.num_columns * hidden + between * hidden * hidden + hidden * heads;
                (weights, 2.0 * hidden * (layers - 1.0).max(0.0) + 2.0 * heads + latent)
            }
        };
        let per_edge = match config.loss().for_graph(self.num_nodes as usize) {
            LossKind::Sampled | LossKind::Reweighted => 1.0 + config.negatives_per_edge() as f64,
            LossKind::Exact | LossKind::Auto | LossKind::Subgraph => 0.0,
        };
        let learnt = network::most_learnt(config, self.num_edges as usize) as f64;
        let perceptron = match model.decoder() {
            DecoderKind::InnerProduct => 0.0,
            DecoderKind::HadamardMlp => MLP_MATRICES,
            DecoderKind::ResidualMlp => RESIDUAL_MATRICES + LAYER_MATRICES * model.decoder_layers() as f64,
        };
        let pair_bytes = if model.model.is_directed() { GRAVITY_PAIR_BYTES } else { PAIR_BYTES };
        weight_bytes(config) * weights
            + LAYER_BYTES * layers * self.num_nodes
            + pair_bytes * per_edge * self.num_edges
            + NUMBER_BYTES * perceptron * latent * per_edge * learnt
    }
}

fn weight_bytes(config: &Config) -> f64 {
    WEIGHT_BYTES + kept_bytes(config)
}

fn kept_bytes(config: &Config) -> f64 {
    if config.select() == Select::Last { 0.0 } else { KEPT_BYTES }
}

/// Returns configurations that take less memory, the smallest change first, with the settings that change.
fn smaller(config: &Config) -> Vec<(String, Config)> {
    let fewer = (config.negatives_per_edge() > 1).then(|| {
        let mut fewer = config.clone();
        fewer.train.negatives_per_edge = Some(1);
        ("`train.negatives_per_edge = 1`".to_string(), fewer)
    });
    let mut smaller: Vec<_> = fewer.iter().cloned().collect();
    if !config.model.model.is_network() {
        let model = ModelConfig { model: ModelKind::Vgae, ..config.model.clone() };
        smaller.push(("`model.model = vgae`".to_string(), Config { model, ..config.clone() }));
        return smaller;
    }
    smaller.extend(narrower(config));
    if let Some((setting, fewer)) = &fewer {
        let narrower = narrower(fewer).into_iter();
        smaller.extend(narrower.map(|(settings, config)| (format!("{setting} {settings}"), config)));
    }
    smaller
}

/// Returns configurations with ever narrower layers, with the settings that change.
fn narrower(config: &Config) -> Vec<(String, Config)> {
    let mut all = Vec::new();
    let (mut hidden, mut latent) = (config.model.hidden(), config.model.latent());
    while latent > 2 {
        (hidden, latent) = ((hidden / 2).max(2), latent / 2);
        let mut narrower = config.clone();
        narrower.model.latent = Some(latent);
        let mut settings = format!("`model.latent = {latent}`");
        if config.model.model.has_hidden_layers() {
            narrower.model.hidden = Some(hidden);
            settings = format!("`model.hidden = {hidden}` {settings}");
        }
        all.push((settings, narrower));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plans for a graph without features, in a process that holds nothing yet.
    fn plan(num_nodes: f64, num_edges: f64, config: &Config) -> Plan {
        let sizes = Sizes { num_nodes, num_edges, num_feature_bytes: 0.0, num_columns: num_nodes };
        Plan { held: 0.0, freed: 0.0, peak: 0.0, added: sizes.training_bytes(config), sizes }
    }

    #[test]
    fn a_plan_adds_up_its_parts() {
        let config = Config::default();
        // 10⁶ · 32 + 32 · 32 weights, of which a copy may be kept; 2 · 32 + 2 · 32 + 16 numbers per node; 2 · 5 · 10⁶ pairs.
        let expected = 34e6 + 18.0 * 32_001_024.0 + 5.6 * 144e6 + 28.6 * 10e6;
        assert_eq!(plan(1e6, 5e6, &config).peak_bytes(), expected as u64);
    }

    #[test]
    fn the_smallest_change_that_fits_is_named() {
        let mut config = Config::default();
        config.train.loss = Some(LossKind::Reweighted);
        config.train.negatives_per_edge = Some(5);
        config.train.select = Some(Select::Last);
        let says = |config: &Config, limit: u64| {
            let mut config = config.clone();
            config.train.memory_limit = Some(ByteSize(limit));
            plan(1e6, 5e6, &config).check(&config).map_err(|error| error.to_string())
        };
        assert_eq!(says(&config, 2_200_000_000), Ok(()));
        let refused = |limit| says(&config, limit).unwrap_err();
        assert_eq!(
            refused(2_000_000_000),
            "training takes about 2.1 GB; `train.memory_limit` allows 2.0 GB; hint: `train.negatives_per_edge = 1` takes about 1.6 GB"
        );
        assert!(refused(500_000_000).contains(
            "hint: `train.negatives_per_edge = 1` `model.hidden = 4` `model.latent = 2` takes about "
        ));
        config.train.negatives_per_edge = Some(1);
        let refused = |limit| says(&config, limit).unwrap_err();
        assert!(
            refused(1_000_000_000)
                .ends_with("hint: `model.hidden = 16` `model.latent = 8` takes about 947.2 MB"),
            "{}",
            refused(1_000_000_000)
        );
        assert!(refused(1_000).contains("hint: a narrower model does not help"));
        config.model.model = ModelKind::Best;
        assert_eq!(says(&config, 8_000_000_000), Ok(()));
        assert!(
            says(&config, 3_000_000_000)
                .unwrap_err()
                .contains("hint: `model.model = vgae` takes about 1.6 GB")
        );
    }
}
