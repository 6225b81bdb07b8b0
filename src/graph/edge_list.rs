//! Edges between numbered nodes.

mod candidates;

use std::borrow::Cow;
use std::ops::Range;

use petgraph::unionfind::UnionFind;
use rayon::prelude::*;

use crate::config::ReadConfig;
use crate::graph::Pair;
use crate::kernels::sort::Buckets;

/// The direction of edges, which decides if (u, v) and (v, u) are the same edge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    /// (u, v) and (v, u) are the same edge, stored with the lower node first.
    #[default]
    Undirected,
    /// (u, v) and (v, u) are two edges, stored as (source, target).
    Directed,
}

impl Direction {
    /// Returns the direction of edges read with `config`.
    pub fn from_config(config: &ReadConfig) -> Self {
        if config.directed { Direction::Directed } else { Direction::Undirected }
    }

    /// Returns `pair` as a list of this direction stores it.
    pub fn orient(self, (u, v): Pair) -> Pair {
        match self {
            Direction::Undirected => (u.min(v), u.max(v)),
            Direction::Directed => (u, v),
        }
    }

    /// Returns the number of pairs of distinct nodes among n = `num_nodes`: n(n − 1) if directed, half as
    /// many if undirected.
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

/// The edges of a graph in ascending order, without duplicates and self-loops, in one [`Direction`]. The
/// edges of a bipartite graph also record which nodes are sources; see [`EdgeList::across_kinds`].
///
/// # Examples
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
        Self::from_sorted(Direction::default(), 0, Vec::new(), None)
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
    /// Returns a note on `num_rows` rows, which the format calls `rows`: how many were merged or dropped, and
    /// how many edges are left.
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

    /// Builds edges from any pairs: orients them (if undirected), sorts them and merges duplicates. A merged
    /// edge keeps the largest of its weights, so that the order of the rows does not matter. O(n + m log m)
    /// time, on all threads.
    pub fn with_direction(
        direction: Direction,
        num_nodes: usize,
        pairs: Vec<Pair>,
        weights: Option<Vec<f32>>,
    ) -> (Self, Merged) {
        let num_rows = pairs.len();
        let is_edge = |&(u, v): &Pair| u != v;
        let num_self_loops = num_rows - pairs.par_iter().filter(|pair| is_edge(pair)).count();
        // Pairs are packed into one u64 each, which is faster to sort.
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
        let edges = Self::from_sorted(direction, num_nodes, pairs, weights);
        (edges, Merged { num_duplicates, num_self_loops })
    }

    /// Builds edges from oriented, sorted and distinct pairs, without sources and targets.
    fn from_sorted(
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

    /// Builds edges from such pairs, with the nodes, the direction and the sources of this list.
    fn with_sorted(&self, pairs: Vec<Pair>, weights: Option<Vec<f32>>) -> EdgeList {
        let edges = Self::from_sorted(self.direction, self.num_nodes, pairs, weights);
        EdgeList { num_sources: self.num_sources, ..edges }
    }

    /// Returns the edges without their directions: (u, v) and (v, u) become one edge with the larger weight.
    /// Undirected models see a directed graph this way. O(n + m log m) time; free if the edges are undirected.
    pub fn undirected(&self) -> Cow<'_, EdgeList> {
        match self.direction {
            Direction::Undirected => Cow::Borrowed(self),
            Direction::Directed => {
                Cow::Owned(Self::new(self.num_nodes, self.pairs.clone(), self.weights.clone()).0)
            }
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

    /// Adds nodes without edges, up to `num_nodes`.
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

    /// Returns the edges in ascending order: (source, target), or the lower node first if undirected.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// Returns the weight of each edge, if the edges have weights.
    pub fn weights(&self) -> Option<&[f32]> {
        self.weights.as_deref()
    }

    /// Returns `true` if `pair` is an edge, in this order or, for undirected edges, in either order. O(log k)
    /// time for k edges with the same first node.
    pub fn contains(&self, pair: Pair) -> bool {
        self.position(pair).is_some()
    }

    /// Returns the index of an edge in [`EdgeList::pairs`]. O(log k) time, like [`EdgeList::contains`].
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
        self.with_sorted(pairs, weights)
    }

    /// Returns the edges at the indices for which `keep` returns `true`, on the same nodes. O(n + m) time, on
    /// all threads.
    pub(crate) fn filter(&self, keep: impl Fn(usize) -> bool + Sync) -> EdgeList {
        let places = |first: usize| (first..(first + PLACES_PER_TASK).min(self.len())).filter(|&at| keep(at));
        let tasks = || (0..self.len()).into_par_iter().step_by(PLACES_PER_TASK);
        let pairs: Vec<Vec<Pair>> =
            tasks().map(|first| places(first).map(|at| self.pairs[at]).collect()).collect();
        let weights = self.weights.as_ref().map(|weights| {
            let weights: Vec<Vec<f32>> =
                tasks().map(|first| places(first).map(|at| weights[at]).collect()).collect();
            weights.concat()
        });
        self.with_sorted(pairs.concat(), weights)
    }

    /// Returns the edges of this list that are in `pairs`, which may be in any order. Undirected pairs may
    /// have either node first.
    pub fn restrict(&self, pairs: &[Pair]) -> EdgeList {
        let mut positions: Vec<usize> = pairs.iter().filter_map(|&pair| self.position(pair)).collect();
        positions.sort_unstable();
        positions.dedup();
        self.select(&positions)
    }

    /// Returns the number of edges at each node; for directed edges, outgoing plus incoming.
    pub fn degrees(&self) -> Vec<usize> {
        let mut degrees = vec![0; self.num_nodes];
        for &(u, v) in &self.pairs {
            degrees[u as usize] += 1;
            degrees[v as usize] += 1;
        }
        degrees
    }

    /// Returns the number of connected components, ignoring directions and counting isolated nodes. Nearly
    /// O(n + m) time.
    pub fn num_components(&self) -> usize {
        let mut components = UnionFind::<u32>::new(self.num_nodes);
        self.num_nodes - self.pairs.iter().filter(|&&(u, v)| components.union(u, v)).count()
    }
}
