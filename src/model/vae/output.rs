//! The last layer of the generator, which gives the parameters of p(x | z), without anything to train it.

mod fused;

use ndarray::{Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

use super::batch::Batch;
use super::likelihood::{BlockSums, Observation};
use crate::kernels::gemm::blocks::{AddTo, BLOCK_COLUMNS, multiply};

pub(super) use fused::{OutputStep, Share};

/// The last layer.
pub(super) struct Output<'a> {
    /// [h, f].
    pub(super) weight: ArrayView2<'a, f32>,
    /// [f].
    pub(super) bias: &'a [f32],
    pub(super) observation: Observation,
}

impl Output<'_> {
    /// Returns the sums of −log p(x | z) over a batch. `hidden` holds the rows that the layer is applied to.
    /// O(b·h·f) time.
    pub(super) fn sums(&self, hidden: &[&[f32]], target: &Batch) -> BlockSums {
        let parts: Vec<BlockSums> = (0..self.bias.len())
            .into_par_iter()
            .step_by(BLOCK_COLUMNS)
            .map(|first| {
                let (mut block, bias) = self.logits(hidden, first);
                let mut expected = vec![0.0; block.len()];
                target.write_columns(first, BLOCK_COLUMNS, &mut expected);
                let mut unused = [0.0; BLOCK_COLUMNS];
                self.observation.differentiate(&mut block, &expected, &bias, 1.0, &mut unused)
            })
            .collect();
        parts.into_iter().sum()
    }

    /// Returns the mean of p(x | z), [b, f]. O(b·h·f) time.
    pub(super) fn expected(&self, hidden: &[&[f32]]) -> Array2<f32> {
        let mut result = Array2::zeros((hidden.len(), self.bias.len()));
        let blocks = result.axis_chunks_iter_mut(Axis(1), BLOCK_COLUMNS).into_par_iter();
        blocks.enumerate().for_each(|(at, mut result)| {
            let (mut block, bias) = self.logits(hidden, at * BLOCK_COLUMNS);
            self.observation.expect(&mut block, &bias);
            for (mut result, block) in result.rows_mut().into_iter().zip(block.chunks_exact(BLOCK_COLUMNS)) {
                result.iter_mut().zip(block).for_each(|(result, &value)| *result = value);
            }
        });
        result
    }

    /// Returns a block of the output without its bias, [b, 32], from the column `first` on, and the bias.
    fn logits(&self, hidden: &[&[f32]], first: usize) -> (Vec<f32>, [f32; BLOCK_COLUMNS]) {
        let last = self.bias.len().min(first + BLOCK_COLUMNS);
        let mut packed = vec![0.0; self.weight.nrows() * BLOCK_COLUMNS];
        pack(self.weight.slice(s![.., first..last]), &mut packed);
        let mut block = vec![0.0; hidden.len() * BLOCK_COLUMNS];
        multiply(hidden, &packed, &mut block, [BLOCK_COLUMNS; 2], AddTo::Zero);
        (block, padded(&self.bias[first..last], self.observation.missing()))
    }
}

/// Copies at most 32 columns to rows of 32 numbers, which end in zeros.
fn pack(columns: ArrayView2<f32>, packed: &mut [f32]) {
    for (packed, row) in packed.chunks_exact_mut(BLOCK_COLUMNS).zip(columns.rows()) {
        let (packed, rest) = packed.split_at_mut(row.len());
        match row.to_slice() {
            Some(row) => packed.copy_from_slice(row),
            None => packed.iter_mut().zip(row).for_each(|(packed, &value)| *packed = value),
        }
        rest.fill(0.0);
    }
}

/// Returns the bias of a block, with `missing` for the columns beyond the last.
fn padded(bias: &[f32], missing: f32) -> [f32; BLOCK_COLUMNS] {
    let mut block = [missing; BLOCK_COLUMNS];
    block[..bias.len()].copy_from_slice(bias);
    block
}
