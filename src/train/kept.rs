//! The best epoch so far, and whether to go on.

use std::ops::ControlFlow;

use crate::config::TrainConfig;
use crate::network::Weights;

/// The weights of the epoch that the validation part liked best.
pub(super) struct Kept {
    best: Option<(f64, usize, Weights)>,
    num_looks_since_best: usize,
    patience: Option<usize>,
}

impl Kept {
    pub(super) fn new(config: &TrainConfig) -> Self {
        Kept { best: None, num_looks_since_best: 0, patience: config.patience }
    }

    /// Notes that `epoch` was worth `score`; breaks off when the patience is at its end.
    pub(super) fn look(
        &mut self,
        score: f64,
        epoch: usize,
        weights: impl FnOnce() -> Weights,
    ) -> ControlFlow<()> {
        self.num_looks_since_best += 1;
        if self.best.as_ref().is_none_or(|(highest, ..)| score > *highest) {
            self.best = Some((score, epoch, weights()));
            self.num_looks_since_best = 0;
        }
        match self.patience.is_some_and(|patience| self.num_looks_since_best >= patience) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    /// The best epoch and its weights, if there was a look.
    pub(super) fn into_best(self) -> Option<(usize, Weights)> {
        self.best.map(|(_, epoch, weights)| (epoch, weights))
    }
}
