//! Readers: edge lists, features, labels and pairs from the formats of other programs. Uses `config`,
//! `error`, `graph` and `progress`.
//!
//! Every file is read once. Text is read in blocks of whole lines, may be gzipped, and is UTF-8. The blocks of edge lists and of
//! dense features are parsed on all threads, while further ones are read and hashed; what is read does not depend on
//! the number of threads, and ids are numbered in the order of their first appearance.
//!
//! # Examples
//! ```
//! use vgae::config::ReadConfig;
//! use vgae::read::{self, PairReader, Unknown};
//!
//! let directory = tempfile::tempdir().unwrap();
//! let path = |name: &str, text: &str| {
//!     let path = directory.path().join(name);
//!     std::fs::write(&path, text).map(|()| path).unwrap()
//! };
//! let edges = path("edges.csv", "source,target\nann,bob\nbob,cid\n");
//! let graph = read::edge_list(&edges, &ReadConfig::default())?;
//! assert_eq!((graph.num_nodes(), graph.edges.len()), (3, 2));
//! let features = path("features.csv", "node,age,height\nann,3,1\nbob,4,1\ncid,5,1\n");
//! assert_eq!(read::features(&features)?.matrix.cols(), 2);
//! // The directory of both.
//! let graph = read::data(directory.path(), &ReadConfig::default())?;
//! assert!(graph.features().is_some() && !read::has_rows_alone(directory.path()));
//! assert_eq!(read::rows(&features)?.num_nodes(), 3);
//! assert_eq!(read::data_name("links.tsv.gz".as_ref()), "links");
//!
//! let pairs = path("pairs.csv", "cid,ann\ncid,dan\n");
//! let reader = PairReader::open(&pairs, &graph.nodes, Unknown::Skip)?;
//! assert_eq!(reader.read_all()?, (vec![(2, 0)], 1));
//! assert_eq!(read::node_list(&path("nodes.txt", "bob\n"), &graph.nodes)?, [1]);
//! # Ok::<(), vgae::Error>(())
//! ```

mod columns;
mod edges;
mod feature_rows;
mod features;
mod fingerprint;
#[cfg(feature = "graphml")]
mod graphml;
mod kinds;
mod linqs;
mod lint;
mod listed;
mod magic;
mod matrix_market;
mod not_text;
#[cfg(feature = "npz")]
mod npy;
#[cfg(feature = "npz")]
mod npz;
mod number;
mod own_csv;
mod pairs;
#[cfg(feature = "parquet")]
mod parquet;
mod quotes;
mod raw;
mod reader;
mod regular;
mod rows;
mod source;

use std::path::{Path, PathBuf};

use hashbrown::HashMap;

use crate::config::{EdgeFormat, FeatureSource, ReadConfig};
use crate::error::{Error, Result};
use crate::graph::{EdgeList, Graph, LabelTable};
use crate::progress::Progress;

pub(crate) use columns::header_columns;
pub use edges::edge_list;
pub use features::features;
pub use linqs::linqs;
pub(crate) use number::{parse_finite, parse_weight};
pub(crate) use own_csv::{csv_error, read_csv, read_records};
pub use pairs::{Columns, PairBlock, PairReader, Unknown, node_list};
pub(crate) use reader::RowReader;
pub(crate) use regular::{check_directory, check_file};

/// Reads what `path` is: an edge-list file (see [`edge_list`]), a directory with `NAME.cites` and `NAME.content`, a directory
/// with `edges.csv` and maybe `features.csv` and `labels.csv` (each may end in `.gz`), or `-` for an edge
/// list on stdin. What each is for a bipartite graph, [`Graph::bipartite`] says.
///
/// # Errors
/// [`Error::Io`], [`Error::Row`] and [`Error::Input`] say which file and line is not what it should be;
/// [`Error::MissingFeatures`] names a node without features.
pub fn data(path: &Path, config: &ReadConfig) -> Result<Graph> {
    data_watched(path, config, &Progress::default())
}

/// Reads like [`data`]; `watch` shows the current file and counts its bytes.
///
/// # Errors
/// Returns the errors of [`data`].
pub fn data_watched(path: &Path, config: &ReadConfig, watch: &Progress) -> Result<Graph> {
    // The column of a node tells its kind.
    let config = &ReadConfig { directed: config.directed || config.bipartite, ..config.clone() };
    if let (true, Some(_)) = (path.is_dir(), config.format) {
        return Err(Error::Config(format!("`read.format` is of a file; {} is a directory", path.display())));
    }
    let mut graph = match path.is_dir() {
        true => directory(path, config, watch)?,
        false => edges::watched_edge_list(path, config, watch)?,
    };
    match &config.features {
        FeatureSource::Auto => {}
        FeatureSource::None => graph = graph.without_features(),
        FeatureSource::File(file) => graph = graph.with_features(features::watched_features(file, watch)?)?,
    }
    if graph.edges.is_empty() {
        let problem = "no edges, self-loops not counted; expected rows of source,target".to_string();
        return Err(Error::Input { path: path.to_path_buf(), problem });
    }
    let in_file = |problem: String| Error::Input { path: path.to_path_buf(), problem };
    if config.bipartite { graph.bipartite().map_err(in_file) } else { Ok(graph) }
}

/// Reads what `path` is for a model of feature rows alone, a graph without edges: a file of features, or a directory
/// with a `features.csv`.
///
/// # Errors
/// Returns the errors of [`features`].
pub fn rows(path: &Path) -> Result<Graph> {
    rows_watched(path, &Progress::default())
}

/// Reads like [`rows`]; `watch` counts the bytes of the file.
///
/// # Errors
/// Returns the errors of [`rows`].
pub fn rows_watched(path: &Path, watch: &Progress) -> Result<Graph> {
    let file = if path.is_dir() { only_csv_in(path, "features")? } else { None };
    let table = features::watched_features(file.as_deref().unwrap_or(path), watch)?;
    let edges = EdgeList::new(table.nodes.len(), Vec::new(), None).0;
    Ok(Graph {
        nodes: table.nodes,
        edges,
        features: Some(table.matrix),
        inputs: vec![table.input],
        ..Graph::default()
    })
}

/// Returns `true` if a model of feature rows can read `path` without edges: it is a text file, or a directory with a
/// `features.csv` and no `edges.csv`.
pub fn has_rows_alone(path: &Path) -> bool {
    (!path.is_dir() && EdgeFormat::of_path(path) == EdgeFormat::Text)
        || (csvs_in(path, "features").next().is_some() && csvs_in(path, "edges").next().is_none())
}

/// A short name for the data at `path`: the directory's or the file's, without `.csv`, `.parquet`, `.gz`, …; for
/// an `edges.csv`, its directory's.
pub fn data_name(path: &Path) -> String {
    if path == Path::new("-") {
        return "stdin".into();
    }
    let full = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let name = full.file_name().map_or_else(|| "graph".into(), |name| name.to_string_lossy().into_owned());
    if full.is_dir() {
        return name;
    }
    // Many a directory has its edges.csv: the directory's name tells more.
    let parent = full.parent().and_then(|parent| parent.file_name());
    if let (true, Some(parent)) = (name.starts_with("edges."), parent) {
        return parent.to_string_lossy().into_owned();
    }
    let mut stem = name.as_str();
    let ends =
        [".gz", ".csv", ".tsv", ".txt", ".edges", ".cites", ".parquet", ".pq", ".mtx", ".npz", ".graphml"];
    for end in ends {
        let kept = stem.len().checked_sub(end.len()).and_then(|at| stem.split_at_checked(at));
        stem = kept.filter(|(_, ending)| ending.eq_ignore_ascii_case(end)).map_or(stem, |(kept, _)| kept);
    }
    if stem.is_empty() { name } else { stem.to_string() }
}

fn directory(path: &Path, config: &ReadConfig, watch: &Progress) -> Result<Graph> {
    let Some(edges) = only_csv_in(path, "edges")? else {
        return linqs::watched_linqs(path, config, watch);
    };
    let mut graph = edges::watched_edge_list(&edges, config, watch)?;
    if let Some(file) = only_csv_in(path, "labels")? {
        graph = graph.with_labels(labels(&file, watch)?);
    }
    // Nodes that only the features name belong to the graph even if the features are not used.
    let file = only_csv_in(path, "features")?;
    if let (Some(file), false) = (file, matches!(config.features, FeatureSource::File(_))) {
        graph = graph.with_features(features::watched_features(&file, watch)?)?;
    }
    Ok(graph)
}

/// Returns the file of that name; an error if it exists gzipped as well, as the two may differ.
fn only_csv_in(directory: &Path, name: &str) -> Result<Option<PathBuf>> {
    let mut files = csvs_in(directory, name);
    match (files.next(), files.next()) {
        (Some(_), Some(_)) => {
            let problem = format!("holds both {name}.csv and {name}.csv.gz; expected one of them");
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

/// Reads `node,label` rows, with or without that header.
fn labels(path: &Path, watch: &Progress) -> Result<LabelTable> {
    let mut reader = RowReader::watched(path, watch)?;
    let mut rows = Vec::new();
    let mut lines = HashMap::new();
    while reader.advance()? {
        if reader.len() < 2 {
            return Err(reader.error(format!("expected node,label, found {} column", reader.len())));
        }
        if rows.is_empty() && reader.field(0).eq_ignore_ascii_case("node") {
            continue;
        }
        if reader.field(0).is_empty() {
            return Err(reader.error("the node id is empty; expected node,label".into()));
        }
        let (node, label) = (reader.field(0), reader.field(1));
        if let Some(line) = lines.insert(node.to_string(), reader.line_number()) {
            return Err(reader.error(format!("the node {node} has a label already, in line {line}")));
        }
        rows.push((node.to_string(), label.to_string()));
    }
    Ok(LabelTable { rows, input: reader.finish() })
}

#[cfg(test)]
mod tests;
