//! Graphs as JSON: the node-link form of networkx and D3, the JSON Graph Format, and Cytoscape.js.

mod model;

use std::io::BufReader;

use hashbrown::HashSet;

use crate::config::ReadConfig;
use crate::error::Result;
use crate::graph::{Direction, Graph};
use crate::read::document::Document;
use crate::read::source::Source;
use crate::read::values::checked_weight;

use model::{Collection, Elements, Item, Object, Scalar};

type File = Collection<Object, Vec<Scalar>>;

/// Reads the nodes and edges of a JSON file. The ids are the `id` of the nodes, or their numbers from 0 if they have
/// none. The edge data named `weight`, or the name in `config`, is the weight. Without `directed`, the edges have
/// the directions that `config` asks for. O(file) memory.
///
/// # Errors
/// Returns [`crate::Error::Row`] for text that is not JSON; [`crate::Error::Input`] for JSON in another form, with
/// the command that converts it, and for the errors of [`Document::graph`].
pub(super) fn read_json_graph(mut source: Source, config: &ReadConfig) -> Result<Graph> {
    let fingerprint = source.fingerprint();
    let outcome: serde_json::Result<File> = serde_json::from_reader(BufReader::new(source.bytes()));
    let file = outcome.map_err(|error| {
        let line = error.line() as u64;
        match error.is_io() {
            true => source.read_error(error.into(), line.max(1)),
            false if error.to_string().starts_with("trailing characters") => {
                source.file_error(JSON_LINES.into())
            }
            false => source.error_at(line.max(1), format!("the JSON is damaged: {error}")),
        }
    })?;
    let mut document = Document::new(config, fingerprint);
    parts_of(file)
        .and_then(|parts| add(parts, &mut document, config))
        .map_err(|problem| source.file_error(problem))?;
    document.graph(source.finish())
}

const JSON_LINES: &str = "has a JSON value per line; expected one object with nodes and links; hint: `jq -r '[.source, \
                          .target] | @csv' FILE` makes source,target rows of such objects";

/// The nodes and edges of a file.
struct Parts {
    nodes: Vec<Item>,
    edges: Vec<Item>,
    direction: Option<Direction>,
}

/// Returns the nodes and edges, whatever form of the file holds them.
fn parts_of(file: File) -> std::result::Result<Parts, String> {
    let mut object = match file {
        File::Object(object) => object,
        File::List(items) if matches!(items.first(), Some(Scalar::List)) => {
            return Err("is a list of JSON lists; expected one object with nodes and links; hint: `jq -r '.[] | @csv' \
                        FILE` makes source,target rows of a list of pairs"
                .into());
        }
        File::List(_) => {
            return Err(
                "is a list of JSON objects; expected one object with nodes and links; hint: `jq -r '.[] | \
                        [.source, .target] | @csv' FILE` makes source,target rows of a list of edges, `jq -r \
                        '.[].edges[]? | [.s, .t] | @csv' FILE` of Cytoscape's CX"
                    .into(),
            );
        }
        File::Other => return Err("is a JSON value; expected an object with nodes and links".into()),
    };
    if object.adjacency.is_some() {
        return Err("is networkx adjacency data; expected nodes and links; hint: `jq -r '.nodes as $n | .adjacency | \
                    to_entries[] | $n[.key].id as $u | .value[] | [$u, .id] | @csv' FILE` makes source,target rows"
            .into());
    }
    let mut direction = object.directed.as_ref().and_then(Scalar::direction);
    if let Some(Collection::Object(graph)) = object.graph.take().map(|graph| *graph)
        && graph.edges.is_some()
    {
        // The JSON Graph Format has directed edges unless it says otherwise.
        direction = graph.directed.as_ref().and_then(Scalar::direction).or(Some(Direction::Directed));
        object = graph;
    }
    let (nodes, edges) = match (object.elements, object.links.or(object.edges)) {
        (Some(Collection::Object(Elements { nodes, edges })), _) => (with_data(nodes), with_data(edges)),
        (Some(Collection::List(items)), _) => {
            with_data(items).into_iter().partition(|item| item.get("source").is_none())
        }
        (_, Some(edges)) => {
            let nodes = match object.nodes {
                Collection::Object(nodes) => nodes.into_items(),
                Collection::List(nodes) => nodes,
                Collection::Other => Vec::new(),
            };
            (nodes, edges)
        }
        (_, None) if object.source.is_some() => return Err(JSON_LINES.into()),
        (_, None) => {
            return Err("has neither links nor edges; expected an object with nodes and links; hint: `jq -r \
                        'to_entries[] | .key as $u | .value[] | [$u, .] | @csv' FILE` makes source,target rows of an \
                        object with a list of neighbours for each node"
                .into());
        }
    };
    Ok(Parts { nodes, edges, direction })
}

fn with_data(items: Vec<Item>) -> Vec<Item> {
    items.into_iter().map(Item::data).collect()
}

/// Adds the nodes and edges.
fn add(parts: Parts, document: &mut Document, config: &ReadConfig) -> std::result::Result<(), String> {
    let Parts { nodes, edges, direction } = parts;
    let direction = direction.unwrap_or(Direction::from_config(config));
    let have_ids = nodes.iter().any(|node| node.get("id").is_some());
    let mut ids: Vec<String> = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        let id = match node.get("id") {
            Some(id) => id.id().map_err(|found| {
                format!("the id of node {} is {found}; expected text or a whole number", at + 1)
            })?,
            None if have_ids => return Err(format!("node {} has no id; expected one", at + 1)),
            None => at.to_string(),
        };
        let number = document.add_node(&id)?;
        for (name, value) in node.entries().filter(|(name, _)| *name != "id") {
            document.add_node_data(number, name, &value.text());
        }
        ids.push(id);
    }
    let known: HashSet<&str> = ids.iter().map(String::as_str).collect();
    // networkx 1 and D3 3 give the ends of links by the positions of the nodes.
    let is_position = |end: &str| end.parse::<usize>().is_ok_and(|at| at < ids.len());
    let ends: Vec<[String; 2]> =
        (1..).zip(&edges).map(|(at, edge)| ends_of(edge, at)).collect::<std::result::Result<_, _>>()?;
    let are_ids = nodes.is_empty() || ends.iter().flatten().all(|end| known.contains(end.as_str()));
    let are_positions = !are_ids && ends.iter().flatten().all(|end| is_position(end));
    for (edge, ends) in edges.iter().zip(&ends) {
        let [source, target] = match are_positions {
            true => ends.each_ref().map(|end| ids[end.parse::<usize>().unwrap_or_default()].as_str()),
            false => ends.each_ref().map(String::as_str),
        };
        if let Some(unknown) =
            [source, target].into_iter().find(|end| !nodes.is_empty() && !known.contains(end))
        {
            return Err(format!(
                "the link {source} – {target} names {unknown}, which is not a node; expected the id of one of the {} nodes",
                nodes.len()
            ));
        }
        let own = edge.get("directed").and_then(Scalar::direction);
        document.add_edge(source, target, own.unwrap_or(direction))?;
        for (name, value) in edge.entries() {
            if ["source", "target", "id", "directed"].contains(&name) {
                continue;
            }
            document.declare_edge_data(name);
            if document.is_weight(name) {
                let weight = value.number().ok_or_else(|| {
                    format!(
                        "the {name} of the link {source} – {target} is {}; expected a number above 0",
                        value.shown()
                    )
                })?;
                document.set_weight(checked_weight(weight)?);
            }
        }
    }
    Ok(())
}

/// Returns the source and target of link `at`, counted from 1.
fn ends_of(edge: &Item, at: usize) -> std::result::Result<[String; 2], String> {
    let end = |name: &str| {
        let value = edge.get(name).ok_or_else(|| format!("link {at} has no {name}; expected one"))?;
        value.id().map_err(|found| format!("the {name} of link {at} is {found}; expected the id of a node"))
    };
    Ok([end("source")?, end("target")?])
}
