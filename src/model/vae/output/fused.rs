//! A step of training for the last layer and the loss. Nearly all of the time of training goes here, because
//! the layer is as wide as X. A few blocks of its columns at a time go all the way from the logits to the updated
//! weights while they are in the nearest caches.

use rayon::prelude::*;

use super::{bias_of, multiply_rows};
use crate::kernels::gemm::blocks::{AddTo, BLOCK_COLUMNS, Factors, Packed, multiply, transpose_tile};
use crate::kernels::tape::Rates;
use crate::model::vae::batch::Batch;
use crate::model::vae::chunk::{CHUNK_ROWS, Chunk};
use crate::model::vae::likelihood::{BlockSums, Observation};

/// The most ranges of blocks. The ranges depend only on the number of blocks, so that sums over them are the
/// same on any number of threads.
const MOST_RANGES: usize = 8;
/// The number of blocks that take the step at once. Together they fit into the second-level cache.
const BLOCKS_AT_ONCE: usize = 4;
/// The size of a tile of the gradient, which is transposed at once.
const TILE: usize = CHUNK_ROWS * BLOCK_COLUMNS;

/// A step of training for the last layer.
pub(in crate::model::vae) struct OutputStep<'a> {
    /// The chunks of the batch, whose rows the layer is applied to.
    pub(in crate::model::vae) chunks: &'a [Chunk],
    pub(in crate::model::vae) target: &'a Batch,
    pub(in crate::model::vae) bias: &'a [f32],
    pub(in crate::model::vae) observation: Observation,
    /// Adam's factors in this step.
    pub(in crate::model::vae) rates: Rates,
}

/// What a range of blocks contributes to the loss and to the gradient of the other weights. It is kept from
/// step to step, for its memory.
#[derive(Default)]
pub(in crate::model::vae) struct Share {
    /// The gradient of the rows that the layer is applied to: [h, 32] for each 32 rows of the batch.
    pub(in crate::model::vae) rows: Vec<f32>,
    /// The gradient of the bias, one number per column, and more in the last block.
    pub(in crate::model::vae) bias: Vec<f32>,
    pub(in crate::model::vae) sums: BlockSums,
    /// The target, [b, 32].
    target: Vec<f32>,
    /// The gradient of the logits, [b, 32] for each block, with rows to a multiple of 32.
    gradient: Vec<f32>,
    /// The same transposed, [32, 32] for each block and 32 rows.
    transposed: Vec<f32>,
    /// The gradient of the weight, [h, 32].
    weight: Vec<f32>,
}

/// A block of the weight and of Adam's two moments, [h, 32] each.
type Block<'a> = [&'a mut [f32]; 3];

impl OutputStep<'_> {
    /// Takes a step of Adam for `matrices`: the weight, [h, f], and its two moments. Leaves in `shares` what
    /// the other layers need. O(b·h·f) time.
    pub(in crate::model::vae) fn take(&self, matrices: &mut [Packed; 3], shares: &mut Vec<Share>) {
        let [weight, means, squares] = matrices.each_mut().map(Packed::blocks_mut);
        let blocks = weight.zip(means).zip(squares);
        let mut blocks: Vec<Block> = blocks.map(|((weight, mean), square)| [weight, mean, square]).collect();
        let count = blocks.len().clamp(1, MOST_RANGES);
        shares.resize_with(count, Share::default);
        let num_blocks = blocks.len();
        let mut ranges = Vec::new();
        let mut rest = blocks.as_mut_slice();
        for (at, share) in shares.iter_mut().enumerate() {
            let [first, last] = [at, at + 1].map(|at| at * num_blocks / count);
            let (range, others) = rest.split_at_mut(last - first);
            rest = others;
            ranges.push((first, range, share));
        }
        ranges.into_par_iter().for_each(|(first, range, share)| {
            share.sums = BlockSums::default();
            share.bias.clear();
            for (at, blocks) in range.chunks_mut(BLOCKS_AT_ONCE).enumerate() {
                let add_to = if at == 0 { AddTo::Zero } else { AddTo::Result };
                self.take_blocks(first + at * BLOCKS_AT_ONCE, blocks, share, add_to);
            }
        });
    }

    /// Takes the step for the blocks from `first` on. Their part of the gradient of the rows is added as `add_to`
    /// says.
    fn take_blocks(&self, first: usize, blocks: &mut [Block], share: &mut Share, add_to: AddTo) {
        let size = self.chunks.len() * TILE;
        share.gradient.resize(blocks.len() * size, 0.0);
        share.transposed.resize(blocks.len() * size, 0.0);
        for (at, [weight, ..]) in blocks.iter().enumerate() {
            self.differentiate(first + at, weight, at * size..(at + 1) * size, share);
        }
        self.back_to_rows(blocks, share, add_to);
        for ([weight, mean, square], gradient) in blocks.iter_mut().zip(share.gradient.chunks_exact(size)) {
            let factors =
                self.chunks.iter().zip(gradient.chunks_exact(TILE)).map(|(chunk, gradient)| Factors {
                    left: chunk.columns(),
                    left_stride: CHUNK_ROWS,
                    depth: chunk.decoded().0,
                    right: gradient,
                    right_stride: BLOCK_COLUMNS,
                });
            let factors: Vec<Factors> = factors.collect();
            share.weight.resize(weight.len(), 0.0);
            multiply(weight.len() / BLOCK_COLUMNS, &factors, &mut share.weight, BLOCK_COLUMNS, AddTo::Zero);
            self.rates.update(weight, &share.weight, mean, square);
        }
    }

    /// Computes the loss of the block `at`, and writes the gradient of its logits and its transpose to `places`.
    fn differentiate(&self, at: usize, weight: &[f32], places: std::ops::Range<usize>, share: &mut Share) {
        let b = self.target.num_rows;
        let (gradient, transposed) = (&mut share.gradient[places.clone()], &mut share.transposed[places]);
        multiply_rows(self.chunks, weight, gradient);
        share.target.resize(b * BLOCK_COLUMNS, 0.0);
        self.target.write_columns(at * BLOCK_COLUMNS, BLOCK_COLUMNS, &mut share.target);
        let bias = bias_of(self.bias, at, self.observation);
        let mut column_sums = [0.0; BLOCK_COLUMNS];
        let used = &mut gradient[..b * BLOCK_COLUMNS];
        let scale = 1.0 / b as f32;
        let sums = self.observation.differentiate(used, &share.target, &bias, scale, &mut column_sums);
        share.sums = share.sums + sums;
        share.bias.extend_from_slice(&column_sums);
        for (tile, transposed) in gradient.chunks_exact(TILE).zip(transposed.chunks_exact_mut(TILE)) {
            transpose_tile(tile, transposed, [BLOCK_COLUMNS, CHUNK_ROWS]);
        }
    }

    /// Computes the gradient of the rows that the layer is applied to from that of the logits of `blocks`.
    fn back_to_rows(&self, blocks: &[Block], share: &mut Share, add_to: AddTo) {
        let h = blocks[0][0].len() / BLOCK_COLUMNS;
        share.rows.resize(self.chunks.len() * h * CHUNK_ROWS, 0.0);
        for (chunk, rows) in share.rows.chunks_exact_mut(h * CHUNK_ROWS).enumerate() {
            let tiles = share.transposed.chunks_exact(TILE).skip(chunk).step_by(self.chunks.len());
            let factors = blocks.iter().zip(tiles).map(|([weight, ..], tile)| Factors {
                left: weight,
                left_stride: BLOCK_COLUMNS,
                depth: BLOCK_COLUMNS,
                right: tile,
                right_stride: CHUNK_ROWS,
            });
            multiply(h, &factors.collect::<Vec<_>>(), rows, CHUNK_ROWS, add_to);
        }
    }
}
