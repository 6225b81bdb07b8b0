//! The LINQS form of citation graphs: `NAME.cites` (cited, citing) and `NAME.content` (id, words, class).

use std::path::{Path, PathBuf};

use crate::config::ReadConfig;
use crate::error::{Error, Result};
use crate::graph::{Direction, EdgeList, FeatureTable, Graph, LabelTable, NodeIds, Pair};
use crate::read::RowReader;
use crate::read::features::DenseRows;

/// Reads a directory with one `NAME.cites` and its `NAME.content`: edges, features and labels. Papers that
/// are cited and have no row in the content get features of zero, and are counted in a note. If `config` says
/// that edges have directions, they go from the citing paper, which stands second in a row, to the cited one.
///
/// # Errors
/// [`Error::Input`] for a directory without such a pair of files, [`Error::Row`] at a row that is not of the
/// form.
pub fn linqs(directory: &Path, config: &ReadConfig) -> Result<Graph> {
    let (cites, content) = find(directory)?;
    let (table, labels) = read_content(&content)?;
    let mut nodes = NodeIds::default();
    for id in table.nodes.iter() {
        nodes.intern(id);
    }

    let mut reader = RowReader::open(&cites)?;
    let mut pairs: Vec<Pair> = Vec::new();
    while reader.advance()? {
        if reader.len() != 2 {
            return Err(
                reader.error(format!("expected a cited and a citing paper, found {} columns", reader.len()))
            );
        }
        let (cited, citing) = (nodes.intern(reader.field(0)), nodes.intern(reader.field(1)));
        pairs.push((citing, cited));
    }
    let num_rows = pairs.len();
    let num_unknown = nodes.len() - table.nodes.len();
    let (edges, merged) = EdgeList::with_direction(Direction::of(config), nodes.len(), pairs, None);
    let mut graph = Graph { nodes, edges, inputs: vec![reader.finish()], ..Graph::default() };
    graph.notes.push(merged.note("citations", num_rows, &graph.edges));
    if num_unknown > 0 {
        graph.notes.push(format!(
            "papers without a row in the content file: {num_unknown}; their features are zero"
        ));
    }
    graph.with_labels(labels).with_features(FeatureTable { is_complete: false, ..table })
}

fn find(directory: &Path) -> Result<(PathBuf, PathBuf)> {
    let error = |problem: String| Error::Input { path: directory.to_path_buf(), problem };
    let entries = std::fs::read_dir(directory).map_err(|source| Error::io("read", directory, source))?;
    let mut cites: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "cites"))
        .collect();
    cites.sort();
    let cites = match cites.as_slice() {
        [] => {
            return Err(error(
                "holds neither edges.csv, edges.csv.gz nor NAME.cites; expected one of them".into(),
            ));
        }
        [one] => one.clone(),
        [one, two, ..] => {
            let names = format!("{} and {}", one.display(), two.display());
            return Err(error(format!("holds more than one graph ({names}); expected one NAME.cites")));
        }
    };
    let content = cites.with_extension("content");
    if !content.is_file() {
        return Err(error(format!("holds {} but not {}", cites.display(), content.display())));
    }
    Ok((cites, content))
}

fn read_content(path: &Path) -> Result<(FeatureTable, LabelTable)> {
    let mut reader = RowReader::open(path)?;
    let mut rows = DenseRows::default();
    let mut labels = Vec::new();
    let mut num_columns = 0;
    while reader.advance()? {
        if labels.is_empty() {
            num_columns = reader.len();
        }
        if reader.len() != num_columns || num_columns < 3 {
            let expected = if labels.is_empty() {
                "a paper, its words and its class".into()
            } else {
                format!("{num_columns} columns as in the first row")
            };
            return Err(reader.error(format!("expected {expected}, found {} columns", reader.len())));
        }
        rows.add(&reader, 1..num_columns - 1)?;
        labels.push((reader.field(0).to_string(), reader.field(num_columns - 1).to_string()));
    }
    if labels.is_empty() {
        return Err(reader.file_error("is empty; expected rows of a paper, its words and its class".into()));
    }
    let table = rows.finish(num_columns - 2, reader);
    let labels = LabelTable { rows: labels, input: table.input.clone() };
    Ok((table, labels))
}
