//! The dense half of the exact loss: Σ softplus(z_i·z_j) over all n² pairs and its gradient, fused.
//!
//! One pass over blocks of rows: a tile of inner products, its sigmoids, and their products back onto the
//! rows, while the tile is in the nearest cache. As the inner product is symmetric, each pair of blocks is
//! visited once and serves both its blocks. O(n²·d) time, O(n·d) memory.
//!
//! The blocks meet as in a round-robin tournament: in every round no block plays twice, so that the threads
//! never wait for each other, and each block's gradient is summed in the order of the rounds. The result is
//! therefore the same to the bit for any number of threads.

use std::sync::Mutex;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::simd::{sigmoid, sum_of_logarithms};

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

/// Factors of at most 2 whose product stays finite in f32, as long as fewer than two tiles' more follow.
const MOST_FACTORS: usize = 112;

/// Σ_ij softplus(z_i·z_j) over all ordered pairs of rows, i = j included, and the matrix Σ_j σ(z_i·z_j) z_j,
/// [n, d], which is half the sum's gradient. `z` is [n, d], row by row.
pub(crate) fn softplus_sum(z: &[f32], n: usize, d: usize) -> (f64, Vec<f32>) {
    assert_eq!(z.len(), n * d, "z must be [n, d]");
    let blocks = Blocks::new(z, n, d);
    let sums: Vec<Mutex<Vec<f32>>> =
        blocks.blocks.iter().map(|block| Mutex::new(vec![0f32; block.rows.len()])).collect();
    let arch = Arch::new();
    let meet = |(first, second): (usize, usize)| {
        let mut row_sums = sums[first].lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let (rows, columns) = (&blocks.blocks[first], &blocks.blocks[second]);
        if first == second {
            let mut unused = vec![0f32; row_sums.len()];
            arch.dispatch(Meeting {
                shape: &blocks,
                rows,
                columns,
                row_sums: &mut row_sums,
                column_sums: &mut unused,
            })
        } else {
            let mut column_sums = sums[second].lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            2.0 * arch.dispatch(Meeting {
                shape: &blocks,
                rows,
                columns,
                row_sums: &mut row_sums,
                column_sums: &mut column_sums,
            })
        }
    };
    let mut total = 0.0;
    for round in rounds(blocks.blocks.len()) {
        let round_sums: Vec<f64> = round.into_par_iter().map(meet).collect();
        total += round_sums.iter().sum::<f64>();
    }
    let mut gradient = Vec::with_capacity(n * d);
    for (block, sums) in blocks.blocks.iter().zip(sums) {
        let sums = sums.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        for row in sums.chunks_exact(blocks.width).take(block.num_rows) {
            gradient.extend_from_slice(&row[..d]);
        }
    }
    (total, gradient)
}

/// The rounds in which each of `count` blocks meets itself (the first round) and every other one, once, no
/// block twice in a round: the circle method.
fn rounds(count: usize) -> impl Iterator<Item = Vec<(usize, usize)>> {
    let itself = (0..count).map(|block| (block, block)).collect();
    // With an odd number of blocks one of them rests in each round: the partner of the seat that is not there.
    let seats = count + count % 2;
    let others = (0..seats.saturating_sub(1)).map(move |round| {
        let seat = |at: usize| if at == 0 { seats - 1 } else { (round + at) % (seats - 1) };
        let pairs = (0..seats / 2).map(|at| (seat(at), (round + seats - 1 - at) % (seats - 1)));
        pairs.filter(|&(a, b)| a.max(b) < count && a != b).collect()
    });
    std::iter::once(itself).chain(others)
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
        let width = d.next_multiple_of(WIDTH_MULTIPLE);
        let fitting = BLOCK_BYTES / (width * size_of::<f32>()) / ROW_MULTIPLE * ROW_MULTIPLE;
        let most = fitting.clamp(ROW_MULTIPLE, BLOCK_ROWS);
        let height = n.div_ceil(n.div_ceil(most).max(1)).next_multiple_of(ROW_MULTIPLE);
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
        let mut total = 0.0;
        let num_row_tiles = self.rows.num_rows.div_ceil(ROWS);
        let row_tiles = self.rows.rows.chunks_exact(ROWS * width);
        let sum_tiles = self.row_sums.chunks_exact_mut(ROWS * width);
        for (rows, sums) in row_tiles.zip(sum_tiles).take(num_row_tiles) {
            total += forward::<S, ROWS>(simd, rows, width, &self.columns.transposed, d, &mut probabilities);
            backward::<S, ROWS>(
                simd,
                rows,
                sums,
                &self.columns.rows,
                self.column_sums,
                &probabilities,
                width,
            );
        }
        let num_computed = num_row_tiles * ROWS * height;
        let num_padding = num_computed - self.rows.num_rows * self.columns.num_rows;
        total - num_padding as f64 * std::f64::consts::LN_2
    }
}

/// Writes σ(rows · columns) for a tile of rows against a whole block, and returns Σ softplus.
#[inline(always)]
fn forward<S: Simd, const ROWS: usize>(
    simd: S,
    rows: &[f32],
    width: usize,
    transposed: &[f32],
    d: usize,
    probabilities: &mut [f32],
) -> f64 {
    let (transposed, _) = S::as_simd_f32s(transposed);
    let height = transposed.len() / d;
    let (probabilities, _) = S::as_mut_simd_f32s(probabilities);
    let one = simd.splat_f32s(1.0);
    let mut positive_parts = simd.splat_f32s(0.0);
    // Π (1 + e^-|x|), each factor at most 2, of at most ROWS · BLOCK_ROWS / lanes factors a lane: in f32
    // that must stay below 2^127, so the product is emptied into the sum in time.
    let mut product = one;
    let mut num_factors = 0;
    let mut logarithms = 0.0;
    for at in (0..height).step_by(2) {
        let mut logits = [[simd.splat_f32s(0.0); 2]; ROWS];
        for k in 0..d {
            let columns = [transposed[k * height + at], transposed[k * height + at + 1]];
            for (row, logits) in logits.iter_mut().enumerate() {
                let coordinate = simd.splat_f32s(rows[row * width + k]);
                logits[0] = simd.mul_add_f32s(coordinate, columns[0], logits[0]);
                logits[1] = simd.mul_add_f32s(coordinate, columns[1], logits[1]);
            }
        }
        for (row, logits) in logits.iter().enumerate() {
            for (side, &logit) in logits.iter().enumerate() {
                let (exponential, probability) = sigmoid(simd, logit);
                probabilities[row * height + at + side] = probability;
                positive_parts = simd.add_f32s(positive_parts, simd.max_f32s(logit, simd.splat_f32s(0.0)));
                product = simd.mul_add_f32s(product, exponential, product);
            }
        }
        num_factors += 2 * ROWS;
        if num_factors >= MOST_FACTORS {
            logarithms += sum_of_logarithms(simd, product);
            product = one;
            num_factors = 0;
        }
    }
    logarithms + sum_of_logarithms(simd, product) + simd.reduce_sum_f32s(positive_parts) as f64
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
    let height = probabilities.len() / ROWS;
    let probabilities: [&[f32]; ROWS] =
        std::array::from_fn(|at| &probabilities[at * height..(at + 1) * height]);
    for part in 0..vectors {
        let row: [S::f32s; ROWS] = std::array::from_fn(|at| rows[at * vectors + part]);
        let mut sum: [S::f32s; ROWS] = std::array::from_fn(|at| row_sums[at * vectors + part]);
        for (at_column, place) in (part..columns.len()).step_by(vectors).enumerate() {
            let column = columns[place];
            // Two sums, so that neither waits for the other.
            let mut column_sum = [column_sums[place], simd.splat_f32s(0.0)];
            for at in 0..ROWS {
                let probability = simd.splat_f32s(probabilities[at][at_column]);
                sum[at] = simd.mul_add_f32s(probability, column, sum[at]);
                column_sum[at % 2] = simd.mul_add_f32s(probability, row[at], column_sum[at % 2]);
            }
            column_sums[place] = simd.add_f32s(column_sum[0], column_sum[1]);
        }
        for (at, sum) in sum.into_iter().enumerate() {
            row_sums[at * vectors + part] = sum;
        }
    }
}

#[cfg(test)]
mod tests;
