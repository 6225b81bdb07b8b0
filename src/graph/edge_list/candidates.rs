//! Candidate pairs: all pairs of distinct nodes, or, in a bipartite graph, of a source and a target.

use std::ops::Range;

use rand::{Rng, RngExt};

use super::EdgeList;
use crate::graph::Pair;

impl EdgeList {
    /// Turns these undirected edges into those of a bipartite graph, whose first `num_sources` nodes are
    /// sources and whose other nodes are targets. Lists derived from the result keep the distinction.
    ///
    /// # Examples
    /// ```
    /// use vgae::graph::EdgeList;
    ///
    /// // Two buyers and two goods.
    /// let bought = EdgeList::new(4, vec![(0, 2), (1, 3)], None).0;
    /// assert_eq!((bought.num_pairs(), bought.can_join((0, 1))), (6, true));
    /// let bought = bought.across_kinds(2).unwrap();
    /// assert_eq!((bought.num_pairs(), bought.can_join((0, 1)), bought.num_sources()), (4, false, Some(2)));
    /// assert!(bought.is_candidate((0, 3)) && bought.candidates_of(0).eq([3]));
    /// assert_eq!(bought.with_edges(vec![(0, 3)]).num_sources(), Some(2));
    /// assert_eq!(EdgeList::new(4, vec![(0, 1)], None).0.across_kinds(2), Err((0, 1)));
    /// ```
    ///
    /// # Errors
    /// Returns the first edge that joins two sources or two targets.
    pub fn across_kinds(self, num_sources: usize) -> std::result::Result<EdgeList, Pair> {
        let edges = EdgeList { num_sources: Some(num_sources), ..self };
        match edges.pairs.iter().find(|&&pair| !edges.can_join(pair)) {
            Some(&pair) => Err(pair),
            None => Ok(edges),
        }
    }

    /// Builds edges from `pairs` on the same nodes, without weights; see [`EdgeList::with_direction`]. In a
    /// bipartite graph, the pairs must join sources with targets.
    pub fn with_edges(&self, pairs: Vec<Pair>) -> EdgeList {
        let edges = Self::with_direction(self.direction, self.num_nodes, pairs, None).0;
        EdgeList { num_sources: self.num_sources, ..edges }
    }

    /// Returns the number of sources, which come before the targets, if the graph is bipartite.
    pub fn num_sources(&self) -> Option<usize> {
        self.num_sources
    }

    /// Returns the number of pairs that are or could be edges; ordered pairs if edges are directed.
    pub fn num_pairs(&self) -> u64 {
        match self.num_sources {
            Some(num_sources) => num_sources as u64 * (self.num_nodes - num_sources) as u64,
            None => self.direction.num_pairs(self.num_nodes),
        }
    }

    /// Returns `true` if `pair` is or could be an edge: its nodes are distinct and, in a bipartite graph, a
    /// source and a target.
    pub fn can_join(&self, (u, v): Pair) -> bool {
        match self.num_sources {
            Some(num_sources) => ((u as usize) < num_sources) != ((v as usize) < num_sources),
            None => u != v,
        }
    }

    /// Returns `true` if `pair` could be an edge but is not one. O(log k) time, like [`EdgeList::contains`].
    pub fn is_candidate(&self, pair: Pair) -> bool {
        self.can_join(pair) && !self.contains(pair)
    }

    /// Returns the nodes that `node`, as the first node of a pair, could be linked to but is not, in
    /// ascending order.
    pub fn candidates_of(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        self.partners_of(node).filter(move |&other| self.is_candidate((node, other)))
    }

    /// Returns the nodes of the kind that `node` could be linked to, edges or not: in a bipartite graph those of the
    /// other kind, otherwise all, itself among them.
    pub(crate) fn partners_of(&self, node: u32) -> Range<u32> {
        let n = self.num_nodes as u32;
        match self.num_sources.map(|num_sources| num_sources as u32) {
            Some(num_sources) if node < num_sources => num_sources..n,
            Some(num_sources) => 0..num_sources,
            None => 0..n,
        }
    }

    /// Returns the pairs that could be edges but are not and whose first node is `node`, as a list of this
    /// direction stores them, in ascending order. Over all nodes, these are all candidates, each once.
    pub fn candidates_from(&self, node: u32) -> impl Iterator<Item = Pair> + '_ {
        let pairs = self.candidates_of(node).map(move |other| (node, other));
        pairs.filter(|&pair| self.direction.orient(pair) == pair)
    }

    /// Draws a random pair of nodes, which may be equal; in a bipartite graph, a source and a target.
    pub(crate) fn random_pair(&self, rng: &mut impl Rng) -> Pair {
        let n = self.num_nodes as u32;
        match self.num_sources.map(|num_sources| num_sources as u32) {
            Some(num_sources) => (rng.random_range(0..num_sources), rng.random_range(num_sources..n)),
            None => (rng.random_range(0..n), rng.random_range(0..n)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Direction;

    #[test]
    fn in_a_bipartite_graph_only_a_source_and_a_target_are_candidates() {
        // Sources 0 and 1, targets 2, 3 and 4.
        let edges = EdgeList::new(5, vec![(2, 0), (1, 3), (0, 3)], Some(vec![1.0, 2.0, 3.0])).0;
        let edges = edges.across_kinds(2).unwrap();
        assert_eq!(edges.pairs(), [(0, 2), (0, 3), (1, 3)]);
        assert_eq!(edges.num_pairs(), 6);
        assert_eq!(edges.candidates_of(0).collect::<Vec<_>>(), [4]);
        assert_eq!(edges.candidates_of(1).collect::<Vec<_>>(), [2, 4]);
        assert_eq!(edges.candidates_of(3).collect::<Vec<_>>(), [0u32; 0]);
        assert_eq!(edges.candidates_of(4).collect::<Vec<_>>(), [0, 1]);
        for (pair, is_candidate) in [((0, 4), true), ((4, 0), true), ((0, 1), false), ((2, 4), false)] {
            assert_eq!(edges.is_candidate(pair), is_candidate, "{pair:?}");
        }
        assert!(!edges.is_candidate((3, 1)), "an edge");
        // Derived lists keep the number of sources.
        let some = [
            edges.select(&[1]),
            edges.filter(|at| at == 1),
            edges.restrict(&[(3, 0)]),
            edges.undirected().select(&[1]),
        ];
        for some in some {
            assert_eq!(
                (some.num_sources(), some.pairs(), some.weights()),
                (Some(2), &[(0, 3)][..], Some(&[3.0][..]))
            );
        }
        assert_eq!(edges.with_edges(vec![(3, 0)]).candidates_of(1).collect::<Vec<_>>(), [2, 3, 4]);
    }

    #[test]
    fn an_edge_between_two_targets_is_named() {
        let edges = EdgeList::new(4, vec![(0, 2), (2, 3)], None).0;
        assert_eq!(edges.across_kinds(2), Err((2, 3)));
    }

    #[test]
    fn in_other_graphs_all_nodes_except_neighbours_are_candidates() {
        let pairs = vec![(0, 1), (2, 1)];
        let undirected = EdgeList::new(4, pairs.clone(), None).0;
        assert_eq!(undirected.candidates_of(1).collect::<Vec<_>>(), [3]);
        assert_eq!(undirected.num_pairs(), 6);
        let directed = EdgeList::with_direction(Direction::Directed, 4, pairs, None).0;
        assert_eq!(directed.candidates_of(1).collect::<Vec<_>>(), [0, 2, 3]);
        assert_eq!(directed.num_pairs(), 12);
        assert!(!directed.is_candidate((2, 2)) && directed.is_candidate((1, 2)));
    }
}
