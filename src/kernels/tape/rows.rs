//! Operations on each row or each value of a matrix.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, Axis, s};
use pulp::Simd;
use rayon::prelude::*;

use super::{Dropout, TINY};
use crate::kernels::layer_norm;

/// The number of rows per task.
const ROWS_PER_TASK: usize = 512;

/// Returns the sum of the rows, [1, k], accumulated in f64 because there may be millions of rows.
pub(super) fn sum_of_rows(matrix: &Array2<f32>) -> Array2<f32> {
    let width = matrix.ncols();
    let values = matrix.as_slice().expect("a tape's matrices are in standard layout");
    let parts: Vec<Vec<f64>> = values
        .par_chunks((ROWS_PER_TASK * width).max(1))
        .map(|rows| {
            let mut sums = vec![0f64; width];
            for row in rows.chunks_exact(width) {
                sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
            }
            sums
        })
        .collect();
    let mut sums = vec![0f64; width];
    for part in parts {
        sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    Array2::from_shape_fn((1, sums.len()), |(_, column)| sums[column] as f32)
}

/// Adds `row`, [1, k], to each row.
pub(super) fn plus_row(x: Array2<f32>, row: ArrayView2<f32>) -> Array2<f32> {
    let added = row.as_standard_layout();
    let added = added.as_slice().expect("the row is in standard layout");
    map_rows(x, |_, values| {
        for values in values.chunks_exact_mut(added.len()) {
            values.iter_mut().zip(added).for_each(|(value, &added)| *value += added);
        }
    })
}

/// Computes max(x, 0).
pub(super) fn relu(x: Array2<f32>) -> Array2<f32> {
    map_rows(x, |_, values| relu_numbers(values))
}

/// Returns the gradient with respect to the argument of [`relu`], whose result was `value`.
pub(super) fn back_through_relu(gradient: Array2<f32>, value: &Array2<f32>) -> Array2<f32> {
    zip_rows(gradient, value.view(), mask_numbers)
}

/// Scales each row, restricted to `columns`, to the given norm, and returns the factor of each row, which is
/// 0 for rows of zeros.
pub(super) fn normalize_rows(
    mut x: Array2<f32>,
    columns: Range<usize>,
    norm: f64,
) -> (Array2<f32>, Vec<f32>) {
    let mut factors = vec![0f32; x.nrows()];
    x.axis_iter_mut(Axis(0)).into_par_iter().zip(&mut factors).for_each(|(mut row, factor)| {
        let mut part = row.slice_mut(s![columns.clone()]);
        let square: f32 = part.iter().map(|x| x * x).sum();
        *factor = if square > TINY { norm as f32 / square.sqrt() } else { 0.0 };
        part *= *factor;
    });
    (x, factors)
}

/// Returns the gradient with respect to the argument of [`normalize_rows`]: with y = s·x / ‖x‖ and the
/// factors s / ‖x‖, dx = s / ‖x‖ · (dy − (y·dy / s²) y).
pub(super) fn back_through_normalize_rows(
    mut gradient: Array2<f32>,
    value: &Array2<f32>,
    columns: Range<usize>,
    norm: f64,
    factors: &[f32],
) -> Array2<f32> {
    let square = (norm * norm) as f32;
    gradient.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(at, mut row)| {
        let mut row = row.slice_mut(s![columns.clone()]);
        let y = value.slice(s![at, columns.clone()]);
        let along: f32 = row.iter().zip(y).map(|(&dy, &y)| dy * y).sum::<f32>() / square;
        row.zip_mut_with(&y, |dy, &y| *dy = factors[at] * (*dy - along * y));
    });
    gradient
}

/// Copies `from` to `to`, of the same size.
pub(super) fn copy(from: ArrayView2<f32>, to: Array2<f32>) -> Array2<f32> {
    zip_rows(to, from, |to, from| to.copy_from_slice(from))
}

/// Computes x + y.
pub(super) fn sum(x: Array2<f32>, y: ArrayView2<f32>) -> Array2<f32> {
    zip_rows(x, y, |x, y| x.iter_mut().zip(y).for_each(|(x, y)| *x += y))
}

/// Computes x · factor.
pub(super) fn scaled(x: Array2<f32>, factor: f32) -> Array2<f32> {
    map_rows(x, |_, values| values.iter_mut().for_each(|value| *value *= factor))
}

/// Scales each row to mean 0 and variance 1, and returns the factor of each row.
pub(super) fn layer_norm(mut x: Array2<f32>) -> (Array2<f32>, Vec<f32>) {
    let width = x.ncols();
    let factors =
        layer_norm::layer_norm(x.as_slice_mut().expect("a tape's matrices are in standard layout"), width);
    (x, factors)
}

/// Returns the gradient with respect to the argument of [`layer_norm`], whose results were `value` and `factors`.
pub(super) fn back_through_layer_norm(
    mut gradient: Array2<f32>,
    value: &Array2<f32>,
    factors: &[f32],
) -> Array2<f32> {
    let width = value.ncols();
    let numbers = gradient.as_slice_mut().expect("a tape's matrices are in standard layout");
    let normalized = value.as_slice().expect("a tape's matrices are in standard layout");
    layer_norm::back_through_layer_norm(numbers, normalized, factors, width);
    gradient
}

/// Applies dropout to each value. It is also its own backward pass, which drops the same values.
pub(super) fn dropped(matrix: Array2<f32>, dropout: Dropout) -> Array2<f32> {
    map_rows(matrix, |first, values| dropout.apply(first as u64, values))
}

/// Applies dropout to whole rows. It is also its own backward pass, which drops the same rows.
pub(super) fn without_rows(mut matrix: Array2<f32>, dropout: Dropout) -> Array2<f32> {
    matrix.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(at, mut row)| {
        row *= dropout.factor(at as u64);
    });
    matrix
}

/// Calls `change` for chunks of the values, with the index of the first value of each chunk.
fn map_rows(mut matrix: Array2<f32>, change: impl Fn(usize, &mut [f32]) + Sync) -> Array2<f32> {
    let size = ROWS_PER_TASK * matrix.ncols().max(1);
    let values = matrix.as_slice_mut().expect("a tape's matrices are in standard layout");
    values.par_chunks_mut(size).enumerate().for_each(|(task, values)| {
        change(task * size, values);
    });
    matrix
}

/// Calls `change` for corresponding chunks of the values of two matrices.
fn zip_rows(
    mut matrix: Array2<f32>,
    other: ArrayView2<f32>,
    change: impl Fn(&mut [f32], &[f32]) + Sync,
) -> Array2<f32> {
    let size = ROWS_PER_TASK * matrix.ncols().max(1);
    let values = matrix.as_slice_mut().expect("a tape's matrices are in standard layout");
    let others = other.to_slice().expect("a tape's matrices are in standard layout");
    values.par_chunks_mut(size).zip(others.par_chunks(size)).for_each(|(values, others)| {
        change(values, others);
    });
    matrix
}

// The macro requires named lifetimes.
#[allow(clippy::needless_lifetimes)]
#[pulp::with_simd(relu_numbers = pulp::Arch::new())]
#[inline(always)]
fn relu_numbers_with_simd<'a, S: Simd>(_simd: S, values: &'a mut [f32]) {
    for value in values {
        *value = value.max(0.0);
    }
}

#[allow(clippy::needless_lifetimes)]
#[pulp::with_simd(mask_numbers = pulp::Arch::new())]
#[inline(always)]
fn mask_numbers_with_simd<'a, 'b, S: Simd>(_simd: S, gradient: &'a mut [f32], value: &'b [f32]) {
    for (gradient, &value) in gradient.iter_mut().zip(value) {
        *gradient = if value > 0.0 { *gradient } else { 0.0 };
    }
}
