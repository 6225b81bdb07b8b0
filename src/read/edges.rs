//! Edge lists: in any format, and as text: `source,target` rows, with or without a header, a weight and other columns.

use std::path::Path;

use crate::config::{EdgeFormat, Header, ReadConfig};
use crate::error::{Error, Result};
use crate::graph::{Graph, Mentions, NodeIds, Pair};
use crate::progress::Progress;
use crate::read::RowReader;
use crate::read::columns::{Columns, header_columns, weight};
#[cfg(feature = "graphml")]
use crate::read::graphml::read_graphml;
use crate::read::kinds::check_kinds;
use crate::read::lint;
use crate::read::listed::{Listed, check_count};
use crate::read::matrix_market::read_matrix_market;
#[cfg(feature = "npz")]
use crate::read::npz::read_npz;
#[cfg(feature = "parquet")]
use crate::read::parquet::read_parquet;
use crate::read::rows::Rows;
#[cfg(feature = "graphml")]
use crate::read::source::{Sizes, Source};

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
    watched_edge_list(path, config, &Progress::default())
}

/// Implements [`edge_list`]; `watch` counts the bytes of the file.
pub(super) fn watched_edge_list(path: &Path, config: &ReadConfig, watch: &Progress) -> Result<Graph> {
    let format = config.format.unwrap_or_else(|| EdgeFormat::of_path(path));
    check_flags(format, config)?;
    match format {
        EdgeFormat::Text => read_edges(RowReader::watched(path, watch)?, config),
        #[cfg(feature = "parquet")]
        EdgeFormat::Parquet => read_parquet(path, config, watch),
        EdgeFormat::MatrixMarket => read_matrix_market(RowReader::watched(path, watch)?, config),
        #[cfg(feature = "npz")]
        EdgeFormat::Npz => read_npz(path, config, watch),
        #[cfg(feature = "graphml")]
        EdgeFormat::GraphMl => read_graphml(Source::open(path, Sizes::USUAL, watch)?, config),
        #[cfg(not(feature = "parquet"))]
        EdgeFormat::Parquet => Err(not_built_in(path, "Parquet", "parquet")),
        #[cfg(not(feature = "npz"))]
        EdgeFormat::Npz => Err(not_built_in(path, "npz", "npz")),
        #[cfg(not(feature = "graphml"))]
        EdgeFormat::GraphMl => Err(not_built_in(path, "GraphML", "graphml")),
    }
}

/// Returns the error for a format that this build lacks.
#[cfg(not(all(feature = "parquet", feature = "npz", feature = "graphml")))]
fn not_built_in(path: &Path, format: &str, feature: &'static str) -> Error {
    crate::error::not_built_in(&format!("{}: the format {format}", path.display()), feature)
}

/// Refuses flags that mean nothing for the format.
fn check_flags(format: EdgeFormat, config: &ReadConfig) -> Result<()> {
    let clash = match format {
        _ if config.header != Header::Auto && format != EdgeFormat::Text => {
            "`read.header` says what the first row of a text is; this file is none"
        }
        EdgeFormat::MatrixMarket | EdgeFormat::Npz if config.weight_column.is_some() => {
            "`read.weight_column` names a column; a matrix has none: its values are the weights"
        }
        _ => return Ok(()),
    };
    Err(Error::Config(clash.into()))
}

pub(super) fn read_edges(mut reader: RowReader, config: &ReadConfig) -> Result<Graph> {
    let [Some(first), second] = reader.look_ahead()? else {
        return Err(reader.file_error("is empty; expected rows of source,target".into()));
    };
    lint::refuse(reader.text(), &first).map_err(|problem| reader.file_error(problem))?;
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
    notes.extend(lint::notes(&first, &columns, &pairs, config));
    let mut graph = Listed { nodes, pairs, weights }.graph("rows", config, reader.finish());
    graph.notes.extend(notes);
    Ok(graph)
}

/// The edges of a block of rows.
struct BlockOfEdges {
    /// Source and target of each row.
    mentions: Mentions,
    weights: Vec<f32>,
    /// The line of each row, in bipartite graphs only.
    lines: Vec<u64>,
    /// The first row that repeats the header.
    header: Option<u64>,
}
