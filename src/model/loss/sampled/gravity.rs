//! The sampled loss with the gravity decoder.

use rayon::prelude::*;

use super::Sample;
use crate::model::loss::gravity::{Bodies, PairList};
use crate::model::loss::incidence::Incidence;
use crate::model::loss::neighbours::Cost;

impl Sample<'_> {
    /// Returns the negatives of each node, which only the loss of the gravity decoder needs.
    pub(crate) fn incidence(&self) -> &Incidence {
        self.incidence.get_or_init(|| Incidence::new(&self.negatives, self.edges.edges.num_nodes()))
    }

    /// Returns the loss at `z`, [n, width] row by row with the mass in the last column, decoded by gravity with
    /// the weight `lambda` of the distance, and its gradient, [n, width]. Edges and negatives go from the first
    /// to the second node of each pair. O(m·d) time. The result is bit-identical for any number of threads.
    ///
    /// # Panics
    /// Panics if `z` is not [n, width], or if `width` is less than 2, a coordinate and the mass.
    pub fn gravity_value_and_gradient(&self, z: &[f32], width: usize, lambda: f64) -> (f64, Vec<f32>) {
        let mut gradient = vec![0f32; z.len()];
        (self.gravity_value_and_gradient_into(z, width, lambda, &mut gradient), gradient)
    }

    /// Does the same as [`Sample::gravity_value_and_gradient`], but writes the gradient to `gradient`.
    pub(crate) fn gravity_value_and_gradient_into(
        &self,
        z: &[f32],
        width: usize,
        lambda: f64,
        gradient: &mut [f32],
    ) -> f64 {
        let edges = &self.edges.edges;
        assert!(width >= 2 && z.len() == edges.num_nodes() * width, "z must be [n, d + 1]");
        let num_edges = edges.len() as f64;
        gradient.par_chunks_mut(1 << 14).for_each(|numbers| numbers.fill(0.0));
        let bodies = Bodies { z, width, lambda };
        let edge_factor = 0.5 / num_edges;
        let cost = Cost { softplus: 0.0, weighted: edge_factor, linear: 0.0 };
        let incidence = self.edges.incidence.get_or_init(|| Incidence::new(edges.pairs(), edges.num_nodes()));
        let list = PairList { pairs: edges.pairs(), weights: self.edges.weights.as_deref(), incidence };
        let mut value = bodies.add_pairs(&list, cost, 1.0, gradient);
        if self.edges.has_diagonal() {
            value += bodies.add_loops(cost, gradient);
        }
        let negative_factor = 0.5 * self.edges.absent_share(num_edges) / self.negatives.len() as f64;
        // softplus(x) = softplus(−x) + x.
        let cost = Cost { softplus: negative_factor, weighted: 0.0, linear: negative_factor };
        let list = PairList { pairs: &self.negatives, weights: None, incidence: self.incidence() };
        value + bodies.add_pairs(&list, cost, 1.0, gradient)
    }
}
