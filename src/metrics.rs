//! Ranking metrics on logits, in f64, with ties handled exactly; and how far a probability can be taken at its word.
//!
//! Sigmoids in f32 saturate: distinct logits become equal probabilities. The ranking metrics therefore take logits.

mod bootstrap;
mod calibration;
mod groups;
mod ranks;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use groups::Groups;

pub use bootstrap::{Interval, Intervals, LEVEL, bootstrap};
pub use calibration::{Calibration, NUM_BINS, brier, calibration, expected_calibration_error};
pub use ranks::{Rank, Ranks, hits_at, mean_reciprocal_rank};

/// How well edges are ranked above negatives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// See [`roc_auc`].
    pub roc_auc: f64,
    /// See [`average_precision`].
    pub average_precision: f64,
}

/// Both metrics of m scored pairs. O(m log m) time.
///
/// # Errors
/// As [`roc_auc`].
pub fn evaluate(logits: &[f64], labels: &[bool]) -> Result<Metrics> {
    let groups = Groups::rank("ROC AUC", logits, labels)?;
    Ok(Metrics { roc_auc: groups.roc_auc(), average_precision: groups.average_precision() })
}

/// The area under the receiver operating characteristic: the probability that an edge is scored above a
/// negative, a tie counting half. Equal to scikit-learn's `roc_auc_score`. O(m log m) time.
///
/// # Errors
/// [`crate::Error::OneClass`] if there is no edge or no negative, [`crate::Error::NotANumber`] for a NaN.
pub fn roc_auc(logits: &[f64], labels: &[bool]) -> Result<f64> {
    Ok(Groups::rank("ROC AUC", logits, labels)?.roc_auc())
}

/// Average precision: Σ (Rₖ − Rₖ₋₁) Pₖ over the distinct scores from the highest down, with Pₖ the precision
/// and Rₖ the recall of all that score at least as high. Equal to scikit-learn's `average_precision_score`.
/// O(m log m) time.
///
/// # Errors
/// As [`roc_auc`].
pub fn average_precision(logits: &[f64], labels: &[bool]) -> Result<f64> {
    Ok(Groups::rank("average precision", logits, labels)?.average_precision())
}
