//! Tests of the fused pass against a plain double loop.

use super::GravityReconstruction;
use super::attraction::softplus_sum;
use crate::graph::{Direction, EdgeList};
use crate::model::decoder::gravity::decode_pair;
use rand::{RngExt, SeedableRng};

/// Returns the sum of the fused pass and its gradient.
fn fused(z: &[f32], n: usize, width: usize, lambda: f64) -> (f64, Vec<f32>) {
    let mut gradient = vec![f32::NAN; n * width];
    (softplus_sum(z, n, width, lambda, &mut gradient), gradient)
}

/// Returns the same sum and its gradient, computed without blocks in f64.
fn plain(z: &[f32], n: usize, width: usize, lambda: f64) -> (f64, Vec<f64>) {
    let d = width - 1;
    let rows = ndarray::ArrayView2::from_shape((n, width), z).unwrap();
    let (mut total, mut gradient) = (0.0, vec![0f64; n * width]);
    for i in 0..n {
        for j in 0..n {
            let x = decode_pair(rows, (i as u32, j as u32), lambda);
            total += x.max(0.0) + (-x.abs()).exp().ln_1p();
            let probability = 1.0 / (1.0 + (-x).exp());
            gradient[j * width + d] += probability;
            let difference = |k: usize| z[i * width + k] as f64 - z[j * width + k] as f64;
            let distance = (0..d).map(|k| difference(k).powi(2)).sum::<f64>() + 0.01;
            for k in 0..d {
                let pull = -2.0 * lambda * probability * difference(k) / distance;
                gradient[i * width + k] += pull;
                gradient[j * width + k] -= pull;
            }
        }
    }
    (total, gradient)
}

#[test]
fn agrees_with_the_plain_double_loop() {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    for (n, width) in [(1, 2), (2, 3), (34, 17), (129, 17), (300, 6), (257, 34), (131, 513)] {
        for (scale, lambda) in [(0.01f32, 1.0), (0.3, 0.05), (3.0, 1.0), (1.0, 10.0), (30.0, 0.0)] {
            let z: Vec<f32> = (0..n * width).map(|_| scale * rng.random_range(-1.0f32..1.0)).collect();
            let (total, gradient) = fused(&z, n, width, lambda);
            let (expected_total, expected) = plain(&z, n, width, lambda);
            // Each factor 1 + e^-|x| of the product has an error of up to 6e-8, however small softplus is.
            assert!(
                (total - expected_total).abs() <= 1e-6 * expected_total + 6e-8 * (n * n) as f64,
                "{n}×{width}, {scale}, {lambda}: {total} {expected_total}"
            );
            let size = expected.iter().fold(0f64, |most, value| most.max(value.abs()));
            for (value, expected) in gradient.iter().zip(&expected) {
                assert!(
                    (f64::from(*value) - expected).abs() <= 1e-5 * size,
                    "{n}×{width}, {scale}, {lambda}: {value} {expected}"
                );
            }
        }
    }
}

#[test]
fn is_bit_identical_on_one_thread_and_on_three() {
    let z: Vec<f32> = (0..700 * 17).map(|at| ((at * 37 % 101) as f32 - 50.0) / 60.0).collect();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fused(&z, 700, 17, 1.0))
    };
    let (one, three) = (on(1), on(3));
    assert_eq!(one.0.to_bits(), three.0.to_bits());
    assert!(one.1.iter().zip(&three.1).all(|(a, b)| a.to_bits() == b.to_bits()));
}

#[test]
fn a_nan_or_infinity_in_z_makes_the_loss_not_finite() {
    let edges = EdgeList::with_direction(Direction::Directed, 40, vec![(0, 1), (7, 3)], None).0;
    let loss = GravityReconstruction::new(&edges, 1.0);
    for (at, value) in [(0, f32::NAN), (20 * 4 + 1, f32::INFINITY), (20 * 4 + 3, f32::NAN)] {
        let mut z = vec![0.5f32; 40 * 4];
        z[at] = value;
        assert!(!loss.value_and_gradient(&z, 4).0.is_finite());
    }
}
