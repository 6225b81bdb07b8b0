//! Keeps the best epoch so far, and decides when to stop early.

use ndarray::Array2;

use crate::config::{Select, TrainConfig};
use crate::model::network::Weights;

/// The gain of validation AUC and AP, in the mean, above which an earlier epoch is clearly better.
const CLEAR_GAIN: f64 = 0.01;
/// The same in standard errors of an AUC.
const CLEAR_ERRORS: f64 = 2.0;

/// The number of validation edges below which nothing is clear.
const FEW_EDGES: usize = 20;

/// The epoch with the highest validation score so far.
pub(super) struct EarlyStopping {
    /// The validation score of the best epoch, its number and, unless `train.select` is `last`, its weights.
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
            let weights = if config.select == Some(Select::Last) { Weights::new() } else { weights() };
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

    /// Returns the number and the weights of the epoch that `select` prefers to the last one, or `None` if it is the
    /// last one. `last` is the score of the last epoch, a sum of AUC and AP on `num_edges` edges.
    pub(super) fn into_selected(
        self,
        select: Select,
        last: Option<f64>,
        num_edges: usize,
    ) -> Option<(usize, Weights)> {
        let (score, epoch, weights) = self.best?;
        let is_preferred = match select {
            Select::Last => false,
            Select::Best => true,
            Select::Auto => last.filter(|_| num_edges >= FEW_EDGES).is_some_and(|last| {
                let (share, gain) = (0.5 * score, 0.5 * (score - last));
                // Agresti & Coull's estimate, which is above 0 when every one of a few edges is ranked right.
                let num_edges = num_edges as f64 + 4.0;
                let share = (share * (num_edges - 4.0) + 2.0) / num_edges;
                let standard_error = (share * (1.0 - share) / num_edges).sqrt();
                gain > CLEAR_GAIN.max(CLEAR_ERRORS * standard_error)
            }),
        };
        is_preferred.then_some((epoch, weights))
    }

    /// Returns the number of the best epoch and its weights, or `None` without a validation.
    pub(super) fn into_best(self) -> Option<(usize, Weights)> {
        self.best.map(|(_, epoch, weights)| (epoch, weights))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_epoch_is_kept_unless_another_is_clearly_better() {
        let config = TrainConfig { select: Some(Select::Auto), ..TrainConfig::default() };
        let selected = |best: f64, last: f64, num_edges| {
            let mut kept = EarlyStopping::new();
            kept.record(2.0 * best, 1, &config, Weights::new);
            kept.record(2.0 * last, 2, &config, Weights::new);
            [Select::Auto, Select::Last, Select::Best].map(|select| {
                let kept = EarlyStopping::resumed(kept.best(), 1, Weights::new());
                kept.into_selected(select, Some(2.0 * last), num_edges).map(|(epoch, _)| epoch)
            })
        };
        // Of 10,000 edges a standard error is 0.003, of 100 it is 0.03.
        assert_eq!(selected(0.9, 0.88, 10_000), [Some(1), None, Some(1)]);
        assert_eq!(selected(0.9, 0.895, 10_000), [None, None, Some(1)], "less than a point");
        assert_eq!(selected(0.9, 0.85, 100), [None, None, Some(1)], "within two standard errors");
        assert_eq!(selected(0.9, 0.83, 100), [Some(1), None, Some(1)]);
        assert_eq!(
            selected(1.0, 0.95, 40),
            [None, None, Some(1)],
            "within two standard errors of Agresti & Coull"
        );
        assert_eq!(selected(1.0, 0.5, 19), [None, None, Some(1)], "few edges");
    }
}
