//! Layer normalisation of rows (Ba, Kiros & Hinton 2016, *Layer normalization*, eq. 4), without the learnt gain and
//! bias, which the weights of a next layer can take over.

use rayon::prelude::*;

/// The variance that is added to that of a row, as in PyTorch.
const EPSILON: f32 = 1e-5;
/// The number of rows per task.
const ROWS_PER_TASK: usize = 128;

/// Scales each row of `width` numbers to mean 0 and variance 1. Returns the factor of each row, 1 / √(variance + 1e-5).
pub(crate) fn layer_norm(rows: &mut [f32], width: usize) -> Vec<f32> {
    let mut factors = vec![0f32; rows.len() / width.max(1)];
    let tasks = rows.par_chunks_mut(ROWS_PER_TASK * width).zip(factors.par_chunks_mut(ROWS_PER_TASK));
    tasks.for_each(|(rows, factors)| {
        for (row, factor) in rows.chunks_exact_mut(width).zip(factors) {
            let mean = mean_of(row, |x| x);
            row.iter_mut().for_each(|x| *x -= mean);
            *factor = 1.0 / (mean_of(row, |x| x * x) + EPSILON).sqrt();
            row.iter_mut().for_each(|x| *x *= *factor);
        }
    });
    factors
}

/// Replaces the gradient with respect to each row of `normalized` by that with respect to the row before
/// [`layer_norm`], which returned `factors`: dx = factor · (dy − mean(dy) − y · mean(dy ∘ y)).
pub(crate) fn back_through_layer_norm(
    gradient: &mut [f32],
    normalized: &[f32],
    factors: &[f32],
    width: usize,
) {
    let size = ROWS_PER_TASK * width;
    let rows = normalized.par_chunks(size).zip(factors.par_chunks(ROWS_PER_TASK));
    gradient.par_chunks_mut(size).zip(rows).for_each(|(gradient, (normalized, factors))| {
        let rows = normalized.chunks_exact(width).zip(factors);
        for (gradient, (normalized, &factor)) in gradient.chunks_exact_mut(width).zip(rows) {
            let mean = mean_of(gradient, |dy| dy);
            let along = dot(gradient, normalized) / width as f32;
            for (dy, &y) in gradient.iter_mut().zip(normalized) {
                *dy = factor * (*dy - mean - y * along);
            }
        }
    });
}

/// Returns the mean of `of` over a row. The compiler keeps the sixteen partial sums in vector registers.
fn mean_of(row: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (chunks, rest) = row.as_chunks::<16>();
    let mut sums = [0f32; 16];
    for chunk in chunks {
        sums.iter_mut().zip(chunk).for_each(|(sum, &x)| *sum += of(x));
    }
    (sums.iter().sum::<f32>() + rest.iter().map(|&x| of(x)).sum::<f32>()) / row.len() as f32
}

/// Returns the inner product of two rows, in sixteen partial sums too.
fn dot(left: &[f32], right: &[f32]) -> f32 {
    let ((left, left_rest), (right, right_rest)) = (left.as_chunks::<16>(), right.as_chunks::<16>());
    let mut sums = [0f32; 16];
    for (left, right) in left.iter().zip(right) {
        sums.iter_mut().zip(left.iter().zip(right)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    sums.iter().sum::<f32>() + left_rest.iter().zip(right_rest).map(|(a, b)| a * b).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_mean_0_and_variance_1() {
        let mut rows = vec![1f32, 3.0, 5.0, 5.0];
        let factors = layer_norm(&mut rows, 2);
        // The first row has mean 2 and variance 1, the second is constant.
        let factor = 1.0 / (1.0f32 + 1e-5).sqrt();
        assert_eq!(rows, [-factor, factor, 0.0, 0.0]);
        assert_eq!(factors, [factor, 1.0 / 1e-5f32.sqrt()]);
    }

    #[test]
    fn gradients_equal_differences() {
        let width = 37;
        let rows: Vec<f32> = (0..2 * width).map(|at| (at * at % 23) as f32 * 0.1).collect();
        let slopes: Vec<f32> = (0..2 * width).map(|at| (at * 7 % 11) as f32 - 5.0).collect();
        let value = |rows: &[f32]| {
            let mut rows = rows.to_vec();
            layer_norm(&mut rows, width);
            rows.iter().zip(&slopes).map(|(&y, &slope)| f64::from(y * slope)).sum::<f64>()
        };
        let (mut normalized, mut gradient) = (rows.clone(), slopes.clone());
        let factors = layer_norm(&mut normalized, width);
        back_through_layer_norm(&mut gradient, &normalized, &factors, width);
        for at in [0, 5, width, 2 * width - 1] {
            let moved = |by: f32| {
                let mut rows = rows.clone();
                rows[at] += by;
                value(&rows)
            };
            let difference = (moved(0.01) - moved(-0.01)) / 0.02;
            assert!((difference - f64::from(gradient[at])).abs() < 2e-3, "{difference}, {}", gradient[at]);
        }
    }
}
