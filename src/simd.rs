//! Elementary functions without branches, for loops that a compiler makes vector code of, where they stand in a
//! function under `pulp::with_simd`.

/// e^x within 2 units in the last place: Cody and Waite's reduction to |r| ≤ ln 2 / 2 and a polynomial. Below
/// −87 it is e^−87; from 89 on it is no finite number.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 89.0);
    // Adding 1.5 · 2^23 leaves the nearest whole number in the low bits of the sum.
    const MAGIC: f32 = 12_582_912.0;
    let shifted = x.mul_add(std::f32::consts::LOG2_E, MAGIC);
    let power = shifted - MAGIC;
    let r = power.mul_add(-0.693_359_4, x);
    let r = power.mul_add(2.121_944_4e-4, r);
    let mut polynomial = 1.0 / 720.0;
    for coefficient in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        polynomial = r.mul_add(polynomial, coefficient);
    }
    f32::from_bits(polynomial.to_bits().wrapping_add(shifted.to_bits() << 23))
}

#[cfg(test)]
mod tests {
    use super::*;

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
