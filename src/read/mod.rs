//! Readers: edge lists, features, labels and pairs from the formats of other programs. Uses `config`,
//! `error`, `graph` and `progress`.
//!
//! Every file is read once. Text must be UTF-8 and may be gzipped. It is read in blocks of whole lines; the
//! blocks of edge lists and dense features are parsed on all threads while the next ones are read and hashed.
//! The result does not depend on the number of threads. Ids are numbered in the order of their first
//! appearance.
//!
//! # Examples
//! ```
//! use vgae::config::{NodeColumns, ReadConfig};
//! use vgae::progress::Progress;
//! use vgae::read::{self, PairReader, Unknown};
//!
//! let directory = tempfile::tempdir().unwrap();
//! let path = |name: &str, text: &str| {
//!     let path = directory.path().join(name);
//!     std::fs::write(&path, text).map(|()| path).unwrap()
//! };
//! let edges = path("edges.csv", "source,target\nann,bob\nbob,cid\n");
//! let graph = read::edge_list(&edges, &ReadConfig::default(), &Progress::default())?;
//! assert_eq!((graph.num_nodes(), graph.edges.len()), (3, 2));
//! let features = path("features.csv", "node,age,height\nann,3,1\nbob,4,1\ncid,5,1\n");
//! assert_eq!(read::features(&features, &Progress::default())?.matrix.cols(), 2);
//! // The directory contains both.
//! let graph = read::data(directory.path(), &ReadConfig::default(), &Progress::default())?;
//! assert!(graph.features().is_some() && !read::has_rows_alone(directory.path()));
//! assert_eq!(read::rows(&features, &Progress::default())?.num_nodes(), 3);
//! assert_eq!(read::data_name("links.tsv.gz".as_ref()), "links");
//!
//! let pairs = path("pairs.csv", "cid,ann\ncid,dan\n");
//! let reader = PairReader::open(&pairs, &NodeColumns::default(), &graph.nodes, Unknown::Skip, &Progress::default())?;
//! assert_eq!(reader.read_all()?, (vec![(2, 0)], 1));
//! assert_eq!(read::node_list(&path("nodes.txt", "bob\n"), &graph.nodes)?, [1]);
//! # Ok::<(), vgae::Error>(())
//! ```

mod columns;
mod document;
mod edges;
mod feature_rows;
mod features;
mod fields;
mod foreign;
#[cfg(feature = "graphml")]
mod gexf;
mod gml;
#[cfg(feature = "graphml")]
mod graphml;
mod header;
mod json_graph;
mod linqs;
mod lint;
mod listed;
mod matrix_market;
mod negative_lists;
mod not_text;
mod npy;
#[cfg(feature = "npz")]
mod npz;
mod odd_ids;
mod own_files;
mod pairs;
mod pajek;
#[cfg(feature = "parquet")]
mod parquet;
mod problem;
mod raw;
mod reader;
mod recognise;
mod rows;
mod sif;
mod source;
mod values;
#[cfg(feature = "graphml")]
mod xml;

use std::path::{Path, PathBuf};

use hashbrown::HashMap;

use crate::config::{EdgeFormat, FeatureSource, ReadConfig};
use crate::error::{Error, Result};
use crate::graph::{EdgeList, Graph, LabelTable};
use crate::progress::Progress;

pub(crate) use columns::PairColumns;
pub use edges::edge_list;
pub use features::features;
pub(crate) use header::class;
pub use linqs::linqs;
pub(crate) use negative_lists::{for_each_negative, link_column};
pub use negative_lists::{is_array, negative_array};
pub(crate) use own_files::{check_directory, check_file, csv_error, read_csv, read_records};
pub use pairs::{Columns, LabelledPairs, PairBlock, PairReader, Unknown, node_list};
pub(crate) use reader::RowReader;
pub(crate) use values::parse_finite;

/// Reads a graph from `path`: a file with an edge list (see [`edge_list`]), `-` for an edge list on stdin, a
/// directory with `edges.csv` and optionally `features.csv` and `labels.csv` (each may end in `.gz`), or a
/// directory with `NAME.cites` and `NAME.content` (see [`linqs`]). If `config` makes the graph bipartite,
/// [`Graph::bipartite`] converts it. `progress` shows the current file and counts its bytes.
///
/// # Errors
/// Returns [`Error::Io`], [`Error::Row`] or [`Error::Input`], which name the file and, if possible, the line
/// that cannot be read; [`Error::Config`] for a setting that does not apply to `path`;
/// [`Error::MissingFeatures`], which names a node without features.
pub fn data(path: &Path, config: &ReadConfig, progress: &Progress) -> Result<Graph> {
    // A bipartite graph is read with directions, because the column of a node determines its kind.
    let config = &ReadConfig { directed: config.directed || config.bipartite, ..config.clone() };
    if let (true, Some(_)) = (path.is_dir(), config.format) {
        let problem = format!("`read.format` applies to a file; {} is a directory", path.display());
        return Err(Error::config("read.format", problem));
    }
    let mut graph = match path.is_dir() {
        true => directory(path, config, progress)?,
        false => edge_list(path, config, progress)?,
    };
    match &config.features {
        FeatureSource::Auto => {}
        FeatureSource::None => graph = graph.without_features(),
        FeatureSource::File(file) => graph = graph.with_features(features(file, progress)?)?,
    }
    if graph.edges.is_empty() {
        let problem = "has no edges (self-loops do not count); expected rows of source,target".to_string();
        return Err(Error::Input { path: path.to_path_buf(), problem });
    }
    let not_bipartite = |source| Error::NotBipartite { path: path.to_path_buf(), source };
    if config.bipartite { graph.bipartite().map_err(not_bipartite) } else { Ok(graph) }
}

/// Reads a graph without edges, for a model of feature rows alone, from `path`: a file of features, or a
/// directory with a `features.csv`. `progress` counts the bytes of the file.
///
/// # Errors
/// Returns the errors of [`features`].
pub fn rows(path: &Path, progress: &Progress) -> Result<Graph> {
    let file = if path.is_dir() { only_csv_in(path, "features")? } else { None };
    let table = features(file.as_deref().unwrap_or(path), progress)?;
    let edges = EdgeList::new(table.nodes.len(), Vec::new(), None).0;
    Ok(Graph {
        nodes: table.nodes,
        edges,
        features: Some(table.matrix),
        inputs: vec![table.input],
        ..Graph::default()
    })
}

/// Returns `true` if [`rows`] can read `path`: it is a text file, or a directory with a `features.csv` and no
/// `edges.csv`.
pub fn has_rows_alone(path: &Path) -> bool {
    (!path.is_dir() && EdgeFormat::from_path(path) == EdgeFormat::Text)
        || (csvs_in(path, "features").next().is_some() && csvs_in(path, "edges").next().is_none())
}

/// Returns a short name for the data at `path`: the name of the directory, or of the file without `.csv`,
/// `.parquet`, `.gz`, …. An `edges.csv` is named after its directory.
pub fn data_name(path: &Path) -> String {
    if path == Path::new("-") {
        return "stdin".into();
    }
    let full = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let name = full.file_name().map_or_else(|| "graph".into(), |name| name.to_string_lossy().into_owned());
    if full.is_dir() {
        return name;
    }
    // Many directories have an edges.csv, so the name of the directory says more.
    let parent = full.parent().and_then(|parent| parent.file_name());
    if let (true, Some(parent)) = (name.starts_with("edges."), parent) {
        return parent.to_string_lossy().into_owned();
    }
    let mut stem = name.as_str();
    let ends = [
        ".gz", ".csv", ".tsv", ".txt", ".edges", ".cites", ".parquet", ".pq", ".mtx", ".npz", ".graphml",
        ".gexf", ".gml", ".net", ".paj", ".sif", ".json",
    ];
    for end in ends {
        let kept = stem.len().checked_sub(end.len()).and_then(|at| stem.split_at_checked(at));
        stem = kept.filter(|(_, ending)| ending.eq_ignore_ascii_case(end)).map_or(stem, |(kept, _)| kept);
    }
    if stem.is_empty() { name } else { stem.to_string() }
}

/// Reads a directory of either form.
fn directory(path: &Path, config: &ReadConfig, progress: &Progress) -> Result<Graph> {
    let Some(edges) = only_csv_in(path, "edges")? else {
        return linqs(path, config, progress);
    };
    let mut graph = edge_list(&edges, config, progress)?;
    if let Some(file) = only_csv_in(path, "labels")? {
        graph = graph.with_labels(labels(&file, progress)?);
    }
    // Nodes that occur only in the features belong to the graph even if the features are not used.
    let file = only_csv_in(path, "features")?;
    if let (Some(file), false) = (file, matches!(config.features, FeatureSource::File(_))) {
        graph = graph.with_features(features(&file, progress)?)?;
    }
    Ok(graph)
}

/// Returns `NAME.csv` or `NAME.csv.gz`, whichever exists. If both exist, they may differ, which is an error.
fn only_csv_in(directory: &Path, name: &str) -> Result<Option<PathBuf>> {
    let mut files = csvs_in(directory, name);
    match (files.next(), files.next()) {
        (Some(_), Some(_)) => {
            let problem = format!("contains both {name}.csv and {name}.csv.gz; expected one of them");
            Err(Error::Input { path: directory.to_path_buf(), problem })
        }
        (first, _) => Ok(first),
    }
}

fn csvs_in(directory: &Path, name: &str) -> impl Iterator<Item = PathBuf> {
    [".csv", ".csv.gz"]
        .into_iter()
        .map(move |end| directory.join(format!("{name}{end}")))
        .filter(|file| file.is_file())
}

/// Reads `node,label` rows. A header with such names says which columns they are.
fn labels(path: &Path, progress: &Progress) -> Result<LabelTable> {
    let mut reader = RowReader::open(path, progress)?;
    let first = reader.look_ahead()?[0].take().unwrap_or_default();
    let (node_column, label_column) = match (header::id_column(&first), header::class_column(&first)) {
        (Some(node), Some(label)) => {
            reader.advance()?;
            (node, label)
        }
        _ => (0, 1),
    };
    let mut rows = Vec::new();
    let mut lines = HashMap::new();
    while reader.advance()? {
        if reader.len() <= node_column.max(label_column) {
            return Err(reader.error(format!("expected node,label, found {} column", reader.len())));
        }
        let (node, label) = (reader.field(node_column), reader.field(label_column));
        if rows.is_empty() && node_column == 0 && node.eq_ignore_ascii_case("node") {
            continue;
        }
        if node.is_empty() {
            return Err(reader.error("the node id is empty; expected node,label".into()));
        }
        if let Some(line) = lines.insert(node.to_string(), reader.line_number()) {
            return Err(reader.error(format!("node {node} has a second label; its first is on line {line}")));
        }
        rows.push((node.to_string(), label.to_string()));
    }
    Ok(LabelTable { rows, input: reader.finish() })
}

#[cfg(test)]
mod tests;
