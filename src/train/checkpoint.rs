//! The state of training between two epochs: everything needed to continue as if it had not stopped.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::{EarlyStopping, Epoch};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::kernels::tape::AdamState;
use crate::model::network::Weights;

/// The prefixes of a checkpoint's tensors; the names of the weights follow them.
const WEIGHTS: &str = "last";
const BEST: &str = "best";
const MOMENTS: [&str; 2] = ["first_moment", "second_moment"];
const FINISHED: &str = "finished";

/// Matrices by name, borrowed from a running training or read from a file.
pub(crate) type Tensors<'a> = BTreeMap<String, Cow<'a, Array2<f32>>>;

/// The state of training after an epoch: the weights, the best weights so far, the state of Adam, the
/// position of the random number generator, and every epoch. See [`super::fit_from`].
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint<'a> {
    pub(crate) state: State,
    pub(crate) tensors: Tensors<'a>,
}

/// The part of a checkpoint that is not a matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    /// The network being trained: the model, or a part of it.
    network: String,
    /// The number of steps that Adam has taken.
    num_steps: i32,
    /// The number of words that the random number generator has produced.
    word_position: u64,
    /// The seed of the next epoch's sample, if it was drawn ahead.
    next_seed: Option<u64>,
    /// The validation score and the number of the best epoch so far.
    best: Option<(f64, usize)>,
    /// The number of validations since the best epoch.
    num_looks_since_best: usize,
    /// Every epoch, those of finished networks first.
    history: Vec<Epoch>,
}

/// The moment after an epoch, when a [`Checkpoint`] can be taken.
pub struct Moment<'a> {
    take: &'a dyn Fn() -> Checkpoint<'a>,
    is_last: bool,
}

impl<'a> Moment<'a> {
    /// Offers the checkpoint that `take` makes, after an epoch that may be the `last`.
    pub(super) fn new(take: &'a dyn Fn() -> Checkpoint<'a>, last: Last) -> Self {
        Moment { take, is_last: last == Last::Yes }
    }

    /// Returns `true` after the last epoch of a network.
    pub fn is_last(&self) -> bool {
        self.is_last
    }

    /// Returns the state of training. It borrows what is in the host's memory and copies the rest.
    pub fn checkpoint(&self) -> Checkpoint<'a> {
        (self.take)()
    }
}

/// `Yes` if an epoch is the last of a network.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
    Yes,
    No,
}

impl Last {
    /// Returns `Yes` if training stops after `epoch`.
    pub(super) fn new(epoch: usize, kept: &EarlyStopping, config: &Config) -> Self {
        if epoch == config.epochs() || kept.is_out_of_patience(&config.train) { Last::Yes } else { Last::No }
    }
}

/// The state that the training of one network continues from.
pub(super) struct Resumed {
    pub(super) weights: Weights,
    pub(super) adam: AdamState<'static>,
    pub(super) kept: EarlyStopping,
    pub(super) word_position: u64,
    pub(super) next_seed: Option<u64>,
    pub(super) history: Vec<Epoch>,
}

impl<'a> Checkpoint<'a> {
    /// Takes the state of one network, named `network`.
    pub(super) fn new(
        network: &str,
        weights: impl IntoIterator<Item = (String, Cow<'a, Array2<f32>>)>,
        adam: AdamState<'a>,
        kept: &'a EarlyStopping,
        (word_position, next_seed): (u64, Option<u64>),
        history: &[Epoch],
    ) -> Self {
        let mut tensors = Tensors::new();
        let mut add =
            |prefix: &str, name: &str, tensor| drop(tensors.insert(format!("{prefix}/{name}"), tensor));
        for (name, weight) in weights {
            add(WEIGHTS, &name, weight);
        }
        for (name, moments) in adam.moments {
            for (prefix, moment) in MOMENTS.iter().zip(moments) {
                add(prefix, &name, moment);
            }
        }
        for (name, weight) in kept.weights() {
            add(BEST, name, Cow::Borrowed(weight));
        }
        let state = State {
            network: network.to_string(),
            num_steps: adam.num_steps,
            word_position,
            next_seed,
            best: kept.best(),
            num_looks_since_best: kept.num_looks_since_best(),
            history: history.to_vec(),
        };
        Checkpoint { state, tensors }
    }

    /// Adds the weights and the epochs of the networks that were trained before this one.
    pub(super) fn with_finished(
        mut self,
        finished: impl IntoIterator<Item = (&'a str, &'a Weights)>,
        history: &[Epoch],
    ) -> Self {
        for (network, weights) in finished {
            for (name, weight) in weights {
                self.tensors.insert(format!("{FINISHED}/{network}/{name}"), Cow::Borrowed(weight));
            }
        }
        self.state.history.splice(..0, history.iter().cloned());
        self
    }

    /// Returns the last epoch, counted from 1, of the network being trained.
    pub fn epoch(&self) -> usize {
        self.state.history.last().map_or(0, |epoch| epoch.epoch)
    }

    /// Returns the name of the network being trained: the model, or a part of it.
    pub fn network(&self) -> &str {
        &self.state.network
    }

    /// Returns every epoch so far, including those of parts that were trained earlier.
    pub fn history(&self) -> &[Epoch] {
        &self.state.history
    }

    /// Returns the seconds that training has taken so far.
    pub fn elapsed_seconds(&self) -> f64 {
        let networks = self.state.history.chunk_by(|a, b| a.network == b.network);
        networks.filter_map(|epochs| epochs.last()).map(|last| last.elapsed_seconds).sum()
    }

    /// Returns `true` if all numbers are finite. Training cannot usefully continue from other checkpoints.
    pub fn is_finite(&self) -> bool {
        self.tensors.values().all(|tensor| tensor.iter().all(|value| value.is_finite()))
    }

    /// Returns the state that the training of the network named `network` continues from.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if the checkpoint is of another network, or lacks a moment of Adam.
    pub(super) fn resume(&self, network: &str) -> Result<Resumed> {
        let State { num_steps, word_position, next_seed, best, num_looks_since_best, .. } = self.state;
        if self.state.network != network {
            let found = &self.state.network;
            return Err(Error::Checkpoint(format!("it holds the network {found}; expected {network}")));
        }
        let [first, second] = MOMENTS.map(|prefix| self.with_prefix(prefix));
        if !first.keys().eq(second.keys()) {
            return Err(Error::Checkpoint("it lacks a moment of Adam".into()));
        }
        let moments = first.into_iter().zip(second.into_values());
        let moments =
            moments.map(|((name, first), second)| (name, [Cow::Owned(first), Cow::Owned(second)])).collect();
        let history = self.state.history.iter().filter(|epoch| epoch.network == network).cloned().collect();
        Ok(Resumed {
            weights: self.with_prefix(WEIGHTS),
            adam: AdamState { num_steps, moments },
            kept: EarlyStopping::resumed(best, num_looks_since_best, self.with_prefix(BEST)),
            word_position,
            next_seed,
            history,
        })
    }

    /// Returns the weights and the epochs of the finished network named `network`, or `None` if it is not
    /// finished.
    pub(super) fn finished(&self, network: &str) -> Option<(Weights, Vec<Epoch>)> {
        let weights = self.with_prefix(&format!("{FINISHED}/{network}"));
        let history = self.state.history.iter().filter(|epoch| epoch.network == network).cloned().collect();
        (!weights.is_empty()).then_some((weights, history))
    }

    /// Returns the matrices whose names start with `prefix`, which is removed from the names.
    fn with_prefix(&self, prefix: &str) -> Weights {
        let own = |(name, tensor): (&String, &Cow<Array2<f32>>)| {
            let name = name.strip_prefix(prefix)?.strip_prefix('/')?;
            Some((name.to_string(), tensor.clone().into_owned()))
        };
        self.tensors.iter().filter_map(own).collect()
    }
}
