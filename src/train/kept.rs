//! The best epoch so far, and whether to go on.

use ndarray::Array2;

use crate::config::{Select, TrainConfig};
use crate::model::network::Weights;

/// The weights of the epoch that the validation part liked best.
pub(super) struct Kept {
    /// What the best epoch was worth, which one it was, and, if they are asked for in the end, its weights.
    best: Option<(f64, usize, Weights)>,
    num_looks_since_best: usize,
}

impl Kept {
    /// Without a look.
    pub(super) fn new() -> Self {
        Kept { best: None, num_looks_since_best: 0 }
    }

    /// As it was: what the best epoch was worth, which one it was, and its weights.
    pub(super) fn resumed(best: Option<(f64, usize)>, num_looks_since_best: usize, weights: Weights) -> Self {
        Kept { best: best.map(|(score, epoch)| (score, epoch, weights)), num_looks_since_best }
    }

    /// Notes that `epoch` was worth `score`.
    pub(super) fn look(
        &mut self,
        score: f64,
        epoch: usize,
        config: &TrainConfig,
        weights: impl FnOnce() -> Weights,
    ) {
        self.num_looks_since_best += 1;
        if self.best.as_ref().is_none_or(|(highest, ..)| score > *highest) {
            let weights = if config.select() == Select::Best { weights() } else { Weights::new() };
            self.best = Some((score, epoch, weights));
            self.num_looks_since_best = 0;
        }
    }

    /// Whether the patience of `config` is at its end.
    pub(super) fn is_enough(&self, config: &TrainConfig) -> bool {
        config.patience.is_some_and(|patience| self.num_looks_since_best >= patience)
    }

    /// What the best epoch was worth, and which one it was, if there was a look.
    pub(super) fn best(&self) -> Option<(f64, usize)> {
        self.best.as_ref().map(|&(score, epoch, _)| (score, epoch))
    }

    /// The weights of the best epoch; none without a look.
    pub(super) fn weights(&self) -> impl Iterator<Item = (&String, &Array2<f32>)> {
        self.best.iter().flat_map(|(.., weights)| weights)
    }

    /// Looks since the best epoch.
    pub(super) fn num_looks_since_best(&self) -> usize {
        self.num_looks_since_best
    }

    /// The best epoch and its weights, if there was a look.
    pub(super) fn into_best(self) -> Option<(usize, Weights)> {
        self.best.map(|(_, epoch, weights)| (epoch, weights))
    }
}
