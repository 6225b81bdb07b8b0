//! What is done to the node features before any model or score sees them.

use crate::config::FeatureTransform;
use crate::graph::Csr;

/// The features X, [n, f], transformed; [n, f]. O(nonzeros) time and memory; sums and logarithms are taken in
/// f64.
///
/// - [`FeatureTransform::Row`]: each row divided by its sum of absolute values, as in Kipf & Welling's code.
/// - [`FeatureTransform::Tfidf`]: each column times ln((1 + n) / (1 + df)) + 1, where df is the number of rows
///   that have it, then each row divided by its Euclidean norm. That is scikit-learn's `TfidfTransformer` with
///   its defaults.
///
/// Rows of zeros stay zeros.
pub fn transform(features: &Csr, kind: FeatureTransform) -> Csr {
    let mut result = features.clone();
    match kind {
        FeatureTransform::None => {}
        FeatureTransform::Row => {
            divide_rows(&mut result, |row| row.iter().map(|&x| f64::from(x).abs()).sum())
        }
        FeatureTransform::Tfidf => {
            let weights = inverse_document_frequencies(features);
            for mut row in result.outer_iterator_mut() {
                for (column, value) in row.iter_mut() {
                    *value = (f64::from(*value) * weights[column]) as f32;
                }
            }
            normalize_rows(&mut result);
        }
    }
    result
}

/// The largest absolute value of X; 0 where it is empty.
pub fn largest(features: &Csr) -> f32 {
    features.data().iter().fold(0f32, |most, value| most.max(value.abs()))
}

/// Divides each row by its Euclidean norm; rows of zeros stay.
pub(crate) fn normalize_rows(matrix: &mut Csr) {
    divide_rows(matrix, |row| row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt());
}

fn divide_rows(matrix: &mut Csr, size: impl Fn(&[f32]) -> f64) {
    for mut row in matrix.outer_iterator_mut() {
        let size = size(row.data());
        if size > 0.0 {
            row.iter_mut().for_each(|(_, value)| *value = (f64::from(*value) / size) as f32);
        }
    }
}

fn inverse_document_frequencies(features: &Csr) -> Vec<f64> {
    let mut num_rows_with = vec![0usize; features.cols()];
    for (&value, (_, column)) in features.iter() {
        num_rows_with[column as usize] += usize::from(value != 0.0);
    }
    let n = features.rows() as f64;
    num_rows_with.into_iter().map(|count| ((1.0 + n) / (1.0 + count as f64)).ln() + 1.0).collect()
}
