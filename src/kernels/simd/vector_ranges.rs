//! Iteration over a row of any width, one SIMD vector at a time.

use std::marker::PhantomData;

use pulp::Simd;

/// The column ranges into which SIMD vectors divide rows of a given width: full vectors, then possibly a
/// partial one.
pub(crate) struct VectorRanges<S: Simd> {
    start: usize,
    width: usize,
    lanes: PhantomData<S>,
}

/// The column range of one SIMD vector in a row.
pub(crate) struct VectorRange<S: Simd> {
    start: usize,
    end: usize,
    lanes: PhantomData<S>,
}

impl<S: Simd> VectorRanges<S> {
    #[inline(always)]
    pub(crate) fn new(width: usize) -> Self {
        VectorRanges { start: 0, width, lanes: PhantomData }
    }
}

impl<S: Simd> Iterator for VectorRanges<S> {
    type Item = VectorRange<S>;

    #[inline(always)]
    fn next(&mut self) -> Option<VectorRange<S>> {
        let start = self.start;
        self.start += S::F32_LANES;
        (start < self.width).then(|| VectorRange {
            start,
            end: self.start.min(self.width),
            lanes: PhantomData,
        })
    }
}

impl<S: Simd> VectorRange<S> {
    /// Loads the values of `row` in this range.
    #[inline(always)]
    pub(crate) fn load(&self, simd: S, row: &[f32]) -> S::f32s {
        match self.end - self.start == S::F32_LANES {
            true => S::as_simd_f32s(&row[self.start..self.end]).0[0],
            false => simd.partial_load_f32s(&row[self.start..self.end]),
        }
    }

    /// Stores `values` to this range of `row`.
    #[inline(always)]
    pub(crate) fn store(&self, simd: S, values: S::f32s, row: &mut [f32]) {
        match self.end - self.start == S::F32_LANES {
            true => S::as_mut_simd_f32s(&mut row[self.start..self.end]).0[0] = values,
            false => simd.partial_store_f32s(&mut row[self.start..self.end], values),
        }
    }
}
