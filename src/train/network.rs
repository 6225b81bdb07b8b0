//! Trains one auto-encoder.

use std::mem::take;
use std::time::Instant;

use ndarray::Array2;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::config::{Config, DecoderKind, LossKind};
use crate::error::{Error, Result};
use crate::evaluate;
use crate::evaluate::metrics::Metrics;
use crate::graph::transform::largest;
use crate::graph::{EdgeList, Features};
use crate::kernels::device;
use crate::kernels::tape::KlTerm;
use crate::model::decoder::EmbeddingScorer;
use crate::model::encoder::{Inputs, adj_norm};
use crate::model::loss::{
    ExactReconstruction, GravityReconstruction, SampledEdges, SubgraphReconstruction, Target, Weighting,
    kl_weight, relative_weights,
};
use crate::model::network::{Network, Pass, Seeds, Terms};
#[cfg(feature = "torch")]
use crate::model::{loss::TorchLoss, network::TorchTrainer};
use crate::split::Split;
use crate::train::checkpoint::{Checkpoint, Last, Moment};
use crate::train::engine::Engine;
use crate::train::{EarlyStopping, Epoch, OnEpoch};

/// The random stream of training, separate from that of the split with the same seed.
pub(super) const TRAINING_STREAM: u64 = 1;

/// A trained network and the history of its training.
pub(super) struct NetworkRun {
    pub(super) network: Network,
    pub(super) history: Vec<Epoch>,
    pub(super) selected_epoch: usize,
}

/// Trains the network of `config`, which must be validated, and continues `from` a checkpoint if there is
/// one. `part` is the name of the network in a larger model, or empty.
pub(super) fn fit(
    features: Option<&Features>,
    split: &Split,
    config: &Config,
    part: &str,
    from: Option<&Checkpoint>,
    on_epoch: &mut OnEpoch,
) -> Result<NetworkRun> {
    let start = Instant::now();
    check_negatives(&split.train, config)?;
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    rng.set_stream(TRAINING_STREAM);
    let inputs = Inputs::new(&split.train, features, &config.model);
    let mut network = Network::new(&config.model, inputs.num_features(), &mut rng);
    let name = if part.is_empty() { config.model.model.to_string() } else { part.to_string() };
    let mut resumed = from.map(|checkpoint| checkpoint.resume(&name)).transpose()?;
    if let Some(resumed) = &mut resumed {
        network.set_weights(take(&mut resumed.weights)).map_err(Error::Checkpoint)?;
        rng.set_word_pos(resumed.word_position.into());
    }
    let learning_rate = config.learning_rate();
    let device = device::choose(config, split.train.num_nodes())?;
    let (mut engine, source) = match device {
        None => (Engine::host(config), Source::new(&split.train, config)),
        #[cfg(not(feature = "torch"))]
        Some(device) => match device {},
        #[cfg(feature = "torch")]
        Some(device) => {
            let loss = torch_loss(&split.train, config, device);
            let source = if loss.is_some() { Source::OnDevice } else { Source::new(&split.train, config) };
            let trainer = TorchTrainer::new(&network, &inputs, loss, learning_rate, device);
            (Engine::Torch(trainer), source)
        }
    };
    let kl_weight = kl_weight(config.train.kl_weight, &split.train);
    let largest_feature = features.map_or(0.0, largest);
    let diverged =
        |loss, epoch| Error::Diverged { part: part.into(), loss, epoch, learning_rate, largest_feature };
    let (mut kept, mut history, mut next_seed) = (EarlyStopping::new(), Vec::new(), None);
    if let Some(resumed) = resumed {
        engine.restore(resumed.adam, &network).map_err(Error::Checkpoint)?;
        (kept, history, next_seed) = (resumed.kept, resumed.history, resumed.next_seed);
    }
    let seconds_before = history.last().map_or(0.0, |epoch: &Epoch| epoch.elapsed_seconds);
    let mut next_target = next_seed.map(|seed| source.target(None, &split.train, config, seed));
    let num_epochs = config.epochs();

    for epoch in history.len() + 1..=num_epochs {
        if kept.is_out_of_patience(&config.train) {
            break;
        }
        let epoch_start = Instant::now();
        let masked = Masked::draw(&split.train, config, &mut rng);
        let masked_adj_norm = masked.as_ref().map(|masked| adj_norm(&masked.kept, &config.model));
        let hidden = masked
            .as_ref()
            .map(|masked| sampled_edges(&masked.learnt, &split.train, Weighting::Balanced, config));
        let target = match next_target.take() {
            Some(target) => target,
            None => source.target(hidden.as_ref(), &split.train, config, rng.random()),
        };
        let seed = rng.random();
        // Without masking every epoch has the same edges, so the next sample can be drawn in parallel with
        // this step.
        let next_seed = (masked.is_none() && epoch < num_epochs).then_some(seed);
        let draw_next = || next_seed.map(|seed| source.target(None, &split.train, config, seed));
        let kl = KlTerm { weight: config.train.kl_share(epoch) * kl_weight, free: config.train.free_bits };
        let draws = Seeds::new(&mut rng);
        let pass = Pass { masked: masked_adj_norm.as_ref(), inputs: &inputs, draws, kl, target: &target };
        let (Terms { loss, reconstruction, kl }, drawn) = engine.step(&mut network, pass, draw_next);
        next_target = drawn;
        if !loss.is_finite() {
            return Err(diverged(loss, epoch));
        }
        let is_validated = epoch % config.train.validate_every == 0 || epoch == num_epochs;
        if is_validated {
            engine.copy_weights(&mut network);
        }
        // After the last step, no further loss shows that the weights diverged.
        if epoch == num_epochs && !network.is_finite() {
            return Err(diverged(f64::NAN, epoch));
        }

        // The next epoch reuses this encoding, so its time counts as training.
        let mean = (is_validated && !split.validation.is_empty()).then(|| engine.encode(&network, &inputs));
        let train_seconds = epoch_start.elapsed().as_secs_f64();
        let validation = match mean {
            Some(mean) => Some(validate(&network, mean, split).map_err(|error| match error {
                Error::NotANumber { .. } => diverged(f64::NAN, epoch),
                other => other,
            })?),
            None => None,
        };
        let row = Epoch {
            epoch,
            loss,
            reconstruction,
            kl,
            validation_roc_auc: validation.map(|metrics| metrics.roc_auc),
            validation_average_precision: validation.map(|metrics| metrics.average_precision),
            validation_elbo: None,
            train_seconds,
            elapsed_seconds: seconds_before + start.elapsed().as_secs_f64(),
            network: name.clone(),
            num_epochs,
        };
        history.push(row);
        if let Some(metrics) = validation {
            let score = metrics.roc_auc + metrics.average_precision;
            kept.record(score, epoch, &config.train, || network.weights().clone());
        }
        let random = (rng.get_word_pos() as u64, next_seed);
        let checkpoint = || {
            let weights = engine.weights(&network);
            Checkpoint::new(&name, weights, engine.adam_state(), &kept, random, &history)
        };
        on_epoch(&history[history.len() - 1], &Moment::new(&checkpoint, Last::new(epoch, &kept, config)))?;
    }
    let mut selected_epoch = history.len();
    let last = history
        .last()
        .and_then(|epoch: &Epoch| Some(epoch.validation_roc_auc? + epoch.validation_average_precision?));
    let selected = kept.into_selected(config.select(), last, split.validation.edges.len());
    if let Some((epoch, weights)) = selected {
        // The names and shapes are the network's own, so only numbers that are not finite can be refused.
        network.set_weights(weights).map_err(|_| diverged(f64::NAN, epoch))?;
        selected_epoch = epoch;
    }
    Ok(NetworkRun { network, history, selected_epoch })
}

/// Checks that the graph has negatives if the loss of `config` draws them.
fn check_negatives(train: &EdgeList, config: &Config) -> Result<()> {
    let loss = config.loss().for_graph(train.num_nodes());
    if matches!(loss, LossKind::Sampled | LossKind::Reweighted) && train.len() as u64 == train.num_pairs() {
        let problem = format!(
            "`train.loss = {loss}` draws pairs that are not edges, but every pair of nodes is an edge; hint: \
             `train.loss = exact`"
        );
        return Err(Error::config("train.loss", problem));
    }
    Ok(())
}

/// Returns the loss that the device computes itself, or `None` if the host draws a target for each epoch.
#[cfg(feature = "torch")]
fn torch_loss(train: &EdgeList, config: &Config, device: tch::Device) -> Option<TorchLoss> {
    let is_unmasked = config.mask_edges() == 0.0;
    let loss = config.loss().for_graph(train.num_nodes());
    let weights = loss_weights(train, train, config);
    let on_device = || TorchLoss::new(train, weights.as_deref(), loss, config.negatives_per_edge(), device);
    is_unmasked.then(on_device).flatten()
}

/// Returns the factors of the terms of `edges`, part of `train`, in the loss, or `None` if all are 1.
fn loss_weights(edges: &EdgeList, train: &EdgeList, config: &Config) -> Option<Vec<f32>> {
    if config.train.weighted_loss { relative_weights(edges, train) } else { None }
}

/// Prepares samples of `edges`, part of `train`.
fn sampled_edges(edges: &EdgeList, train: &EdgeList, weighting: Weighting, config: &Config) -> SampledEdges {
    let sampled = SampledEdges::new(edges.clone(), weighting);
    match loss_weights(edges, train, config) {
        None => sampled,
        Some(weights) => sampled.weighted(weights),
    }
}

/// The source of each epoch's target.
enum Source {
    Exact(ExactReconstruction),
    Gravity(GravityReconstruction),
    Sampled(SampledEdges),
    Subgraph(SubgraphReconstruction),
    /// The device computes the loss itself.
    OnDevice,
}

impl Source {
    fn new(train: &EdgeList, config: &Config) -> Self {
        let loss = config.loss().for_graph(train.num_nodes());
        let sampled = |weighting| Source::Sampled(sampled_edges(train, train, weighting, config));
        let num_drawn = config.train.subgraph_nodes;
        match (loss, config.model.model.is_directed(), loss_weights(train, train, config)) {
            (LossKind::Exact | LossKind::Auto, true, weights) => {
                let gravity = GravityReconstruction::new(train, config.model.gravity_lambda);
                Source::Gravity(match weights {
                    None => gravity,
                    Some(weights) => gravity.weighted(weights),
                })
            }
            (LossKind::Exact | LossKind::Auto, _, None) => Source::Exact(ExactReconstruction::new(train)),
            (LossKind::Exact | LossKind::Auto, _, Some(weights)) => {
                Source::Exact(ExactReconstruction::weighted(train, &weights))
            }
            (LossKind::Sampled, ..) => sampled(Weighting::Balanced),
            (LossKind::Reweighted, ..) => sampled(Weighting::Unbiased),
            (LossKind::Subgraph, _, None) => Source::Subgraph(SubgraphReconstruction::new(train, num_drawn)),
            (LossKind::Subgraph, _, Some(weights)) => {
                Source::Subgraph(SubgraphReconstruction::weighted(train, num_drawn, &weights))
            }
        }
    }

    /// Seeds the target of one epoch. If edges are `hidden` from message passing, the balanced sample uses
    /// only those.
    fn target<'a>(
        &'a self,
        hidden: Option<&'a SampledEdges>,
        train: &EdgeList,
        config: &Config,
        seed: u64,
    ) -> Target<'a> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = |edges: &'a SampledEdges| {
            let sample = edges.draw(train, config.negatives_per_edge(), &mut rng);
            match config.model.decoder() {
                DecoderKind::InnerProduct if config.model.model.is_directed() => _ = sample.incidence(),
                DecoderKind::InnerProduct => _ = sample.lists(),
                DecoderKind::HadamardMlp | DecoderKind::ResidualMlp => {}
            }
            Target::Sampled(sample)
        };
        match (self, hidden) {
            (Source::Exact(exact), _) => Target::Exact(exact),
            (Source::Gravity(gravity), _) => Target::Gravity(gravity),
            (Source::Sampled(_), Some(hidden)) if config.loss() == LossKind::Sampled => draw(hidden),
            (Source::Sampled(edges), _) => draw(edges),
            (Source::OnDevice, _) => Target::Elsewhere,
            (Source::Subgraph(subgraphs), _) => {
                Target::Subgraph(subgraphs.draw(&mut ChaCha8Rng::seed_from_u64(seed)))
            }
        }
    }
}

/// Returns the metrics of the validation part. `mean` encodes the nodes with all training edges.
fn validate(network: &Network, mean: Array2<f32>, split: &Split) -> Result<Metrics> {
    let decoded = EmbeddingScorer::new(mean, network.decoder());
    evaluate::part(&decoded, &split.validation)
}

/// The most hidden edges that one step of a perceptron learns from. Each costs thousands of times as much as with inner
/// products, and a step from so many has little noise.
const MAX_PERCEPTRON_EDGES: usize = 8_192;

/// The most edges that one step of a residual perceptron hides and learns from: a batch of Ma et al. 2025.
const MAX_RESIDUAL_EDGES: usize = 4_096;

/// Returns the number of edges that a step learns from, of `num_edges` training edges.
pub(super) fn most_learnt(config: &Config, num_edges: usize) -> usize {
    let most = match config.model.decoder() {
        DecoderKind::InnerProduct => usize::MAX,
        DecoderKind::HadamardMlp => MAX_PERCEPTRON_EDGES,
        DecoderKind::ResidualMlp => MAX_RESIDUAL_EDGES,
    };
    match config.mask_edges() > 0.0 {
        true => num_hidden(config, num_edges).min(most),
        false => num_edges,
    }
}

/// Returns the number of edges that an epoch hides, at least one.
fn num_hidden(config: &Config, num_edges: usize) -> usize {
    let most = match config.model.decoder() {
        DecoderKind::ResidualMlp => MAX_RESIDUAL_EDGES,
        DecoderKind::InnerProduct | DecoderKind::HadamardMlp => usize::MAX,
    };
    ((num_edges as f64 * config.mask_edges()) as usize).clamp(1, most)
}

/// The training edges of one epoch, in two parts.
struct Masked {
    /// The edges that carry messages.
    kept: EdgeList,
    /// Those of the others that the step learns from.
    learnt: EdgeList,
}

impl Masked {
    /// Hides the fraction of the edges that `config` sets, at least one. Returns `None` if it is 0.
    fn draw(train: &EdgeList, config: &Config, rng: &mut impl Rng) -> Option<Masked> {
        if config.mask_edges() == 0.0 {
            return None;
        }
        let num_hidden = num_hidden(config, train.len());
        let mut order: Vec<usize> = (0..train.len()).collect();
        let (hidden, kept) = order.partial_shuffle(rng, num_hidden);
        let learnt = &mut hidden[..most_learnt(config, train.len())];
        learnt.sort_unstable();
        kept.sort_unstable();
        Some(Masked { kept: train.select(kept), learnt: train.select(learnt) })
    }
}
