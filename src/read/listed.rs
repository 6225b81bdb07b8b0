//! The contents of an edge list in any format, and the graph built from them.

use crate::config::ReadConfig;
use crate::graph::{Direction, EdgeList, Graph, InputFile, Merged, NodeIds, Pair};
use crate::read::rows::MAX_FIELD_BYTES;

/// From this many on, the nodes of a matrix are counted against its entries, before they take memory.
const MANY_NODES: u64 = 1 << 20;
/// The most of so many nodes for each entry: more are a mistake in the size.
const NODES_PER_ENTRY: u64 = 64;

/// From this many on, rows are counted against the bytes of their file.
const MANY_ROWS: usize = 1 << 24;
/// The most rows for each byte: more are one row over and over, packed.
const ROWS_PER_BYTE: u64 = 16;

/// Edges as a file lists them, in its order.
pub(super) struct Listed {
    pub(super) nodes: NodeIds,
    pub(super) pairs: Vec<Pair>,
    pub(super) weights: Option<Vec<f32>>,
}

impl Listed {
    /// The entries of a square matrix, whose `num_nodes` nodes are called by their numbers from `first` on. Weights of 1
    /// throughout are none. What is wrong if there are far more nodes than entries.
    pub(super) fn of_matrix(
        num_nodes: u32,
        first: u64,
        pairs: Vec<Pair>,
        weights: Option<Vec<f32>>,
    ) -> std::result::Result<Self, String> {
        let (n, num_entries) = (u64::from(num_nodes), pairs.len() as u64);
        if n > MANY_NODES && n / NODES_PER_ENTRY > num_entries {
            return Err(format!("has {n} rows for {num_entries} entries; expected a matrix of fewer rows"));
        }
        let mut nodes = NodeIds::default();
        for number in first..first + n {
            nodes.intern(&number.to_string());
        }
        let weights = weights.filter(|weights| weights.iter().any(|&weight| weight != 1.0));
        Ok(Listed { nodes, pairs, weights })
    }

    /// The graph, with a note on what was merged of the `rows`, as the file's are called.
    pub(super) fn graph(self, rows: &str, config: &ReadConfig, input: InputFile) -> Graph {
        let Listed { nodes, pairs, weights } = self;
        let num_rows = pairs.len();
        let (edges, merged) = EdgeList::with_direction(Direction::of(config), nodes.len(), pairs, weights);
        let is_changed = merged != Merged::default();
        let notes = is_changed.then(|| merged.note(rows, num_rows, &edges)).into_iter().collect();
        Graph { nodes, edges, notes, inputs: vec![input], ..Graph::default() }
    }
}

/// A weight, or what was found instead.
pub(super) fn checked_weight(value: f64) -> std::result::Result<f32, String> {
    let weight = value as f32;
    match weight.is_finite() && weight > 0.0 {
        true => Ok(weight),
        false => Err(format!("the weight is {value}; expected a number above 0 and up to 3.4e38")),
    }
}

/// Returns the problem of too many rows for the bytes of a file: a megabyte of gzip can repeat one row 250 million times,
/// which would take gigabytes before any are merged.
pub(super) fn check_count(num_rows: usize, num_bytes: u64) -> std::result::Result<(), String> {
    match num_rows > MANY_ROWS && num_rows as u64 / ROWS_PER_BYTE > num_bytes {
        false => Ok(()),
        true => Err(format!(
            "unpacks to more than {num_rows} rows out of {num_bytes} bytes, which are the same ones over and over; expected at \
             most {ROWS_PER_BYTE} rows for each byte; hint: leave out the duplicates"
        )),
    }
}

/// Returns the problem of a node id: it is empty, too long, or has characters that a line of text cannot hold.
pub(super) fn check_id(id: &str) -> std::result::Result<(), String> {
    match id {
        "" => Err("is empty; expected a node id".into()),
        _ if id.len() > MAX_FIELD_BYTES => {
            Err(format!("has {} bytes; expected at most {MAX_FIELD_BYTES}", id.len()))
        }
        _ if id.contains(['\n', '\r']) => Err(format!("is {id:?}; expected a node id without a line break")),
        _ if id.contains('\0') => Err(format!("is {id:?}; expected a node id without a zero byte")),
        _ => Ok(()),
    }
}
