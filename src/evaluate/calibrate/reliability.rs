//! Compares predicted probabilities with the actual share of edges, at any density of edges.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::evaluate::calibrate::ClassLogits;

/// The upper ends of the bins, each included in its bin. The bins are tenths; the first is subdivided because
/// it holds most pairs of a graph.
const ENDS: [f64; 12] = [0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];
/// The number of bins that make up the first tenth.
const NUM_FINE: usize = 3;

/// Predicted and actual shares of edges, for a population where the share `density` of the pairs are edges.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reliability {
    /// The share of the pairs that are edges.
    pub density: f64,
    /// The mean of (p − y)², with y = 1 for an edge and 0 for a negative; see [`crate::evaluate::metrics::brier`].
    pub brier: f64,
    /// The error over ten bins of equal width; see [`crate::evaluate::metrics::expected_calibration_error`].
    pub expected_calibration_error: f64,
    /// The non-empty bins, by ascending probability.
    pub bins: Vec<Bin>,
}

/// The pairs whose probability lies between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// The lower bound, which is excluded unless it is 0.
    pub lower: f64,
    /// The upper bound, which is included.
    pub upper: f64,
    /// The share of all pairs that are in the bin.
    pub share_of_pairs: f64,
    /// The mean probability in the bin.
    pub mean_probability: f64,
    /// The share of the pairs in the bin that are edges.
    pub share_of_edges: f64,
}

impl Reliability {
    /// Measures the reliability of `probability`, a function of the logit, with a total weight of `density`
    /// for the edges of `classes` and 1 − `density` for its negatives. O(m) time for m logits.
    ///
    /// ```
    /// use vgae::evaluate::calibrate::{ClassLogits, Reliability};
    ///
    /// let classes = ClassLogits { edges: vec![0.0, 0.0], negatives: vec![0.0; 4] };
    /// let reliability = Reliability::compute(&classes, 0.2, |_| 0.5)?;
    /// assert!((reliability.expected_calibration_error - 0.3).abs() < 1e-12);
    /// assert!((reliability.bins[0].share_of_edges - 0.2).abs() < 1e-12);
    /// # Ok::<(), vgae::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::OneClass`] if there is no edge or no negative; [`Error::NotAProbability`] for a number
    /// outside [0, 1].
    pub fn compute(classes: &ClassLogits, density: f64, probability: impl Fn(f64) -> f64) -> Result<Self> {
        let ClassLogits { edges, negatives } = classes;
        if edges.is_empty() || negatives.is_empty() {
            let (positives, negatives) = (edges.len(), negatives.len());
            return Err(Error::OneClass { metric: "reliability", positives, negatives });
        }
        // For each bin: the weight of its edges, the weight of all its pairs, and the weighted sum of
        // probabilities.
        let mut sums = [[0.0f64; 3]; ENDS.len()];
        let mut brier = 0.0;
        let classes = [(edges, density, 1.0), (negatives, 1.0 - density, 0.0)];
        let indexed = classes.iter().flat_map(|&(logits, share, outcome)| {
            let weight = share / logits.len() as f64;
            logits.iter().map(move |&logit| (logit, weight, outcome))
        });
        for (index, (logit, weight, outcome)) in indexed.enumerate() {
            let p = probability(logit);
            if !(0.0..=1.0).contains(&p) {
                return Err(Error::NotAProbability { index, found: p });
            }
            brier += weight * (p - outcome).powi(2);
            let [edges, all, predicted] = &mut sums[ENDS.partition_point(|&end| end < p)];
            *edges += weight * outcome;
            *all += weight;
            *predicted += weight * p;
        }
        let gap =
            |bins: &[[f64; 3]]| bins.iter().map(|[edges, _, predicted]| edges - predicted).sum::<f64>().abs();
        let (first_tenth, others) = sums.split_at(NUM_FINE);
        let expected_calibration_error =
            gap(first_tenth) + others.iter().map(|&bin| gap(&[bin])).sum::<f64>();
        let lowers = [0.0].into_iter().chain(ENDS);
        let bins = lowers.zip(ENDS).zip(sums).filter(|(_, [_, all, _])| *all > 0.0);
        let bins = bins.map(|((lower, upper), [edges, all, predicted])| Bin {
            lower,
            upper,
            share_of_pairs: all,
            mean_probability: predicted / all,
            share_of_edges: edges / all,
        });
        Ok(Reliability { density, brier, expected_calibration_error, bins: bins.collect() })
    }
}
