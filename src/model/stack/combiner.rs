//! Logistic regression on the scores of a stack's parts.
//!
//! It is written by hand, on nalgebra's Cholesky factors, because it must weigh the two classes, leave the
//! intercept out of the penalty, and give the same bits on any number of threads.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};

/// The weight of the data relative to the penalty ½ ‖w‖²: `C` of scikit-learn's `LogisticRegression`.
const STRENGTH: f64 = 1.0;
/// The most steps of Newton's method. It usually needs only a few.
const MAX_STEPS: usize = 100;
/// Newton's method stops after a step whose largest change is below this.
const TOLERANCE: f64 = 1e-10;
/// The largest change of a weight in one step of a ranking.
const MAX_CHANGE: f64 = 2.0;
/// The smallest fraction of a step of a ranking.
const MIN_SCALE: f64 = 1e-4;
/// A bound of the rounding error of the loss of a ranking, relative to the loss.
const ROUNDING: f64 = 1e-12;
/// A pair of so small a probability adds nothing to the curvature that rounding would keep.
const NEGLIGIBLE: f64 = 1e-12;

/// logit = intercept + Σ_k w_k (s_k − mean_k) / deviation_k, for k scores s.
///
/// # Examples
/// ```
/// use ndarray::array;
/// use vgae::model::stack::Combiner;
///
/// // The first score separates edges from negatives; the second is constant.
/// let scores = array![[2.0, 1.0], [3.0, 1.0], [-2.0, 1.0], [-3.0, 1.0]];
/// let combiner = Combiner::fit(scores.view(), &[true, true, false, false]);
/// assert!(combiner.weights[0] > 0.5 && combiner.weights[1].abs() < 1e-9);
/// assert!(combiner.logit(array![4.0, 1.0].view()) > combiner.logit(array![2.0, 1.0].view()));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Combiner {
    /// The mean of each score over the pairs of the fit, k numbers.
    pub mean: Array1<f64>,
    /// The standard deviation of each score over these pairs, 1 for a constant score, k numbers.
    pub deviation: Array1<f64>,
    /// The weights w, k numbers. They are comparable with each other because the scores are standardised.
    pub weights: Array1<f64>,
    /// The logit of a pair whose scores are all average.
    pub intercept: f64,
}

impl Combiner {
    /// Standardises `scores`, [m, k], and minimises ½ ‖w‖² + C Σ log loss, C = 1, over the m pairs by
    /// Newton's method. Each negative is weighted by edges / negatives, so that both classes have the same
    /// total weight. The result equals that of scikit-learn's `LogisticRegression` with these class weights.
    /// O(m·k²) time per step.
    pub fn fit(scores: ArrayView2<f64>, labels: &[bool]) -> Self {
        let num_scores = scores.ncols();
        let combiner = Combiner::standardizing(scores);
        // The last column is the intercept's.
        let mut inputs = Array2::<f64>::ones((scores.nrows(), num_scores + 1));
        inputs.slice_mut(s![.., ..num_scores]).assign(&combiner.standardized(scores));
        let mut solution = Array1::<f64>::zeros(num_scores + 1);
        for _ in 0..MAX_STEPS {
            let (gradient, hessian) = derivatives(&inputs, labels, &solution);
            let hessian = DMatrix::from_fn(gradient.len(), gradient.len(), |i, j| hessian[[i, j]]);
            // The penalty makes the Hessian positive definite, unless a score is not a number.
            let Some(factors) = hessian.cholesky() else { break };
            let step = factors.solve(&DVector::from_iterator(gradient.len(), gradient));
            solution.iter_mut().zip(&step).for_each(|(value, change)| *value -= change);
            if step.amax() < TOLERANCE {
                break;
            }
        }
        let intercept = solution[num_scores];
        Combiner { weights: solution.slice(s![..num_scores]).to_owned(), intercept, ..combiner }
    }

    /// Standardises `scores`, [m, k], of `lists` of pairs, each a link followed by its negatives, and minimises
    /// ½ ‖w‖² − C Σ ln p(link), C = 1, by Newton's method, with p = softmax over the pairs of its list: the conditional
    /// logit of McFadden 1974, *Conditional logit analysis of qualitative choice behavior*. A pair counts as many times as
    /// `copies`, \[m\], says, which need not be whole numbers. What all pairs of a list have in common has no influence.
    /// The intercept is 0. O(m·k²) time per step.
    ///
    /// # Panics
    /// Panics if the lengths of the lists do not add up to m.
    pub fn fit_ranking(scores: ArrayView2<f64>, lists: &[usize], copies: &[f64]) -> Self {
        let logarithms: Array1<f64> = copies.iter().map(|copies| copies.ln()).collect();
        let lists = &Lists { lengths: lists, logarithms };
        let num_scores = scores.ncols();
        let mut combiner = Combiner::standardizing(scores);
        let inputs = combiner.standardized(scores);
        let mut loss = ranking_loss(&inputs, lists, &combiner.weights);
        for _ in 0..MAX_STEPS {
            let (gradient, hessian) = ranking_derivatives(&inputs, lists, &combiner.weights);
            let hessian = DMatrix::from_fn(num_scores, num_scores, |i, j| hessian[[i, j]]);
            let Some(factors) = hessian.cholesky() else { break };
            let step = factors.solve(&DVector::from_iterator(num_scores, gradient));
            // Newton's step may be too long far from the minimum. A shorter one always lowers the loss.
            let mut scale = (MAX_CHANGE / step.amax()).min(1.0);
            let after = |scale: f64| {
                let weights =
                    &combiner.weights - &Array1::from_iter(step.iter().map(|change| scale * change));
                let loss = ranking_loss(&inputs, lists, &weights);
                (weights, loss)
            };
            let limit = loss * (1.0 + ROUNDING);
            let mut next = after(scale);
            while scale > MIN_SCALE && next.1 > limit {
                scale /= 2.0;
                next = after(scale);
            }
            (combiner.weights, loss) = next;
            if step.amax() < TOLERANCE {
                break;
            }
        }
        combiner
    }

    /// Scales the weights and sets the intercept such that the logits of pairs with these `scores` fit their
    /// `labels`, by [`Combiner::fit`] on the logits alone. The order of the logits stays as it is.
    pub fn calibrated(mut self, scores: ArrayView2<f64>, labels: &[bool]) -> Self {
        let logits = Array1::from_iter(scores.rows().into_iter().map(|row| self.logit(row)));
        let scale = Combiner::fit(logits.view().insert_axis(Axis(1)), labels);
        let slope = scale.weights[0] / scale.deviation[0];
        // A slope of 0 or less would turn the order around.
        if slope > 0.0 {
            self.intercept = scale.intercept + slope * (self.intercept - scale.mean[0]);
            self.weights *= slope;
        }
        self
    }

    /// Returns a combiner with weights of 0 for scores like these.
    fn standardizing(scores: ArrayView2<f64>) -> Self {
        let num_scores = scores.ncols();
        let mean = scores.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(num_scores));
        let deviation = scores.std_axis(Axis(0), 0.0).mapv(|value| if value > 0.0 { value } else { 1.0 });
        Combiner { mean, deviation, weights: Array1::zeros(num_scores), intercept: 0.0 }
    }

    /// Returns (s − mean) / deviation for each score.
    fn standardized(&self, scores: ArrayView2<f64>) -> Array2<f64> {
        (&scores - &self.mean) / &self.deviation
    }

    /// Returns the logit of a pair with these k scores.
    pub fn logit(&self, scores: ArrayView1<f64>) -> f64 {
        self.logit_of(scores.iter().copied())
    }

    pub(super) fn logit_of(&self, scores: impl Iterator<Item = f64>) -> f64 {
        let terms = scores.zip(&self.mean).zip(&self.deviation).zip(&self.weights);
        self.intercept
            + terms
                .map(|(((score, mean), deviation), weight)| weight * (score - mean) / deviation)
                .sum::<f64>()
    }
}

/// Consecutive lists of pairs, the link first.
struct Lists<'a> {
    lengths: &'a [usize],
    /// ln(copies) of each pair.
    logarithms: Array1<f64>,
}

impl Lists<'_> {
    /// Returns the places of the pairs of each list.
    fn places(&self) -> impl Iterator<Item = Range<usize>> {
        self.lengths.iter().scan(0, |end, length| {
            let first = *end;
            *end += length;
            Some(first..*end)
        })
    }
}

/// Returns the penalised loss of [`Combiner::fit_ranking`].
fn ranking_loss(inputs: &Array2<f64>, lists: &Lists, weights: &Array1<f64>) -> f64 {
    let logits = inputs.dot(weights) + &lists.logarithms;
    let losses = lists.places().map(|places| {
        let logits = logits.slice(s![places]);
        let largest = logits.fold(f64::NEG_INFINITY, |most, &logit| most.max(logit));
        largest + logits.iter().map(|logit| (logit - largest).exp()).sum::<f64>().ln() - logits[0]
    });
    STRENGTH * losses.sum::<f64>() + 0.5 * weights.dot(weights)
}

/// Returns the gradient and the Hessian of the penalised loss of [`Combiner::fit_ranking`].
fn ranking_derivatives(
    inputs: &Array2<f64>,
    lists: &Lists,
    weights: &Array1<f64>,
) -> (Array1<f64>, Array2<f64>) {
    let size = weights.len();
    let mut gradient = weights.clone();
    let mut hessian = Array2::<f64>::eye(size);
    for places in lists.places() {
        let rows = inputs.slice(s![places.clone(), ..]);
        let logits = rows.dot(weights) + lists.logarithms.slice(s![places]);
        let largest = logits.fold(f64::NEG_INFINITY, |most, &logit| most.max(logit));
        let exponentials = logits.mapv(|logit| (logit - largest).exp());
        let probabilities = &exponentials / exponentials.sum();
        let mean = rows.t().dot(&probabilities);
        gradient += &(STRENGTH * (&mean - &rows.row(0)));
        for (row, &probability) in rows.rows().into_iter().zip(&probabilities) {
            let strength = STRENGTH * probability;
            if strength < NEGLIGIBLE {
                continue;
            }
            for i in 0..size {
                let of_row = strength * (row[i] - mean[i]);
                for j in 0..=i {
                    hessian[[i, j]] += of_row * (row[j] - mean[j]);
                }
            }
        }
    }
    for i in 0..size {
        for j in 0..i {
            hessian[[j, i]] = hessian[[i, j]];
        }
    }
    (gradient, hessian)
}

/// Returns the gradient and the Hessian of the penalised loss. The intercept comes last and is not penalised.
fn derivatives(inputs: &Array2<f64>, labels: &[bool], solution: &Array1<f64>) -> (Array1<f64>, Array2<f64>) {
    let size = solution.len();
    let num_edges = labels.iter().filter(|&&label| label).count() as f64;
    let negative_weight = num_edges / (labels.len() as f64 - num_edges).max(1.0);
    let mut gradient = solution.clone();
    gradient[size - 1] = 0.0;
    let mut hessian = Array2::<f64>::eye(size);
    // Keeps the Hessian invertible when every probability has saturated.
    hessian[[size - 1, size - 1]] = 1e-9;
    for (row, &label) in inputs.rows().into_iter().zip(labels) {
        let probability = 1.0 / (1.0 + (-row.dot(solution)).exp());
        let strength = if label { STRENGTH } else { STRENGTH * negative_weight };
        let slope = strength * (probability - f64::from(u8::from(label)));
        let curvature = strength * probability * (1.0 - probability);
        gradient.scaled_add(slope, &row);
        for i in 0..size {
            for j in 0..size {
                hessian[[i, j]] += curvature * row[i] * row[j];
            }
        }
    }
    (gradient, hessian)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_loss_of_a_ranking_is_that_of_its_derivatives() {
        let inputs = array![[1.0, 2.0], [0.0, 1.0], [3.0, 0.0], [1.0, 1.0], [2.0, -1.0]];
        let logarithms = array![0.0, 7f64.ln(), 0.0, 0.0, 2f64.ln()];
        let (lists, weights) = (Lists { lengths: &[2, 3], logarithms }, array![0.5, -0.25]);
        // The logits are 0, -0.25 and 1.5, 0.25, 1.25.
        let softmax = |link: f64, rest: &[(f64, f64)]| {
            rest.iter().map(|(copies, other)| copies * (other - link).exp()).sum::<f64>().ln_1p()
        };
        let expected =
            softmax(0.0, &[(7.0, -0.25)]) + softmax(1.5, &[(1.0, 0.25), (2.0, 1.25)]) + 0.5 * (0.25 + 0.0625);
        assert!((ranking_loss(&inputs, &lists, &weights) - expected).abs() < 1e-12);
        let (gradient, hessian) = ranking_derivatives(&inputs, &lists, &weights);
        for i in 0..2 {
            let mut step = Array1::zeros(2);
            step[i] = 1e-5;
            let [more, less] = [&weights + &step, &weights - &step];
            let slope = ranking_loss(&inputs, &lists, &more) - ranking_loss(&inputs, &lists, &less);
            assert!((gradient[i] - slope / 2e-5).abs() < 1e-8);
            let [more, less] = [more, less].map(|weights| ranking_derivatives(&inputs, &lists, &weights).0);
            assert!((&hessian.row(i) - &((more - less) / 2e-5)).iter().all(|error| error.abs() < 1e-8));
        }
    }
}
