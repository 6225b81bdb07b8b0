//! Chooses a threshold for a ranking, and estimates the precision and recall above it.

use serde::Serialize;
use statrs::distribution::{Beta, ContinuousCDF};

use crate::error::{Error, Result};
use crate::evaluate::calibrate::{ClassLogits, Isotonic, Population};

/// A threshold for logits, and the expected precision and recall of the pairs above it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Threshold {
    /// The lowest logit that counts as above the threshold.
    pub logit: f64,
    /// The share of the pairs above the threshold that are edges; 0 if no pair is above it.
    pub precision: f64,
    /// The share of the edges that are above the threshold.
    pub recall: f64,
    /// The share of the negatives that are above the threshold.
    pub share_of_negatives: f64,
}

impl Threshold {
    /// Returns the lowest threshold of `classes` with at least the given `precision`, if the share `density` of the
    /// pairs are edges. Only the steps of [`crate::evaluate::calibrate::Isotonic`] are tried: between them the
    /// precision fluctuates by chance, and the lowest threshold would merely be lucky. O(m log m) time for m
    /// logits.
    ///
    /// ```
    /// use vgae::evaluate::calibrate::{ClassLogits, Threshold};
    ///
    /// // One of the 10 negatives is above the edge at 1; the estimate adds one more.
    /// let negatives = vec![2.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    /// let classes = ClassLogits { edges: vec![3.0, 1.0, -1.0], negatives };
    /// let threshold = Threshold::with_precision(&classes, 0.5, 0.75)?;
    /// assert_eq!(threshold.logit, 1.0);
    /// assert!((threshold.precision - (2.0 / 3.0) / (2.0 / 3.0 + 2.0 / 11.0)).abs() < 1e-12);
    /// # Ok::<(), vgae::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoThreshold`] if no threshold has that precision; [`Error::OneClass`] if there is no edge or no negative.
    pub fn with_precision(classes: &ClassLogits, density: f64, precision: f64) -> Result<Threshold> {
        let ranked = Ranked::new(classes)?;
        let steps = Isotonic::fit(&classes.edges, &classes.negatives);
        let thresholds: Vec<Threshold> = steps.starts().map(|logit| ranked.at(logit, density)).collect();
        let found = thresholds.iter().find(|threshold| threshold.precision >= precision);
        // `Ranked::new` has checked that there is an edge, so there is at least one step.
        let best = thresholds.iter().fold(thresholds[0], |best, threshold| {
            if threshold.precision > best.precision { *threshold } else { best }
        });
        found.copied().ok_or(Error::NoThreshold {
            precision,
            density,
            best: best.precision,
            logit: best.logit,
            recall: best.recall,
        })
    }

    /// Returns the same threshold with a known share of negatives above it, and the precision that follows.
    pub fn with_negatives(self, share_of_negatives: f64, density: f64) -> Threshold {
        let edges = density * self.recall;
        let all = edges + (1.0 - density) * share_of_negatives;
        let precision = if all > 0.0 { edges / all } else { 0.0 };
        Threshold { precision, share_of_negatives, ..self }
    }

    /// Returns the threshold at `logit`. O(m log m) time for m logits.
    ///
    /// # Errors
    /// [`Error::OneClass`] if there is no edge or no negative.
    pub fn at(classes: &ClassLogits, density: f64, logit: f64) -> Result<Threshold> {
        Ok(Ranked::new(classes)?.at(logit, density))
    }
}

/// The share of negatives above a threshold, estimated from a sample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ShareAbove {
    /// The share in the sample.
    pub share: f64,
    /// The lower end of the 95 % interval.
    pub low: f64,
    /// The upper end of the 95 % interval.
    pub high: f64,
}

impl ShareAbove {
    /// Estimates the share of all negatives that are at least `logit` from a sample of them, with the interval of
    /// Clopper & Pearson (1934).
    ///
    /// ```
    /// use vgae::evaluate::calibrate::ShareAbove;
    ///
    /// // scipy.stats.binomtest(2, 10).proportion_ci(): 0.02521073, 0.55609546.
    /// let above = ShareAbove::estimate(&[0.5, 0.0, 2.0, 0.1, 3.0, 0.2, 0.3, 0.4, 0.6, 0.7], 1.0);
    /// assert_eq!(above.share, 0.2);
    /// assert!((above.low - 0.02521073).abs() < 1e-7 && (above.high - 0.55609546).abs() < 1e-7);
    /// ```
    pub fn estimate(negatives: &[f64], logit: f64) -> Self {
        let n = negatives.len();
        let k = negatives.iter().filter(|&&other| other >= logit).count();
        // The quantile of the beta distribution with whole parameters above 0.
        let quantile = |a: usize, b: usize, p: f64| match Beta::new(a as f64, b as f64) {
            Ok(beta) => beta.inverse_cdf(p),
            Err(_) => f64::NAN,
        };
        ShareAbove {
            share: if n == 0 { 0.0 } else { k as f64 / n as f64 },
            low: if k == 0 { 0.0 } else { quantile(k, n - k + 1, 0.025) },
            high: if k == n { 1.0 } else { quantile(k + 1, n - k, 0.975) },
        }
    }
}

/// Logits in ascending order.
struct Ranked {
    edges: Vec<f64>,
    negatives: Vec<f64>,
}

impl Ranked {
    fn new(ClassLogits { edges, negatives }: &ClassLogits) -> Result<Self> {
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

    /// Returns the threshold at `logit`. One extra negative is assumed to be above any threshold, so the precision is
    /// never 1.
    fn at(&self, logit: f64, density: f64) -> Threshold {
        let above = |logits: &[f64]| (logits.len() - logits.partition_point(|&other| other < logit)) as f64;
        let recall = above(&self.edges) / self.edges.len() as f64;
        let share_of_negatives = (above(&self.negatives) + 1.0) / (self.negatives.len() as f64 + 1.0);
        Threshold { logit, precision: 0.0, recall, share_of_negatives }
            .with_negatives(share_of_negatives, density)
    }
}

impl Population {
    /// Returns the part to report on: the test part, or the validation part if there are no test edges.
    pub fn reported(&self) -> &ClassLogits {
        if self.test.edges.is_empty() { &self.validation } else { &self.test }
    }
}
