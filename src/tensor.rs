//! Between sprs and tch: constant sparse operators that autograd passes through.
//!
//! tch offers no way to define a differentiable function in Rust. So a product with a constant matrix is
//! taken on plain slices, its result enters autograd as a new leaf, and a [`Tape`] remembers where: on the way
//! back it takes the leaf's gradient, applies the adjoint, and seeds the piece of the graph before it.

use std::cell::OnceCell;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use tch::{Kind, Tensor};

use crate::graph::Csr;

/// Rows that one task of a sparse product takes.
const ROWS_PER_TASK: usize = 128;

/// A constant sparse matrix and its transpose.
pub(crate) struct SparseOperator {
    matrix: Csr,
    transpose: Transpose,
}

/// Only the way back needs a transpose, so it is made on the way back: embedding does without.
enum Transpose {
    /// The matrix is symmetric.
    Itself,
    Other(OnceCell<Csr>),
}

impl SparseOperator {
    /// A symmetric matrix, such as Â.
    pub(crate) fn symmetric(matrix: Csr) -> Self {
        SparseOperator { matrix, transpose: Transpose::Itself }
    }

    /// Any matrix, such as X. O(nonzeros) time and memory, when its adjoint is first applied.
    pub(crate) fn general(matrix: Csr) -> Self {
        SparseOperator { matrix, transpose: Transpose::Other(OnceCell::new()) }
    }

    /// The number of columns, which is the number of rows of what it is applied to.
    pub(crate) fn num_columns(&self) -> usize {
        self.matrix.cols()
    }

    /// A copy in which each entry is zero with probability `fraction` and else scaled up by the inverse of
    /// what is left. Whether an entry stays is a hash of its place and `seed`, so that the transpose drops
    /// the same entries without a table.
    pub(crate) fn with_dropout(&self, fraction: f64, seed: u64) -> Self {
        let num_columns = self.matrix.cols() as u64;
        let factor = |row: usize, column: usize| {
            dropout_factor(fraction, seed, row as u64 * num_columns + column as u64)
        };
        let mut matrix = self.matrix.clone();
        for (row, mut entries) in matrix.outer_iterator_mut().enumerate() {
            for (column, value) in entries.iter_mut() {
                *value *= factor(row, column);
            }
        }
        let transpose = match self.transpose {
            Transpose::Itself => Transpose::Itself,
            Transpose::Other(_) => {
                let mut transpose = self.transpose().clone();
                for (column, mut entries) in transpose.outer_iterator_mut().enumerate() {
                    for (row, value) in entries.iter_mut() {
                        *value *= factor(row, column);
                    }
                }
                Transpose::Other(OnceCell::from(transpose))
            }
        };
        SparseOperator { matrix, transpose }
    }

    fn transpose(&self) -> &Csr {
        match &self.transpose {
            Transpose::Itself => &self.matrix,
            Transpose::Other(transpose) => {
                transpose.get_or_init(|| self.matrix.transpose_view().to_other_storage())
            }
        }
    }

    fn apply(&self, dense: &Tensor) -> Tensor {
        product(&self.matrix, dense)
    }

    fn apply_adjoint(&self, dense: &Tensor) -> Tensor {
        product(self.transpose(), dense)
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

/// Where constant operators cut a computation into pieces that autograd knows.
#[derive(Default)]
pub(crate) struct Tape<'a> {
    cuts: Vec<Cut<'a>>,
}

struct Cut<'a> {
    operator: &'a SparseOperator,
    input: Tensor,
    output: Tensor,
}

impl<'a> Tape<'a> {
    /// operator · input, [rows, k], for an input of [columns, k]. O(nonzeros · k) time.
    pub(crate) fn apply(&mut self, operator: &'a SparseOperator, input: &Tensor) -> Tensor {
        let output = operator.apply(input).set_requires_grad(true);
        self.cuts.push(Cut { operator, input: input.shallow_clone(), output: output.shallow_clone() });
        output
    }

    /// Back-propagates `loss` to the parameters, through every operator that was applied.
    pub(crate) fn backward(self, loss: &Tensor) {
        loss.backward();
        for Cut { operator, input, output } in self.cuts.into_iter().rev() {
            let gradient = output.grad();
            if gradient.defined() && input.requires_grad() {
                // Σ input · g has the gradient g, which is the vector-Jacobian product that is wanted.
                (input * operator.apply_adjoint(&gradient)).sum(Kind::Float).backward();
            }
        }
    }
}

/// The values of a float tensor, row by row.
pub(crate) fn to_vec(tensor: &Tensor) -> Vec<f32> {
    let tensor = tensor.detach().contiguous();
    let mut values = vec![0f32; tensor.numel()];
    tensor.copy_data(&mut values, tensor.numel());
    values
}

/// An [n, k] tensor of `values`, row by row.
pub(crate) fn from_rows(values: &[f32], n: usize, k: usize) -> Tensor {
    Tensor::from_slice(values).view([n as i64, k as i64])
}

fn product(matrix: &Csr, dense: &Tensor) -> Tensor {
    let width = dense.size()[1] as usize;
    let values = multiply(matrix, &to_vec(dense), width);
    from_rows(&values, matrix.rows(), width)
}

/// matrix · dense, [rows, width], for `dense` of [columns, width], both row by row. Each row is one thread's,
/// summed in the order of its entries: the result does not depend on the number of threads.
pub(crate) fn multiply(matrix: &Csr, dense: &[f32], width: usize) -> Vec<f32> {
    let indptr = matrix.indptr();
    multiply_entries(&indptr.to_proper(), matrix.indices(), matrix.data(), dense, width)
}

/// As [`multiply`], for a matrix in compressed rows whose columns may come in any order and more than once.
pub(crate) fn multiply_entries(
    indptr: &[usize],
    indices: &[u32],
    values: &[f32],
    dense: &[f32],
    width: usize,
) -> Vec<f32> {
    let mut result = vec![0f32; (indptr.len() - 1) * width];
    let arch = Arch::new();
    result.par_chunks_mut((ROWS_PER_TASK * width).max(1)).enumerate().for_each(|(task, rows)| {
        let indptr = &indptr[task * ROWS_PER_TASK..];
        arch.dispatch(Rows { indptr, indices, values, dense, width, rows });
    });
    result
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
        for (at, sum) in self.rows.chunks_exact_mut(self.width).enumerate() {
            let (sum, sum_rest) = S::as_mut_simd_f32s(sum);
            for entry in self.indptr[at]..self.indptr[at + 1] {
                let column = self.indices[entry] as usize * self.width;
                let (row, row_rest) = S::as_simd_f32s(&self.dense[column..column + self.width]);
                let value = simd.splat_f32s(self.values[entry]);
                for (sum, &row) in sum.iter_mut().zip(row) {
                    *sum = simd.mul_add_f32s(value, row, *sum);
                }
                if !row_rest.is_empty() {
                    let old = simd.partial_load_f32s(sum_rest);
                    let new = simd.mul_add_f32s(value, simd.partial_load_f32s(row_rest), old);
                    simd.partial_store_f32s(sum_rest, new);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix() -> Csr {
        // [[1, 0, 2, 0, 0], [0, 0, 0, 0, 0], [-3, 4, 0, 0, 0.5]]
        Csr::new((3, 5), vec![0, 2, 2, 5], vec![0, 2, 0, 1, 4], vec![1.0, 2.0, -3.0, 4.0, 0.5])
    }

    #[test]
    fn a_product_is_the_sum_of_scaled_rows() {
        for width in [1, 3, 16, 19] {
            let dense: Vec<f32> = (0..5 * width).map(|at| at as f32).collect();
            let product = multiply(&matrix(), &dense, width);
            for column in 0..width {
                let x = |row: usize| dense[row * width + column];
                assert_eq!(product[column], x(0) + 2.0 * x(2));
                assert_eq!(product[width + column], 0.0);
                assert_eq!(product[2 * width + column], -3.0 * x(0) + 4.0 * x(1) + 0.5 * x(4));
            }
        }
    }

    #[test]
    fn dropout_scales_what_it_keeps_and_drops_the_same_entries_of_the_transpose() {
        let operator = SparseOperator::general(matrix());
        let (mut num_kept, num_seeds) = (0, 4000);
        for seed in 0..num_seeds {
            let dropped = operator.with_dropout(0.25, seed);
            let transpose = dropped.transpose();
            for (&value, (row, column)) in dropped.matrix.iter() {
                let original = *operator.matrix.get(row as usize, column as usize).unwrap();
                assert!(value == 0.0 || (value - original / 0.75).abs() < 1e-6);
                assert_eq!(*transpose.get(column as usize, row as usize).unwrap(), value);
                num_kept += usize::from(value != 0.0);
            }
        }
        // 20,000 draws with a chance of 3/4: five standard errors.
        let share = num_kept as f64 / (5 * num_seeds) as f64;
        assert!((share - 0.75).abs() < 5.0 * (0.75f64 * 0.25 / 20_000.0).sqrt(), "{share}");
    }
}
