//! Back-propagation of a few rows, from the argument of the last layer to the output of the first.

use pulp::Simd;

use super::{CHUNK_ROWS, Chunk, cleared, rows_of};
use crate::kernels::gemm::blocks::{AddTo, BLOCK_COLUMNS, multiply};
use crate::kernels::tape::{Dropout, back_rows};
use crate::model::vae::layers::{Activation, Layer, Layers};

/// The gradient of the weight, [inputs, stride], and of the bias, [stride], of a layer.
#[derive(Default)]
pub(in crate::model::vae) struct LayerGradient {
    pub(in crate::model::vae) weight: Vec<f32>,
    pub(in crate::model::vae) bias: Vec<f32>,
}

impl Chunk {
    /// Computes the gradients of the layers after the first, and writes the gradient with respect to the output
    /// of the first to `first_gradient`, [rows, stride]. `parts` add up to the transposed gradient of
    /// [`Chunk::decoded`], [h, 32], and `kl_weights` are the factors of the gradient of the KL of each
    /// dimension. The heads are lost.
    pub(in crate::model::vae) fn back(
        &mut self,
        layers: &Layers,
        parts: &[&[f32]],
        kl_weights: &[f32],
        dropout: Option<Dropout>,
        first_gradient: &mut [f32],
    ) {
        let scale = dropout.map_or(1.0, |dropout| (1.0 / (1.0 - dropout.fraction)) as f32);
        self.gradients.resize_with(layers.encoder.len() - 1 + layers.generator.len(), LayerGradient::default);
        let (of_encoder, of_generator) = self.gradients.split_at_mut(layers.encoder.len() - 1);

        let stride = layers.generator.last().map_or(layers.latent, Layer::stride);
        let mut gradient = vec![0.0; self.num_rows * stride];
        add_transposed(parts, &mut gradient, stride);
        for (at, layer) in layers.generator.iter().enumerate().rev() {
            mask(&mut gradient, &self.generated[at], scale);
            let (input, stride) = match at {
                0 => (&self.z, layers.latent),
                _ => (&self.generated[at - 1], layers.generator[at - 1].stride()),
            };
            gradient = back(layer, &gradient, input, stride, &mut of_generator[at]);
        }

        let d = layers.latent;
        let num_encoders = layers.encoder.len();
        let heads = &mut self.encoded[num_encoders - 1];
        let stride = layers.encoder[num_encoders - 1].stride();
        let z_stride = gradient.len() / self.num_rows;
        let rows = gradient.chunks_exact(z_stride).zip(self.z.chunks_exact(d));
        for (heads, (gradient, z)) in heads.chunks_exact_mut(stride).zip(rows) {
            back_rows(&mut heads[..2 * d], &gradient[..d], z, kl_weights);
        }
        let mut gradient = heads.clone();
        for at in (1..num_encoders).rev() {
            let layer = &layers.encoder[at];
            if let Activation::Rectified { .. } = layer.activation {
                mask(&mut gradient, &self.encoded[at], scale);
            }
            let stride = layers.encoder[at - 1].stride();
            gradient = back(layer, &gradient, &self.encoded[at - 1], stride, &mut of_encoder[at - 1]);
        }
        if let Activation::Rectified { .. } = layers.encoder[0].activation {
            mask(&mut gradient, &self.encoded[0], scale);
        }
        first_gradient.copy_from_slice(&gradient);
    }
}

/// Computes the gradient of a layer's weight and bias from that of its output and from its input, whose rows
/// are `input_stride` numbers apart. Returns the gradient of the input, with rows of whole blocks.
fn back(
    layer: &Layer,
    gradient: &[f32],
    input: &[f32],
    input_stride: usize,
    result: &mut LayerGradient,
) -> Vec<f32> {
    let stride = layer.stride();
    let num_rows = gradient.len() / stride;
    let bias = cleared(&mut result.bias, stride);
    for row in gradient.chunks_exact(stride) {
        bias.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    let mut transposed = vec![0.0; layer.inputs * num_rows];
    for (row, numbers) in input.chunks_exact(input_stride).enumerate() {
        let places = transposed[row..].iter_mut().step_by(num_rows);
        places.zip(numbers).for_each(|(place, &number)| *place = number);
    }
    let transposed = rows_of(&transposed, num_rows, num_rows);
    let weight = cleared(&mut result.weight, layer.inputs * stride);
    for first in (0..stride).step_by(BLOCK_COLUMNS) {
        multiply(&transposed, &gradient[first..], &mut weight[first..], [stride; 2], AddTo::Zero);
    }
    let gradient = rows_of(gradient, stride, layer.outputs);
    let back_stride = layer.inputs.next_multiple_of(BLOCK_COLUMNS);
    let mut back = vec![0.0; num_rows * back_stride];
    for (at, block) in layer.transposed().blocks().enumerate() {
        let back = &mut back[at * BLOCK_COLUMNS..];
        multiply(&gradient, block, back, [BLOCK_COLUMNS, back_stride], AddTo::Zero);
    }
    back
}

// The macro requires named lifetimes.
/// Turns the gradient of a rectified output into that of its argument: `scale` times the gradient where the
/// `output` is positive.
#[allow(clippy::needless_lifetimes)]
#[pulp::with_simd(mask = pulp::Arch::new())]
#[inline(always)]
fn mask_with_simd<'a, 'b, S: Simd>(_simd: S, gradient: &'a mut [f32], output: &'b [f32], scale: f32) {
    for (gradient, &output) in gradient.iter_mut().zip(output) {
        *gradient = if output > 0.0 { *gradient * scale } else { 0.0 };
    }
}

/// Adds the transposed sum of `parts`, [columns, 32], to `rows`, which are `stride` numbers apart.
#[allow(clippy::needless_lifetimes)]
#[pulp::with_simd(add_transposed = pulp::Arch::new())]
#[inline(always)]
fn add_transposed_with_simd<'a, 'b, 'c, S: Simd>(
    _simd: S,
    parts: &'a [&'b [f32]],
    rows: &'c mut [f32],
    stride: usize,
) {
    for column in 0..parts[0].len() / CHUNK_ROWS {
        let mut sums = [0f32; CHUNK_ROWS];
        for part in parts {
            let part = &part[column * CHUNK_ROWS..(column + 1) * CHUNK_ROWS];
            sums.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
        }
        let places = rows[column..].iter_mut().step_by(stride);
        places.zip(sums).for_each(|(place, sum)| *place += sum);
    }
}
