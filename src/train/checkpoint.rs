//! Where training stands between two epochs: all that it takes to go on as if it had never stopped.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::{Epoch, Kept};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::kernels::tape::AdamState;
use crate::model::network::Weights;

/// What the tensors of a checkpoint are called, before the names of the weights.
const WEIGHTS: &str = "last";
const BEST: &str = "best";
const MOMENTS: [&str; 2] = ["first_moment", "second_moment"];
const FINISHED: &str = "finished";

/// Matrices by their names, borrowed from a training that goes on or read back.
pub(crate) type Tensors<'a> = BTreeMap<String, Cow<'a, Array2<f32>>>;

/// Where training stands after an epoch: the weights, the best ones so far, what Adam remembers, where the random
/// numbers are, and every epoch. See [`super::fit_from`].
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint<'a> {
    pub(crate) state: State,
    pub(crate) tensors: Tensors<'a>,
}

/// What is no matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    /// What is being trained: the model, or a part of it.
    network: String,
    /// Steps that Adam took.
    num_steps: i32,
    /// Words that the generator of random numbers gave.
    word_position: u64,
    /// The seed of the next epoch's sample, where that was drawn ahead.
    next_seed: Option<u64>,
    /// What the best epoch so far was worth, and which one it was.
    best: Option<(f64, usize)>,
    /// Looks at the validation part since.
    num_looks_since_best: usize,
    /// Every epoch, those of the finished networks first.
    history: Vec<Epoch>,
}

/// The moment after an epoch, at which a [`Checkpoint`] can be taken.
pub struct Moment<'a> {
    take: &'a dyn Fn() -> Checkpoint<'a>,
    is_last: bool,
}

impl<'a> Moment<'a> {
    /// After the `last` epoch of a network, or another one.
    pub(super) fn new(take: &'a dyn Fn() -> Checkpoint<'a>, last: Last) -> Self {
        Moment { take, is_last: last == Last::Yes }
    }

    /// Whether the network has no further epoch.
    pub fn is_last(&self) -> bool {
        self.is_last
    }

    /// The state of training, borrowed from it as far as it lies in the host's memory.
    pub fn checkpoint(&self) -> Checkpoint<'a> {
        (self.take)()
    }
}

/// Whether an epoch is a network's last.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
    Yes,
    No,
}

impl Last {
    pub(super) fn of(epoch: usize, kept: &Kept, config: &Config) -> Self {
        if epoch == config.epochs() || kept.is_enough(&config.train) { Last::Yes } else { Last::No }
    }
}

/// What one network's training goes on from.
pub(super) struct Resumed {
    pub(super) weights: Weights,
    pub(super) adam: AdamState<'static>,
    pub(super) kept: Kept,
    pub(super) word_position: u64,
    pub(super) next_seed: Option<u64>,
    pub(super) history: Vec<Epoch>,
}

impl<'a> Checkpoint<'a> {
    /// Of one network, called `network`.
    pub(super) fn new(
        network: &str,
        weights: impl IntoIterator<Item = (String, Cow<'a, Array2<f32>>)>,
        adam: AdamState<'a>,
        kept: &'a Kept,
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

    /// With networks that were trained before this one, their weights and their epochs.
    pub(super) fn after(
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

    /// The last epoch, counted from 1, of the network that is being trained.
    pub fn epoch(&self) -> usize {
        self.state.history.last().map_or(0, |epoch| epoch.epoch)
    }

    /// What is being trained: the model, or a part of it.
    pub fn network(&self) -> &str {
        &self.state.network
    }

    /// Every epoch so far, those of parts that were trained before among them.
    pub fn history(&self) -> &[Epoch] {
        &self.state.history
    }

    /// Seconds that training took so far.
    pub fn elapsed_seconds(&self) -> f64 {
        let networks = self.state.history.chunk_by(|a, b| a.network == b.network);
        networks.filter_map(|epochs| epochs.last()).map(|last| last.elapsed_seconds).sum()
    }

    /// Whether all its numbers are finite: else there is no sense in going on from it.
    pub fn is_finite(&self) -> bool {
        self.tensors.values().all(|tensor| tensor.iter().all(|value| value.is_finite()))
    }

    /// What the training of the network called `network` goes on from.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it is of another network.
    pub(super) fn resume(&self, network: &str) -> Result<Resumed> {
        let State { num_steps, word_position, next_seed, best, num_looks_since_best, .. } = self.state;
        if self.state.network != network {
            let found = &self.state.network;
            return Err(Error::Checkpoint(format!("it is of the network {found}; expected {network}")));
        }
        let [first, second] = MOMENTS.map(|prefix| self.under(prefix));
        if !first.keys().eq(second.keys()) {
            return Err(Error::Checkpoint("it lacks a moment of Adam".into()));
        }
        let moments = first.into_iter().zip(second.into_values());
        let moments =
            moments.map(|((name, first), second)| (name, [Cow::Owned(first), Cow::Owned(second)])).collect();
        let history = self.state.history.iter().filter(|epoch| epoch.network == network).cloned().collect();
        Ok(Resumed {
            weights: self.under(WEIGHTS),
            adam: AdamState { num_steps, moments },
            kept: Kept::resumed(best, num_looks_since_best, self.under(BEST)),
            word_position,
            next_seed,
            history,
        })
    }

    /// The weights of the finished network called `network`, and its epochs; none where it was not finished.
    pub(super) fn finished(&self, network: &str) -> Option<(Weights, Vec<Epoch>)> {
        let weights = self.under(&format!("{FINISHED}/{network}"));
        let history = self.state.history.iter().filter(|epoch| epoch.network == network).cloned().collect();
        (!weights.is_empty()).then_some((weights, history))
    }

    /// The matrices whose names begin with `prefix`, without it.
    fn under(&self, prefix: &str) -> Weights {
        let own = |(name, tensor): (&String, &Cow<Array2<f32>>)| {
            let name = name.strip_prefix(prefix)?.strip_prefix('/')?;
            Some((name.to_string(), tensor.clone().into_owned()))
        };
        self.tensors.iter().filter_map(own).collect()
    }
}
