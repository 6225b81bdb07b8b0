//! The distribution p(x | z): −log p and its gradient for a block of columns.

use pulp::{Arch, Simd, WithSimd};

use crate::kernels::gemm::blocks::BLOCK_COLUMNS;
use crate::kernels::simd::{Product, sigmoid};

/// The number of rows whose terms are added in f32 before they are added to a sum in f64. It is small enough
/// for [`Product::normalize`].
const ROWS_PER_SUM: usize = 64;
/// The logit that stands for the missing columns of the last block: its probability is 0, and so is its loss.
const IMPOSSIBLE: f32 = -1000.0;

/// The distribution p(x | z).
#[derive(Debug, Clone, Copy)]
pub(super) enum Observation {
    /// The output of the generator is a logit per feature.
    Bernoulli,
    /// The output of the generator is a mean per feature, divided by the unit of the features.
    Gaussian { log_variance: f32, unit: f32 },
}

/// The sums over the entries of a block.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BlockSums {
    /// Σ softplus(l) − x l, or Σ (x − y)² in units of the features.
    pub(super) loss: f64,
    /// Σ (x − the mean of p(x | z))², in the same units.
    pub(super) squares: f64,
}

impl std::ops::Add for BlockSums {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        BlockSums { loss: self.loss + other.loss, squares: self.squares + other.squares }
    }
}

impl std::iter::Sum for BlockSums {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(BlockSums::default(), std::ops::Add::add)
    }
}

impl Observation {
    /// Returns the unit by which features are divided.
    pub(super) fn unit(self) -> f32 {
        match self {
            Observation::Bernoulli => 1.0,
            Observation::Gaussian { unit, .. } => unit,
        }
    }

    /// Returns the bias of missing columns, which makes them add nothing to the sums.
    pub(super) fn missing(self) -> f32 {
        match self {
            Observation::Bernoulli => IMPOSSIBLE,
            Observation::Gaussian { .. } => 0.0,
        }
    }

    /// Returns unit² / s², the factor of (x − y)² in twice the loss, or 1.
    fn precision(self) -> f64 {
        match self {
            Observation::Bernoulli => 1.0,
            Observation::Gaussian { log_variance, unit } => {
                (2.0 * f64::from(unit).ln() - f64::from(log_variance)).exp()
            }
        }
    }

    /// Returns −log p(x | z), in nats, summed over `num_entries` entries whose sums are `sums`.
    pub(super) fn loss(self, sums: BlockSums, num_entries: f64) -> f64 {
        match self {
            Observation::Bernoulli => sums.loss,
            Observation::Gaussian { log_variance, .. } => {
                let constant = f64::from(log_variance) + (2.0 * std::f64::consts::PI).ln();
                0.5 * (self.precision() * sums.loss + constant * num_entries)
            }
        }
    }

    /// Returns the derivative of [`Observation::loss`] by log s², if there is one.
    pub(super) fn loss_by_log_variance(self, sums: BlockSums, num_entries: f64) -> Option<f64> {
        match self {
            Observation::Bernoulli => None,
            Observation::Gaussian { .. } => Some(0.5 * (num_entries - self.precision() * sums.loss)),
        }
    }

    /// Turns a block of the generator's output without its bias, [n, 32], into `scale` times the gradient of
    /// −log p, and adds the columns of the gradient up. `target` holds the entries of X, [n, 32], and `bias`
    /// 32 numbers.
    pub(super) fn differentiate(
        self,
        block: &mut [f32],
        target: &[f32],
        bias: &[f32],
        scale: f32,
        bias_gradient: &mut [f32],
    ) -> BlockSums {
        let arch = Arch::new();
        match self {
            Observation::Bernoulli => arch.dispatch(Bernoulli { block, target, bias, scale, bias_gradient }),
            Observation::Gaussian { .. } => {
                let scale = (f64::from(scale) * self.precision()) as f32;
                arch.dispatch(Gaussian { block, target, bias, scale, bias_gradient })
            }
        }
    }

    /// Turns the generator's output without its bias, [n, 32], into the mean of p(x | z).
    pub(super) fn expect(self, block: &mut [f32], bias: &[f32]) {
        let target = vec![0.0; block.len()];
        let mut unused = [0.0; BLOCK_COLUMNS];
        match self {
            // With x = 0 the gradient is the probability.
            Observation::Bernoulli => {
                self.differentiate(block, &target, bias, 1.0, &mut unused);
            }
            Observation::Gaussian { unit, .. } => {
                for row in block.chunks_exact_mut(BLOCK_COLUMNS) {
                    row.iter_mut().zip(bias).for_each(|(value, bias)| *value = (*value + bias) * unit);
                }
            }
        }
    }
}

struct Bernoulli<'a> {
    block: &'a mut [f32],
    target: &'a [f32],
    bias: &'a [f32],
    scale: f32,
    bias_gradient: &'a mut [f32],
}

impl WithSimd for Bernoulli<'_> {
    type Output = BlockSums;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> BlockSums {
        let Bernoulli { block, target, bias, scale, bias_gradient } = self;
        let vectors = BLOCK_COLUMNS / S::F32_LANES;
        let [(block, _), (bias_gradient, _)] = [block, bias_gradient].map(S::as_mut_simd_f32s);
        let [(target, _), (bias, _)] = [target, bias].map(S::as_simd_f32s);
        let (zero, scale) = (simd.splat_f32s(0.0), simd.splat_f32s(scale));
        let mut sums = BlockSums::default();
        let mut factors = Product::new(simd);
        let height = ROWS_PER_SUM * vectors;
        for (block, target) in block.chunks_mut(height).zip(target.chunks(height)) {
            for at in 0..vectors {
                let [mut loss, mut squares, mut column] = [zero; 3];
                let values = block.iter_mut().skip(at).step_by(vectors);
                for (value, &x) in values.zip(target.iter().skip(at).step_by(vectors)) {
                    let logit = simd.add_f32s(*value, bias[at]);
                    let (exponential, probability) = sigmoid(simd, logit);
                    factors.multiply_by_one_plus(simd, exponential);
                    // softplus(l) = max(l, 0) + ln(1 + e^-|l|).
                    loss = simd
                        .add_f32s(loss, simd.sub_f32s(simd.max_f32s(logit, zero), simd.mul_f32s(x, logit)));
                    let difference = simd.sub_f32s(probability, x);
                    squares = simd.mul_add_f32s(difference, difference, squares);
                    let gradient = simd.mul_f32s(scale, difference);
                    column = simd.add_f32s(column, gradient);
                    *value = gradient;
                }
                factors.normalize(simd);
                sums.loss += f64::from(simd.reduce_sum_f32s(loss));
                sums.squares += f64::from(simd.reduce_sum_f32s(squares));
                bias_gradient[at] = simd.add_f32s(bias_gradient[at], column);
            }
        }
        sums.loss += factors.logarithm(simd);
        sums
    }
}

struct Gaussian<'a> {
    block: &'a mut [f32],
    target: &'a [f32],
    bias: &'a [f32],
    scale: f32,
    bias_gradient: &'a mut [f32],
}

impl WithSimd for Gaussian<'_> {
    type Output = BlockSums;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> BlockSums {
        let Gaussian { block, target, bias, scale, bias_gradient } = self;
        let vectors = BLOCK_COLUMNS / S::F32_LANES;
        let [(block, _), (bias_gradient, _)] = [block, bias_gradient].map(S::as_mut_simd_f32s);
        let [(target, _), (bias, _)] = [target, bias].map(S::as_simd_f32s);
        let (zero, scale) = (simd.splat_f32s(0.0), simd.splat_f32s(scale));
        let mut sum = 0.0;
        let height = ROWS_PER_SUM * vectors;
        for (block, target) in block.chunks_mut(height).zip(target.chunks(height)) {
            for at in 0..vectors {
                let [mut squares, mut column] = [zero; 2];
                let values = block.iter_mut().skip(at).step_by(vectors);
                for (value, &x) in values.zip(target.iter().skip(at).step_by(vectors)) {
                    let difference = simd.sub_f32s(simd.add_f32s(*value, bias[at]), x);
                    squares = simd.mul_add_f32s(difference, difference, squares);
                    let gradient = simd.mul_f32s(scale, difference);
                    column = simd.add_f32s(column, gradient);
                    *value = gradient;
                }
                sum += f64::from(simd.reduce_sum_f32s(squares));
                bias_gradient[at] = simd.add_f32s(bias_gradient[at], column);
            }
        }
        BlockSums { loss: sum, squares: sum }
    }
}
