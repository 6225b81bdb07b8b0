//! A sparse matrix times a dense one, each row of the result gathered from the rows that it is made of.

use ndarray::ArrayView2;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::graph::Csr;

/// Entries of a row below which its sums are not divided.
const SHORT_ROW: usize = 16;

/// Writes matrix · dense to `result`, [rows, width]. Each row is one thread's, summed in the order of its entries.
pub(super) fn product(matrix: &Csr, dense: ArrayView2<f32>, result: &mut [f32]) {
    let width = dense.ncols();
    let dense = dense.as_standard_layout();
    let dense = dense.as_slice().expect("it is in standard layout");
    let indptr = matrix.indptr();
    let indptr = indptr.as_slice().expect("a whole matrix begins at 0");
    let rows_per_task = (matrix.rows() / 64).clamp(8, 256);
    let arch = Arch::new();
    result.par_chunks_mut((rows_per_task * width).max(1)).enumerate().for_each(|(task, rows)| {
        let indptr = &indptr[task * rows_per_task..];
        arch.dispatch(Rows { indptr, indices: matrix.indices(), values: matrix.data(), dense, width, rows });
    });
}

struct Rows<'a> {
    /// From the first of `rows` on.
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
        // The widths that are common become constants of loops of their own.
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

/// One sparse row, to be multiplied with `dense`, rows of `width` numbers.
pub(crate) struct SparseRow<'a> {
    pub(crate) indices: &'a [u32],
    pub(crate) values: &'a [f32],
    pub(crate) dense: &'a [f32],
    pub(crate) width: usize,
}

impl SparseRow<'_> {
    /// Adds the product, [width], to `sum`.
    #[inline(always)]
    pub(crate) fn add_to<S: Simd>(&self, simd: S, sum: &mut [f32]) {
        let (sum, rest) = S::as_mut_simd_f32s(sum);
        let mut first = 0;
        // As many vectors as fit into registers, and of long rows in so many sums that none waits for the one before
        // it; those of short rows need not wait for each other.
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

    /// Adds `COUNT` vectors of the product, from the vector `first` on: every `WAYS`-th entry goes to the same sum.
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
