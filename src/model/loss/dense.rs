//! The dense half of the exact loss: Σ softplus(z_i·z_j) over all n² pairs and its gradient, fused.
//!
//! One pass over blocks of rows: a tile of inner products, its sigmoids, and their products back onto the
//! rows, while the tile is in the nearest cache. As the inner product is symmetric, each pair of blocks is
//! visited once and serves both its blocks. O(n²·d) time, O(n·d) memory.
//!
//! The blocks meet as in a round-robin tournament, and each block's gradient is summed in the order of the rounds. The
//! result is therefore the same to the bit for any number of threads.

mod across;
mod tournament;

use std::sync::Mutex;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::kernels::simd::{Product, sigmoid};

pub(crate) use across::softplus_sum_across;

/// Rows of one block, before the cache asks for fewer.
const BLOCK_ROWS: usize = 128;
/// The bytes of embeddings that one block may take, so that two blocks and their gradients stay near.
const BLOCK_BYTES: usize = 1 << 16;
/// Block rows are a multiple of this: two vectors of the widest kind.
const ROW_MULTIPLE: usize = 32;
/// Coordinates of a row are padded to a multiple of this: the widest vector.
const WIDTH_MULTIPLE: usize = 16;
/// Rows that go through a tile together, as many as registers allow.
pub(super) const TILE_ROWS: usize = 4;
/// The same where there are registers of the widest kind, of which there are twice as many.
const WIDE_TILE_ROWS: usize = 8;

/// Σ_ij softplus(z_i·z_j) over all ordered pairs of rows, i = j included, and into `gradient` the matrix
/// Σ_j σ(z_i·z_j) z_j, [n, d], which is half the sum's gradient. `z` is [n, d], row by row.
pub(crate) fn softplus_sum(z: &[f32], n: usize, d: usize, gradient: &mut [f32]) -> f64 {
    assert_eq!(z.len(), n * d, "z must be [n, d]");
    let blocks = Blocks::new(z, n, d);
    let sums = meet_all(&blocks, |_, _| true);
    let total: f64 = sums.iter().map(|sums| sums.total).sum();
    write_rows(&sums, &blocks, gradient);
    // softplus(x) = ln(1 + e^-|x|) + |x|/2 + x/2, and the sum of all x is the square of the sum of the rows.
    let sum = sum_of_rows(z, d);
    total + 0.5 * sum.iter().map(|sum| sum * sum).sum::<f64>()
}

/// Lets every two blocks meet for which `do_meet` holds, both ways round, and each with itself.
fn meet_all(blocks: &Blocks, do_meet: impl Fn(usize, usize) -> bool + Sync) -> Vec<Sums> {
    let sums: Vec<Mutex<Sums>> = blocks
        .blocks
        .iter()
        .map(|block| Mutex::new(Sums { rows: vec![0f32; block.rows.len()], total: 0.0 }))
        .collect();
    let arch = Arch::new();
    tournament::play(blocks.blocks.len(), |first, second| {
        if !do_meet(first, second) {
            return;
        }
        let lock = |at: usize| sums[at].lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut of_rows = lock(first);
        let (rows, columns) = (&blocks.blocks[first], &blocks.blocks[second]);
        let mut meet = |column_sums: &mut [f32]| {
            let row_sums = &mut of_rows.rows;
            arch.dispatch(Meeting { shape: blocks, rows, columns, row_sums, column_sums })
        };
        let total = match first == second {
            true => meet(&mut vec![0f32; columns.rows.len()]),
            false => 2.0 * meet(&mut lock(second).rows),
        };
        of_rows.total += total;
    });
    sums.into_iter().map(|sums| sums.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())).collect()
}

/// Writes the rows of `sums`, without their padding.
fn write_rows(sums: &[Sums], blocks: &Blocks, gradient: &mut [f32]) {
    let d = blocks.d;
    gradient.par_chunks_mut((blocks.height * d).max(1)).zip(sums).for_each(|(gradient, sums)| {
        for (row, sums) in gradient.chunks_exact_mut(d).zip(sums.rows.chunks_exact(blocks.width)) {
            row.copy_from_slice(&sums[..d]);
        }
    });
}

/// What the meetings of a block add up to.
struct Sums {
    /// Of each row, [height, width].
    rows: Vec<f32>,
    /// Of those meetings in which its rows are the rows.
    total: f64,
}

/// Σ_i z_i, for rows of `d` numbers.
fn sum_of_rows(z: &[f32], d: usize) -> Vec<f64> {
    let mut sums = vec![0f64; d];
    for row in z.chunks_exact(d) {
        sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    sums
}

/// z cut into blocks of equal, padded size. The padding is zeros, which add nothing to any gradient row and a
/// known ln 2 to the sum.
pub(super) struct Blocks {
    pub(super) blocks: Vec<Block>,
    /// Rows of a block, padding included.
    pub(super) height: usize,
    /// Coordinates of a row, padding included.
    pub(super) width: usize,
    /// Coordinates of a row.
    pub(super) d: usize,
}

pub(super) struct Block {
    pub(super) num_rows: usize,
    /// [height, width].
    pub(super) rows: Vec<f32>,
    /// [d, height].
    pub(super) transposed: Vec<f32>,
}

impl Blocks {
    pub(super) fn new(z: &[f32], n: usize, d: usize) -> Self {
        Self::of_height(z, Self::height_for(n, d), d)
    }

    /// The rows of a block for `n` rows in all.
    fn height_for(n: usize, d: usize) -> usize {
        let width = d.next_multiple_of(WIDTH_MULTIPLE);
        let fitting = BLOCK_BYTES / (width * size_of::<f32>()) / ROW_MULTIPLE * ROW_MULTIPLE;
        let most = fitting.clamp(ROW_MULTIPLE, BLOCK_ROWS);
        n.div_ceil(n.div_ceil(most).max(1)).next_multiple_of(ROW_MULTIPLE)
    }

    fn of_height(z: &[f32], height: usize, d: usize) -> Self {
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

/// Two blocks and the sums that they add to. Its output is Σ softplus over the pairs (row, column).
struct Meeting<'a> {
    shape: &'a Blocks,
    rows: &'a Block,
    columns: &'a Block,
    row_sums: &'a mut [f32],
    column_sums: &'a mut [f32],
}

impl WithSimd for Meeting<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        match S::F32_LANES >= WIDTH_MULTIPLE {
            true => self.meet::<S, WIDE_TILE_ROWS>(simd),
            false => self.meet::<S, TILE_ROWS>(simd),
        }
    }
}

impl Meeting<'_> {
    #[inline(always)]
    fn meet<S: Simd, const ROWS: usize>(self, simd: S) -> f64 {
        let Blocks { height, width, d, .. } = *self.shape;
        let mut probabilities = vec![0f32; ROWS * height];
        let mut sums = SoftplusSums { magnitudes: 0.0, factors: Product::new(simd) };
        let num_row_tiles = self.rows.num_rows.div_ceil(ROWS);
        let row_tiles = self.rows.rows.chunks_exact(ROWS * width);
        let sum_tiles = self.row_sums.chunks_exact_mut(ROWS * width);
        for (tile, (rows, row_sums)) in row_tiles.zip(sum_tiles).take(num_row_tiles).enumerate() {
            let of_rows = (self.rows.transposed.as_slice(), tile * ROWS);
            let columns = self.columns.transposed.as_slice();
            forward::<S, ROWS>(simd, of_rows, columns, d, &mut probabilities, &mut sums);
            let (columns, column_sums) = (&self.columns.rows, &mut *self.column_sums);
            backward::<S, ROWS>(simd, rows, row_sums, columns, column_sums, &probabilities, width);
        }
        let num_computed = num_row_tiles * ROWS * height;
        let num_padding = num_computed - self.rows.num_rows * self.columns.num_rows;
        let logarithms = sums.factors.logarithm(simd);
        0.5 * sums.magnitudes + logarithms - num_padding as f64 * std::f64::consts::LN_2
    }
}

/// Σ |x|, and Π (1 + e^-|x|).
struct SoftplusSums<S: Simd> {
    magnitudes: f64,
    factors: Product<S>,
}

/// Writes σ(rows · columns) for a tile of rows against a whole block: of two vectors of columns for each row, then of
/// the next two. `rows` is the block of the rows, [d, height], and the first row of the tile.
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
        // Each factor is at most 2, and there are at most 16 of them.
        sums.factors.normalize(simd);
    }
    sums.magnitudes += f64::from(simd.reduce_sum_f32s(magnitudes));
}

/// Adds probabilities · columns to the rows' sums, and their transpose times the rows to the columns' sums.
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
    // As many columns as stand together for each row.
    let step = 2 * S::F32_LANES;
    for part in 0..vectors {
        let row: [S::f32s; ROWS] = std::array::from_fn(|at| rows[at * vectors + part]);
        let mut sum: [S::f32s; ROWS] = std::array::from_fn(|at| row_sums[at * vectors + part]);
        let steps = columns.chunks_exact(step * vectors).zip(column_sums.chunks_exact_mut(step * vectors));
        for ((columns, column_sums), probabilities) in steps.zip(probabilities.chunks_exact(ROWS * step)) {
            let columns = columns.chunks_exact(vectors).zip(column_sums.chunks_exact_mut(vectors));
            for (at_column, (column, column_sum)) in columns.enumerate() {
                let column = column[part];
                // Two sums, so that neither waits for the other.
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
