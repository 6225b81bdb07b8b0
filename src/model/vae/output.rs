//! The last layer of the generator, which gives the parameters of p(x | z), without anything to train it.

mod fused;

use ndarray::{Array2, Axis};
use rayon::prelude::*;

use super::batch::Batch;
use super::chunk::{CHUNK_ROWS, Chunk};
use super::likelihood::{BlockSums, Observation};
use crate::kernels::gemm::blocks::{AddTo, BLOCK_COLUMNS, Factors, Packed, multiply};

pub(super) use fused::{OutputStep, Share};

/// The last layer.
pub(super) struct Output<'a> {
    /// [h, f].
    pub(super) weight: Packed,
    /// [f].
    pub(super) bias: &'a [f32],
    pub(super) observation: Observation,
}

impl Output<'_> {
    /// Returns the sums of −log p(x | z) over a batch. `chunks` hold the rows
    /// that the layer is applied to. O(b·h·f) time.
    pub(super) fn sums(&self, chunks: &[Chunk], target: &Batch) -> BlockSums {
        let weights: Vec<&[f32]> = self.weight.blocks().collect();
        let parts: Vec<BlockSums> = weights
            .into_par_iter()
            .enumerate()
            .map(|(at, weight)| {
                let (mut block, bias) = self.logits(chunks, at, weight);
                let mut expected = vec![0.0; block.len()];
                target.write_columns(at * BLOCK_COLUMNS, BLOCK_COLUMNS, &mut expected);
                let mut unused = [0.0; BLOCK_COLUMNS];
                self.observation.differentiate(&mut block, &expected, &bias, 1.0, &mut unused)
            })
            .collect();
        parts.into_iter().sum()
    }

    /// Returns the mean of p(x | z), [b, f]. O(b·h·f) time.
    pub(super) fn expected(&self, chunks: &[Chunk]) -> Array2<f32> {
        let mut result = Array2::zeros((num_rows(chunks), self.bias.len()));
        let parts: Vec<_> =
            result.axis_chunks_iter_mut(Axis(1), BLOCK_COLUMNS).zip(self.weight.blocks()).collect();
        parts.into_par_iter().enumerate().for_each(|(at, (mut result, weight))| {
            let (mut block, bias) = self.logits(chunks, at, weight);
            self.observation.expect(&mut block, &bias);
            for (mut result, block) in result.rows_mut().into_iter().zip(block.chunks_exact(BLOCK_COLUMNS)) {
                result.iter_mut().zip(block).for_each(|(result, &value)| *result = value);
            }
        });
        result
    }

    /// Returns a block of the output without its bias, [b, 32], and its bias.
    fn logits(&self, chunks: &[Chunk], at: usize, weight: &[f32]) -> (Vec<f32>, [f32; BLOCK_COLUMNS]) {
        let mut block = vec![0.0; num_rows(chunks) * BLOCK_COLUMNS];
        multiply_rows(chunks, weight, &mut block);
        (block, bias_of(self.bias, at, self.observation))
    }
}

fn num_rows(chunks: &[Chunk]) -> usize {
    chunks.iter().map(|chunk| chunk.decoded().0).sum()
}

/// Writes the product of the rows that the layer is applied to with a block of its weight, [h, 32], to `block`,
/// [b, 32].
fn multiply_rows(chunks: &[Chunk], weight: &[f32], block: &mut [f32]) {
    for (chunk, block) in chunks.iter().zip(block.chunks_mut(CHUNK_ROWS * BLOCK_COLUMNS)) {
        let (num_rows, rows) = chunk.decoded();
        let factors = Factors {
            left: rows,
            left_stride: rows.len() / CHUNK_ROWS,
            depth: weight.len() / BLOCK_COLUMNS,
            right: weight,
            right_stride: BLOCK_COLUMNS,
        };
        multiply(num_rows, &[factors], block, BLOCK_COLUMNS, AddTo::Zero);
    }
}

/// Returns the bias of a block, with one that adds nothing to the loss for the columns beyond the last.
fn bias_of(bias: &[f32], at: usize, observation: Observation) -> [f32; BLOCK_COLUMNS] {
    let mut block = [observation.missing(); BLOCK_COLUMNS];
    block.iter_mut().zip(&bias[at * BLOCK_COLUMNS..]).for_each(|(place, &bias)| *place = bias);
    block
}
