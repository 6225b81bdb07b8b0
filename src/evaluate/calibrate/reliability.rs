//! How often pairs of a claimed probability are edges, at any density of edges.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::evaluate::calibrate::Classes;

/// The upper ends of the bins, each of which holds its own: tenths, the first of them divided again, as most pairs of a
/// graph are in it.
const ENDS: [f64; 12] = [0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];
/// The bins that make the first tenth.
const NUM_FINE: usize = 3;

/// What probabilities claim and what is the case, among pairs of which the share `density` are edges.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reliability {
    /// The share of the pairs that are edges.
    pub density: f64,
    /// The mean of (p − y)², with y = 1 for an edge and 0 for a negative; see [`crate::evaluate::metrics::brier`].
    pub brier: f64,
    /// By ten bins of equal width; see [`crate::evaluate::metrics::expected_calibration_error`].
    pub expected_calibration_error: f64,
    /// The bins that hold a pair, by ascending probabilities.
    pub bins: Vec<Bin>,
}

/// The pairs whose probability lies between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// Their probability is above it, or is 0.
    pub lower: f64,
    /// Their probability is at most this.
    pub upper: f64,
    /// The share of all pairs that they are.
    pub share_of_pairs: f64,
    /// The mean of their probabilities.
    pub mean_probability: f64,
    /// The share of them that are edges.
    pub share_of_edges: f64,
}

impl Reliability {
    /// Of the `probability` of each logit, where the edges of `classes` weigh `density` in all and its negatives the
    /// rest. O(m) time for m logits.
    ///
    /// ```
    /// use vgae::evaluate::calibrate::{Classes, Reliability};
    ///
    /// let classes = Classes { edges: vec![0.0, 0.0], negatives: vec![0.0; 4] };
    /// let reliability = Reliability::of(&classes, 0.2, |_| 0.5)?;
    /// assert!((reliability.expected_calibration_error - 0.3).abs() < 1e-12);
    /// assert!((reliability.bins[0].share_of_edges - 0.2).abs() < 1e-12);
    /// # Ok::<(), vgae::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::OneClass`] if there is no edge or no negative, [`Error::NotAProbability`] for a number outside [0, 1].
    pub fn of(classes: &Classes, density: f64, probability: impl Fn(f64) -> f64) -> Result<Self> {
        let Classes { edges, negatives } = classes;
        if edges.is_empty() || negatives.is_empty() {
            let (positives, negatives) = (edges.len(), negatives.len());
            return Err(Error::OneClass { metric: "reliability", positives, negatives });
        }
        // Of each bin: the weight of its edges, that of all its pairs, and the sum of the weighted probabilities.
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
            let [of_edges, of_all, claimed] = &mut sums[ENDS.partition_point(|&end| end < p)];
            *of_edges += weight * outcome;
            *of_all += weight;
            *claimed += weight * p;
        }
        let gap =
            |bins: &[[f64; 3]]| bins.iter().map(|[edges, _, claimed]| edges - claimed).sum::<f64>().abs();
        let (first_tenth, others) = sums.split_at(NUM_FINE);
        let expected_calibration_error =
            gap(first_tenth) + others.iter().map(|&bin| gap(&[bin])).sum::<f64>();
        let lowers = [0.0].into_iter().chain(ENDS);
        let bins = lowers.zip(ENDS).zip(sums).filter(|(_, [_, all, _])| *all > 0.0);
        let bins = bins.map(|((lower, upper), [edges, all, claimed])| Bin {
            lower,
            upper,
            share_of_pairs: all,
            mean_probability: claimed / all,
            share_of_edges: edges / all,
        });
        Ok(Reliability { density, brier, expected_calibration_error, bins: bins.collect() })
    }
}
