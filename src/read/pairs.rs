//! Pairs of nodes of a known graph, one after the other, in bounded memory.

use std::path::Path;

use crate::error::{Error, Result};
use crate::graph::{NodeIds, Pair};
use crate::read::RowReader;
use crate::read::edges::usual_columns;

/// Reads `source,target` rows of any form that an edge list may have; other columns are passed over. A first
/// row of usual names (`source,target`, `from,to`, …) is a header, unless both are nodes.
pub struct PairReader<'a> {
    reader: RowReader,
    nodes: &'a NodeIds,
    columns: (usize, usize),
    unknown: Unknown,
    num_skipped: u64,
    is_first: FirstRow,
}

/// What to do about a pair with a node that the graph does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// Fail, naming it.
    Refuse,
    /// Leave the pair out, and count it.
    Skip,
}

#[derive(PartialEq)]
enum FirstRow {
    Ahead,
    Behind,
}

/// Reads the nodes in the first column of a file, or of stdin for `-`. A first row is a header if it is `node` or `id`
/// and no node of the graph.
///
/// # Errors
/// [`Error::Io`] if it cannot be read, [`Error::UnknownNode`] at a node that the graph does not have.
pub fn node_list(path: &Path, nodes: &NodeIds) -> Result<Vec<u32>> {
    let mut reader = RowReader::open(path)?;
    let mut found = Vec::new();
    let mut is_first = true;
    while reader.advance()? {
        let id = reader.field(0);
        let is_header = is_first && ["node", "id"].iter().any(|name| id.eq_ignore_ascii_case(name));
        is_first = false;
        match nodes.index(id) {
            Some(node) => found.push(node),
            None if is_header => {}
            None => {
                let (path, line) = (reader.path().to_path_buf(), reader.line_number());
                return Err(Error::UnknownNode { path, line, node: id.to_string() });
            }
        }
    }
    Ok(found)
}

impl<'a> PairReader<'a> {
    /// Opens `path`, or stdin for `-`.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read.
    pub fn open(path: &Path, nodes: &'a NodeIds, unknown: Unknown) -> Result<Self> {
        let reader = RowReader::open(path)?;
        Ok(PairReader { reader, nodes, columns: (0, 1), unknown, num_skipped: 0, is_first: FirstRow::Ahead })
    }

    /// The next pair in the file's order, as it stands there: the first node may have the higher index.
    ///
    /// # Errors
    /// [`Error::Row`] at a row with too few columns, [`Error::UnknownNode`] at a node that the graph does not
    /// have.
    pub fn next_pair(&mut self) -> Result<Option<Pair>> {
        while self.reader.advance()? {
            if self.is_first == FirstRow::Ahead {
                self.is_first = FirstRow::Behind;
                let header: Vec<String> = self.reader.fields().map(str::to_string).collect();
                let are_nodes =
                    header.len() >= 2 && header[..2].iter().all(|id| self.nodes.index(id).is_some());
                if let (Some(columns), false) = (usual_columns(&header), are_nodes) {
                    self.columns = columns;
                    continue;
                }
            }
            let (source, target) = self.reader.pair(self.columns)?;
            match (self.nodes.index(source), self.nodes.index(target), self.unknown) {
                (Some(u), Some(v), _) => return Ok(Some((u, v))),
                (_, _, Unknown::Skip) => self.num_skipped += 1,
                (found, _, Unknown::Refuse) => {
                    let node = if found.is_none() { source } else { target };
                    return Err(Error::UnknownNode {
                        path: self.reader.path().to_path_buf(),
                        line: self.reader.line_number(),
                        node: node.to_string(),
                    });
                }
            }
        }
        Ok(None)
    }

    /// How many pairs were left out so far.
    pub fn num_skipped(&self) -> u64 {
        self.num_skipped
    }
}
