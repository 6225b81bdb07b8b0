//! A mean over all ends, or its estimate from a sample of them.

use serde::Serialize;

use crate::evaluate::metrics::Interval;

/// The quantile of the normal distribution for an interval of 95 %.
const NORMAL_QUANTILE: f64 = 1.959963984540054;

/// A mean over ends or links, and how far a sample leaves it open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean.
    pub value: f64,
    /// The 95 % interval of the mean over all ends; `None` if all of them were ranked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
}

impl Estimate {
    /// Returns Σ sum / Σ count over sampled clusters of (sum, count), out of `num_clusters`. The interval is that
    /// of the ratio estimator (Cochran 1977, *Sampling techniques*, eq. 2.39), cut to [0, 1].
    pub(super) fn of_ratio(clusters: &[(f64, f64)], num_clusters: usize) -> Self {
        let total = |part: fn(&(f64, f64)) -> f64| clusters.iter().map(part).sum::<f64>();
        let (sum, count) = (total(|cluster| cluster.0), total(|cluster| cluster.1));
        let value = sum / count;
        let k = clusters.len() as f64;
        if clusters.len() == num_clusters {
            return Estimate { value, interval: None };
        }
        let squares: f64 = clusters.iter().map(|&(sum, count)| (sum - value * count).powi(2)).sum();
        let variance = squares / (k - 1.0) / k / (count / k).powi(2) * (1.0 - k / num_clusters as f64);
        let half = NORMAL_QUANTILE * variance.sqrt();
        // One cluster says nothing about the spread.
        let half = if half.is_finite() { half } else { 1.0 };
        let interval = Interval { lower: (value - half).max(0.0), upper: (value + half).min(1.0) };
        Estimate { value, interval: Some(interval) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_sample_is_that_of_the_ratio_estimator() {
        // By hand: r = 3 / 6, residuals 0.5, -0.5 and 0; s² = 0.25; variance = 0.25 / 3 / 4 · (1 − 3/12).
        let clusters = [(1.0, 1.0), (0.5, 2.0), (1.5, 3.0)];
        let estimate = Estimate::of_ratio(&clusters, 12);
        let half = 1.959963984540054 * (0.25f64 / 3.0 / 4.0 * 0.75).sqrt();
        let interval = estimate.interval.unwrap();
        assert_eq!(estimate.value, 0.5);
        assert!(
            (interval.lower - (0.5 - half)).abs() < 1e-12 && (interval.upper - (0.5 + half)).abs() < 1e-12
        );
        assert_eq!(Estimate::of_ratio(&clusters, 3).interval, None);
        assert_eq!(Estimate::of_ratio(&clusters[..1], 3).interval, Some(Interval { lower: 0.0, upper: 1.0 }));
    }
}
