//! Inner products of matrix rows, for sparse and for dense matrices.

use std::sync::Arc;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView1};
use sprs::vec::SparseIterTools;

use super::by_source::{Block, BlockScore};
use crate::graph::Csr;
use crate::graph::transform::{normalize_dense_rows, normalize_rows};

/// The share of nonzeros above which rows are stored densely: reading an entry of a dense row costs about an
/// eighth of reading one of a sparse row.
const DENSE_ABOVE: f64 = 0.125;

/// A matrix, [n, k], stored by rows.
pub(super) enum Rows {
    /// All entries.
    Dense(Array2<f32>),
    /// Only the nonzeros, by row and by column.
    Sparse(Csr, Csr),
}

impl Rows {
    /// Divides each row of `matrix` by its Euclidean norm, so that inner products are cosines.
    pub(super) fn normalized(mut matrix: Csr) -> Self {
        normalize_rows(&mut matrix);
        if (matrix.nnz() as f64) <= DENSE_ABOVE * matrix.rows() as f64 * matrix.cols() as f64 {
            let by_column = matrix.transpose_view().to_csr();
            return Rows::Sparse(matrix, by_column);
        }
        let mut dense = Array2::zeros(matrix.shape());
        for (&value, (row, column)) in matrix.iter() {
            dense[[row as usize, column as usize]] = value;
        }
        Rows::Dense(dense)
    }

    /// Divides each row of a dense `matrix` by its Euclidean norm.
    pub(super) fn normalized_dense(mut matrix: Array2<f32>) -> Self {
        normalize_dense_rows(&mut matrix);
        Rows::Dense(matrix)
    }

    /// Returns the number of rows, n.
    pub(super) fn len(&self) -> usize {
        match self {
            Rows::Dense(rows) => rows.nrows(),
            Rows::Sparse(rows, _) => rows.rows(),
        }
    }

    fn num_columns(&self) -> usize {
        match self {
            Rows::Dense(rows) => rows.ncols(),
            Rows::Sparse(rows, _) => rows.cols(),
        }
    }

    /// Writes the row of `node` to `dense`, [k].
    fn write_to(&self, node: usize, dense: &mut [f32]) {
        match self {
            Rows::Dense(rows) => {
                dense.copy_from_slice(rows.row(node).to_slice().expect("rows are contiguous"));
            }
            Rows::Sparse(rows, _) => {
                let row = rows.outer_view(node).expect("every node has a row");
                dense.fill(0.0);
                row.iter().for_each(|(column, &value)| dense[column] = value);
            }
        }
    }

    /// Returns the inner products of `left`, some rows of a matrix with as many columns, with every row, row after
    /// row of `left`.
    pub(super) fn dot_all(&self, left: &Array2<f32>) -> Vec<f64> {
        match self {
            Rows::Dense(rows) => {
                let mut products = Array2::<f32>::zeros((left.nrows(), rows.nrows()));
                general_mat_mul(1.0, left, &rows.t(), 0.0, &mut products);
                products.iter().map(|&product| f64::from(product)).collect()
            }
            Rows::Sparse(rows, by_column) => {
                let n = rows.rows();
                let mut products = vec![0.0; left.nrows() * n];
                for (products, left) in products.chunks_exact_mut(n).zip(left.rows()) {
                    for (column, &value) in left.iter().enumerate().filter(|(_, value)| **value != 0.0) {
                        let column = by_column.outer_view(column).expect("every column is there");
                        for (node, &entry) in column.iter() {
                            products[node] += f64::from(value) * f64::from(entry);
                        }
                    }
                }
                products
            }
        }
    }

    /// Returns the rows of `nodes`, [nodes, k].
    pub(super) fn select(&self, nodes: &[u32]) -> Array2<f32> {
        let mut selected = Array2::zeros((nodes.len(), self.num_columns()));
        for (mut row, &node) in selected.rows_mut().into_iter().zip(nodes) {
            self.write_to(node as usize, row.as_slice_mut().expect("rows are contiguous"));
        }
        selected
    }

    /// Returns the inner product of the rows of two nodes.
    pub(super) fn dot_nodes(&self, u: usize, v: usize) -> f64 {
        match self {
            Rows::Dense(rows) => dense_dot(rows.row(u), rows.row(v).to_slice().expect("rows are contiguous")),
            Rows::Sparse(rows, _) => {
                let row = |node| rows.outer_view(node).expect("every node has a row");
                row(u).iter().nnz_zip(row(v).iter()).map(|(_, &a, &b)| f64::from(a) * f64::from(b)).sum()
            }
        }
    }

    /// Returns the inner product of the row of `node` with `dense`, [k].
    fn dot(&self, node: usize, dense: &[f32]) -> f64 {
        match self {
            Rows::Dense(rows) => dense_dot(rows.row(node), dense),
            Rows::Sparse(rows, _) => {
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

    fn rows(&self, sources: &[u32], _: usize) -> Vec<f64> {
        if Arc::ptr_eq(&self.left, &self.right) {
            return self.left.dot_all(&self.left.select(sources));
        }
        let mut scores = self.left.dot_all(&self.right.select(sources));
        let others = self.right.dot_all(&self.left.select(sources));
        scores.iter_mut().zip(others).for_each(|(score, other)| *score = 0.5 * (*score + other));
        scores
    }
}
