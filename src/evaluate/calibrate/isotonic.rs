//! Isotonic regression.

use serde::{Deserialize, Serialize};

/// The non-decreasing function with the least squared error (Zadrozny & Elkan 2002, *Transforming classifier
/// scores into accurate multiclass probability estimates*), with the same total weight for each class. It is
/// linear between two steps and constant outside, like scikit-learn's `IsotonicRegression`.
///
/// To keep every probability strictly between 0 and 1, the fit adds one negative at the highest logit and one
/// edge at the lowest.
///
/// The pool-adjacent-violators algorithm is written by hand because it is short, and because a run stores the
/// fitted function, whose format and probabilities must not change with a dependency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Isotonic {
    /// The ends of the steps, [k], ascending and finite.
    logits: Vec<f64>,
    /// The probability at each end, [k], non-decreasing.
    probabilities: Vec<f64>,
}

/// A group of pairs with the same probability.
struct Step {
    /// The lowest logit.
    first: f64,
    /// The highest logit.
    last: f64,
    /// The total weight of the edges.
    edges: f64,
    /// The total weight of all pairs.
    all: f64,
}

impl Step {
    fn probability(&self) -> f64 {
        self.edges / self.all
    }
}

impl Isotonic {
    /// Fits the function to two non-empty lists of logits without NaN. O(m log m) time.
    pub(super) fn fit(edges: &[f64], negatives: &[f64]) -> Self {
        // JSON has no infinity, so the largest finite number stands for it.
        let finite = |&logit: &f64| logit.clamp(f64::MIN, f64::MAX);
        let (num_edges, num_negatives) = (edges.len() as f64 + 1.0, negatives.len() as f64 + 1.0);
        let all = || edges.iter().chain(negatives).map(finite);
        let (highest, lowest) = (all().fold(f64::MIN, f64::max), all().fold(f64::MAX, f64::min));
        let edges = edges.iter().map(finite).chain([lowest]).map(|logit| (logit, 1.0 / num_edges, true));
        let negatives =
            negatives.iter().map(finite).chain([highest]).map(|logit| (logit, 1.0 / num_negatives, false));
        let mut pairs: Vec<(f64, f64, bool)> = edges.chain(negatives).collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));

        let mut steps: Vec<Step> = Vec::new();
        for ties in pairs.chunk_by(|a, b| a.0 == b.0) {
            let weight = |pair: &(f64, f64, bool)| pair.1;
            let mut step = Step {
                first: ties[0].0,
                last: ties[0].0,
                edges: ties.iter().filter(|pair| pair.2).map(weight).sum(),
                all: ties.iter().map(weight).sum(),
            };
            while let Some(before) = steps.pop_if(|before| before.probability() >= step.probability()) {
                step = Step {
                    first: before.first,
                    last: step.last,
                    edges: before.edges + step.edges,
                    all: before.all + step.all,
                };
            }
            steps.push(step);
        }
        let mut fitted = Isotonic { logits: Vec::new(), probabilities: Vec::new() };
        for step in &steps {
            let ends = if step.first == step.last { &[step.first][..] } else { &[step.first, step.last] };
            fitted.logits.extend_from_slice(ends);
            fitted.probabilities.extend(ends.iter().map(|_| step.probability()));
        }
        fitted
    }

    /// Iterates over the lowest logit of each step, in ascending order.
    pub(super) fn starts(&self) -> impl Iterator<Item = f64> {
        let first = |&at: &usize| at == 0 || self.probabilities[at] != self.probabilities[at - 1];
        (0..self.logits.len()).filter(first).map(|at| self.logits[at])
    }

    /// Returns `true` if this is a non-decreasing function from finite numbers to probabilities.
    pub(super) fn is_sound(&self) -> bool {
        let Isotonic { logits, probabilities } = self;
        let rises = |values: &[f64]| values.windows(2).all(|two| two[0] <= two[1]);
        !logits.is_empty()
            && logits.len() == probabilities.len()
            && logits.iter().all(|logit| logit.is_finite())
            && probabilities.iter().all(|p| (0.0..=1.0).contains(p))
            && rises(logits)
            && rises(probabilities)
    }

    /// Returns the probability of an edge for equally frequent edges and negatives.
    pub(super) fn probability(&self, logit: f64) -> f64 {
        let above = self.logits.partition_point(|&end| end <= logit);
        let at = |index: usize| (self.logits[index], self.probabilities[index]);
        match above {
            0 => self.probabilities[0],
            above if above == self.logits.len() => self.probabilities[above - 1],
            above => {
                let ((left, low), (right, high)) = (at(above - 1), at(above));
                // The difference of two finite numbers can overflow; that of their halves cannot.
                let share = (logit / 2.0 - left / 2.0) / (right / 2.0 - left / 2.0);
                low + share * (high - low)
            }
        }
    }
}
