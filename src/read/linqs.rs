//! Citation graphs in the LINQS format: `NAME.cites` (cited, citing) and `NAME.content` (id, words, class).

use std::path::{Path, PathBuf};

use crate::config::ReadConfig;
use crate::error::{Error, Result};
use crate::graph::{Direction, EdgeList, FeatureTable, Graph, LabelTable, NodeIds, Pair};
use crate::progress::Progress;
use crate::read::RowReader;
use crate::read::feature_rows::{BlockOfRows, FeatureRows};
use crate::read::odd_ids;
use crate::read::rows::Rows;

/// Reads edges, features and labels from a directory with one `NAME.cites` and its `NAME.content`. Papers
/// without a row in the content file get features of zero, and a note counts them. If `config` makes edges
/// directed, they go from the citing paper, the second in a row, to the cited one.
///
/// # Examples
/// ```
/// use vgae::progress::Progress;
/// use vgae::{config::ReadConfig, read};
///
/// let directory = tempfile::tempdir().unwrap();
/// std::fs::write(directory.path().join("papers.content"), "a 1 0 Theory\nb 0 1 Practice\n").unwrap();
/// std::fs::write(directory.path().join("papers.cites"), "a b\n").unwrap();
/// let graph = read::linqs(directory.path(), &ReadConfig::default(), &Progress::default())?;
/// assert_eq!((graph.edges.len(), graph.labels.unwrap()[0].as_str()), (1, "Theory"));
/// # Ok::<(), vgae::Error>(())
/// ```
///
/// # Errors
/// Returns [`Error::Input`] for a directory without such a pair of files, and [`Error::Row`] for a row that
/// does not follow the format.
pub fn linqs(directory: &Path, config: &ReadConfig, progress: &Progress) -> Result<Graph> {
    let (cites, content) = find(directory)?;
    let (table, labels) = read_content(&content, progress)?;
    let mut nodes = NodeIds::default();
    for id in table.nodes.iter() {
        nodes.intern(id);
    }

    let mut reader = RowReader::open(&cites, progress)?;
    let mut pairs: Vec<Pair> = Vec::new();
    while reader.advance()? {
        if reader.len() != 2 {
            return Err(reader.error(format!(
                "expected a cited and a citing paper, found {}",
                count_of_columns(reader.len())
            )));
        }
        let (cited, citing) = reader.pair((0, 1))?;
        let (cited, citing) = (nodes.intern(cited), nodes.intern(citing));
        pairs.push((citing, cited));
    }
    let num_rows = pairs.len();
    let (edges, merged) = EdgeList::with_direction(Direction::from_config(config), nodes.len(), pairs, None);
    let mut graph = Graph { nodes, edges, inputs: vec![reader.finish()], ..Graph::default() };
    graph.notes.push(merged.note("citations", num_rows, &graph.edges));
    graph.notes.extend(odd_ids::notes(&graph.nodes, &graph.edges));
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
                "contains none of edges.csv, edges.csv.gz and NAME.cites; expected one of them".into(),
            ));
        }
        [one] => one.clone(),
        [one, two, ..] => {
            let names = format!("{} and {}", one.display(), two.display());
            return Err(error(format!("contains more than one graph ({names}); expected one NAME.cites")));
        }
    };
    let content = cites.with_extension("content");
    if !content.is_file() {
        return Err(error(format!("contains {} but not {}", cites.display(), content.display())));
    }
    Ok((cites, content))
}

/// Formats a number of columns, as in `1 column`.
fn count_of_columns(num_columns: usize) -> String {
    format!("{num_columns} column{}", if num_columns == 1 { "" } else { "s" })
}

fn read_content(path: &Path, progress: &Progress) -> Result<(FeatureTable, LabelTable)> {
    let mut reader = RowReader::open(path, progress)?;
    let [Some(first), _] = reader.look_ahead()? else {
        return Err(reader.file_error("is empty; expected rows of a paper, its words and its class".into()));
    };
    let num_columns = first.len();
    let mut table = FeatureRows::default();
    let mut labels = Vec::new();
    let empty = (table.block(), Vec::new());
    let parse = |rows: &mut Rows, (block, labels): &mut (BlockOfRows, Vec<(String, String)>)| {
        if rows.len() != num_columns || num_columns < 3 {
            let expected = match num_columns < 3 {
                true => "a paper, its words and its class".into(),
                false => format!("{num_columns} columns as in the first row"),
            };
            return Err(rows.error(format!("expected {expected}, found {}", count_of_columns(rows.len()))));
        }
        labels.push((rows.field(0).to_string(), rows.field(num_columns - 1).to_string()));
        block.add(rows, 1..num_columns - 1)
    };
    let width = num_columns.saturating_sub(2);
    reader.parse_blocks(
        || empty.clone(),
        parse,
        |blocks| {
            blocks.iter_mut().for_each(|block| labels.append(&mut block.value.1));
            table.extend(blocks, |(block, _)| block, width)
        },
    )?;
    let table = table.finish(width, reader.finish());
    let labels = LabelTable { rows: labels, input: table.input.clone() };
    Ok((table, labels))
}
