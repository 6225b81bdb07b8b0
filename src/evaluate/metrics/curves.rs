//! The ROC and precision–recall curves of a ranking.

use crate::error::Result;
use crate::evaluate::metrics::groups::Groups;

/// The ROC and precision–recall curves of scored pairs, with a point for each distinct score.
///
/// ```
/// use vgae::evaluate::metrics::Curves;
///
/// let curves = Curves::compute(&[3.0, 1.0, 2.0, 0.0], &[true, true, false, false])?;
/// assert_eq!(curves.roc, [(0.0, 0.0), (0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (1.0, 1.0)]);
/// assert_eq!(curves.precision_recall[0], (0.5, 1.0));
/// # Ok::<(), vgae::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Curves {
    /// The points (false positive rate, true positive rate) from (0, 0) to (1, 1). Joined by straight lines,
    /// they enclose the area [`crate::evaluate::metrics::roc_auc`].
    pub roc: Vec<(f64, f64)>,
    /// The points (recall, precision) of the pairs that score at least as high, by ascending recall. The
    /// average precision is the area under the steps, each as high as the point at its end; see
    /// [`crate::evaluate::metrics::average_precision`].
    pub precision_recall: Vec<(f64, f64)>,
}

impl Curves {
    /// Computes the curves of m scored pairs. O(m log m) time, O(m) memory.
    ///
    /// # Errors
    /// Returns the errors of [`crate::evaluate::metrics::roc_auc`].
    pub fn compute(logits: &[f64], labels: &[bool]) -> Result<Curves> {
        let groups = Groups::rank("a curve", logits, labels)?;
        let (mut positives, mut negatives) = (0u64, 0u64);
        let (mut roc, mut precision_recall) = (vec![(0.0, 0.0)], Vec::new());
        for group in &groups.descending {
            positives += group.positives;
            negatives += group.negatives;
            let recall = positives as f64 / groups.num_positives as f64;
            roc.push((negatives as f64 / groups.num_negatives as f64, recall));
            precision_recall.push((recall, positives as f64 / (positives + negatives) as f64));
        }
        Ok(Curves { roc, precision_recall })
    }
}
