//! Pairs of nodes of a known graph, read in bounded memory.

use std::path::Path;

use crate::error::{Error, Result};
use crate::graph::{NodeIds, Pair};
use crate::progress::Progress;
use crate::read::columns::header_columns;
use crate::read::fields::Span;
use crate::read::listed::check_count;
use crate::read::reader::Parsed;
use crate::read::rows::Rows;
use crate::read::{RowReader, parse_finite};

/// Reads `source,target` rows in blocks, on all threads and in bounded memory. Rows may have any form that an
/// edge list as text may have; other columns are ignored or kept as text. The first row is a header if it has
/// usual names (`source,target`, `from,to`, …) or if its first two fields are not numbers and those below
/// are, unless both are nodes.
pub struct PairReader<'a> {
    reader: RowReader,
    nodes: &'a NodeIds,
    columns: (usize, usize),
    /// The names in the first row, if it is a header.
    header: Option<Vec<String>>,
    num_columns: usize,
    unknown: Unknown,
}

/// A block of consecutive pairs, in the order of the file.
pub struct PairBlock<'a> {
    pairs: &'a [Pair],
    rows: &'a Rows,
    /// The kept fields, row by row.
    kept: &'a [Span],
}

impl PairBlock<'_> {
    /// Returns the m pairs as written in the file: the first node may have the higher index.
    pub fn pairs(&self) -> &[Pair] {
        self.pairs
    }

    /// Returns the fields of pair `at`, which must be below m, in the kept columns.
    pub fn kept(&self, at: usize) -> impl Iterator<Item = &str> {
        let num_kept = self.kept.len() / self.pairs.len();
        self.kept[at * num_kept..][..num_kept].iter().map(|&span| self.rows.slice(span))
    }
}

/// The columns to keep besides the two nodes of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Columns {
    /// No other columns.
    Nodes,
    /// All columns; each row must then have as many as the first.
    All,
}

/// The treatment of a pair with a node that is not in the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// Return an error that names the node.
    Refuse,
    /// Leave the pair out and count it.
    Skip,
}

/// Reads the nodes in the first column of a file, or of stdin for `-`. The first row is a header if its first
/// field is not a node of the graph and is `node` or `id`, or is not a number while the one below is.
///
/// # Errors
/// Returns [`Error::Io`] if the file cannot be read, and [`Error::Row`] for a node that the graph does not
/// have.
pub fn node_list(path: &Path, nodes: &NodeIds) -> Result<Vec<u32>> {
    let mut reader = RowReader::open(path, &Progress::default())?;
    let mut found = Vec::new();
    let mut is_first = true;
    let [_, second] = reader.look_ahead()?;
    let is_number = |id: &str| parse_finite(id).is_ok();
    let is_numeric_below = second.is_some_and(|second| second.first().is_some_and(|id| is_number(id)));
    while reader.advance()? {
        let id = reader.field(0);
        let is_name = ["node", "id"].iter().any(|name| id.eq_ignore_ascii_case(name));
        let is_header = is_first && (is_name || (is_numeric_below && !is_number(id)));
        is_first = false;
        match nodes.index(id) {
            Some(node) => found.push(node),
            None if is_header => {}
            None => {
                let problem = format!("the graph has no node {id}; expected a node id in the first column");
                return Err(reader.error(problem));
            }
        }
    }
    Ok(found)
}

impl<'a> PairReader<'a> {
    /// Opens `path`, or stdin for `-`, and counts its bytes in `progress` as they are read.
    ///
    /// # Errors
    /// Returns [`Error::Io`] if the file cannot be read.
    pub fn open(path: &Path, nodes: &'a NodeIds, unknown: Unknown, progress: &Progress) -> Result<Self> {
        let mut reader = RowReader::open(path, progress)?;
        let [first, second] = reader.look_ahead()?;
        let first = first.unwrap_or_default();
        let num_columns = first.len();
        let are_nodes = first.len() >= 2 && first[..2].iter().all(|id| nodes.index(id).is_some());
        let (columns, header) = match header_columns(&first, second.as_deref()) {
            Some(columns) if !are_nodes => {
                reader.advance()?;
                (columns, Some(first))
            }
            _ => ((0, 1), None),
        };
        Ok(PairReader { reader, nodes, columns, header, num_columns, unknown })
    }

    /// Returns the names of the columns besides the two nodes: those in the header, or `column_3`,
    /// `column_4`, ….
    pub fn other_columns(&self) -> Vec<String> {
        let name = |at: usize| match &self.header {
            Some(header) => header[at].clone(),
            None => format!("column_{}", at + 1),
        };
        self.others().map(name).collect()
    }

    /// Calls `take` with each block of pairs in order while the next ones are read. Returns the number of
    /// pairs that were left out because they have an unknown node.
    ///
    /// # Errors
    /// Returns the errors of `take`; [`Error::Row`] for a row with too few columns, or, if they are kept,
    /// with another number of columns than the first row; [`Error::UnknownNode`] for a node that is not in
    /// the graph. `take` has received the rows before the error.
    pub fn read_blocks(
        mut self,
        columns: Columns,
        mut take: impl FnMut(PairBlock) -> Result<()> + Send,
    ) -> Result<u64> {
        let kept: Vec<usize> = match columns {
            Columns::Nodes => Vec::new(),
            Columns::All => self.others().collect(),
        };
        let PairReader { nodes, num_columns, unknown, .. } = self;
        let parse = |rows: &mut Rows, parsed: &mut ParsedPairs| {
            let (source, target) = rows.pair(self.columns)?;
            if columns == Columns::All && rows.len() != num_columns {
                let found = rows.len();
                return Err(
                    rows.error(format!("expected {num_columns} columns as in the first row, found {found}"))
                );
            }
            match (nodes.index(source), nodes.index(target), unknown) {
                (Some(u), Some(v), _) => {
                    parsed.pairs.push((u, v));
                    parsed.kept.extend(kept.iter().map(|&at| rows.span(at)));
                }
                (_, _, Unknown::Skip) => parsed.num_skipped += 1,
                (found, _, Unknown::Refuse) => {
                    let node = if found.is_none() { source } else { target };
                    return Err(Error::UnknownNode {
                        path: rows.path().to_path_buf(),
                        line: rows.line_number(),
                        node: node.to_string(),
                    });
                }
            }
            Ok(())
        };
        let mut num_skipped = 0;
        self.reader.parse_blocks(ParsedPairs::default, parse, |blocks| {
            blocks.iter().try_for_each(|Parsed { rows, value, .. }| {
                num_skipped += value.num_skipped;
                let ParsedPairs { pairs, kept, .. } = value;
                if pairs.is_empty() { Ok(()) } else { take(PairBlock { pairs, rows, kept }) }
            })
        })?;
        Ok(num_skipped)
    }

    /// Reads all pairs, in the order of the file, and the number of pairs left out. O(m) memory.
    ///
    /// # Errors
    /// Returns the errors of [`PairReader::read_blocks`].
    pub fn read_all(self) -> Result<(Vec<Pair>, u64)> {
        let mut pairs = Vec::new();
        let (fingerprint, file_error) = (self.reader.fingerprint(), self.reader.file_errors());
        let num_skipped = self.read_blocks(Columns::Nodes, |block| {
            pairs.extend_from_slice(block.pairs());
            check_count(pairs.len(), fingerprint.num_bytes()).map_err(&file_error)
        })?;
        Ok((pairs, num_skipped))
    }

    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let (source, target) = self.columns;
        (0..self.num_columns).filter(move |&at| at != source && at != target)
    }
}

/// The contents of a block of text.
#[derive(Default)]
struct ParsedPairs {
    pairs: Vec<Pair>,
    kept: Vec<Span>,
    num_skipped: u64,
}
