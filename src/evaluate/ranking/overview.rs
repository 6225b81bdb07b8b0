//! The figures of a held-out part among all pairs, within a budget of scored pairs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Ends, Estimate, FullRanking, TopList};
use crate::error::Result;
use crate::graph::{EdgeList, Pair};
use crate::model::score::Score;
use crate::split::{HeldOut, Split};

/// The least number of ends in a sample.
const LEAST_ENDS: usize = 100;
/// A sample of the least size may have so many times the pairs of the budget; see [`RankingConfig::is_exceeded`].
const MAX_OVERRUN: u64 = 5;
/// The length of the shortest list of pairs.
const SHORT_LIST: usize = 100;

/// What to measure, and how many pairs to score for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankingConfig {
    /// The K of hits, recall and NDCG.
    pub ks: Vec<usize>,
    /// The lengths of the lists of highest pairs; `None` for 100, the number of links, and ten times that.
    pub list_lengths: Option<Vec<usize>>,
    /// The most pairs to score for one part if a logit is an inner product.
    pub max_products: u64,
    /// The same for other models.
    pub max_pairs: u64,
    /// The seed of a sample of the ends.
    pub seed: u64,
}

impl RankingConfig {
    /// Returns what a summary needs, within about a second: the list of the 100 highest pairs.
    pub fn summary(seed: u64) -> Self {
        let (max_products, max_pairs) = (500_000_000, 4_000_000);
        RankingConfig { ks: Vec::new(), list_lengths: Some(vec![SHORT_LIST]), max_products, max_pairs, seed }
    }

    /// Returns `true` if even the smallest sample of the ends of `num_links` links in a graph of `num_nodes` nodes has far
    /// more pairs than this allows for `score`, so that it takes much longer than intended.
    pub fn is_exceeded(&self, score: &(impl Score + ?Sized), num_nodes: usize, num_links: usize) -> bool {
        (LEAST_ENDS.min(2 * num_links) * num_nodes) as u64 > MAX_OVERRUN * self.budget(score)
    }

    /// Returns the most pairs to score for one part.
    fn budget(&self, score: &(impl Score + ?Sized)) -> u64 {
        if score.factors().is_some() { self.max_products } else { self.max_pairs }
    }
}

impl Default for RankingConfig {
    /// Returns K = 10, the three lists, and limits that take about a minute.
    fn default() -> Self {
        let (max_products, max_pairs) = (20_000_000_000, 8_000_000);
        RankingConfig { ks: vec![10], list_lengths: None, max_products, max_pairs, seed: 0 }
    }
}

/// How well the links of one part stand among all pairs; see [`FullRanking`] and [`TopList`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankingMetrics {
    /// The number of links.
    pub num_links: usize,
    /// The number of distinct ends of the links.
    pub num_ends: usize,
    /// The number of ends at which links were ranked: all of them, or a sample.
    pub num_ranked_ends: usize,
    /// See [`FullRanking::mean_reciprocal_rank`].
    pub mean_reciprocal_rank: Estimate,
    /// See [`FullRanking::median_rank`].
    pub median_rank: f64,
    /// [`FullRanking::hits_at`] of each K.
    pub hits: BTreeMap<usize, Estimate>,
    /// [`FullRanking::recall_at`] of each K.
    pub recall: BTreeMap<usize, Estimate>,
    /// [`FullRanking::ndcg_at`] of each K.
    pub ndcg: BTreeMap<usize, Estimate>,
    /// The highest pairs of the graph; `None` if the graph has more pairs than the budget.
    pub list: Option<ListMetrics>,
}

/// The links in lists of the highest pairs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ListMetrics {
    /// The precision of a list in random order.
    pub precision_by_chance: f64,
    /// [`TopList::precision_at`] of each length.
    pub precision: BTreeMap<usize, f64>,
    /// [`TopList::recall_at`] of each length.
    pub recall: BTreeMap<usize, f64>,
}

impl RankingMetrics {
    /// Computes the figures of the validation and the test part of `split`, whose graph has the edges `known`; `None`
    /// for a part without links. The edges of the other part are left out of each list.
    ///
    /// # Errors
    /// Returns the errors of [`RankingMetrics::compute`].
    pub fn of_parts(
        score: &(impl Score + ?Sized),
        known: &EdgeList,
        split: &Split,
        config: &RankingConfig,
    ) -> Result<[Option<Self>; 2]> {
        let Split { validation, test, .. } = split;
        let compute = |part, other| Self::of_part(score, known, split, [part, other], config);
        Ok([compute(validation, test)?, compute(test, validation)?])
    }

    /// Computes the figures of the test part of `split`, or else of its validation part; see
    /// [`RankingMetrics::of_parts`]. `None` if neither has links.
    ///
    /// # Errors
    /// Returns the errors of [`RankingMetrics::compute`].
    pub fn of_last_part(
        score: &(impl Score + ?Sized),
        known: &EdgeList,
        split: &Split,
        config: &RankingConfig,
    ) -> Result<Option<Self>> {
        let parts = match split.test.is_empty() {
            false => [&split.test, &split.validation],
            true => [&split.validation, &split.test],
        };
        Self::of_part(score, known, split, parts, config)
    }

    /// Computes the figures of `part`, whose list leaves out the edges of the `other` part.
    fn of_part(
        score: &(impl Score + ?Sized),
        known: &EdgeList,
        split: &Split,
        [part, other]: [&HeldOut; 2],
        config: &RankingConfig,
    ) -> Result<Option<Self>> {
        let seen = known.with_edges([split.train.pairs(), other.edges.pairs()].concat());
        let links = part.edges.pairs();
        (!links.is_empty()).then(|| Self::compute(score, known, &seen, links, config)).transpose()
    }

    /// Computes the figures of `links`. `known` are all edges of the graph, and `seen` those without the links.
    ///
    /// If the pairs at all ends are more than `config` allows, the ends are a sample of at least 100, and if those of
    /// the graph are more, the list is left out.
    ///
    /// # Errors
    /// Returns the errors of [`FullRanking::compute`] and [`FullRanking::hits_at`].
    pub fn compute(
        score: &(impl Score + ?Sized),
        known: &EdgeList,
        seen: &EdgeList,
        links: &[Pair],
        config: &RankingConfig,
    ) -> Result<Self> {
        let RankingConfig { ks, list_lengths, seed, .. } = config;
        let budget = config.budget(score);
        let count = (budget / known.num_nodes().max(1) as u64) as usize;
        let ends = Ends::Sample { count: count.max(LEAST_ENDS), seed: *seed };
        let ranking = FullRanking::compute(score, known, links, ends)?;
        let list = (seen.num_pairs() <= budget).then(|| {
            let lengths = list_lengths.clone();
            let lengths = lengths.unwrap_or_else(|| vec![SHORT_LIST, links.len(), 10 * links.len()]);
            let longest = lengths.iter().copied().max().unwrap_or_default();
            let list = TopList::compute(score, seen, links, longest);
            ListMetrics {
                precision_by_chance: list.precision_by_chance(),
                precision: lengths.iter().map(|&k| (k, list.precision_at(k))).collect(),
                recall: lengths.iter().map(|&k| (k, list.recall_at(k))).collect(),
            }
        });
        let (num_ranked_ends, num_ends) = ranking.num_ends();
        let at = |value: &dyn Fn(usize) -> Result<Estimate>| {
            ks.iter().map(|&k| Ok((k, value(k)?))).collect::<Result<BTreeMap<usize, Estimate>>>()
        };
        Ok(RankingMetrics {
            num_links: links.len(),
            num_ends,
            num_ranked_ends,
            mean_reciprocal_rank: ranking.mean_reciprocal_rank(),
            median_rank: ranking.median_rank(),
            hits: at(&|k| ranking.hits_at(k))?,
            recall: at(&|k| ranking.recall_at(k))?,
            ndcg: at(&|k| ranking.ndcg_at(k))?,
            list,
        })
    }
}
