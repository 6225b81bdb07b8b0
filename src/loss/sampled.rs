//! The reconstruction loss on the edges and on sampled negatives.

use ndarray::ArrayView2;
use rand::{Rng, RngExt};
use rayon::prelude::*;

use super::neighbours::{Neighbours, Slope};
use crate::decoder::HadamardMlp;
use crate::graph::{EdgeList, Pair};

/// Nodes that one task of the gradient's sum takes.
const NODES_PER_TASK: usize = 128;

/// Edges and negatives of one epoch. Their loss is
///
/// ```text
/// ½ · mean over edges of softplus(−x) + ½ · mean over negatives of softplus(x)
/// ```
///
/// in nats: up to the diagonal, what the exact loss is on average over the draw of the negatives.
pub struct Sample {
    /// The edges, then the negatives.
    pairs: Vec<Pair>,
    num_edges: usize,
    num_nodes: usize,
}

impl Sample {
    /// `edges`, and for each `negatives_per_edge` pairs that are no edges of `train`, uniform with replacement
    /// among them: held-out edges are not known here, so that one may come as a negative, rarely.
    ///
    /// There must be such pairs. O(m·log m) expected time on a sparse graph.
    pub fn draw(edges: Vec<Pair>, train: &EdgeList, negatives_per_edge: usize, rng: &mut impl Rng) -> Self {
        let n = train.num_nodes() as u32;
        let mut negatives = Vec::with_capacity(edges.len() * negatives_per_edge);
        while negatives.len() < edges.len() * negatives_per_edge {
            let pair = (rng.random_range(0..n), rng.random_range(0..n));
            if pair.0 != pair.1 && !train.contains(pair) {
                negatives.push(pair);
            }
        }
        Self::of(edges, negatives, train.num_nodes())
    }

    /// Of these pairs of `num_nodes` nodes, in any direction; one may come more than once.
    pub fn of(edges: Vec<Pair>, negatives: Vec<Pair>, num_nodes: usize) -> Self {
        let num_edges = edges.len();
        Sample { pairs: [edges, negatives].concat(), num_edges, num_nodes }
    }

    /// The loss at `z`, [n, d] row by row, decoded by inner products, and its gradient, [n, d]. O(m·d) time. The
    /// same to the bit for any number of threads.
    pub fn value_and_gradient(&self, z: &[f32], d: usize) -> (f64, Vec<f32>) {
        let (edges, negatives) = self.pairs.split_at(self.num_edges);
        // Each pair stands with both its nodes.
        let [of_edge, of_negative] = [edges, negatives].map(|pairs| 0.25 / pairs.len() as f64);
        let mut gradient = vec![0f32; self.num_nodes * d];
        let mut sum = |pairs, slope| Neighbours::of(pairs, self.num_nodes).add(z, d, slope, &mut gradient);
        let value = sum(edges, Slope { softplus: of_edge, linear: 0.0 })
            // softplus(x) = softplus(−x) + x.
            + sum(negatives, Slope { softplus: of_negative, linear: of_negative });
        gradient.par_chunks_mut(1 << 14).flatten_iter().for_each(|value| *value *= 2.0);
        (value, gradient)
    }

    /// The loss at `z`, [n, d] row by row, decoded by a perceptron, its gradient, [n, d], and that of the
    /// perceptron. O(m·d·k) time, O(m·d) memory.
    pub(crate) fn perceptron_value_and_gradient(
        &self,
        z: &[f32],
        d: usize,
        perceptron: &HadamardMlp,
    ) -> (f64, Vec<f32>, HadamardMlp) {
        let (value, slopes) = self.value_and_slopes(&perceptron.logits(view(z, d), &self.pairs));
        let gradient = perceptron.gradient(view(z, d), &self.pairs, &slopes);
        let incidence = self.incidence();
        let mut sums = vec![0f32; self.num_nodes * d];
        sums.par_chunks_mut(NODES_PER_TASK * d).enumerate().for_each(|(task, rows)| {
            for (at, sum) in rows.chunks_exact_mut(d).enumerate() {
                let node = task * NODES_PER_TASK + at;
                for entry in incidence.indptr[node]..incidence.indptr[node + 1] {
                    let other = incidence.others[entry] as usize;
                    let pair = incidence.pairs[entry] as usize;
                    let (slopes, other) = (&gradient.products[pair * d..], &z[other * d..(other + 1) * d]);
                    for ((sum, &slope), &value) in sum.iter_mut().zip(slopes).zip(other) {
                        *sum += slope * value;
                    }
                }
            }
        });
        (value, sums, gradient.weights)
    }

    /// The loss, and its derivative by each logit.
    fn value_and_slopes(&self, logits: &[f64]) -> (f64, Vec<f32>) {
        let num_negatives = self.pairs.len() - self.num_edges;
        let edge_weight = 0.5 / self.num_edges as f64;
        let negative_weight = 0.5 / num_negatives as f64;
        let mut value = 0.0;
        let slopes = logits.iter().enumerate().map(|(at, &logit)| {
            let probability = 1.0 / (1.0 + (-logit).exp());
            let softplus_of_minus = (-logit).max(0.0) + (-logit.abs()).exp().ln_1p();
            if at < self.num_edges {
                value += edge_weight * softplus_of_minus;
                (edge_weight * (probability - 1.0)) as f32
            } else {
                value += negative_weight * (logit + softplus_of_minus);
                (negative_weight * probability) as f32
            }
        });
        let slopes = slopes.collect();
        (value, slopes)
    }

    /// The pairs of each node, in their order.
    fn incidence(&self) -> Incidence {
        let mut indptr = vec![0usize; self.num_nodes + 1];
        for &(u, v) in &self.pairs {
            indptr[u as usize + 1] += 1;
            indptr[v as usize + 1] += 1;
        }
        for node in 0..self.num_nodes {
            indptr[node + 1] += indptr[node];
        }
        let mut next = indptr.clone();
        let mut others = vec![0u32; 2 * self.pairs.len()];
        let mut pairs = vec![0u32; 2 * self.pairs.len()];
        for (at, &(u, v)) in self.pairs.iter().enumerate() {
            for (node, other) in [(u, v), (v, u)] {
                others[next[node as usize]] = other;
                pairs[next[node as usize]] = at as u32;
                next[node as usize] += 1;
            }
        }
        Incidence { indptr, others, pairs }
    }
}

/// For node u, the entries `indptr[u]..indptr[u + 1]`: the other node of each of its pairs, and the pair.
struct Incidence {
    indptr: Vec<usize>,
    others: Vec<u32>,
    pairs: Vec<u32>,
}

fn view(z: &[f32], d: usize) -> ArrayView2<'_, f32> {
    ArrayView2::from_shape((z.len() / d, d), z).expect("z must be [n, d]")
}
