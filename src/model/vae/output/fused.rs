//! A step of training for the last layer and the loss. Nearly all of the time of training goes here, because
//! the layer is as wide as X. The columns are divided into ranges, and a few blocks of a range at a time go all
//! the way from the logits to the updated weights while they are in the nearest caches.

use ndarray::{Array2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

use super::{pack, padded};
use crate::kernels::gemm::blocks::{AddTo, BLOCK_COLUMNS, multiply};
use crate::kernels::tape::Rates;
use crate::model::vae::batch::Batch;
use crate::model::vae::chunk::CHUNK_ROWS;
use crate::model::vae::likelihood::{BlockSums, Observation};

/// The most ranges of columns. The ranges depend only on the number of columns, so that sums over them are the
/// same on any number of threads.
const MOST_RANGES: usize = 16;
/// The number of blocks of columns whose matrices fit into the second-level cache together.
const BLOCKS_PER_PANEL: usize = 3;

/// A step of training for the last layer.
pub(in crate::model::vae) struct OutputStep<'a> {
    /// The rows that the layer is applied to, h numbers each.
    pub(in crate::model::vae) rows: &'a [&'a [f32]],
    /// The same matrix transposed: h rows, b numbers each.
    pub(in crate::model::vae) columns: &'a [&'a [f32]],
    pub(in crate::model::vae) target: &'a Batch,
    pub(in crate::model::vae) bias: &'a [f32],
    pub(in crate::model::vae) observation: Observation,
    /// Adam's factors in this step.
    pub(in crate::model::vae) rates: Rates,
}

/// What a range of columns contributes to the loss and to the gradient of the other weights. It is kept from
/// step to step, for its memory.
#[derive(Default)]
pub(in crate::model::vae) struct Share {
    /// The gradient of the rows that the layer is applied to: [h, 32] for each 32 rows of the batch.
    pub(in crate::model::vae) rows: Vec<f32>,
    /// The gradient of the bias, one number per column.
    pub(in crate::model::vae) bias: Vec<f32>,
    pub(in crate::model::vae) sums: BlockSums,
    scratch: Scratch,
}

#[derive(Default)]
struct Scratch {
    /// A block of the weight, [h, 32].
    packed: Vec<f32>,
    /// A block of the target, [b, 32].
    target: Vec<f32>,
    /// The gradient of the logits, [b, 32] for each block.
    gradient: Vec<f32>,
    /// The same transposed, [columns, 32] for each 32 rows of the batch.
    transposed: Vec<f32>,
    /// The gradient of the weight, [h, columns].
    weight: Vec<f32>,
}

/// A few blocks of columns, of the weight and of Adam's two moments, [h, columns] each.
type Panel<'a> = [ArrayViewMut2<'a, f32>; 3];

impl OutputStep<'_> {
    /// Takes a step of Adam for `matrices`: the weight, [h, f], and its two moments. Leaves in `shares` what
    /// the other layers need. O(b·h·f) time.
    pub(in crate::model::vae) fn take(&self, matrices: [&mut Array2<f32>; 3], shares: &mut Vec<Share>) {
        let num_columns = self.bias.len();
        let num_blocks = num_columns.div_ceil(BLOCK_COLUMNS);
        let count = num_blocks.clamp(1, MOST_RANGES);
        shares.resize_with(count, Share::default);
        let mut rest = matrices.map(|matrix| matrix.view_mut());
        let mut ranges = Vec::new();
        let mut first = 0;
        for (at, share) in shares.iter_mut().enumerate() {
            let last = ((at + 1) * num_blocks / count * BLOCK_COLUMNS).min(num_columns);
            let (range, others) = split(rest, last - first);
            rest = others;
            ranges.push((first, range, share));
            first = last;
        }
        ranges.into_par_iter().for_each(|(first, range, share)| self.take_range(first, range, share));
    }

    /// Takes the step for the columns from `first` on.
    fn take_range(&self, mut first: usize, range: Panel, share: &mut Share) {
        let num_chunks = self.rows.len().div_ceil(CHUNK_ROWS);
        share.sums = BlockSums::default();
        share.bias.clear();
        share.rows.clear();
        share.rows.resize(num_chunks * self.columns.len() * CHUNK_ROWS, 0.0);
        let mut rest = range;
        while rest[0].ncols() > 0 {
            let width = rest[0].ncols().min(BLOCKS_PER_PANEL * BLOCK_COLUMNS);
            let (panel, others) = split(rest, width);
            rest = others;
            self.take_panel(first, panel, share);
            first += width;
        }
    }

    fn take_panel(&self, first: usize, [mut weight, mut means, mut squares]: Panel, share: &mut Share) {
        let (h, width) = weight.dim();
        let padded_width = width.next_multiple_of(BLOCK_COLUMNS);
        let block_size = self.rows.len() * BLOCK_COLUMNS;
        let num_chunks = self.rows.len().div_ceil(CHUNK_ROWS);
        let Share { rows: row_gradient, bias: bias_gradient, sums, scratch } = share;
        let Scratch { packed, target, gradient, transposed, weight: weight_gradient } = scratch;
        packed.resize(h * BLOCK_COLUMNS, 0.0);
        target.resize(block_size, 0.0);
        gradient.resize(block_size * padded_width / BLOCK_COLUMNS, 0.0);
        transposed.resize(num_chunks * padded_width * CHUNK_ROWS, 0.0);
        weight_gradient.resize(h * padded_width, 0.0);

        let scale = 1.0 / self.rows.len() as f32;
        for (at, block) in gradient.chunks_exact_mut(block_size).enumerate() {
            let columns = at * BLOCK_COLUMNS..width.min((at + 1) * BLOCK_COLUMNS);
            pack(weight.slice(s![.., columns.clone()]), packed);
            multiply(self.rows, packed, block, [BLOCK_COLUMNS; 2], AddTo::Zero);
            self.target.write_columns(first + columns.start, BLOCK_COLUMNS, target);
            let bias = &self.bias[first + columns.start..first + columns.end];
            let bias = padded(bias, self.observation.missing());
            let mut column_sums = [0.0; BLOCK_COLUMNS];
            *sums = *sums + self.observation.differentiate(block, target, &bias, scale, &mut column_sums);
            bias_gradient.extend_from_slice(&column_sums[..columns.len()]);
            for (chunk, rows) in block.chunks(CHUNK_ROWS * BLOCK_COLUMNS).enumerate() {
                let place = (chunk * padded_width + columns.start) * CHUNK_ROWS;
                transpose(rows, &mut transposed[place..place + BLOCK_COLUMNS * CHUNK_ROWS]);
            }
        }

        let weight_rows: Vec<&[f32]> =
            weight.rows().into_iter().map(|row| row.to_slice().expect("rows of a weight are slices")).collect();
        let chunks = row_gradient.chunks_exact_mut(h * CHUNK_ROWS);
        for (gradient, transposed) in chunks.zip(transposed.chunks_exact(padded_width * CHUNK_ROWS)) {
            multiply(&weight_rows, transposed, gradient, [CHUNK_ROWS; 2], AddTo::Result);
        }
        for (at, block) in gradient.chunks_exact(block_size).enumerate() {
            let result = &mut weight_gradient[at * BLOCK_COLUMNS..];
            multiply(self.columns, block, result, [BLOCK_COLUMNS, padded_width], AddTo::Zero);
        }
        for (k, gradient) in weight_gradient.chunks_exact(padded_width).enumerate() {
            let rows = [&mut weight, &mut means, &mut squares].map(|matrix| matrix.row_mut(k).into_slice());
            let [Some(weight), Some(mean), Some(square)] = rows else { unreachable!("rows are slices") };
            self.rates.update(weight, &gradient[..width], mean, square);
        }
    }
}

/// Splits matrices after `width` columns.
fn split(panel: Panel, width: usize) -> (Panel, Panel) {
    let [weight, means, squares] = panel.map(|matrix| matrix.split_at(Axis(1), width));
    ([weight.0, means.0, squares.0], [weight.1, means.1, squares.1])
}

/// Transposes at most 32 rows of 32 numbers. What is left of the result stays as it is.
fn transpose(rows: &[f32], transposed: &mut [f32]) {
    for (row, numbers) in rows.chunks_exact(BLOCK_COLUMNS).enumerate() {
        for (place, &number) in transposed[row..].iter_mut().step_by(CHUNK_ROWS).zip(numbers) {
            *place = number;
        }
    }
}
