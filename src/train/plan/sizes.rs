//! The bytes that a training adds, from the sizes of its graph and its settings.

use crate::config::{BaselineKind, Config, DecoderKind, LossKind, ModelKind, Select};
use crate::model::baseline::{ClosedForm, MAX_ENTRIES};
use crate::model::stack;
use crate::model::vae::{Batch, ROWS_AT_A_TIME};
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
/// Bytes per edge or nonzero feature.
pub(super) const ENTRY_BYTES: f64 = 8.0;

/// The sizes of a graph that determine the memory of a training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sizes {
    pub(super) num_nodes: f64,
    pub(super) num_edges: f64,
    pub(super) num_feature_bytes: f64,
    /// The number of columns of X.
    pub(super) num_columns: f64,
}

impl Sizes {
    /// Returns the bytes that the training of `config` adds.
    pub(super) fn training_bytes(&self, config: &Config) -> f64 {
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
