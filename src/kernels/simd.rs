//! Elementary functions without branches, for single numbers and for SIMD vectors. The scalar functions are
//! for loops inside functions with `pulp::with_simd`, which the compiler then vectorises.
//!
//! They are written by hand because `f32::exp` and `f32::ln` are library calls that the compiler cannot
//! vectorise, and pulp provides no elementary functions.

mod product;
mod vector_ranges;

use pulp::{Arch, Simd, WithSimd};

pub(crate) use product::Product;
pub(crate) use vector_ranges::VectorRanges;

/// 1.5 · 2^23. Adding it to a smaller number leaves the nearest integer in the low bits of the sum.
const MAGIC: f32 = 12_582_912.0;
/// −ln 2 as the sum of two parts, the first with few bits (Cody & Waite).
const MINUS_LN_2: [f32; 2] = [-0.693_359_4, 2.121_944_4e-4];
/// The coefficients of a polynomial for e^r with |r| ≤ ln 2 / 2, highest power first.
const EXP: [f32; 7] = [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];

/// Returns the number of f32 lanes in a SIMD vector of this processor.
pub(crate) fn num_lanes() -> usize {
    struct Lanes;
    impl WithSimd for Lanes {
        type Output = usize;

        fn with_simd<S: Simd>(self, _: S) -> usize {
            S::F32_LANES
        }
    }
    Arch::new().dispatch(Lanes)
}

/// Returns e^x within 2 units in the last place: Cody and Waite's reduction to |r| ≤ ln 2 / 2, then a
/// polynomial. The result is e^−87 for x below −87, and not finite from 89 on.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 89.0);
    let shifted = x.mul_add(std::f32::consts::LOG2_E, MAGIC);
    let power = shifted - MAGIC;
    let r = power.mul_add(MINUS_LN_2[0], x);
    let r = power.mul_add(MINUS_LN_2[1], r);
    let mut polynomial = EXP[0];
    for &coefficient in &EXP[1..] {
        polynomial = r.mul_add(polynomial, coefficient);
    }
    f32::from_bits(polynomial.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// Returns ln x within 2 units in the last place, for a normal x above 0: `logf` of Cephes (Moshier 1989).
#[inline(always)]
pub(crate) fn ln(x: f32) -> f32 {
    const SQRT_HALF_BITS: u32 = 0x3f35_04f3;
    // x = m · 2^e with m from √½ to √2.
    let shifted = x.to_bits().wrapping_sub(SQRT_HALF_BITS);
    let exponent = ((shifted as i32) >> 23) as f32;
    let f = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(SQRT_HALF_BITS)) - 1.0;
    let mut polynomial = 7.037_683_6e-2f32;
    for coefficient in [
        -1.151_461e-1,
        1.167_699_9e-1,
        -1.242_014_1e-1,
        1.424_932_3e-1,
        -1.666_805_8e-1,
        2.000_071_5e-1,
        -2.499_999_4e-1,
        3.333_333e-1,
    ] {
        polynomial = polynomial.mul_add(f, coefficient);
    }
    let square = f * f;
    let rest = (f * square).mul_add(polynomial, exponent.mul_add(-2.121_944_4e-4, -0.5 * square));
    exponent.mul_add(0.693_359_4, f + rest)
}

/// Returns the `index`-th standard normal number of the sequence given by `key`: a hash of both, mapped to a
/// uniform number and through the inverse distribution function (Giles 2010, *Approximating the erfinv
/// function*, table 5). The result lies within ±5.5, and two indices below 2^24 rarely give the same number.
/// It replaces `rand_distr::StandardNormal`, whose rejection sampling cannot be vectorised.
#[inline(always)]
pub(crate) fn standard_normal(index: u32, key: [u32; 2]) -> f32 {
    // Two rounds of Wellons' lowbias32.
    let mut hash = index.wrapping_mul(0x9e37_79b9);
    for word in key {
        hash ^= word;
        hash = (hash ^ (hash >> 16)).wrapping_mul(0x7feb_352d);
        hash = (hash ^ (hash >> 15)).wrapping_mul(0x846c_a68b);
        hash ^= hash >> 16;
    }
    // An odd multiple of 2^-24 in (−1, 1).
    let uniform = ((hash >> 8) as i32 * 2 + 1 - (1 << 24)) as f32 / (1 << 24) as f32;
    let w = -ln((1.0 - uniform) * (1.0 + uniform));
    let (near, far) = (w - 2.5, w.sqrt() - 3.0);
    let mut near_value = 2.810_226_4e-8f32;
    for coefficient in [
        3.432_739_4e-7,
        -3.523_387_7e-6,
        -4.391_506_5e-6,
        2.185_808_7e-4,
        -1.253_725e-3,
        -4.177_681_6e-3,
        2.466_407_3e-1,
        1.501_409_4,
    ] {
        near_value = near_value.mul_add(near, coefficient);
    }
    let mut far_value = -2.002_142_6e-4f32;
    for coefficient in [
        1.009_505_6e-4,
        1.349_343_2e-3,
        -3.673_428_4e-3,
        5.739_507_7e-3,
        -7.622_461_3e-3,
        9.438_870_5e-3,
        1.001_674,
        2.832_976_8,
    ] {
        far_value = far_value.mul_add(far, coefficient);
    }
    let inverse = if w < 5.0 { near_value } else { far_value };
    std::f32::consts::SQRT_2 * inverse * uniform
}

/// Returns (e^-|x|, σ(x)), each within 4 units in the last place if it is above 1e-9.
#[inline(always)]
pub(crate) fn sigmoid<S: Simd>(simd: S, x: S::f32s) -> (S::f32s, S::f32s) {
    let exponential = exp_of_minus(simd, simd.abs_f32s(x));
    let upper = reciprocal_of_one_plus(simd, exponential);
    let is_negative = simd.less_than_f32s(x, simd.splat_f32s(0.0));
    (exponential, simd.select_f32s(is_negative, simd.mul_f32s(exponential, upper), upper))
}

/// The coefficients of a polynomial for 2^f with |f| ≤ ½, within 1.2e-7, highest power first: the polynomial
/// of least relative error among those that are 1 at 0.
const EXP2: [f32; 6] = [1.326_472_6e-3, 9.671_513e-3, 5.550_733_6e-2, 0.240_222_42, 0.693_146_94, 1.0];
/// The coefficients of the cubic of least relative error for 1 / (1 + e) with e in [0, 1], within 0.174 %,
/// highest power first.
const RECIPROCAL: [f32; 4] = [-0.221_837_09, 0.665_511_25, -0.942_807_6, 0.998_266_9];

/// Returns e^-a for a ≥ 0 (e^-87 for a > 87), with the error of [`exp_of`].
#[inline(always)]
fn exp_of_minus<S: Simd>(simd: S, a: S::f32s) -> S::f32s {
    // The order of arguments lets NaN through: `min_f32s` returns its second argument if one is NaN.
    exp2_of_product(simd, simd.min_f32s(simd.splat_f32s(87.0), a), -std::f32::consts::LOG2_E)
}

/// Returns e^x with a relative error of at most 1.5e-7 + 1.4e-8 |x|. The result is e^−87 for x below −87, and
/// not finite from 89 on.
#[inline(always)]
pub(crate) fn exp_of<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let below = simd.min_f32s(simd.splat_f32s(89.0), x);
    exp2_of_product(simd, simd.max_f32s(simd.splat_f32s(-87.0), below), std::f32::consts::LOG2_E)
}

/// Returns 2^(a·factor). The fraction comes from one fused multiplication, so that the only error before the
/// polynomial is the rounding of `factor`.
#[inline(always)]
fn exp2_of_product<S: Simd>(simd: S, a: S::f32s, factor: f32) -> S::f32s {
    let splat = |value: f32| simd.splat_f32s(value);
    let magic = splat(MAGIC);
    let shifted = simd.mul_add_f32s(a, splat(factor), magic);
    let power = simd.sub_f32s(shifted, magic);
    let f = simd.mul_add_f32s(a, splat(factor), simd.neg_f32s(power));
    let mut polynomial = splat(EXP2[0]);
    for &coefficient in &EXP2[1..] {
        polynomial = simd.mul_add_f32s(polynomial, f, splat(coefficient));
    }
    let exponent = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(shifted), simd.splat_u32s(23));
    simd.transmute_f32s_u32s(simd.add_u32s(simd.transmute_u32s_f32s(polynomial), exponent))
}

/// Returns 1 / (1 + e) for e in [0, 1], within 2 units in the last place: a cubic within 0.2 %, then one
/// iteration of third order. Both together take a third of the time of a division.
#[inline(always)]
fn reciprocal_of_one_plus<S: Simd>(simd: S, e: S::f32s) -> S::f32s {
    let splat = |value: f32| simd.splat_f32s(value);
    let mut guess = splat(RECIPROCAL[0]);
    for &coefficient in &RECIPROCAL[1..] {
        guess = simd.mul_add_f32s(guess, e, splat(coefficient));
    }
    // error = 1 − (1 + e) · guess, and 1 / (1 − error) ≈ 1 + error + error².
    let one_plus = simd.add_f32s(e, splat(1.0));
    let error = simd.mul_add_f32s(simd.neg_f32s(one_plus), guess, splat(1.0));
    simd.mul_add_f32s(simd.mul_add_f32s(error, error, error), guess, guess)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_that_of_the_standard_library() {
        for step in 1..20_000 {
            let x = (step as f32).powi(3) / 1e9;
            let (found, expected) = (f64::from(ln(x)), f64::from(x).ln());
            assert!((found - expected).abs() <= 2.4e-7 * expected.abs().max(0.1), "{x}: {found} {expected}");
        }
    }

    #[test]
    fn normal_numbers_have_the_normal_distribution() {
        let mut values: Vec<f64> =
            (0..200_000).map(|index| f64::from(standard_normal(index, [7, 0x1234_5678]))).collect();
        let count = values.len() as f64;
        let moment = |power: i32| values.iter().map(|value| value.powi(power)).sum::<f64>() / count;
        // Five standard errors of the first four moments.
        for (power, expected, variance) in [(1, 0.0, 1.0f64), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            let error = 5.0 * (variance / count).sqrt();
            assert!((moment(power) - expected).abs() < error, "moment {power} is {}", moment(power));
        }
        // Neither neighbouring indices nor different keys are correlated.
        let other = |index| f64::from(standard_normal(index, [7, 0x1234_5679]));
        let along: f64 = values.windows(2).map(|two| two[0] * two[1]).sum::<f64>() / count;
        let across: f64 =
            values.iter().zip(0..).map(|(value, index)| value * other(index)).sum::<f64>() / count;
        assert!(along.abs() < 5.0 / count.sqrt() && across.abs() < 5.0 / count.sqrt(), "{along} {across}");
        // Quantiles of the normal distribution.
        values.sort_by(f64::total_cmp);
        for (share, expected) in [(0.001, -3.090_232), (0.025, -1.959_964), (0.5, 0.0), (0.841_345, 1.0)] {
            let found = values[(share * count) as usize];
            let density = (-0.5f64 * expected * expected).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let error = 5.0 * (share * (1.0 - share) / count).sqrt() / density;
            assert!((found - expected).abs() < error, "{share}: {found}");
        }
    }

    #[test]
    fn the_exponential_is_that_of_the_standard_library() {
        for step in -8700..8800 {
            let x = step as f32 / 100.0;
            let expected = f64::from(x).exp();
            assert!((f64::from(exp(x)) - expected).abs() <= 2.4e-7 * expected, "{x}: {} {expected}", exp(x));
        }
        assert_eq!(exp(-1e30), exp(-87.0));
        assert!(!exp(100.0).is_finite());
        assert!(exp(f32::NAN).is_nan());
    }
}
