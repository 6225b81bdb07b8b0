//! How much the metrics of one split could have come out otherwise: percentile bootstrap intervals.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::evaluate::metrics::groups::{Group, Groups};

/// The share of the resamples that an [`Interval`] spans.
pub const LEVEL: f64 = 0.95;

/// The lower and the upper end of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The 2.5 % quantile of the resamples.
    pub lower: f64,
    /// The 97.5 % quantile of the resamples.
    pub upper: f64,
}

/// The intervals of both metrics of one set of scored pairs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Intervals {
    /// Of the AUC.
    pub roc_auc: Interval,
    /// Of the average precision.
    pub average_precision: Interval,
}

/// The 95 % percentile bootstrap intervals (Efron & Tibshirani 1993, *An introduction to the bootstrap*, section
/// 13.3) of AUC and AP of m scored pairs: the metrics of `num_resamples` resamples, for each of which as many edges
/// as there are, and apart from them as many negatives, are drawn with replacement. A quantile between two resamples
/// is interpolated linearly, as numpy's `quantile` does.
///
/// They say how far the figures depend on which pairs were held out, not what another split or another training
/// would give. They take the pairs for independent, which negatives that were drawn for the same edge are not.
///
/// O(m log m + `num_resamples` · m) time and O(m) memory a thread. The same seed gives the same intervals on any
/// number of threads.
///
/// # Errors
/// As [`super::roc_auc`], and [`Error::Config`] if `num_resamples` is 0.
pub fn bootstrap(logits: &[f64], labels: &[bool], num_resamples: usize, seed: u64) -> Result<Intervals> {
    if num_resamples == 0 {
        return Err(Error::Config("--bootstrap 0 draws nothing; expected at least 1 resample".into()));
    }
    let groups = Groups::rank("a bootstrap interval", logits, labels)?;
    let places = |count: fn(&Group) -> u64| -> Vec<u32> {
        let groups = groups.descending.iter().enumerate();
        groups.flat_map(|(at, group)| std::iter::repeat_n(at as u32, count(group) as usize)).collect()
    };
    let (positives, negatives) = (places(|group| group.positives), places(|group| group.negatives));
    let resample = |at: usize| {
        // A stream of its own for each resample, whichever thread comes to draw it.
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(at as u64);
        let mut descending = vec![Group::default(); groups.descending.len()];
        for _ in &positives {
            descending[positives[rng.random_range(0..positives.len())] as usize].positives += 1;
        }
        for _ in &negatives {
            descending[negatives[rng.random_range(0..negatives.len())] as usize].negatives += 1;
        }
        let resampled = Groups { descending, ..groups };
        (resampled.roc_auc(), resampled.average_precision())
    };
    let (aucs, precisions) = (0..num_resamples).into_par_iter().map(resample).unzip();
    Ok(Intervals {
        roc_auc: interval(aucs, groups.roc_auc()),
        average_precision: interval(precisions, groups.average_precision()),
    })
}

/// Between the quantiles of `values`, stretched to `found`: of few pairs or many ties, resamples may all be better.
fn interval(mut values: Vec<f64>, found: f64) -> Interval {
    values.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - LEVEL) / 2.0;
    let [lower, upper] = [tail, 1.0 - tail].map(|share| quantile(&values, share));
    Interval { lower: lower.min(found), upper: upper.max(found) }
}

fn quantile(ascending: &[f64], share: f64) -> f64 {
    let place = share * (ascending.len() - 1) as f64;
    let (below, above) = (ascending[place.floor() as usize], ascending[place.ceil() as usize]);
    below + (above - below) * place.fract()
}
