//! Recommends pairs that are not edges: from all pairs, from those with a common neighbour, from a list, or
//! from those that an approximate index finds.
//!
//! [`Score::top_pairs`] and [`Score::top_of_nodes`] score all pairs, exactly. This module scores fewer:
//! [`Candidates`] are chosen beforehand, and [`Approximate`] scores the pairs that an index of nearest
//! neighbours finds.

mod approximate;
mod index;

use rayon::prelude::*;

use crate::graph::{Direction, EdgeList, Pair};
use crate::model::baseline::Adjacency;
use crate::model::score::{Score, ScoredPair, TopK};

pub use approximate::{Approximate, Recall};

/// The pairs that may be recommended. Known edges are always excluded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Candidates {
    /// Every pair.
    All,
    /// The pairs with a common neighbour, ignoring directions. A bipartite graph has none.
    TwoHop,
    /// The pairs of a list.
    Listed(Vec<Pair>),
}

impl Candidates {
    /// Returns the `k` pairs with the highest logits that are candidates of `known`, highest first, ties in
    /// the order of the pairs. Computes O(pairs) logits. Finding two-hop pairs takes Σ degree² steps, and
    /// O(n) memory per thread.
    ///
    /// ```
    /// use vgae::graph::EdgeList;
    /// use vgae::model::recommend::Candidates;
    /// # use vgae::graph::Pair;
    /// # use vgae::model::score::Score;
    /// # struct Sum;
    /// # impl Score for Sum {
    /// #     fn logits(&self, pairs: &[Pair]) -> Vec<f64> {
    /// #         pairs.iter().map(|&(u, v)| f64::from(u + v)).collect()
    /// #     }
    /// # }
    /// // A path of four nodes: 0 – 1 – 2 – 3. Here a pair's logit is the sum of its nodes.
    /// let known = EdgeList::new(4, vec![(0, 1), (1, 2), (2, 3)], None).0;
    /// let best = Candidates::TwoHop.top_pairs(&Sum, 5, &known);
    /// assert_eq!(best.iter().map(|best| best.pair).collect::<Vec<_>>(), [(1, 3), (0, 2)]);
    /// ```
    pub fn top_pairs(&self, score: &(impl Score + ?Sized), k: usize, known: &EdgeList) -> Vec<ScoredPair> {
        match self {
            Candidates::All => score.top_pairs(k, known),
            Candidates::TwoHop => {
                let two_hop = TwoHop::new(known);
                let is_directed = known.direction() == Direction::Directed;
                let best_of_node = |marks: &mut Vec<u32>, u: u32| {
                    let mut pairs: Vec<Pair> = two_hop
                        .neighbours(u, marks)
                        .filter(|&v| is_directed || u < v)
                        .map(|v| (u, v))
                        .collect();
                    pairs.retain(|&pair| known.is_candidate(pair));
                    TopK::best_of(k, &pairs, &score.logits(&pairs))
                };
                let nodes = (0..known.num_nodes() as u32).into_par_iter();
                nodes
                    .map_init(|| two_hop.marks(), best_of_node)
                    .reduce(|| TopK::new(k), TopK::merge)
                    .into_sorted()
            }
            Candidates::Listed(pairs) => {
                let mut pairs = listed(pairs, known);
                pairs.sort_unstable();
                pairs.dedup();
                TopK::best_of(k, &pairs, &score.logits(&pairs)).into_sorted()
            }
        }
    }

    /// Returns, for each of `nodes` as the source, its `k` candidates with the highest logits, highest first,
    /// ties in the order of the nodes. From a list, these are the pairs with the node at either end or, in a
    /// directed graph, as the source.
    pub fn top_of_nodes(
        &self,
        score: &(impl Score + ?Sized),
        nodes: &[u32],
        k: usize,
        known: &EdgeList,
    ) -> Vec<Vec<ScoredPair>> {
        match self {
            Candidates::All => score.top_of_nodes(nodes, k, known),
            Candidates::TwoHop => {
                let two_hop = TwoHop::new(known);
                let top_of_node = |marks: &mut Vec<u32>, &u: &u32| {
                    let mut pairs: Vec<Pair> = two_hop.neighbours(u, marks).map(|v| (u, v)).collect();
                    pairs.retain(|&pair| known.is_candidate(pair));
                    TopK::best_of(k, &pairs, &score.logits(&pairs)).into_sorted()
                };
                nodes.par_iter().map_init(|| two_hop.marks(), top_of_node).collect()
            }
            Candidates::Listed(pairs) => {
                let mut pairs = listed(pairs, known);
                if known.direction() == Direction::Undirected {
                    pairs.extend_from_within(..);
                    let half = pairs.len() / 2;
                    pairs[half..].iter_mut().for_each(|pair| *pair = (pair.1, pair.0));
                }
                pairs.sort_unstable();
                pairs.dedup();
                let top_of_node = |&node: &u32| {
                    let start = |node: u32| pairs.partition_point(|pair| pair.0 < node);
                    let pairs = &pairs[start(node)..start(node + 1)];
                    TopK::best_of(k, pairs, &score.logits(pairs)).into_sorted()
                };
                nodes.par_iter().map(top_of_node).collect()
            }
        }
    }
}

/// Returns the pairs of a list that are candidates of `known`, in its orientation.
fn listed(pairs: &[Pair], known: &EdgeList) -> Vec<Pair> {
    let oriented = pairs.iter().map(|&pair| known.direction().orient(pair));
    oriented.filter(|&pair| known.is_candidate(pair)).collect()
}

/// The neighbours of each node, ignoring directions.
struct TwoHop {
    adjacency: Adjacency,
}

impl TwoHop {
    /// Collects the neighbours. O(n + m log m) time, O(n + m) memory.
    fn new(edges: &EdgeList) -> Self {
        TwoHop { adjacency: Adjacency::new(edges) }
    }

    /// Returns scratch space for [`TwoHop::neighbours`], which can be reused for any number of nodes, one at
    /// a time.
    fn marks(&self) -> Vec<u32> {
        vec![u32::MAX; self.adjacency.num_nodes()]
    }

    /// Returns the neighbours of the neighbours of `node`, without `node` itself, each once, in no particular
    /// order.
    fn neighbours<'a>(&'a self, node: u32, marks: &'a mut [u32]) -> impl Iterator<Item = u32> + 'a {
        let neighbours = |node: u32| self.adjacency.neighbours(node as usize).iter().copied();
        // A mark holds the last node that reached this one, so marks need not be cleared.
        marks[node as usize] = node;
        neighbours(node)
            .flat_map(neighbours)
            .filter(move |&other| std::mem::replace(&mut marks[other as usize], node) != node)
    }
}

#[cfg(test)]
mod tests;
