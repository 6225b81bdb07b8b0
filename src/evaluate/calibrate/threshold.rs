//! Chooses a threshold for a ranking, and estimates the precision and recall above it.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::evaluate::calibrate::{Classes, Isotonic, Population};

/// A threshold for logits, and the expected precision and recall of the pairs above it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cut {
    /// The threshold; pairs with at least this logit are above the cut.
    pub logit: f64,
    /// The share of the pairs above the cut that are edges; 0 if no pair is above it.
    pub precision: f64,
    /// The share of the edges that are above the cut.
    pub recall: f64,
    /// The share of the negatives that are above the cut.
    pub share_of_negatives: f64,
}

impl Cut {
    /// Returns the lowest cut of `classes` with at least the given `precision`, if the share `density` of the
    /// pairs are edges. Only the steps of [`crate::evaluate::calibrate::Isotonic`] are tried: between them the
    /// precision fluctuates by chance, and the lowest cut would merely be lucky. O(m log m) time for m
    /// logits.
    ///
    /// ```
    /// use vgae::evaluate::calibrate::{Classes, Cut};
    ///
    /// // One of the 10 negatives is above the edge at 1; the estimate adds one more.
    /// let negatives = vec![2.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    /// let classes = Classes { edges: vec![3.0, 1.0, -1.0], negatives };
    /// let cut = Cut::with_precision(&classes, 0.5, 0.75)?;
    /// assert_eq!(cut.logit, 1.0);
    /// assert!((cut.precision - (2.0 / 3.0) / (2.0 / 3.0 + 2.0 / 11.0)).abs() < 1e-12);
    /// # Ok::<(), vgae::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoCut`] if no cut has that precision; [`Error::OneClass`] if there is no edge or no negative.
    pub fn with_precision(classes: &Classes, density: f64, precision: f64) -> Result<Cut> {
        let ranked = Ranked::of(classes)?;
        let steps = Isotonic::fit(&classes.edges, &classes.negatives);
        let cuts: Vec<Cut> = steps.starts().map(|logit| ranked.at(logit, density)).collect();
        let found = cuts.iter().find(|cut| cut.precision >= precision);
        // `Ranked::of` has checked that there is an edge, so there is at least one step.
        let best =
            cuts.iter().fold(cuts[0], |best, cut| if cut.precision > best.precision { *cut } else { best });
        found.copied().ok_or(Error::NoCut {
            precision,
            density,
            best: best.precision,
            logit: best.logit,
            recall: best.recall,
        })
    }

    /// Returns the same cut with a known share of negatives above it, and the precision that follows.
    pub fn with_negatives(self, share_of_negatives: f64, density: f64) -> Cut {
        let edges = density * self.recall;
        let all = edges + (1.0 - density) * share_of_negatives;
        let precision = if all > 0.0 { edges / all } else { 0.0 };
        Cut { precision, share_of_negatives, ..self }
    }

    /// Returns the cut at `logit`. O(m log m) time for m logits.
    ///
    /// # Errors
    /// [`Error::OneClass`] if there is no edge or no negative.
    pub fn at(classes: &Classes, density: f64, logit: f64) -> Result<Cut> {
        Ok(Ranked::of(classes)?.at(logit, density))
    }
}

/// Logits in ascending order.
struct Ranked {
    edges: Vec<f64>,
    negatives: Vec<f64>,
}

impl Ranked {
    fn of(Classes { edges, negatives }: &Classes) -> Result<Self> {
        if edges.is_empty() || negatives.is_empty() {
            let (positives, negatives) = (edges.len(), negatives.len());
            return Err(Error::OneClass { metric: "a threshold", positives, negatives });
        }
        let sorted = |logits: &[f64]| {
            let mut logits = logits.to_vec();
            logits.sort_unstable_by(f64::total_cmp);
            logits
        };
        Ok(Ranked { edges: sorted(edges), negatives: sorted(negatives) })
    }

    /// Returns the cut at `logit`. One extra negative is assumed to be above any cut, so the precision is
    /// never 1.
    fn at(&self, logit: f64, density: f64) -> Cut {
        let above = |logits: &[f64]| (logits.len() - logits.partition_point(|&other| other < logit)) as f64;
        let recall = above(&self.edges) / self.edges.len() as f64;
        let share_of_negatives = (above(&self.negatives) + 1.0) / (self.negatives.len() as f64 + 1.0);
        Cut { logit, precision: 0.0, recall, share_of_negatives }.with_negatives(share_of_negatives, density)
    }
}

impl Population {
    /// Returns the part to report on: the test part, or the validation part if there are no test edges.
    pub fn reported(&self) -> &Classes {
        if self.test.edges.is_empty() { &self.validation } else { &self.test }
    }
}
