//! Back-propagation of a few rows, from the argument of the last layer to the output of the first.

use pulp::Simd;

use super::{CHUNK_ROWS, Chunk, transpose_tiles};
use crate::kernels::gemm::blocks::{AddTo, BLOCK_COLUMNS, Factors, multiply, transpose_tile};
use crate::kernels::tape::{Dropout, back_rows};
use crate::model::vae::layers::{Layer, Layers};

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

        let mut sums = vec![0.0; layers.width().next_multiple_of(BLOCK_COLUMNS) * CHUNK_ROWS];
        add(&mut sums, parts);
        let stride = sums.len() / CHUNK_ROWS;
        let mut gradient = vec![0.0; CHUNK_ROWS * stride];
        for first in (0..stride).step_by(BLOCK_COLUMNS) {
            let tile = &sums[first * CHUNK_ROWS..];
            transpose_tile(tile, &mut gradient[first..], [CHUNK_ROWS, stride]);
        }
        for (at, layer) in layers.generator.iter().enumerate().rev() {
            mask(&mut gradient, &self.generated[at], scale);
            let input = if at == 0 { &self.z } else { &self.generated[at - 1] };
            gradient = back(layer, &gradient, input, self.num_rows, &mut of_generator[at]);
        }

        let d = layers.latent;
        let heads = self.encoded.last_mut().expect("the last layer of the encoder gives the heads");
        let stride = layers.latent_stride();
        let rows = gradient.chunks_exact(stride).zip(self.z.chunks_exact(stride)).take(self.num_rows);
        let head_stride = heads.len() / CHUNK_ROWS;
        for (heads, (gradient, z)) in heads.chunks_exact_mut(head_stride).zip(rows) {
            back_rows(&mut heads[..2 * d], &gradient[..d], &z[..d], kl_weights);
        }
        let mut gradient = heads.clone();
        for (at, layer) in layers.encoder.iter().enumerate().skip(1).rev() {
            let input = &self.encoded[at - 1];
            gradient = back(layer, &gradient, input, self.num_rows, &mut of_encoder[at - 1]);
            mask(&mut gradient, input, scale);
        }
        first_gradient.copy_from_slice(&gradient[..first_gradient.len()]);
    }
}

/// Computes the gradient of a layer's weight and bias from that of its output and from its input. Returns the
/// gradient of the input.
fn back(
    layer: &Layer,
    gradient: &[f32],
    input: &[f32],
    num_rows: usize,
    result: &mut LayerGradient,
) -> Vec<f32> {
    let stride = layer.stride();
    result.bias.clear();
    result.bias.resize(stride, 0.0);
    for row in gradient.chunks_exact(stride).take(num_rows) {
        result.bias.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    let mut columns = vec![0.0; input.len()];
    transpose_tiles(input, &mut columns);
    result.weight.resize(layer.inputs * stride, 0.0);
    for first in (0..stride).step_by(BLOCK_COLUMNS) {
        let factors = Factors {
            left: &columns,
            left_stride: CHUNK_ROWS,
            depth: num_rows,
            right: &gradient[first..],
            right_stride: stride,
        };
        multiply(layer.inputs, &[factors], &mut result.weight[first..], stride, AddTo::Zero);
    }
    let back_stride = layer.inputs.next_multiple_of(BLOCK_COLUMNS);
    let mut back = vec![0.0; CHUNK_ROWS * back_stride];
    for (at, block) in layer.transposed().blocks().enumerate() {
        let factors = Factors {
            left: gradient,
            left_stride: stride,
            depth: layer.outputs,
            right: block,
            right_stride: BLOCK_COLUMNS,
        };
        multiply(num_rows, &[factors], &mut back[at * BLOCK_COLUMNS..], back_stride, AddTo::Zero);
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

/// Adds `parts` to `sums`, which may be longer.
#[allow(clippy::needless_lifetimes)]
#[pulp::with_simd(add = pulp::Arch::new())]
#[inline(always)]
fn add_with_simd<'a, 'b, 'c, S: Simd>(_simd: S, sums: &'a mut [f32], parts: &'b [&'c [f32]]) {
    for part in parts {
        sums.iter_mut().zip(*part).for_each(|(sum, &value)| *sum += value);
    }
}
