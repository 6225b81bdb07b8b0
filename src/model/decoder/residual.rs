//! A deep perceptron on the Hadamard product of two embeddings.

use ndarray::{Array1, Array2, ArrayView2};
use rayon::prelude::*;

use super::hadamard::Gradient;
use crate::graph::Pair;
use crate::kernels::dropout::Dropout;
use crate::kernels::gemm;
use crate::kernels::layer_norm::{back_through_layer_norm, layer_norm};

/// The number of pairs that go through the layers together when logits are computed.
const BLOCK: usize = 1024;
/// The number of rows that one task changes.
const ROWS_PER_TASK: usize = 64;

/// A decoder with x_0 = z_u ∘ z_v, x_i = relu(norm(x_i-1 W_i + b_i + x_0)) and logit(u, v) = x_last · w + c, where norm
/// is [layer normalisation](https://arxiv.org/abs/1607.06450). It is the deep perceptron of Ma, Wang & Zhang 2025,
/// *Reconsidering the performance of GAE in link prediction*, section 4, with ReLU. Departure: the normalisation has no
/// learnt gain and bias. It is symmetric because z_u ∘ z_v is.
///
/// # Examples
/// ```
/// use ndarray::{array, Array2};
/// use vgae::model::decoder::ResidualMlp;
///
/// let perceptron =
///     ResidualMlp { hidden: vec![(Array2::zeros((2, 2)), array![0f32, 4.0])], output: array![1f32, 2.0], output_bias: 0.5 };
/// // x_0 = (2, 0); norm((2, 0) + (0, 4)) = (−1, 1); relu((−1, 1)) · (1, 2) + 0.5
/// let logit = perceptron.logits(array![[1f32, 0.0], [2.0, 3.0]].view(), &[(0, 1)])[0];
/// assert!((logit - 2.5).abs() < 1e-4);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ResidualMlp {
    /// W_i, [d, d], and b_i, (d), of each hidden layer.
    pub hidden: Vec<(Array2<f32>, Array1<f32>)>,
    /// w, (d).
    pub output: Array1<f32>,
    /// c.
    pub output_bias: f32,
}

/// What the backward pass needs of a forward pass.
pub(crate) struct Forward {
    /// z_u ∘ z_v, [m, d].
    products: Array2<f32>,
    layers: Vec<Layer>,
    dropout: Option<Dropout>,
}

/// The values of one hidden layer.
struct Layer {
    /// The rows after normalisation, [m, d], and the factor of each.
    normalized: Array2<f32>,
    factors: Vec<f32>,
    /// The rows after ReLU and dropout, [m, d].
    output: Array2<f32>,
}

impl ResidualMlp {
    /// Returns the logits of m pairs of rows of `z`, [n, d]. O(m·d²) time for each hidden layer.
    pub fn logits(&self, z: ArrayView2<f32>, pairs: &[Pair]) -> Vec<f64> {
        pairs.par_chunks(BLOCK).flat_map_iter(|pairs| self.forward(z, pairs, None).0).collect()
    }

    /// Returns the logits of m pairs, and what [`ResidualMlp::gradient`] needs. O(m·d) memory for each hidden layer.
    pub(crate) fn forward(
        &self,
        z: ArrayView2<f32>,
        pairs: &[Pair],
        dropout: Option<Dropout>,
    ) -> (Vec<f64>, Forward) {
        let products = products(z, pairs);
        let (width, mut layers) = (z.ncols(), Vec::<Layer>::new());
        for (at, (weight, bias)) in self.hidden.iter().enumerate() {
            let input = layers.last().map_or(&products, |layer| &layer.output);
            let mut normalized = Array2::zeros(products.dim());
            let numbers = normalized.as_slice_mut().expect("new matrices are in standard layout");
            gemm::product(input.view(), weight.view(), numbers);
            let bias = bias.as_slice().expect("a bias is contiguous");
            zip_rows(numbers, numbers_of(&products), width, |_, sums, products| {
                sums.iter_mut().zip(products.iter().zip(bias)).for_each(|(sum, (x, b))| *sum += x + b);
            });
            let factors = layer_norm(numbers, width);
            let mut output = Array2::zeros(products.dim());
            let outputs = output.as_slice_mut().expect("new matrices are in standard layout");
            zip_rows(outputs, numbers, width, |row, outputs, normalized| {
                outputs.iter_mut().zip(normalized).for_each(|(output, &y)| *output = y.max(0.0));
                if let Some(dropout) = dropout {
                    drop_row(outputs, dropout, at, row);
                }
            });
            layers.push(Layer { normalized, factors, output });
        }
        let last = layers.last().map_or(&products, |layer| &layer.output);
        let logit = |row: &[f32]| {
            let terms = row.iter().zip(&self.output);
            terms.map(|(&x, &w)| f64::from(x) * f64::from(w)).sum::<f64>() + f64::from(self.output_bias)
        };
        let logits = numbers_of(last).par_chunks(width).with_min_len(ROWS_PER_TASK).map(logit).collect();
        (logits, Forward { products, layers, dropout })
    }

    /// Returns the gradient of Σ slope · logit over the m pairs of `forward`. O(m·d²) time for each hidden layer. The
    /// result is bit-identical for any number of threads.
    pub(crate) fn gradient(&self, forward: Forward, slopes: &[f32]) -> Gradient {
        let Forward { products, layers, dropout } = forward;
        let (m, width) = products.dim();
        let slopes_column = ArrayView2::from_shape((m, 1), slopes).expect("each pair has a slope");
        let last = layers.last().map_or(&products, |layer| &layer.output);
        let output = gemm::transposed_product(last.view(), slopes_column);
        let mut gradient = Array2::zeros((m, width));
        gemm::product(
            slopes_column,
            self.output.view().insert_axis(ndarray::Axis(0)),
            gradient.as_slice_mut().expect("new matrices are in standard layout"),
        );
        let mut through_residuals = Array2::<f32>::zeros((m, width));
        let mut hidden = Vec::new();
        for (at, (weight, _)) in self.hidden.iter().enumerate().rev() {
            let layer = &layers[at];
            let numbers = gradient.as_slice_mut().expect("gradients are in standard layout");
            zip_rows(numbers, numbers_of(&layer.normalized), width, |row, gradient, normalized| {
                if let Some(dropout) = dropout {
                    drop_row(gradient, dropout, at, row);
                }
                for (gradient, &y) in gradient.iter_mut().zip(normalized) {
                    *gradient = if y > 0.0 { *gradient } else { 0.0 };
                }
            });
            back_through_layer_norm(numbers, numbers_of(&layer.normalized), &layer.factors, width);
            let sums = through_residuals.as_slice_mut().expect("new matrices are in standard layout");
            zip_rows(sums, numbers, width, |_, sums, gradient| {
                sums.iter_mut().zip(gradient).for_each(|(sum, gradient)| *sum += gradient);
            });
            let input = if at == 0 { &products } else { &layers[at - 1].output };
            let weight_gradient = gemm::transposed_product(input.view(), gradient.view());
            let ones = Array2::ones((m, 1));
            let bias_gradient = gemm::transposed_product(ones.view(), gradient.view()).row(0).to_owned();
            hidden.push((weight_gradient, bias_gradient));
            let mut next = Array2::zeros((m, width));
            let numbers = next.as_slice_mut().expect("new matrices are in standard layout");
            gemm::product(gradient.view(), weight.t(), numbers);
            gradient = next;
        }
        gradient += &through_residuals;
        hidden.reverse();
        let output_bias = slopes.iter().map(|&slope| f64::from(slope)).sum::<f64>() as f32;
        let weights = ResidualMlp { hidden, output: output.column(0).to_owned(), output_bias };
        Gradient { products: gradient.into_raw_vec_and_offset().0, weights: weights.into_weights() }
    }
}

/// Returns z_u ∘ z_v for each pair, [m, d].
fn products(z: ArrayView2<f32>, pairs: &[Pair]) -> Array2<f32> {
    let d = z.ncols();
    let z = z.as_standard_layout();
    let z = numbers_of(&z);
    let row = |node: u32| &z[node as usize * d..][..d];
    let mut products = Array2::zeros((pairs.len(), d));
    let numbers: &mut [f32] = products.as_slice_mut().expect("new matrices are in standard layout");
    let tasks = numbers.par_chunks_mut(ROWS_PER_TASK * d).zip(pairs.par_chunks(ROWS_PER_TASK));
    tasks.for_each(|(products, pairs)| {
        for (product, &(u, v)) in products.chunks_exact_mut(d).zip(pairs) {
            product.iter_mut().zip(row(u).iter().zip(row(v))).for_each(|(x, (a, b))| *x = a * b);
        }
    });
    products
}

/// Applies the dropout of hidden layer `layer` to row `row`.
fn drop_row(numbers: &mut [f32], Dropout { fraction, seed }: Dropout, layer: usize, row: usize) {
    let first = (row * numbers.len()) as u64;
    // Encoders take the seeds next to this one and next to its complement.
    let seed = seed.rotate_left(32).wrapping_add(layer as u64);
    Dropout { fraction, seed }.apply(first, numbers);
}

/// Calls `change` with the number of each row, the row of `numbers` and that of `others`.
fn zip_rows(
    numbers: &mut [f32],
    others: &[f32],
    width: usize,
    change: impl Fn(usize, &mut [f32], &[f32]) + Sync,
) {
    let size = ROWS_PER_TASK * width;
    let tasks = numbers.par_chunks_mut(size).zip(others.par_chunks(size));
    tasks.enumerate().for_each(|(task, (numbers, others))| {
        for (at, (row, other)) in numbers.chunks_exact_mut(width).zip(others.chunks_exact(width)).enumerate()
        {
            change(task * ROWS_PER_TASK + at, row, other);
        }
    });
}

fn numbers_of<S: ndarray::Data<Elem = f32>>(matrix: &ndarray::ArrayBase<S, ndarray::Ix2>) -> &[f32] {
    matrix.as_slice().expect("the matrix is in standard layout")
}
