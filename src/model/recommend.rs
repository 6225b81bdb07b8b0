//! The best pairs that are no edges: of all pairs, of those two edges apart, of a list, or of most of all.
//!
//! [`Score::top_pairs`] and [`Score::top_of_nodes`] look at all pairs, exactly. Here it is fewer: [`Candidates`] are
//! chosen beforehand, and [`Approximate`] looks at those that an index of nearest neighbours finds.

mod approximate;
mod two_hop;

use rayon::prelude::*;

use crate::graph::{Direction, EdgeList, Pair};
use crate::model::score::{Best, Score, ScoredPair};

pub use approximate::{Approximate, Recall};
use two_hop::TwoHop;

/// Which pairs may be predicted, those that are edges never being among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Candidates {
    /// Every pair.
    All,
    /// Those with a common neighbour, whatever the directions. A bipartite graph has none.
    TwoHop,
    /// These.
    Listed(Vec<Pair>),
}

impl Candidates {
    /// The `k` of them with the highest logits that are candidates of `known`, highest first, ties in the order of the
    /// pairs. O(pairs) logits; of two-hop ones Σ degree² steps and O(n) memory a thread.
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
                let of_node = |marks: &mut Vec<u32>, u: u32| {
                    let mut pairs: Vec<Pair> =
                        two_hop.of(u, marks).filter(|&v| is_directed || u < v).map(|v| (u, v)).collect();
                    pairs.retain(|&pair| known.is_candidate(pair));
                    Best::of(k, &pairs, &score.logits(&pairs))
                };
                let nodes = (0..known.num_nodes() as u32).into_par_iter();
                nodes.map_init(|| two_hop.marks(), of_node).reduce(|| Best::new(k), Best::merge).into_sorted()
            }
            Candidates::Listed(pairs) => {
                let mut pairs = listed(pairs, known);
                pairs.sort_unstable();
                pairs.dedup();
                Best::of(k, &pairs, &score.logits(&pairs)).into_sorted()
            }
        }
    }

    /// For each of `nodes`, as the source, its `k` candidates with the highest logits, highest first, ties in the order of
    /// the nodes. Of a list, those pairs that have the node at either end, or, with directions, as the source.
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
                let of_node = |marks: &mut Vec<u32>, &u: &u32| {
                    let mut pairs: Vec<Pair> = two_hop.of(u, marks).map(|v| (u, v)).collect();
                    pairs.retain(|&pair| known.is_candidate(pair));
                    Best::of(k, &pairs, &score.logits(&pairs)).into_sorted()
                };
                nodes.par_iter().map_init(|| two_hop.marks(), of_node).collect()
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
                let of_node = |&node: &u32| {
                    let from = |node: u32| pairs.partition_point(|pair| pair.0 < node);
                    let pairs = &pairs[from(node)..from(node + 1)];
                    Best::of(k, pairs, &score.logits(pairs)).into_sorted()
                };
                nodes.par_iter().map(of_node).collect()
            }
        }
    }
}

/// Those of a list that could be edges and are none.
fn listed(pairs: &[Pair], known: &EdgeList) -> Vec<Pair> {
    let oriented = pairs.iter().map(|&pair| known.direction().orient(pair));
    oriented.filter(|&pair| known.is_candidate(pair)).collect()
}

#[cfg(test)]
mod tests;
