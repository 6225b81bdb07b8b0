//! Platt's sigmoid.

use serde::{Deserialize, Serialize};

use crate::model::score::probability;

/// p = sigmoid(slope · logit + intercept) (Platt 1999, *Probabilistic outputs for support vector machines*), fitted by
/// maximum likelihood to his smoothed targets, (N₊ + 1)/(N₊ + 2) for an edge and 1/(N₋ + 2) for a negative, each class
/// weighing the same in all, which he leaves as it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Platt {
    /// Not below 0: a model that ranks edges below negatives gets 0.
    pub slope: f64,
    /// The log-odds at the logit 0.
    pub intercept: f64,
}

/// Newton's method needs a handful of steps; more are never taken.
const MAX_STEPS: usize = 100;
/// The gradient at which it has arrived, of a loss that is about 1.
const TOLERANCE: f64 = 1e-10;

impl Platt {
    /// Fits it to logits of which none is NaN and neither list is empty. O(m) time a step.
    pub(super) fn fit(edges: &[f64], negatives: &[f64]) -> Self {
        let count = |logits: &[f64]| logits.len() as f64;
        let high = (count(edges) + 1.0) / (count(edges) + 2.0);
        let low = 1.0 / (count(negatives) + 2.0);
        let classes = [(edges, high), (negatives, low)];
        // Infinite logits would make every sum infinite.
        let finite = |logit: f64| logit.clamp(-1e6, 1e6);
        let loss = |Platt { slope, intercept }: Platt| -> f64 {
            let of_class = |&(logits, target): &(&[f64], f64)| {
                let terms = logits.iter().map(|&logit| {
                    let x = slope * finite(logit) + intercept;
                    x.max(0.0) + (-x.abs()).exp().ln_1p() - target * x
                });
                terms.sum::<f64>() / count(logits)
            };
            classes.iter().map(of_class).sum()
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
            // Halved until the loss falls (Lin, Lin & Weng 2007, *A note on Platt's probabilistic outputs*).
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

    /// Whether it never falls.
    pub(super) fn is_sound(&self) -> bool {
        self.slope.is_finite() && self.slope >= 0.0 && self.intercept.is_finite()
    }

    /// Among as many edges as negatives.
    pub(super) fn probability(&self, logit: f64) -> f64 {
        // A slope of 0 says the same of an infinite logit as of any other.
        let x = if self.slope == 0.0 { 0.0 } else { self.slope * logit };
        probability(x + self.intercept)
    }
}

struct Derivatives {
    /// By slope and intercept.
    gradient: [f64; 2],
    /// By slope twice, both, and intercept twice; a little is added on the diagonal, so that it can be inverted.
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
