//! Memory that goes from one epoch to the next.

use std::collections::BTreeMap;

use ndarray::Array2;

/// The memory of matrices that are no longer needed, for the next ones of the same size: pages that come fresh from
/// the system are cleared by it, one thread at a time, which takes as long as a product with Â.
#[derive(Default)]
pub(crate) struct Buffers {
    by_length: BTreeMap<usize, Kept>,
}

#[derive(Default)]
struct Kept {
    free: Vec<Vec<f32>>,
    num_taken: usize,
}

impl Buffers {
    /// A matrix of these sizes that holds whatever was there before.
    pub(crate) fn take(&mut self, rows: usize, columns: usize) -> Array2<f32> {
        let length = rows * columns;
        let kept = self.by_length.entry(length).or_default();
        kept.num_taken += 1;
        let numbers = kept.free.pop().unwrap_or_else(|| vec![0f32; length]);
        Array2::from_shape_vec((rows, columns), numbers).expect("it is as long")
    }

    /// Keeps the memory of a matrix, or frees it if none of its size was taken from here.
    pub(crate) fn give(&mut self, matrix: Array2<f32>) {
        let (numbers, _) = matrix.into_raw_vec_and_offset();
        match self.by_length.get_mut(&numbers.len()) {
            Some(kept) if kept.num_taken > 0 => {
                kept.num_taken -= 1;
                kept.free.push(numbers);
            }
            _ => {}
        }
    }
}
