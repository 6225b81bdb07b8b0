//! Memory that is reused from one epoch to the next.

use std::collections::BTreeMap;

use ndarray::Array2;

/// The memory of discarded matrices, kept for later matrices of the same size. The operating system clears
/// freshly allocated pages on one thread, which takes as long as a product with Â.
#[derive(Default)]
pub(crate) struct Buffers {
    by_length: BTreeMap<usize, Pool>,
}

/// The buffers of one length.
#[derive(Default)]
struct Pool {
    free: Vec<Vec<f32>>,
    num_taken: usize,
}

impl Buffers {
    /// Returns a matrix of the given size with arbitrary contents.
    pub(crate) fn take(&mut self, rows: usize, columns: usize) -> Array2<f32> {
        let length = rows * columns;
        let pool = self.by_length.entry(length).or_default();
        pool.num_taken += 1;
        let numbers = pool.free.pop().unwrap_or_else(|| vec![0f32; length]);
        Array2::from_shape_vec((rows, columns), numbers).expect("the buffer has rows · columns numbers")
    }

    /// Keeps the memory of a matrix for reuse, or frees it if no matrix of its size is taken at the moment.
    pub(crate) fn give(&mut self, matrix: Array2<f32>) {
        let (numbers, _) = matrix.into_raw_vec_and_offset();
        match self.by_length.get_mut(&numbers.len()) {
            Some(pool) if pool.num_taken > 0 => {
                pool.num_taken -= 1;
                pool.free.push(numbers);
            }
            _ => {}
        }
    }
}
