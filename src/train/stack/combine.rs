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
        let objective = config.objective();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ModelConfig, ModelKind};
    use crate::graph::{EdgeList, Graph};
    use crate::progress::Progress;
    use crate::split;
    use crate::train::stack::{fit, fitting};
    use ndarray::Array1;

    /// Fits a stack to a ring of 400 nodes, each linked with the four nearest.
    fn fitted(objective: Objective) -> (CombinerFit, Split, Combiner) {
        let n = 400u32;
        let pairs = (0..n).flat_map(|u| [(u, (u + 1) % n), (u, (u + 2) % n)]).collect();
        let edges = EdgeList::new(n as usize, pairs, None).0;
        let graph = Graph { edges, ..Graph::default() };
        let mut config = Config {
            model: ModelConfig { model: ModelKind::Best, ..ModelConfig::default() },
            ..Config::default()
        };
        (config.train.epochs, config.train.objective) = (Some(2), Some(objective));
        let split = split::edges(&graph, &config.split, 0).unwrap();
        let (stack, _) = fit(None, &split, &config, &Progress::default(), None, &mut |_, _| Ok(())).unwrap();
        let fitting = fitting(&split, 0).unwrap();
        let parts = stack.parts(&fitting.chosen_on.train, None).unwrap();
        let combiner = stack.combiner().clone();
        (CombinerFit::new(&parts, &fitting, &split, &config), split, combiner)
    }

    #[test]
    fn random_negatives_stand_for_the_pairs_that_were_not_drawn() {
        let (fit, split, _) = fitted(Objective::Hard);
        let known = split.train.with_edges([split.train.pairs(), split.validation.edges.pairs()].concat());
        assert!(!fit.lists.is_empty());
        for list in &fit.lists {
            let (u, v) = list.pairs[0];
            assert!(list.pairs[1..].iter().all(|&pair| !known.contains(pair) && pair.0 != pair.1));
            for end in [u, v] {
                let at_end = || (1..list.pairs.len()).filter(|&at| list.pairs[at].0 == end);
                let total: f64 = at_end().map(|at| list.copies[at]).sum();
                assert!((total - known.candidates_of(end).count() as f64).abs() < 1e-9);
                assert!(at_end().count() >= 200 && at_end().any(|at| list.copies[at] > 1.5));
            }
        }
    }

    #[test]
    fn each_objective_has_its_own_combiner() {
        let objectives = [Objective::Auc, Objective::Ranking, Objective::Hard];
        let fits = objectives.map(fitted);
        for (fit, _, of_stack) in &fits {
            let combiner = fit.combiner();
            let all: Vec<usize> = (0..combiner.weights.len()).collect();
            let gaps = &fit.combiner_of(&all).weights - &combiner.weights;
            assert!(gaps.iter().all(|gap| gap.abs() < 1e-9));
            // A stack keeps the weights in f32.
            assert!((&combiner.weights - &of_stack.weights).iter().all(|gap| gap.abs() < 1e-5));
            assert_eq!(fit.combiner_of(&all[1..]).weights.len(), all.len() - 1);
        }
        let [auc, ranking, hard] = fits.map(|(fit, ..)| fit.combiner().weights);
        let differ = |a: &Array1<f64>, b: &Array1<f64>| (a - b).iter().any(|gap: &f64| gap.abs() > 1e-2);
        assert!(differ(&auc, &ranking) && differ(&ranking, &hard) && differ(&auc, &hard));
    }
}
