//! Trains a stack: its networks one after the other, then their combiner.

mod combine;
mod lists;

use std::borrow::Cow;

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::graph::Features;
use crate::model::network::Network;
use crate::model::stack::{Parts, Stack, max_epochs, networks};
use crate::progress::Progress;
use crate::split::{HeldOut, Split, sample_negatives};
use crate::train::checkpoint::{Checkpoint, Last, Moment};
use crate::train::{Epoch, OnEpoch, network};

pub(crate) use combine::CombinerFit;

/// The random stream that hides training edges, separate from those of the split and of training.
const HIDING_STREAM: u64 = 2;
/// The fraction of the training edges that is hidden from the networks to fit the combiner. The validation
/// part alone, usually a twentieth of the graph, is too small to determine the combiner's weights.
const HIDDEN_FRACTION: f64 = 0.1;
/// The most training edges that are hidden, and the most validation edges that choose epochs and fit the combiner: its
/// twenty weights need no more.
const MAX_CHOOSING: usize = 20_000;
/// Negatives per edge for fitting the combiner. Unlike edges, they can be drawn at will.
const NEGATIVES_PER_EDGE: usize = 5;

/// Trains the networks without the hidden training edges, selects the best epoch of each on the pairs of
/// [`fitting`], and fits the combiner on these pairs and on further negatives.
pub(super) fn fit(
    features: Option<&Features>,
    split: &Split,
    config: &Config,
    progress: &Progress,
    from: Option<&Checkpoint>,
    on_epoch: &mut OnEpoch,
) -> Result<(Stack, Vec<Epoch>)> {
    let fitting = fitting(split, config.seed).map_err(|error| match error {
        Error::TooFewNonEdges { needed, available } => {
            let problem = format!(
                "`model.model = best` fits its combiner on {needed} pairs that are not edges, but the graph has \
                 {available} to spare; hint: another `model.model`, such as vgae with `train.loss = exact`"
            );
            Error::config("model.model", problem)
        }
        other => other,
    })?;
    let (mut trained, mut history): (Vec<(&'static str, Network)>, Vec<Epoch>) = (Vec::new(), Vec::new());
    let epochs = Some(max_epochs(config, &split.train));
    let num_features = features.map_or(split.train.num_nodes(), Features::cols);
    for (name, mut config) in networks(config, num_features) {
        config.train.epochs = epochs;
        if let Some((weights, epochs)) = from.and_then(|checkpoint| checkpoint.finished(name)) {
            // The random weights are replaced at once.
            let mut network =
                Network::new(&config.model, num_features, &mut ChaCha8Rng::seed_from_u64(config.seed));
            network.set_weights(weights).map_err(Error::Checkpoint)?;
            trained.push((name, network));
            history.extend(epochs);
            continue;
        }
        let from = from.filter(|checkpoint| checkpoint.network() == name);
        let run = network::fit(features, &fitting.chosen_on, &config, name, from, &mut |epoch, moment| {
            let finished = || trained.iter().map(|(name, network)| (*name, network.weights()));
            let checkpoint = || moment.checkpoint().with_finished(finished(), &history);
            let last = if moment.is_last() { Last::Yes } else { Last::No };
            on_epoch(epoch, &Moment::new(&checkpoint, last))
        })?;
        history.extend(run.history);
        trained.push((name, run.network));
    }
    progress.begin("fitting the combiner");
    let parts = Parts::new(&trained, &fitting.chosen_on.train, features, config.seed)?;
    let combiner = CombinerFit::new(&parts, &fitting, split, config).combiner();
    Ok((Stack::new(trained, combiner, config.seed), history))
}

/// The data that a stack is fitted on.
pub(crate) struct Fitting {
    /// The split for the networks. Its validation part holds the validation pairs, the hidden training edges
    /// and as many negatives.
    pub(crate) chosen_on: Split,
    /// The validation part of `chosen_on` with more negatives, for the combiner.
    pub(crate) fitted_on: HeldOut,
}

/// Hides training edges of `split`, chosen by the seed alone.
///
/// # Errors
/// [`crate::Error::TooFewNonEdges`] if the graph has fewer negatives than hidden edges.
pub(crate) fn fitting(split: &Split, seed: u64) -> Result<Fitting> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(HIDING_STREAM);
    let train = split.train.undirected();
    let num_hidden = ((train.len() as f64 * HIDDEN_FRACTION) as usize).clamp(1, MAX_CHOOSING);
    let mut order: Vec<usize> = (0..train.len()).collect();
    let (hidden, kept) = order.partial_shuffle(&mut rng, num_hidden);
    hidden.sort_unstable();
    kept.sort_unstable();
    let known = train.with_edges([train.pairs(), split.validation.edges.pairs()].concat());
    let validation = few_of(&split.validation, &mut rng);
    let edges = train.with_edges([train.select(hidden).pairs(), validation.edges.pairs()].concat());
    let mut negatives = validation.negatives.clone();
    negatives.extend(sample_negatives(&known, num_hidden, &mut rng)?);
    let mut fitted_on = HeldOut { edges, negatives, by_link: None };
    let chosen_on = Split { train: train.select(kept), validation: fitted_on.clone(), ..Split::default() };
    let num_more = (NEGATIVES_PER_EDGE - 1) * fitted_on.edges.len();
    // At most half of the available negatives, since a larger share is slow to draw.
    let num_more = num_more.min((known.num_pairs().saturating_sub(known.len() as u64) / 2) as usize);
    fitted_on.negatives.extend(sample_negatives(&known, num_more, &mut rng)?);
    Ok(Fitting { chosen_on, fitted_on })
}

/// Draws at most [`MAX_CHOOSING`] edges and as large a share of the negatives.
fn few_of<'a>(part: &'a HeldOut, rng: &mut impl Rng) -> Cow<'a, HeldOut> {
    if part.edges.len() <= MAX_CHOOSING {
        return Cow::Borrowed(part);
    }
    let num_negatives =
        (part.negatives.len() as u64 * MAX_CHOOSING as u64 / part.edges.len() as u64) as usize;
    let mut draw = |length: usize, count: usize| {
        let mut order: Vec<usize> = (0..length).collect();
        let (drawn, _) = order.partial_shuffle(rng, count);
        drawn.sort_unstable();
        drawn.to_vec()
    };
    let edges = part.edges.select(&draw(part.edges.len(), MAX_CHOOSING));
    let negatives = draw(part.negatives.len(), num_negatives);
    let negatives = negatives.into_iter().map(|at| part.negatives[at]).collect();
    Cow::Owned(HeldOut { edges, negatives, by_link: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::EdgeList;

    #[test]
    fn a_large_validation_part_is_drawn_from_and_a_small_one_is_kept() {
        let (n, count) = (50_000, 45_000u32);
        let part = |count: u32| HeldOut {
            edges: EdgeList::new(n, (0..count).map(|u| (u, u + 1)).collect(), None).0,
            negatives: (0..2 * count).map(|at| (at / 2, at / 2 + 2 + at % 2)).collect(),
            by_link: None,
        };
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let (small, large) = (part(MAX_CHOOSING as u32), part(count));
        assert_eq!(*few_of(&small, &mut rng), small);
        let few = few_of(&large, &mut rng);
        assert_eq!((few.edges.len(), few.negatives.len()), (MAX_CHOOSING, 2 * MAX_CHOOSING));
        assert!(few.edges.pairs().iter().all(|&(u, v)| v == u + 1));
        assert!(few.negatives.iter().all(|&(u, v)| v > u + 1) && few.negatives.is_sorted());
    }

    #[test]
    fn epochs_are_fewer_in_large_graphs_unless_they_are_set() {
        let ring = |n: u32, count: u32| {
            let pairs = (1..=count).flat_map(|step| (0..n).map(move |u| (u, (u + step) % n))).collect();
            EdgeList::new(n as usize, pairs, None).0
        };
        let mut config = Config::default();
        assert_eq!(max_epochs(&config, &ring(1000, 3)), 500);
        assert_eq!(max_epochs(&config, &ring(200_000, 3)), 300_000_000 / 1_400_000);
        assert_eq!(max_epochs(&config, &ring(1_000_000, 3)), 60);
        config.train.epochs = Some(900);
        assert_eq!(max_epochs(&config, &ring(200_000, 3)), 900);
    }
}
