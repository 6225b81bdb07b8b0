//! Inner products of matrix rows, for sparse and for dense matrices.

use std::sync::Arc;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView1, Axis};
use pulp::Arch;
use sprs::vec::SparseIterTools;

use super::by_source::{Block, BlockScore, Query};
use super::dense::{DenseDots, Entry, Half, dense_dot};
use crate::graph::Csr;
use crate::graph::transform::{normalize_dense_rows, normalize_rows};

/// The share of nonzeros above which rows are stored densely: reading an entry of a dense row costs about an
/// eighth of reading one of a sparse row.
const DENSE_ABOVE: f64 = 0.125;

/// The cost of an entry in a sparse inner product, relative to one of [`Rows::dot_all`], which goes through memory in
/// order.
const ENTRY_COST: usize = 3;

/// The bytes of the rows of first nodes that products are computed with together.
const CACHED_BYTES: usize = 1 << 19;

/// The rounded rows that are converted together for a product of matrices.
const CONVERTED_ROWS: usize = 256;

/// A matrix, [n, k], stored by rows.
pub(super) enum Rows {
    /// All entries.
    Dense(Array2<f32>),
    /// All entries, rounded, and the factor of each row.
    Compact(Array2<Half>, Vec<f32>),
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
            Rows::Compact(rows, _) => rows.nrows(),
            Rows::Sparse(rows, _) => rows.rows(),
        }
    }

    pub(super) fn num_columns(&self) -> usize {
        match self {
            Rows::Dense(rows) => rows.ncols(),
            Rows::Compact(rows, _) => rows.ncols(),
            Rows::Sparse(rows, _) => rows.cols(),
        }
    }

    /// Writes the row of `node` to `dense`, [k].
    pub(super) fn write_to(&self, node: usize, dense: &mut [f32]) {
        match self {
            Rows::Dense(rows) => {
                dense.copy_from_slice(rows.row(node).to_slice().expect("rows are contiguous"));
            }
            Rows::Compact(rows, factors) => {
                let row = rows.row(node);
                dense.iter_mut().zip(&row).for_each(|(value, half)| *value = half.value() * factors[node]);
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
            Rows::Compact(rows, _) => {
                let mut products = Array2::<f32>::zeros((left.nrows(), rows.nrows()));
                let mut first = 0;
                for mut products in products.axis_chunks_iter_mut(Axis(1), CONVERTED_ROWS) {
                    let nodes: Vec<u32> = (first..first + products.ncols() as u32).collect();
                    general_mat_mul(1.0, left, &self.select(&nodes).t(), 0.0, &mut products);
                    first += nodes.len() as u32;
                }
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
            Rows::Dense(rows) => dense_dot(rows.row(u), rows.row(v)),
            Rows::Compact(..) => self.dot(u, &self.select(&[v as u32]).row(0)),
            Rows::Sparse(rows, _) => {
                let row = |node| rows.outer_view(node).expect("every node has a row");
                row(u).iter().nnz_zip(row(v).iter()).map(|(_, &a, &b)| f64::from(a) * f64::from(b)).sum()
            }
        }
    }

    /// Returns the inner product of the row of each query's second node with the row of its first node in
    /// `of_sources`.
    fn dot_queries(&self, block: &Block, of_sources: &Rows) -> Vec<f64> {
        if let (Rows::Dense(rows), Rows::Sparse(of_sources, _)) = (self, of_sources) {
            let mut products = vec![0.0; block.queries.len()];
            for place in block.by_target().iter().map(|&place| place as usize) {
                let Query { source, target } = block.queries[place];
                let source = block.sources[source as usize] as usize;
                products[place] = sparse_dot(of_sources, source, rows.row(target as usize));
            }
            return products;
        }
        // Few first nodes at a time, so that their rows stay in the cache; the other rows are read in order.
        let num_sources = (CACHED_BYTES / (4 * self.num_columns().max(1))).max(1) as u32;
        let mut products = vec![0.0; block.queries.len()];
        for first in (0..block.sources.len() as u32).step_by(num_sources as usize) {
            let last = (first + num_sources).min(block.sources.len() as u32);
            let dense = of_sources.select(&block.sources[first as usize..last as usize]);
            let places = block.by_target().iter().map(|&place| place as usize);
            let places = places.filter(|&place| (first..last).contains(&block.queries[place].source));
            let (queries, arch) = (&block.queries, Arch::new());
            match self {
                Rows::Dense(rows) => {
                    let (places, products): (Vec<usize>, _) = (places.collect(), &mut products);
                    arch.dispatch(DenseDots {
                        rows,
                        dense: &dense,
                        first,
                        queries,
                        places: &places,
                        products,
                    });
                }
                Rows::Compact(rows, factors) => {
                    let (places, products): (Vec<usize>, &mut Vec<f64>) = (places.collect(), &mut products);
                    let dense = &dense;
                    arch.dispatch(DenseDots { rows, dense, first, queries, places: &places, products });
                    for place in places {
                        products[place] *= f64::from(factors[queries[place].target as usize]);
                    }
                }
                Rows::Sparse(rows, _) => places.for_each(|place| {
                    let Query { source, target } = queries[place];
                    products[place] = sparse_dot(rows, target as usize, dense.row((source - first) as usize));
                }),
            }
        }
        products
    }

    /// Returns the inner product of the row of `node` with `dense`, [k].
    pub(super) fn dot(&self, node: usize, dense: &ArrayView1<f32>) -> f64 {
        match self {
            Rows::Dense(rows) => dense_dot(rows.row(node), *dense),
            Rows::Compact(rows, factors) => dense_dot(rows.row(node), *dense) * f64::from(factors[node]),
            Rows::Sparse(rows, _) => sparse_dot(rows, node, *dense),
        }
    }

    /// Returns `true` if [`Rows::dot_all`] of one node costs less than inner products with `num_nodes` rows.
    pub(super) fn is_cheaper_for_all(&self, node: usize, num_nodes: usize) -> bool {
        match self {
            Rows::Dense(_) | Rows::Compact(..) => num_nodes > self.len(),
            Rows::Sparse(rows, by_column) => {
                let row = rows.outer_view(node).expect("every node has a row");
                let length = |&column: &u32| by_column.indptr().outer_inds_sz(column as usize).len();
                let cost_of_all: usize = row.indices().iter().map(length).sum();
                cost_of_all * rows.rows() < ENTRY_COST * num_nodes * rows.nnz()
            }
        }
    }

    /// Returns the nonzeros of a row as (column, value), or `None` if rows are stored densely.
    pub(super) fn nonzeros(&self, node: usize) -> Option<impl Iterator<Item = (usize, f32)>> {
        match self {
            Rows::Dense(_) | Rows::Compact(..) => None,
            Rows::Sparse(rows, _) => {
                let row = rows.outer_view(node).expect("every node has a row");
                let (columns, values) = row.into_raw_storage();
                Some(columns.iter().zip(values).map(|(&column, &value)| (column as usize, value)))
            }
        }
    }
}

/// Returns the inner product of a sparse row with `dense`, [k].
fn sparse_dot(rows: &Csr, node: usize, dense: ArrayView1<f32>) -> f64 {
    let row = rows.outer_view(node).expect("every node has a row");
    let dense = dense.to_slice().expect("rows are contiguous");
    row.iter().map(|(column, &value)| f64::from(value) * f64::from(dense[column])).sum()
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
        if Arc::ptr_eq(&self.left, &self.right) {
            return self.left.dot_queries(block, &self.left);
        }
        let mut scores = self.left.dot_queries(block, &self.right);
        let others = self.right.dot_queries(block, &self.left);
        scores.iter_mut().zip(others).for_each(|(score, other)| *score = 0.5 * (*score + other));
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
