//! Cytoscape's simple interaction format: a node, the type of its edges, and their targets on each line.

use crate::config::ReadConfig;
use crate::error::Result;
use crate::graph::{Direction, Graph};
use crate::read::RowReader;
use crate::read::document::Document;
use crate::read::fields::Separator;
use crate::read::listed::few_names;
use crate::read::source::Source;

/// The number of types of edges that are kept, more than a note lists.
const MAX_TYPES: usize = 10;

/// Reads lines such as `ann likes bob cid`, which is an edge from ann to bob and one to cid; a node alone on a line
/// has no edges there. Fields are separated by tabs if the beginning of the file has one, else by blanks. The types
/// of edges are not read, which a note says.
///
/// # Errors
/// Returns [`crate::Error::Row`] for a line with two fields; [`crate::Error::Input`] for a file without edges.
pub(super) fn read_sif(mut source: Source, config: &ReadConfig) -> Result<Graph> {
    let has_tab = source.beginning().0.contains(&b'\t');
    let separator = if has_tab { Separator::Byte(b'\t') } else { Separator::WhiteSpace };
    let mut document = Document::new(config, source.fingerprint());
    let mut reader = RowReader::from_source(source).with_separator(separator);
    // The format does not say if edges have directions.
    let direction = Direction::from_config(config);
    let mut types: Vec<String> = Vec::new();
    while reader.advance()? {
        let fields: Vec<&str> = reader.fields().filter(|field| !field.is_empty()).collect();
        let outcome = match fields.as_slice() {
            [] => Ok(()),
            [node] => document.add_node(node).map(|_| ()),
            [_, _] => Err(format!(
                "found 2 fields (separated by {}); expected a node, the type of its edges, and their targets, such as \
                 `ann likes bob`",
                separator.name()
            )),
            [node, kind, targets @ ..] => {
                if types.len() < MAX_TYPES && !types.iter().any(|known| known == kind) {
                    types.push(kind.to_string());
                }
                targets.iter().try_for_each(|target| document.add_edge(node, target, direction))
            }
        };
        outcome.map_err(|problem| reader.error(problem))?;
    }
    let comments = reader.comment_note();
    let mut graph = document.graph(reader.finish())?;
    graph.notes.push(format!("types of edges that are not read: {}", few_names(&types)));
    graph.notes.extend(comments);
    Ok(graph)
}
