//! Reads edge lists: chooses the reader of the format, and reads those that are text, `source,target` rows
//! with or without a header, a weight and other columns.

use std::path::Path;

use hashbrown::HashMap;

use crate::config::{EdgeFormat, Header, ReadConfig};
use crate::error::{Error, Result};
use crate::graph::{Graph, Mentions, NodeIds, Pair};
use crate::progress::Progress;
use crate::read::RowReader;
use crate::read::columns::{Columns, weight};
#[cfg(feature = "graphml")]
use crate::read::gexf::read_gexf;
use crate::read::gml::read_gml;
#[cfg(feature = "graphml")]
use crate::read::graphml::read_graphml;
use crate::read::header::class;
use crate::read::json_graph::read_json_graph;
use crate::read::lint::{self, ReadRows};
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
/// the file extension, or by the first bytes: text (CSV, TSV or white-space separated, optionally gzipped),
/// Parquet, a Matrix Market or scipy sparse matrix, or one of the formats that list nodes and edges. Node ids
/// are any strings. Duplicates are merged, self-loops are dropped, and a note counts both; a reversed pair is a
/// duplicate unless `config` makes edges directed. The rows and columns of a matrix and the nodes listed in
/// GraphML are nodes even without edges.
///
/// # Errors
/// Returns [`Error::Io`] if the file cannot be read; [`Error::Row`] for a line that does not follow the
/// format, or has an empty id, a weight that is not a finite number above 0, or, in a bipartite graph, a node
/// that is both source and target; [`Error::Input`] for a file without edges or in another format;
/// [`Error::Config`] for a setting that does not apply to the format.
pub fn edge_list(path: &Path, config: &ReadConfig, progress: &Progress) -> Result<Graph> {
    let format = config.format.unwrap_or_else(|| EdgeFormat::from_path(path));
    if matches!(format, EdgeFormat::Parquet | EdgeFormat::Npz) {
        check_settings(format, config)?;
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
        _ => read_text(Source::open(path, Sizes::USUAL, progress)?, format, config),
    }
}

/// Reads a format that is text. Unless the settings or the extension name the format, it is recognised by the
/// first bytes.
fn read_text(mut source: Source, format: EdgeFormat, config: &ReadConfig) -> Result<Graph> {
    let (mut format, mut note, mut comments) = (format, None, String::new());
    if format == EdgeFormat::Text && config.format.is_none() {
        let (beginning, is_whole) = source.beginning();
        let beginning = Beginning::new(&beginning, is_whole);
        match beginning.format() {
            Some(found) => {
                format = found;
                note = Some(format!("the file was read as {}, which it begins like", found.name()));
            }
            None => {
                beginning.refuse_foreign().map_err(|problem| source.file_error(problem))?;
                comments = beginning.comments();
            }
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
            read_edges(RowReader::from_source(source), config, &comments)
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
    use EdgeFormat::{Gexf, Gml, GraphMl, Json, MatrixMarket, Npz, Pajek, Parquet, Sif, Text};
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
            format!(
                "`read.node_names` names data of listed nodes; this file is {name}, which lists only edges"
            ),
        ),
        MatrixMarket | Npz if config.weight_column.is_some() => (
            "read.weight_column",
            "`read.weight_column` names a column of a table; in a matrix, the values are the weights".into(),
        ),
        Pajek | Sif if config.weight_column.is_some() => (
            "read.weight_column",
            format!(
                "`read.weight_column` names a column of a table; this file is {name}, which has no names for weights"
            ),
        ),
        _ => return Ok(()),
    };
    Err(Error::config(setting, problem))
}

/// Reads the rows of an edge list as text. `comments` are the lines before the first row.
pub(super) fn read_edges(mut reader: RowReader, config: &ReadConfig, comments: &str) -> Result<Graph> {
    let rows = reader.look_ahead()?;
    let [Some(first), _] = &rows else {
        return Err(reader.file_error("is empty; expected rows of source,target".into()));
    };
    lint::refuse(first).map_err(|problem| reader.file_error(problem))?;
    let columns = Columns::find(&rows, config.header, config, |problem| reader.file_error(problem))?;
    let (node_columns, label) = (columns.pairs.nodes, columns.pairs.label());

    let mut nodes = NodeIds::default();
    let mentions = nodes.mentions();
    let mut pairs: Vec<Pair> = Vec::new();
    let mut weights = columns.weight.map(|_| Vec::new());
    let header = columns.pairs.header.as_ref();
    let header = header.map(|header| (header[node_columns.0].as_str(), header[node_columns.1].as_str()));
    if header.is_some() {
        reader.advance()?;
    }
    let mut lines: Vec<u64> = Vec::new();
    let mut second_header = None;
    let mut num_of_class = [0; 2];
    let start = || BlockOfEdges {
        mentions: mentions.clone(),
        weights: Vec::new(),
        lines: Vec::new(),
        header: None,
        num_of_class: [0; 2],
    };
    let parse = |rows: &mut Rows, block: &mut BlockOfEdges| {
        let (source, target) = rows.pair(node_columns)?;
        if header == Some((source, target)) {
            block.header.get_or_insert(rows.line_number());
        }
        let weight = columns.weight.map(|at| weight(rows, at)).transpose()?;
        columns.check_length(rows)?;
        if let Some(class) = label.filter(|&at| at < rows.len()).and_then(|at| class(rows.field(at))) {
            block.num_of_class[usize::from(class)] += 1;
        }
        block.mentions.push(source, rows.span(node_columns.0).start);
        block.mentions.push(target, rows.span(node_columns.1).start);
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
        for block in blocks.iter() {
            lines.extend_from_slice(&block.value.lines);
            second_header = second_header.or(block.value.header);
            (0..2).for_each(|class| num_of_class[class] += block.value.num_of_class[class]);
        }
        check_count(pairs.len(), fingerprint.num_bytes()).map_err(&file_error)
    })?;
    if pairs.is_empty() {
        return Err(reader.file_error("has a header and no rows; expected rows of source,target".into()));
    }

    if config.bipartite {
        check_kinds(&pairs, &lines, &nodes, &reader)?;
    }
    let mut notes: Vec<String> = reader.comment_note().into_iter().collect();
    let num_of_class =
        Some(num_of_class).filter(|num_of_class| num_of_class.iter().sum::<usize>() == pairs.len());
    let rows =
        ReadRows { columns: &columns, pairs: &pairs, nodes: &nodes, comments, second_header, num_of_class };
    notes.extend(rows.notes(config));
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
    /// The numbers of rows with 0 and with 1 in the column that may tell links from non-links.
    num_of_class: [usize; 2],
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
