//! The spectral score, from the leading eigenvectors of Â.

use ndarray::{Array2, Axis};

use super::adjacency::Adjacency;
use super::by_source::{Block, BlockScore};
use super::dense::dense_dot;

mod eigen;

use eigen::Effort;

/// The largest number of eigenvectors used for a connected graph.
const MAX_EIGENVECTORS: usize = 128;

/// Σ_i max(w_i, 0)² (x_i)_u (x_i)_v over leading eigenpairs (w_i, x_i) of Â: the inner product of embeddings
/// that are eigenvectors scaled by their eigenvalues.
///
/// Each connected component C contributes the eigenvalue 1 once, with the eigenvector √((d_u + 1) / vol(C))
/// on C, where vol(C) is the sum of d + 1 over C. The score uses all of these, and min(128, n − 2) − 1 other
/// eigenvectors, so that a connected graph has min(128, n − 2) in all. (With more than 128 components, any
/// choice of 128 would be arbitrary.)
pub(super) struct Spectral {
    /// Eigenvectors times eigenvalues, [n, k].
    embeddings: Array2<f32>,
    components: Vec<u32>,
    /// The entry of each node in the eigenvector of its component.
    component_entries: Vec<f64>,
}

impl Spectral {
    /// Computes fewer eigenvectors in fewer steps, for a large graph.
    pub(super) fn rough(adjacency: &Adjacency, seed: u64) -> Self {
        Spectral::with_effort(adjacency, Effort { count: 24, num_guards: 8, max_rounds: 2 }, seed)
    }

    /// Computes the eigenvectors. O(k · (n + m) · steps + n · k²) time and O(n · k) memory, for k
    /// eigenvectors and a few hundred steps.
    pub(super) fn new(adjacency: &Adjacency, seed: u64) -> Self {
        Spectral::with_effort(
            adjacency,
            Effort { count: MAX_EIGENVECTORS, num_guards: 40, max_rounds: 40 },
            seed,
        )
    }

    fn with_effort(adjacency: &Adjacency, mut effort: Effort, seed: u64) -> Self {
        let n = adjacency.num_nodes();
        let components = adjacency.components();
        let mut volumes = vec![0.0; n];
        for (&component, degree) in components.iter().zip(adjacency.degrees()) {
            volumes[component as usize] += degree + 1.0;
        }
        let component_entries: Vec<f64> = components
            .iter()
            .zip(adjacency.degrees())
            .map(|(&component, degree)| ((degree + 1.0) / volumes[component as usize]).sqrt())
            .collect();
        let num_others = volumes.iter().filter(|&&volume| volume == 0.0).count();
        effort.count = effort.count.min(n.saturating_sub(2)).saturating_sub(1).min(num_others);
        let known = eigen::Known { components: &components, entries: &component_entries };
        let (values, mut vectors) = eigen::leading(adjacency, &known, effort, num_others, seed);
        for (mut column, value) in vectors.axis_iter_mut(Axis(1)).zip(values) {
            column *= value.max(0.0);
        }
        Spectral { embeddings: vectors.mapv(|value| value as f32), components, component_entries }
    }
}

impl BlockScore for Spectral {
    fn scores(&self, block: &Block) -> Vec<f64> {
        block
            .pairs()
            .map(|(u, v)| {
                let others = dense_dot(self.embeddings.row(v), self.embeddings.row(u));
                if self.components[u] == self.components[v] {
                    others + self.component_entries[u] * self.component_entries[v]
                } else {
                    others
                }
            })
            .collect()
    }
}
