//! The links among the highest pairs of the graph.

use hashbrown::HashSet;

use crate::graph::{EdgeList, Pair};
use crate::model::score::Score;

/// The highest pairs of a graph, and which of them are held-out links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopList {
    /// `true` for a link, from the highest pair down.
    is_link: Vec<bool>,
    num_links: usize,
    num_candidates: u64,
}

impl TopList {
    /// Finds the `k` highest pairs that are not in `seen`, as [`Score::top_pairs`] does, ties in the order of the
    /// pairs. `seen` are the edges that the model and its user know, without `links`.
    pub fn compute(score: &(impl Score + ?Sized), seen: &EdgeList, links: &[Pair], k: usize) -> Self {
        let direction = seen.direction();
        let held_out: HashSet<Pair> = links.iter().map(|&pair| direction.orient(pair)).collect();
        let highest = score.top_pairs(k, seen);
        TopList {
            is_link: highest.iter().map(|scored| held_out.contains(&scored.pair)).collect(),
            num_links: held_out.len(),
            num_candidates: seen.num_pairs() - seen.len() as u64,
        }
    }

    /// Returns the number of links among the `k` highest pairs.
    pub fn num_hits(&self, k: usize) -> usize {
        self.is_link.iter().take(k).filter(|&&is_link| is_link).count()
    }

    /// Returns the share of links among the `k` highest pairs, or among all of them if there are fewer than `k`.
    pub fn precision_at(&self, k: usize) -> f64 {
        self.num_hits(k) as f64 / k.min(self.is_link.len()).max(1) as f64
    }

    /// Returns the share of the links that are among the `k` highest pairs.
    pub fn recall_at(&self, k: usize) -> f64 {
        self.num_hits(k) as f64 / self.num_links.max(1) as f64
    }

    /// Returns the precision of a list in random order: the share of links among all pairs that are not seen.
    pub fn precision_by_chance(&self) -> f64 {
        self.num_links as f64 / self.num_candidates.max(1) as f64
    }
}
