//! Percentile bootstrap intervals: the uncertainty of the metrics of one split.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::evaluate::metrics::groups::{Group, Groups};

/// The share of the resamples inside an [`Interval`].
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
    /// The interval of the AUC.
    pub roc_auc: Interval,
    /// The interval of the average precision.
    pub average_precision: Interval,
}

/// Computes the 95 % percentile bootstrap intervals (Efron & Tibshirani 1993, *An introduction to the
/// bootstrap*, section 13.3) of the AUC and AP of m scored pairs. Each of the `num_resamples` resamples draws
/// edges and, separately, negatives with replacement, as many of each as there are. A quantile between two
/// resamples is interpolated linearly, like numpy's `quantile`.
///
/// The intervals show how much the metrics depend on which pairs were held out, not how another split or
/// another training would differ. They assume independent pairs; negatives drawn for the same edge are not
/// independent.
///
/// O(m log m + `num_resamples` · m) time and O(m) memory per thread. The same seed gives the same intervals
/// with any number of threads.
///
/// # Errors
/// Returns the errors of [`super::roc_auc`], and [`Error::Config`] if `num_resamples` is 0.
pub fn bootstrap(logits: &[f64], labels: &[bool], num_resamples: usize, seed: u64) -> Result<Intervals> {
    if num_resamples == 0 {
        return Err(Error::Config("0 resamples draw nothing; expected at least 1".into()));
    }
    let groups = Groups::rank("a bootstrap interval", logits, labels)?;
    // The group of each positive or negative pair.
    let group_indices = |count: fn(&Group) -> u64| -> Vec<u32> {
        let groups = groups.descending.iter().enumerate();
        groups.flat_map(|(at, group)| std::iter::repeat_n(at as u32, count(group) as usize)).collect()
    };
    let (positives, negatives) =
        (group_indices(|group| group.positives), group_indices(|group| group.negatives));
    let resample = |at: usize| {
        // Each resample has its own stream, so the result does not depend on which thread draws it.
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

/// Returns the interval between the quantiles of `values`, extended to contain `estimate`: with few pairs or
/// many ties, every resample may be better than the estimate.
fn interval(mut values: Vec<f64>, estimate: f64) -> Interval {
    values.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - LEVEL) / 2.0;
    let [lower, upper] = [tail, 1.0 - tail].map(|share| quantile(&values, share));
    Interval { lower: lower.min(estimate), upper: upper.max(estimate) }
}

fn quantile(ascending: &[f64], share: f64) -> f64 {
    let position = share * (ascending.len() - 1) as f64;
    let (below, above) = (ascending[position.floor() as usize], ascending[position.ceil() as usize]);
    below + (above - below) * position.fract()
}
