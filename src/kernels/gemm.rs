//! Products of tall dense matrices with small ones, for widths of a few dozen columns. They are written by
//! hand because general GEMM routines, such as the one behind ndarray's `dot`, spend most of their time at
//! these widths on packing their arguments.

pub(crate) mod blocks;

use std::borrow::Cow;

use ndarray::{Array2, ArrayView2};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// The number of rows per task.
const ROWS_PER_TASK: usize = 512;
/// The number of rows in a tile of the result, whose sums stay in registers.
const TILE_ROWS: usize = 6;
/// The number of rows in a tile on processors with the widest SIMD vectors, which have twice as many
/// registers.
const WIDE_TILE_ROWS: usize = 8;
/// The number of lanes of the widest SIMD vectors.
const WIDE_LANES: usize = 16;
/// Rows are padded to a multiple of this: two of the widest SIMD vectors, the width of a tile.
const WIDTH_MULTIPLE: usize = 32;
/// The number of rows that an outer product reads while they are in the nearest cache.
const BLOCK_ROWS: usize = 128;
/// The largest number of partial sums over rows. They are added in a fixed order, whatever the number of
/// threads.
const MOST_PARTS: usize = 64;

/// Writes left · right, [n, b], to `result`, for `left` of [n, a] and `right` of [a, b]. O(n·a·b) time. The
/// result is bit-identical for any number of threads.
pub(crate) fn product(left: ArrayView2<f32>, right: ArrayView2<f32>, result: &mut [f32]) {
    let (a, b) = right.dim();
    let left = left.as_standard_layout();
    let left = left.as_slice().expect("left is in standard layout");
    let right = right.as_standard_layout();
    let right = padded(right.as_slice().expect("right is in standard layout"), b);
    let arch = Arch::new();
    let results = result.par_chunks_mut((ROWS_PER_TASK * b).max(1));
    results.zip(left.par_chunks((ROWS_PER_TASK * a).max(1))).for_each(|(result, left)| {
        arch.dispatch(Product { left, right: &right, result, a, b });
    });
}

/// Returns leftᵀ · right, [a, b], for `left` of [n, a] and `right` of [n, b]. O(n·a·b) time. The result is
/// bit-identical for any number of threads.
pub(crate) fn transposed_product(left: ArrayView2<f32>, right: ArrayView2<f32>) -> Array2<f32> {
    let ((n, a), b) = (left.dim(), right.ncols());
    let (left, right) = (left.as_standard_layout(), right.as_standard_layout());
    let left = left.as_slice().expect("left is in standard layout");
    let right = right.as_slice().expect("right is in standard layout");
    let height = ROWS_PER_TASK.max(n.div_ceil(MOST_PARTS));
    let arch = Arch::new();
    let parts: Vec<Vec<f32>> = left
        .par_chunks((height * a).max(1))
        .zip(right.par_chunks((height * b).max(1)))
        .map(|(left, right)| {
            let mut sums = vec![0f32; a * b.next_multiple_of(WIDTH_MULTIPLE)];
            let blocks = left.chunks(BLOCK_ROWS * a).zip(right.chunks(BLOCK_ROWS * b));
            for (left, right) in blocks {
                arch.dispatch(OuterProduct { left, right: &padded(right, b), sums: &mut sums, a });
            }
            sums
        })
        .collect();
    let mut sums = vec![0f32; a * b.next_multiple_of(WIDTH_MULTIPLE)];
    for part in parts {
        sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    let width = b.next_multiple_of(WIDTH_MULTIPLE);
    Array2::from_shape_fn((a, b), |(row, column)| sums[row * width + column])
}

/// Pads rows of `b` numbers with zeros to the width of whole tiles.
fn padded(rows: &[f32], b: usize) -> Cow<'_, [f32]> {
    let width = b.next_multiple_of(WIDTH_MULTIPLE);
    if width == b {
        return Cow::Borrowed(rows);
    }
    let mut padded = vec![0f32; rows.len() / b.max(1) * width];
    for (padded, row) in padded.chunks_exact_mut(width.max(1)).zip(rows.chunks_exact(b.max(1))) {
        padded[..b].copy_from_slice(row);
    }
    Cow::Owned(padded)
}

struct Product<'a> {
    left: &'a [f32],
    /// The padded rows of the right matrix.
    right: &'a [f32],
    result: &'a mut [f32],
    a: usize,
    b: usize,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES >= WIDE_LANES {
            true => self.by_tiles::<S, WIDE_TILE_ROWS>(simd),
            false => self.by_tiles::<S, TILE_ROWS>(simd),
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn by_tiles<S: Simd, const ROWS: usize>(self, simd: S) {
        let Product { left, right, result, a, b } = self;
        let (right, _) = S::as_simd_f32s(right);
        let tiles = left.chunks(ROWS * a).zip(result.chunks_mut(ROWS * b));
        for (left, result) in tiles {
            match left.len() / a == ROWS {
                true => rows_times::<S, ROWS>(simd, left, right, result, a, b),
                false => {
                    for (left, result) in left.chunks_exact(a).zip(result.chunks_exact_mut(b)) {
                        rows_times::<S, 1>(simd, left, right, result, a, b);
                    }
                }
            }
        }
    }
}

/// Writes the product of a tile of rows of `left` with `right`.
#[inline(always)]
fn rows_times<S: Simd, const ROWS: usize>(
    simd: S,
    left: &[f32],
    right: &[S::f32s],
    result: &mut [f32],
    a: usize,
    b: usize,
) {
    let vectors = right.len() / a;
    let left: [&[f32]; ROWS] = std::array::from_fn(|row| &left[row * a..(row + 1) * a]);
    for first in (0..vectors).step_by(2) {
        let start = first * S::F32_LANES;
        if start >= b {
            break;
        }
        let mut sums = [[simd.splat_f32s(0.0); 2]; ROWS];
        for k in 0..a {
            let columns = [right[k * vectors + first], right[k * vectors + first + 1]];
            for row in 0..ROWS {
                let factor = simd.splat_f32s(left[row][k]);
                sums[row][0] = simd.mul_add_f32s(factor, columns[0], sums[row][0]);
                sums[row][1] = simd.mul_add_f32s(factor, columns[1], sums[row][1]);
            }
        }
        for (row, sums) in sums.into_iter().enumerate() {
            for (at, sum) in sums.into_iter().enumerate() {
                let start = (start + at * S::F32_LANES).min(b);
                let end = (start + S::F32_LANES).min(b);
                let target = &mut result[row * b + start..row * b + end];
                match S::as_mut_simd_f32s(target) {
                    ([whole], _) => *whole = sum,
                    (_, part) => simd.partial_store_f32s(part, sum),
                }
            }
        }
    }
}

struct OuterProduct<'a> {
    left: &'a [f32],
    /// The padded rows of the right matrix.
    right: &'a [f32],
    /// The padded rows of the result, to which the product is added.
    sums: &'a mut [f32],
    a: usize,
}

impl WithSimd for OuterProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES >= WIDE_LANES {
            true => self.by_tiles::<S, WIDE_TILE_ROWS>(simd),
            false => self.by_tiles::<S, TILE_ROWS>(simd),
        }
    }
}

impl OuterProduct<'_> {
    #[inline(always)]
    fn by_tiles<S: Simd, const COLUMNS: usize>(self, simd: S) {
        let OuterProduct { left, right, sums, a } = self;
        let (right, _) = S::as_simd_f32s(right);
        let (sums, _) = S::as_mut_simd_f32s(sums);
        let mut column = 0;
        while column < a {
            let width = if a - column >= COLUMNS { COLUMNS } else { 1 };
            match width == COLUMNS {
                true => columns_times::<S, COLUMNS>(simd, left, right, sums, a, column),
                false => columns_times::<S, 1>(simd, left, right, sums, a, column),
            }
            column += width;
        }
    }
}

/// Adds the products of `COLUMNS` columns of `left`, from `column` on, with all of `right`.
#[inline(always)]
fn columns_times<S: Simd, const COLUMNS: usize>(
    simd: S,
    left: &[f32],
    right: &[S::f32s],
    sums: &mut [S::f32s],
    a: usize,
    column: usize,
) {
    let vectors = sums.len() / a;
    for first in (0..vectors).step_by(2) {
        let mut tile = [[simd.splat_f32s(0.0); 2]; COLUMNS];
        for (left, right) in left.chunks_exact(a).zip(right.chunks_exact(vectors)) {
            let left = &left[column..column + COLUMNS];
            let rows = [right[first], right[first + 1]];
            for at in 0..COLUMNS {
                let factor = simd.splat_f32s(left[at]);
                tile[at][0] = simd.mul_add_f32s(factor, rows[0], tile[at][0]);
                tile[at][1] = simd.mul_add_f32s(factor, rows[1], tile[at][1]);
            }
        }
        for (at, tile) in tile.into_iter().enumerate() {
            let sum = &mut sums[(column + at) * vectors + first..][..2];
            sum[0] = simd.add_f32s(sum[0], tile[0]);
            sum[1] = simd.add_f32s(sum[1], tile[1]);
        }
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
        for (n, a, b) in [(1, 1, 1), (5, 7, 3), (6, 6, 32), (700, 32, 32), (1500, 13, 33), (40_000, 5, 18)] {
            let (left, small, right) = (numbers(n, a), numbers(a, b), numbers(n, b));
            let transposed = numbers(b, a);
            for small in [small.view(), transposed.t()] {
                let mut found = Array2::from_elem((n, b), f32::NAN);
                product(left.view(), small, found.as_slice_mut().unwrap());
                assert_eq!(found, left.dot(&small), "{n} {a} {b}");
            }
            assert_eq!(transposed_product(left.view(), right.view()), left.t().dot(&right), "{n} {a} {b}");
        }
    }
}
