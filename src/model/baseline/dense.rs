//! Inner products of dense rows, in f32 or in half as many bytes.

use ndarray::{Array2, ArrayView1};
use pulp::{Simd, WithSimd};

use super::by_source::Query;

/// A number of a dense row.
pub(super) trait Entry: Copy + Default + Send + Sync {
    /// Rounds `value`.
    fn new(value: f32) -> Self;

    fn value(self) -> f32;
}

impl Entry for f32 {
    fn new(value: f32) -> f32 {
        value
    }

    fn value(self) -> f32 {
        self
    }
}

/// The upper half of an f32, bfloat16: its range, and eight significant bits.
#[derive(Clone, Copy, Default)]
pub(super) struct Half(u16);

impl Entry for Half {
    #[inline(always)]
    fn new(value: f32) -> Half {
        let bits = value.to_bits();
        // Rounds to the nearest, ties to even.
        Half((bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16) as u16)
    }

    #[inline(always)]
    fn value(self) -> f32 {
        f32::from_bits(u32::from(self.0) << 16)
    }
}

/// Inner products of dense rows with the rows of first nodes.
pub(super) struct DenseDots<'a, T> {
    pub(super) rows: &'a Array2<T>,
    /// The rows of the first nodes from `first` on.
    pub(super) dense: &'a Array2<f32>,
    pub(super) first: u32,
    pub(super) queries: &'a [Query],
    /// The places of the queries to answer.
    pub(super) places: &'a [usize],
    pub(super) products: &'a mut [f64],
}

impl<T: Entry> WithSimd for DenseDots<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let DenseDots { rows, dense, first, queries, places, products } = self;
        for &place in places {
            let Query { source, target } = queries[place];
            products[place] = dense_dot(rows.row(target as usize), dense.row((source - first) as usize));
        }
    }
}

/// The number of partial sums of an inner product, which the compiler keeps in vector registers.
const PARTIAL_SUMS: usize = 32;

/// Returns an inner product, whose partial sums are added up in f64.
#[inline(always)]
pub(super) fn dense_dot<T: Entry>(row: ArrayView1<T>, dense: ArrayView1<f32>) -> f64 {
    let row = row.to_slice().expect("rows are contiguous").as_chunks::<PARTIAL_SUMS>();
    let dense = dense.to_slice().expect("rows are contiguous").as_chunks::<PARTIAL_SUMS>();
    let mut sums = [0f32; PARTIAL_SUMS];
    for (a, b) in row.0.iter().zip(dense.0) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a.value() * b;
        }
    }
    for ((sum, a), b) in sums.iter_mut().zip(row.1).zip(dense.1) {
        *sum += a.value() * b;
    }
    let mut totals = [0f64; 8];
    for sums in sums.as_chunks::<8>().0 {
        for (total, &sum) in totals.iter_mut().zip(sums) {
            *total += f64::from(sum);
        }
    }
    let [a, b, c, d, e, f, g, h] = totals;
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}
