//! Rows of any width, vector by vector.

use std::marker::PhantomData;

use pulp::Simd;

/// The places of the vectors of rows of some width: whole ones, then perhaps a part of one.
pub(crate) struct Vectors<S: Simd> {
    start: usize,
    width: usize,
    lanes: PhantomData<S>,
}

/// Where one of them is.
pub(crate) struct Place<S: Simd> {
    start: usize,
    end: usize,
    lanes: PhantomData<S>,
}

impl<S: Simd> Vectors<S> {
    #[inline(always)]
    pub(crate) fn of(width: usize) -> Self {
        Vectors { start: 0, width, lanes: PhantomData }
    }
}

impl<S: Simd> Iterator for Vectors<S> {
    type Item = Place<S>;

    #[inline(always)]
    fn next(&mut self) -> Option<Place<S>> {
        let start = self.start;
        self.start += S::F32_LANES;
        (start < self.width).then(|| Place { start, end: self.start.min(self.width), lanes: PhantomData })
    }
}

impl<S: Simd> Place<S> {
    /// What stands here in a row.
    #[inline(always)]
    pub(crate) fn load(&self, simd: S, row: &[f32]) -> S::f32s {
        match self.end - self.start == S::F32_LANES {
            true => S::as_simd_f32s(&row[self.start..self.end]).0[0],
            false => simd.partial_load_f32s(&row[self.start..self.end]),
        }
    }

    /// Puts this into a row here.
    #[inline(always)]
    pub(crate) fn store(&self, simd: S, values: S::f32s, row: &mut [f32]) {
        match self.end - self.start == S::F32_LANES {
            true => S::as_mut_simd_f32s(&mut row[self.start..self.end]).0[0] = values,
            false => simd.partial_store_f32s(&mut row[self.start..self.end], values),
        }
    }
}
