//! The product of the transpose of a sparse matrix with a dense matrix, computed without building the
//! transpose. It is written by hand because sprs computes this product on a single thread.

use std::ops::Range;

use ndarray::ArrayView2;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::kernels::Csr;

/// The largest number of values in the result: one megabyte.
const MOST_NUMBERS: usize = 1 << 18;
/// The number of partial sums. They are added in a fixed order, whatever the number of threads.
const PARTS: usize = 8;

/// Returns `true` if this is faster than multiplying with the transpose: the result, [columns, k], stays in
/// the nearest caches, and `matrix` has so many more rows that gathering the rows of the dense matrix would
/// not.
pub(super) fn is_faster(matrix: &Csr, k: usize) -> bool {
    matrix.cols() * k <= MOST_NUMBERS && matrix.rows() >= 8 * matrix.cols()
}

/// Writes matrixᵀ · dense to `result`, [columns, width], by adding each row of `dense` to the rows of the
/// result that depend on it.
pub(super) fn product(matrix: &Csr, dense: ArrayView2<f32>, result: &mut [f32]) {
    let width = dense.ncols();
    let dense = dense.as_standard_layout();
    let dense = dense.as_slice().expect("dense is in standard layout");
    let indptr = matrix.indptr();
    let indptr = indptr.as_slice().expect("a whole matrix begins at 0");
    let num_rows = matrix.rows();
    let height = num_rows.div_ceil(PARTS);
    let arch = Arch::new();
    let parts: Vec<Vec<f32>> = (0..num_rows)
        .step_by(height)
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|first| {
            let mut sums = vec![0f32; matrix.cols() * width];
            let rows = first..(first + height).min(num_rows);
            let (indices, values) = (matrix.indices(), matrix.data());
            arch.dispatch(PartialSum { indptr, indices, values, dense, width, rows, sums: &mut sums });
            sums
        })
        .collect();
    result.fill(0.0);
    for part in parts {
        result.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
}

/// The sum over the rows of one task.
struct PartialSum<'a> {
    indptr: &'a [usize],
    indices: &'a [u32],
    values: &'a [f32],
    dense: &'a [f32],
    width: usize,
    rows: Range<usize>,
    sums: &'a mut [f32],
}

impl WithSimd for PartialSum<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // Common widths become constants, which gives each a specialised loop.
        match self.width {
            16 => self.add::<S>(simd, 16),
            32 => self.add::<S>(simd, 32),
            width => self.add::<S>(simd, width),
        }
    }
}

impl PartialSum<'_> {
    #[inline(always)]
    fn add<S: Simd>(self, simd: S, width: usize) {
        let PartialSum { indptr, indices, values, dense, rows, sums, .. } = self;
        for row in rows {
            let entries = indptr[row]..indptr[row + 1];
            let (own, own_rest) = S::as_simd_f32s(&dense[row * width..(row + 1) * width]);
            for (&column, &value) in indices[entries.clone()].iter().zip(&values[entries]) {
                let start = column as usize * width;
                let (sum, rest) = S::as_mut_simd_f32s(&mut sums[start..start + width]);
                let value = simd.splat_f32s(value);
                for (sum, &own) in sum.iter_mut().zip(own) {
                    *sum = simd.mul_add_f32s(value, own, *sum);
                }
                if !rest.is_empty() {
                    let old = simd.partial_load_f32s(rest);
                    let new = simd.mul_add_f32s(value, simd.partial_load_f32s(own_rest), old);
                    simd.partial_store_f32s(rest, new);
                }
            }
        }
    }
}
