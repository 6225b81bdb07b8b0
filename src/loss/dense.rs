//! The dense half of the exact loss: Σ softplus(z_i·z_j) over all n² pairs and its gradient, fused.
//!
//! One pass over blocks of rows: a tile of inner products, its sigmoids, and their products back onto the
//! rows, while the tile is in the nearest cache. As the inner product is symmetric, each pair of blocks is
//! visited once and serves both its blocks. O(n²·d) time, O(n·d) memory.
//!
//! The blocks meet as in a round-robin tournament: in every round no block plays twice, so that the threads
//! seldom wait for each other, and each block's gradient is summed in the order of the rounds. The result is
//! therefore the same to the bit for any number of threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::simd::{Product, sigmoid};

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
    let meetings: Vec<(usize, usize)> = rounds(blocks.blocks.len()).flatten().collect();
    let total: f64 = in_rounds(&meetings, blocks.blocks.len(), meet).iter().sum();
    gradient.par_chunks_mut((blocks.height * d).max(1)).zip(sums).for_each(|(gradient, sums)| {
        let sums = sums.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        for (row, sums) in gradient.chunks_exact_mut(d).zip(sums.chunks_exact(blocks.width)) {
            row.copy_from_slice(&sums[..d]);
        }
    });
    // softplus(x) = ln(1 + e^-|x|) + |x|/2 + x/2, and the sum of all x is the square of the sum of the rows.
    total + 0.5 * square_of_sum(z, d)
}

/// ‖Σ_i z_i‖², for rows of `d` numbers.
fn square_of_sum(z: &[f32], d: usize) -> f64 {
    let mut sums = vec![0f64; d];
    for row in z.chunks_exact(d) {
        sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    sums.iter().map(|sum| sum * sum).sum()
}

/// What `meet` gives for each of `meetings` of two of `count` blocks, or of one with itself, on all threads. A block
/// has its meetings one after the other, in their order, and a thread waits for nothing else: so that all of a round
/// need not be over before the next begins.
fn in_rounds(
    meetings: &[(usize, usize)],
    count: usize,
    meet: impl Fn((usize, usize)) -> f64 + Sync,
) -> Vec<f64> {
    // How many meetings of each block come before this one.
    let mut num_planned = vec![0usize; count];
    let mut count_up = |block: usize| {
        num_planned[block] += 1;
        num_planned[block] - 1
    };
    let plan: Vec<(usize, usize)> = meetings
        .iter()
        .map(|&(a, b)| {
            let before = count_up(a);
            (before, if a == b { before } else { count_up(b) })
        })
        .collect();
    let num_over: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
    let next = AtomicUsize::new(0);
    let work = |_| {
        let mut results = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(&(a, b)) = meetings.get(at) else { return results };
            // Whoever has a meeting that comes before this one has begun it, and waits for earlier ones only.
            for (block, before) in [(a, plan[at].0), (b, plan[at].1)] {
                while num_over[block].load(Ordering::Acquire) < before {
                    std::thread::yield_now();
                }
            }
            results.push((at, meet((a, b))));
            num_over[a].fetch_add(1, Ordering::Release);
            if a != b {
                num_over[b].fetch_add(1, Ordering::Release);
            }
        }
    };
    let of_threads: Vec<Vec<(usize, f64)>> =
        (0..rayon::current_num_threads()).into_par_iter().with_max_len(1).map(work).collect();
    let mut results = vec![0f64; meetings.len()];
    for (at, result) in of_threads.into_iter().flatten() {
        results[at] = result;
    }
    results
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
