//! The cost of logits, and its sum.

use crate::kernels::simd::exp;

/// The number of logits whose costs are computed together.
const LANES: usize = 16;
/// The largest number of factors in a product before its logarithm is taken.
const MOST_FACTORS: usize = 100;

/// The cost of the logit x of a pair of weight w: (softplus + weighted · w) · softplus(−x) + linear · x.
#[derive(Clone, Copy)]
pub(in crate::model::loss) struct Cost {
    pub(in crate::model::loss) softplus: f64,
    pub(in crate::model::loss) weighted: f64,
    pub(in crate::model::loss) linear: f64,
}

impl Cost {
    /// Returns the cost of the logit `x` of a pair of weight `weight`, and its derivative.
    pub(in crate::model::loss) fn of_logit(self, x: f64, weight: f64) -> (f64, f64) {
        let factor = self.factor(weight);
        let exponential = f64::from((-x.abs() as f32).exp());
        let absent = if x < 0.0 { 1.0 } else { exponential } / (1.0 + exponential);
        let value = factor * ((-x).max(0.0) + exponential.ln_1p()) + self.linear * x;
        (value, self.linear - factor * absent)
    }

    /// Returns the factor of softplus(−x) for a pair of weight `weight`.
    fn factor(self, weight: f64) -> f64 {
        self.softplus + self.weighted * weight
    }
}

/// Returns the sum of the costs of logits with the given weights, or of weight 1, and replaces the logits by the
/// derivatives of the costs.
#[inline(always)]
pub(in crate::model::loss) fn costs(numbers: &mut [f32], weights: Option<&[f32]>, cost: Cost) -> f64 {
    let Some(weights) = weights else {
        let mut sums = CostSums::new();
        let (groups, rest) = numbers.as_chunks_mut::<LANES>();
        groups.iter_mut().for_each(|group| sums.add(group, cost));
        if !rest.is_empty() {
            let mut group = [0f32; LANES];
            group[..rest.len()].copy_from_slice(rest);
            sums.add(&mut group, cost);
            sums.num_padding = LANES - rest.len();
            rest.copy_from_slice(&group[..rest.len()]);
        }
        return sums.total(cost);
    };
    let mut total = 0.0;
    for (number, &weight) in numbers.iter_mut().zip(weights) {
        let (value, slope) = cost.of_logit(f64::from(*number), f64::from(weight));
        total += value;
        *number = slope as f32;
    }
    total
}

/// The sums Σ softplus(−x) and Σ x, in lanes, for logits of weight 1.
struct CostSums {
    /// Π (1 + e^−|x|), with factors of at most 2: Σ softplus(−x) is Σ max(−x, 0) plus the logarithm of this.
    products: [f32; LANES],
    num_factors: usize,
    negative_parts: [f32; LANES],
    logits: [f32; LANES],
    softplus: f64,
    linear: f64,
    /// The number of zero logits that pad the last group of lanes.
    num_padding: usize,
}

impl CostSums {
    #[inline(always)]
    fn new() -> Self {
        CostSums {
            products: [1.0; LANES],
            num_factors: 0,
            negative_parts: [0.0; LANES],
            logits: [0.0; LANES],
            softplus: 0.0,
            linear: 0.0,
            num_padding: 0,
        }
    }

    /// Adds `LANES` logits, and replaces them by the derivatives of their costs.
    #[inline(always)]
    fn add(&mut self, numbers: &mut [f32], cost: Cost) {
        let (softplus, linear) = (cost.factor(1.0) as f32, cost.linear as f32);
        for (lane, number) in numbers.iter_mut().enumerate().take(LANES) {
            let x = *number;
            let exponential = exp(-x.abs());
            let upper = 1.0 / (1.0 + exponential);
            let absent = if x < 0.0 { upper } else { exponential * upper };
            self.products[lane] *= 1.0 + exponential;
            self.negative_parts[lane] += (-x).max(0.0);
            self.logits[lane] += x;
            *number = linear - softplus * absent;
        }
        self.num_factors += 1;
        // In f32 a product of up to 127 factors of at most 2 is finite.
        if self.num_factors == MOST_FACTORS {
            self.flush();
        }
    }

    /// Moves the sums of the lanes to the f64 totals.
    #[inline(always)]
    fn flush(&mut self) {
        let logarithm = |four: &[f32]| four.iter().map(|&lane| f64::from(lane)).product::<f64>().ln();
        self.softplus += self.products.chunks(4).map(logarithm).sum::<f64>();
        self.softplus += self.negative_parts.iter().map(|&lane| f64::from(lane)).sum::<f64>();
        self.linear += self.logits.iter().map(|&lane| f64::from(lane)).sum::<f64>();
        let CostSums { softplus, linear, num_padding, .. } = *self;
        *self = CostSums { softplus, linear, num_padding, ..CostSums::new() };
    }

    /// Returns the total cost.
    #[inline(always)]
    fn total(mut self, cost: Cost) -> f64 {
        self.flush();
        let softplus = self.softplus - self.num_padding as f64 * std::f64::consts::LN_2;
        cost.factor(1.0) * softplus + cost.linear * self.linear
    }
}
