//! Samples and KL of Gaussian latents, computed in one pass over the heads.

use ndarray::{Array2, ArrayView2};
use pulp::Simd;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::{KlTerm, Noise};
use crate::kernels::simd::{VectorRanges, exp_of, standard_normal};

/// The number of rows that one task draws. The noise depends on this number, but not on the number of
/// threads.
const ROWS_PER_TASK: usize = 256;

/// Writes z = μ + σ·ε, [n, d], from the heads [μ | log σ²], [n, 2d] (Kingma & Welling 2014, section 2.4).
/// Returns for each dimension the mean of its KL over the nodes, in nats (their appendix B).
pub(super) fn sample(heads: ArrayView2<f32>, noise: Noise, z: &mut Array2<f32>) -> Vec<f64> {
    let (n, d) = z.dim();
    let rows = z.as_slice_mut().expect("z is in standard layout").par_chunks_mut(ROWS_PER_TASK * d);
    let heads = heads.to_slice().expect("heads are stored row by row").par_chunks(ROWS_PER_TASK * 2 * d);
    let sums: Vec<Vec<f32>> = rows
        .zip(heads)
        .enumerate()
        .map(|(task, (z, heads))| {
            match noise {
                Noise::Drawn { seed } => draw(z, key(seed, task as u64)),
                #[cfg(test)]
                Noise::Zero => z.fill(0.0),
            }
            let mut sums = vec![0f32; d];
            sample_rows(z, heads, &mut sums);
            sums
        })
        .collect();
    let mut kl = vec![0f64; d];
    for sums in sums {
        kl.iter_mut().zip(sums).for_each(|(kl, sum)| *kl += f64::from(sum) * 0.5 / n as f64);
    }
    kl
}

/// Returns the gradient with respect to the heads from that of z and the KL term: dμ = dz + w·μ / n and
/// d log σ² = dz · σε / 2 + w (σ² − 1) / (2n), where σε = z − μ and w = 0 in dimensions whose KL is free.
pub(super) fn backward(
    gradient: &Array2<f32>,
    z: &Array2<f32>,
    mut heads: Array2<f32>,
    kl: &[f64],
    term: KlTerm,
) -> Array2<f32> {
    let (n, d) = z.dim();
    let weights = kl_weights(kl, term, n);
    let chunk = ROWS_PER_TASK * d;
    let inputs = gradient.as_slice().expect("the gradient is in standard layout").par_chunks(chunk);
    let inputs = inputs.zip(z.as_slice().expect("z is in standard layout").par_chunks(chunk));
    let outputs = heads.as_slice_mut().expect("heads are stored row by row").par_chunks_mut(2 * chunk);
    outputs.zip(inputs).for_each(|(heads, (gradient, z))| {
        back_rows(heads, gradient, z, &weights);
    });
    heads
}

/// Returns the factors of the gradient of the KL in each dimension, for n rows whose mean KL is `kl`.
pub(crate) fn kl_weights(kl: &[f64], term: KlTerm, n: usize) -> Vec<f32> {
    // Without free nats every dimension is charged, even if rounding puts a KL of 0 below 0.
    let is_charged = |kl: f64| term.free == 0.0 || kl >= term.free;
    let weight = (term.weight / n as f64) as f32;
    kl.iter().map(|&kl| if is_charged(kl) { weight } else { 0.0 }).collect()
}

/// Returns the key from which the noise of a task is generated.
fn key(seed: u64, task: u64) -> [u32; 2] {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(task);
    [rng.random(), rng.random()]
}

// The macro requires named lifetimes.
#[allow(clippy::needless_lifetimes)]
#[pulp::with_simd(draw = pulp::Arch::new())]
#[inline(always)]
fn draw_with_simd<'a, S: Simd>(_simd: S, noise: &'a mut [f32], key: [u32; 2]) {
    for (noise, index) in noise.iter_mut().zip(0..) {
        *noise = standard_normal(index, key);
    }
}

/// Replaces ε in z by μ + σ·ε, and adds twice the KL of each dimension to `sums`. The rows of one task are
/// few enough for sums in f32.
#[pulp::with_simd(sample_rows = pulp::Arch::new())]
#[inline(always)]
pub(crate) fn sample_rows_with_simd<'a, S: Simd>(
    simd: S,
    z: &'a mut [f32],
    heads: &'a [f32],
    sums: &'a mut [f32],
) {
    let d = sums.len();
    let (one, half) = (simd.splat_f32s(1.0), simd.splat_f32s(0.5));
    for (z, heads) in z.chunks_exact_mut(d).zip(heads.chunks_exact(2 * d)) {
        let (mean, log_variance) = heads.split_at(d);
        for range in VectorRanges::<S>::new(d) {
            let mean = range.load(simd, mean);
            let log_variance = range.load(simd, log_variance);
            let deviation = exp_of(simd, simd.mul_f32s(half, log_variance));
            range.store(simd, simd.mul_add_f32s(deviation, range.load(simd, z), mean), z);
            let squares = simd.mul_add_f32s(deviation, deviation, simd.mul_f32s(mean, mean));
            let twice = simd.sub_f32s(squares, simd.add_f32s(log_variance, one));
            range.store(simd, simd.add_f32s(range.load(simd, sums), twice), sums);
        }
    }
}

/// Replaces the heads by their gradient; `weights` are the factors of the KL gradient in each dimension.
#[pulp::with_simd(back_rows = pulp::Arch::new())]
#[inline(always)]
pub(crate) fn back_rows_with_simd<'a, S: Simd>(
    simd: S,
    heads: &'a mut [f32],
    gradient: &'a [f32],
    z: &'a [f32],
    weights: &'a [f32],
) {
    let d = weights.len();
    let (one, half) = (simd.splat_f32s(1.0), simd.splat_f32s(0.5));
    let rows = gradient.chunks_exact(d).zip(z.chunks_exact(d));
    for (heads, (gradient, z)) in heads.chunks_exact_mut(2 * d).zip(rows) {
        let (means, log_variances) = heads.split_at_mut(d);
        for range in VectorRanges::<S>::new(d) {
            let (gradient, weight) = (range.load(simd, gradient), range.load(simd, weights));
            let (mean, log_variance) = (range.load(simd, means), range.load(simd, log_variances));
            let noise = simd.sub_f32s(range.load(simd, z), mean);
            range.store(simd, simd.mul_add_f32s(weight, mean, gradient), means);
            let kl_gradient = simd.mul_f32s(weight, simd.sub_f32s(exp_of(simd, log_variance), one));
            let twice = simd.mul_add_f32s(gradient, noise, kl_gradient);
            range.store(simd, simd.mul_f32s(half, twice), log_variances);
        }
    }
}
