//! Ranking metrics on logits, in f64, with ties handled exactly.
//!
//! Sigmoids in f32 saturate: distinct logits become equal probabilities. The metrics therefore take logits.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

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
    Ok(Metrics { roc_auc: roc_auc(logits, labels)?, average_precision: average_precision(logits, labels)? })
}

/// The area under the receiver operating characteristic: the probability that an edge is scored above a
/// negative, a tie counting half. Equal to scikit-learn's `roc_auc_score`. O(m log m) time.
///
/// # Errors
/// [`Error::OneClass`] if there is no edge or no negative, [`Error::NotANumber`] for a NaN.
pub fn roc_auc(logits: &[f64], labels: &[bool]) -> Result<f64> {
    let groups = Groups::rank("ROC AUC", logits, labels)?;
    let mut negatives_above = 0u64;
    // Twice the number of (edge, negative) pairs in the right order, so that ties stay whole numbers.
    let mut twice_ordered = 0u128;
    for group in &groups.descending {
        let negatives_below = groups.num_negatives - negatives_above - group.negatives;
        twice_ordered += group.positives as u128 * (2 * negatives_below + group.negatives) as u128;
        negatives_above += group.negatives;
    }
    Ok(twice_ordered as f64 / 2.0 / (groups.num_positives as f64 * groups.num_negatives as f64))
}

/// Average precision: Σ (Rₖ − Rₖ₋₁) Pₖ over the distinct scores from the highest down, with Pₖ the precision
/// and Rₖ the recall of all that score at least as high. Equal to scikit-learn's `average_precision_score`.
/// O(m log m) time.
///
/// # Errors
/// As [`roc_auc`].
pub fn average_precision(logits: &[f64], labels: &[bool]) -> Result<f64> {
    let groups = Groups::rank("average precision", logits, labels)?;
    let (mut positives, mut retrieved, mut sum) = (0u64, 0u64, 0.0f64);
    for group in &groups.descending {
        positives += group.positives;
        retrieved += group.positives + group.negatives;
        sum += group.positives as f64 * (positives as f64 / retrieved as f64);
    }
    Ok(sum / groups.num_positives as f64)
}

/// The pairs of one score.
struct Group {
    positives: u64,
    negatives: u64,
}

struct Groups {
    descending: Vec<Group>,
    num_positives: u64,
    num_negatives: u64,
}

impl Groups {
    fn rank(metric: &'static str, logits: &[f64], labels: &[bool]) -> Result<Self> {
        assert_eq!(logits.len(), labels.len(), "each logit needs a label");
        if let Some(index) = logits.iter().position(|logit| logit.is_nan()) {
            return Err(Error::NotANumber { index });
        }
        let positives = labels.iter().filter(|&&label| label).count();
        let negatives = labels.len() - positives;
        if positives == 0 || negatives == 0 {
            return Err(Error::OneClass { metric, positives, negatives });
        }
        let mut order: Vec<(f64, bool)> = logits.iter().copied().zip(labels.iter().copied()).collect();
        order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        // `==` rather than the total order, which holds −0 below 0.
        let descending = order
            .chunk_by(|a, b| a.0 == b.0)
            .map(|group| {
                let positives = group.iter().filter(|pair| pair.1).count();
                Group { positives: positives as u64, negatives: (group.len() - positives) as u64 }
            })
            .collect();
        Ok(Groups { descending, num_positives: positives as u64, num_negatives: negatives as u64 })
    }
}
