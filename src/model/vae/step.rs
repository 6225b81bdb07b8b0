//! A step of training: the pass of a batch, its gradient by hand, and Adam.

use ndarray::{Array2, ArrayView2};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::batch::{Batch, Compressed, Entries};
use super::chunk::{CHUNK_ROWS, Chunk};
use super::layers::Layers;
use super::likelihood::BlockSums;
use super::network::{LOG_VARIANCE, OUTPUT, Vae, bias_name, weight_name};
use super::output::{OutputStep, Share};
use crate::kernels::gemm::blocks::{AddTo, BLOCK_COLUMNS, multiply};
use crate::kernels::operator::SparseRow;
use crate::kernels::tape::{Adam, Dropout, KlTerm, Rates, Weights, kl_weights};
use crate::model::network::Terms;

/// The number of rows of the first weight that one task updates.
const ROWS_PER_TASK: usize = 64;

/// The random parts of a step.
#[derive(Clone, Copy)]
pub(crate) struct RowDraws<'a> {
    /// ε, [b, d].
    pub(crate) noise: ArrayView2<'a, f32>,
    /// The dropout, which zeroes part of each layer's input.
    pub(crate) dropout: Option<Dropout>,
}

/// The memory of a step, kept for the next.
#[derive(Default)]
pub(crate) struct Workspace {
    chunks: Vec<Chunk>,
    shares: Vec<Share>,
    /// The argument of the last layer, transposed: [h, b].
    transposed: Vec<f32>,
    /// The gradient with respect to the output of the first layer.
    first_gradient: Vec<f32>,
}

impl Vae {
    /// Takes a step of `adam` along the gradient of the loss of a batch, [b, f]. O(b·h·(f + h·layers + d))
    /// time. The result is bit-identical for any number of threads.
    pub(crate) fn step(
        &mut self,
        batch: &Batch,
        draws: RowDraws,
        term: KlTerm,
        adam: &mut Adam,
        workspace: &mut Workspace,
    ) -> Terms {
        let Workspace { chunks, shares, transposed, first_gradient } = workspace;
        let observation = self.observation();
        let num_rows = batch.num_rows;
        // It changes while the other weights are still needed.
        let mut output = self.weights.remove(&weight_name(OUTPUT)).expect("the last layer exists");
        let layers = Layers::new(self);
        let d = layers.latent;
        let RowDraws { noise, dropout } = draws;
        let noise = noise.to_slice().expect("the noise is stored row by row");
        let dropped = dropout.map(|dropout| batch.with_dropout(dropout));
        let input = dropped.as_ref().unwrap_or(batch);

        chunks.resize_with(num_rows.div_ceil(CHUNK_ROWS), Chunk::default);
        chunks.par_iter_mut().zip(noise.par_chunks(CHUNK_ROWS * d)).enumerate().for_each(|(at, (chunk, noise))| {
            chunk.encode(&layers, input, at * CHUNK_ROWS, dropout);
            chunk.sample(&layers, noise);
            chunk.decode(&layers, at * CHUNK_ROWS, dropout);
        });
        let mut kl = vec![0f64; d];
        for chunk in chunks.iter() {
            kl.iter_mut().zip(&chunk.twice_kl).for_each(|(kl, &twice)| *kl += 0.5 * f64::from(twice));
        }
        kl.iter_mut().for_each(|kl| *kl /= num_rows as f64);

        let rows: Vec<&[f32]> = chunks.iter().flat_map(|chunk| chunk.decoded(&layers)).collect();
        transpose(&rows, transposed);
        let columns: Vec<&[f32]> = transposed.chunks_exact(num_rows).collect();
        let rates = adam.begin_step();
        let [means, squares] = adam.moments(&weight_name(OUTPUT), output.dim());
        let bias = self.bias(OUTPUT);
        OutputStep { rows: &rows, columns: &columns, target: batch, bias, observation, rates }
            .take([&mut output, means, squares], shares);
        let sums: BlockSums = shares.iter().map(|share| share.sums).sum();

        let kl_weights = kl_weights(&kl, term, num_rows);
        let first = &layers.encoder[0];
        first_gradient.clear();
        first_gradient.resize(num_rows * first.stride(), 0.0);
        let height = layers.width() * CHUNK_ROWS;
        let parts = first_gradient.par_chunks_mut(CHUNK_ROWS * first.stride());
        chunks.par_iter_mut().zip(parts).enumerate().for_each(|(at, (chunk, gradient))| {
            let parts: Vec<&[f32]> = shares.iter().map(|share| &share.rows[at * height..][..height]).collect();
            chunk.back(&layers, &parts, &kl_weights, dropout, gradient);
        });

        let mut gradients = sum_of_gradients(&layers, chunks);
        let first_names: Vec<(String, usize)> =
            first.parts.iter().map(|(name, weight)| (name.clone(), weight.ncols())).collect();
        let stride = first.stride();
        self.weights.insert(weight_name(OUTPUT), output);
        gradients.insert(bias_name(OUTPUT), row(shares.iter().flat_map(|share| &share.bias).copied()));
        let num_entries = (num_rows * batch.num_columns) as f64;
        if let Some(derivative) = observation.loss_by_log_variance(sums, num_entries) {
            gradients.insert(LOG_VARIANCE.into(), row([(derivative / num_rows as f64) as f32]));
        }
        let mut column = 0;
        for (name, width) in first_names {
            let of_bias = sum_of_columns(first_gradient, stride, column..column + width);
            gradients.insert(bias_name(&name), row(of_bias));
            let name = weight_name(&name);
            let weight = self.weights.get_mut(&name).expect("the first layer exists");
            let moments = adam.moments(&name, weight.dim());
            let gradient = FirstGradient { input, output: first_gradient, stride, column };
            update_first(weight, moments, gradient, rates);
            column += width;
        }
        for (name, gradient) in &gradients {
            let weight = self.weights.get_mut(name).expect("every gradient belongs to a weight");
            adam.update(rates, name, weight, gradient);
        }
        let reconstruction = observation.loss(sums, num_entries) / num_rows as f64;
        Terms::new(reconstruction, &kl, term)
    }
}

/// The gradient of the first weight as a product: the rows of the batch, transposed, times some columns of the
/// gradient with respect to the layer's output, whose rows are a stride apart.
#[derive(Clone, Copy)]
struct FirstGradient<'a> {
    input: &'a Batch,
    output: &'a [f32],
    stride: usize,
    /// The first of the columns.
    column: usize,
}

impl FirstGradient<'_> {
    /// Writes the rows of the product from `first` on to `rows`, [count, stride].
    fn write_rows(&self, first: usize, rows: &mut [f32]) {
        let FirstGradient { input, output, stride, .. } = *self;
        match &input.entries {
            Entries::Sparse { by_column, .. } => {
                Arch::new().dispatch(SparseColumns { by_column, first, output, stride, rows });
            }
            Entries::Dense { columns, .. } => {
                let count = rows.len() / stride;
                let columns: Vec<&[f32]> =
                    columns.chunks_exact(input.num_rows).skip(first).take(count).collect();
                for at in (0..stride).step_by(BLOCK_COLUMNS) {
                    multiply(&columns, &output[at..], &mut rows[at..], [stride; 2], AddTo::Zero);
                }
            }
        }
    }
}

/// Takes a step of Adam for the first weight, [f, h], and its moments.
fn update_first(
    weight: &mut Array2<f32>,
    [means, squares]: [&mut Array2<f32>; 2],
    gradient: FirstGradient,
    rates: Rates,
) {
    let width = weight.ncols();
    let [Some(weight), Some(means), Some(squares)] =
        [weight, means, squares].map(|matrix| matrix.as_slice_mut())
    else {
        unreachable!("weights and moments are stored row by row")
    };
    let size = ROWS_PER_TASK * width;
    let moments = means.par_chunks_mut(size).zip(squares.par_chunks_mut(size));
    weight.par_chunks_mut(size).zip(moments).enumerate().for_each(|(task, (weight, (means, squares)))| {
        let mut rows = vec![0.0; weight.len() / width * gradient.stride];
        gradient.write_rows(task * ROWS_PER_TASK, &mut rows);
        let moments = means.chunks_exact_mut(width).zip(squares.chunks_exact_mut(width));
        let rows = rows.chunks_exact(gradient.stride).zip(weight.chunks_exact_mut(width));
        for ((row, weight), (means, squares)) in rows.zip(moments) {
            rates.update(weight, &row[gradient.column..gradient.column + width], means, squares);
        }
    });
}

/// Writes the products of sparse columns with a dense matrix, whose rows are a stride apart, to `rows`.
struct SparseColumns<'a> {
    by_column: &'a Compressed,
    first: usize,
    output: &'a [f32],
    stride: usize,
    rows: &'a mut [f32],
}

impl WithSimd for SparseColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let SparseColumns { by_column, first, output, stride, rows } = self;
        for (column, row) in (first..).zip(rows.chunks_exact_mut(stride)) {
            let (indices, values) = by_column.slices(column);
            SparseRow { indices, values, dense: output, width: stride }.add_to(simd, row);
        }
    }
}

/// Returns the gradients of the layers between the first and the last, summed over `chunks`.
fn sum_of_gradients(layers: &Layers, chunks: &[Chunk]) -> Weights {
    let mut gradients = Weights::new();
    for (at, layer) in layers.encoder.iter().skip(1).chain(&layers.generator).enumerate() {
        let mut parts = chunks.iter().map(|chunk| &chunk.gradients[at]);
        let Some(first) = parts.next() else { continue };
        let (mut weight, mut bias) = (first.weight.clone(), first.bias.clone());
        for part in parts {
            weight.iter_mut().zip(&part.weight).for_each(|(sum, value)| *sum += value);
            bias.iter_mut().zip(&part.bias).for_each(|(sum, value)| *sum += value);
        }
        let mut first = 0;
        for (name, matrix) in &layer.parts {
            let columns = first..first + matrix.ncols();
            let rows = weight.chunks_exact(layer.stride()).flat_map(|row| &row[columns.clone()]);
            let part = Array2::from_shape_vec(matrix.dim(), rows.copied().collect());
            gradients.insert(weight_name(name), part.expect("the part has the shape of the weight"));
            gradients.insert(bias_name(name), row(bias[columns.clone()].iter().copied()));
            first = columns.end;
        }
    }
    gradients
}

/// Returns the sums of some columns of a matrix whose rows are `stride` numbers apart.
fn sum_of_columns(matrix: &[f32], stride: usize, columns: std::ops::Range<usize>) -> Vec<f32> {
    let mut sums = vec![0.0; columns.len()];
    for row in matrix.chunks_exact(stride) {
        sums.iter_mut().zip(&row[columns.clone()]).for_each(|(sum, value)| *sum += value);
    }
    sums
}

/// Returns a matrix of one row.
fn row(values: impl IntoIterator<Item = f32>) -> Array2<f32> {
    let values: Vec<f32> = values.into_iter().collect();
    Array2::from_shape_vec((1, values.len()), values).expect("a row has one row")
}

/// Writes the transpose of `rows` to `columns`.
fn transpose(rows: &[&[f32]], columns: &mut Vec<f32>) {
    let width = rows[0].len();
    columns.resize(rows.len() * width, 0.0);
    for (at, row) in rows.iter().enumerate() {
        let places = columns[at..].iter_mut().step_by(rows.len());
        places.zip(*row).for_each(|(place, &value)| *place = value);
    }
}
