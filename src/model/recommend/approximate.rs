//! Finds good pairs with an index of nearest neighbours, and estimates how many of the best it finds.

use hashbrown::HashSet;
use ndarray::ArrayView2;
use rand::seq::index;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::index::{Index, row};
use crate::error::Result;
use crate::graph::{Direction, EdgeList, Pair};
use crate::model::decoder::{decode_pair, top_of_nodes};
use crate::model::score::{ScoredPair, TopK};

/// The number of partners of each node in the first search.
const FIRST_PARTNERS: usize = 16;

/// An index of embeddings by their inner products (HNSW, Malkov & Yashunin 2018, as usearch builds it).
/// Building it takes O(n log n) time and O(n·d) memory. A search finds most of the best pairs, in a time that
/// hardly grows with n, and gives the same pairs each time.
///
/// ```
/// use ndarray::Array2;
/// use vgae::graph::EdgeList;
/// use vgae::model::recommend::Approximate;
///
/// let z = Array2::from_shape_fn((100, 2), |(node, k)| ((node * (k + 3)) as f32).sin());
/// let known = EdgeList::new(100, vec![(0, 1)], None).0;
/// let index = Approximate::new(z.view())?;
/// let best = index.top_pairs(20, &known)?;
/// assert_eq!(best.len(), 20);
/// assert!(index.recall_of_pairs(&best, &known, 50, 0).share().unwrap() > 0.8);
/// assert_eq!(index.top_of_nodes(&[7], 3, &known)?[0].len(), 3);
/// # Ok::<(), vgae::Error>(())
/// ```
pub struct Approximate<'a> {
    index: Index,
    z: ArrayView2<'a, f32>,
}

/// The share of the exact answer that an approximate answer contains, estimated on a sample of nodes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Recall {
    /// The number of pairs in the exact answer for the sampled nodes.
    pub num_exact: usize,
    /// The number of these that were found.
    pub num_found: usize,
    /// The number of sampled nodes, for which all pairs were scored.
    pub num_nodes: usize,
    /// The estimated number of pairs in the exact answer for all nodes.
    exact: f64,
    /// The estimated number of these that were found.
    found: f64,
}

impl Recall {
    /// Returns the estimated share that was found, in [0, 1], over all nodes, or `None` if there was nothing
    /// to find.
    pub fn share(&self) -> Option<f64> {
        (self.num_exact > 0).then(|| self.found / self.exact)
    }

    /// Adds the recall of `other`, which must be on different nodes.
    pub fn and(self, other: Recall) -> Recall {
        Recall {
            num_exact: self.num_exact + other.num_exact,
            num_found: self.num_found + other.num_found,
            num_nodes: self.num_nodes + other.num_nodes,
            exact: self.exact + other.exact,
            found: self.found + other.found,
        }
    }

    /// Returns the recall of one node that was sampled with this probability.
    fn of_node(num_exact: usize, num_found: usize, probability: f64) -> Recall {
        let (exact, found) = (num_exact as f64 / probability, num_found as f64 / probability);
        Recall { num_exact, num_found, num_nodes: 1, exact, found }
    }
}

impl<'a> Approximate<'a> {
    /// Indexes embeddings `z`, [n, d], whose inner products are logits. Nodes are added one at a time, on one
    /// thread, because the links of a node depend on the nodes before it.
    ///
    /// # Errors
    /// [`crate::Error::Index`] if there is not enough memory.
    pub fn new(z: ArrayView2<'a, f32>) -> Result<Self> {
        Ok(Approximate { index: Index::new(z)?, z })
    }

    /// Returns, for each of `nodes` as the source, `k` of its best candidates, highest first, ties in the
    /// order of the nodes.
    ///
    /// # Errors
    /// [`crate::Error::Index`] if there is not enough memory.
    pub fn top_of_nodes(&self, nodes: &[u32], k: usize, known: &EdgeList) -> Result<Vec<Vec<ScoredPair>>> {
        nodes.par_iter().map(|&node| self.partners(node, k, known)).collect()
    }

    /// Returns `k` of the best pairs that are candidates of `known`, highest first, ties in the order of the
    /// pairs. It searches for the best partners of each node, then repeatedly for twice as many at the nodes
    /// whose last partner is still among the best of all.
    ///
    /// # Errors
    /// [`crate::Error::Index`] if there is not enough memory.
    pub fn top_pairs(&self, k: usize, known: &EdgeList) -> Result<Vec<ScoredPair>> {
        let n = self.z.nrows();
        let mut nodes: Vec<u32> = (0..n as u32).collect();
        let mut num_partners = FIRST_PARTNERS;
        let mut found: HashSet<Pair> = HashSet::new();
        loop {
            let lists = self.top_of_nodes(&nodes, num_partners, known)?;
            found.extend(lists.iter().flatten().flat_map(|scored| orientations(scored.pair, known)));
            let best = self.best(k, &found);
            let lowest = best.last().map_or(f64::NEG_INFINITY, |scored| scored.logit);
            let may_have_more = |list: &[ScoredPair]| {
                list.len() == num_partners
                    && (best.len() < k || list.last().is_some_and(|last| last.logit >= lowest))
            };
            nodes = nodes
                .into_iter()
                .zip(&lists)
                .filter(|(_, list)| may_have_more(list))
                .map(|(u, _)| u)
                .collect();
            if nodes.is_empty() || num_partners >= n {
                return Ok(best);
            }
            // A pair that was outranked cannot be among the best again.
            if best.len() == k {
                found = best.iter().map(|scored| scored.pair).collect();
            }
            num_partners *= 2;
        }
    }

    /// Returns the best `k` of these pairs.
    fn best(&self, k: usize, pairs: &HashSet<Pair>) -> Vec<ScoredPair> {
        let mut best = TopK::new(k);
        pairs.iter().for_each(|&pair| best.add(ScoredPair { pair, logit: decode_pair(self.z, pair) }));
        best.into_sorted()
    }

    fn partners(&self, node: u32, k: usize, known: &EdgeList) -> Result<Vec<ScoredPair>> {
        let is_candidate = |other: u64| known.is_candidate((node, other as u32));
        let k = k.min(self.z.nrows());
        let found = self.index.search(&row(self.z, node), k, is_candidate)?;
        let scored = found.iter().map(|&other| {
            let pair = (node, other as u32);
            ScoredPair { pair, logit: decode_pair(self.z, pair) }
        });
        let mut best = TopK::new(k);
        scored.for_each(|scored| best.add(scored));
        Ok(best.into_sorted())
    }

    /// Estimates the recall of `found`, the lists of [`Approximate::top_of_nodes`] for `nodes`, on
    /// `num_compared` of the nodes, which `seed` draws. O(compared nodes · n·d) time.
    pub fn recall_of_nodes(
        &self,
        nodes: &[u32],
        found: &[Vec<ScoredPair>],
        k: usize,
        known: &EdgeList,
        num_compared: usize,
        seed: u64,
    ) -> Recall {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let count = num_compared.min(nodes.len());
        let chosen = index::sample(&mut rng, nodes.len(), count).into_vec();
        let compared: Vec<u32> = chosen.iter().map(|&at| nodes[at]).collect();
        let exact = top_of_nodes(self.z, &compared, k, known);
        let probability = count as f64 / nodes.len() as f64;
        let recalls = chosen.iter().zip(&exact).map(|(&at, exact)| {
            // A pair that ties with the last exact one counts as found.
            let lowest = exact.last().map_or(f64::INFINITY, |last| last.logit);
            let num_found = found[at].iter().filter(|scored| scored.logit >= lowest).count();
            Recall::of_node(exact.len(), num_found, probability)
        });
        recalls.fold(Recall::default(), Recall::and)
    }

    /// Estimates the recall of `found`, the answer of [`Approximate::top_pairs`]: the share of the pairs
    /// above its lowest logit that it contains. About `num_compared` nodes are sampled by `seed`. Nodes whose
    /// embeddings have a larger norm are more probable, because a node has a pair above that logit only if
    /// its norm times the largest norm is above it. Each node is weighted by the inverse of its probability
    /// (Horvitz & Thompson 1952). O(compared nodes · n·d) time.
    pub fn recall_of_pairs(
        &self,
        found: &[ScoredPair],
        known: &EdgeList,
        num_compared: usize,
        seed: u64,
    ) -> Recall {
        let n = self.z.nrows() as u32;
        let lowest = found.last().map_or(f64::INFINITY, |last| last.logit);
        let norms: Vec<f64> = (0..n).map(|node| decode_pair(self.z, (node, node)).sqrt()).collect();
        let largest = norms.iter().copied().fold(0.0, f64::max);
        let excess = |norm: f64| (norm * largest - lowest).max(0.0).powi(2);
        let sum: f64 = norms.iter().map(|&norm| excess(norm)).sum();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let probability = |norm: f64| (num_compared as f64 * excess(norm) / sum).min(1.0);
        let compared: Vec<(u32, f64)> = (0..n)
            .zip(norms.iter().map(|&norm| probability(norm)))
            .filter(|&(_, probability)| probability > 0.0 && rng.random_bool(probability))
            .collect();
        let found: HashSet<Pair> = found.iter().map(|scored| scored.pair).collect();
        let recall = |&(node, probability): &(u32, f64)| {
            let others = (0..n).filter(|&other| decode_pair(self.z, (node, other)) > lowest);
            let exact = others.map(|other| known.direction().orient((node, other)));
            let exact: Vec<Pair> = exact.filter(|&pair| known.is_candidate(pair)).collect();
            let num_found = exact.iter().filter(|pair| found.contains(*pair)).count();
            Recall::of_node(exact.len(), num_found, probability)
        };
        // Summed in order, so that the result does not depend on the threads.
        let recalls: Vec<Recall> = compared.par_iter().map(recall).collect();
        recalls.into_iter().fold(Recall::default(), Recall::and)
    }
}

/// Returns the pair as `known` stores it. In a directed graph, these are both orientations if both are
/// candidates.
fn orientations((u, v): Pair, known: &EdgeList) -> impl Iterator<Item = Pair> {
    let both = match known.direction() {
        Direction::Undirected => [Some((u.min(v), u.max(v))), None],
        Direction::Directed => [Some((u, v)), known.is_candidate((v, u)).then_some((v, u))],
    };
    both.into_iter().flatten()
}
