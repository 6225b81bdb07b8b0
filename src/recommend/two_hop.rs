//! Nodes that share a neighbour.

use petgraph::csr::Csr;
use rayon::prelude::*;

use crate::graph::EdgeList;

/// The neighbours of each node, whatever the directions.
pub(super) struct TwoHop {
    neighbours: Csr<(), ()>,
}

impl TwoHop {
    /// O(n + m log m) time, O(n + m) memory.
    pub(super) fn new(edges: &EdgeList) -> Self {
        let mut pairs = edges.undirected().ordered_pairs();
        pairs.par_sort_unstable();
        // Rows come as far as edges do; the nodes behind them have none.
        let mut neighbours = Csr::from_sorted_edges(&pairs).expect("the pairs are sorted");
        while neighbours.node_count() < edges.num_nodes() {
            neighbours.add_node(());
        }
        TwoHop { neighbours }
    }

    /// What [`TwoHop::of`] needs for any number of nodes, one after the other.
    pub(super) fn marks(&self) -> Vec<u32> {
        vec![u32::MAX; self.neighbours.node_count()]
    }

    /// The neighbours of the neighbours of `node`, itself left out, each once, in no order.
    pub(super) fn of<'a>(&'a self, node: u32, marks: &'a mut [u32]) -> impl Iterator<Item = u32> + 'a {
        let neighbours = |node| self.neighbours.neighbors_slice(node).iter().copied();
        // A mark is the last node that came this way, so that none needs to be taken off.
        marks[node as usize] = node;
        neighbours(node)
            .flat_map(neighbours)
            .filter(move |&other| std::mem::replace(&mut marks[other as usize], node) != node)
    }
}
