//! Platt scaling.

use serde::{Deserialize, Serialize};

use crate::model::score::probability;

/// The sigmoid p = sigmoid(slope · logit + intercept) (Platt 1999, *Probabilistic outputs for support vector
/// machines*), fitted by maximum likelihood to Platt's smoothed targets: (N₊ + 1)/(N₊ + 2) for an edge and
/// 1/(N₋ + 2) for a negative. Unlike in the paper, both classes have the same total weight.
///
/// The fit is written by hand because it is short, and because Platt scaling in the crates for machine
/// learning does not weight the classes equally.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Platt {
    /// The slope, at least 0: a model that ranks edges below negatives gets 0.
    pub slope: f64,
    /// The log-odds at the logit 0.
    pub intercept: f64,
}

/// The maximal number of Newton steps; a handful usually suffices.
const MAX_STEPS: usize = 100;
/// The gradient below which the fit has converged; the loss is about 1.
const TOLERANCE: f64 = 1e-10;

impl Platt {
    /// Fits the sigmoid to two non-empty lists of logits without NaN. O(m) time per step.
    pub(super) fn fit(edges: &[f64], negatives: &[f64]) -> Self {
        let count = |logits: &[f64]| logits.len() as f64;
        let high = (count(edges) + 1.0) / (count(edges) + 2.0);
        let low = 1.0 / (count(negatives) + 2.0);
        let classes = [(edges, high), (negatives, low)];
        // Infinite logits would make every sum infinite.
        let finite = |logit: f64| logit.clamp(-1e6, 1e6);
        let loss = |Platt { slope, intercept }: Platt| -> f64 {
            let class_loss = |&(logits, target): &(&[f64], f64)| {
                let terms = logits.iter().map(|&logit| {
                    let x = slope * finite(logit) + intercept;
                    x.max(0.0) + (-x.abs()).exp().ln_1p() - target * x
                });
                terms.sum::<f64>() / count(logits)
            };
            classes.iter().map(class_loss).sum()
        };
        let mut fitted = Platt { slope: 0.0, intercept: 0.0 };
        let mut least = loss(fitted);
        for _ in 0..MAX_STEPS {
            let Derivatives { gradient: [a, b], hessian: [aa, ab, bb] } =
                derivatives(fitted, &classes, finite);
            if a.abs().max(b.abs()) < TOLERANCE {
                break;
            }
            let determinant = aa * bb - ab * ab;
            let step = [(bb * a - ab * b) / determinant, (aa * b - ab * a) / determinant];
            // Halve the step until the loss falls (Lin, Lin & Weng 2007, *A note on Platt's probabilistic
            // outputs*).
            let mut share = 1.0;
            let next = loop {
                let next = Platt {
                    slope: fitted.slope - share * step[0],
                    intercept: fitted.intercept - share * step[1],
                };
                let value = loss(next);
                if value < least {
                    least = value;
                    break Some(next);
                }
                share /= 2.0;
                if share < 1e-10 {
                    break None;
                }
            };
            match next {
                Some(next) => fitted = next,
                None => break,
            }
        }
        if fitted.slope < 0.0 { Platt { slope: 0.0, intercept: 0.0 } } else { fitted }
    }

    /// Returns `true` if the sigmoid is finite and non-decreasing.
    pub(super) fn is_sound(&self) -> bool {
        self.slope.is_finite() && self.slope >= 0.0 && self.intercept.is_finite()
    }

    /// Returns the probability of an edge for equally frequent edges and negatives.
    pub(super) fn probability(&self, logit: f64) -> f64 {
        // 0 times an infinite logit would be NaN.
        let x = if self.slope == 0.0 { 0.0 } else { self.slope * logit };
        probability(x + self.intercept)
    }
}

/// The derivatives of the loss by slope (a) and intercept (b).
struct Derivatives {
    /// The derivatives by a and b.
    gradient: [f64; 2],
    /// The second derivatives aa, ab and bb; a small number on the diagonal makes the matrix invertible.
    hessian: [f64; 3],
}

fn derivatives(
    Platt { slope, intercept }: Platt,
    classes: &[(&[f64], f64)],
    finite: impl Fn(f64) -> f64,
) -> Derivatives {
    let (mut gradient, mut hessian) = ([0.0; 2], [1e-12, 0.0, 1e-12]);
    for &(logits, target) in classes {
        let weight = 1.0 / logits.len() as f64;
        for &logit in logits {
            let logit = finite(logit);
            let p = probability(slope * logit + intercept);
            let (first, second) = (weight * (p - target), weight * p * (1.0 - p));
            gradient[0] += first * logit;
            gradient[1] += first;
            hessian[0] += second * logit * logit;
            hessian[1] += second * logit;
            hessian[2] += second;
        }
    }
    Derivatives { gradient, hessian }
}
