//! Inner products of the rows of matrices, sparse ones or nearly full ones.

use std::sync::Arc;

use ndarray::{Array2, ArrayView1};

use super::by_source::{Block, Score};
use crate::graph::Csr;
use crate::graph::transform::normalize_rows;

/// The share of nonzeros above which rows are stored in full: a step through full rows costs about an eighth
/// of a step through the entries of a sparse one.
const FULL_ABOVE: f64 = 0.125;

/// A matrix of [n, k] by rows.
pub(super) enum Rows {
    /// All entries.
    Full(Array2<f32>),
    /// The nonzeros.
    Sparse(Csr),
}

impl Rows {
    /// The rows of `matrix`, each divided by its Euclidean norm, so that inner products are cosines.
    pub(super) fn normalized(mut matrix: Csr) -> Self {
        normalize_rows(&mut matrix);
        if (matrix.nnz() as f64) <= FULL_ABOVE * matrix.rows() as f64 * matrix.cols() as f64 {
            return Rows::Sparse(matrix);
        }
        let mut full = Array2::zeros(matrix.shape());
        for (&value, (row, column)) in matrix.iter() {
            full[[row as usize, column as usize]] = value;
        }
        Rows::Full(full)
    }

    fn num_columns(&self) -> usize {
        match self {
            Rows::Full(rows) => rows.ncols(),
            Rows::Sparse(rows) => rows.cols(),
        }
    }

    /// Writes the row of `node` to `full`, [k].
    fn write_to(&self, node: usize, full: &mut [f32]) {
        match self {
            Rows::Full(rows) => {
                full.copy_from_slice(rows.row(node).to_slice().expect("rows are stored one after the other"));
            }
            Rows::Sparse(rows) => {
                let row = rows.outer_view(node).expect("every node has a row");
                full.fill(0.0);
                row.iter().for_each(|(column, &value)| full[column] = value);
            }
        }
    }

    /// The inner product of the row of `node` with `full`, [k].
    fn dot(&self, node: usize, full: &[f32]) -> f64 {
        match self {
            Rows::Full(rows) => full_dot(rows.row(node), full),
            Rows::Sparse(rows) => {
                let row = rows.outer_view(node).expect("every node has a row");
                row.iter().map(|(column, &value)| f64::from(value) * f64::from(full[column])).sum()
            }
        }
    }
}

/// An inner product in sixteen partial sums, which the compiler keeps in vector registers.
pub(super) fn full_dot(row: ArrayView1<f32>, full: &[f32]) -> f64 {
    let row = row.to_slice().expect("rows are stored one after the other");
    let (row, full) = (row.as_chunks::<16>(), full.as_chunks::<16>());
    let mut sums = [0f32; 16];
    for (a, b) in row.0.iter().zip(full.0) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = row.1.iter().zip(full.1).map(|(a, b)| a * b).sum();
    sums.iter().chain([&rest]).map(|&sum| f64::from(sum)).sum()
}

/// The mean of left_u · right_v and left_v · right_u; where both are the same matrix, left_u · left_v.
pub(super) struct RowProduct {
    left: Arc<Rows>,
    right: Arc<Rows>,
}

impl RowProduct {
    /// Products within `rows`.
    pub(super) fn within(rows: &Arc<Rows>) -> Self {
        Self::between(rows, rows)
    }

    /// Products between two matrices of as many columns.
    pub(super) fn between(left: &Arc<Rows>, right: &Arc<Rows>) -> Self {
        RowProduct { left: Arc::clone(left), right: Arc::clone(right) }
    }
}

impl Score for RowProduct {
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
