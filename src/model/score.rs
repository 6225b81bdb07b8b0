//! What every model comes down to: a logit for each pair of nodes.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use ndarray::ArrayView2;
use rayon::prelude::*;

use crate::graph::{EdgeList, Pair};

/// Gives pairs of nodes their logits: a trained model, or a score that needs no training, over a graph.
///
/// # Examples
/// ```
/// use vgae::graph::{EdgeList, Pair};
/// use vgae::model::score::{Score, ScoredPair, probability};
///
/// /// The nearer two numbers, the likelier is a link.
/// struct Nearness;
///
/// impl Score for Nearness {
///     fn logits(&self, pairs: &[Pair]) -> Vec<f64> {
///         pairs.iter().map(|&(u, v)| -f64::from(u.abs_diff(v))).collect()
///     }
/// }
///
/// let known = EdgeList::new(4, vec![(0, 1)], None).0;
/// let best = Nearness.top_pairs(2, &known);
/// assert_eq!(best[0], ScoredPair { pair: (1, 2), logit: -1.0 });
/// assert!(best[0] > best[1], "at a tie the lower pair is the greater");
/// assert_eq!(Nearness.top_of_nodes(&[0], 1, &known)[0][0].pair, (0, 2));
/// assert_eq!(probability(0.0), 0.5);
/// ```
pub trait Score: Send + Sync {
    /// The logits of m pairs, in their order. A pair's logit does not depend on the other pairs.
    fn logits(&self, pairs: &[Pair]) -> Vec<f64>;

    /// The `k` pairs of distinct nodes with the highest logits that are not in `known`, highest first, ties in
    /// the order of the pairs. Exact: every pair of nodes is scored, O(n²) logits in O(n + k) memory a thread.
    fn top_pairs(&self, k: usize, known: &EdgeList) -> Vec<ScoredPair> {
        top_pairs(self, k, known)
    }

    /// For each of `nodes`, as the source, its `k` candidates with the highest logits: nodes that it could be linked with
    /// and is not by `known`; highest first, ties in the order of the nodes. Exact: O(n) logits and memory for each.
    fn top_of_nodes(&self, nodes: &[u32], k: usize, known: &EdgeList) -> Vec<Vec<ScoredPair>> {
        top_of_nodes(self, nodes, k, known)
    }

    /// Embeddings, [n, d], whose inner products are the logits, if there are such.
    fn factors(&self) -> Option<ArrayView2<'_, f32>> {
        None
    }
}

/// As [`Score::top_of_nodes`], by asking for the logits of one node's pairs after the other's.
pub(crate) fn top_of_nodes(
    score: &(impl Score + ?Sized),
    nodes: &[u32],
    k: usize,
    known: &EdgeList,
) -> Vec<Vec<ScoredPair>> {
    let of_node = |&node: &u32| {
        let pairs: Vec<Pair> = known.candidates_of(node).map(|other| (node, other)).collect();
        Best::of(k, &pairs, &score.logits(&pairs)).into_sorted()
    };
    nodes.par_iter().map(of_node).collect()
}

/// As [`Score::top_pairs`], by asking for the logits of one node's pairs after the other's.
pub(crate) fn top_pairs(score: &(impl Score + ?Sized), k: usize, known: &EdgeList) -> Vec<ScoredPair> {
    let n = known.num_nodes() as u32;
    let of_node = |u: u32| {
        let pairs: Vec<Pair> = (u + 1..n).map(|v| (u, v)).filter(|&pair| known.is_candidate(pair)).collect();
        Best::of(k, &pairs, &score.logits(&pairs))
    };
    (0..n).into_par_iter().map(of_node).reduce(|| Best::new(k), Best::merge).into_sorted()
}

/// The probability of a logit: sigmoid(logit).
pub fn probability(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// A pair and its logit; the greater one has the higher logit, or, at a tie, the lower pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredPair {
    /// The pair: (source, target), or lower node first where edges have no directions.
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

/// The greatest `k` scored pairs so far, the least of them on top.
pub(crate) struct Best {
    k: usize,
    heap: BinaryHeap<Reverse<ScoredPair>>,
}

impl Best {
    pub(crate) fn new(k: usize) -> Self {
        Best { k, heap: BinaryHeap::new() }
    }

    /// Of these pairs and their logits.
    pub(crate) fn of(k: usize, pairs: &[Pair], logits: &[f64]) -> Self {
        let mut best = Best::new(k);
        for (&pair, &logit) in pairs.iter().zip(logits) {
            best.add(ScoredPair { pair, logit });
        }
        best
    }

    /// The logit that a pair must have at least; −∞ while any will do.
    pub(crate) fn least(&self) -> f64 {
        match self.heap.peek() {
            Some(least) if self.heap.len() >= self.k => least.0.logit,
            _ => f64::NEG_INFINITY,
        }
    }

    /// Whether a pair with a logit of at most `most` could be among them.
    pub(crate) fn could_take(&self, most: f64) -> bool {
        self.heap.len() < self.k || self.heap.peek().is_none_or(|least| most >= least.0.logit)
    }

    pub(crate) fn add(&mut self, pair: ScoredPair) {
        if !self.could_take(pair.logit) {
            return;
        }
        self.heap.push(Reverse(pair));
        if self.heap.len() > self.k {
            self.heap.pop();
        }
    }

    pub(crate) fn merge(mut self, other: Best) -> Best {
        for pair in other.heap {
            self.add(pair.0);
        }
        self
    }

    /// Highest first.
    pub(crate) fn into_sorted(self) -> Vec<ScoredPair> {
        let mut pairs: Vec<ScoredPair> = self.heap.into_iter().map(|Reverse(pair)| pair).collect();
        pairs.sort_unstable_by(|a, b| b.cmp(a));
        pairs
    }
}
