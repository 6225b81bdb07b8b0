//! Dropout, decided for each number by a hash of its position, so that threads change nothing.

use pulp::Simd;

/// The dropout of a training pass: a fraction of each layer's inputs is dropped, chosen by hashes of `seed`.
#[derive(Clone, Copy)]
pub(crate) struct Dropout {
    /// The fraction to drop, in [0, 1).
    pub(crate) fraction: f64,
    /// The seed, which differs in each pass.
    pub(crate) seed: u64,
}

impl Dropout {
    /// Returns 0 with probability `fraction`, otherwise 1 / (1 − fraction).
    #[inline(always)]
    pub(crate) fn factor(self, position: u64) -> f32 {
        // SplitMix64's finaliser: Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators".
        let mut hash = self.seed ^ position.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let uniform = ((hash ^ (hash >> 31)) >> 11) as f64 / (1u64 << 53) as f64;
        if uniform < self.fraction { 0.0 } else { (1.0 / (1.0 - self.fraction)) as f32 }
    }

    /// Multiplies numbers, the first of which has the position `first`, by their factors.
    pub(crate) fn apply(self, first: u64, numbers: &mut [f32]) {
        drop_numbers(numbers, self, first);
    }
}

// The macro requires named lifetimes.
#[allow(clippy::needless_lifetimes)]
#[pulp::with_simd(drop_numbers = pulp::Arch::new())]
#[inline(always)]
fn drop_numbers_with_simd<'a, S: Simd>(_simd: S, numbers: &'a mut [f32], dropout: Dropout, first: u64) {
    for (at, number) in numbers.iter_mut().enumerate() {
        *number *= dropout.factor(first + at as u64);
    }
}
