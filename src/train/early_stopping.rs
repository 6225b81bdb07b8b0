//! Keeps the best epoch so far, and decides when to stop early.

use ndarray::Array2;

use crate::config::{Select, TrainConfig};
use crate::model::network::Weights;

/// The epoch with the highest validation score so far.
pub(super) struct EarlyStopping {
    /// The validation score of the best epoch, its number and, if `train.select` is `best`, its weights.
    best: Option<(f64, usize, Weights)>,
    num_looks_since_best: usize,
}

impl EarlyStopping {
    /// Starts without a validation.
    pub(super) fn new() -> Self {
        EarlyStopping { best: None, num_looks_since_best: 0 }
    }

    /// Restores the state of a checkpoint: the score and the number of the best epoch, and its weights.
    pub(super) fn resumed(best: Option<(f64, usize)>, num_looks_since_best: usize, weights: Weights) -> Self {
        EarlyStopping { best: best.map(|(score, epoch)| (score, epoch, weights)), num_looks_since_best }
    }

    /// Records the validation score of `epoch`. `config` is resolved.
    pub(super) fn record(
        &mut self,
        score: f64,
        epoch: usize,
        config: &TrainConfig,
        weights: impl FnOnce() -> Weights,
    ) {
        self.num_looks_since_best += 1;
        if self.best.as_ref().is_none_or(|(highest, ..)| score > *highest) {
            let weights = if config.select == Some(Select::Best) { weights() } else { Weights::new() };
            self.best = Some((score, epoch, weights));
            self.num_looks_since_best = 0;
        }
    }

    /// Returns `true` if the best epoch is as many validations ago as `config.patience` allows.
    pub(super) fn is_out_of_patience(&self, config: &TrainConfig) -> bool {
        config.patience.is_some_and(|patience| self.num_looks_since_best >= patience)
    }

    /// Returns the score and the number of the best epoch, or `None` without a validation.
    pub(super) fn best(&self) -> Option<(f64, usize)> {
        self.best.as_ref().map(|&(score, epoch, _)| (score, epoch))
    }

    /// Returns the weights of the best epoch, which are empty without a validation or if they are not kept.
    pub(super) fn weights(&self) -> impl Iterator<Item = (&String, &Array2<f32>)> {
        self.best.iter().flat_map(|(.., weights)| weights)
    }

    /// Returns the number of validations since the best epoch.
    pub(super) fn num_looks_since_best(&self) -> usize {
        self.num_looks_since_best
    }

    /// Returns the number of the best epoch and its weights, or `None` without a validation.
    pub(super) fn into_best(self) -> Option<(usize, Weights)> {
        self.best.map(|(_, epoch, weights)| (epoch, weights))
    }
}
