//! From logits to probabilities that can be taken at their word.
//!
//! The sigmoid of a logit is the probability of an edge only among pairs as the loss weighs them, edges and negatives
//! alike, and only if the model is honest there. A calibrator is fitted to the logits of validation edges and of
//! negatives, each class with the same weight in all, and then shifted from that balance to the density at which edges
//! occur: with π the density, log p/(1 − p) grows by log π/(1 − π) (Elkan 2001, *The foundations of cost-sensitive
//! learning*, theorem 2, for a balanced base rate).

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
pub use population::{Classes, Population, density};
pub use reliability::{Bin, Reliability};
pub use threshold::Cut;

/// What makes calibrated probabilities of logits.
///
/// ```
/// use vgae::evaluate::calibrate::Calibrator;
/// use vgae::config::Calibration;
///
/// // Edges score higher, but a pair in a hundred is one.
/// let (edges, negatives) = ([2.0, 3.0, 4.0, 5.0], [-1.0, 0.0, 1.0, 2.5]);
/// let calibrator = Calibrator::fit(Calibration::Platt, &edges, &negatives, 0.01)?;
/// assert!(calibrator.probability(1.75) < 0.1);
/// assert!(calibrator.probability_at(5.0, 0.5) > 0.5);
/// # Ok::<(), vgae::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibrator {
    /// The share of pairs that are edges, above 0 and below 1, that its probabilities are for.
    pub density: f64,
    /// How many edges it was fitted to.
    pub num_edges: usize,
    /// How many negatives it was fitted to.
    pub num_negatives: usize,
    /// From logits to probabilities among as many edges as negatives.
    #[serde(flatten)]
    curve: Curve,
}

/// From logits to probabilities, both classes having the same weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "lowercase")]
enum Curve {
    Platt(Platt),
    Isotonic(Isotonic),
}

impl Calibrator {
    /// Fits `method` to the logits of `edges` and `negatives`, for pairs of which the share `density` are edges. O(m log
    /// m) time for m logits.
    ///
    /// # Errors
    /// [`Error::OneClass`] if there is no edge or no negative, [`Error::NotANumber`] for a NaN, [`Error::Config`] if the
    /// density is not above 0 and below 1.
    pub fn fit(method: Calibration, edges: &[f64], negatives: &[f64], density: f64) -> Result<Self> {
        if !(density > 0.0 && density < 1.0) {
            let problem = format!("the density is {density}; expected a share above 0 and below 1");
            return Err(Error::Config(problem));
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

    /// How it was fitted.
    pub fn method(&self) -> Calibration {
        match self.curve {
            Curve::Platt(_) => Calibration::Platt,
            Curve::Isotonic(_) => Calibration::Isotonic,
        }
    }

    /// The probability that a pair with this logit is an edge, where the share [`Calibrator::density`] of pairs are.
    /// It never falls where logits rise.
    pub fn probability(&self, logit: f64) -> f64 {
        self.probability_at(logit, self.density)
    }

    /// As [`Calibrator::probability`], where the share `density` of pairs are edges.
    pub fn probability_at(&self, logit: f64, density: f64) -> f64 {
        let balanced = match &self.curve {
            Curve::Platt(platt) => platt.probability(logit),
            Curve::Isotonic(isotonic) => isotonic.probability(logit),
        };
        shift(balanced, density)
    }
}

impl Calibrator {
    /// What is wrong with one that was read back, if anything is.
    pub(crate) fn problem(&self) -> Option<String> {
        if !(self.density > 0.0 && self.density < 1.0) {
            return Some(format!("the density is {}; expected a share above 0 and below 1", self.density));
        }
        let is_sound = match &self.curve {
            Curve::Platt(platt) => platt.is_sound(),
            Curve::Isotonic(isotonic) => isotonic.is_sound(),
        };
        (!is_sound).then(|| format!("the {} curve is none that rises", self.method()))
    }
}

/// The probability of an edge among pairs of which the share `density` are edges, from the one among as many edges as
/// negatives.
pub fn shift(balanced: f64, density: f64) -> f64 {
    let (edge, negative) = (balanced * density, (1.0 - balanced) * (1.0 - density));
    edge / (edge + negative)
}

impl fmt::Display for Calibrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Calibrator { density, num_edges, num_negatives, .. } = self;
        write!(
            f,
            "{}, fitted to {num_edges} validation edges and {num_negatives} negatives, for {density:.3e} edges a pair",
            self.method()
        )
    }
}

#[cfg(test)]
mod tests;
