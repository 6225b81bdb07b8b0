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
        let auc = || Combiner::fit(scores, &self.labels);
        let ranking = |weighting| self.fit_ranking(list_scores, weighting).calibrated(scores, &self.labels);
        match self.objective {
            Objective::Auc => auc(),
            Objective::Hard => ranking(Weighting::Alike),
            Objective::Ranking => {
                self.best_of([ranking(Weighting::Copies), ranking(Weighting::Alike), auc()], list_scores)
            }
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

    /// Returns the combiner with the highest mean reciprocal rank of the links among all pairs of their nodes, as the
    /// lists estimate it; of equals the first. In a dense graph many of the likeliest pairs are links that are held out
    /// for the test, which teaches a combiner of ranks to put links last.
    fn best_of<const COUNT: usize>(
        &self,
        combiners: [Combiner; COUNT],
        list_scores: ArrayView2<f64>,
    ) -> Combiner {
        let mean_reciprocal_rank = |combiner: &Combiner| {
            let logits: Vec<f64> = list_scores.rows().into_iter().map(|row| combiner.logit(row)).collect();
            let mut rest = logits.as_slice();
            let of_list = |list: &List| {
                let (own, others) = rest.split_at(list.pairs.len());
                rest = others;
                list.reciprocal_rank(own)
            };
            self.lists.iter().map(of_list).sum::<f64>() / self.lists.len() as f64
        };
        let ranked = combiners.into_iter().map(|combiner| (mean_reciprocal_rank(&combiner), combiner));
        let best = ranked.reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.expect("there are combiners").1
    }
}
