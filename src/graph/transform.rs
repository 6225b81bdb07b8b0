//! Transformations of the node features, applied before any model or score uses them.
//!
//! # Examples
//! ```
//! use vgae::config::FeatureTransform;
//! use vgae::graph::Features;
//! use vgae::graph::transform::{largest, mean_row_sum, transform};
//!
//! let features = Features::from(ndarray::array![[1f32, 3.0], [0.0, 2.0]]);
//! assert_eq!((largest(&features), mean_row_sum(&features)), (3.0, 3.0));
//! assert_eq!(transform(&features, FeatureTransform::Row).to_dense()[[0, 1]], 0.75);
//! ```

use std::borrow::Cow;

use ndarray::Array2;

use crate::config::FeatureTransform;
use crate::graph::{Csr, Features};

/// Transforms the features X, [n, f]. [`FeatureTransform::None`] borrows X unchanged at no cost; the others
/// take O(stored entries) time and memory. Sums and logarithms are computed in f64.
///
/// - [`FeatureTransform::Row`] divides each row by its sum of absolute values, as in Kipf & Welling's code.
/// - [`FeatureTransform::Tfidf`] multiplies each column by ln((1 + n) / (1 + df)) + 1, where df is the number
///   of rows with an entry in the column, and then divides each row by its Euclidean norm. This equals
///   scikit-learn's `TfidfTransformer` with its defaults.
///
/// Rows of zeros stay zeros.
pub fn transform(features: &Features, kind: FeatureTransform) -> Cow<'_, Features> {
    if kind == FeatureTransform::None {
        return Cow::Borrowed(features);
    }
    let mut result = features.clone();
    match kind {
        FeatureTransform::None => {}
        FeatureTransform::Row => for_each_row(&mut result, |_, row| divide(row, absolute_sum(row))),
        FeatureTransform::Tfidf => {
            let weights = inverse_document_frequencies(features);
            for_each_row(&mut result, |columns, row| {
                // The division by the norm undoes the scaling, and scaling by a power of two is exact.
                let is_huge = row.iter().any(|value| value.abs() > HUGE);
                let scale = if is_huge { 0.5f64.powi(64) } else { 1.0 };
                for (at, value) in row.iter_mut().enumerate() {
                    let column = columns.map_or(at, |columns| columns[at] as usize);
                    *value = (f64::from(*value) * scale * weights[column]) as f32;
                }
                divide(row, norm(row));
            });
        }
    }
    Cow::Owned(result)
}

/// Returns the largest absolute value of X; 0 if X is empty.
pub fn largest(features: &Features) -> f32 {
    features.values().fold(0f32, |most, value| most.max(value.abs()))
}

/// Returns the mean over the rows of X of the sum of absolute values; 0 if X is empty.
pub fn mean_row_sum(features: &Features) -> f64 {
    features.values().map(|value| f64::from(value.abs())).sum::<f64>() / features.rows().max(1) as f64
}

/// Products of values above this may exceed the range of f32.
const HUGE: f32 = 1e30;

/// Scales each column of `features`, which must have the columns of `trained`, such that
/// [`FeatureTransform::Tfidf`] gives the result that it would give with the document frequencies of
/// `trained`.
pub(crate) fn weigh_as(mut features: Features, trained: &Features) -> Features {
    let own = inverse_document_frequencies(&features);
    let wanted = inverse_document_frequencies(trained);
    for_each_row(&mut features, |columns, row| {
        for (at, value) in row.iter_mut().enumerate() {
            let column = columns.map_or(at, |columns| columns[at] as usize);
            *value = (f64::from(*value) * wanted[column] / own[column]) as f32;
        }
    });
    features
}

/// Divides each row by its Euclidean norm; rows of zeros stay zeros.
pub(crate) fn normalize_rows(matrix: &mut Csr) {
    for_each_sparse_row(matrix, |_, row| divide(row, norm(row)));
}

/// Divides each row of a dense matrix by its Euclidean norm, like [`normalize_rows`].
pub(crate) fn normalize_dense_rows(matrix: &mut Array2<f32>) {
    for_each_dense_row(matrix, |row| divide(row, norm(row)));
}

/// Calls `change` for each row with the columns of its stored entries, `None` if all are stored, and the
/// entries.
fn for_each_row(features: &mut Features, change: impl Fn(Option<&[u32]>, &mut [f32])) {
    match features {
        Features::Sparse(matrix) => for_each_sparse_row(matrix, |columns, row| change(Some(columns), row)),
        Features::Dense(matrix) => for_each_dense_row(matrix, |row| change(None, row)),
    }
}

fn for_each_dense_row(matrix: &mut Array2<f32>, change: impl Fn(&mut [f32])) {
    if !matrix.is_standard_layout() {
        *matrix = matrix.as_standard_layout().into_owned();
    }
    for mut row in matrix.rows_mut() {
        change(row.as_slice_mut().expect("the matrix is in standard layout"));
    }
}

fn for_each_sparse_row(matrix: &mut Csr, change: impl Fn(&[u32], &mut [f32])) {
    let (indptr, indices, values) = matrix.view_mut().into_raw_storage();
    for range in indptr.windows(2) {
        change(&indices[range[0]..range[1]], &mut values[range[0]..range[1]]);
    }
}

fn divide(row: &mut [f32], size: f64) {
    if size > 0.0 {
        row.iter_mut().for_each(|value| *value = (f64::from(*value) / size) as f32);
    }
}

fn absolute_sum(row: &[f32]) -> f64 {
    row.iter().map(|&x| f64::from(x).abs()).sum()
}

fn norm(row: &[f32]) -> f64 {
    row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt()
}

/// Returns ln((1 + n) / (1 + df)) + 1 for each column.
fn inverse_document_frequencies(features: &Features) -> Vec<f64> {
    let mut num_rows_with = vec![0usize; features.cols()];
    for row in 0..features.rows() {
        features.row_entries(row).for_each(|(column, _)| num_rows_with[column] += 1);
    }
    let n = features.rows() as f64;
    num_rows_with.into_iter().map(|count| ((1.0 + n) / (1.0 + count as f64)).ln() + 1.0).collect()
}
