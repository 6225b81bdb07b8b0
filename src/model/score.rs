//! The trait that every model implements: it gives each pair of nodes a logit.

use std::cmp::Ordering;

use ndarray::ArrayView2;
use rayon::prelude::*;

use crate::graph::{EdgeList, Pair};

/// The most nodes whose rows are found together; see [`Score::rows`].
pub const SOURCES: usize = 64;

/// The most logits of whole rows that a thread holds at once, if a row has no more.
const ROW_LOGITS: usize = 1 << 22;

/// Returns the number of nodes whose rows of `num_nodes` logits are found together, at most [`SOURCES`].
pub(crate) fn rows_at_once(num_nodes: usize) -> usize {
    (ROW_LOGITS / num_nodes.max(1)).clamp(1, SOURCES)
}

/// The number of pairs that are scored together where the work for a first node serves all of its pairs; see
/// [`Score::pairs_at_once`].
pub(crate) const MANY_PAIRS: usize = 1 << 23;

/// Gives pairs of nodes their logits. It is a trained model or a score that needs no training, applied to a
/// graph.
///
/// # Examples
/// ```
/// use vgae::graph::{EdgeList, Pair};
/// use vgae::model::score::{Score, ScoredPair, probability};
///
/// /// A link is likelier the nearer the two numbers are.
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
/// assert!(best[0] > best[1], "of two equal logits, the lower pair is the greater");
/// assert_eq!(Nearness.top_of_nodes(&[0], 1, &known)[0][0].pair, (0, 2));
/// assert_eq!(probability(0.0), 0.5);
/// ```
pub trait Score: Send + Sync {
    /// Returns the logits of m pairs, in their order. A pair's logit does not depend on the other pairs.
    fn logits(&self, pairs: &[Pair]) -> Vec<f64>;

    /// Returns the `k` candidates of `known` with the highest logits, highest first, ties in the order of the
    /// pairs. If `known` is directed, the pairs are ordered: both directions of a pair are candidates of their
    /// own. The result is exact: every candidate is scored, O(n²) logits in O(n + k) memory per thread.
    fn top_pairs(&self, k: usize, known: &EdgeList) -> Vec<ScoredPair> {
        top_pairs(self, k, known)
    }

    /// Returns the number of candidates of `known` whose logit is at least `logit`; if `known` is directed, both
    /// directions count. Every candidate is scored, O(n²) logits in O(n) memory per thread.
    fn num_above(&self, logit: f64, known: &EdgeList) -> u64 {
        let num_from = |u: u32| {
            let pairs: Vec<Pair> = known.candidates_from(u).collect();
            self.logits(&pairs).iter().filter(|&&other| other >= logit).count() as u64
        };
        (0..known.num_nodes() as u32).into_par_iter().map(num_from).sum()
    }

    /// Returns, for each of `nodes` as the source, its `k` candidates with the highest logits, highest first,
    /// ties in the order of the nodes. Candidates are the nodes that it could be linked with but is not in
    /// `known`. The result is exact, with O(n) logits and memory per node.
    fn top_of_nodes(&self, nodes: &[u32], k: usize, known: &EdgeList) -> Vec<Vec<ScoredPair>> {
        top_of_nodes(self, nodes, k, known)
    }

    /// Returns the logits of at most [`SOURCES`] nodes with each of all n nodes, one row after the other, if the
    /// score is the same in both directions and has a faster way to find whole rows than [`Score::logits`], from
    /// which they may differ by rounding; `None` otherwise.
    fn rows(&self, sources: &[u32]) -> Option<Vec<f64>> {
        let _ = sources;
        None
    }

    /// Returns the number of pairs from which on [`Score::logits`] takes the least time for each.
    fn pairs_at_once(&self) -> usize {
        1
    }

    /// Returns embeddings, [n, d], whose inner products are the logits, or `None` if there are none.
    fn factors(&self) -> Option<ArrayView2<'_, f32>> {
        None
    }
}

/// Implements [`Score::top_of_nodes`] by scoring the pairs of one node at a time.
pub(crate) fn top_of_nodes(
    score: &(impl Score + ?Sized),
    nodes: &[u32],
    k: usize,
    known: &EdgeList,
) -> Vec<Vec<ScoredPair>> {
    let top_of_node = |&node: &u32| {
        let pairs: Vec<Pair> = known.candidates_of(node).map(|other| (node, other)).collect();
        TopK::best_of(k, &pairs, &score.logits(&pairs)).into_sorted()
    };
    nodes.par_iter().map(top_of_node).collect()
}

/// Implements [`Score::top_pairs`] by scoring the pairs of one node at a time.
pub(crate) fn top_pairs(score: &(impl Score + ?Sized), k: usize, known: &EdgeList) -> Vec<ScoredPair> {
    let best_of_node = |u: u32| {
        let pairs: Vec<Pair> = known.candidates_from(u).collect();
        TopK::best_of(k, &pairs, &score.logits(&pairs))
    };
    (0..known.num_nodes() as u32)
        .into_par_iter()
        .map(best_of_node)
        .reduce(|| TopK::new(k), TopK::merge)
        .into_sorted()
}

/// Returns the probability of a logit: sigmoid(logit).
pub fn probability(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// A pair and its logit. They are ordered by logit; of two equal logits, the lower pair is the greater.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredPair {
    /// The pair: (source, target), or the lower node first in an undirected graph.
    pub pair: Pair,
    /// The logit of the pair.
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

/// The greatest `k` scored pairs so far, with some more that are taken out now and then: for many pairs, that
/// costs less than a heap.
pub(crate) struct TopK {
    k: usize,
    pairs: Vec<ScoredPair>,
    /// The number of pairs at which all but the greatest `k` are taken out.
    limit: usize,
    /// The `k`-th logit when that was last done.
    least: f64,
}

impl TopK {
    pub(crate) fn new(k: usize) -> Self {
        TopK { k, pairs: Vec::new(), limit: k.max(1), least: f64::NEG_INFINITY }
    }

    /// Collects the best of these pairs.
    pub(crate) fn best_of(k: usize, pairs: &[Pair], logits: &[f64]) -> Self {
        let mut best = TopK::new(k);
        for (&pair, &logit) in pairs.iter().zip(logits) {
            best.add(ScoredPair { pair, logit });
        }
        best
    }

    /// Returns a logit below which no pair is among the greatest `k`, or −∞ while there are fewer than `k`.
    pub(crate) fn least(&self) -> f64 {
        self.least
    }

    /// Returns `true` if a pair with a logit of at most `most` could be among the greatest `k`.
    pub(crate) fn could_take(&self, most: f64) -> bool {
        self.least == f64::NEG_INFINITY || most >= self.least
    }

    pub(crate) fn add(&mut self, pair: ScoredPair) {
        if !self.could_take(pair.logit) {
            return;
        }
        self.pairs.push(pair);
        if self.pairs.len() >= self.limit {
            self.cut();
        }
    }

    pub(crate) fn merge(mut self, other: TopK) -> TopK {
        for pair in other.pairs {
            self.add(pair);
        }
        self
    }

    /// Returns the pairs, highest first.
    pub(crate) fn into_sorted(mut self) -> Vec<ScoredPair> {
        self.cut();
        self.pairs.sort_unstable_by(|a, b| b.cmp(a));
        self.pairs
    }

    /// Takes out all but the greatest `k`.
    fn cut(&mut self) {
        match self.k.checked_sub(1) {
            None => self.pairs.clear(),
            Some(last) if last < self.pairs.len() => {
                let (_, least, _) = self.pairs.select_nth_unstable_by(last, |a, b| b.cmp(a));
                self.least = least.logit;
                self.pairs.truncate(self.k);
            }
            Some(_) => {}
        }
        self.limit = self.k.saturating_add((self.k / 4).max(1));
    }
}
