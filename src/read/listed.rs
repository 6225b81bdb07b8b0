//! The contents of an edge list in any format, and the graph built from them.

use crate::config::ReadConfig;
use crate::graph::{Direction, EdgeList, Graph, InputFile, Merged, NodeIds, Pair};
use crate::read::odd_ids;

/// The number of nodes above which it is checked against the number of entries, before memory is allocated.
const MANY_NODES: u64 = 1 << 20;
/// The most nodes per entry of such a file; more are a mistake in their number.
const NODES_PER_ENTRY: u64 = 64;

/// The number of names that a note lists.
const NUM_SHOWN: usize = 5;

/// The number of rows above which rows are checked against the bytes of their file.
const MANY_ROWS: usize = 1 << 24;
/// The most rows per byte of such a file; more are repetitions of a row, compressed.
const ROWS_PER_BYTE: u64 = 16;

/// The edges listed in a file, in its order.
pub(super) struct ListedEdges {
    pub(super) nodes: NodeIds,
    pub(super) pairs: Vec<Pair>,
    pub(super) weights: Option<Vec<f32>>,
}

impl ListedEdges {
    /// Builds from the entries of a square matrix, whose `num_nodes` nodes are named by their numbers from
    /// `first` on. If all weights are 1, they are dropped.
    ///
    /// # Errors
    /// Returns a message if there are far more nodes than entries.
    pub(super) fn from_matrix(
        num_nodes: u32,
        first: u64,
        pairs: Vec<Pair>,
        weights: Option<Vec<f32>>,
    ) -> std::result::Result<Self, String> {
        let (n, num_entries) = (u64::from(num_nodes), pairs.len() as u64);
        if !is_plausible(n, num_entries) {
            return Err(format!("has {n} rows for {num_entries} entries; expected fewer rows"));
        }
        let mut nodes = NodeIds::default();
        for number in first..first + n {
            nodes.intern(&number.to_string());
        }
        let weights = weights.filter(|weights| weights.iter().any(|&weight| weight != 1.0));
        Ok(ListedEdges { nodes, pairs, weights })
    }

    /// Builds the graph, with notes on merged and dropped rows and on odd ids; `rows` is the format's word for them.
    pub(super) fn graph(self, rows: &str, config: &ReadConfig, input: InputFile) -> Graph {
        let ListedEdges { nodes, pairs, weights } = self;
        let num_rows = pairs.len();
        let (edges, merged) =
            EdgeList::with_direction(Direction::from_config(config), nodes.len(), pairs, weights);
        let is_changed = merged != Merged::default();
        let mut notes: Vec<String> =
            is_changed.then(|| merged.note(rows, num_rows, &edges)).into_iter().collect();
        notes.extend(odd_ids::notes(&nodes, &edges));
        Graph { nodes, edges, notes, inputs: vec![input], ..Graph::default() }
    }
}

/// Returns `false` if there are far more nodes than entries of a file that says how many nodes it has.
pub(super) fn is_plausible(num_nodes: u64, num_entries: u64) -> bool {
    num_nodes <= MANY_NODES || num_nodes / NODES_PER_ENTRY <= num_entries
}

/// Lists the first few names for a note.
pub(super) fn few_names(names: &[impl AsRef<str>]) -> String {
    let few: Vec<&str> = names.iter().take(NUM_SHOWN).map(AsRef::as_ref).collect();
    let more = if names.len() > NUM_SHOWN { ", …" } else { "" };
    format!("{}{more}", few.join(", "))
}

/// Checks the number of rows against the size of the file: a megabyte of gzip can repeat a row 250 million
/// times, which would take gigabytes before duplicates are merged.
///
/// # Errors
/// Returns a message if there are implausibly many rows.
pub(super) fn check_count(num_rows: usize, num_bytes: u64) -> std::result::Result<(), String> {
    match num_rows > MANY_ROWS && num_rows as u64 / ROWS_PER_BYTE > num_bytes {
        false => Ok(()),
        true => Err(format!(
            "unpacks to more than {num_rows} rows from {num_bytes} bytes, so most rows are repeated; \
             expected at most {ROWS_PER_BYTE} rows per byte; hint: remove the duplicates"
        )),
    }
}
