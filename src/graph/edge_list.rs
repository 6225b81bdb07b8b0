//! Edges between numbered nodes.

use petgraph::unionfind::UnionFind;

use crate::config::ReadConfig;
use crate::graph::Pair;

/// Whether (u, v) and (v, u) are one edge or two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    /// They are one, which is stored with the lower node first.
    #[default]
    Undirected,
    /// They are two: (source, target) is stored as it stands.
    Directed,
}

impl Direction {
    /// The direction that `config` gives the edges that are read.
    pub fn of(config: &ReadConfig) -> Self {
        if config.directed { Direction::Directed } else { Direction::Undirected }
    }

    /// `pair` as a list of this direction stores it.
    pub fn orient(self, (u, v): Pair) -> Pair {
        match self {
            Direction::Undirected => (u.min(v), u.max(v)),
            Direction::Directed => (u, v),
        }
    }

    /// The number of pairs of `num_nodes` distinct nodes: n(n − 1) ordered ones, or half as many.
    pub fn num_pairs(self, num_nodes: usize) -> u64 {
        let n = num_nodes as u64;
        let num_ordered = n * n.saturating_sub(1);
        match self {
            Direction::Undirected => num_ordered / 2,
            Direction::Directed => num_ordered,
        }
    }
}

/// Edges: each pair once, as its [`Direction`] says, in ascending order, no self-loops.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EdgeList {
    direction: Direction,
    num_nodes: usize,
    pairs: Vec<Pair>,
    weights: Option<Vec<f32>>,
}

/// What making an [`EdgeList`] took out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Merged {
    /// Rows that named an edge again; without directions, reversed ones among them.
    pub num_duplicates: usize,
    /// Rows that joined a node to itself.
    pub num_self_loops: usize,
}

impl Merged {
    /// A note: of `num_rows` rows, called `rows`, what became of them, and what they left.
    pub(crate) fn note(&self, rows: &str, num_rows: usize, left: &EdgeList) -> String {
        let Merged { num_duplicates, num_self_loops } = self;
        let num_edges = left.len();
        let duplicate = match left.direction {
            Direction::Undirected => "duplicate or reversed",
            Direction::Directed => "duplicate",
        };
        format!(
            "{rows}: {num_rows}; {duplicate}, merged: {num_duplicates}; self-loops, dropped: \
             {num_self_loops}; edges left: {num_edges}"
        )
    }
}

impl EdgeList {
    /// Undirected edges; see [`EdgeList::with_direction`].
    pub fn new(num_nodes: usize, pairs: Vec<Pair>, weights: Option<Vec<f32>>) -> (Self, Merged) {
        Self::with_direction(Direction::Undirected, num_nodes, pairs, weights)
    }

    /// Orients (undirected edges only), sorts and merges `pairs`; of the weights of one edge the largest stays,
    /// so that the order of the rows does not matter. O(m log m) time.
    pub fn with_direction(
        direction: Direction,
        num_nodes: usize,
        pairs: Vec<Pair>,
        weights: Option<Vec<f32>>,
    ) -> (Self, Merged) {
        let num_rows = pairs.len();
        let oriented = pairs.into_iter().map(|pair| direction.orient(pair));
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
        (EdgeList { direction, num_nodes, pairs, weights }, Merged { num_duplicates, num_self_loops })
    }

    /// The same edges without their directions: (u, v) and (v, u) become one, with the larger of their weights.
    /// What an undirected model sees of a directed graph. O(m log m) time.
    pub fn undirected(&self) -> EdgeList {
        Self::new(self.num_nodes, self.pairs.clone(), self.weights.clone()).0
    }

    /// Every ordered pair that is an edge: the edges as they stand, or, without directions, each both ways round.
    pub fn ordered_pairs(&self) -> Vec<Pair> {
        match self.direction {
            Direction::Directed => self.pairs.clone(),
            Direction::Undirected => self.pairs.iter().flat_map(|&(u, v)| [(u, v), (v, u)]).collect(),
        }
    }

    /// Whether (u, v) and (v, u) are one edge or two.
    pub fn direction(&self) -> Direction {
        self.direction
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

    /// The edges, ascending: (source, target), or lower node first where there are no directions.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// The weight of each edge, where they have any.
    pub fn weights(&self) -> Option<&[f32]> {
        self.weights.as_deref()
    }

    /// Whether `pair` is an edge: in this direction, or, of undirected edges, in either. O(log m) time.
    pub fn contains(&self, pair: Pair) -> bool {
        self.position(pair).is_some()
    }

    /// The place of an edge among [`EdgeList::pairs`]. O(log m) time.
    pub fn position(&self, pair: Pair) -> Option<usize> {
        self.pairs.binary_search(&self.direction.orient(pair)).ok()
    }

    /// The edges at `positions` (ascending) of this list, on the same nodes.
    pub fn select(&self, positions: &[usize]) -> EdgeList {
        EdgeList {
            direction: self.direction,
            num_nodes: self.num_nodes,
            pairs: positions.iter().map(|&at| self.pairs[at]).collect(),
            weights: self.weights.as_ref().map(|weights| positions.iter().map(|&at| weights[at]).collect()),
        }
    }

    /// Those edges of this list that are among `pairs`, which may name them in any order, and undirected ones
    /// in either direction.
    pub fn restrict(&self, pairs: &[Pair]) -> EdgeList {
        let mut positions: Vec<usize> = pairs.iter().filter_map(|&pair| self.position(pair)).collect();
        positions.sort_unstable();
        positions.dedup();
        self.select(&positions)
    }

    /// The number of edges at each node, of directed ones those that leave it and those that reach it.
    pub fn degrees(&self) -> Vec<usize> {
        let mut degrees = vec![0; self.num_nodes];
        for &(u, v) in &self.pairs {
            degrees[u as usize] += 1;
            degrees[v as usize] += 1;
        }
        degrees
    }

    /// The number of connected components, whatever the directions, isolated nodes counted. O(n + m) time, nearly.
    pub fn num_components(&self) -> usize {
        let mut components = UnionFind::<u32>::new(self.num_nodes);
        self.num_nodes - self.pairs.iter().filter(|&&(u, v)| components.union(u, v)).count()
    }
}
