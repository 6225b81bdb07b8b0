//! The passes of a few rows through all layers but the last. Rows are independent of each other there, so each
//! chunk of rows is a task of its own.

mod backward;

use pulp::{Arch, Simd, WithSimd};

use super::batch::{Batch, Compressed, Entries};
use super::layers::{Activation, Layer, Layers};
use crate::kernels::gemm::blocks::{AddTo, BLOCK_COLUMNS, multiply};
use crate::kernels::operator::{SparseRow, dropout_factor};
use crate::kernels::tape::{Dropout, sample_rows};

pub(super) use backward::LayerGradient;

/// The number of rows of a chunk.
pub(super) const CHUNK_ROWS: usize = BLOCK_COLUMNS;

/// The state of a pass of up to [`CHUNK_ROWS`] rows. It is kept from pass to pass, for its memory.
#[derive(Default)]
pub(super) struct Chunk {
    num_rows: usize,
    /// The output of each layer of the encoder and of the generator, whose rows are a stride apart.
    encoded: Vec<Vec<f32>>,
    generated: Vec<Vec<f32>>,
    /// z, [rows, d].
    z: Vec<f32>,
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
            let output = cleared(&mut output[0], self.num_rows * layer.stride());
            match before.last() {
                None => apply_to_batch(layer, batch, first, output),
                Some(input) => {
                    let stride = layers.encoder[at - 1].stride();
                    apply(layer, &rows_of(input, stride, layer.inputs), output);
                }
            }
            activate(layer, output, first, dropout);
        }
    }

    /// Returns [μ | log σ²] of each row.
    pub(super) fn heads(&self, layers: &Layers) -> Vec<&[f32]> {
        let stride = layers.encoder.last().map_or(0, Layer::stride);
        rows_of(&self.encoded[layers.encoder.len() - 1], stride, 2 * layers.latent)
    }

    /// Computes z = μ + σ·ε from `noise`, [rows, d].
    pub(super) fn sample(&mut self, layers: &Layers, noise: &[f32]) {
        let mut z = std::mem::take(&mut self.z);
        let mut twice_kl = std::mem::take(&mut self.twice_kl);
        cleared(&mut twice_kl, layers.latent);
        z.clear();
        z.extend_from_slice(noise);
        for (z, heads) in z.chunks_exact_mut(layers.latent).zip(self.heads(layers)) {
            sample_rows(z, heads, &mut twice_kl);
        }
        (self.z, self.twice_kl) = (z, twice_kl);
    }

    /// Starts a pass from z itself, [rows, d].
    pub(super) fn of_latent(z: &[f32], latent: usize) -> Self {
        Chunk { num_rows: z.len() / latent, z: z.to_vec(), ..Chunk::default() }
    }

    /// Computes the argument of the last layer from z. `first` is the first row, in its batch.
    pub(super) fn decode(&mut self, layers: &Layers, first: usize, dropout: Option<Dropout>) {
        self.generated.resize_with(layers.generator.len(), Vec::new);
        for (at, layer) in layers.generator.iter().enumerate() {
            let (before, output) = self.generated.split_at_mut(at);
            let output = cleared(&mut output[0], self.num_rows * layer.stride());
            let input = match before.last() {
                None => rows_of(&self.z, layers.latent, layers.latent),
                Some(input) => rows_of(input, layers.generator[at - 1].stride(), layer.inputs),
            };
            apply(layer, &input, output);
            activate(layer, output, first, dropout);
        }
    }

    /// Returns the rows that the last layer is applied to.
    pub(super) fn decoded(&self, layers: &Layers) -> Vec<&[f32]> {
        match (self.generated.last(), layers.generator.last()) {
            (Some(output), Some(layer)) => rows_of(output, layer.stride(), layer.outputs),
            _ => rows_of(&self.z, layers.latent, layers.latent),
        }
    }
}

/// Fills `numbers` with `count` zeros.
fn cleared(numbers: &mut Vec<f32>, count: usize) -> &mut [f32] {
    numbers.clear();
    numbers.resize(count, 0.0);
    numbers
}

/// Returns the first `width` numbers of each row of a matrix whose rows are `stride` numbers apart.
fn rows_of(matrix: &[f32], stride: usize, width: usize) -> Vec<&[f32]> {
    matrix.chunks_exact(stride).map(|row| &row[..width]).collect()
}

/// Writes the product of `input` with a layer's weight to `output`.
fn apply(layer: &Layer, input: &[&[f32]], output: &mut [f32]) {
    for (at, block) in layer.packed().blocks().enumerate() {
        let output = &mut output[at * BLOCK_COLUMNS..];
        multiply(input, block, output, [BLOCK_COLUMNS, layer.stride()], AddTo::Zero);
    }
}

/// Adds the product of the rows of a batch from `first` on with a layer's weight to `output`, which is zero.
fn apply_to_batch(layer: &Layer, batch: &Batch, first: usize, output: &mut [f32]) {
    match &batch.entries {
        Entries::Dense { rows, .. } => {
            let rows = rows_of(&rows[first * layer.inputs..], layer.inputs, layer.inputs);
            apply(layer, &rows[..output.len() / layer.stride()], output);
        }
        Entries::Sparse { by_row, .. } => {
            let mut offset = 0;
            for (_, weight) in &layer.parts {
                let width = weight.ncols();
                let dense = weight.to_slice().expect("weights are stored row by row");
                let columns = offset..offset + width;
                Arch::new().dispatch(SparseRows { by_row, first, dense, columns, output, stride: layer.stride() });
                offset += width;
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
    let seed = seed.wrapping_add(place as u64);
    for (row, numbers) in output.chunks_exact_mut(layer.stride()).enumerate() {
        let position = ((first + row) * layer.outputs) as u64;
        for (value, position) in numbers.iter_mut().zip(position..).take(layer.outputs) {
            *value *= dropout_factor(fraction, seed, position);
        }
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
