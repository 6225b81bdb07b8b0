//! Groups scored pairs by equal scores, which is all that a ranking metric needs.

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::kernels::sort::sort_by;

/// The numbers of pairs with one score.
#[derive(Clone, Copy, Default)]
pub(super) struct Group {
    pub(super) positives: u64,
    pub(super) negatives: u64,
}

/// Groups of pairs by descending score.
pub(super) struct Groups {
    pub(super) descending: Vec<Group>,
    pub(super) num_positives: u64,
    pub(super) num_negatives: u64,
}

impl Groups {
    /// Groups m scored pairs; `metric` is the name in errors. O(m log m) time, on all threads.
    pub(super) fn rank(metric: &'static str, logits: &[f64], labels: &[bool]) -> Result<Self> {
        let (num_positives, num_negatives) = count(metric, logits, labels)?;
        // Each class is sorted separately, so the scores are sorted without their labels.
        let descending = |label: bool, count: usize| {
            let mut scores: Vec<f64> = Vec::with_capacity(count);
            let labelled = logits.iter().zip(labels).filter(|&(_, &other)| other == label);
            scores.extend(labelled.map(|(&score, _)| score));
            sort_by(&mut scores, |a, b| b.total_cmp(a));
            scores
        };
        let (positives, negatives) =
            rayon::join(|| descending(true, num_positives), || descending(false, num_negatives));
        let descending = merge(&positives, &negatives);
        Ok(Groups { descending, num_positives: num_positives as u64, num_negatives: num_negatives as u64 })
    }

    /// See [`super::roc_auc`].
    pub(super) fn roc_auc(&self) -> f64 {
        let mut negatives_above = 0u64;
        // Twice the number of (edge, negative) pairs in the right order, so that a tie, which counts half, is
        // an integer.
        let mut twice_ordered = 0u128;
        for group in &self.descending {
            let negatives_below = self.num_negatives - negatives_above - group.negatives;
            twice_ordered += group.positives as u128 * (2 * negatives_below + group.negatives) as u128;
            negatives_above += group.negatives;
        }
        twice_ordered as f64 / 2.0 / (self.num_positives as f64 * self.num_negatives as f64)
    }

    /// See [`super::average_precision`].
    pub(super) fn average_precision(&self) -> f64 {
        let (mut positives, mut retrieved, mut sum) = (0u64, 0u64, 0.0f64);
        for group in self.descending.iter().filter(|group| group.positives > 0 || group.negatives > 0) {
            positives += group.positives;
            retrieved += group.positives + group.negatives;
            sum += group.positives as f64 * (positives as f64 / retrieved as f64);
        }
        sum / self.num_positives as f64
    }
}

/// Merges two descending lists of scores into groups.
fn merge(mut positives: &[f64], mut negatives: &[f64]) -> Vec<Group> {
    let mut groups = Vec::with_capacity(positives.len() + negatives.len());
    while let Some(highest) = match (positives.first(), negatives.first()) {
        (Some(&positive), Some(&negative)) => Some(positive.max(negative)),
        (positive, negative) => positive.or(negative).copied(),
    } {
        // `==` rather than the total order, which puts −0 below 0.
        let take = |scores: &mut &[f64]| {
            let length = scores.iter().take_while(|&&score| score == highest).count();
            *scores = &scores[length..];
            length as u64
        };
        groups.push(Group { positives: take(&mut positives), negatives: take(&mut negatives) });
    }
    groups
}

/// Counts the positives and negatives. Fails if a score is NaN or either class is empty.
pub(super) fn count(metric: &'static str, scores: &[f64], labels: &[bool]) -> Result<(usize, usize)> {
    assert_eq!(scores.len(), labels.len(), "each score needs a label");
    if let Some(index) = scores.par_iter().position_first(|score| score.is_nan()) {
        return Err(Error::NotANumber { index });
    }
    let positives = labels.iter().filter(|&&label| label).count();
    let negatives = labels.len() - positives;
    match positives == 0 || negatives == 0 {
        true => Err(Error::OneClass { metric, positives, negatives }),
        false => Ok((positives, negatives)),
    }
}
