//! The training of a stack: its networks one after the other, then their combiner.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::config::Config;
use crate::error::Result;
use crate::graph::Csr;
use crate::split::{Part, Split, sample_negatives};
use crate::stack::{Combiner, Parts, Stack, networks};
use crate::train::{Epoch, network};

/// The random numbers that hide training edges are another stream than those of the split and of training.
const HIDING_STREAM: u64 = 2;
/// The fraction of the training edges that the combiner is fitted on where there is no validation part.
const HIDDEN_FRACTION: f64 = 0.1;

/// Trains the networks on the training edges, each kept at its best epoch on the validation part, and fits the
/// combiner on the scores of the validation pairs. Without a validation part a tenth of the training edges
/// stands in for it.
pub(super) fn fit(
    features: Option<&Csr>,
    split: &Split,
    config: &Config,
    on_epoch: &mut dyn FnMut(&Epoch),
) -> Result<(Stack, Vec<Epoch>)> {
    let hidden;
    let split = match split.validation.is_empty() {
        false => split,
        true => {
            hidden = hide(split, config.seed)?;
            &hidden
        }
    };
    let (mut trained, mut history) = (Vec::new(), Vec::new());
    for (name, config) in networks(config) {
        let run = network::fit(features, split, &config, name, on_epoch)?;
        history.extend(run.history);
        trained.push((name, run.network));
    }
    let parts = Parts::new(&trained, &split.train, features, config.seed)?;
    let scores = parts.scores(&split.validation.pairs());
    let combiner = Combiner::fit(scores.view(), &split.validation.labels());
    Ok((Stack::new(trained, combiner, config.seed), history))
}

/// The split whose validation part are training edges of `split`, and as many negatives.
fn hide(split: &Split, seed: u64) -> Result<Split> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(HIDING_STREAM);
    let num_hidden = ((split.train.len() as f64 * HIDDEN_FRACTION) as usize).max(1);
    let mut order: Vec<usize> = (0..split.train.len()).collect();
    let (hidden, kept) = order.partial_shuffle(&mut rng, num_hidden);
    hidden.sort_unstable();
    kept.sort_unstable();
    let negatives = sample_negatives(&split.train, num_hidden, &mut rng)?;
    Ok(Split {
        train: split.train.select(kept),
        validation: Part { edges: split.train.select(hidden), negatives },
        test: Part::default(),
    })
}
