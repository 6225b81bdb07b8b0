//! A graph: its nodes by name, its edges by index, and what is known of each node.

use std::path::PathBuf;

use hashbrown::{DefaultHashBuilder, HashTable};
use petgraph::unionfind::UnionFind;
use serde::{Deserialize, Serialize};
use sprs::CsMatI;
use std::hash::BuildHasher;

use crate::error::{Error, Result};

/// Two node indices; an edge has the lower one first.
pub type Pair = (u32, u32);

/// A sparse matrix in compressed rows: f32 values, u32 columns.
pub type Csr = CsMatI<f32, u32, usize>;

/// Nodes, undirected edges and node features.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// The names of the n nodes.
    pub nodes: NodeIds,
    /// The edges.
    pub edges: EdgeList,
    /// X, [n, f], where there are features; without them X = I.
    pub features: Option<Csr>,
    /// The label of each node, empty where it has none; no model sees them.
    pub labels: Option<Vec<String>>,
    /// The files that it was read from.
    pub inputs: Vec<InputFile>,
    /// What reading changed or left out, a sentence each.
    pub notes: Vec<String>,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// Its path as it was given.
    pub path: PathBuf,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its size.
    pub num_bytes: u64,
}

/// The bytes of a hash as text.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Graph {
    /// n, the number of nodes.
    pub fn num_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// X, [n, f].
    pub fn features(&self) -> Option<&Csr> {
        self.features.as_ref()
    }

    /// Gives each node its row of `table`. Nodes that only the table has are added, without edges.
    ///
    /// # Errors
    /// [`Error::MissingFeatures`] if the table is dense and a node of the graph has no row in it. (In a
    /// table of triplets such a node is one whose features are all zero.)
    pub fn with_features(mut self, table: FeatureTable) -> Result<Self> {
        let mut row_of_node = vec![None; self.num_nodes()];
        for (row, id) in table.nodes.iter().enumerate() {
            let node = self.add_node(id) as usize;
            row_of_node.resize(self.num_nodes(), None);
            row_of_node[node] = Some(row);
        }
        if let (true, Some(node)) = (table.is_complete, row_of_node.iter().position(Option::is_none)) {
            return Err(Error::MissingFeatures {
                path: table.input.path,
                num_rows: table.nodes.len(),
                num_nodes: self.num_nodes(),
                first_node: self.nodes.id(node as u32).to_string(),
            });
        }
        let mut indptr = Vec::with_capacity(self.num_nodes() + 1);
        let mut indices = Vec::with_capacity(table.matrix.nnz());
        let mut values = Vec::with_capacity(table.matrix.nnz());
        indptr.push(0);
        for row in row_of_node {
            if let Some(entries) = row.and_then(|row| table.matrix.outer_view(row)) {
                indices.extend_from_slice(entries.indices());
                values.extend_from_slice(entries.data());
            }
            indptr.push(indices.len());
        }
        self.features = Some(Csr::new((self.num_nodes(), table.matrix.cols()), indptr, indices, values));
        self.record_input(table.input);
        Ok(self)
    }

    /// Labels nodes. Nodes that only the table has are added, without edges.
    pub fn with_labels(mut self, table: LabelTable) -> Self {
        let mut labels = vec![String::new(); self.num_nodes()];
        for (id, label) in table.rows {
            let node = self.add_node(&id) as usize;
            labels.resize(self.num_nodes(), String::new());
            labels[node] = label;
        }
        self.labels = Some(labels);
        self.record_input(table.input);
        self
    }

    /// Takes the features away: X = I. The nodes stay, those known from their features alone among them.
    pub fn without_features(mut self) -> Self {
        self.features = None;
        self
    }

    /// One file may give both features and labels; it is listed once.
    fn record_input(&mut self, input: InputFile) {
        if !self.inputs.contains(&input) {
            self.inputs.push(input);
        }
    }

    fn add_node(&mut self, id: &str) -> u32 {
        let node = self.nodes.intern(id);
        self.edges.num_nodes = self.nodes.len();
        node
    }
}

/// Rows of features and the nodes that they belong to.
#[derive(Debug, Clone)]
pub struct FeatureTable {
    /// The node of each row.
    pub nodes: NodeIds,
    /// [rows, f].
    pub matrix: Csr,
    /// Whether a node without a row is a mistake rather than a row of zeros.
    pub is_complete: bool,
    /// The file that it was read from.
    pub input: InputFile,
}

/// Node ids and their labels.
#[derive(Debug, Clone)]
pub struct LabelTable {
    /// (node id, label).
    pub rows: Vec<(String, String)>,
    /// The file that it was read from.
    pub input: InputFile,
}

/// The ids of nodes, numbered in the order in which they first appear.
///
/// The ids stand in one string; looking one up takes O(1), naming one O(1).
#[derive(Clone, Default)]
pub struct NodeIds {
    text: String,
    ends: Vec<usize>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl NodeIds {
    /// The number of ids.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The id of node `index`, which must be below [`NodeIds::len`].
    pub fn id(&self, index: u32) -> &str {
        slice(&self.text, &self.ends, index)
    }

    /// The number of the node called `id`.
    pub fn index(&self, id: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(id);
        self.table.find(hash, |&index| self.id(index) == id).copied()
    }

    /// The number of the node called `id`, which is the next free one if it is new.
    pub fn intern(&mut self, id: &str) -> u32 {
        if let Some(index) = self.index(id) {
            return index;
        }
        let index = self.ends.len() as u32;
        self.text.push_str(id);
        self.ends.push(self.text.len());
        let NodeIds { text, ends, table, hasher } = self;
        let hash_of = |&other: &u32| hasher.hash_one(slice(text, ends, other));
        table.insert_unique(hasher.hash_one(id), index, hash_of);
        index
    }

    /// The ids in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).map(|index| self.id(index))
    }
}

impl std::fmt::Debug for NodeIds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

fn slice<'a>(text: &'a str, ends: &[usize], index: u32) -> &'a str {
    let index = index as usize;
    let start = if index == 0 { 0 } else { ends[index - 1] };
    &text[start..ends[index]]
}

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

impl EdgeList {
    /// Orients, sorts and merges `pairs`; of the weights of one edge the largest stays, so that the order of
    /// the rows does not matter. O(m log m) time.
    pub fn new(num_nodes: usize, pairs: Vec<Pair>, weights: Option<Vec<f32>>) -> (Self, Merged) {
        let num_rows = pairs.len();
        let oriented = pairs.into_iter().map(|(u, v)| (u.min(v), u.max(v)));
        let mut num_self_loops = 0;
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
                num_self_loops += num_rows - edges.len();
                edges.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
                edges.dedup_by_key(|edge| edge.0);
                let (pairs, weights) = edges.into_iter().unzip();
                (pairs, Some(weights))
            }
        };
        let num_duplicates = num_rows - num_self_loops - pairs.len();
        (EdgeList { num_nodes, pairs, weights }, Merged { num_duplicates, num_self_loops })
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
