//! Inner products of matrix rows, for sparse and for dense matrices.

use std::sync::Arc;

use ndarray::{Array2, ArrayView1};

use super::by_source::{Block, BlockScore};
use crate::graph::Csr;
use crate::graph::transform::normalize_rows;

/// The share of nonzeros above which rows are stored densely: reading an entry of a dense row costs about an
/// eighth of reading one of a sparse row.
const DENSE_ABOVE: f64 = 0.125;

/// A matrix, [n, k], stored by rows.
pub(super) enum Rows {
    /// All entries.
    Dense(Array2<f32>),
    /// Only the nonzeros.
    Sparse(Csr),
}

impl Rows {
    /// Divides each row of `matrix` by its Euclidean norm, so that inner products are cosines.
    pub(super) fn normalized(mut matrix: Csr) -> Self {
        normalize_rows(&mut matrix);
        if (matrix.nnz() as f64) <= DENSE_ABOVE * matrix.rows() as f64 * matrix.cols() as f64 {
            return Rows::Sparse(matrix);
        }
        let mut dense = Array2::zeros(matrix.shape());
        for (&value, (row, column)) in matrix.iter() {
            dense[[row as usize, column as usize]] = value;
        }
        Rows::Dense(dense)
    }

    fn num_columns(&self) -> usize {
        match self {
            Rows::Dense(rows) => rows.ncols(),
            Rows::Sparse(rows) => rows.cols(),
        }
    }

    /// Writes the row of `node` to `dense`, [k].
    fn write_to(&self, node: usize, dense: &mut [f32]) {
        match self {
            Rows::Dense(rows) => {
                dense.copy_from_slice(rows.row(node).to_slice().expect("rows are contiguous"));
            }
            Rows::Sparse(rows) => {
                let row = rows.outer_view(node).expect("every node has a row");
                dense.fill(0.0);
                row.iter().for_each(|(column, &value)| dense[column] = value);
            }
        }
    }

    /// Returns the inner product of the row of `node` with `dense`, [k].
    fn dot(&self, node: usize, dense: &[f32]) -> f64 {
        match self {
            Rows::Dense(rows) => dense_dot(rows.row(node), dense),
            Rows::Sparse(rows) => {
                let row = rows.outer_view(node).expect("every node has a row");
                row.iter().map(|(column, &value)| f64::from(value) * f64::from(dense[column])).sum()
            }
        }
    }
}

/// Returns an inner product. The compiler keeps its sixteen partial sums in vector registers; their total is
/// in f64.
pub(super) fn dense_dot(row: ArrayView1<f32>, dense: &[f32]) -> f64 {
    let row = row.to_slice().expect("rows are contiguous");
    let (row, dense) = (row.as_chunks::<16>(), dense.as_chunks::<16>());
    let mut sums = [0f32; 16];
    for (a, b) in row.0.iter().zip(dense.0) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = row.1.iter().zip(dense.1).map(|(a, b)| a * b).sum();
    sums.iter().chain([&rest]).map(|&sum| f64::from(sum)).sum()
}

/// The mean of left_u · right_v and left_v · right_u, which is left_u · left_v if both are the same matrix.
pub(super) struct RowProduct {
    left: Arc<Rows>,
    right: Arc<Rows>,
}

impl RowProduct {
    /// Multiplies rows of one matrix.
    pub(super) fn within(rows: &Arc<Rows>) -> Self {
        Self::between(rows, rows)
    }

    /// Multiplies rows of two matrices with equally many columns.
    pub(super) fn between(left: &Arc<Rows>, right: &Arc<Rows>) -> Self {
        RowProduct { left: Arc::clone(left), right: Arc::clone(right) }
    }
}

impl BlockScore for RowProduct {
    fn scores(&self, block: &Block) -> Vec<f64> {
        let mut scores = Vec::with_capacity(block.queries.len());
        let (mut left, mut right) =
            (vec![0f32; self.left.num_columns()], vec![0f32; self.right.num_columns()]);
        for (u, queries) in block.by_source() {
            self.left.write_to(u, &mut left);
            if Arc::ptr_eq(&self.left, &self.right) {
                scores.extend(queries.iter().map(|query| self.left.dot(query.target as usize, &left)));
                continue;
            }
            self.right.write_to(u, &mut right);
            scores.extend(queries.iter().map(|query| {
                let v = query.target as usize;
                0.5 * (self.left.dot(v, &right) + self.right.dot(v, &left))
            }));
        }
        scores
    }
}
