//! Graphs: nodes by name, edges by index, node features, and the normalised adjacency Â. Uses `config`,
//! `error` and `kernels`.
//!
//! # Examples
//! ```
//! use vgae::graph::{EdgeList, Graph, NodeIds};
//!
//! let mut nodes = NodeIds::default();
//! let pairs = [("ann", "bob"), ("bob", "cid")].map(|(u, v)| (nodes.intern(u), nodes.intern(v)));
//! let edges = EdgeList::new(nodes.len(), pairs.to_vec(), None).0;
//! let graph = Graph { nodes, edges, ..Graph::default() };
//! assert_eq!(graph.num_nodes(), 3);
//! assert!(graph.features().is_none() && graph.without_features().edges.len() == 2);
//! ```

mod bipartite;
mod columns;
mod edge_list;
mod features;
mod node_ids;
pub mod normalize;
pub mod transform;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

pub use crate::kernels::Csr;
pub use columns::FeatureColumns;
pub use edge_list::{Direction, EdgeList, Merged};
pub use features::Features;
pub(crate) use node_ids::Mentions;
pub use node_ids::NodeIds;

/// Two node indices: (source, target) if edges are directed, otherwise an edge has the lower index first.
pub type Pair = (u32, u32);

/// A graph: nodes, edges and node features.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// The names of the n nodes.
    pub nodes: NodeIds,
    /// The edges.
    pub edges: EdgeList,
    /// X, [n, f], if there are features; otherwise X = I.
    pub features: Option<Features>,
    /// The identity of the columns of X.
    pub columns: FeatureColumns,
    /// The label of each node, empty if it has none. No model uses labels.
    pub labels: Option<Vec<String>>,
    /// The files that the graph was read from.
    pub inputs: Vec<InputFile>,
    /// Notes on what reading changed or dropped, one sentence each.
    pub notes: Vec<String>,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// The path as given.
    pub path: PathBuf,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// The size in bytes.
    pub num_bytes: u64,
}

/// Returns the bytes of a hash in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Graph {
    /// Returns n, the number of nodes.
    pub fn num_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Returns X, [n, f].
    pub fn features(&self) -> Option<&Features> {
        self.features.as_ref()
    }

    /// Adds features: each node gets its row of `table`. Nodes that are only in the table are added without
    /// edges.
    ///
    /// # Examples
    /// ```
    /// use vgae::graph::Features;
    /// use vgae::progress::Progress;
    /// use vgae::{config::ReadConfig, read};
    ///
    /// let graph = read::data("datasets/karate".as_ref(), &ReadConfig::default(), &Progress::default())?;
    /// let mut table = vgae::graph::FeatureTable {
    ///     nodes: graph.nodes.clone(),
    ///     matrix: Features::from(ndarray::Array2::<f32>::ones((34, 2))),
    ///     columns: Default::default(),
    ///     is_complete: true,
    ///     input: graph.inputs[0].clone(),
    /// };
    /// assert_eq!(graph.with_features(table)?.features().unwrap().cols(), 2);
    /// # Ok::<(), vgae::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns [`Error::MissingFeatures`] if the table is complete and a node of the graph has no row in it;
    /// [`Error::Input`] if no node of the table is in the graph.
    pub fn with_features(mut self, table: FeatureTable) -> Result<Self> {
        let num_nodes = self.num_nodes();
        let num_unknown = table.nodes.iter().filter(|id| self.nodes.index(id).is_none()).count();
        if let (true, Some(own)) = (num_unknown == table.nodes.len(), self.nodes.iter().next()) {
            let problem = format!(
                "none of its {num_unknown} ids is a node of the graph; found {:?}, expected ids such \
                 as {own:?}",
                table.nodes.id(0)
            );
            return Err(Error::Input { path: table.input.path, problem });
        }
        let mut row_of_node = vec![None; num_nodes];
        for (row, id) in table.nodes.iter().enumerate() {
            let node = self.add_node(id) as usize;
            row_of_node.resize(self.num_nodes(), None);
            row_of_node[node] = Some(row);
        }
        if let (true, Some(node)) = (table.is_complete, row_of_node.iter().position(Option::is_none)) {
            return Err(Error::MissingFeatures {
                path: table.input.path,
                num_rows: table.nodes.len() - num_unknown,
                num_nodes,
                first_node: self.nodes.id(node as u32).to_string(),
                // The names in an unrecognised header are the first two nodes, and have no features.
                hint: match row_of_node[..2.min(num_nodes)] {
                    [None, None] => {
                        "; hint: `read.header = yes` if the first row of the edge list is a header"
                    }
                    _ => "",
                },
            });
        }
        let num_missing = row_of_node.iter().filter(|row| row.is_none()).count();
        if num_missing > 0 {
            let file = table.input.path.display();
            self.notes
                .push(format!("nodes without a row in {file}, whose features are zeros: {num_missing}"));
        }
        if num_unknown > 0 {
            let file = table.input.path.display();
            self.notes.push(format!("nodes of {file} without edges: {num_unknown}"));
        }
        self.features = Some(table.matrix.reorder(&row_of_node));
        self.columns = table.columns;
        self.record_input(table.input);
        Ok(self)
    }

    /// Adds labels. Nodes that are only in the table are added without edges.
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

    /// Removes the features: X = I. All nodes stay, including those that occurred only in the features.
    pub fn without_features(mut self) -> Self {
        self.features = None;
        self.columns = FeatureColumns::default();
        self
    }

    /// Lists a file once, even if it contains both features and labels.
    fn record_input(&mut self, input: InputFile) {
        if !self.inputs.contains(&input) {
            self.inputs.push(input);
        }
    }

    fn add_node(&mut self, id: &str) -> u32 {
        let node = self.nodes.intern(id);
        self.edges.grow(self.nodes.len());
        if let Some(labels) = &mut self.labels {
            labels.resize(self.nodes.len(), String::new());
        }
        node
    }
}

/// Rows of features and the nodes that they belong to.
#[derive(Debug, Clone)]
pub struct FeatureTable {
    /// The node of each row.
    pub nodes: NodeIds,
    /// The features, [rows, f].
    pub matrix: Features,
    /// The identity of the columns.
    pub columns: FeatureColumns,
    /// `true` if a node without a row is an error; otherwise its row is zeros.
    pub is_complete: bool,
    /// The file that the table was read from.
    pub input: InputFile,
}

/// Node ids and their labels.
#[derive(Debug, Clone)]
pub struct LabelTable {
    /// The rows: (node id, label).
    pub rows: Vec<(String, String)>,
    /// The file that the table was read from.
    pub input: InputFile,
}
