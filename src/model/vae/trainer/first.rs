//! The gradient of the first layer, which is as tall as X is wide, and its step of Adam, a few rows at a time.

use ndarray::Array2;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::kernels::gemm::blocks::{AddTo, BLOCK_COLUMNS, Factors, multiply};
use crate::kernels::operator::SparseRow;
use crate::kernels::tape::Rates;
use crate::model::vae::batch::{Batch, Compressed, Entries};

/// The number of rows of the weight that one task updates.
const ROWS_PER_TASK: usize = 64;
/// The number of rows whose gradient is computed at once.
const ROWS_AT_ONCE: usize = 8;

/// The gradient of a part of the first layer: the rows of the batch, transposed, times some columns of the
/// gradient with respect to the layer's output.
#[derive(Clone, Copy)]
pub(super) struct Gradient<'a> {
    pub(super) input: &'a Batch,
    /// The gradient with respect to the output, whose rows are `stride` numbers apart.
    pub(super) output: &'a [f32],
    pub(super) stride: usize,
    /// The first column of the part.
    pub(super) column: usize,
}

impl Gradient<'_> {
    /// Takes a step of Adam for the weight of the part, [f, columns], and its moments.
    pub(super) fn take_step(&self, weight: &mut Array2<f32>, moments: [&mut Array2<f32>; 2], rates: Rates) {
        let width = weight.ncols();
        let [first, second] = moments;
        let numbers = [weight, first, second].map(|matrix| matrix.as_slice_mut());
        let [Some(weight), Some(first), Some(second)] = numbers else {
            unreachable!("weights and moments are stored row by row")
        };
        let size = ROWS_PER_TASK * width;
        let moments = first.par_chunks_mut(size).zip(second.par_chunks_mut(size));
        weight.par_chunks_mut(size).zip(moments).enumerate().for_each(|(task, (weight, (first, second)))| {
            let mut gradients = vec![0.0; ROWS_AT_ONCE * self.stride];
            let rows = weight.chunks_exact_mut(width).zip(first.chunks_exact_mut(width));
            for (at, ((weight, first), second)) in rows.zip(second.chunks_exact_mut(width)).enumerate() {
                if at % ROWS_AT_ONCE == 0 {
                    self.write_rows(task * ROWS_PER_TASK + at, &mut gradients);
                }
                let row = at % ROWS_AT_ONCE * self.stride + self.column;
                rates.update(weight, &gradients[row..row + width], first, second);
            }
        });
    }

    /// Returns the gradient of the bias of the part, which has `width` numbers.
    pub(super) fn of_bias(&self, width: usize) -> Vec<f32> {
        let mut sums = vec![0.0; width];
        for row in self.output.chunks_exact(self.stride) {
            let row = &row[self.column..self.column + width];
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        sums
    }

    /// Writes the rows of the gradient of the weight from `first` on to `rows`, as far as there are any.
    fn write_rows(&self, first: usize, rows: &mut [f32]) {
        let Gradient { input, output, stride, .. } = *self;
        match &input.entries {
            Entries::Sparse { by_column, .. } => {
                let count = (input.num_columns - first).min(ROWS_AT_ONCE);
                let rows = &mut rows[..count * stride];
                Arch::new().dispatch(SparseColumns { by_column, first, output, stride, rows });
            }
            Entries::Dense { columns, .. } => {
                let count = (input.num_columns - first).min(ROWS_AT_ONCE);
                for at in (0..stride).step_by(BLOCK_COLUMNS) {
                    let factors = Factors {
                        left: &columns[first * input.num_rows..],
                        left_stride: input.num_rows,
                        depth: input.num_rows,
                        right: &output[at..],
                        right_stride: stride,
                    };
                    multiply(count, &[factors], &mut rows[at..], stride, AddTo::Zero);
                }
            }
        }
    }
}

/// Writes the products of sparse columns with a dense matrix, whose rows are `stride` numbers apart, to `rows`.
struct SparseColumns<'a> {
    by_column: &'a Compressed,
    first: usize,
    output: &'a [f32],
    stride: usize,
    rows: &'a mut [f32],
}

impl WithSimd for SparseColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let SparseColumns { by_column, first, output, stride, rows } = self;
        rows.fill(0.0);
        for (column, row) in (first..).zip(rows.chunks_exact_mut(stride)) {
            let (indices, values) = by_column.slices(column);
            SparseRow { indices, values, dense: output, width: stride }.add_to(simd, row);
        }
    }
}
