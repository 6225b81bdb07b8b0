//! Sums of logarithms, computed as the logarithm of a product.

use pulp::Simd;

/// A product of factors between 1 and 2 in each lane, with the exponent stored apart so that it cannot
/// overflow.
pub(crate) struct Product<S: Simd> {
    mantissas: S::f32s,
    /// The sum of the biased exponents taken out of the product so far; `num_exponents` counts them.
    exponents: S::u32s,
    num_exponents: usize,
}

impl<S: Simd> Product<S> {
    #[inline(always)]
    pub(crate) fn new(simd: S) -> Self {
        Product { mantissas: simd.splat_f32s(1.0), exponents: simd.splat_u32s(0), num_exponents: 0 }
    }

    /// Multiplies the product by 1 + e, for e in [0, 1]. It may be called at most 126 times between two calls
    /// of [`Product::normalize`].
    #[inline(always)]
    pub(crate) fn multiply_by_one_plus(&mut self, simd: S, e: S::f32s) {
        self.mantissas = simd.mul_add_f32s(self.mantissas, e, self.mantissas);
    }

    /// Moves the exponents of the product to `exponents`. It may be called at most 2^24 times.
    #[inline(always)]
    pub(crate) fn normalize(&mut self, simd: S) {
        let bits = simd.transmute_u32s_f32s(self.mantissas);
        let exponents = simd.wrapping_dyn_shr_u32s(bits, simd.splat_u32s(23));
        self.exponents = simd.add_u32s(self.exponents, exponents);
        self.num_exponents += 1;
        let mantissas = simd.and_u32s(bits, simd.splat_u32s(0x007f_ffff));
        self.mantissas = simd.transmute_f32s_u32s(simd.or_u32s(mantissas, simd.splat_u32s(0x3f80_0000)));
    }

    /// Returns the sum of the logarithms of the lanes.
    #[inline(always)]
    pub(crate) fn logarithm(&self, simd: S) -> f64 {
        let mut exponents = [0u32; 64];
        simd.partial_store_u32s(&mut exponents[..S::F32_LANES], self.exponents);
        let sum: u64 = exponents.iter().map(|&exponent| u64::from(exponent)).sum();
        let bias = 127.0 * (self.num_exponents * S::F32_LANES) as f64;
        (sum as f64 - bias) * std::f64::consts::LN_2 + sum_of_logarithms(simd, self.mantissas)
    }
}

/// Returns the sum of the logarithms of the lanes, with one logarithm for each four of them, whose product
/// cannot overflow in f64.
#[inline(always)]
fn sum_of_logarithms<S: Simd>(simd: S, product: S::f32s) -> f64 {
    let mut lanes = [1f32; 64];
    simd.partial_store_f32s(&mut lanes[..S::F32_LANES], product);
    lanes[..S::F32_LANES]
        .chunks(4)
        .map(|four| four.iter().map(|&lane| lane as f64).product::<f64>().ln())
        .sum()
}
