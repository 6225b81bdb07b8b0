//! The index of nearest neighbours by inner product, built by usearch.

use ndarray::ArrayView2;

#[cfg(not(feature = "approximate"))]
pub(super) use absent::Index;
#[cfg(feature = "approximate")]
pub(super) use built_in::Index;

/// Returns the embedding of `node`.
pub(super) fn row(z: ArrayView2<f32>, node: u32) -> Vec<f32> {
    z.row(node as usize).to_vec()
}

#[cfg(feature = "approximate")]
mod built_in {
    use ndarray::ArrayView2;
    use usearch::{IndexOptions, MetricKind, ScalarKind};

    use super::row;
    use crate::error::{Error, Result};

    /// Edges per node in the index. This and the next two constants are usearch's defaults.
    const CONNECTIVITY: usize = 16;
    /// Nodes that are compared when a node is added.
    const EXPANSION_ADD: usize = 128;
    /// The least number of nodes that a search compares.
    const EXPANSION_SEARCH: usize = 64;

    pub(in crate::model::recommend) struct Index(usearch::Index);

    impl Index {
        /// Builds the index of embeddings `z`, [n, d]. Nodes are added one at a time, because the links of a
        /// node depend on the nodes before it.
        pub(in crate::model::recommend) fn new(z: ArrayView2<f32>) -> Result<Self> {
            let options = IndexOptions {
                dimensions: z.ncols(),
                metric: MetricKind::IP,
                quantization: ScalarKind::F32,
                connectivity: CONNECTIVITY,
                expansion_add: EXPANSION_ADD,
                expansion_search: EXPANSION_SEARCH,
                multi: false,
            };
            let index = usearch::Index::new(&options).map_err(failed)?;
            // One thread, since each thread would draw the levels of its nodes from its own random numbers.
            index.reserve_capacity_and_threads(z.nrows(), 1).map_err(failed)?;
            (0..z.nrows() as u32)
                .try_for_each(|node| index.add(u64::from(node), &row(z, node)).map_err(failed))?;
            index.reserve_capacity_and_threads(z.nrows(), rayon::current_num_threads()).map_err(failed)?;
            Ok(Index(index))
        }

        /// Returns the `k` nodes nearest to `query`, [d], that pass `is_candidate`.
        pub(in crate::model::recommend) fn search(
            &self,
            query: &[f32],
            k: usize,
            is_candidate: impl Fn(u64) -> bool,
        ) -> Result<Vec<u64>> {
            Ok(self.0.filtered_search(query, k, is_candidate).map_err(failed)?.keys)
        }
    }

    fn failed(error: impl std::fmt::Display) -> Error {
        Error::Index(error.to_string())
    }
}

/// Replaces the index in builds without usearch by a type without values.
#[cfg(not(feature = "approximate"))]
mod absent {
    use ndarray::ArrayView2;

    use crate::error::{Result, not_built_in};

    pub(in crate::model::recommend) enum Index {}

    impl Index {
        pub(in crate::model::recommend) fn new(_z: ArrayView2<f32>) -> Result<Self> {
            Err(not_built_in("an index of nearest neighbours", "approximate"))
        }

        pub(in crate::model::recommend) fn search(
            &self,
            _query: &[f32],
            _k: usize,
            _is_candidate: impl Fn(u64) -> bool,
        ) -> Result<Vec<u64>> {
            match *self {}
        }
    }
}
