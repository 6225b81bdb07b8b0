//! Logistic regression on the scores of a stack's parts.
//!
//! It is written by hand, on nalgebra's Cholesky factors, because it must weigh the two classes, leave the
//! intercept out of the penalty, and give the same bits on any number of threads.

use nalgebra::{DMatrix, DVector};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

/// The weight of the data relative to the penalty ½ ‖w‖²: `C` of scikit-learn's `LogisticRegression`.
const STRENGTH: f64 = 1.0;
/// The most steps of Newton's method. It usually needs only a few.
const MAX_STEPS: usize = 100;
/// Newton's method stops after a step whose largest change is below this.
const TOLERANCE: f64 = 1e-10;

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
        let mean = scores.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(num_scores));
        let deviation = scores.std_axis(Axis(0), 0.0).mapv(|value| if value > 0.0 { value } else { 1.0 });
        // The last column is the intercept's.
        let mut inputs = Array2::<f64>::ones((scores.nrows(), num_scores + 1));
        for (mut row, scores) in inputs.rows_mut().into_iter().zip(scores.rows()) {
            for (k, &score) in scores.iter().enumerate() {
                row[k] = (score - mean[k]) / deviation[k];
            }
        }
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
        Combiner { mean, deviation, weights: solution.slice(ndarray::s![..num_scores]).to_owned(), intercept }
    }

    /// Returns the logit of a pair with these k scores.
    pub fn logit(&self, scores: ArrayView1<f64>) -> f64 {
        let terms = scores.iter().zip(&self.mean).zip(&self.deviation).zip(&self.weights);
        self.intercept
            + terms
                .map(|(((score, mean), deviation), weight)| weight * (score - mean) / deviation)
                .sum::<f64>()
    }
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
