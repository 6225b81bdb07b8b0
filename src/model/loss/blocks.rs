//! Blocks of rows, and sums over all pairs of blocks: the frame of the losses over all pairs of nodes.
//!
//! A term that is the same for both directions of a pair, or shares its costly part, is computed once and
//! contributes to both blocks. The pairs of blocks follow a round-robin schedule, and the sums of each block
//! are taken in the order of the rounds. The result is therefore bit-identical for any number of threads.

mod round_robin;

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

/// The largest number of rows in a block; wide embeddings have smaller blocks.
const BLOCK_ROWS: usize = 128;
/// The largest size of a block's embeddings in bytes, which keeps two blocks and their gradients in a near
/// cache.
const BLOCK_BYTES: usize = 1 << 16;
/// The number of rows in a block is a multiple of this: two of the widest SIMD vectors.
const ROW_MULTIPLE: usize = 32;
/// The coordinates of a row are padded to a multiple of this: the widest SIMD vector.
pub(super) const WIDTH_MULTIPLE: usize = 16;
/// The number of rows in a tile, as many as fit into registers.
pub(super) const TILE_ROWS: usize = 4;
/// The number of rows in a tile on processors with the widest SIMD vectors, which have twice as many
/// registers.
pub(super) const WIDE_TILE_ROWS: usize = 8;

/// The rows of a matrix in blocks of equal size, padded with zeros.
pub(super) struct Blocks {
    pub(super) blocks: Vec<Block>,
    /// The number of rows of a block, including padding.
    pub(super) height: usize,
    /// The number of coordinates of a row, including padding.
    pub(super) width: usize,
    /// The number of coordinates of a row.
    pub(super) d: usize,
}

/// One block of rows.
pub(super) struct Block {
    /// The number of rows, without padding.
    pub(super) num_rows: usize,
    /// The rows, [height, width].
    pub(super) rows: Vec<f32>,
    /// The transposed rows, [d, height].
    pub(super) transposed: Vec<f32>,
}

impl Blocks {
    /// Divides `z`, [n, d] row by row, into blocks.
    pub(super) fn new(z: &[f32], n: usize, d: usize) -> Self {
        Self::with_height(z, Self::block_height(n, d), d)
    }

    /// Returns the number of rows in a block for `n` rows in total.
    pub(super) fn block_height(n: usize, d: usize) -> usize {
        let width = d.next_multiple_of(WIDTH_MULTIPLE);
        let fitting = BLOCK_BYTES / (width * size_of::<f32>()) / ROW_MULTIPLE * ROW_MULTIPLE;
        let most = fitting.clamp(ROW_MULTIPLE, BLOCK_ROWS);
        n.div_ceil(n.div_ceil(most).max(1)).next_multiple_of(ROW_MULTIPLE)
    }

    /// Divides `z`, [n, d] row by row, into blocks of `height` rows, a multiple of [`ROW_MULTIPLE`].
    pub(super) fn with_height(z: &[f32], height: usize, d: usize) -> Self {
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

    /// Calls `visit` for each block with itself, and then once for each pair of blocks, on all threads.
    /// Returns the sums of each block, which begin as `new`. `visit` receives the two blocks and adds to the
    /// sums of both; the second are `None` if both are the same block. The calls that involve a block run one
    /// after the other in an order that does not depend on the threads, so that the sums do not either.
    pub(super) fn sum_over_pairs<S: Send>(
        &self,
        new: impl Fn() -> S,
        visit: impl Fn([usize; 2], &mut S, Option<&mut S>) + Sync,
    ) -> Vec<S> {
        let sums: Vec<Mutex<S>> = self.blocks.iter().map(|_| Mutex::new(new())).collect();
        let lock = |at: usize| sums[at].lock().unwrap_or_else(PoisonError::into_inner);
        round_robin::for_each_pair(self.blocks.len(), |first, second| {
            let mut first_sums = lock(first);
            match first == second {
                true => visit([first, second], &mut first_sums, None),
                false => visit([first, second], &mut first_sums, Some(&mut lock(second))),
            }
        });
        sums.into_iter().map(|sums| sums.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
    }
}
