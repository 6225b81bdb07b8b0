//! A perceptron on the Hadamard product of two embeddings.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, s};
use rayon::prelude::*;

use crate::graph::Pair;
use crate::kernels::tape::Weights;

/// The number of pairs that go through the layers together. Blocks are padded with zeros, so that a pair's
/// logit is bit-identical in any block.
const BLOCK: usize = 256;

/// A decoder with logit(u, v) = relu((z_u ∘ z_v) W + b) w + c. It is symmetric because z_u ∘ z_v is. (Such
/// decoders are common, for instance in Hu et al. 2020, *Open Graph Benchmark*; the formula is not from a
/// single paper.)
///
/// # Examples
/// ```
/// use ndarray::array;
/// use vgae::model::decoder::HadamardMlp;
///
/// let perceptron = HadamardMlp {
///     hidden: array![[1f32], [1.0]],
///     hidden_bias: array![-1f32],
///     output: array![2f32],
///     output_bias: 0.5,
/// };
/// // relu(1·2 + 1·3 − 1) · 2 + 0.5
/// assert_eq!(perceptron.logits(array![[1f32, 1.0], [2.0, 3.0]].view(), &[(0, 1)]), [8.5]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct HadamardMlp {
    /// W, [d, k].
    pub hidden: Array2<f32>,
    /// b, (k).
    pub hidden_bias: Array1<f32>,
    /// w, (k).
    pub output: Array1<f32>,
    /// c.
    pub output_bias: f32,
}

/// The gradient of a weighted sum of logits.
pub(crate) struct Gradient {
    /// The gradient with respect to each pair's z_u ∘ z_v, [m, d], row by row.
    pub(crate) products: Vec<f32>,
    /// The gradient with respect to each weight, by name.
    pub(crate) weights: Weights,
}

impl HadamardMlp {
    /// Returns the logits of m pairs of rows of `z`, [n, d]. O(m·d·k) time.
    pub fn logits(&self, z: ArrayView2<f32>, pairs: &[Pair]) -> Vec<f64> {
        let blocks: Vec<Vec<f64>> = pairs
            .par_chunks(BLOCK)
            .map(|pairs| {
                let hidden = self.hidden_layer(&products(z, pairs));
                hidden.rows().into_iter().take(pairs.len()).map(|row| self.logit(row)).collect()
            })
            .collect();
        blocks.concat()
    }

    /// Builds the perceptron from W, b, w and c, each stored row by row.
    pub(crate) fn from_rows([hidden, hidden_bias, output, output_bias]: [Vec<f32>; 4]) -> Self {
        let k = output.len();
        let hidden = Array2::from_shape_vec((hidden.len() / k, k), hidden).expect("W is [d, k]");
        HadamardMlp {
            hidden,
            hidden_bias: hidden_bias.into(),
            output: output.into(),
            output_bias: output_bias[0],
        }
    }

    /// Returns W, b, w and c, each stored row by row.
    pub(crate) fn into_rows(self) -> [Vec<f32>; 4] {
        let hidden = self.hidden.into_raw_vec_and_offset().0;
        [hidden, self.hidden_bias.to_vec(), self.output.to_vec(), vec![self.output_bias]]
    }

    /// Returns the gradient of Σ slope · logit over m pairs. O(m·d·k) time, O(m·d) memory. The result is
    /// bit-identical for any number of threads.
    pub(crate) fn gradient(&self, z: ArrayView2<f32>, pairs: &[Pair], slopes: &[f32]) -> Gradient {
        let (d, k) = self.hidden.dim();
        let mut product_gradients = vec![0f32; pairs.len() * d];
        let blocks: Vec<HadamardMlp> = product_gradients
            .par_chunks_mut(BLOCK * d)
            .zip(pairs.par_chunks(BLOCK))
            .zip(slopes.par_chunks(BLOCK))
            .map(|((product_gradient, pairs), slopes)| {
                let products = products(z, pairs);
                let mut hidden = self.hidden_layer(&products);
                let mut weights = self.zeros();
                for (mut row, &slope) in hidden.rows_mut().into_iter().zip(slopes) {
                    weights.output.scaled_add(slope, &row);
                    weights.output_bias += slope;
                    // The row now becomes the gradient before the ReLU.
                    row.zip_mut_with(&self.output, |h, &w| *h = if *h > 0.0 { slope * w } else { 0.0 });
                    weights.hidden_bias += &row;
                }
                for mut row in hidden.rows_mut().into_iter().skip(slopes.len()) {
                    row.fill(0.0);
                }
                general_mat_mul(1.0, &products.t(), &hidden, 0.0, &mut weights.hidden);
                let rows = hidden.slice(s![..slopes.len(), ..k]);
                let mut product_gradient = ArrayViewMut2::from_shape((slopes.len(), d), product_gradient)
                    .expect("a chunk holds whole rows");
                general_mat_mul(1.0, &rows, &self.hidden.t(), 0.0, &mut product_gradient);
                weights
            })
            .collect();
        let mut weights = self.zeros();
        for block in blocks {
            weights.hidden += &block.hidden;
            weights.hidden_bias += &block.hidden_bias;
            weights.output += &block.output;
            weights.output_bias += block.output_bias;
        }
        Gradient { products: product_gradients, weights: weights.into_weights() }
    }

    /// Returns relu(products · W + b), [BLOCK, k].
    fn hidden_layer(&self, products: &Array2<f32>) -> Array2<f32> {
        let mut hidden = Array2::zeros((products.nrows(), self.hidden.ncols()));
        general_mat_mul(1.0, products, &self.hidden, 0.0, &mut hidden);
        for mut row in hidden.rows_mut() {
            row.zip_mut_with(&self.hidden_bias, |h, &b| *h = (*h + b).max(0.0));
        }
        hidden
    }

    fn logit(&self, hidden: ndarray::ArrayView1<f32>) -> f64 {
        let sum: f64 = hidden.iter().zip(&self.output).map(|(&h, &w)| f64::from(h) * f64::from(w)).sum();
        sum + f64::from(self.output_bias)
    }

    fn zeros(&self) -> HadamardMlp {
        HadamardMlp {
            hidden: Array2::zeros(self.hidden.dim()),
            hidden_bias: Array1::zeros(self.hidden_bias.len()),
            output: Array1::zeros(self.output.len()),
            output_bias: 0.0,
        }
    }
}

/// Returns z_u ∘ z_v for each pair, [BLOCK, d], padded with rows of zeros.
fn products(z: ArrayView2<f32>, pairs: &[Pair]) -> Array2<f32> {
    let mut products = Array2::zeros((BLOCK, z.ncols()));
    for (mut row, &(u, v)) in products.rows_mut().into_iter().zip(pairs) {
        row.assign(&z.row(u as usize));
        row *= &z.row(v as usize);
    }
    products
}
