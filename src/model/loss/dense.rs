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

mod round_robin;

use std::sync::Mutex;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::kernels::simd::{Product, sigmoid};

/// The largest number of rows in a block; wide embeddings have smaller blocks.
const BLOCK_ROWS: usize = 128;
/// The largest size of a block's embeddings in bytes, which keeps two blocks and their gradients in a near
/// cache.
const BLOCK_BYTES: usize = 1 << 16;
/// The number of rows in a block is a multiple of this: two of the widest SIMD vectors.
const ROW_MULTIPLE: usize = 32;
/// The coordinates of a row are padded to a multiple of this: the widest SIMD vector.
const WIDTH_MULTIPLE: usize = 16;
/// The number of rows in a tile, as many as fit into registers.
pub(super) const TILE_ROWS: usize = 4;
/// The number of rows in a tile on processors with the widest SIMD vectors, which have twice as many
/// registers.
const WIDE_TILE_ROWS: usize = 8;

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
    let sums: Vec<Mutex<BlockSums>> = blocks
        .blocks
        .iter()
        .map(|block| Mutex::new(BlockSums { rows: vec![0f32; block.rows.len()], total: 0.0 }))
        .collect();
    let arch = Arch::new();
    round_robin::for_each_pair(blocks.blocks.len(), |first, second| {
        if !includes(first, second) {
            return;
        }
        let lock = |at: usize| sums[at].lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut first_sums = lock(first);
        let (rows, columns) = (&blocks.blocks[first], &blocks.blocks[second]);
        let mut add = |column_sums: &mut [f32]| {
            let row_sums = &mut first_sums.rows;
            arch.dispatch(BlockPair { shape: blocks, rows, columns, row_sums, column_sums })
        };
        let total = match first == second {
            true => add(&mut vec![0f32; columns.rows.len()]),
            false => 2.0 * add(&mut lock(second).rows),
        };
        first_sums.total += total;
    });
    sums.into_iter().map(|sums| sums.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())).collect()
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

/// The rows of z in blocks of equal, padded size. The padding is zeros, each of whose pairs adds nothing to
/// the gradients and ln 2 to the sum, which is subtracted.
pub(super) struct Blocks {
    pub(super) blocks: Vec<Block>,
    /// The number of rows of a block, including padding.
    pub(super) height: usize,
    /// The number of coordinates of a row, including padding.
    pub(super) width: usize,
    /// The number of coordinates of a row.
    pub(super) d: usize,
}

pub(super) struct Block {
    /// The number of rows, without padding.
    pub(super) num_rows: usize,
    /// The rows, [height, width].
    pub(super) rows: Vec<f32>,
    /// The transposed rows, [d, height].
    pub(super) transposed: Vec<f32>,
}

impl Blocks {
    pub(super) fn new(z: &[f32], n: usize, d: usize) -> Self {
        Self::with_height(z, Self::block_height(n, d), d)
    }

    /// Returns the number of rows in a block for `n` rows in total.
    fn block_height(n: usize, d: usize) -> usize {
        let width = d.next_multiple_of(WIDTH_MULTIPLE);
        let fitting = BLOCK_BYTES / (width * size_of::<f32>()) / ROW_MULTIPLE * ROW_MULTIPLE;
        let most = fitting.clamp(ROW_MULTIPLE, BLOCK_ROWS);
        n.div_ceil(n.div_ceil(most).max(1)).next_multiple_of(ROW_MULTIPLE)
    }

    fn with_height(z: &[f32], height: usize, d: usize) -> Self {
        let width = d.next_multiple_of(WIDTH_MULTIPLE);
        let block = |part: &[f32]| {
            let mut rows = vec![0f32; height * width];
            let mut transposed = vec![0f32; d * height];
            for (at, row) in part.chunks_exact(d).enumerate() {
                rows[at * width..at * width + d].copy_from_slice(row);
                for (k, &value) in row.iter().enumerate() {
                    transposed[k * height + at] = value;
                }
            }
            Block { num_rows: part.len() / d, rows, transposed }
        };
        let blocks = z.par_chunks(height * d).map(block).collect();
        Blocks { blocks, height, width, d }
    }
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
