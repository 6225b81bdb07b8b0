//! Reads edge lists: chooses the reader of the format, and reads those that are text, `source,target` rows
//! with or without a header, a weight and other columns.

use std::path::Path;

use hashbrown::HashMap;

use crate::config::{EdgeFormat, Header, ReadConfig};
use crate::error::{Error, Result};
use crate::graph::{Graph, Mentions, NodeIds, Pair};
use crate::progress::Progress;
use crate::read::RowReader;
use crate::read::columns::{Columns, header_columns, weight};
#[cfg(feature = "graphml")]
use crate::read::gexf::read_gexf;
use crate::read::gml::read_gml;
#[cfg(feature = "graphml")]
use crate::read::graphml::read_graphml;
use crate::read::json_graph::read_json_graph;
use crate::read::lint;
use crate::read::listed::{ListedEdges, check_count};
use crate::read::matrix_market::read_matrix_market;
#[cfg(feature = "npz")]
use crate::read::npz::read_npz;
use crate::read::pajek::read_pajek;
#[cfg(feature = "parquet")]
use crate::read::parquet::read_parquet;
use crate::read::recognise::Beginning;
use crate::read::rows::Rows;
use crate::read::sif::read_sif;
use crate::read::source::{Sizes, Source};

/// Reads an edge list from `path`, or from stdin for `-`. The format is that of `config`, or else given by
/// the file extension: text (CSV, TSV or white-space separated, optionally gzipped), Parquet, a Matrix Market
/// or scipy sparse matrix, or GraphML. Node ids are any strings. Duplicates are merged, self-loops are
/// dropped, and a note counts both; a reversed pair is a duplicate unless `config` makes edges directed. The
/// rows and columns of a matrix and the nodes listed in GraphML are nodes even without edges.
///
/// # Errors
/// Returns [`Error::Io`] if the file cannot be read; [`Error::Row`] for a line that does not follow the
/// format, or has an empty id, a weight that is not a finite number above 0, or, in a bipartite graph, a node
/// that is both source and target; [`Error::Input`] for a file without edges or in another format;
/// [`Error::Config`] for a setting that does not apply to the format.
pub fn edge_list(path: &Path, config: &ReadConfig, progress: &Progress) -> Result<Graph> {
    let format = config.format.unwrap_or_else(|| EdgeFormat::from_path(path));
    match format {
        EdgeFormat::Parquet | EdgeFormat::Npz => check_settings(format, config)?,
        _ => return read_text(Source::open(path, Sizes::USUAL, progress)?, format, config),
    }
    match format {
        #[cfg(feature = "parquet")]
        EdgeFormat::Parquet => read_parquet(path, config, progress),
        #[cfg(feature = "npz")]
        EdgeFormat::Npz => read_npz(path, config, progress),
        #[cfg(not(feature = "parquet"))]
        EdgeFormat::Parquet => Err(not_built_in(path, "Parquet", "parquet")),
        #[cfg(not(feature = "npz"))]
        EdgeFormat::Npz => Err(not_built_in(path, "npz", "npz")),
        _ => unreachable!("formats of text are read above"),
    }
}

/// Reads a format that is text. Unless the settings or the extension name the format, it is recognised by the
/// first bytes.
fn read_text(mut source: Source, format: EdgeFormat, config: &ReadConfig) -> Result<Graph> {
    let (mut format, mut note) = (format, None);
    if format == EdgeFormat::Text && config.format.is_none() {
        let (beginning, is_whole) = source.beginning();
        let beginning = Beginning::new(&beginning, is_whole);
        match beginning.format() {
            Some(found) => {
                format = found;
                note = Some(format!("the file was read as {}, which it begins like", found.name()));
            }
            None => beginning.refuse_foreign().map_err(|problem| source.file_error(problem))?,
        }
    }
    check_settings(format, config)?;
    let mut graph = match format {
        EdgeFormat::MatrixMarket => read_matrix_market(RowReader::from_source(source), config),
        EdgeFormat::Gml => read_gml(source, config),
        EdgeFormat::Pajek => read_pajek(source, config),
        EdgeFormat::Sif => read_sif(source, config),
        EdgeFormat::Json => read_json_graph(source, config),
        #[cfg(feature = "graphml")]
        EdgeFormat::GraphMl => read_graphml(source, config),
        #[cfg(feature = "graphml")]
        EdgeFormat::Gexf => read_gexf(source, config),
        #[cfg(not(feature = "graphml"))]
        EdgeFormat::GraphMl | EdgeFormat::Gexf => Err(not_built_in(source.path(), format.name(), "graphml")),
        EdgeFormat::Text | EdgeFormat::Parquet | EdgeFormat::Npz => {
            read_edges(RowReader::from_source(source), config)
        }
    }?;
    graph.notes.extend(note);
    Ok(graph)
}

/// Returns the error for a format that this build lacks.
#[cfg(not(all(feature = "parquet", feature = "npz", feature = "graphml")))]
fn not_built_in(path: &Path, format: &str, feature: &'static str) -> Error {
    Error::not_built_in(&format!("{}: the format {format}", path.display()), feature)
}

/// Refuses settings that do not apply to the format.
fn check_settings(format: EdgeFormat, config: &ReadConfig) -> Result<()> {
    use EdgeFormat::{GraphMl, Gexf, Gml, Json, MatrixMarket, Npz, Pajek, Parquet, Sif, Text};
    let name = format.name();
    let (setting, problem) = match format {
        _ if config.header != Header::Auto && format != Text => (
            "read.header",
            format!("`read.header` applies to rows of text, such as CSV; this file is {name}"),
        ),
        _ if config.source.is_some() && !matches!(format, Text | Parquet) => {
            ("read.source", format!("`read.source` names a column of a table; this file is {name}"))
        }
        _ if config.target.is_some() && !matches!(format, Text | Parquet) => {
            ("read.target", format!("`read.target` names a column of a table; this file is {name}"))
        }
        _ if config.node_names.is_some() && !matches!(format, GraphMl | Gexf | Gml | Json | Pajek) => (
            "read.node_names",
            format!("`read.node_names` names data of listed nodes; this file is {name}, which lists only edges"),
        ),
        MatrixMarket | Npz if config.weight_column.is_some() => (
            "read.weight_column",
            "`read.weight_column` names a column of a table; in a matrix, the values are the weights".into(),
        ),
        Pajek | Sif if config.weight_column.is_some() => (
            "read.weight_column",
            format!("`read.weight_column` names a column of a table; this file is {name}, which has no names for weights"),
        ),
        _ => return Ok(()),
    };
    Err(Error::config(setting, problem))
}

/// Reads the rows of an edge list as text.
pub(super) fn read_edges(mut reader: RowReader, config: &ReadConfig) -> Result<Graph> {
    let [Some(first), second] = reader.look_ahead()? else {
        return Err(reader.file_error("is empty; expected rows of source,target".into()));
    };
    lint::refuse(&first).map_err(|problem| reader.file_error(problem))?;
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
    let (fingerprint, file_error) = (reader.fingerprint(), reader.file_errors());
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
        check_count(pairs.len(), fingerprint.num_bytes()).map_err(&file_error)
    })?;
    if pairs.is_empty() {
        return Err(reader.file_error("has a header and no rows; expected rows of source,target".into()));
    }

    if config.bipartite {
        check_kinds(&pairs, &lines, &nodes, &reader)?;
    }
    let mut notes: Vec<String> = reader.comment_note().into_iter().collect();
    notes.extend(
        second_header.map(|line| {
            format!("line {line} repeats the header ({}) and was read as an edge", first.join(","))
        }),
    );
    notes.extend(lint::notes(&first, &columns, &pairs, config));
    let mut graph = ListedEdges { nodes, pairs, weights }.graph("rows", config, reader.finish());
    graph.notes.extend(notes);
    Ok(graph)
}

/// The edges of a block of rows.
struct BlockOfEdges {
    /// The source and target of each row.
    mentions: Mentions,
    weights: Vec<f32>,
    /// The line of each row; empty unless the graph is bipartite.
    lines: Vec<u64>,
    /// The line of the first row that repeats the header.
    header: Option<u64>,
}

/// Checks that no node is both a source and a target of `pairs`, whose line numbers are `lines`. O(m) time.
///
/// # Errors
/// Returns [`Error::Row`] for the first row with a node that was in the other column before.
fn check_kinds(pairs: &[Pair], lines: &[u64], nodes: &NodeIds, reader: &RowReader) -> Result<()> {
    // The column and the line in which each node occurs first.
    let mut first: HashMap<u32, (&str, u64)> = HashMap::new();
    for (&(source, target), &line) in pairs.iter().zip(lines) {
        for (node, column) in [(source, "source"), (target, "target")] {
            let &mut (known, known_line) = first.entry(node).or_insert((column, line));
            if known == column {
                continue;
            }
            let node = nodes.id(node);
            let before = match known_line == line {
                true => "on this line".into(),
                false => format!("on line {known_line}"),
            };
            return Err(reader.error_at(
                line,
                format!(
                    "node {node} is both a source and a target ({known} {before}); expected two kinds \
                     of nodes with `read.bipartite`; hint: give the ids of one kind a prefix"
                ),
            ));
        }
    }
    Ok(())
}
