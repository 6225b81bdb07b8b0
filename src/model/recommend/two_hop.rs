//! Nodes that share a neighbour.

use crate::graph::EdgeList;
use crate::model::baseline::Adjacency;

/// The neighbours of each node, whatever the directions.
pub(super) struct TwoHop {
    adjacency: Adjacency,
}

impl TwoHop {
    /// O(n + m log m) time, O(n + m) memory.
    pub(super) fn new(edges: &EdgeList) -> Self {
        TwoHop { adjacency: Adjacency::new(&edges.undirected()) }
    }

    /// What [`TwoHop::of`] needs for any number of nodes, one after the other.
    pub(super) fn marks(&self) -> Vec<u32> {
        vec![u32::MAX; self.adjacency.num_nodes()]
    }

    /// The neighbours of the neighbours of `node`, itself left out, each once, in no order.
    pub(super) fn of<'a>(&'a self, node: u32, marks: &'a mut [u32]) -> impl Iterator<Item = u32> + 'a {
        let neighbours = |node: u32| self.adjacency.neighbours(node as usize).iter().copied();
        // A mark is the last node that came this way, so that none needs to be taken off.
        marks[node as usize] = node;
        neighbours(node)
            .flat_map(neighbours)
            .filter(move |&other| std::mem::replace(&mut marks[other as usize], node) != node)
    }
}
