//! Sums over listed pairs, of what a logit costs.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::graph::Pair;
use crate::operator::SparseRow;
use crate::simd::exp;

/// Logits whose costs are taken together.
const LANES: usize = 16;
/// Factors of a product before its logarithm is taken.
const MOST_FACTORS: usize = 100;
/// Pairs below which one thread makes the lists: as each thread looks at all pairs, more of them have more to do in all,
/// and mostly there is other work beside this.
const FEW_PAIRS: usize = 1 << 20;

/// For each node the other node of each of its pairs.
pub(crate) struct Neighbours {
    /// Of node u: `others[starts[u]..starts[u + 1]]`.
    starts: Vec<usize>,
    others: Vec<u32>,
}

/// How many tasks make the lists of `pairs`.
fn num_parts(pairs: &[Pair]) -> usize {
    if pairs.len() < FEW_PAIRS { 1 } else { rayon::current_num_threads() }
}

/// What a logit x costs: softplus · softplus(−x) + linear · x.
#[derive(Clone, Copy)]
pub(super) struct Slope {
    pub(super) softplus: f64,
    pub(super) linear: f64,
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
        Neighbours { starts, others }
    }

    /// n.
    pub(super) fn num_nodes(&self) -> usize {
        self.starts.len() - 1
    }

    /// The others of `node`.
    pub(super) fn of_node(&self, node: usize) -> &[u32] {
        &self.others[self.starts[node]..self.starts[node + 1]]
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
                let others = &self.others[starts[0]..starts[starts.len() - 1]];
                arch.dispatch(Nodes { starts, others, first, z, d, slope, factor, gradient })
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
        let Nodes { starts, others, first, z, slope, factor, gradient, .. } = self;
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
        let mut sums = Sums::new();
        for numbers in numbers.chunks_exact_mut(LANES) {
            sums.add(numbers, slope);
        }
        sums.num_padding = numbers.len() - others.len();
        for (gradient, entries) in gradient.chunks_exact_mut(d).zip(entries()) {
            let (indices, values) = (&others[entries.clone()], &numbers[entries]);
            SparseRow { indices, values, dense: z, width: d }.add_to(simd, gradient);
            gradient.iter_mut().for_each(|value| *value *= factor);
        }
        sums.total(slope)
    }
}

/// Σ softplus(−x) and Σ x, lane by lane.
struct Sums {
    /// Π (1 + e^−|x|), each factor at most 2: Σ softplus(−x) = Σ max(−x, 0) + ln of that.
    products: [f32; LANES],
    num_factors: usize,
    negative_parts: [f32; LANES],
    logits: [f32; LANES],
    softplus: f64,
    linear: f64,
    /// Logits of 0 that were added to fill up the lanes.
    num_padding: usize,
}

impl Sums {
    #[inline(always)]
    fn new() -> Self {
        Sums {
            products: [1.0; LANES],
            num_factors: 0,
            negative_parts: [0.0; LANES],
            logits: [0.0; LANES],
            softplus: 0.0,
            linear: 0.0,
            num_padding: 0,
        }
    }

    /// Adds LANES logits, which are replaced by their costs' derivatives.
    #[inline(always)]
    fn add(&mut self, numbers: &mut [f32], slope: Slope) {
        let (softplus, linear) = (slope.softplus as f32, slope.linear as f32);
        for (lane, number) in numbers.iter_mut().enumerate().take(LANES) {
            let x = *number;
            let exponential = exp(-x.abs());
            let upper = 1.0 / (1.0 + exponential);
            let absent = if x < 0.0 { upper } else { exponential * upper };
            self.products[lane] *= 1.0 + exponential;
            self.negative_parts[lane] += (-x).max(0.0);
            self.logits[lane] += x;
            *number = linear - softplus * absent;
        }
        self.num_factors += 1;
        // In f32 a product of factors of at most 2 stays finite for 127 of them.
        if self.num_factors == MOST_FACTORS {
            self.empty();
        }
    }

    #[inline(always)]
    fn empty(&mut self) {
        let logarithm = |four: &[f32]| four.iter().map(|&lane| f64::from(lane)).product::<f64>().ln();
        self.softplus += self.products.chunks(4).map(logarithm).sum::<f64>();
        self.softplus += self.negative_parts.iter().map(|&lane| f64::from(lane)).sum::<f64>();
        self.linear += self.logits.iter().map(|&lane| f64::from(lane)).sum::<f64>();
        let Sums { softplus, linear, num_padding, .. } = *self;
        *self = Sums { softplus, linear, num_padding, ..Sums::new() };
    }

    #[inline(always)]
    fn total(mut self, slope: Slope) -> f64 {
        self.empty();
        let softplus = self.softplus - self.num_padding as f64 * std::f64::consts::LN_2;
        slope.softplus * softplus + slope.linear * self.linear
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
mod tests {
    use super::*;

    #[test]
    fn the_lists_of_parts_are_those_of_the_whole() {
        let pairs: Vec<Pair> = (0..50_000u32).map(|at| (at * 7 % 1009, (at * at) % 1013)).collect();
        let lists = |num_parts: usize| {
            let Neighbours { starts, others } = Neighbours::with(&pairs, 1013, 1, num_parts);
            (starts, others)
        };
        let (starts, others) = lists(1);
        assert_eq!(lists(3), (starts.clone(), others.clone()));
        let of_five: Vec<u32> = pairs
            .iter()
            .flat_map(|&(u, v)| [(u, v), (v, u)])
            .filter_map(|(node, other)| (node == 5).then_some(other))
            .collect();
        assert_eq!(others[starts[5]..starts[6]], [vec![5], of_five].concat());
    }
}
