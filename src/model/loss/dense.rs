//! The dense part of the exact loss: Σ softplus(z_i·z_j) over all n² pairs and its gradient, in one fused
//! pass.
//!
//! The rows are divided into blocks. For each pair of blocks, the pass computes a tile of inner products, its
//! sigmoids, and their products with the rows, while the tile is in the nearest cache. The inner product is
//! symmetric, so that each pair of blocks is visited once and contributes to both blocks. O(n²·d) time,
//! O(n·d) memory.
//!
//! The pairs of blocks follow a round-robin schedule, and the gradient of each block is summed in the order
//! of the rounds. The result is therefore bit-identical for any number of threads.
//!
//! It is written by hand because no crate fuses the two matrix products with the sigmoids between them.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::blocks::{Block, Blocks, TILE_ROWS, WIDE_TILE_ROWS, WIDTH_MULTIPLE};
use crate::kernels::simd::{Product, sigmoid};

/// Returns Σ_ij softplus(z_i·z_j) over all ordered pairs of rows, including i = j, and writes the matrix
/// Σ_j σ(z_i·z_j) z_j, [n, d], to `gradient`; it is half the gradient of the sum. `z` is [n, d], row by row.
pub(crate) fn softplus_sum(z: &[f32], n: usize, d: usize, gradient: &mut [f32]) -> f64 {
    assert_eq!(z.len(), n * d, "z must be [n, d]");
    let blocks = Blocks::new(z, n, d);
    let sums = sum_over_blocks(&blocks, |_, _| true);
    let total: f64 = sums.iter().map(|sums| sums.total).sum();
    write_rows(&sums, &blocks, gradient);
    // softplus(x) = ln(1 + e^-|x|) + |x|/2 + x/2, and the sum of all x is the squared norm of the sum of the
    // rows.
    let sum = sum_of_rows(z, d);
    total + 0.5 * sum.iter().map(|sum| sum * sum).sum::<f64>()
}

/// Returns Σ softplus(z_i·z_j) over the ordered pairs of rows of which exactly one is among the first
/// `num_sources`, and writes the matrix Σ_j σ(z_i·z_j) z_j over the same pairs, [n, d], to `gradient`; it is
/// half the gradient of the sum. `z` is [n, d], row by row. O(sources · targets · d) time, O(n·d) memory. The
/// result is bit-identical for any number of threads.
pub(crate) fn softplus_sum_across(z: &[f32], num_sources: usize, d: usize, gradient: &mut [f32]) -> f64 {
    let (sources, targets) = z.split_at(num_sources * d);
    // Both blocks of a pair must have the same height.
    let height = Blocks::block_height(num_sources.max(targets.len() / d), d);
    let mut blocks = Blocks::with_height(sources, height, d);
    let num_source_blocks = blocks.blocks.len();
    blocks.blocks.extend(Blocks::with_height(targets, height, d).blocks);
    let is_source = |block: usize| block < num_source_blocks;
    let sums = sum_over_blocks(&blocks, |first, second| is_source(first) != is_source(second));
    let (source_gradient, target_gradient) = gradient.split_at_mut(num_sources * d);
    write_rows(&sums[..num_source_blocks], &blocks, source_gradient);
    write_rows(&sums[num_source_blocks..], &blocks, target_gradient);
    // Σ x/2, as in the sum over all pairs; each x counts in both directions.
    let halves = sum_of_rows(sources, d).iter().zip(sum_of_rows(targets, d)).map(|(a, b)| a * b).sum::<f64>();
    sums.iter().map(|sums| sums.total).sum::<f64>() + halves
}

/// Sums over the pairs of blocks for which `includes` returns `true`, in both directions, where a block also
/// forms a pair with itself. Returns the sums of each block.
fn sum_over_blocks(blocks: &Blocks, includes: impl Fn(usize, usize) -> bool + Sync) -> Vec<BlockSums> {
    let new = || BlockSums { rows: vec![0f32; blocks.height * blocks.width], total: 0.0 };
    let arch = Arch::new();
    blocks.sum_over_pairs(new, |[first, second], first_sums, second_sums| {
        if !includes(first, second) {
            return;
        }
        let (rows, columns) = (&blocks.blocks[first], &blocks.blocks[second]);
        let mut add = |column_sums: &mut [f32]| {
            let row_sums = &mut first_sums.rows;
            arch.dispatch(BlockPair { shape: blocks, rows, columns, row_sums, column_sums })
        };
        let total = match second_sums {
            None => add(&mut vec![0f32; columns.rows.len()]),
            Some(second_sums) => 2.0 * add(&mut second_sums.rows),
        };
        first_sums.total += total;
    })
}

/// Writes the rows of `sums`, without their padding.
fn write_rows(sums: &[BlockSums], blocks: &Blocks, gradient: &mut [f32]) {
    let d = blocks.d;
    gradient.par_chunks_mut((blocks.height * d).max(1)).zip(sums).for_each(|(gradient, sums)| {
        for (row, sums) in gradient.chunks_exact_mut(d).zip(sums.rows.chunks_exact(blocks.width)) {
            row.copy_from_slice(&sums[..d]);
        }
    });
}

/// The sums of a block over its pairs.
struct BlockSums {
    /// The gradient of each row, [height, width].
    rows: Vec<f32>,
    /// The sum over the pairs in which this block is the first.
    total: f64,
}

/// Returns Σ_i z_i for rows of `d` numbers.
fn sum_of_rows(z: &[f32], d: usize) -> Vec<f64> {
    let mut sums = vec![0f64; d];
    for row in z.chunks_exact(d) {
        sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    sums
}

/// Two blocks and the sums to which they contribute. The output is Σ (softplus(x) − x/2) over the pairs (row,
/// column).
struct BlockPair<'a> {
    shape: &'a Blocks,
    rows: &'a Block,
    columns: &'a Block,
    row_sums: &'a mut [f32],
    column_sums: &'a mut [f32],
}

impl WithSimd for BlockPair<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        match S::F32_LANES >= WIDTH_MULTIPLE {
            true => self.add::<S, WIDE_TILE_ROWS>(simd),
            false => self.add::<S, TILE_ROWS>(simd),
        }
    }
}

impl BlockPair<'_> {
    #[inline(always)]
    fn add<S: Simd, const ROWS: usize>(self, simd: S) -> f64 {
        let Blocks { height, width, d, .. } = *self.shape;
        let mut probabilities = vec![0f32; ROWS * height];
        let mut sums = SoftplusSums { magnitudes: 0.0, factors: Product::new(simd) };
        let num_row_tiles = self.rows.num_rows.div_ceil(ROWS);
        let row_tiles = self.rows.rows.chunks_exact(ROWS * width);
        let sum_tiles = self.row_sums.chunks_exact_mut(ROWS * width);
        for (tile, (rows, row_sums)) in row_tiles.zip(sum_tiles).take(num_row_tiles).enumerate() {
            let row_tile = (self.rows.transposed.as_slice(), tile * ROWS);
            let columns = self.columns.transposed.as_slice();
            forward::<S, ROWS>(simd, row_tile, columns, d, &mut probabilities, &mut sums);
            let (columns, column_sums) = (&self.columns.rows, &mut *self.column_sums);
            backward::<S, ROWS>(simd, rows, row_sums, columns, column_sums, &probabilities, width);
        }
        let num_computed = num_row_tiles * ROWS * height;
        let num_padding = num_computed - self.rows.num_rows * self.columns.num_rows;
        let logarithms = sums.factors.logarithm(simd);
        0.5 * sums.magnitudes + logarithms - num_padding as f64 * std::f64::consts::LN_2
    }
}

/// The sum Σ |x| and the product Π (1 + e^-|x|).
struct SoftplusSums<S: Simd> {
    magnitudes: f64,
    factors: Product<S>,
}

/// Writes σ(rows · columns) for a tile of rows and a whole block of columns: two vectors of columns for each
/// row, then the next two. `rows` is the transposed block that contains the tile, [d, height], and `first`
/// the first row of the tile.
#[inline(always)]
fn forward<S: Simd, const ROWS: usize>(
    simd: S,
    (rows, first): (&[f32], usize),
    columns: &[f32],
    d: usize,
    probabilities: &mut [f32],
    sums: &mut SoftplusSums<S>,
) {
    let height = columns.len() / d;
    let (columns, _) = S::as_simd_f32s(columns);
    let vectors = columns.len() / d;
    let (probabilities, _) = S::as_mut_simd_f32s(probabilities);
    let mut magnitudes = simd.splat_f32s(0.0);
    for (step, probabilities) in probabilities.chunks_exact_mut(2 * ROWS).enumerate() {
        let mut logits = [[simd.splat_f32s(0.0); 2]; ROWS];
        for (rows, columns) in rows.chunks_exact(height).zip(columns.chunks_exact(vectors)) {
            let rows = &rows[first..first + ROWS];
            let columns = [columns[2 * step], columns[2 * step + 1]];
            for (&coordinate, logits) in rows.iter().zip(&mut logits) {
                let coordinate = simd.splat_f32s(coordinate);
                logits[0] = simd.mul_add_f32s(coordinate, columns[0], logits[0]);
                logits[1] = simd.mul_add_f32s(coordinate, columns[1], logits[1]);
            }
        }
        let probabilities = probabilities.as_chunks_mut::<2>().0;
        for (probabilities, logits) in probabilities.iter_mut().zip(logits) {
            for (probability, logit) in probabilities.iter_mut().zip(logits) {
                let (exponential, sigmoid) = sigmoid(simd, logit);
                *probability = sigmoid;
                magnitudes = simd.add_f32s(magnitudes, simd.abs_f32s(logit));
                sums.factors.multiply_by_one_plus(simd, exponential);
            }
        }
        // There are at most 16 factors of at most 2, so that the product has not overflowed.
        sums.factors.normalize(simd);
    }
    sums.magnitudes += f64::from(simd.reduce_sum_f32s(magnitudes));
}

/// Adds probabilities · columns to the sums of the rows, and probabilitiesᵀ · rows to the sums of the
/// columns.
#[inline(always)]
fn backward<S: Simd, const ROWS: usize>(
    simd: S,
    rows: &[f32],
    row_sums: &mut [f32],
    columns: &[f32],
    column_sums: &mut [f32],
    probabilities: &[f32],
    width: usize,
) {
    let (rows, _) = S::as_simd_f32s(rows);
    let (row_sums, _) = S::as_mut_simd_f32s(row_sums);
    let (columns, _) = S::as_simd_f32s(columns);
    let (column_sums, _) = S::as_mut_simd_f32s(column_sums);
    let vectors = width / S::F32_LANES;
    // The number of columns whose probabilities are contiguous for each row.
    let step = 2 * S::F32_LANES;
    for part in 0..vectors {
        let row: [S::f32s; ROWS] = std::array::from_fn(|at| rows[at * vectors + part]);
        let mut sum: [S::f32s; ROWS] = std::array::from_fn(|at| row_sums[at * vectors + part]);
        let steps = columns.chunks_exact(step * vectors).zip(column_sums.chunks_exact_mut(step * vectors));
        for ((columns, column_sums), probabilities) in steps.zip(probabilities.chunks_exact(ROWS * step)) {
            let columns = columns.chunks_exact(vectors).zip(column_sums.chunks_exact_mut(vectors));
            for (at_column, (column, column_sum)) in columns.enumerate() {
                let column = column[part];
                // Two sums, so that consecutive additions do not wait for each other.
                let mut sums = [column_sum[part], simd.splat_f32s(0.0)];
                for at in 0..ROWS {
                    let probability = simd.splat_f32s(probabilities[at * step + at_column]);
                    sum[at] = simd.mul_add_f32s(probability, column, sum[at]);
                    sums[at % 2] = simd.mul_add_f32s(probability, row[at], sums[at % 2]);
                }
                column_sum[part] = simd.add_f32s(sums[0], sums[1]);
            }
        }
        for (at, sum) in sum.into_iter().enumerate() {
            row_sums[at * vectors + part] = sum;
        }
    }
}

#[cfg(test)]
mod tests;
