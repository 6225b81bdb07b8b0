//! Sums over listed pairs, of what a logit costs.

mod sums;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::graph::Pair;
use crate::kernels::operator::SparseRow;
use sums::{LANES, Sums, weigh};

pub(in crate::model::loss) use sums::Slope;

/// Pairs below which one thread makes the lists: as each thread looks at all pairs, more of them have more to do in all,
/// and mostly there is other work beside this.
const FEW_PAIRS: usize = 1 << 20;

/// For each node the other node of each of its pairs.
pub(crate) struct Neighbours {
    /// Of node u: `others[starts[u]..starts[u + 1]]`.
    starts: Vec<usize>,
    others: Vec<u32>,
    /// The weight of each of `others`, where pairs differ in it.
    weights: Option<Vec<f32>>,
}

/// How many tasks make the lists of `pairs`.
fn num_parts(pairs: &[Pair]) -> usize {
    if pairs.len() < FEW_PAIRS { 1 } else { rayon::current_num_threads() }
}

impl Neighbours {
    /// Of `pairs` of `num_nodes` nodes, in any direction; one may come more than once. A node's others stand in
    /// the order of the pairs. O(n + m) time and memory.
    pub(super) fn of(pairs: &[Pair], num_nodes: usize) -> Self {
        Self::with(pairs, num_nodes, 0, num_parts(pairs))
    }

    /// Each node is its own neighbour too, the first one.
    pub(super) fn and_itself(pairs: &[Pair], num_nodes: usize) -> Self {
        Self::with(pairs, num_nodes, 1, num_parts(pairs))
    }

    /// With the weight of each of the `pairs` that these lists are of; that of a node and itself stays 1, as are all
    /// without this. O(n + m) time.
    pub(super) fn weighted(mut self, pairs: &[Pair], weights: &[f32]) -> Self {
        let mut of_others = vec![1.0; self.others.len()];
        // From the last pair on, as a node itself comes first in its list.
        let mut ends = self.starts[1..].to_vec();
        for (&(u, v), &weight) in pairs.iter().zip(weights).rev() {
            for node in [u as usize, v as usize] {
                ends[node] -= 1;
                of_others[ends[node]] = weight;
            }
        }
        self.weights = Some(of_others);
        self
    }

    /// `num_loops` times a node is its own neighbour. The nodes are dealt out to `num_parts` tasks.
    fn with(pairs: &[Pair], num_nodes: usize, num_loops: usize, num_parts: usize) -> Self {
        let part = num_nodes.div_ceil(num_parts).max(1);
        let mut starts = vec![0usize; num_nodes + 1];
        // Each thread looks at all pairs, and counts and places those of its own nodes.
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

    /// n.
    pub(super) fn num_nodes(&self) -> usize {
        self.starts.len() - 1
    }

    /// The others of `node`.
    pub(super) fn of_node(&self, node: usize) -> &[u32] {
        &self.others[self.starts[node]..self.starts[node + 1]]
    }

    /// The weights of the others of `node`, where pairs differ in them.
    pub(super) fn weights_of_node(&self, node: usize) -> Option<&[f32]> {
        self.weights.as_ref().map(|weights| &weights[self.starts[node]..self.starts[node + 1]])
    }

    /// Σ over nodes u and their neighbours v of what x = z_u·z_v costs, for `z` of [n, d] row by row; to the row
    /// of u in `gradient`, [n, d], goes Σ_v slope(x) z_v, which is half the sum's gradient, for each pair stands
    /// with both its nodes, and then all is multiplied by `factor`. O(m·d) time. The same to the bit for any number of threads.
    pub(super) fn add(&self, z: &[f32], d: usize, slope: Slope, factor: f32, gradient: &mut [f32]) -> f64 {
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
                arch.dispatch(Nodes { starts, others, weights, first, z, d, slope, factor, gradient })
            })
            .collect();
        sums.iter().sum()
    }
}

/// Nodes from `first` on, as many as `gradient` has rows. Its output is the sum of their costs.
struct Nodes<'a> {
    /// Where the others of each begin, and the end of the last, counted from any number on.
    starts: &'a [usize],
    others: &'a [u32],
    weights: Option<&'a [f32]>,
    first: usize,
    z: &'a [f32],
    d: usize,
    slope: Slope,
    factor: f32,
    gradient: &'a mut [f32],
}

impl WithSimd for Nodes<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        // The width that is common becomes a constant of loops of its own.
        match self.d {
            16 => self.add::<S>(simd, 16),
            d => self.add::<S>(simd, d),
        }
    }
}

impl Nodes<'_> {
    #[inline(always)]
    fn add<S: Simd>(self, simd: S, d: usize) -> f64 {
        let Nodes { starts, others, weights, first, z, slope, factor, gradient, .. } = self;
        let row = |node: usize| &z[node * d..(node + 1) * d];
        let entries = || starts.windows(2).map(|ends| ends[0] - starts[0]..ends[1] - starts[0]);
        // The logits of all pairs, then their slopes.
        let mut numbers = vec![0f32; others.len().next_multiple_of(LANES)];
        for (node, entries) in (first..).zip(entries()) {
            let own = row(node);
            for (logit, &other) in numbers[entries.clone()].iter_mut().zip(&others[entries]) {
                *logit = dot(simd, own, row(other as usize));
            }
        }
        let total = match weights {
            Some(weights) => weigh(&mut numbers, weights, slope),
            None => {
                let mut sums = Sums::new();
                for numbers in numbers.chunks_exact_mut(LANES) {
                    sums.add(numbers, slope);
                }
                sums.num_padding = numbers.len() - others.len();
                sums.total(slope)
            }
        };
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
