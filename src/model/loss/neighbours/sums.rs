//! What logits cost, summed.

use crate::kernels::simd::exp;

/// Logits whose costs are taken together.
pub(super) const LANES: usize = 16;
/// Factors of a product before its logarithm is taken.
const MOST_FACTORS: usize = 100;

/// What the logit x of a pair of weight w costs: (softplus + weighted · w) · softplus(−x) + linear · x.
#[derive(Clone, Copy)]
pub(in crate::model::loss) struct Slope {
    pub(in crate::model::loss) softplus: f64,
    pub(in crate::model::loss) weighted: f64,
    pub(in crate::model::loss) linear: f64,
}

impl Slope {
    /// The factor of softplus(−x) for a pair of weight `weight`.
    fn factor(self, weight: f64) -> f64 {
        self.softplus + self.weighted * weight
    }
}

/// The costs of logits of these weights, which are replaced by their costs' derivatives.
pub(super) fn weigh(numbers: &mut [f32], weights: &[f32], slope: Slope) -> f64 {
    let mut total = 0.0;
    for (number, &weight) in numbers.iter_mut().zip(weights) {
        let (x, factor) = (f64::from(*number), slope.factor(f64::from(weight)));
        let exponential = f64::from((-number.abs()).exp());
        let absent = if x < 0.0 { 1.0 } else { exponential } / (1.0 + exponential);
        total += factor * ((-x).max(0.0) + exponential.ln_1p()) + slope.linear * x;
        *number = (slope.linear - factor * absent) as f32;
    }
    total
}

/// Σ softplus(−x) and Σ x, lane by lane.
pub(super) struct Sums {
    /// Π (1 + e^−|x|), each factor at most 2: Σ softplus(−x) = Σ max(−x, 0) + ln of that.
    products: [f32; LANES],
    num_factors: usize,
    negative_parts: [f32; LANES],
    logits: [f32; LANES],
    softplus: f64,
    linear: f64,
    /// Logits of 0 that were added to fill up the lanes.
    pub(super) num_padding: usize,
}

impl Sums {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Sums {
            products: [1.0; LANES],
            num_factors: 0,
            negative_parts: [0.0; LANES],
            logits: [0.0; LANES],
            softplus: 0.0,
            linear: 0.0,
            num_padding: 0,
        }
    }

    /// Adds LANES logits, which are replaced by their costs' derivatives.
    #[inline(always)]
    pub(super) fn add(&mut self, numbers: &mut [f32], slope: Slope) {
        let (softplus, linear) = (slope.factor(1.0) as f32, slope.linear as f32);
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
        // In f32 a product of factors of at most 2 stays finite for 127 of them.
        if self.num_factors == MOST_FACTORS {
            self.empty();
        }
    }

    #[inline(always)]
    fn empty(&mut self) {
        let logarithm = |four: &[f32]| four.iter().map(|&lane| f64::from(lane)).product::<f64>().ln();
        self.softplus += self.products.chunks(4).map(logarithm).sum::<f64>();
        self.softplus += self.negative_parts.iter().map(|&lane| f64::from(lane)).sum::<f64>();
        self.linear += self.logits.iter().map(|&lane| f64::from(lane)).sum::<f64>();
        let Sums { softplus, linear, num_padding, .. } = *self;
        *self = Sums { softplus, linear, num_padding, ..Sums::new() };
    }

    #[inline(always)]
    pub(super) fn total(mut self, slope: Slope) -> f64 {
        self.empty();
        let softplus = self.softplus - self.num_padding as f64 * std::f64::consts::LN_2;
        slope.factor(1.0) * softplus + slope.linear * self.linear
    }
}
