//! The training graph as lists of neighbours.

use petgraph::csr::Csr;
use petgraph::unionfind::UnionFind;
use rayon::prelude::*;

use crate::graph::EdgeList;

/// The neighbours of each node, in ascending order, and the degrees. Weights are ignored.
pub struct Adjacency {
    neighbours: Csr<(), (), petgraph::Directed, u32>,
    degrees: Vec<f64>,
}

impl Adjacency {
    /// Collects the neighbours along `edges`, in both directions. O(n + m log m) time.
    pub fn new(edges: &EdgeList) -> Self {
        let mut both_ways: Vec<(u32, u32)> =
            edges.pairs().iter().flat_map(|&(u, v)| [(u, v), (v, u)]).collect();
        both_ways.par_sort_unstable();
        let mut neighbours = Csr::from_sorted_edges(&both_ways).expect("the edges are sorted and distinct");
        while neighbours.node_count() < edges.num_nodes() {
            neighbours.add_node(());
        }
        let degrees = edges.degrees().into_iter().map(|degree| degree as f64).collect();
        Adjacency { neighbours, degrees }
    }

    /// Returns the number of nodes.
    pub fn num_nodes(&self) -> usize {
        self.degrees.len()
    }

    /// Returns the neighbours of `node`, in ascending order.
    pub fn neighbours(&self, node: usize) -> &[u32] {
        self.neighbours.neighbors_slice(node as u32)
    }

    /// Returns the number of neighbours of each node, [n].
    pub(super) fn degrees(&self) -> &[f64] {
        &self.degrees
    }

    /// Returns the connected component of each node, [n]. A component is labelled by one of its nodes.
    pub(super) fn components(&self) -> Vec<u32> {
        let mut sets = UnionFind::<u32>::new(self.num_nodes());
        for node in 0..self.num_nodes() {
            for &neighbour in self.neighbours(node) {
                sets.union(node as u32, neighbour);
            }
        }
        sets.into_labeling()
    }
}
