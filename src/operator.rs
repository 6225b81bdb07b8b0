//! The constant matrices of a network, Â and X, and their products with what changes.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use ndarray::{Array2, ArrayView2, Axis};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::gemm;
use crate::graph::Csr;

/// Numbers of a result that is scattered to: a megabyte.
const FLAT_NUMBERS: usize = 1 << 18;
/// The parts of a scattered sum. They are added up in their order, however many threads there are.
const SCATTERED_PARTS: usize = 8;

/// A constant matrix, [rows, columns], and its transpose.
pub(crate) struct Operator<'a> {
    matrix: Matrix<'a>,
}

enum Matrix<'a> {
    /// Symmetric, in compressed rows.
    Symmetric(Csr),
    /// In compressed rows. Only the way back needs the transpose, so that it is made then.
    Sparse(Cow<'a, Csr>, OnceLock<Csr>),
    /// Row by row.
    Dense(Cow<'a, Array2<f32>>),
}

/// A constant matrix as it is stored.
pub(crate) enum Constant<'a> {
    Dense(&'a Array2<f32>),
    Sparse { matrix: &'a Csr, transpose: &'a Csr },
}

impl<'a> Operator<'a> {
    /// A symmetric matrix, such as Â.
    pub(crate) fn symmetric(matrix: Csr) -> Self {
        Operator { matrix: Matrix::Symmetric(matrix) }
    }

    /// Any sparse matrix, such as X. O(nonzeros) time and memory, when its adjoint is first applied.
    pub(crate) fn sparse(matrix: Cow<'a, Csr>) -> Self {
        Operator { matrix: Matrix::Sparse(matrix, OnceLock::new()) }
    }

    /// Any matrix with few zeros.
    pub(crate) fn dense(matrix: Cow<'a, Array2<f32>>) -> Self {
        Operator { matrix: Matrix::Dense(matrix) }
    }

    /// The number of columns, which is the number of rows of what it is applied to.
    pub(crate) fn num_columns(&self) -> usize {
        match &self.matrix {
            Matrix::Symmetric(matrix) => matrix.cols(),
            Matrix::Sparse(matrix, _) => matrix.cols(),
            Matrix::Dense(matrix) => matrix.ncols(),
        }
    }

    /// This matrix times `dense`, [columns, k]; [rows, k]. O(entries · k) time. The same to the bit for any
    /// number of threads.
    pub(crate) fn apply(&self, dense: ArrayView2<f32>) -> Array2<f32> {
        match &self.matrix {
            Matrix::Symmetric(matrix) => sparse_product(matrix, dense),
            Matrix::Sparse(matrix, _) => sparse_product(matrix, dense),
            Matrix::Dense(matrix) => gemm::product(matrix.view(), dense),
        }
    }

    /// Its transpose times `dense`, [rows, k]; [columns, k]. As [`Operator::apply`].
    pub(crate) fn apply_adjoint(&self, dense: ArrayView2<f32>) -> Array2<f32> {
        match &self.matrix {
            Matrix::Symmetric(matrix) => sparse_product(matrix, dense),
            Matrix::Sparse(matrix, _) if is_flat(matrix, dense.ncols()) => scattered_product(matrix, dense),
            Matrix::Sparse(matrix, transpose) => sparse_product(transposed(matrix, transpose), dense),
            Matrix::Dense(matrix) => gemm::transposed_product(matrix.view(), dense),
        }
    }

    /// What it is, for other tapes.
    pub(crate) fn constant(&self) -> Constant<'_> {
        match &self.matrix {
            Matrix::Symmetric(matrix) => Constant::Sparse { matrix, transpose: matrix },
            Matrix::Sparse(matrix, transpose) => {
                Constant::Sparse { matrix, transpose: transposed(matrix, transpose) }
            }
            Matrix::Dense(matrix) => Constant::Dense(matrix),
        }
    }

    /// A copy in which each entry is zero with probability `fraction` and else scaled up by the inverse of
    /// what is left. Whether an entry stays is a hash of its place and `seed`, so that the transpose drops
    /// the same entries without a table.
    pub(crate) fn with_dropout(&self, fraction: f64, seed: u64) -> Operator<'static> {
        let num_columns = self.num_columns() as u64;
        let factor = |row: usize, column: usize| {
            dropout_factor(fraction, seed, row as u64 * num_columns + column as u64)
        };
        let matrix = match &self.matrix {
            Matrix::Symmetric(_) => unreachable!("messages are not dropped"),
            Matrix::Dense(matrix) => {
                let mut matrix = matrix.clone().into_owned();
                matrix.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(row, mut entries)| {
                    entries.iter_mut().enumerate().for_each(|(column, value)| *value *= factor(row, column));
                });
                Matrix::Dense(Cow::Owned(matrix))
            }
            Matrix::Sparse(matrix, transpose) => {
                let mut transpose = transposed(matrix, transpose).clone();
                scale(&mut transpose, |column, row| factor(row, column));
                let mut matrix = matrix.clone().into_owned();
                scale(&mut matrix, factor);
                Matrix::Sparse(Cow::Owned(matrix), OnceLock::from(transpose))
            }
        };
        Operator { matrix }
    }
}

/// 0 with probability `fraction`, else 1 / (1 − fraction), decided by a hash of `seed` and `place`.
pub(crate) fn dropout_factor(fraction: f64, seed: u64, place: u64) -> f32 {
    // SplitMix64's finaliser: Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators".
    let mut hash = seed ^ place.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let uniform = ((hash ^ (hash >> 31)) >> 11) as f64 / (1u64 << 53) as f64;
    if uniform < fraction { 0.0 } else { (1.0 / (1.0 - fraction)) as f32 }
}

fn transposed<'m>(matrix: &Csr, transpose: &'m OnceLock<Csr>) -> &'m Csr {
    transpose.get_or_init(|| matrix.transpose_view().to_other_storage())
}

fn scale(matrix: &mut Csr, factor: impl Fn(usize, usize) -> f32 + Sync) {
    for (row, mut entries) in matrix.outer_iterator_mut().enumerate() {
        entries.iter_mut().for_each(|(column, value)| *value *= factor(row, column));
    }
}

/// Each row is one thread's, summed in the order of its entries.
fn sparse_product(matrix: &Csr, dense: ArrayView2<f32>) -> Array2<f32> {
    let width = dense.ncols();
    let dense = dense.as_standard_layout();
    let dense = dense.as_slice().expect("it is in standard layout");
    let mut result = Array2::<f32>::zeros((matrix.rows(), width));
    let indptr = matrix.indptr();
    let indptr = indptr.as_slice().expect("a whole matrix begins at 0");
    let rows_per_task = (matrix.rows() / 64).clamp(8, 256);
    let arch = Arch::new();
    let rows = result.as_slice_mut().expect("it is new").par_chunks_mut((rows_per_task * width).max(1));
    rows.enumerate().for_each(|(task, rows)| {
        let indptr = &indptr[task * rows_per_task..];
        arch.dispatch(Rows { indptr, indices: matrix.indices(), values: matrix.data(), dense, width, rows });
    });
    result
}

/// Whether the product with the transpose, [columns, k], stays in the nearest caches, and `matrix` is so much taller
/// that to fetch its rows' places in turn would not.
fn is_flat(matrix: &Csr, k: usize) -> bool {
    matrix.cols() * k <= FLAT_NUMBERS && matrix.rows() >= 8 * matrix.cols()
}

/// matrixᵀ · dense, each row of `dense` being added to the rows of the result that it has a part in.
fn scattered_product(matrix: &Csr, dense: ArrayView2<f32>) -> Array2<f32> {
    let width = dense.ncols();
    let dense = dense.as_standard_layout();
    let dense = dense.as_slice().expect("it is in standard layout");
    let indptr = matrix.indptr();
    let indptr = indptr.as_slice().expect("a whole matrix begins at 0");
    let num_rows = matrix.rows();
    let height = num_rows.div_ceil(SCATTERED_PARTS);
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
    let mut sums = vec![0f32; matrix.cols() * width];
    for part in parts {
        sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    Array2::from_shape_vec((matrix.cols(), width), sums).expect("there is a row for each column")
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
        let Scattered { indptr, indices, values, dense, width, rows, sums } = self;
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
        let Rows { indptr, indices, values, dense, width, rows } = self;
        for (at, sum) in rows.chunks_exact_mut(width).enumerate() {
            let entries = indptr[at]..indptr[at + 1];
            let row = Row { indices: &indices[entries.clone()], values: &values[entries], dense, width };
            let (sum, rest) = S::as_mut_simd_f32s(sum);
            let mut first = 0;
            // As many vectors as fit into registers beside what they are made of.
            while sum.len() - first >= 4 {
                row.add::<S, 4>(simd, first, sum);
                first += 4;
            }
            if sum.len() - first >= 2 {
                row.add::<S, 2>(simd, first, sum);
                first += 2;
            }
            if sum.len() > first {
                row.add::<S, 1>(simd, first, sum);
            }
            if !rest.is_empty() {
                row.add_rest(simd, rest);
            }
        }
    }
}

/// One sparse row, times `dense`.
struct Row<'a> {
    indices: &'a [u32],
    values: &'a [f32],
    dense: &'a [f32],
    width: usize,
}

impl Row<'_> {
    #[inline(always)]
    fn add<S: Simd, const COUNT: usize>(&self, simd: S, first: usize, sum: &mut [S::f32s]) {
        let mut sums: [S::f32s; COUNT] = std::array::from_fn(|at| sum[first + at]);
        for (&column, &value) in self.indices.iter().zip(self.values) {
            let start = column as usize * self.width;
            let (row, _) = S::as_simd_f32s(&self.dense[start..start + self.width]);
            let row = &row[first..first + COUNT];
            let value = simd.splat_f32s(value);
            for at in 0..COUNT {
                sums[at] = simd.mul_add_f32s(value, row[at], sums[at]);
            }
        }
        sum[first..first + COUNT].copy_from_slice(&sums);
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

#[cfg(test)]
mod tests;
