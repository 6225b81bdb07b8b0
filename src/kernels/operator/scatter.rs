//! The transpose of a sparse matrix times a dense one, without the transpose.

use std::ops::Range;

use ndarray::ArrayView2;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::graph::Csr;

/// Numbers of a result that is scattered to: a megabyte.
const FLAT_NUMBERS: usize = 1 << 18;
/// The parts of the sum. They are added up in their order, however many threads there are.
const PARTS: usize = 8;

/// Whether the product with the transpose, [columns, k], stays in the nearest caches, and `matrix` is so much taller
/// that to fetch its rows' places in turn would not.
pub(super) fn pays(matrix: &Csr, k: usize) -> bool {
    matrix.cols() * k <= FLAT_NUMBERS && matrix.rows() >= 8 * matrix.cols()
}

/// Writes matrixᵀ · dense to `result`, [columns, width], each row of `dense` being added to the rows of the result that
/// it has a part in.
pub(super) fn product(matrix: &Csr, dense: ArrayView2<f32>, result: &mut [f32]) {
    let width = dense.ncols();
    let dense = dense.as_standard_layout();
    let dense = dense.as_slice().expect("it is in standard layout");
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
            arch.dispatch(Scattered { indptr, indices, values, dense, width, rows, sums: &mut sums });
            sums
        })
        .collect();
    result.fill(0.0);
    for part in parts {
        result.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
}

struct Scattered<'a> {
    indptr: &'a [usize],
    indices: &'a [u32],
    values: &'a [f32],
    dense: &'a [f32],
    width: usize,
    rows: Range<usize>,
    sums: &'a mut [f32],
}

impl WithSimd for Scattered<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // As in a gathered product.
        match self.width {
            16 => self.add::<S>(simd, 16),
            32 => self.add::<S>(simd, 32),
            width => self.add::<S>(simd, width),
        }
    }
}

impl Scattered<'_> {
    #[inline(always)]
    fn add<S: Simd>(self, simd: S, width: usize) {
        let Scattered { indptr, indices, values, dense, rows, sums, .. } = self;
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
