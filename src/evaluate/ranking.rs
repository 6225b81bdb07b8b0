//! Ranks held-out links among all pairs: each one at both of its ends, and all of them in the list of the
//! highest pairs of the graph.
//!
//! [`FullRanking`] answers "where does the true partner stand among all nodes that this one is not linked
//! with?", as knowledge-graph completion does (Bordes et al. 2013, *Translating embeddings for modeling
//! multi-relational data*: the filtered setting). [`TopList`] answers "how many of the pairs that `predict`
//! puts first are links?".
//!
//! # Examples
//! ```
//! use vgae::config::{BaselineKind, ReadConfig, SplitConfig};
//! use vgae::evaluate::ranking::{Ends, FullRanking, TopList};
//! use vgae::model::baseline::Baseline;
//! use vgae::progress::Progress;
//! use vgae::{read, split};
//!
//! let graph = read::data("datasets/karate".as_ref(), &ReadConfig::default(), &Progress::default())?;
//! let split = split::edges(&graph, &SplitConfig::default(), 0)?;
//! let score = Baseline::new(BaselineKind::AdamicAdar, &split.train, None, 0)?;
//! let ranking = FullRanking::compute(&score, &graph.edges, split.test.edges.pairs(), Ends::All)?;
//! assert_eq!(ranking.ranked().len(), 2 * split.test.edges.len());
//! assert!(ranking.mean_reciprocal_rank().value > 0.0 && ranking.median_rank() >= 1.0);
//! assert!(ranking.hits_at(5)?.value <= ranking.hits_at(10)?.value);
//! assert!(ranking.recall_at(10)?.value <= 1.0 && ranking.ndcg_at(10)?.value <= 1.0);
//!
//! let seen = [split.train.pairs(), split.validation.edges.pairs()].concat();
//! let seen = graph.edges.with_edges(seen);
//! let list = TopList::compute(&score, &seen, split.test.edges.pairs(), 20);
//! assert_eq!(list.num_hits(20), (list.precision_at(20) * 20.0).round() as usize);
//! # Ok::<(), vgae::Error>(())
//! ```

mod by_node;
mod counts;
mod estimate;
mod overview;
mod top_list;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::error::{Error, Result};
use crate::evaluate::ends::{End, Neighbours};
use crate::evaluate::metrics::Rank;
use crate::graph::{EdgeList, Pair};
use crate::model::score::Score;
use by_node::Node;
use counts::count;

pub use estimate::Estimate;
pub use overview::{ListMetrics, RankingConfig, RankingMetrics};
pub use top_list::TopList;

/// The ends at which links are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// Both ends of every link.
    All,
    /// A random sample of so many distinct ends, with all links at them.
    Sample {
        /// The number of ends; all of them if there are fewer.
        count: usize,
        /// The seed of the sample.
        seed: u64,
    },
}

/// The rank of a link at one of its ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankedEnd {
    /// The index of the link.
    pub link: usize,
    /// The node that the other pairs share with the link.
    pub node: u32,
    /// The logit of the link.
    pub logit: f64,
    /// The rank among the pairs at this end that are not known.
    pub rank: Rank,
}

/// The ranks of held-out links at their ends.
#[derive(Debug, Clone)]
pub struct FullRanking {
    /// The links at each ranked end, end after end.
    nodes: Vec<Vec<RankedEnd>>,
    /// The number of ends that could have been ranked.
    num_ends: usize,
}

impl FullRanking {
    /// Ranks `links` at `ends`: each link among all pairs that keep this end and are not in `known`. `known`
    /// must hold every edge of the graph, the links among them, so that a link is never ranked below another
    /// true one (the filtered setting). In a directed graph an end is a source or a target; in a bipartite
    /// graph only pairs of a source and a target are ranked.
    ///
    /// Exact. With e distinct ends, a model of inner products takes O(e·n·d) time in f32, and in f64 where that
    /// leaves doubt; any other takes e·n logits. O(n) memory per thread beside the result.
    ///
    /// # Errors
    /// [`Error::OneClass`] without links, [`Error::NotANumber`] for a link whose logit is a NaN.
    pub fn compute(
        score: &(impl Score + ?Sized),
        known: &EdgeList,
        links: &[Pair],
        ends: Ends,
    ) -> Result<Self> {
        if links.is_empty() {
            return Err(Error::OneClass { metric: "a rank", positives: 0, negatives: known.num_nodes() });
        }
        let both = links
            .iter()
            .enumerate()
            .flat_map(|(link, &pair)| End::both(pair, known.direction()).map(|end| (end, link)));
        let mut all: Vec<(End, usize)> = both.collect();
        all.sort_unstable();
        let mut groups: Vec<&[(End, usize)]> = all.chunk_by(|a, b| a.0 == b.0).collect();
        let num_ends = groups.len();
        if let Ends::Sample { count, seed } = ends
            && count < num_ends
        {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let (chosen, _) = groups.partial_shuffle(&mut rng, count);
            chosen.sort_unstable_by_key(|group| group[0]);
            groups = chosen.to_vec();
        }
        let neighbours = Neighbours::new(known);
        let nodes = count(score, known, &neighbours, links, &groups);
        if let Some(ranked) = nodes.iter().flatten().find(|ranked| ranked.logit.is_nan()) {
            return Err(Error::NotANumber { index: ranked.link });
        }
        Ok(FullRanking { nodes, num_ends })
    }

    /// Returns the rank of each link at each ranked end, end after end.
    pub fn ranked(&self) -> Vec<RankedEnd> {
        self.nodes.concat()
    }

    /// Returns the number of ends that were ranked, and the number of all ends of the links.
    pub fn num_ends(&self) -> (usize, usize) {
        (self.nodes.len(), self.num_ends)
    }

    /// Returns the mean of 1 / [`Rank::value`] over both ends of the links, in (0, 1].
    pub fn mean_reciprocal_rank(&self) -> Estimate {
        self.mean_over_links(|rank| 1.0 / rank.value())
    }

    /// Returns the share of the links, counted at both ends, whose [`Rank::value`] is at most `k`.
    ///
    /// # Errors
    /// [`Error::Argument`] if `k` is 0.
    pub fn hits_at(&self, k: usize) -> Result<Estimate> {
        check_k(k)?;
        Ok(self.mean_over_links(|rank| f64::from(u8::from(rank.value() <= k as f64))))
    }

    /// Returns the median of [`Rank::value`].
    pub fn median_rank(&self) -> f64 {
        let mut values: Vec<f64> = self.nodes.iter().flatten().map(|ranked| ranked.rank.value()).collect();
        values.sort_unstable_by(f64::total_cmp);
        let middle = values.len() / 2;
        match values.len() % 2 {
            1 => values[middle],
            _ => f64::midpoint(values[middle - 1], values[middle]),
        }
    }

    /// Returns the mean over the ends of the share of its links among the `k` highest of its pairs: those that
    /// are not known, and its links. Of tied pairs at the border, each place holds an equal share.
    ///
    /// # Errors
    /// [`Error::Argument`] if `k` is 0.
    pub fn recall_at(&self, k: usize) -> Result<Estimate> {
        check_k(k)?;
        Ok(self.mean_over_nodes(|node| node.recall_at(k)))
    }

    /// Returns the mean over the ends of the normalised discounted cumulative gain of its `k` highest pairs
    /// (Järvelin & Kekäläinen 2002, *Cumulated gain-based evaluation of IR techniques*): Σ 1 / log₂(1 + place) over
    /// its links, over the largest possible sum. Tied pairs share the discounts of their places (McSherry & Najork
    /// 2008, *Computing information retrieval performance measures efficiently in the presence of tied scores*).
    ///
    /// # Errors
    /// [`Error::Argument`] if `k` is 0.
    pub fn ndcg_at(&self, k: usize) -> Result<Estimate> {
        check_k(k)?;
        Ok(self.mean_over_nodes(|node| node.ndcg_at(k)))
    }

    fn mean_over_links(&self, value: impl Fn(&Rank) -> f64) -> Estimate {
        let sums = self.nodes.iter().map(|ranked| {
            (ranked.iter().map(|ranked| value(&ranked.rank)).sum::<f64>(), ranked.len() as f64)
        });
        Estimate::of_ratio(&sums.collect::<Vec<_>>(), self.num_ends)
    }

    fn mean_over_nodes(&self, value: impl Fn(&Node) -> f64) -> Estimate {
        let values = self.nodes.iter().map(|ranked| (value(&Node::new(ranked)), 1.0));
        Estimate::of_ratio(&values.collect::<Vec<_>>(), self.num_ends)
    }
}

fn check_k(k: usize) -> Result<()> {
    match k {
        0 => Err(Error::argument("k", "K = 0 is not a rank; expected whole numbers of at least 1")),
        _ => Ok(()),
    }
}
