//! The reconstruction loss over the edges and sampled negatives.

mod gravity;
mod perceptron;

use std::sync::OnceLock;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::incidence::Incidence;
use super::neighbours::{Cost, Neighbours};
use crate::graph::{EdgeList, Pair};

pub(crate) use perceptron::Perceptron;

/// The number of negatives that share one stream of random numbers, whatever the number of threads.
const NEGATIVES_PER_TASK: usize = 4096;

/// The relative weighting of the edges and negatives of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weighting {
    /// ½ · mean over edges of softplus(−x) + ½ · mean over negatives of softplus(x). Its expectation over the
    /// draws is the exact loss, apart from the diagonal.
    Balanced,
    /// A loss whose expectation over the draws is the exact loss. With m edges, n nodes, S = 2m, and the
    /// diagonal of A + I among the ones, it is
    ///
    /// ```text
    /// 1/2S · (2 Σ over edges of softplus(−x) + Σ_i softplus(−x_ii))
    ///   + (n² − S − n) / (n² − S) · ½ · mean over negatives of softplus(x)
    /// ```
    ///
    /// With the gravity decoder, S = m, and each directed edge counts once, not twice.
    ///
    /// In a bipartite graph, whose exact loss has no diagonal, it equals the balanced loss.
    Unbiased,
}

/// The edges, which are the same in every sample.
pub struct SampledEdges {
    edges: EdgeList,
    weighting: Weighting,
    /// The factor of the term of each edge; `None` if all are 1.
    weights: Option<Vec<f32>>,
    /// The neighbours of each node, built on first use, as only inner products need them.
    lists: OnceLock<Neighbours>,
    /// The edges of each node, built on first use, as inner products do not need them.
    incidence: OnceLock<Incidence>,
}

/// The edges and negatives of one epoch. The loss is that of [`Weighting`], in nats.
pub struct Sample<'a> {
    edges: &'a SampledEdges,
    negatives: Vec<Pair>,
    /// The other nodes of each node's negatives, built on first use, as only inner products need them.
    lists: OnceLock<Neighbours>,
    /// The negatives of each node, built on first use, as only the gravity decoder needs them.
    incidence: OnceLock<Incidence>,
}

impl SampledEdges {
    /// Builds samples of `edges`, all with weight 1.
    pub fn new(edges: EdgeList, weighting: Weighting) -> Self {
        let (lists, incidence) = (OnceLock::new(), OnceLock::new());
        SampledEdges { edges, weighting, weights: None, lists, incidence }
    }

    /// Multiplies the term of each edge by its entry of `weights`, m numbers, such as
    /// [`relative_weights`](super::relative_weights).
    pub fn weighted(self, weights: Vec<f32>) -> Self {
        SampledEdges { weights: Some(weights), lists: OnceLock::new(), ..self }
    }

    /// Seeds `negatives_per_edge` negatives for each edge, uniformly with replacement from the pairs that are
    /// not edges of `train`; in a bipartite graph, from such pairs of a source and a target. Held-out edges
    /// are unknown here, so that one is occasionally drawn as a negative.
    ///
    /// At least one such pair must exist. O(m·log m) expected time on a sparse graph. The result is identical
    /// for any number of threads.
    pub fn draw(&self, train: &EdgeList, negatives_per_edge: usize, rng: &mut impl Rng) -> Sample<'_> {
        let seed = rng.random();
        let mut negatives = vec![(0, 0); self.edges.len() * negatives_per_edge];
        negatives.par_chunks_mut(NEGATIVES_PER_TASK).enumerate().for_each(|(task, negatives)| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(task as u64);
            for negative in negatives {
                *negative = loop {
                    let pair = train.random_pair(&mut rng);
                    if train.is_candidate(pair) {
                        break pair;
                    }
                };
            }
        });
        self.with(negatives)
    }

    /// Combines the edges with the given `negatives`, which may be in either direction and repeated.
    pub fn with(&self, negatives: Vec<Pair>) -> Sample<'_> {
        Sample { edges: self, negatives, lists: OnceLock::new(), incidence: OnceLock::new() }
    }

    fn lists(&self) -> &Neighbours {
        self.lists.get_or_init(|| {
            let (pairs, num_nodes) = (self.edges.pairs(), self.edges.num_nodes());
            let lists = match self.has_diagonal() {
                false => Neighbours::new(pairs, num_nodes),
                true => Neighbours::with_loops(pairs, num_nodes),
            };
            match &self.weights {
                None => lists,
                Some(weights) => lists.weighted(pairs, weights),
            }
        })
    }

    /// Returns the share of the absent pairs that negatives stand for, if `num_ones` of the n² pairs are edges:
    /// all but the diagonal, if the loss includes that.
    fn absent_share(&self, num_ones: f64) -> f64 {
        let n = self.edges.num_nodes() as f64;
        match self.has_diagonal() {
            false => 1.0,
            true => (n * n - num_ones - n) / (n * n - num_ones),
        }
    }

    /// Returns `true` if the loss includes the diagonal of A + I.
    fn has_diagonal(&self) -> bool {
        self.weighting == Weighting::Unbiased && self.edges.num_sources().is_none()
    }
}

impl Sample<'_> {
    /// Returns the negatives of each node, which only the loss of inner products needs.
    pub(crate) fn lists(&self) -> &Neighbours {
        self.lists.get_or_init(|| Neighbours::new(&self.negatives, self.edges.edges.num_nodes()))
    }

    /// Returns the loss at `z`, [n, d] row by row, decoded by inner products, and its gradient, [n, d].
    /// O(m·d) time. The result is bit-identical for any number of threads.
    pub fn value_and_gradient(&self, z: &[f32], d: usize) -> (f64, Vec<f32>) {
        let mut gradient = vec![0f32; z.len()];
        (self.value_and_gradient_into(z, d, &mut gradient), gradient)
    }

    /// Does the same as [`Sample::value_and_gradient`], but writes the gradient to `gradient`.
    pub(crate) fn value_and_gradient_into(&self, z: &[f32], d: usize, gradient: &mut [f32]) -> f64 {
        let edges = &self.edges.edges;
        let absent_share = self.edges.absent_share(2.0 * edges.len() as f64);
        // The factors are ¼, half of ½, because the lists contain each pair at both its nodes.
        let edge_factor = 0.25 / edges.len() as f64;
        let negative_factor = 0.25 * absent_share / self.negatives.len() as f64;
        gradient.par_chunks_mut(1 << 14).for_each(|numbers| numbers.fill(0.0));
        let cost = Cost { softplus: 0.0, weighted: edge_factor, linear: 0.0 };
        let edge_loss = self.edges.lists().add(z, d, cost, 1.0, gradient);
        // softplus(x) = softplus(−x) + x.
        let cost = Cost { softplus: negative_factor, weighted: 0.0, linear: negative_factor };
        edge_loss + self.lists().add(z, d, cost, 2.0, gradient)
    }
}
