//! Sums over lists of pairs of the costs of their logits.

mod sums;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::graph::Pair;
use crate::kernels::operator::SparseRow;

pub(in crate::model::loss) use sums::{Cost, costs};

/// The number of pairs below which one thread builds the lists. Each thread reads all pairs, so that more
/// threads do more work in total, and other work usually runs at the same time.
const FEW_PAIRS: usize = 1 << 20;

/// A list for each node with the other node of each of its pairs.
pub(crate) struct Neighbours {
    /// The bounds of the lists: that of node u is `others[starts[u]..starts[u + 1]]`.
    starts: Vec<usize>,
    others: Vec<u32>,
    /// The weight of each of `others`; `None` if all are 1.
    weights: Option<Vec<f32>>,
}

/// Returns the number of tasks that build the lists of `pairs`.
fn num_parts(pairs: &[Pair]) -> usize {
    if pairs.len() < FEW_PAIRS { 1 } else { rayon::current_num_threads() }
}

impl Neighbours {
    /// Builds the lists of `pairs` between `num_nodes` nodes. Pairs may be in either direction and repeated.
    /// Each list is in the order of the pairs. O(n + m) time and memory.
    pub(super) fn new(pairs: &[Pair], num_nodes: usize) -> Self {
        Self::build(pairs, num_nodes, 0, num_parts(pairs))
    }

    /// Builds the same lists with each node itself as its first neighbour.
    pub(super) fn with_loops(pairs: &[Pair], num_nodes: usize) -> Self {
        Self::build(pairs, num_nodes, 1, num_parts(pairs))
    }

    /// Sets the weights of `pairs`, from which these lists were built. Weights default to 1, and those of
    /// loops stay 1. O(n + m) time.
    pub(super) fn weighted(mut self, pairs: &[Pair], weights: &[f32]) -> Self {
        let mut ordered = vec![1.0; self.others.len()];
        // Lists are filled from the end, because a loop comes first in its list.
        let mut ends = self.starts[1..].to_vec();
        for (&(u, v), &weight) in pairs.iter().zip(weights).rev() {
            for node in [u as usize, v as usize] {
                ends[node] -= 1;
                ordered[ends[node]] = weight;
            }
        }
        self.weights = Some(ordered);
        self
    }

    /// Builds the lists with each node `num_loops` times its own neighbour. The nodes are divided among
    /// `num_parts` tasks.
    fn build(pairs: &[Pair], num_nodes: usize, num_loops: usize, num_parts: usize) -> Self {
        let part = num_nodes.div_ceil(num_parts).max(1);
        let mut starts = vec![0usize; num_nodes + 1];
        // Each task reads all pairs, and counts and stores those of its own nodes.
        starts[1..].par_chunks_mut(part).enumerate().for_each(|(at, counts)| {
            counts.fill(num_loops);
            let first = at * part;
            for &(u, v) in pairs {
                for node in [u as usize, v as usize] {
                    if let Some(count) = counts.get_mut(node.wrapping_sub(first)) {
                        *count += 1;
                    }
                }
            }
        });
        for node in 0..num_nodes {
            starts[node + 1] += starts[node];
        }
        let mut others = vec![0u32; starts[num_nodes]];
        let mut rest = others.as_mut_slice();
        let mut parts = Vec::new();
        for first in (0..num_nodes).step_by(part) {
            let last = (first + part).min(num_nodes);
            let (own, after) = rest.split_at_mut(starts[last] - starts[first]);
            parts.push((first..last, own));
            rest = after;
        }
        parts.into_par_iter().for_each(|(nodes, own)| {
            let offset = starts[nodes.start];
            let mut next: Vec<usize> = nodes.clone().map(|node| starts[node] - offset).collect();
            if num_loops > 0 {
                for (node, next) in nodes.clone().zip(&mut next) {
                    own[*next] = node as u32;
                    *next += 1;
                }
            }
            for &(u, v) in pairs {
                for (node, other) in [(u, v), (v, u)] {
                    if let Some(next) = next.get_mut((node as usize).wrapping_sub(nodes.start)) {
                        own[*next] = other;
                        *next += 1;
                    }
                }
            }
        });
        Neighbours { starts, others, weights: None }
    }

    /// Returns n.
    pub(super) fn num_nodes(&self) -> usize {
        self.starts.len() - 1
    }

    /// Returns the neighbours of `node`.
    pub(super) fn of_node(&self, node: usize) -> &[u32] {
        &self.others[self.starts[node]..self.starts[node + 1]]
    }

    /// Returns the weights of the neighbours of `node`; `None` if all are 1.
    pub(super) fn weights_of_node(&self, node: usize) -> Option<&[f32]> {
        self.weights.as_ref().map(|weights| &weights[self.starts[node]..self.starts[node + 1]])
    }

    /// Returns Σ over nodes u and their neighbours v of the cost of x = z_u·z_v, for `z`, [n, d] row by row.
    /// Adds Σ_v cost′(x) z_v to row u of `gradient`, [n, d], and then multiplies the row by `factor`. Without
    /// `factor` this is half the gradient of the sum, because each pair is in the lists of both its nodes.
    /// O(m·d) time. The result is bit-identical for any number of threads.
    pub(super) fn add(&self, z: &[f32], d: usize, cost: Cost, factor: f32, gradient: &mut [f32]) -> f64 {
        let nodes_per_task = (self.num_nodes() / 64).clamp(8, 512);
        let arch = Arch::new();
        let tasks = gradient.par_chunks_mut((nodes_per_task * d).max(1)).enumerate();
        let sums: Vec<f64> = tasks
            .map(|(task, gradient)| {
                let first = task * nodes_per_task;
                let starts = &self.starts[first..=first + gradient.len() / d];
                let entries = starts[0]..starts[starts.len() - 1];
                let others = &self.others[entries.clone()];
                let weights = self.weights.as_ref().map(|weights| &weights[entries]);
                arch.dispatch(Nodes { starts, others, weights, first, z, d, cost, factor, gradient })
            })
            .collect();
        sums.iter().sum()
    }
}

/// The nodes of one task: from `first` on, as many as `gradient` has rows. The output is the sum of their
/// costs.
struct Nodes<'a> {
    /// The start of the list of each node, then the end of the last list, up to a common offset.
    starts: &'a [usize],
    others: &'a [u32],
    weights: Option<&'a [f32]>,
    first: usize,
    z: &'a [f32],
    d: usize,
    cost: Cost,
    factor: f32,
    gradient: &'a mut [f32],
}

impl WithSimd for Nodes<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        // The most common width becomes a constant, which gives it a specialised loop.
        match self.d {
            16 => self.add::<S>(simd, 16),
            d => self.add::<S>(simd, d),
        }
    }
}

impl Nodes<'_> {
    #[inline(always)]
    fn add<S: Simd>(self, simd: S, d: usize) -> f64 {
        let Nodes { starts, others, weights, first, z, cost, factor, gradient, .. } = self;
        let row = |node: usize| &z[node * d..(node + 1) * d];
        let entries = || starts.windows(2).map(|ends| ends[0] - starts[0]..ends[1] - starts[0]);
        // The logits of all pairs, later replaced by the derivatives of their costs.
        let mut numbers = vec![0f32; others.len()];
        for (node, entries) in (first..).zip(entries()) {
            let own = row(node);
            for (logit, &other) in numbers[entries.clone()].iter_mut().zip(&others[entries]) {
                *logit = dot(simd, own, row(other as usize));
            }
        }
        let total = costs(&mut numbers, weights, cost);
        for (gradient, entries) in gradient.chunks_exact_mut(d).zip(entries()) {
            let (indices, values) = (&others[entries.clone()], &numbers[entries]);
            SparseRow { indices, values, dense: z, width: d }.add_to(simd, gradient);
            gradient.iter_mut().for_each(|value| *value *= factor);
        }
        total
    }
}

#[inline(always)]
fn dot<S: Simd>(simd: S, left: &[f32], right: &[f32]) -> f32 {
    let ((left, left_rest), (right, right_rest)) = (S::as_simd_f32s(left), S::as_simd_f32s(right));
    let mut sum = match left_rest.is_empty() {
        true => simd.splat_f32s(0.0),
        false => simd.mul_f32s(simd.partial_load_f32s(left_rest), simd.partial_load_f32s(right_rest)),
    };
    for (&left, &right) in left.iter().zip(right) {
        sum = simd.mul_add_f32s(left, right, sum);
    }
    simd.reduce_sum_f32s(sum)
}

#[cfg(test)]
mod tests;
