//! Tests of the fused pass against a plain double loop.

use super::*;
use rand::{RngExt, SeedableRng};

/// Returns the sum and the matrix of the fused pass.
fn fused(z: &[f32], n: usize, d: usize) -> (f64, Vec<f32>) {
    let mut gradient = vec![f32::NAN; n * d];
    (softplus_sum(z, n, d, &mut gradient), gradient)
}

/// Returns the same sums over the pairs for which `counts` returns `true`, computed without blocks in f64.
fn plain(z: &[f32], n: usize, d: usize, counts: impl Fn(usize, usize) -> bool) -> (f64, Vec<f64>) {
    let row = |i: usize| &z[i * d..(i + 1) * d];
    let (mut total, mut gradient) = (0.0, vec![0f64; n * d]);
    for i in 0..n {
        for j in (0..n).filter(|&j| counts(i, j)) {
            let x: f64 = row(i).iter().zip(row(j)).map(|(&a, &b)| a as f64 * b as f64).sum();
            total += x.max(0.0) + (-x.abs()).exp().ln_1p();
            for k in 0..d {
                gradient[i * d + k] += row(j)[k] as f64 / (1.0 + (-x).exp());
            }
        }
    }
    (total, gradient)
}

#[test]
fn agrees_with_the_plain_double_loop() {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    for (n, d) in [(1, 1), (2, 3), (34, 16), (129, 16), (300, 5), (257, 33), (131, 512)] {
        for scale in [0.1f32, 1.0, 6.0] {
            let spread = scale / (d as f32).sqrt().sqrt();
            let z: Vec<f32> = (0..n * d).map(|_| spread * rng.random_range(-1.0f32..1.0)).collect();
            assert_same(fused(&z, n, d), plain(&z, n, d, |_, _| true), &format!("{n}×{d}"));
        }
    }
}

fn assert_same((total, gradient): (f64, Vec<f32>), (expected_total, expected): (f64, Vec<f64>), what: &str) {
    assert!((total - expected_total).abs() <= 1e-6 * expected_total, "{what}: {total} {expected_total}");
    let size = expected.iter().fold(0f64, |most, value| most.max(value.abs()));
    for (value, expected) in gradient.iter().zip(&expected) {
        assert!((*value as f64 - expected).abs() <= 1e-5 * size, "{what}: {value} {expected}");
    }
}

#[test]
fn across_kinds_agrees_with_the_double_loop_over_pairs_of_a_source_and_a_target() {
    for (num_sources, num_targets, d) in
        [(1, 1, 1), (1, 300, 16), (300, 2, 5), (129, 257, 16), (40, 131, 33), (0, 5, 3), (5, 0, 3)]
    {
        let n = num_sources + num_targets;
        let z: Vec<f32> = (0..n * d).map(|at| ((at * 37 % 101) as f32 - 50.0) / 60.0).collect();
        let mut gradient = vec![f32::NAN; n * d];
        let total = softplus_sum_across(&z, num_sources, d, &mut gradient);
        let expected = plain(&z, n, d, |i, j| (i < num_sources) != (j < num_sources));
        assert_same((total, gradient), expected, &format!("{num_sources}+{num_targets}×{d}"));
    }
}

#[test]
fn across_kinds_is_bit_identical_on_one_thread_and_on_three() {
    let z: Vec<f32> = (0..900 * 16).map(|at| ((at * 37 % 101) as f32 - 50.0) / 60.0).collect();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut gradient = vec![f32::NAN; z.len()];
        let total = pool.install(|| softplus_sum_across(&z, 700, 16, &mut gradient));
        (total.to_bits(), gradient.iter().map(|value| value.to_bits()).collect::<Vec<_>>())
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn is_bit_identical_on_one_thread_and_on_three() {
    let z: Vec<f32> = (0..700 * 16).map(|at| ((at * 37 % 101) as f32 - 50.0) / 60.0).collect();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fused(&z, 700, 16))
    };
    let (one, three) = (on(1), on(3));
    assert_eq!(one.0.to_bits(), three.0.to_bits());
    assert!(one.1.iter().zip(&three.1).all(|(a, b)| a.to_bits() == b.to_bits()));
}

#[test]
fn logits_of_zero_do_not_overflow_the_product_of_their_factors() {
    // Each factor is 2, and there are far more than 127 of them.
    let n = 300;
    let (total, gradient) = fused(&vec![0f32; n * 16], n, 16);
    let expected = (n * n) as f64 * std::f64::consts::LN_2;
    assert!((total - expected).abs() < 1e-6 * expected, "{total}, expected {expected}");
    assert!(gradient.iter().all(|value| *value == 0.0));
}
