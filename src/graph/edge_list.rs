//! Edges between numbered nodes.

mod candidates;

use std::ops::Range;

use petgraph::unionfind::UnionFind;
use rayon::prelude::*;

use crate::config::ReadConfig;
use crate::graph::Pair;
use crate::kernels::sort::Buckets;

/// The direction of edges: whether (u, v) and (v, u) are the same edge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    /// They are the same edge, stored with the lower node first.
    #[default]
    Undirected,
    /// They are two edges; (source, target) is stored as given.
    Directed,
}

impl Direction {
    /// Returns the direction of edges read with `config`.
    pub fn of(config: &ReadConfig) -> Self {
        if config.directed { Direction::Directed } else { Direction::Undirected }
    }

    /// Returns `pair` as a list of this direction stores it.
    pub fn orient(self, (u, v): Pair) -> Pair {
        match self {
            Direction::Undirected => (u.min(v), u.max(v)),
            Direction::Directed => (u, v),
        }
    }

    /// Returns the number of pairs of distinct nodes among `num_nodes`: n(n − 1) if ordered, otherwise half of that.
    pub fn num_pairs(self, num_nodes: usize) -> u64 {
        let n = num_nodes as u64;
        let num_ordered = n * n.saturating_sub(1);
        match self {
            Direction::Undirected => num_ordered / 2,
            Direction::Directed => num_ordered,
        }
    }
}

/// The number of edges per task of [`EdgeList::filter`].
const PLACES_PER_TASK: usize = 1 << 16;

/// The edges of a graph: each pair once, as its [`Direction`] says, ascending, without self-loops. The list of a
/// bipartite graph knows the two kinds of nodes; see [`EdgeList::across_kinds`].
/// ```
/// use vgae::graph::EdgeList;
///
/// let (edges, merged) = EdgeList::new(4, vec![(1, 0), (0, 1), (2, 2), (1, 2)], None);
/// assert_eq!((edges.pairs(), edges.degrees()), ([(0, 1), (1, 2)].as_slice(), vec![1, 2, 1, 0]));
/// assert_eq!((merged.num_duplicates, merged.num_self_loops, edges.num_components()), (1, 1, 2));
/// assert!(edges.contains((2, 1)) && edges.select(&[1]).pairs() == [(1, 2)]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct EdgeList {
    direction: Direction,
    num_nodes: usize,
    pairs: Vec<Pair>,
    /// The index of the first pair of each first node, and the number of pairs, [n + 1].
    starts: Vec<usize>,
    weights: Option<Vec<f32>>,
    /// The number of sources of a bipartite graph: the nodes below it are sources, the others targets.
    num_sources: Option<usize>,
}

impl Default for EdgeList {
    fn default() -> Self {
        Self::of_sorted(Direction::default(), 0, Vec::new(), None)
    }
}

/// The rows that building an [`EdgeList`] removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Merged {
    /// Rows that repeat an edge, in undirected graphs also reversed.
    pub num_duplicates: usize,
    /// Rows that join a node to itself.
    pub num_self_loops: usize,
}

impl Merged {
    /// Returns a note on the `num_rows` rows, called `rows`: how many were merged or dropped, and how many edges remain.
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
    /// Builds undirected edges; see [`EdgeList::with_direction`].
    pub fn new(num_nodes: usize, pairs: Vec<Pair>, weights: Option<Vec<f32>>) -> (Self, Merged) {
        Self::with_direction(Direction::Undirected, num_nodes, pairs, weights)
    }

    /// Orients (if undirected), sorts and merges `pairs`. A repeated edge keeps its largest weight, so that the order of
    /// the rows does not matter. O(n + m log m) time, on all threads.
    pub fn with_direction(
        direction: Direction,
        num_nodes: usize,
        pairs: Vec<Pair>,
        weights: Option<Vec<f32>>,
    ) -> (Self, Merged) {
        let num_rows = pairs.len();
        let is_edge = |&(u, v): &Pair| u != v;
        let num_self_loops = num_rows - pairs.par_iter().filter(|pair| is_edge(pair)).count();
        // A pair is compared as a single number.
        let key = |pair: Pair| {
            let (u, v) = direction.orient(pair);
            u64::from(u) << 32 | u64::from(v)
        };
        let first_node = |key: u64| (key >> 32) as u32;
        let pair = |key: u64| (first_node(key), key as u32);
        let (pairs, weights) = match weights {
            None => {
                let keys = pairs.iter().copied().filter(is_edge).map(key);
                let mut keys = Buckets::new(keys, |&key| first_node(key), num_nodes);
                keys.blocks().into_par_iter().for_each(|(_, keys)| keys.sort_unstable());
                let mut keys = keys.into_items();
                keys.dedup();
                (keys.into_par_iter().map(pair).collect(), None)
            }
            Some(weights) => {
                let rows = pairs.iter().copied().zip(weights.iter().copied());
                let edges = rows.filter(|(pair, _)| is_edge(pair)).map(|(pair, weight)| (key(pair), weight));
                let mut edges = Buckets::new(edges, |edge| first_node(edge.0), num_nodes);
                edges.blocks().into_par_iter().for_each(|(_, edges)| {
                    edges.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
                });
                let mut edges = edges.into_items();
                edges.dedup_by_key(|edge| edge.0);
                let (pairs, weights): (Vec<Pair>, _) =
                    edges.into_par_iter().map(|(key, weight)| (pair(key), weight)).unzip();
                (pairs, Some(weights))
            }
        };
        let num_duplicates = num_rows - num_self_loops - pairs.len();
        let edges = Self::of_sorted(direction, num_nodes, pairs, weights);
        (edges, Merged { num_duplicates, num_self_loops })
    }

    /// Builds from oriented, sorted, deduplicated pairs, on nodes of one kind.
    fn of_sorted(
        direction: Direction,
        num_nodes: usize,
        pairs: Vec<Pair>,
        weights: Option<Vec<f32>>,
    ) -> Self {
        let mut starts = Vec::with_capacity(num_nodes + 1);
        for (at, &(u, _)) in pairs.iter().enumerate() {
            if starts.len() <= u as usize {
                starts.resize(u as usize + 1, at);
            }
        }
        starts.resize(num_nodes + 1, pairs.len());
        EdgeList { direction, num_nodes, pairs, starts, weights, num_sources: None }
    }

    /// Builds from such pairs on the nodes of this list.
    fn alike(&self, pairs: Vec<Pair>, weights: Option<Vec<f32>>) -> EdgeList {
        let edges = Self::of_sorted(self.direction, self.num_nodes, pairs, weights);
        EdgeList { num_sources: self.num_sources, ..edges }
    }

    /// Returns the edges without directions: (u, v) and (v, u) become one edge with the larger weight. Undirected models
    /// use a directed graph this way. O(n + m log m) time; O(n + m) if the edges are undirected already.
    pub fn undirected(&self) -> EdgeList {
        match self.direction {
            Direction::Undirected => self.clone(),
            Direction::Directed => Self::new(self.num_nodes, self.pairs.clone(), self.weights.clone()).0,
        }
    }

    /// Returns every ordered pair that is an edge: directed edges as they are, undirected ones both ways.
    pub fn ordered_pairs(&self) -> Vec<Pair> {
        match self.direction {
            Direction::Directed => self.pairs.clone(),
            Direction::Undirected => self.pairs.iter().flat_map(|&(u, v)| [(u, v), (v, u)]).collect(),
        }
    }

    /// Returns the direction of the edges.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// Adds nodes without edges.
    pub(super) fn grow(&mut self, num_nodes: usize) {
        self.num_nodes = num_nodes;
        self.starts.resize(num_nodes + 1, self.pairs.len());
    }

    /// Returns n, the number of nodes, including those without edges.
    pub fn num_nodes(&self) -> usize {
        self.num_nodes
    }

    /// Returns the number of edges.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Returns `true` if there are no edges.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Returns the edges, ascending: (source, target), or the lower node first if undirected.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// Returns the weight of each edge, if the edges have weights.
    pub fn weights(&self) -> Option<&[f32]> {
        self.weights.as_deref()
    }

    /// Returns `true` if `pair` is an edge: in this direction, or, if undirected, in either. O(log k) time for k edges
    /// with the same first node.
    pub fn contains(&self, pair: Pair) -> bool {
        self.position(pair).is_some()
    }

    /// Returns the index of an edge in [`EdgeList::pairs`]. O(log k) time, as for [`EdgeList::contains`].
    pub fn position(&self, pair: Pair) -> Option<usize> {
        let (u, v) = self.direction.orient(pair);
        let &[start, end] = self.starts.get(u as usize..)?.first_chunk()?;
        let row = &self.pairs[start..end];
        row.binary_search_by_key(&v, |edge| edge.1).ok().map(|at| start + at)
    }

    /// Returns the indices of the edges whose first node is one of `nodes`.
    pub(crate) fn places_from(&self, nodes: Range<usize>) -> Range<usize> {
        self.starts[nodes.start]..self.starts[nodes.end]
    }

    /// Returns the edges at `positions` (ascending), on the same nodes. O(n + k) time for k positions.
    pub fn select(&self, positions: &[usize]) -> EdgeList {
        let pairs = positions.par_iter().map(|&at| self.pairs[at]).collect();
        let weights = self.weights.as_ref().map(|weights| positions.iter().map(|&at| weights[at]).collect());
        self.alike(pairs, weights)
    }

    /// Returns the edges at the indices that `stays` accepts, on the same nodes. O(n + m) time, on all threads.
    pub(crate) fn filter(&self, stays: impl Fn(usize) -> bool + Sync) -> EdgeList {
        let places =
            |first: usize| (first..(first + PLACES_PER_TASK).min(self.len())).filter(|&at| stays(at));
        let tasks = || (0..self.len()).into_par_iter().step_by(PLACES_PER_TASK);
        let pairs: Vec<Vec<Pair>> =
            tasks().map(|first| places(first).map(|at| self.pairs[at]).collect()).collect();
        let weights = self.weights.as_ref().map(|weights| {
            let weights: Vec<Vec<f32>> =
                tasks().map(|first| places(first).map(|at| weights[at]).collect()).collect();
            weights.concat()
        });
        self.alike(pairs.concat(), weights)
    }

    /// Returns the edges that are in `pairs`, which may have any order, and, if undirected, either direction.
    pub fn restrict(&self, pairs: &[Pair]) -> EdgeList {
        let mut positions: Vec<usize> = pairs.iter().filter_map(|&pair| self.position(pair)).collect();
        positions.sort_unstable();
        positions.dedup();
        self.select(&positions)
    }

    /// Returns the number of edges at each node, counting edges in both directions.
    pub fn degrees(&self) -> Vec<usize> {
        let mut degrees = vec![0; self.num_nodes];
        for &(u, v) in &self.pairs {
            degrees[u as usize] += 1;
            degrees[v as usize] += 1;
        }
        degrees
    }

    /// Returns the number of connected components, ignoring directions and counting isolated nodes. O(n + m) time, nearly.
    pub fn num_components(&self) -> usize {
        let mut components = UnionFind::<u32>::new(self.num_nodes);
        self.num_nodes - self.pairs.iter().filter(|&&(u, v)| components.union(u, v)).count()
    }
}
