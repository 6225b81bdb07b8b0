//! Where to cut a ranking, and what is to be expected above the cut.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::evaluate::calibrate::{Classes, Isotonic, Population};

/// A logit, and what is to be expected of the pairs that have at least that.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cut {
    /// Pairs with this logit are above the cut.
    pub logit: f64,
    /// The share of the pairs above it that are edges; 0 if nothing is above it.
    pub precision: f64,
    /// The share of the edges that are above it.
    pub recall: f64,
    /// The share of the negatives that are above it.
    pub share_of_negatives: f64,
}

impl Cut {
    /// The lowest cut of `classes` with at least the `precision` where the share `density` of pairs are edges. Cuts are made
    /// at the steps of [`crate::evaluate::calibrate::Isotonic`] alone: between them precision wavers by chance, and the lowest cut
    /// would be a lucky one. O(m log m) time for m logits.
    ///
    /// ```
    /// use vgae::evaluate::calibrate::{Classes, Cut};
    ///
    /// // Of 10 negatives one is above the edge at 1, and one more is taken to be.
    /// let negatives = vec![2.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    /// let classes = Classes { edges: vec![3.0, 1.0, -1.0], negatives };
    /// let cut = Cut::with_precision(&classes, 0.5, 0.75)?;
    /// assert_eq!(cut.logit, 1.0);
    /// assert!((cut.precision - (2.0 / 3.0) / (2.0 / 3.0 + 2.0 / 11.0)).abs() < 1e-12);
    /// # Ok::<(), vgae::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoCut`] if no cut has that precision; [`Error::OneClass`] if there is no edge
    /// or no negative.
    pub fn with_precision(classes: &Classes, density: f64, precision: f64) -> Result<Cut> {
        let ranked = Ranked::of(classes)?;
        let steps = Isotonic::fit(&classes.edges, &classes.negatives);
        let cuts: Vec<Cut> = steps.starts().map(|logit| ranked.at(logit, density)).collect();
        let found = cuts.iter().find(|cut| cut.precision >= precision);
        // There is an edge, and hence a step.
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

    /// The same cut where it is known that this share of the negatives is above it.
    pub fn with_negatives(self, share_of_negatives: f64, density: f64) -> Cut {
        let edges = density * self.recall;
        let all = edges + (1.0 - density) * share_of_negatives;
        let precision = if all > 0.0 { edges / all } else { 0.0 };
        Cut { precision, share_of_negatives, ..self }
    }

    /// The cut at `logit`. O(m log m) time for m logits.
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

    /// One negative more than there is is taken to be above any cut, so that a precision of 1 is never promised.
    fn at(&self, logit: f64, density: f64) -> Cut {
        let above = |logits: &[f64]| (logits.len() - logits.partition_point(|&other| other < logit)) as f64;
        let recall = above(&self.edges) / self.edges.len() as f64;
        let share_of_negatives = (above(&self.negatives) + 1.0) / (self.negatives.len() as f64 + 1.0);
        Cut { logit, precision: 0.0, recall, share_of_negatives }.with_negatives(share_of_negatives, density)
    }
}

impl Population {
    /// The part that figures are reported on: the test part, or the validation part if nothing was held out to test.
    pub fn reported(&self) -> &Classes {
        if self.test.edges.is_empty() { &self.validation } else { &self.test }
    }
}
