//! The passes of a few rows through all layers but the last. Rows are independent of each other there, so each
//! chunk of rows is a task of its own.

mod backward;

use pulp::{Arch, Simd, WithSimd};

use super::batch::{Batch, Compressed, Entries};
use super::layers::{Activation, Layer, Layers};
use crate::kernels::gemm::blocks::{AddTo, BLOCK_COLUMNS, Factors, multiply, transpose_tile};
use crate::kernels::operator::SparseRow;
use crate::kernels::tape::{Dropout, sample_rows};

pub(super) use backward::LayerGradient;

/// The number of rows of a chunk.
pub(super) const CHUNK_ROWS: usize = BLOCK_COLUMNS;

/// The state of a pass of up to [`CHUNK_ROWS`] rows. It is kept from pass to pass, for its memory. Its matrices
/// have [`CHUNK_ROWS`] rows, of which the first `num_rows` are in use, of whole blocks of columns.
#[derive(Default)]
pub(super) struct Chunk {
    num_rows: usize,
    /// The output of each layer of the encoder and of the generator.
    encoded: Vec<Vec<f32>>,
    generated: Vec<Vec<f32>>,
    z: Vec<f32>,
    /// The transpose of the argument of the last layer.
    columns: Vec<f32>,
    /// For each dimension twice the KL, summed over the rows.
    pub(super) twice_kl: Vec<f32>,
    /// The gradients of the layers of the encoder after the first, and of those of the generator.
    pub(super) gradients: Vec<LayerGradient>,
}

impl Chunk {
    /// Starts a pass of the rows of a batch from `first` on: computes their heads.
    pub(super) fn encode(&mut self, layers: &Layers, batch: &Batch, first: usize, dropout: Option<Dropout>) {
        self.num_rows = CHUNK_ROWS.min(batch.num_rows - first);
        self.encoded.resize_with(layers.encoder.len(), Vec::new);
        for (at, layer) in layers.encoder.iter().enumerate() {
            let (before, output) = self.encoded.split_at_mut(at);
            let output = &mut sized(&mut output[0], layer.stride())[..self.num_rows * layer.stride()];
            match before.last() {
                None => apply_to_batch(layer, batch, first, output),
                Some(input) => apply(layer, input, input.len() / CHUNK_ROWS, output),
            }
            activate(layer, output, first, dropout);
        }
    }

    /// Returns [μ | log σ²] of each row.
    pub(super) fn heads(&self, layers: &Layers) -> Vec<&[f32]> {
        rows_of(&self.encoded[layers.encoder.len() - 1], self.num_rows, 2 * layers.latent)
    }

    /// Computes z = μ + σ·ε from `noise`, [rows, d].
    pub(super) fn sample(&mut self, layers: &Layers, noise: &[f32]) {
        let d = layers.latent;
        self.twice_kl.clear();
        self.twice_kl.resize(d, 0.0);
        let heads = rows_of(&self.encoded[layers.encoder.len() - 1], self.num_rows, 2 * d);
        let z = sized(&mut self.z, layers.latent_stride()).chunks_exact_mut(layers.latent_stride());
        for ((z, noise), heads) in z.zip(noise.chunks_exact(d)).zip(heads) {
            z[..d].copy_from_slice(noise);
            sample_rows(&mut z[..d], heads, &mut self.twice_kl);
        }
    }

    /// Starts a pass from z itself, [rows, d].
    pub(super) fn of_latent(layers: &Layers, latent: &[f32]) -> Self {
        let d = layers.latent;
        let mut chunk = Chunk { num_rows: latent.len() / d, ..Chunk::default() };
        let z = sized(&mut chunk.z, layers.latent_stride()).chunks_exact_mut(layers.latent_stride());
        z.zip(latent.chunks_exact(d)).for_each(|(z, latent)| z[..d].copy_from_slice(latent));
        chunk
    }

    /// Computes the argument of the last layer from z. `first` is the first row, in its batch.
    pub(super) fn decode(&mut self, layers: &Layers, first: usize, dropout: Option<Dropout>) {
        self.generated.resize_with(layers.generator.len(), Vec::new);
        for (at, layer) in layers.generator.iter().enumerate() {
            let (before, output) = self.generated.split_at_mut(at);
            let output = &mut sized(&mut output[0], layer.stride())[..self.num_rows * layer.stride()];
            let input = before.last().unwrap_or(&self.z);
            apply(layer, input, input.len() / CHUNK_ROWS, output);
            activate(layer, output, first, dropout);
        }
    }

    /// Returns the number of rows, and the rows that the last layer is applied to.
    pub(super) fn decoded(&self) -> (usize, &[f32]) {
        (self.num_rows, self.generated.last().unwrap_or(&self.z))
    }

    /// Prepares [`Chunk::columns`].
    pub(super) fn transpose(&mut self) {
        let decoded = self.generated.last().unwrap_or(&self.z);
        self.columns.resize(decoded.len(), 0.0);
        transpose_tiles(decoded, &mut self.columns);
    }

    /// Returns the transpose of [`Chunk::decoded`], [h, 32], and more rows to a whole block.
    pub(super) fn columns(&self) -> &[f32] {
        &self.columns
    }
}

/// Returns the memory of a matrix whose rows have `width` numbers.
fn sized(matrix: &mut Vec<f32>, width: usize) -> &mut [f32] {
    matrix.resize(CHUNK_ROWS * width, 0.0);
    matrix
}

/// Returns the first `width` numbers of each of the first `count` rows of a matrix.
fn rows_of(matrix: &[f32], count: usize, width: usize) -> Vec<&[f32]> {
    matrix.chunks_exact(matrix.len() / CHUNK_ROWS).take(count).map(|row| &row[..width]).collect()
}

/// Writes the transpose of a matrix to `columns`.
fn transpose_tiles(matrix: &[f32], columns: &mut [f32]) {
    let width = matrix.len() / CHUNK_ROWS;
    for first in (0..width).step_by(BLOCK_COLUMNS) {
        transpose_tile(&matrix[first..], &mut columns[first * CHUNK_ROWS..], [width, CHUNK_ROWS]);
    }
}

/// Writes the product of `input`, whose rows begin `stride` numbers apart, with a layer's weight to `output`.
fn apply(layer: &Layer, input: &[f32], stride: usize, output: &mut [f32]) {
    let num_rows = output.len() / layer.stride();
    for (at, block) in layer.packed().blocks().enumerate() {
        let factors = Factors {
            left: input,
            left_stride: stride,
            depth: layer.inputs,
            right: block,
            right_stride: BLOCK_COLUMNS,
        };
        let output = &mut output[at * BLOCK_COLUMNS..];
        multiply(num_rows, &[factors], output, layer.stride(), AddTo::Zero);
    }
}

/// Writes the product of the rows of a batch from `first` on with a layer's weight to `output`.
fn apply_to_batch(layer: &Layer, batch: &Batch, first: usize, output: &mut [f32]) {
    match &batch.entries {
        Entries::Dense { rows, .. } => apply(layer, &rows[first * layer.inputs..], layer.inputs, output),
        Entries::Sparse { by_row, .. } => {
            output.fill(0.0);
            let mut offset = 0;
            for (_, weight) in &layer.parts {
                let dense = weight.to_slice().expect("weights are stored row by row");
                let columns = offset..offset + weight.ncols();
                offset = columns.end;
                let stride = layer.stride();
                Arch::new().dispatch(SparseRows { by_row, first, dense, columns, output, stride });
            }
        }
    }
}

/// Adds the bias and applies the activation. `first` is the first row, in its batch.
fn activate(layer: &Layer, output: &mut [f32], first: usize, dropout: Option<Dropout>) {
    for row in output.chunks_exact_mut(layer.stride()) {
        row.iter_mut().zip(&layer.bias).for_each(|(value, bias)| *value += bias);
    }
    let Activation::Rectified { place } = layer.activation else { return };
    output.iter_mut().for_each(|value| *value = value.max(0.0));
    let Some(Dropout { fraction, seed }) = dropout else { return };
    let dropout = Dropout { fraction, seed: seed.wrapping_add(place as u64) };
    for (row, numbers) in output.chunks_exact_mut(layer.stride()).enumerate() {
        dropout.apply(((first + row) * layer.outputs) as u64, &mut numbers[..layer.outputs]);
    }
}

/// Adds the products of sparse rows with a dense matrix to some columns of `output`.
struct SparseRows<'a> {
    by_row: &'a Compressed,
    first: usize,
    dense: &'a [f32],
    columns: std::ops::Range<usize>,
    output: &'a mut [f32],
    stride: usize,
}

impl WithSimd for SparseRows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let SparseRows { by_row, first, dense, columns, output, stride } = self;
        for (row, output) in (first..).zip(output.chunks_exact_mut(stride)) {
            let (indices, values) = by_row.slices(row);
            SparseRow { indices, values, dense, width: columns.len() }
                .add_to(simd, &mut output[columns.clone()]);
        }
    }
}
