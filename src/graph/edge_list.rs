//! Edges between numbered nodes.

use petgraph::unionfind::UnionFind;

use crate::graph::Pair;

/// Undirected edges: each pair once with the lower node first, in ascending order, no self-loops.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EdgeList {
    num_nodes: usize,
    pairs: Vec<Pair>,
    weights: Option<Vec<f32>>,
}

/// What [`EdgeList::new`] took out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Merged {
    /// Rows that named an edge again, in either direction.
    pub num_duplicates: usize,
    /// Rows that joined a node to itself.
    pub num_self_loops: usize,
}

impl Merged {
    /// A note: of `num_rows` rows, called `rows`, what became of them, and what they left.
    pub(crate) fn note(&self, rows: &str, num_rows: usize, left: &EdgeList) -> String {
        let Merged { num_duplicates, num_self_loops } = self;
        let num_edges = left.len();
        format!(
            "{rows}: {num_rows}; duplicate or reversed, merged: {num_duplicates}; self-loops, dropped: \
             {num_self_loops}; edges left: {num_edges}"
        )
    }
}

impl EdgeList {
    /// Orients, sorts and merges `pairs`; of the weights of one edge the largest stays, so that the order of
    /// the rows does not matter. O(m log m) time.
    pub fn new(num_nodes: usize, pairs: Vec<Pair>, weights: Option<Vec<f32>>) -> (Self, Merged) {
        let num_rows = pairs.len();
        let oriented = pairs.into_iter().map(|(u, v)| (u.min(v), u.max(v)));
        let num_self_loops;
        let (pairs, weights) = match weights {
            None => {
                let mut edges: Vec<Pair> = oriented.filter(|(u, v)| u != v).collect();
                num_self_loops = num_rows - edges.len();
                edges.sort_unstable();
                edges.dedup();
                (edges, None)
            }
            Some(weights) => {
                let mut edges: Vec<(Pair, f32)> =
                    oriented.zip(weights).filter(|((u, v), _)| u != v).collect();
                num_self_loops = num_rows - edges.len();
                edges.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
                edges.dedup_by_key(|edge| edge.0);
                let (pairs, weights) = edges.into_iter().unzip();
                (pairs, Some(weights))
            }
        };
        let num_duplicates = num_rows - num_self_loops - pairs.len();
        (EdgeList { num_nodes, pairs, weights }, Merged { num_duplicates, num_self_loops })
    }

    /// Makes room for nodes without edges.
    pub(super) fn grow(&mut self, num_nodes: usize) {
        self.num_nodes = num_nodes;
    }

    /// n, the number of nodes, those without edges among them.
    pub fn num_nodes(&self) -> usize {
        self.num_nodes
    }

    /// The number of edges.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The edges, lower node first, ascending.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// The weight of each edge, where they have any.
    pub fn weights(&self) -> Option<&[f32]> {
        self.weights.as_deref()
    }

    /// Whether `pair`, in either direction, is an edge. O(log m) time.
    pub fn contains(&self, (u, v): Pair) -> bool {
        self.pairs.binary_search(&(u.min(v), u.max(v))).is_ok()
    }

    /// The edges at `positions` (ascending) of this list, on the same nodes.
    pub fn select(&self, positions: &[usize]) -> EdgeList {
        EdgeList {
            num_nodes: self.num_nodes,
            pairs: positions.iter().map(|&at| self.pairs[at]).collect(),
            weights: self.weights.as_ref().map(|weights| positions.iter().map(|&at| weights[at]).collect()),
        }
    }

    /// Those edges of this list that are among `pairs`, which may name them in either direction and any order.
    pub fn restrict(&self, pairs: &[Pair]) -> EdgeList {
        let position = |&(u, v): &Pair| self.pairs.binary_search(&(u.min(v), u.max(v))).ok();
        let mut positions: Vec<usize> = pairs.iter().filter_map(position).collect();
        positions.sort_unstable();
        positions.dedup();
        self.select(&positions)
    }

    /// The number of edges at each node.
    pub fn degrees(&self) -> Vec<usize> {
        let mut degrees = vec![0; self.num_nodes];
        for &(u, v) in &self.pairs {
            degrees[u as usize] += 1;
            degrees[v as usize] += 1;
        }
        degrees
    }

    /// The number of connected components, isolated nodes counted. O(n + m) time, nearly.
    pub fn num_components(&self) -> usize {
        let mut components = UnionFind::<u32>::new(self.num_nodes);
        self.num_nodes - self.pairs.iter().filter(|&&(u, v)| components.union(u, v)).count()
    }
}
