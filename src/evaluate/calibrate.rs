//! Turns logits into calibrated probabilities.
//!
//! The sigmoid of a logit is the probability of an edge only if edges and negatives are equally frequent, as
//! the loss weighs them, and only if the model is well calibrated there. A calibrator is fitted to the logits
//! of validation edges and of negatives, with the same total weight for each class. Its probabilities are
//! then shifted from that balance to the actual density of edges: with the density π, log p/(1 − p) grows by
//! log π/(1 − π) (Elkan 2001, *The foundations of cost-sensitive learning*, theorem 2, for a balanced base
//! rate).

mod isotonic;
mod platt;
mod population;
mod reliability;
mod threshold;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::config::Calibration;
use crate::error::{Error, Result};

pub use isotonic::Isotonic;
pub use platt::Platt;
pub use population::{ClassLogits, Population, density};
pub use reliability::{Bin, Reliability};
pub use threshold::{ShareAbove, Threshold};

/// A function from logits to calibrated probabilities.
///
/// ```
/// use vgae::evaluate::calibrate::Calibrator;
/// use vgae::config::Calibration;
///
/// // Edges score higher, but only one pair in a hundred is an edge.
/// let (edges, negatives) = ([2.0, 3.0, 4.0, 5.0], [-1.0, 0.0, 1.0, 2.5]);
/// let calibrator = Calibrator::fit(Calibration::Platt, &edges, &negatives, 0.01)?;
/// assert!(calibrator.probability(1.75) < 0.1);
/// assert!(calibrator.probability_at(5.0, 0.5) > 0.5);
/// # Ok::<(), vgae::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibrator {
    /// The share of pairs that are edges, above 0 and below 1, which the probabilities assume.
    pub density: f64,
    /// The number of edges it was fitted to.
    pub num_edges: usize,
    /// The number of negatives it was fitted to.
    pub num_negatives: usize,
    /// The function from logits to probabilities for equally frequent edges and negatives.
    #[serde(flatten)]
    curve: Curve,
}

/// A function from logits to probabilities, fitted with the same weight for both classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "lowercase")]
enum Curve {
    Platt(Platt),
    Isotonic(Isotonic),
}

impl Calibrator {
    /// Fits `method` to the logits of `edges` and `negatives`, for a population where the share `density` of
    /// the pairs are edges. O(m log m) time for m logits.
    ///
    /// # Errors
    /// [`Error::OneClass`] if there is no edge or no negative; [`Error::NotANumber`] for a NaN;
    /// [`Error::Argument`] if the density is not above 0 and below 1.
    pub fn fit(method: Calibration, edges: &[f64], negatives: &[f64], density: f64) -> Result<Self> {
        if !(density > 0.0 && density < 1.0) {
            let problem = format!("the density is {density}; expected a share above 0 and below 1");
            return Err(Error::argument("density", problem));
        }
        let (num_edges, num_negatives) = (edges.len(), negatives.len());
        if edges.is_empty() || negatives.is_empty() {
            let (positives, negatives) = (num_edges, num_negatives);
            return Err(Error::OneClass { metric: "calibration", positives, negatives });
        }
        if let Some(index) = edges.iter().chain(negatives).position(|logit| logit.is_nan()) {
            return Err(Error::NotANumber { index });
        }
        let curve = match method {
            Calibration::Platt => Curve::Platt(Platt::fit(edges, negatives)),
            Calibration::Isotonic => Curve::Isotonic(Isotonic::fit(edges, negatives)),
        };
        Ok(Calibrator { density, num_edges, num_negatives, curve })
    }

    /// Returns the method it was fitted with.
    pub fn method(&self) -> Calibration {
        match self.curve {
            Curve::Platt(_) => Calibration::Platt,
            Curve::Isotonic(_) => Calibration::Isotonic,
        }
    }

    /// Returns the probability that a pair with this logit is an edge, at [`Calibrator::density`]. It never
    /// decreases as the logit increases.
    pub fn probability(&self, logit: f64) -> f64 {
        self.probability_at(logit, self.density)
    }

    /// Returns [`Calibrator::probability`] for another `density`, the share of pairs that are edges.
    pub fn probability_at(&self, logit: f64, density: f64) -> f64 {
        let balanced = match &self.curve {
            Curve::Platt(platt) => platt.probability(logit),
            Curve::Isotonic(isotonic) => isotonic.probability(logit),
        };
        shift(balanced, density)
    }
}

impl Calibrator {
    /// Describes what is wrong with a calibrator read from a file; `None` if it is valid.
    pub(crate) fn problem(&self) -> Option<String> {
        if !(self.density > 0.0 && self.density < 1.0) {
            return Some(format!("the density is {}; expected a share above 0 and below 1", self.density));
        }
        let is_sound = match &self.curve {
            Curve::Platt(platt) => platt.is_sound(),
            Curve::Isotonic(isotonic) => isotonic.is_sound(),
        };
        (!is_sound).then(|| format!("the {} curve is not a non-decreasing function", self.method()))
    }
}

/// Converts the probability of an edge from equally frequent edges and negatives (`balanced`) to a population
/// where the share `density` of the pairs are edges.
pub fn shift(balanced: f64, density: f64) -> f64 {
    let (edge, negative) = (balanced * density, (1.0 - balanced) * (1.0 - density));
    edge / (edge + negative)
}

impl fmt::Display for Calibrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Calibrator { density, num_edges, num_negatives, .. } = self;
        write!(
            f,
            "{}, fitted to {num_edges} validation edges and {num_negatives} negatives, for {density:.3e} \
             edges per pair",
            self.method()
        )
    }
}

#[cfg(test)]
mod tests;
