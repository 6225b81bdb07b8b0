//! The product of a sparse and a dense matrix, in which each row of the result is a weighted sum of rows of
//! the dense matrix. It is written by hand because sprs computes this product on a single thread.

use ndarray::ArrayView2;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::kernels::Csr;

/// The number of entries below which a row is summed in a single chain of additions.
const SHORT_ROW: usize = 16;

/// Writes matrix · dense to `result`, [rows, width]. One thread computes each row, always in the same order.
pub(super) fn product(matrix: &Csr, dense: ArrayView2<f32>, result: &mut [f32]) {
    let width = dense.ncols();
    let dense = dense.as_standard_layout();
    let dense = dense.as_slice().expect("dense is in standard layout");
    let indptr = matrix.indptr();
    let indptr = indptr.as_slice().expect("a whole matrix begins at 0");
    let rows_per_task = (matrix.rows() / 64).clamp(8, 256);
    let arch = Arch::new();
    result.par_chunks_mut((rows_per_task * width).max(1)).enumerate().for_each(|(task, rows)| {
        let indptr = &indptr[task * rows_per_task..];
        arch.dispatch(Rows { indptr, indices: matrix.indices(), values: matrix.data(), dense, width, rows });
    });
}

/// The rows of the result that one task computes.
struct Rows<'a> {
    /// The row pointers, starting with that of the first of `rows`.
    indptr: &'a [usize],
    indices: &'a [u32],
    values: &'a [f32],
    dense: &'a [f32],
    width: usize,
    rows: &'a mut [f32],
}

impl WithSimd for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // Common widths become constants, which gives each a specialised loop.
        match self.width {
            16 => self.sum::<S>(simd, 16),
            32 => self.sum::<S>(simd, 32),
            width => self.sum::<S>(simd, width),
        }
    }
}

impl Rows<'_> {
    #[inline(always)]
    fn sum<S: Simd>(self, simd: S, width: usize) {
        let Rows { indptr, indices, values, dense, rows, .. } = self;
        for (sum, ends) in rows.chunks_exact_mut(width).zip(indptr.windows(2)) {
            let entries = ends[0]..ends[1];
            sum.fill(0.0);
            SparseRow { indices: &indices[entries.clone()], values: &values[entries], dense, width }
                .add_to(simd, sum);
        }
    }
}

/// One sparse row, to be multiplied with the matrix `dense`, whose rows have `width` numbers.
pub(crate) struct SparseRow<'a> {
    pub(crate) indices: &'a [u32],
    pub(crate) values: &'a [f32],
    pub(crate) dense: &'a [f32],
    pub(crate) width: usize,
}

impl SparseRow<'_> {
    /// Adds the product, [width], to `sum`.
    ///
    /// Takes as many vectors at a time as fit into registers. Long rows are split over several sums, so that
    /// no addition waits for the one before it; this is unnecessary for short rows, which the processor can
    /// overlap with each other.
    #[inline(always)]
    pub(crate) fn add_to<S: Simd>(&self, simd: S, sum: &mut [f32]) {
        let (sum, rest) = S::as_mut_simd_f32s(sum);
        let mut first = 0;
        let is_short = self.indices.len() < SHORT_ROW;
        while sum.len() - first >= 4 {
            self.add::<S, 4, 2>(simd, first, sum);
            first += 4;
        }
        if sum.len() - first >= 2 {
            match is_short {
                true => self.add::<S, 2, 1>(simd, first, sum),
                false => self.add::<S, 2, 4>(simd, first, sum),
            }
            first += 2;
        }
        if sum.len() > first {
            match is_short {
                true => self.add::<S, 1, 1>(simd, first, sum),
                false => self.add::<S, 1, 4>(simd, first, sum),
            }
        }
        if !rest.is_empty() {
            self.add_rest(simd, rest);
        }
    }

    /// Adds `COUNT` vectors of the product, starting with the vector `first`. Every `WAYS`-th entry goes to
    /// the same sum.
    #[inline(always)]
    fn add<S: Simd, const COUNT: usize, const WAYS: usize>(
        &self,
        simd: S,
        first: usize,
        sum: &mut [S::f32s],
    ) {
        let mut sums = [[simd.splat_f32s(0.0); COUNT]; WAYS];
        let (indices, last_indices) = self.indices.as_chunks::<WAYS>();
        let (values, last_values) = self.values.as_chunks::<WAYS>();
        for (indices, values) in indices.iter().zip(values) {
            for way in 0..WAYS {
                self.add_entry(simd, indices[way], values[way], first, &mut sums[way]);
            }
        }
        for (&index, &value) in last_indices.iter().zip(last_values) {
            self.add_entry(simd, index, value, first, &mut sums[0]);
        }
        for sums in sums {
            for (at, part) in sums.into_iter().enumerate() {
                sum[first + at] = simd.add_f32s(sum[first + at], part);
            }
        }
    }

    /// Adds the part of one entry to `COUNT` vectors.
    #[inline(always)]
    fn add_entry<S: Simd, const COUNT: usize>(
        &self,
        simd: S,
        index: u32,
        value: f32,
        first: usize,
        sums: &mut [S::f32s; COUNT],
    ) {
        let start = index as usize * self.width;
        let (row, _) = S::as_simd_f32s(&self.dense[start..start + self.width]);
        let value = simd.splat_f32s(value);
        for (sum, &number) in sums.iter_mut().zip(&row[first..first + COUNT]) {
            *sum = simd.mul_add_f32s(value, number, *sum);
        }
    }

    /// Adds the columns after the last full vector.
    #[inline(always)]
    fn add_rest<S: Simd>(&self, simd: S, rest: &mut [f32]) {
        let mut sum = simd.partial_load_f32s(rest);
        let first = self.width - rest.len();
        for (&column, &value) in self.indices.iter().zip(self.values) {
            let start = column as usize * self.width;
            let row = simd.partial_load_f32s(&self.dense[start + first..start + self.width]);
            sum = simd.mul_add_f32s(simd.splat_f32s(value), row, sum);
        }
        simd.partial_store_f32s(rest, sum);
    }
}
