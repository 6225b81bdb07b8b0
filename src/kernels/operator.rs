//! The constant matrices of a network, Â and X, and their products with dense matrices.

mod gather;
mod scatter;

use std::borrow::Cow;
use std::sync::OnceLock;

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use crate::kernels::dropout::Dropout;

use crate::kernels::Csr;
use crate::kernels::gemm;

pub(crate) use gather::SparseRow;

/// A constant matrix, [rows, columns], that can be multiplied, directly or transposed, with dense matrices.
///
/// # Examples
/// ```
/// use std::borrow::Cow;
/// use ndarray::{Array2, array};
/// use vgae::graph::{EdgeList, Features};
/// use vgae::graph::normalize;
/// use vgae::kernels::operator::Operator;
///
/// let adj_norm = Operator::symmetric(normalize::symmetric(&EdgeList::new(2, vec![(0, 1)], None).0));
/// let mut product = Array2::zeros((2, 1));
/// adj_norm.apply(array![[2f32], [4.0]].view(), &mut product);
/// assert_eq!(product, array![[3.0], [3.0]]);
///
/// let features = Features::from(array![[1f32, 0.0, 0.0]]);
/// let x = Operator::sparse(features.to_sparse());
/// assert_eq!((x.num_rows(), x.num_columns()), (1, 3));
/// let mut gradient = Array2::zeros((3, 1));
/// Operator::dense(Cow::Owned(features.to_dense())).apply_adjoint(array![[2f32]].view(), &mut gradient);
/// assert_eq!(gradient, array![[2.0], [0.0], [0.0]]);
/// ```
pub struct Operator<'a> {
    matrix: Matrix<'a>,
}

enum Matrix<'a> {
    /// A symmetric matrix in compressed rows.
    Symmetric(Csr),
    /// A matrix in compressed rows and its transpose, which is built when the backward pass first needs it.
    Sparse(Cow<'a, Csr>, OnceLock<Csr>),
    /// A dense matrix.
    Dense(Cow<'a, Array2<f32>>),
}

/// The stored form of a constant matrix, for tapes with other kernels.
pub(crate) enum Constant<'a> {
    Dense(&'a Array2<f32>),
    Sparse { matrix: &'a Csr, transpose: &'a Csr },
}

impl<'a> Operator<'a> {
    /// Wraps a symmetric matrix, such as Â.
    pub fn symmetric(matrix: Csr) -> Self {
        Operator { matrix: Matrix::Symmetric(matrix) }
    }

    /// Wraps any sparse matrix, such as X. The transpose takes O(nonzeros) time and memory when it is first
    /// needed.
    pub fn sparse(matrix: Cow<'a, Csr>) -> Self {
        Operator { matrix: Matrix::Sparse(matrix, OnceLock::new()) }
    }

    /// Wraps a dense matrix.
    pub fn dense(matrix: Cow<'a, Array2<f32>>) -> Self {
        Operator { matrix: Matrix::Dense(matrix) }
    }

    /// Returns the number of rows, which is the number of rows of the result of [`Operator::apply`].
    pub fn num_rows(&self) -> usize {
        match &self.matrix {
            Matrix::Symmetric(matrix) => matrix.rows(),
            Matrix::Sparse(matrix, _) => matrix.rows(),
            Matrix::Dense(matrix) => matrix.nrows(),
        }
    }

    /// Returns the number of columns, which is the number of rows of the argument of [`Operator::apply`].
    pub fn num_columns(&self) -> usize {
        match &self.matrix {
            Matrix::Symmetric(matrix) => matrix.cols(),
            Matrix::Sparse(matrix, _) => matrix.cols(),
            Matrix::Dense(matrix) => matrix.ncols(),
        }
    }

    /// Writes this matrix times `dense`, [columns, k], to `result`, [rows, k], which must be stored row by
    /// row. O(entries · k) time. The result is bit-identical for any number of threads.
    pub fn apply(&self, dense: ArrayView2<f32>, result: &mut Array2<f32>) {
        let result = result.as_slice_mut().expect("the result is stored row by row");
        match &self.matrix {
            Matrix::Symmetric(matrix) => gather::product(matrix, dense, result),
            Matrix::Sparse(matrix, _) => gather::product(matrix, dense, result),
            Matrix::Dense(matrix) => gemm::product(matrix.view(), dense, result),
        }
    }

    /// Writes the transpose of this matrix times `dense`, [rows, k], to `result`, [columns, k], which must be
    /// stored row by row. O(entries · k) time. The result is bit-identical for any number of threads.
    pub fn apply_adjoint(&self, dense: ArrayView2<f32>, result: &mut Array2<f32>) {
        let numbers = result.as_slice_mut().expect("the result is stored row by row");
        match &self.matrix {
            Matrix::Symmetric(matrix) => gather::product(matrix, dense, numbers),
            Matrix::Sparse(matrix, _) if scatter::is_faster(matrix, dense.ncols()) => {
                scatter::product(matrix, dense, numbers);
            }
            Matrix::Sparse(matrix, transpose) => {
                gather::product(transposed(matrix, transpose), dense, numbers);
            }
            Matrix::Dense(matrix) => result.assign(&gemm::transposed_product(matrix.view(), dense)),
        }
    }

    /// Returns the stored matrix, for tapes with other kernels.
    pub(crate) fn constant(&self) -> Constant<'_> {
        match &self.matrix {
            Matrix::Symmetric(matrix) => Constant::Sparse { matrix, transpose: matrix },
            Matrix::Sparse(matrix, transpose) => {
                Constant::Sparse { matrix, transpose: transposed(matrix, transpose) }
            }
            Matrix::Dense(matrix) => Constant::Dense(matrix),
        }
    }

    /// Returns a copy in which each entry is zero with probability `fraction` and otherwise multiplied by
    /// 1 / (1 − fraction). A hash of the entry's position and `seed` decides whether the entry stays, so that
    /// the transpose drops the same entries without a table.
    pub(crate) fn with_dropout(&self, dropout: Dropout) -> Operator<'static> {
        let num_columns = self.num_columns() as u64;
        let factor = |row: usize, column: usize| dropout.factor(row as u64 * num_columns + column as u64);
        let matrix = match &self.matrix {
            Matrix::Symmetric(_) => unreachable!("dropout is not applied to Â"),
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

fn transposed<'m>(matrix: &Csr, transpose: &'m OnceLock<Csr>) -> &'m Csr {
    transpose.get_or_init(|| matrix.transpose_view().to_other_storage())
}

fn scale(matrix: &mut Csr, factor: impl Fn(usize, usize) -> f32 + Sync) {
    let mut rows: Vec<_> = matrix.outer_iterator_mut().enumerate().collect();
    rows.par_iter_mut().with_min_len(256).for_each(|(row, entries)| {
        entries.iter_mut().for_each(|(column, value)| *value *= factor(*row, column));
    });
}

#[cfg(test)]
mod tests;
