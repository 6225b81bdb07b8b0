//! Pairs that an index of nearest neighbours finds, and how many of the best these are.

use hashbrown::HashSet;
use ndarray::ArrayView2;
use rand::seq::index;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use usearch::{Index, IndexOptions, MetricKind, ScalarKind};

use crate::error::{Error, Result};
use crate::graph::{Direction, EdgeList, Pair};
use crate::model::decoder::{decode_pair, top_of_nodes};
use crate::model::score::{Best, ScoredPair};

/// Edges of a node in the index: usearch's own default, as are the next two.
const CONNECTIVITY: usize = 16;
/// Nodes that are looked at when one is added.
const EXPANSION_ADD: usize = 128;
/// Nodes that are looked at for a node's best, at least.
const EXPANSION_SEARCH: usize = 64;
/// Partners of each node that are asked for first.
const FIRST_PARTNERS: usize = 16;

/// An index of embeddings by their inner products (HNSW, Malkov & Yashunin 2018, as usearch builds it). O(n log n) time,
/// O(n·d) memory. It finds most of the best pairs, in a time that hardly grows with n, and the same ones each time.
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

/// How much of the exact answer an approximate one holds, by the nodes that both were compared at.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Recall {
    /// Pairs of the exact answer at these nodes.
    pub num_exact: usize,
    /// How many of them were found.
    pub num_found: usize,
    /// The nodes whose every pair was looked at.
    pub num_nodes: usize,
    /// An estimate of the pairs of the exact answer at all nodes.
    exact: f64,
    /// An estimate of those that were found.
    found: f64,
}

impl Recall {
    /// The share that was found, in [0, 1], as estimated for all nodes; none if there was nothing to find.
    pub fn share(&self) -> Option<f64> {
        (self.num_exact > 0).then(|| self.found / self.exact)
    }

    /// Of the nodes of both, which are different ones.
    pub fn and(self, other: Recall) -> Recall {
        Recall {
            num_exact: self.num_exact + other.num_exact,
            num_found: self.num_found + other.num_found,
            num_nodes: self.num_nodes + other.num_nodes,
            exact: self.exact + other.exact,
            found: self.found + other.found,
        }
    }

    /// Of one node, which was as probable as this to be compared.
    fn of_node(num_exact: usize, num_found: usize, probability: f64) -> Recall {
        let (exact, found) = (num_exact as f64 / probability, num_found as f64 / probability);
        Recall { num_exact, num_found, num_nodes: 1, exact, found }
    }
}

impl<'a> Approximate<'a> {
    /// Of embeddings `z`, [n, d], whose inner products are logits. Nodes are added one after the other, on one thread:
    /// what each is joined to depends on those that are there already.
    ///
    /// # Errors
    /// [`Error::Index`] if the memory does not suffice.
    pub fn new(z: ArrayView2<'a, f32>) -> Result<Self> {
        let options = IndexOptions {
            dimensions: z.ncols(),
            metric: MetricKind::IP,
            quantization: ScalarKind::F32,
            connectivity: CONNECTIVITY,
            expansion_add: EXPANSION_ADD,
            expansion_search: EXPANSION_SEARCH,
            multi: false,
        };
        let index = Index::new(&options).map_err(failed)?;
        // Each of its threads draws the levels of its nodes from numbers of its own.
        index.reserve_capacity_and_threads(z.nrows(), 1).map_err(failed)?;
        (0..z.nrows() as u32)
            .try_for_each(|node| index.add(u64::from(node), &row(z, node)).map_err(failed))?;
        index.reserve_capacity_and_threads(z.nrows(), rayon::current_num_threads()).map_err(failed)?;
        Ok(Approximate { index, z })
    }

    /// For each of `nodes`, as the source, `k` of its best candidates, highest first, ties in the order of the nodes.
    ///
    /// # Errors
    /// [`Error::Index`] if the memory does not suffice.
    pub fn top_of_nodes(&self, nodes: &[u32], k: usize, known: &EdgeList) -> Result<Vec<Vec<ScoredPair>>> {
        nodes.par_iter().map(|&node| self.partners(node, k, known)).collect()
    }

    /// `k` of the best pairs that are candidates of `known`, highest first, ties in the order of the pairs. Each node's
    /// best partners are asked for, and twice as many of those nodes whose last one is still among the best of all.
    ///
    /// # Errors
    /// [`Error::Index`] if the memory does not suffice.
    pub fn top_pairs(&self, k: usize, known: &EdgeList) -> Result<Vec<ScoredPair>> {
        let n = self.z.nrows();
        let mut asked: Vec<u32> = (0..n as u32).collect();
        let mut num_partners = FIRST_PARTNERS;
        let mut found: HashSet<Pair> = HashSet::new();
        loop {
            let lists = self.top_of_nodes(&asked, num_partners, known)?;
            found.extend(lists.iter().flatten().flat_map(|scored| ways(scored.pair, known)));
            let best = self.best(k, &found);
            let least = best.last().map_or(f64::NEG_INFINITY, |scored| scored.logit);
            let may_have_more = |list: &[ScoredPair]| {
                list.len() == num_partners
                    && (best.len() < k || list.last().is_some_and(|last| last.logit >= least))
            };
            asked = asked
                .into_iter()
                .zip(&lists)
                .filter(|(_, list)| may_have_more(list))
                .map(|(u, _)| u)
                .collect();
            if asked.is_empty() || num_partners >= n {
                return Ok(best);
            }
            // What cannot be among the best any more need not be kept.
            if best.len() == k {
                found = best.iter().map(|scored| scored.pair).collect();
            }
            num_partners *= 2;
        }
    }

    /// The best `k` of these pairs.
    fn best(&self, k: usize, pairs: &HashSet<Pair>) -> Vec<ScoredPair> {
        let mut best = Best::new(k);
        pairs.iter().for_each(|&pair| best.add(ScoredPair { pair, logit: decode_pair(self.z, pair) }));
        best.into_sorted()
    }

    fn partners(&self, node: u32, k: usize, known: &EdgeList) -> Result<Vec<ScoredPair>> {
        let is_candidate = |other: u64| known.is_candidate((node, other as u32));
        let k = k.min(self.z.nrows());
        let found = self.index.filtered_search(&row(self.z, node), k, is_candidate).map_err(failed)?;
        let scored = found.keys.iter().map(|&other| {
            let pair = (node, other as u32);
            ScoredPair { pair, logit: decode_pair(self.z, pair) }
        });
        let mut best = Best::new(k);
        scored.for_each(|scored| best.add(scored));
        Ok(best.into_sorted())
    }

    /// How much of the exact answer `found`, the lists of [`Approximate::top_of_nodes`] for these `nodes`, holds, by
    /// `num_compared` of them that `seed` draws. O(compared nodes · n·d) time.
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
            // A pair that ties with the last of the exact ones is as good.
            let least = exact.last().map_or(f64::INFINITY, |last| last.logit);
            let num_found = found[at].iter().filter(|scored| scored.logit >= least).count();
            Recall::of_node(exact.len(), num_found, probability)
        });
        recalls.fold(Recall::default(), Recall::and)
    }

    /// How many of the pairs with a higher logit than the last of `found`, the answer of [`Approximate::top_pairs`], are in
    /// it, by about `num_compared` nodes that `seed` draws: the longer, the more probable, as a node can only have such
    /// pairs if its length times the greatest one is above that logit; each counts by the inverse of its probability
    /// (Horvitz & Thompson 1952). O(compared nodes · n·d) time.
    pub fn recall_of_pairs(
        &self,
        found: &[ScoredPair],
        known: &EdgeList,
        num_compared: usize,
        seed: u64,
    ) -> Recall {
        let n = self.z.nrows() as u32;
        let least = found.last().map_or(f64::INFINITY, |last| last.logit);
        let lengths: Vec<f64> = (0..n).map(|node| decode_pair(self.z, (node, node)).sqrt()).collect();
        let greatest = lengths.iter().copied().fold(0.0, f64::max);
        let excess = |length: f64| (length * greatest - least).max(0.0).powi(2);
        let sum: f64 = lengths.iter().map(|&length| excess(length)).sum();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let probability = |length: f64| (num_compared as f64 * excess(length) / sum).min(1.0);
        let compared: Vec<(u32, f64)> = (0..n)
            .zip(lengths.iter().map(|&length| probability(length)))
            .filter(|&(_, probability)| probability > 0.0 && rng.random_bool(probability))
            .collect();
        let found: HashSet<Pair> = found.iter().map(|scored| scored.pair).collect();
        let recall = |&(node, probability): &(u32, f64)| {
            let others = (0..n).filter(|&other| decode_pair(self.z, (node, other)) > least);
            let exact = others.map(|other| known.direction().orient((node, other)));
            let exact: Vec<Pair> = exact.filter(|&pair| known.is_candidate(pair)).collect();
            let num_found = exact.iter().filter(|pair| found.contains(*pair)).count();
            Recall::of_node(exact.len(), num_found, probability)
        };
        // One after the other, so that the sum does not depend on the threads.
        let recalls: Vec<Recall> = compared.par_iter().map(recall).collect();
        recalls.into_iter().fold(Recall::default(), Recall::and)
    }
}

/// A pair as `known` stores it: one way round, or both where these are two pairs and candidates.
fn ways((u, v): Pair, known: &EdgeList) -> impl Iterator<Item = Pair> {
    let both = match known.direction() {
        Direction::Undirected => [Some((u.min(v), u.max(v))), None],
        Direction::Directed => [Some((u, v)), known.is_candidate((v, u)).then_some((v, u))],
    };
    both.into_iter().flatten()
}

fn row(z: ArrayView2<f32>, node: u32) -> Vec<f32> {
    z.row(node as usize).to_vec()
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Index(error.to_string())
}
