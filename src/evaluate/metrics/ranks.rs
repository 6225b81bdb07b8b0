//! Ranks edges among negatives: the mean reciprocal rank and Hits@K.

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::kernels::sort::sort_by;

/// Computes the mean reciprocal rank of the edges, each among all `negatives`; see
/// [`Ranks::mean_reciprocal_rank`]. O((m + k) log k) time for m edges and k negatives.
///
/// # Errors
/// Returns the errors of [`Ranks::pooled`].
pub fn mean_reciprocal_rank(edges: &[f64], negatives: &[f64]) -> Result<f64> {
    Ok(Ranks::pooled(edges, negatives)?.mean_reciprocal_rank())
}

/// Computes Hits@`k` from the logits of edges and `negatives`: the share of the edges that are scored above
/// the `k`-th highest negative. An edge that ties with it does not count, as in OGB (Hu et al. 2020, *Open
/// Graph Benchmark*). O((m + k) log k) time for m edges and k negatives.
///
/// # Errors
/// Returns the errors of [`Ranks::pooled`] and [`Ranks::hits_at`].
pub fn hits_at(k: usize, edges: &[f64], negatives: &[f64]) -> Result<f64> {
    Ranks::pooled(edges, negatives)?.hits_at(k)
}

/// The rank of one edge among its negatives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rank {
    /// The number of negatives that are scored above the edge.
    pub num_above: usize,
    /// The number of negatives with the same score.
    pub num_tied: usize,
    /// The number of negatives that the edge is ranked among.
    pub num_negatives: usize,
}

impl Rank {
    /// Returns the rank, 1 being the best: 1 + the negatives above + half of the tied ones. This is the mean
    /// of the best and the worst place that the ties allow.
    pub fn value(&self) -> f64 {
        1.0 + self.num_above as f64 + self.num_tied as f64 / 2.0
    }

    /// Returns `true` if the edge is scored above the `k`-th highest negative: fewer than `k` negatives score
    /// at least as high.
    fn is_above(&self, k: usize) -> bool {
        self.num_above + self.num_tied < k
    }
}

/// The ranks of all edges of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranks {
    of_edges: Vec<Rank>,
    rule: HitRule,
}

/// What makes an edge a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HitRule {
    /// It is scored above the k-th highest negative, as in OGB.
    AboveNegative,
    /// Its [`Rank::value`] is at most k, as in HeaRT.
    MiddleRank,
}

impl Ranks {
    /// Ranks each of m edges among the same k `negatives`, by their logits. O((m + k) log k) time.
    ///
    /// # Errors
    /// [`Error::OneClass`] if there is no edge or no negative; [`Error::NotANumber`] for a NaN, with its
    /// index in the edges followed by the negatives.
    pub fn pooled(edges: &[f64], negatives: &[f64]) -> Result<Ranks> {
        if edges.is_empty() || negatives.is_empty() {
            return Err(one_class(edges.len(), negatives.len()));
        }
        check_numbers(edges.iter().chain(negatives))?;
        let mut ascending = negatives.to_vec();
        sort_by(&mut ascending, f64::total_cmp);
        let rank = |&edge: &f64| {
            // `<` and `<=` rather than the total order, which puts −0 below 0.
            let num_below = ascending.partition_point(|&negative| negative < edge);
            let num_tied = match ascending.get(num_below) {
                Some(&next) if next == edge => {
                    ascending[num_below..].partition_point(|&negative| negative <= edge)
                }
                _ => 0,
            };
            let num_negatives = ascending.len();
            Rank { num_above: num_negatives - num_below - num_tied, num_tied, num_negatives }
        };
        Ok(Ranks { of_edges: edges.par_iter().map(rank).collect(), rule: HitRule::AboveNegative })
    }

    /// Ranks each edge among the negatives of its own list. An edge with an empty list has rank 1. O(k) time
    /// for k negatives in all lists.
    ///
    /// # Errors
    /// [`Error::OneClass`] if there is no edge, or no negative in any list; [`Error::NotANumber`] for a NaN,
    /// with its index in the edges followed by the lists.
    ///
    /// # Panics
    /// Panics if the numbers of lists and edges differ.
    pub fn per_edge(edges: &[f64], lists: &[&[f64]]) -> Result<Ranks> {
        assert_eq!(edges.len(), lists.len(), "each edge needs a list");
        let num_negatives = lists.iter().map(|list| list.len()).sum();
        if num_negatives == 0 {
            return Err(one_class(edges.len(), num_negatives));
        }
        check_numbers(edges.iter().chain(lists.iter().copied().flatten()))?;
        let rank = |(&edge, list): (&f64, &&[f64])| Rank {
            num_above: list.iter().filter(|&&negative| negative > edge).count(),
            num_tied: list.iter().filter(|&&negative| negative == edge).count(),
            num_negatives: list.len(),
        };
        Ok(Ranks { of_edges: edges.iter().zip(lists).map(rank).collect(), rule: HitRule::MiddleRank })
    }

    /// Returns the rank of each edge, in the order of the edges.
    pub fn of_edges(&self) -> &[Rank] {
        &self.of_edges
    }

    /// Returns the mean of 1 / [`Rank::value`], in (0, 1]. O(m) time.
    pub fn mean_reciprocal_rank(&self) -> f64 {
        let sum: f64 = self.of_edges.iter().map(|rank| 1.0 / rank.value()).sum();
        sum / self.of_edges.len() as f64
    }

    /// Returns Hits@`k`, a share of the edges in [0, 1]. Among pooled negatives an edge is a hit if it is scored
    /// above the `k`-th highest of them; one that ties with it does not count, as in OGB (Hu et al. 2020). Among
    /// negatives of its own it is a hit if its [`Rank::value`], with ties in the middle, is at most `k`, as in HeaRT
    /// (Li et al. 2023). O(m) time.
    ///
    /// # Errors
    /// [`Error::TooFewNegatives`] if an edge is ranked among fewer than `k` negatives (OGB counts such an
    /// edge as a hit for any score); [`Error::Argument`] if `k` is 0.
    pub fn hits_at(&self, k: usize) -> Result<f64> {
        if k == 0 {
            return Err(Error::argument("k", "Hits@0 is not a rank; expected whole numbers of at least 1"));
        }
        if let Some(short) = self.of_edges.iter().find(|rank| rank.num_negatives < k) {
            return Err(Error::TooFewNegatives { k, num_negatives: short.num_negatives });
        }
        let is_hit = |rank: &&Rank| match self.rule {
            HitRule::AboveNegative => rank.is_above(k),
            HitRule::MiddleRank => rank.value() <= k as f64,
        };
        let num_hits = self.of_edges.iter().filter(is_hit).count();
        Ok(num_hits as f64 / self.of_edges.len() as f64)
    }
}

fn one_class(positives: usize, negatives: usize) -> Error {
    Error::OneClass { metric: "a rank", positives, negatives }
}

fn check_numbers<'a>(mut logits: impl Iterator<Item = &'a f64>) -> Result<()> {
    match logits.position(|logit| logit.is_nan()) {
        Some(index) => Err(Error::NotANumber { index }),
        None => Ok(()),
    }
}
