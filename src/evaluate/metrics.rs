//! Computes ranking metrics from logits, in f64 with exact handling of ties, and the calibration of
//! probabilities.
//!
//! The ranking metrics take logits rather than probabilities because the sigmoid saturates in f32: distinct
//! logits become equal probabilities.
//!
//! # Examples
//! ```
//! use vgae::evaluate::metrics::{self, Ranks};
//!
//! let (logits, labels) = ([3.0, 1.0, 2.0, 0.0], [true, true, false, false]);
//! let both = metrics::evaluate(&logits, &labels)?;
//! assert_eq!(both.roc_auc, metrics::roc_auc(&logits, &labels)?);
//! assert_eq!((both.roc_auc, metrics::average_precision(&logits, &labels)?), (0.75, (1.0 + 2.0 / 3.0) / 2.0));
//! let intervals = metrics::bootstrap(&logits, &labels, 100, 0)?;
//! assert!(intervals.roc_auc.lower <= 0.75 && 0.75 <= intervals.roc_auc.upper);
//!
//! let (edges, negatives) = (&[3.0, 1.0], &[2.0, 0.0]);
//! assert_eq!(metrics::mean_reciprocal_rank(edges, negatives)?, 0.75);
//! assert_eq!(metrics::hits_at(1, edges, negatives)?, 0.5);
//! let ranks = Ranks::per_edge(edges, &[&[4.0, 3.0], &[0.0]])?;
//! assert_eq!((ranks.of_edges()[0].value(), ranks.mean_reciprocal_rank()), (2.5, 0.7));
//! assert_eq!(Ranks::pooled(edges, negatives)?.hits_at(2)?, 1.0);
//!
//! let probabilities = [0.9, 0.6, 0.4, 0.1];
//! let calibration = metrics::calibration(&probabilities, &[true, true, false, false])?;
//! assert!((calibration.brier - 0.085).abs() < 1e-12);
//! assert_eq!(calibration.brier, metrics::brier(&probabilities, &[true, true, false, false])?);
//! let error = metrics::expected_calibration_error(&probabilities, &[true, true, false, false])?;
//! assert!((error - 0.25).abs() < 1e-12);
//! # Ok::<(), vgae::Error>(())
//! ```

mod bootstrap;
mod calibration;
mod curves;
mod groups;
mod ranks;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use groups::Groups;

pub use bootstrap::{Interval, Intervals, LEVEL, bootstrap};
pub use calibration::{Calibration, NUM_BINS, brier, calibration, expected_calibration_error};
pub use curves::Curves;
pub use ranks::{Rank, Ranks, hits_at, mean_reciprocal_rank};

/// Metrics that measure how well edges are ranked above negatives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// See [`roc_auc`].
    pub roc_auc: f64,
    /// See [`average_precision`].
    pub average_precision: f64,
    /// How each edge ranks among negatives of its own, if the split has them.
    #[serde(flatten)]
    pub by_link: Option<LinkRanks>,
}

/// How edges rank, each among negatives of its own, with ties in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LinkRanks {
    /// See [`Ranks::mean_reciprocal_rank`].
    pub mean_reciprocal_rank: f64,
    /// See [`Ranks::hits_at`]; `None` if an edge has fewer than ten negatives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hits_10: Option<f64>,
}

impl LinkRanks {
    /// Summarises `ranks`. O(m) time.
    pub fn new(ranks: &Ranks) -> Self {
        LinkRanks { mean_reciprocal_rank: ranks.mean_reciprocal_rank(), hits_10: ranks.hits_at(10).ok() }
    }
}

/// Computes AUC and AP of m scored pairs. O(m log m) time.
///
/// # Errors
/// Returns the errors of [`roc_auc`].
pub fn evaluate(logits: &[f64], labels: &[bool]) -> Result<Metrics> {
    let groups = Groups::rank("ROC AUC", logits, labels)?;
    Ok(Metrics { roc_auc: groups.roc_auc(), average_precision: groups.average_precision(), by_link: None })
}

/// Computes the area under the receiver operating characteristic: the probability that an edge is scored
/// above a negative, where a tie counts half. Equal to scikit-learn's `roc_auc_score`. O(m log m) time.
///
/// # Errors
/// [`crate::Error::OneClass`] if there is no edge or no negative; [`crate::Error::NotANumber`] for a NaN.
pub fn roc_auc(logits: &[f64], labels: &[bool]) -> Result<f64> {
    Ok(Groups::rank("ROC AUC", logits, labels)?.roc_auc())
}

/// Computes the average precision: Σ (Rₖ − Rₖ₋₁) Pₖ over the distinct scores in descending order, where Pₖ
/// and Rₖ are the precision and recall of the pairs that score at least as high. Equal to scikit-learn's
/// `average_precision_score`. O(m log m) time.
///
/// # Errors
/// Returns the errors of [`roc_auc`].
pub fn average_precision(logits: &[f64], labels: &[bool]) -> Result<f64> {
    Ok(Groups::rank("average precision", logits, labels)?.average_precision())
}
