//! Pairs of nodes of a known graph, read in bounded memory.

use std::path::Path;

use crate::config::{Header, NodeColumns};
use crate::error::{Error, Result};
use crate::graph::{NodeIds, Pair};
use crate::progress::Progress;
use crate::read::columns::{FirstRows, PairColumns};
use crate::read::fields::Span;
use crate::read::header::{class, id_column};
use crate::read::listed::check_count;
use crate::read::reader::Parsed;
use crate::read::rows::Rows;
use crate::read::{RowReader, parse_finite};

/// Reads `source,target` rows in blocks, on all threads and in bounded memory. Rows may have any form that an
/// edge list as text may have; other columns are ignored or kept as text. The two columns are found as in an
/// edge list. A first row whose fields are not nodes, while those of the second row are, is a header too; one
/// whose fields are nodes is not.
pub struct PairReader<'a> {
    pub(super) reader: RowReader,
    nodes: &'a NodeIds,
    columns: PairColumns,
    unknown: Unknown,
}

/// The pairs of a file, of which a column may say which are links.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelledPairs {
    /// The pairs with 1 in the column; all pairs without such a column.
    pub links: Vec<Pair>,
    /// The pairs with 0 in the column.
    pub negatives: Vec<Pair>,
    /// The name of the column, if there is one.
    pub column: Option<String>,
    /// The number of pairs left out because they have an unknown node.
    pub num_skipped: u64,
}

/// A block of consecutive pairs, in the order of the file.
#[derive(Clone, Copy)]
pub struct PairBlock<'a> {
    pairs: &'a [Pair],
    /// The text of the kept fields.
    text: &'a str,
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
        self.kept[at * num_kept..][..num_kept].iter().map(|&span| span.slice(self.text))
    }
}

/// The most bytes of kept text that wait for more pairs.
const MAX_HELD_BYTES: usize = 1 << 28;

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

/// Reads the nodes in one column of a file, or of stdin for `-`: the column headed `node` or `id`, otherwise the
/// first. The first row is a header if it has such a name in it, or if its first field is not a number while the one
/// below is; a first row whose field is a node is none.
///
/// # Errors
/// Returns [`Error::Io`] if the file cannot be read, and [`Error::Row`] for a node that the graph does not
/// have.
pub fn node_list(path: &Path, nodes: &NodeIds) -> Result<Vec<u32>> {
    let mut reader = RowReader::open(path, &Progress::default())?;
    let mut found = Vec::new();
    let [first, second] = reader.look_ahead()?;
    let first = first.unwrap_or_default();
    let is_number = |id: &str| parse_finite(id).is_ok();
    let is_numeric_below = second.is_some_and(|second| second.first().is_some_and(|id| is_number(id)));
    let is_node = first.first().is_some_and(|id| nodes.index(id).is_some());
    let named = id_column(&first).filter(|_| !is_node);
    let column = named.unwrap_or(0);
    let is_numeric_name = is_numeric_below && first.first().is_some_and(|id| !is_number(id));
    if !is_node && (named.is_some() || is_numeric_name) {
        reader.advance()?;
    }
    while reader.advance()? {
        let id = reader.fields().nth(column).unwrap_or_default();
        let node = nodes.index(id).ok_or_else(|| {
            let problem = format!("the graph has no node {id}; expected a node id in column {}", column + 1);
            reader.error(problem)
        })?;
        found.push(node);
    }
    Ok(found)
}

impl<'a> PairReader<'a> {
    /// Opens `path`, or stdin for `-`, and counts its bytes in `progress` as they are read. `columns` chooses
    /// the columns of the two nodes.
    ///
    /// # Errors
    /// Returns [`Error::Io`] if the file cannot be read, and [`Error::Input`] if it has no column that `columns`
    /// names.
    pub fn open(
        path: &Path,
        columns: &NodeColumns,
        nodes: &'a NodeIds,
        unknown: Unknown,
        progress: &Progress,
    ) -> Result<Self> {
        let mut reader = RowReader::open(path, progress)?;
        let rows = reader.look_ahead()?;
        let columns = find_columns(&rows, columns, nodes, |problem| reader.file_error(problem))?;
        if columns.header.is_some() {
            reader.advance()?;
        }
        Ok(PairReader { reader, nodes, columns, unknown })
    }

    /// Returns a note on columns that were not found by usual names, if any.
    pub fn note(&self) -> Option<String> {
        self.columns.note("")
    }

    /// Returns the names of all columns, if the first row has them.
    pub(super) fn header(&self) -> Option<&[String]> {
        self.columns.header.as_deref()
    }

    /// Returns the names of the columns besides the two nodes: those in the header, or `column_3`,
    /// `column_4`, ….
    pub fn other_columns(&self) -> Vec<String> {
        let name = |at: usize| match &self.columns.header {
            Some(header) if !header[at].is_empty() => header[at].clone(),
            _ => format!("column_{}", at + 1),
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
        self,
        columns: Columns,
        mut take: impl FnMut(PairBlock) -> Result<()> + Send,
    ) -> Result<u64> {
        self.read_batches(columns, 1, |blocks| blocks.iter().try_for_each(|&block| take(block)))
    }

    /// Does the same as [`PairReader::read_blocks`], but gives `take` several blocks with at least `num_pairs` pairs
    /// together; fewer at the end of the file, before an error, and where the rows have much text to keep.
    ///
    /// # Errors
    /// Returns the errors of [`PairReader::read_blocks`].
    pub fn read_batches(
        self,
        columns: Columns,
        num_pairs: usize,
        take: impl FnMut(&[PairBlock]) -> Result<()> + Send,
    ) -> Result<u64> {
        let kept: Vec<usize> = match columns {
            Columns::Nodes => Vec::new(),
            Columns::All => self.others().collect(),
        };
        self.read_kept(&kept, num_pairs, take)
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

    /// Reads all pairs and separates links from non-links by a column headed `label`, `y`, `is_edge` or
    /// `target`, if there is one and it is 0 or 1 in each row. O(m) memory.
    ///
    /// # Errors
    /// Returns the errors of [`PairReader::read_blocks`].
    pub fn read_labelled(self) -> Result<LabelledPairs> {
        let Some(at) = self.columns.label() else {
            let (links, num_skipped) = self.read_all()?;
            return Ok(LabelledPairs { links, num_skipped, ..LabelledPairs::default() });
        };
        let name = self.columns.header.as_ref().map(|header| header[at].clone());
        let (mut pairs, mut classes) = (Vec::new(), Vec::new());
        let (fingerprint, file_error) = (self.reader.fingerprint(), self.reader.file_errors());
        let num_skipped = self.read_kept(&[at], 1, |blocks| {
            for block in blocks {
                pairs.extend_from_slice(block.pairs());
                classes.extend((0..block.pairs().len()).map(|at| block.kept(at).next().and_then(class)));
            }
            check_count(pairs.len(), fingerprint.num_bytes()).map_err(&file_error)
        })?;
        if classes.contains(&None) {
            return Ok(LabelledPairs { links: pairs, num_skipped, ..LabelledPairs::default() });
        }
        let of_class = |class: bool| {
            let pairs = pairs.iter().zip(&classes);
            pairs.filter(|(_, found)| **found == Some(class)).map(|(&pair, _)| pair).collect()
        };
        Ok(LabelledPairs { links: of_class(true), negatives: of_class(false), column: name, num_skipped })
    }

    fn read_kept(
        mut self,
        kept: &[usize],
        num_pairs: usize,
        take: impl FnMut(&[PairBlock]) -> Result<()> + Send,
    ) -> Result<u64> {
        let PairReader { nodes, columns: PairColumns { count, nodes: node_columns, .. }, unknown, .. } = self;
        let parse = |rows: &mut Rows, parsed: &mut ParsedPairs| {
            let (source, target) = rows.pair(node_columns)?;
            if !kept.is_empty() && rows.len() != count {
                let found = rows.len();
                return Err(
                    rows.error(format!("expected {count} columns as in the first row, found {found}"))
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
        let mut held = Held { blocks: Vec::new(), take };
        let outcome = self.reader.parse_blocks(ParsedPairs::default, parse, |blocks| {
            for Parsed { rows, value, .. } in blocks {
                num_skipped += value.num_skipped;
                let text = if kept.is_empty() { String::new() } else { rows.take_text() };
                if !value.pairs.is_empty() {
                    held.blocks.push((text, std::mem::take(value)));
                }
            }
            if held.has(num_pairs) { held.give() } else { Ok(()) }
        });
        // The rows before an error are taken too.
        held.give()?;
        outcome.map(|()| num_skipped)
    }

    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let (source, target) = self.columns.nodes;
        (0..self.columns.count).filter(move |&at| at != source && at != target)
    }
}

/// Finds the columns of pairs of known `nodes`.
fn find_columns(
    rows: &FirstRows,
    wanted: &NodeColumns,
    nodes: &NodeIds,
    error: impl Fn(String) -> Error,
) -> Result<PairColumns> {
    let found = PairColumns::find(rows, Header::Auto, wanted, &error)?;
    // A row that is too short is refused when it is read.
    let are_nodes = |row: &Option<Vec<String>>, expected: bool| {
        let is_as_expected = |at: usize| {
            row.as_ref().and_then(|row| row.get(at)).map(|id| nodes.index(id).is_some() == expected)
        };
        let (source, target) = found.nodes;
        is_as_expected(source) == Some(true) && is_as_expected(target) == Some(true)
    };
    let [first, second] = rows;
    let header = match found.header {
        Some(_) if are_nodes(first, true) => Header::No,
        None if are_nodes(first, false) && are_nodes(second, true) => Header::Yes,
        _ => return Ok(found),
    };
    PairColumns::find(rows, header, wanted, error)
}

/// Blocks that wait until there are enough pairs.
struct Held<F> {
    /// The text of each block, if fields of it are kept, and its pairs.
    blocks: Vec<(String, ParsedPairs)>,
    take: F,
}

impl<F: FnMut(&[PairBlock]) -> Result<()>> Held<F> {
    fn has(&self, num_pairs: usize) -> bool {
        let size_of = |(text, parsed): &(String, ParsedPairs)| (parsed.pairs.len(), text.len());
        let sizes = self.blocks.iter().map(size_of);
        let (pairs, bytes) = sizes.fold((0, 0), |(pairs, bytes), (more, text)| (pairs + more, bytes + text));
        pairs >= num_pairs || bytes >= MAX_HELD_BYTES
    }

    /// Gives the blocks to `take`, if there are any.
    fn give(&mut self) -> Result<()> {
        let held = std::mem::take(&mut self.blocks);
        let blocks: Vec<PairBlock> = held
            .iter()
            .map(|(text, ParsedPairs { pairs, kept, .. })| PairBlock { pairs, text, kept })
            .collect();
        if blocks.is_empty() { Ok(()) } else { (self.take)(&blocks) }
    }
}

/// The contents of a block of text.
#[derive(Default)]
struct ParsedPairs {
    pairs: Vec<Pair>,
    kept: Vec<Span>,
    num_skipped: u64,
}
