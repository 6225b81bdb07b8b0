//! Products of small dense matrices on the calling thread, a block of 32 columns at a time. Unlike the
//! products of the parent module, they leave it to the caller to pack matrices and to divide work between
//! threads, so that a caller can use a block of the result while it is in the nearest cache.

use ndarray::{Array2, ArrayView2, Axis};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// The number of columns of a block: two of the widest SIMD vectors, the width of a tile.
pub(crate) const BLOCK_COLUMNS: usize = 32;
/// The number of rows in a tile of the result, whose sums stay in registers.
const TILE_ROWS: usize = 6;
/// The number of rows in a tile on processors with the widest SIMD vectors, which have twice as many
/// registers.
const WIDE_TILE_ROWS: usize = 8;
/// The number of lanes of the widest SIMD vectors.
const WIDE_LANES: usize = 16;

/// A matrix in blocks of [`BLOCK_COLUMNS`] columns, each stored row by row. Zeros fill up the last block.
#[derive(Clone, Default)]
pub(crate) struct Packed {
    numbers: Vec<f32>,
    rows: usize,
}

impl Packed {
    /// Makes a matrix of zeros.
    pub(crate) fn zeros(rows: usize, columns: usize) -> Self {
        Packed { numbers: vec![0.0; rows * columns.next_multiple_of(BLOCK_COLUMNS)], rows }
    }

    /// Packs `matrices` of as many rows each, side by side.
    pub(crate) fn new(matrices: &[ArrayView2<f32>]) -> Self {
        let columns = matrices.iter().map(|matrix| matrix.ncols()).sum();
        let mut packed = Packed::zeros(matrices[0].nrows(), columns);
        let mut first = 0;
        for matrix in matrices {
            for (row, values) in matrix.rows().into_iter().enumerate() {
                let mut values = values.iter();
                let mut column = first;
                while values.len() > 0 {
                    let place = packed.place(row, column);
                    let width = (BLOCK_COLUMNS - column % BLOCK_COLUMNS).min(values.len());
                    let places = packed.numbers[place..place + width].iter_mut();
                    places.zip(&mut values).for_each(|(place, &value)| *place = value);
                    column += width;
                }
            }
            first += matrix.ncols();
        }
        packed
    }

    /// Packs the transpose of `matrices` of as many rows each, side by side.
    pub(crate) fn transposed(matrices: &[ArrayView2<f32>]) -> Self {
        let rows = matrices.iter().map(|matrix| matrix.ncols()).sum();
        let mut packed = Packed::zeros(rows, matrices[0].nrows());
        let mut first = 0;
        for matrix in matrices {
            for (column, values) in matrix.rows().into_iter().enumerate() {
                let place = packed.place(first, column);
                let places = packed.numbers[place..].iter_mut().step_by(BLOCK_COLUMNS);
                places.zip(values).for_each(|(place, &value)| *place = value);
            }
            first += matrix.ncols();
        }
        packed
    }

    fn place(&self, row: usize, column: usize) -> usize {
        (column / BLOCK_COLUMNS * self.rows + row) * BLOCK_COLUMNS + column % BLOCK_COLUMNS
    }

    /// Returns the blocks, [rows, 32] each.
    pub(crate) fn blocks(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.numbers.chunks_exact((self.rows * BLOCK_COLUMNS).max(1))
    }

    /// Returns the blocks, [rows, 32] each, whose numbers may be changed.
    pub(crate) fn blocks_mut(&mut self) -> impl ExactSizeIterator<Item = &mut [f32]> {
        self.numbers.chunks_exact_mut((self.rows * BLOCK_COLUMNS).max(1))
    }

    /// Writes the matrix to `result`, [rows, columns].
    pub(crate) fn write_to(&self, result: &mut Array2<f32>) {
        result.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(row, mut result)| {
            for (block, mut result) in self.blocks().zip(result.axis_chunks_iter_mut(Axis(0), BLOCK_COLUMNS))
            {
                let numbers = &block[row * BLOCK_COLUMNS..(row + 1) * BLOCK_COLUMNS];
                result.iter_mut().zip(numbers).for_each(|(result, &number)| *result = number);
            }
        });
    }
}

/// Transposes a tile of 32 × 32 numbers. The rows of the tile and of the result begin `strides` numbers apart.
pub(crate) fn transpose_tile(tile: &[f32], result: &mut [f32], strides: [usize; 2]) {
    transpose(tile, result, strides);
}

// The macro requires named lifetimes.
#[allow(clippy::needless_lifetimes)]
#[pulp::with_simd(transpose = Arch::new())]
#[inline(always)]
fn transpose_with_simd<'a, 'b, S: Simd>(
    _simd: S,
    tile: &'a [f32],
    result: &'b mut [f32],
    [stride, result_stride]: [usize; 2],
) {
    // The compiler turns squares of this size into shuffles of registers.
    const SIDE: usize = 4;
    for row in (0..BLOCK_COLUMNS).step_by(SIDE) {
        for column in (0..BLOCK_COLUMNS).step_by(SIDE) {
            let square: [&[f32]; SIDE] =
                std::array::from_fn(|at| &tile[(row + at) * stride + column..][..SIDE]);
            for at in 0..SIDE {
                let numbers: [f32; SIDE] = std::array::from_fn(|row| square[row][at]);
                result[(column + at) * result_stride + row..][..SIDE].copy_from_slice(&numbers);
            }
        }
    }
}

/// The numbers to which a product is added.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AddTo {
    /// Zeros: the product replaces the result.
    Zero,
    /// The result.
    Result,
}

/// A product of two matrices, [n, depth] and [depth, 32]. The rows of each begin a stride apart.
#[derive(Clone, Copy)]
pub(crate) struct Factors<'a> {
    pub(crate) left: &'a [f32],
    pub(crate) left_stride: usize,
    pub(crate) depth: usize,
    pub(crate) right: &'a [f32],
    pub(crate) right_stride: usize,
}

/// Computes the sum of `products`, of n rows each, for one block of columns of `result`, whose rows begin
/// `stride` numbers apart. O(n · the sum of the depths) time.
pub(crate) fn multiply(n: usize, products: &[Factors], result: &mut [f32], stride: usize, add_to: AddTo) {
    Arch::new().dispatch(Multiply { n, products, result, stride, add_to });
}

struct Multiply<'a> {
    n: usize,
    products: &'a [Factors<'a>],
    result: &'a mut [f32],
    stride: usize,
    add_to: AddTo,
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut row = 0;
        while row < self.n {
            row += match self.n - row {
                WIDE_TILE_ROWS.. if S::F32_LANES >= WIDE_LANES => self.tile::<S, WIDE_TILE_ROWS>(simd, row),
                TILE_ROWS.. => self.tile::<S, TILE_ROWS>(simd, row),
                4 | 5 => self.tile::<S, 4>(simd, row),
                2 | 3 => self.tile::<S, 2>(simd, row),
                _ => self.tile::<S, 1>(simd, row),
            };
        }
    }
}

impl Multiply<'_> {
    /// Computes `ROWS` rows of the result, from `row` on, two vectors of columns at a time. Returns `ROWS`.
    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize>(&mut self, simd: S, row: usize) -> usize {
        let width = 2 * S::F32_LANES;
        let result = &mut self.result[row * self.stride..];
        for first in (0..BLOCK_COLUMNS).step_by(width) {
            let mut sums = [[simd.splat_f32s(0.0); 2]; ROWS];
            if self.add_to == AddTo::Result {
                for (row, sums) in sums.iter_mut().enumerate() {
                    let (numbers, _) = S::as_simd_f32s(&result[row * self.stride + first..][..width]);
                    *sums = [numbers[0], numbers[1]];
                }
            }
            for factors in self.products {
                // Slices of a common length need no check at each number.
                let left: [&[f32]; ROWS] = std::array::from_fn(|at| {
                    &factors.left[(row + at) * factors.left_stride..][..factors.depth]
                });
                let right = factors.right.chunks(factors.right_stride).take(factors.depth);
                for (k, right) in right.enumerate() {
                    let (columns, _) = S::as_simd_f32s(&right[first..first + width]);
                    let columns = [columns[0], columns[1]];
                    for (left, sums) in left.iter().zip(&mut sums) {
                        let factor = simd.splat_f32s(left[k]);
                        sums[0] = simd.mul_add_f32s(factor, columns[0], sums[0]);
                        sums[1] = simd.mul_add_f32s(factor, columns[1], sums[1]);
                    }
                }
            }
            for (row, sums) in sums.into_iter().enumerate() {
                let (numbers, _) = S::as_mut_simd_f32s(&mut result[row * self.stride + first..][..width]);
                numbers.copy_from_slice(&sums);
            }
        }
        ROWS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_match_those_of_ndarray() {
        // Sums of integers below 2^24 are exact.
        let numbers = |rows: usize, columns: usize| {
            Array2::from_shape_fn((rows, columns), |(row, column)| {
                ((row * 31 + column * 7) % 13) as f32 - 6.0
            })
        };
        for (n, a, b) in [(1, 1, 1), (7, 3, 32), (13, 40, 33), (24, 5, 70)] {
            let (left, right) = (numbers(n, a), numbers(a, b));
            let expected = left.dot(&right);
            let halves = right.view().split_at(ndarray::Axis(1), b / 2);
            let packed = Packed::new(&[halves.0, halves.1]);
            let transposed = right.t().as_standard_layout().into_owned();
            for same in [Packed::transposed(&[transposed.view()]), packed.clone()] {
                let mut unpacked = Array2::zeros((a, b));
                same.write_to(&mut unpacked);
                assert_eq!(unpacked, right);
            }
            let left = left.as_slice().unwrap();
            for (at, block) in packed.blocks().enumerate() {
                let mut found = vec![1f32; n * 40];
                let whole =
                    Factors { left, left_stride: a, depth: a, right: block, right_stride: BLOCK_COLUMNS };
                let first = Factors { depth: a / 2, ..whole };
                let (left, right) = (&left[a / 2..], &block[a / 2 * BLOCK_COLUMNS..]);
                let second = Factors { left, right, depth: a - a / 2, ..whole };
                multiply(n, &[whole], &mut found, 40, AddTo::Zero);
                multiply(n, &[first, second], &mut found, 40, AddTo::Result);
                let columns = BLOCK_COLUMNS * at..b.min(BLOCK_COLUMNS * (at + 1));
                for (row, column) in (0..n).flat_map(|row| columns.clone().map(move |column| (row, column))) {
                    let found = found[row * 40 + column - columns.start];
                    assert_eq!(found, 2.0 * expected[[row, column]], "{n} {a} {b}: {row} {column}");
                }
            }
        }
    }
    #[test]
    fn a_tile_is_transposed() {
        let tile: Vec<f32> = (0..32 * 40).map(|at| at as f32).collect();
        let mut result = vec![0.0; 32 * 36];
        transpose_tile(&tile, &mut result, [40, 36]);
        for (row, column) in (0..32).flat_map(|row| (0..32).map(move |column| (row, column))) {
            assert_eq!(result[column * 36 + row], tile[row * 40 + column]);
        }
    }
}
