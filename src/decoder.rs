//! The inner-product decoder: logit(u, v) = z_u · z_v (Kipf & Welling 2016, eq. 2).

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

use crate::graph::{EdgeList, Pair};

/// Rows of the block of logits that [`top_pairs`] holds at a time, per thread.
const BLOCK_ROWS: usize = 64;
/// Columns of that block.
const BLOCK_COLUMNS: usize = 1024;

/// The logits of m pairs, from embeddings `z` of [n, d], summed in f64. O(m·d) time.
pub fn decode_pairs(z: ArrayView2<f32>, pairs: &[Pair]) -> Vec<f64> {
    pairs.iter().map(|&pair| decode_pair(z, pair)).collect()
}

/// The logit of one pair.
pub fn decode_pair(z: ArrayView2<f32>, (u, v): Pair) -> f64 {
    z.row(u as usize).iter().zip(z.row(v as usize)).map(|(&a, &b)| a as f64 * b as f64).sum()
}

/// The probability of a logit: sigmoid(logit).
pub fn probability(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// A pair and its logit; the greater one has the higher logit, or, at a tie, the lower pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredPair {
    /// The pair, lower node first.
    pub pair: Pair,
    /// Its logit.
    pub logit: f64,
}

impl Eq for ScoredPair {}

impl Ord for ScoredPair {
    fn cmp(&self, other: &Self) -> Ordering {
        self.logit.total_cmp(&other.logit).then_with(|| other.pair.cmp(&self.pair))
    }
}

impl PartialOrd for ScoredPair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The `k` pairs of distinct nodes with the highest logits that are not in `known`, highest first, ties in
/// the order of the pairs. Exact: O(n²·d) time, O(n·d + k) memory.
pub fn top_pairs(z: ArrayView2<f32>, k: usize, known: &EdgeList) -> Vec<ScoredPair> {
    let n = z.nrows();
    if k == 0 {
        return Vec::new();
    }
    let starts: Vec<usize> = (0..n).step_by(BLOCK_ROWS).collect();
    let norms: Vec<f64> = (0..n as u32).map(|node| decode_pair(z, (node, node)).sqrt()).collect();
    // A logit that f32 arithmetic gives is off by at most d·2⁻²⁴·|z_u|·|z_v| to first order (Higham 2002,
    // eq. 3.5); twice that decides which pairs are worth a sum in f64.
    let slack = 2.0 * z.ncols() as f64 / f64::from(1 << 24);
    let empty = || Best { k, heap: BinaryHeap::new() };
    let best = starts
        .into_par_iter()
        .fold(empty, |mut best, start| {
            let rows = start..(start + BLOCK_ROWS).min(n);
            for first in (start..n).step_by(BLOCK_COLUMNS) {
                let columns = first..(first + BLOCK_COLUMNS).min(n);
                let mut logits = Array2::<f32>::zeros((rows.len(), columns.len()));
                let (left, right) = (z.slice(s![rows.clone(), ..]), z.slice(s![columns.clone(), ..]));
                general_mat_mul(1.0, &left, &right.t(), 0.0, &mut logits);
                for (u, logits) in rows.clone().zip(logits.axis_iter(Axis(0))) {
                    for (v, &logit) in columns.clone().zip(logits).skip((u + 1).saturating_sub(first)) {
                        let most = f64::from(logit) + slack * norms[u] * norms[v];
                        let pair = (u as u32, v as u32);
                        if best.could_take(most) && !known.contains(pair) {
                            best.add(ScoredPair { pair, logit: decode_pair(z, pair) });
                        }
                    }
                }
            }
            best
        })
        .reduce(empty, Best::merge);
    let mut pairs: Vec<ScoredPair> = best.heap.into_iter().map(|std::cmp::Reverse(pair)| pair).collect();
    pairs.sort_unstable_by(|a, b| b.cmp(a));
    pairs
}

/// The greatest `k` scored pairs so far, the least of them on top.
struct Best {
    k: usize,
    heap: BinaryHeap<std::cmp::Reverse<ScoredPair>>,
}

impl Best {
    fn could_take(&self, most: f64) -> bool {
        self.heap.len() < self.k || self.heap.peek().is_none_or(|least| most >= least.0.logit)
    }

    fn add(&mut self, pair: ScoredPair) {
        self.heap.push(std::cmp::Reverse(pair));
        if self.heap.len() > self.k {
            self.heap.pop();
        }
    }

    fn merge(mut self, other: Best) -> Best {
        for pair in other.heap {
            self.add(pair.0);
        }
        self
    }
}
