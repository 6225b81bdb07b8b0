//! Intervals of logits, computed from the variances of the embeddings.

use ndarray::{Array2, ArrayView2, Zip};
use statrs::function::erf::erf_inv;

use crate::graph::Pair;

/// The posterior of z_u · z_v, where q(z | X, A) is a Gaussian with independent dimensions (Kipf & Welling
/// 2016, eq. 1).
///
/// The interval is analytic; nothing is sampled. The first four cumulants of the inner product are exact, and
/// the Cornish–Fisher expansion (Cornish & Fisher 1938) turns them into quantiles. The expansion is exact for
/// a normal distribution and off by a few hundredths of a standard deviation for a sum of a few products.
///
/// ```
/// use ndarray::array;
/// use vgae::model::decoder::Posterior;
///
/// let (mean, log_variance) = (array![[1f32, 2.0], [3.0, 0.5]], array![[-4f32, -4.0], [-4.0, -4.0]]);
/// let (low, high) = Posterior::new(mean.view(), log_variance.view(), 0.9).interval((0, 1));
/// assert!(low < 4.0 && 4.0 < high && high - low < 2.0);
/// ```
pub struct Posterior<'a> {
    /// μ, [n, d].
    mean: ArrayView2<'a, f32>,
    /// σ², [n, d].
    variance: Array2<f32>,
    /// The standard normal quantile at the upper end of the interval.
    quantile: f64,
}

impl<'a> Posterior<'a> {
    /// Builds the posterior of n embeddings from `mean` and `log_variance`, both [n, d]. Its intervals are
    /// central and contain the logit with probability `level`, between 0 and 1. O(n·d) time and memory.
    ///
    /// # Panics
    /// Panics if the matrices differ in shape.
    pub fn new(mean: ArrayView2<'a, f32>, log_variance: ArrayView2<f32>, level: f64) -> Self {
        assert_eq!(mean.dim(), log_variance.dim(), "mean and log_variance must have the same shape");
        let variance = log_variance.mapv(f32::exp);
        Posterior { mean, variance, quantile: std::f64::consts::SQRT_2 * erf_inv(level) }
    }

    /// Returns the lower and the upper end of the interval of the logit of two distinct nodes. (A pair of a
    /// node with itself is treated as two independent draws of its embedding.) O(d) time.
    pub fn interval(&self, pair: Pair) -> (f64, f64) {
        let Cumulants { mean, variance, third, fourth } = self.cumulants(pair);
        let deviation = variance.sqrt();
        if deviation == 0.0 {
            return (mean, mean);
        }
        let (skewness, kurtosis) = (third / deviation.powi(3), fourth / variance.powi(2));
        let end = |z: f64| {
            let skewed = (z * z - 1.0) * skewness / 6.0;
            let tailed = (z.powi(3) - 3.0 * z) * kurtosis / 24.0;
            let both = (2.0 * z.powi(3) - 5.0 * z) * skewness.powi(2) / 36.0;
            mean + deviation * (z + skewed + tailed - both)
        };
        (end(-self.quantile), end(self.quantile))
    }

    /// Returns the cumulants of the logit. With a = μ_u, b = μ_v, s² = σ_u², t² = σ_v² in one dimension, the
    /// cumulant generating function of the product is
    ///
    /// ```text
    /// K(x) = (a·b·x + ½·(a²t² + b²s²)·x²) / (1 − s²t²x²) − ½·log(1 − s²t²x²)
    /// ```
    ///
    /// and cumulants of independent dimensions add up.
    fn cumulants(&self, (u, v): Pair) -> Cumulants {
        let (u, v) = (u as usize, v as usize);
        let mut sums = Cumulants::default();
        Zip::from(self.mean.row(u))
            .and(self.mean.row(v))
            .and(self.variance.row(u))
            .and(self.variance.row(v))
            .for_each(|&a, &b, &s2, &t2| {
                let [a, b, s2, t2] = [a, b, s2, t2].map(f64::from);
                let (spread, both) = (a * a * t2 + b * b * s2, s2 * t2);
                sums.mean += a * b;
                sums.variance += spread + both;
                sums.third += 6.0 * a * b * both;
                sums.fourth += both * (12.0 * spread + 6.0 * both);
            });
        sums
    }
}

/// The first four cumulants of a logit.
#[derive(Default)]
struct Cumulants {
    mean: f64,
    variance: f64,
    third: f64,
    fourth: f64,
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;

    /// Returns the shares of draws of z_u · z_v below and above the interval.
    fn shares_outside(d: usize, level: f64, log_variance: f32) -> (f64, f64) {
        let mean = Array2::from_shape_fn((2, d), |(row, k)| ((row * 7 + k * 3) % 5) as f32 * 0.4 - 0.6);
        let log_variance = Array2::from_elem((2, d), log_variance);
        let posterior = Posterior::new(mean.view(), log_variance.view(), level);
        let (low, high) = posterior.interval((0, 1));
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut draw = |at: (usize, usize)| {
            let noise: f64 = StandardNormal.sample(&mut rng);
            f64::from(mean[at]) + f64::from(log_variance[at]).exp().sqrt() * noise
        };
        let num_draws = 100_000;
        let (mut below, mut above) = (0, 0);
        for _ in 0..num_draws {
            let logit: f64 = (0..d).map(|k| draw((0, k)) * draw((1, k))).sum();
            below += usize::from(logit < low);
            above += usize::from(logit > high);
        }
        (below as f64 / num_draws as f64, above as f64 / num_draws as f64)
    }

    #[test]
    fn the_interval_contains_the_stated_share_of_draws() {
        for (d, level, log_variance, tolerance) in
            [(16, 0.9, 0.0, 0.004), (16, 0.5, -1.0, 0.004), (4, 0.9, -2.0, 0.004), (2, 0.9, 0.0, 0.01)]
        {
            let (below, above) = shares_outside(d, level, log_variance);
            for share in [below, above] {
                let expected = (1.0 - level) / 2.0;
                assert!((share - expected).abs() < tolerance, "{d} {level}: {share}, expected {expected}");
            }
        }
    }

    #[test]
    fn without_variance_the_interval_is_the_logit() {
        let mean = ndarray::array![[1.0, 2.0], [3.0, -1.0]];
        let posterior = Posterior::new(mean.view(), Array2::from_elem((2, 2), -200.0).view(), 0.9);
        assert_eq!(posterior.interval((0, 1)), (1.0, 1.0));
    }

    #[test]
    fn the_cumulants_of_one_dimension_match_values_computed_by_hand() {
        // a = 1, b = 2, s² = ½, t² = ¼: κ₂ = ¼ + 2 + ⅛, κ₃ = 6·2·⅛, κ₄ = 12·⅛·2.25 + 6/64.
        let mean = ndarray::array![[1.0], [2.0]];
        let log_variance = ndarray::array![[0.5f32.ln()], [0.25f32.ln()]];
        let Cumulants { mean, variance, third, fourth } =
            Posterior::new(mean.view(), log_variance.view(), 0.9).cumulants((0, 1));
        for (found, expected) in [(mean, 2.0), (variance, 2.375), (third, 1.5), (fourth, 3.46875)] {
            assert!((found - expected).abs() < 1e-6, "{found}, expected {expected}");
        }
    }
}
