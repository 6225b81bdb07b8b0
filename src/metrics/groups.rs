//! Scored pairs in groups of equal scores: all that a ranking metric needs to know of them.

use crate::error::{Error, Result};

/// How many pairs have one score.
#[derive(Clone, Copy, Default)]
pub(super) struct Group {
    pub(super) positives: u64,
    pub(super) negatives: u64,
}

/// The groups, from the highest score down.
pub(super) struct Groups {
    pub(super) descending: Vec<Group>,
    pub(super) num_positives: u64,
    pub(super) num_negatives: u64,
}

impl Groups {
    /// Groups m scored pairs for `metric`. O(m log m) time.
    pub(super) fn rank(metric: &'static str, logits: &[f64], labels: &[bool]) -> Result<Self> {
        let (positives, negatives) = count(metric, logits, labels)?;
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

    /// See [`super::roc_auc`].
    pub(super) fn roc_auc(&self) -> f64 {
        let mut negatives_above = 0u64;
        // Twice the number of (edge, negative) pairs in the right order, so that ties stay whole numbers.
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

/// The number of positives and of negatives, at least one each, whose scores are all numbers.
pub(super) fn count(metric: &'static str, scores: &[f64], labels: &[bool]) -> Result<(usize, usize)> {
    assert_eq!(scores.len(), labels.len(), "each score needs a label");
    if let Some(index) = scores.iter().position(|score| score.is_nan()) {
        return Err(Error::NotANumber { index });
    }
    let positives = labels.iter().filter(|&&label| label).count();
    let negatives = labels.len() - positives;
    match positives == 0 || negatives == 0 {
        true => Err(Error::OneClass { metric, positives, negatives }),
        false => Ok((positives, negatives)),
    }
}
