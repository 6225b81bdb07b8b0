//! Edge lists: in any format, and as text: `source,target` rows, with or without a header, a weight and other columns.

use std::path::Path;

use crate::config::{EdgeFormat, Header, ReadConfig};
use crate::error::{Error, Result};
use crate::graph::{Graph, Mentions, NodeIds, Pair};
use crate::progress::Watch;
use crate::read::doubts;
use crate::read::graphml::read_graphml;
use crate::read::kinds::check_kinds;
use crate::read::listed::{Listed, check_count};
use crate::read::matrix_market::read_matrix_market;
use crate::read::npz::read_npz;
use crate::read::parquet::read_parquet;
use crate::read::rows::Rows;
use crate::read::source::{Sizes, Source};
use crate::read::{RowReader, parse_finite, parse_weight};

/// Pairs of column names that mark a first row as a header, in lower case.
const USUAL_NAMES: [(&str, &str); 17] = [
    ("source", "target"),
    ("src", "dst"),
    ("src", "dest"),
    ("from", "to"),
    ("from_id", "to_id"),
    ("from_node", "to_node"),
    ("fromnodeid", "tonodeid"),
    ("origin", "dest"),
    ("origin", "destination"),
    ("user_id", "friend_id"),
    ("user", "item"),
    ("user_id", "item_id"),
    ("u", "v"),
    ("node1", "node2"),
    ("node_1", "node_2"),
    ("id1", "id2"),
    ("head", "tail"),
];

/// Reads an edge list, `-` for stdin, in the format that `config` or else the end of the name says: text (CSV, TSV or
/// white-space separated, maybe gzipped), columns of Parquet, a matrix as Matrix Market or scipy write it, or GraphML.
/// Node ids are any strings. Duplicates and self-loops are merged or dropped, and noted; a reversed pair is a duplicate
/// unless `config` says that edges have directions. The rows and columns of a matrix, and the nodes that GraphML lists,
/// are nodes even where they are in no edge.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read, [`Error::Row`] at a line that is not as the format asks, has an empty id,
/// a weight that is not a finite number above 0 or a node of both kinds of a bipartite graph, [`Error::Input`] for a file without edges and for one that is not of
/// its format, [`Error::Config`] if `config` asks for something that the format does not know.
pub fn edge_list(path: &Path, config: &ReadConfig) -> Result<Graph> {
    watched_edge_list(path, config, &Watch::default())
}

/// As [`edge_list`], where `watch` sees the bytes of the file.
pub(super) fn watched_edge_list(path: &Path, config: &ReadConfig, watch: &Watch) -> Result<Graph> {
    let format = config.format.unwrap_or_else(|| EdgeFormat::of_path(path));
    check_flags(format, config)?;
    match format {
        EdgeFormat::Text => read_edges(RowReader::watched(path, watch)?, config),
        EdgeFormat::Parquet => read_parquet(path, config, watch),
        EdgeFormat::MatrixMarket => read_matrix_market(RowReader::watched(path, watch)?, config),
        EdgeFormat::Npz => read_npz(path, config, watch),
        EdgeFormat::GraphMl => read_graphml(Source::open(path, Sizes::USUAL, watch)?, config),
    }
}

/// Refuses flags that mean nothing for the format.
fn check_flags(format: EdgeFormat, config: &ReadConfig) -> Result<()> {
    let clash = match format {
        _ if config.header != Header::Auto && format != EdgeFormat::Text => {
            "--header says what the first row of a text is; this file is none"
        }
        EdgeFormat::MatrixMarket | EdgeFormat::Npz if config.weights.is_some() => {
            "--weights names a column; a matrix has none: its values are the weights"
        }
        _ => return Ok(()),
    };
    Err(Error::Config(clash.into()))
}

pub(super) fn read_edges(mut reader: RowReader, config: &ReadConfig) -> Result<Graph> {
    let [Some(first), second] = reader.look_ahead()? else {
        return Err(reader.file_error("is empty; expected rows of source,target".into()));
    };
    doubts::refuse(reader.text(), &first).map_err(|problem| reader.file_error(problem))?;
    let is_header = match config.header {
        Header::Yes => true,
        Header::No => false,
        Header::Auto => header_columns(&first, second.as_deref()).is_some(),
    };
    let columns = Columns::find(&first, is_header, config, |problem| reader.file_error(problem))?;

    let mut nodes = NodeIds::default();
    let mentions = nodes.mentions();
    let mut pairs: Vec<Pair> = Vec::new();
    let mut weights = columns.weight.map(|_| Vec::new());
    if is_header {
        reader.advance()?;
    }
    let mut lines: Vec<u64> = Vec::new();
    let mut second_header = None;
    let start =
        || BlockOfEdges { mentions: mentions.clone(), weights: Vec::new(), lines: Vec::new(), header: None };
    let parse = |rows: &mut Rows, block: &mut BlockOfEdges| {
        let (source, target) = rows.pair(columns.nodes)?;
        if is_header && source == first[columns.nodes.0] && target == first[columns.nodes.1] {
            block.header.get_or_insert(rows.line_number());
        }
        let weight = columns.weight.map(|at| weight(rows, at)).transpose()?;
        columns.check_length(rows)?;
        block.mentions.push(source, rows.span(columns.nodes.0).start);
        block.mentions.push(target, rows.span(columns.nodes.1).start);
        block.weights.extend(weight);
        block.lines.extend(config.bipartite.then(|| rows.line_number()));
        Ok(())
    };
    let (bytes_read, file_error) = (reader.bytes_read(), reader.file_errors());
    reader.parse_blocks(start, parse, |blocks| {
        let texts: Vec<_> = blocks.iter().map(|block| (block.rows.text(), &block.value.mentions)).collect();
        for numbers in nodes.intern_all(&texts) {
            pairs.extend(numbers.as_chunks().0.iter().map(|&[source, target]| (source, target)));
        }
        if let Some(weights) = &mut weights {
            blocks.iter().for_each(|block| weights.extend_from_slice(&block.value.weights));
        }
        blocks.iter().for_each(|block| lines.extend_from_slice(&block.value.lines));
        second_header = second_header.or(blocks.iter().find_map(|block| block.value.header));
        check_count(pairs.len(), bytes_read.count()).map_err(&file_error)
    })?;
    if pairs.is_empty() {
        return Err(reader.file_error("has a header and no rows; expected rows of source,target".into()));
    }

    if config.bipartite {
        check_kinds(&pairs, &lines, &nodes, &reader)?;
    }
    let mut notes: Vec<String> = reader.comment_note().into_iter().collect();
    notes.extend(second_header.map(|line| {
        format!(
            "line {line} has the words of the header ({}) once more: they were read as an edge",
            first.join(",")
        )
    }));
    notes.extend(doubts::notes(&first, &columns, &pairs, config));
    let mut graph = Listed { nodes, pairs, weights }.graph("rows", config, reader.finish());
    graph.notes.extend(notes);
    Ok(graph)
}

/// What a block of rows names.
struct BlockOfEdges {
    /// Source and target of each row.
    mentions: Mentions,
    weights: Vec<f32>,
    /// Of each row, of a bipartite graph.
    lines: Vec<u64>,
    /// The first row that has the words of the header.
    header: Option<u64>,
}

/// Which columns are read.
pub(super) struct Columns {
    /// How many the first row has.
    count: usize,
    /// Those of source and target.
    pub(super) nodes: (usize, usize),
    pub(super) weight: Option<usize>,
    /// Whether the first row names them.
    pub(super) has_header: bool,
}

impl Columns {
    /// Those that `config`, the names in `first`, or else their order say; `error` is what a problem makes.
    pub(super) fn find(
        first: &[String],
        is_header: bool,
        config: &ReadConfig,
        error: impl Fn(String) -> Error,
    ) -> Result<Self> {
        let named = |name: &str| {
            let matches = |field: &String| field.eq_ignore_ascii_case(name);
            if is_header { first.iter().position(matches) } else { None }
        };
        let nodes = usual_columns(first).filter(|_| is_header).unwrap_or((0, 1));
        let weight = match &config.weights {
            None => named("weight"),
            Some(wanted) => match (named(wanted), wanted.parse::<usize>()) {
                (Some(at), _) => Some(at),
                (None, Ok(number)) if (1..=first.len()).contains(&number) => Some(number - 1),
                _ => {
                    let problem = format!(
                        "has no column {wanted:?}, which --weights names; expected a header or a number from 1 \
                         among the columns {}",
                        first.join(",")
                    );
                    return Err(error(problem));
                }
            },
        };
        if weight == Some(nodes.0) || weight == Some(nodes.1) {
            let problem = "--weights names a node column; expected a column beside source and target".into();
            return Err(error(problem));
        }
        Ok(Columns { count: first.len(), nodes, weight, has_header: is_header })
    }

    /// A name with a comma that is not quoted, or a list of neighbours, would otherwise make an edge that nobody meant.
    fn check_length(&self, reader: &Rows) -> Result<()> {
        if !self.has_header && reader.len() < self.count {
            let (expected, found) = (self.count, reader.len());
            return Err(reader.error(format!(
                "expected {expected} columns as in the first row, found {found}; hint: a node with a list of neighbours must be \
                 written as a row for each of them"
            )));
        }
        if (self.count..reader.len()).all(|at| reader.field(at).is_empty()) {
            return Ok(());
        }
        let (expected, found) = (self.count, reader.len());
        Err(reader.error(format!(
            "expected {expected} columns as in the first row, found {found}; hint: put double quotes around names \
             that hold the separator"
        )))
    }
}

/// The number above 0 in column `at`.
pub(super) fn weight(reader: &Rows, at: usize) -> Result<f32> {
    if at >= reader.len() {
        let (column, found) = (at + 1, reader.len());
        return Err(reader.error(format!("expected a weight in column {column}, found {found} columns")));
    }
    let text = reader.field(at);
    parse_weight(text).map_err(|problem| reader.error(problem))
}

/// The columns of source and target if the `first` row, above the `second`, is a header.
pub(crate) fn header_columns(first: &[String], second: Option<&[String]>) -> Option<(usize, usize)> {
    usual_columns(first).or_else(|| is_numeric_below(first, second).then_some((0, 1)))
}

/// The columns that a usual pair of names in `header` marks as source and target.
pub(super) fn usual_columns(header: &[String]) -> Option<(usize, usize)> {
    let position = |name: &str| header.iter().position(|field| field.eq_ignore_ascii_case(name));
    USUAL_NAMES.iter().find_map(|(source, target)| Some((position(source)?, position(target)?)))
}

/// Whether a first row's two nodes are no numbers where those of the `second` row are: it is a header then.
fn is_numeric_below(first: &[String], second: Option<&[String]>) -> bool {
    let are_two = |row: &[String], are_numbers: bool| {
        row.len() >= 2 && row[..2].iter().all(|field| parse_finite(field).is_ok() == are_numbers)
    };
    are_two(first, false) && second.is_some_and(|second| are_two(second, true))
}
