//! Finds the nodes that share a neighbour.

use crate::graph::EdgeList;
use crate::model::baseline::Adjacency;

/// The neighbours of each node, ignoring directions.
pub(super) struct TwoHop {
    adjacency: Adjacency,
}

impl TwoHop {
    /// Collects the neighbours. O(n + m log m) time, O(n + m) memory.
    pub(super) fn new(edges: &EdgeList) -> Self {
        TwoHop { adjacency: Adjacency::new(&edges.undirected()) }
    }

    /// Returns scratch space for [`TwoHop::neighbours`], which can be reused for any number of nodes, one at
    /// a time.
    pub(super) fn marks(&self) -> Vec<u32> {
        vec![u32::MAX; self.adjacency.num_nodes()]
    }

    /// Returns the neighbours of the neighbours of `node`, without `node` itself, each once, in no particular
    /// order.
    pub(super) fn neighbours<'a>(
        &'a self,
        node: u32,
        marks: &'a mut [u32],
    ) -> impl Iterator<Item = u32> + 'a {
        let neighbours = |node: u32| self.adjacency.neighbours(node as usize).iter().copied();
        // A mark holds the last node that reached this one, so marks need not be cleared.
        marks[node as usize] = node;
        neighbours(node)
            .flat_map(neighbours)
            .filter(move |&other| std::mem::replace(&mut marks[other as usize], node) != node)
    }
}
