//! The reconstruction loss on the edges and on sampled negatives.

use std::sync::OnceLock;

use ndarray::ArrayView2;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::neighbours::{Neighbours, Slope};
use crate::graph::{EdgeList, Pair};
use crate::model::decoder::HadamardMlp;

/// Nodes that one task of the gradient's sum takes.
const NODES_PER_TASK: usize = 128;

/// Negatives that are drawn one after the other, whatever the number of threads.
const NEGATIVES_PER_TASK: usize = 4096;

/// How the edges and negatives of a sample are weighted against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weighting {
    /// ½ · mean over edges of softplus(−x) + ½ · mean over negatives of softplus(x): the exact loss in the mean over
    /// the draws, up to the diagonal.
    Balanced,
    /// The exact loss in the mean over the draws. With m edges of n nodes, S = 2m, and the diagonal of A + I among
    /// the ones:
    ///
    /// ```text
    /// 1/2S · (2 Σ over edges of softplus(−x) + Σ_i softplus(−x_ii))
    ///   + (n² − S − n) / (n² − S) · ½ · mean over negatives of softplus(x)
    /// ```
    ///
    /// Of a bipartite graph, whose exact loss has no diagonal, it is the balanced one.
    Unbiased,
}

/// The edges of samples: the same ones in each.
pub struct SampledEdges {
    edges: EdgeList,
    weighting: Weighting,
    /// What the term of each edge is multiplied by, where that is not 1.
    weights: Option<Vec<f32>>,
    /// Made when they are first asked for: a perceptron does without.
    lists: OnceLock<Neighbours>,
}

/// Edges and negatives of one epoch. Their loss is that of [`Weighting`], in nats.
pub struct Sample<'a> {
    edges: &'a SampledEdges,
    negatives: Vec<Pair>,
    /// As those of the edges.
    lists: OnceLock<Neighbours>,
}

impl SampledEdges {
    /// Of these edges, all of weight 1.
    pub fn new(edges: EdgeList, weighting: Weighting) -> Self {
        SampledEdges { edges, weighting, weights: None, lists: OnceLock::new() }
    }

    /// The same, the term of each edge multiplied by its `weights`, one for each, such as
    /// [`relative_weights`](super::relative_weights).
    pub fn weighted(self, weights: Vec<f32>) -> Self {
        SampledEdges { weights: Some(weights), lists: OnceLock::new(), ..self }
    }

    /// These edges, and for each `negatives_per_edge` pairs that are no edges of `train`, uniform with replacement
    /// among them, of a bipartite graph among those of a source and a target: held-out edges are not known here, so that one may come as a negative, rarely.
    ///
    /// There must be such pairs. O(m·log m) expected time on a sparse graph. The same for any number of threads.
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

    /// These edges and `negatives`, in any direction; one may come more than once.
    pub fn with(&self, negatives: Vec<Pair>) -> Sample<'_> {
        Sample { edges: self, negatives, lists: OnceLock::new() }
    }

    fn lists(&self) -> &Neighbours {
        self.lists.get_or_init(|| {
            let (pairs, num_nodes) = (self.edges.pairs(), self.edges.num_nodes());
            let lists = match self.has_diagonal() {
                false => Neighbours::of(pairs, num_nodes),
                true => Neighbours::and_itself(pairs, num_nodes),
            };
            match &self.weights {
                None => lists,
                Some(weights) => lists.weighted(pairs, weights),
            }
        })
    }

    fn has_diagonal(&self) -> bool {
        self.weighting == Weighting::Unbiased && self.edges.num_sources().is_none()
    }
}

impl Sample<'_> {
    /// The negatives of each node: what inner products need, and others do not.
    pub(crate) fn lists(&self) -> &Neighbours {
        self.lists.get_or_init(|| Neighbours::of(&self.negatives, self.edges.edges.num_nodes()))
    }

    /// The loss at `z`, [n, d] row by row, decoded by inner products, and its gradient, [n, d]. O(m·d) time. The
    /// same to the bit for any number of threads.
    pub fn value_and_gradient(&self, z: &[f32], d: usize) -> (f64, Vec<f32>) {
        let mut gradient = vec![0f32; z.len()];
        (self.value_and_gradient_into(z, d, &mut gradient), gradient)
    }

    /// As [`Sample::value_and_gradient`], the gradient into `gradient`.
    pub(crate) fn value_and_gradient_into(&self, z: &[f32], d: usize, gradient: &mut [f32]) -> f64 {
        let edges = &self.edges.edges;
        let absent = match self.edges.has_diagonal() {
            false => 1.0,
            true => {
                let (n, num_ones) = (edges.num_nodes() as f64, 2.0 * edges.len() as f64);
                (n * n - num_ones - n) / (n * n - num_ones)
            }
        };
        // Each pair stands with both its nodes.
        let (of_edge, of_negative) = (0.25 / edges.len() as f64, 0.25 * absent / self.negatives.len() as f64);
        gradient.par_chunks_mut(1 << 14).for_each(|numbers| numbers.fill(0.0));
        let slope = Slope { softplus: 0.0, weighted: of_edge, linear: 0.0 };
        let of_edges = self.edges.lists().add(z, d, slope, 1.0, gradient);
        // softplus(x) = softplus(−x) + x.
        let slope = Slope { softplus: of_negative, weighted: 0.0, linear: of_negative };
        of_edges + self.lists().add(z, d, slope, 2.0, gradient)
    }

    /// The loss at `z`, [n, d] row by row, decoded by a perceptron, always balanced, its gradient, [n, d], and that of the
    /// perceptron. O(m·d·k) time, O(m·d) memory.
    pub(crate) fn perceptron_value_and_gradient(
        &self,
        z: &[f32],
        d: usize,
        perceptron: &HadamardMlp,
    ) -> (f64, Vec<f32>, HadamardMlp) {
        let pairs = [self.edges.edges.pairs(), &self.negatives].concat();
        let (value, slopes) = self.value_and_slopes(&perceptron.logits(view(z, d), &pairs));
        let gradient = perceptron.gradient(view(z, d), &pairs, &slopes);
        let num_nodes = self.edges.edges.num_nodes();
        let incidence = Incidence::of(&pairs, num_nodes);
        let mut sums = vec![0f32; num_nodes * d];
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
        let num_edges = self.edges.edges.len();
        let weights = self.edges.weights.as_deref();
        let edge_weight = 0.5 / num_edges as f64;
        let negative_weight = 0.5 / self.negatives.len() as f64;
        let mut value = 0.0;
        let slopes = logits.iter().enumerate().map(|(at, &logit)| {
            let probability = 1.0 / (1.0 + (-logit).exp());
            let softplus_of_minus = (-logit).max(0.0) + (-logit.abs()).exp().ln_1p();
            if at < num_edges {
                let edge_weight = edge_weight * weights.map_or(1.0, |weights| f64::from(weights[at]));
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
}

/// For node u, the entries `indptr[u]..indptr[u + 1]`: the other node of each of its pairs, and the pair.
struct Incidence {
    indptr: Vec<usize>,
    others: Vec<u32>,
    pairs: Vec<u32>,
}

impl Incidence {
    /// The pairs of each node, in their order.
    fn of(list: &[Pair], num_nodes: usize) -> Incidence {
        let mut indptr = vec![0usize; num_nodes + 1];
        for &(u, v) in list {
            indptr[u as usize + 1] += 1;
            indptr[v as usize + 1] += 1;
        }
        for node in 0..num_nodes {
            indptr[node + 1] += indptr[node];
        }
        let mut next = indptr.clone();
        let mut others = vec![0u32; 2 * list.len()];
        let mut pairs = vec![0u32; 2 * list.len()];
        for (at, &(u, v)) in list.iter().enumerate() {
            for (node, other) in [(u, v), (v, u)] {
                others[next[node as usize]] = other;
                pairs[next[node as usize]] = at as u32;
                next[node as usize] += 1;
            }
        }
        Incidence { indptr, others, pairs }
    }
}

fn view(z: &[f32], d: usize) -> ArrayView2<'_, f32> {
    ArrayView2::from_shape((z.len() / d, d), z).expect("z must be [n, d]")
}
