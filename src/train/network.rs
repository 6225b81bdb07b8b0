//! The training of one auto-encoder.

use std::time::Instant;

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::config::{Config, LossKind, Select};
use crate::decoder::Decoded;
use crate::encoder::{Inputs, adj_norm};
use crate::error::{Error, Result};
use crate::evaluate;
use crate::graph::{EdgeList, Features};
use crate::loss::{ExactReconstruction, GravityReconstruction, Sample, Target, kl_weight};
use crate::metrics::Metrics;
use crate::network::{Draws, Network, Terms};
use crate::split::Split;
use crate::tape::{Adam, KlTerm};
use crate::train::{Epoch, Kept};
use crate::transform::largest;

/// The random numbers of training are another stream than those of the split with the same seed.
pub(super) const TRAINING_STREAM: u64 = 1;

/// A trained network and how it came about.
pub(super) struct NetworkRun {
    pub(super) network: Network,
    pub(super) history: Vec<Epoch>,
    pub(super) selected_epoch: usize,
}

/// Trains the network of `config`, which has been validated. `part` is what it is called in a larger model.
pub(super) fn fit(
    features: Option<&Features>,
    split: &Split,
    config: &Config,
    part: &str,
    on_epoch: &mut dyn FnMut(&Epoch),
) -> Result<NetworkRun> {
    let start = Instant::now();
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    rng.set_stream(TRAINING_STREAM);
    let inputs = Inputs::new(&split.train, features, &config.model);
    let mut network = Network::new(&config.model, inputs.num_features(), &mut rng);
    let learning_rate = config.learning_rate();
    let mut optimizer = Adam::new(learning_rate);
    let (exact, gravity) = match (config.loss(), config.model.model.is_directed()) {
        (LossKind::Sampled, _) => (None, None),
        (LossKind::Exact, false) => (Some(ExactReconstruction::new(&split.train)), None),
        (LossKind::Exact, true) => {
            (None, Some(GravityReconstruction::new(&split.train, config.model.gravity_lambda)))
        }
    };
    let kl_weight = kl_weight(config.train.kl_weight, &split.train);
    let largest_feature = features.map_or(0.0, largest);
    let diverged = |loss, epoch| Error::Diverged { loss, epoch, learning_rate, largest_feature };
    let mut history = Vec::new();
    let mut kept = Kept::new(&config.train);
    let num_epochs = config.epochs();
    let name = if part.is_empty() { config.model.model.to_string() } else { part.to_string() };

    for epoch in 1..=num_epochs {
        let masked = Masked::draw(&split.train, config.train.mask_edges, &mut rng);
        let passed = masked.as_ref().map(|masked| adj_norm(&masked.kept, &config.model));
        let sample = (config.loss() == LossKind::Sampled).then(|| {
            let edges = masked.as_ref().map_or(&split.train, |masked| &masked.hidden);
            let negatives = config.train.negatives_per_edge;
            Sample::draw(edges.pairs().to_vec(), &split.train, negatives, &mut rng)
        });
        let target = match (&exact, &gravity, &sample) {
            (Some(exact), ..) => Target::Exact(exact),
            (_, Some(gravity), _) => Target::Gravity(gravity),
            (.., Some(sample)) => Target::Sampled(sample),
            _ => unreachable!("one of the three losses was chosen"),
        };
        let kl = KlTerm { weight: config.train.kl_share(epoch) * kl_weight, free: config.train.free_bits };
        let adj_norm = passed.as_ref().unwrap_or(&inputs.adj_norm);
        let draws = Draws::new(&mut rng);
        let (Terms { loss, reconstruction, kl }, gradients) =
            network.pass(adj_norm, &inputs, draws, kl, &target);
        if !loss.is_finite() {
            return Err(diverged(loss, epoch));
        }
        optimizer.step(network.weights_mut(), &gradients);
        // The next epoch's loss would tell, but there may be none.
        if epoch == num_epochs && !network.is_finite() {
            return Err(diverged(f64::NAN, epoch));
        }

        let is_look = epoch % config.train.validate_every == 0 || epoch == num_epochs;
        let validation = match is_look && !split.validation.is_empty() {
            true => Some(look(&network, &inputs, split).map_err(|error| match error {
                Error::NotANumber { .. } => diverged(f64::NAN, epoch),
                other => other,
            })?),
            false => None,
        };
        let row = Epoch {
            epoch,
            loss,
            reconstruction,
            kl,
            validation_roc_auc: validation.map(|metrics| metrics.roc_auc),
            validation_average_precision: validation.map(|metrics| metrics.average_precision),
            validation_elbo: None,
            elapsed_seconds: start.elapsed().as_secs_f64(),
            network: name.clone(),
            num_epochs,
        };
        on_epoch(&row);
        history.push(row);
        let score = validation.map(|metrics| metrics.roc_auc + metrics.average_precision);
        if score.is_some_and(|score| kept.look(score, epoch, || network.weights().clone()).is_break()) {
            break;
        }
    }
    let mut selected_epoch = history.len();
    if let (Select::Best, Some((epoch, weights))) = (config.train.select(), kept.into_best()) {
        // These names and shapes are the network's own: only numbers that are not finite are refused.
        network.set_weights(weights).map_err(|_| diverged(f64::NAN, epoch))?;
        selected_epoch = epoch;
    }
    Ok(NetworkRun { network, history, selected_epoch })
}

/// The metrics of the validation part, with message passing over all training edges.
fn look(network: &Network, inputs: &Inputs, split: &Split) -> Result<Metrics> {
    let decoded = Decoded::new(network.embed(inputs).mean, network.decoder());
    evaluate::part(&decoded, &split.validation)
}

/// The training edges of one epoch, in two parts.
struct Masked {
    /// Those that messages pass along.
    kept: EdgeList,
    /// The others.
    hidden: EdgeList,
}

impl Masked {
    /// Hides `fraction` of the edges, at least one; `None` where nothing is to be hidden.
    fn draw(train: &EdgeList, fraction: f64, rng: &mut impl Rng) -> Option<Masked> {
        if fraction == 0.0 {
            return None;
        }
        let num_hidden = ((train.len() as f64 * fraction) as usize).max(1);
        let mut order: Vec<usize> = (0..train.len()).collect();
        let (hidden, kept) = order.partial_shuffle(rng, num_hidden);
        hidden.sort_unstable();
        kept.sort_unstable();
        Some(Masked { kept: train.select(kept), hidden: train.select(hidden) })
    }
}
