//! Fits the combiner of a stack for its objective.

use ndarray::{Array2, ArrayView2, Axis};

use super::{Fitting, lists, lists::List};
use crate::config::{Config, Objective};
use crate::graph::Pair;
use crate::model::stack::{Combiner, Parts};
use crate::split::Split;

/// The pairs that a combiner is fitted on, with the scores of the parts.
pub(crate) struct CombinerFit {
    objective: Objective,
    /// The scores of the links and random negatives, and which of them are links.
    scores: Array2<f64>,
    labels: Vec<bool>,
    /// The lists of an objective that ranks, none for AUC, and the scores of their pairs, list after list.
    lists: Vec<List>,
    list_scores: Array2<f64>,
}

/// How much the random negatives of a list count.
#[derive(Clone, Copy)]
enum Weighting {
    /// As much as all the pairs that they stand for.
    Copies,
    /// As much as the likeliest ones.
    Alike,
}

impl CombinerFit {
    /// Scores the pairs of `fitting` by `parts`, which see the training edges of `fitting`; `split` is the one that it
    /// was made of.
    pub(crate) fn new(parts: &Parts, fitting: &Fitting, split: &Split, config: &Config) -> Self {
        let objective = config.train.objective;
        let lists = match objective {
            Objective::Auc => Vec::new(),
            Objective::Ranking | Objective::Hard => lists::draw(parts, fitting, split, config.seed),
        };
        let pairs: Vec<Pair> = lists.iter().flat_map(|list| list.pairs.iter().copied()).collect();
        CombinerFit {
            objective,
            scores: parts.scores(&fitting.fitted_on.pairs()),
            labels: fitting.fitted_on.labels(),
            list_scores: parts.scores(&pairs),
            lists,
        }
    }

    /// Returns the combiner of all parts.
    pub(crate) fn combiner(&self) -> Combiner {
        self.fit(self.scores.view(), self.list_scores.view())
    }

    /// Returns the combiner of the parts at `columns`.
    pub(crate) fn combiner_of(&self, columns: &[usize]) -> Combiner {
        let [scores, list_scores] =
            [&self.scores, &self.list_scores].map(|scores| scores.select(Axis(1), columns));
        self.fit(scores.view(), list_scores.view())
    }

    fn fit(&self, scores: ArrayView2<f64>, list_scores: ArrayView2<f64>) -> Combiner {
        let ranking = |weighting| self.fit_ranking(list_scores, weighting).calibrated(scores, &self.labels);
        match self.objective {
            Objective::Auc => Combiner::fit(scores, &self.labels),
            Objective::Ranking => ranking(Weighting::Copies),
            Objective::Hard => ranking(Weighting::Alike),
        }
    }

    fn fit_ranking(&self, list_scores: ArrayView2<f64>, weighting: Weighting) -> Combiner {
        let lengths: Vec<usize> = self.lists.iter().map(|list| list.pairs.len()).collect();
        let copies: Vec<f64> = match weighting {
            Weighting::Copies => self.lists.iter().flat_map(|list| list.copies.iter().copied()).collect(),
            Weighting::Alike => vec![1.0; list_scores.nrows()],
        };
        Combiner::fit_ranking(list_scores, &lengths, &copies)
    }
}
