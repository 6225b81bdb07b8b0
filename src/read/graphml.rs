//! GraphML as networkx, igraph, Cytoscape, yEd and others write it.
//!
//! Written by hand on top of `quick-xml`: `petgraph-graphml` only writes the format, and this reader keeps
//! one element in memory at a time and names the line of a mistake.
//!
//! The format is that of Brandes et al. 2002, "GraphML progress report: structural layer proposal".

use hashbrown::HashMap;
use quick_xml::events::BytesStart;

use crate::config::ReadConfig;
use crate::error::Result;
use crate::graph::{Direction, Graph};
use crate::read::document::Document;
use crate::read::source::Source;
use crate::read::values::{MAX_FIELD_BYTES, parse_weight};
use crate::read::xml::{Elements, Step, attribute, read_elements};

/// The longest text of a weight, in bytes.
const MAX_WEIGHT_BYTES: usize = 1 << 10;
/// The name of the data in yEd's labels of nodes.
const LABEL: &str = "label";

/// Reads the nodes and edges of a GraphML file. The edge data named `weight`, or the name in `config`, is the
/// weight; node data can be the ids; other data is named in a note.
///
/// # Errors
/// Returns [`crate::Error::Row`] for malformed XML and for unsupported elements, such as hyperedges, nested
/// graphs and a second graph; [`crate::Error::Input`] for the errors of [`Document::graph`].
pub(super) fn read_graphml(mut source: Source, config: &ReadConfig) -> Result<Graph> {
    let mut file = GraphMl {
        document: Document::new(config, source.fingerprint()),
        keys: HashMap::new(),
        direction: None,
        place: Place::Outside,
        node_default: None,
        default_weight: None,
        weight: None,
        text: None,
    };
    read_elements(&mut source, &mut file)?;
    let error = source.file_errors();
    file.document.graph(source.finish()).map_err(error)
}

/// The content read so far.
struct GraphMl<'a> {
    document: Document<'a>,
    /// The name of the data of each key, which some programs declare for nodes and use in edges.
    keys: HashMap<String, Option<String>>,
    direction: Option<Direction>,
    place: Place,
    /// The name of nodes without the data that names nodes.
    node_default: Option<String>,
    /// The weight of edges without a weight of their own.
    default_weight: Option<f32>,
    /// The weight of the current edge.
    weight: Option<f32>,
    text: Option<Wanted>,
}

/// The element that contains the current one.
#[derive(Clone)]
enum Place {
    Outside,
    /// The key of data of this name.
    Key(String),
    Node(u32),
    Edge,
}

/// The text of the current element, which is wanted for this reason.
enum Wanted {
    Weight(String),
    /// The name of the data, and its text.
    Name(String, String),
}

impl Elements for GraphMl<'_> {
    const ROOT: &'static str = "graphml";

    fn open(&mut self, name: &str, element: &BytesStart) -> Step {
        match name {
            "key" => self.open_key(element)?,
            "graph" => self.open_graph(element)?,
            "node" => {
                let id = attribute(element, "id")?.unwrap_or_default();
                self.place = Place::Node(self.document.add_node(&id)?);
            }
            "edge" => self.open_edge(element)?,
            "hyperedge" => return Err("found a <hyperedge>; expected edges between two nodes".into()),
            "data" => self.open_data(element)?,
            "default" => {
                if let Place::Key(name) = &self.place {
                    self.text = self.wanted(name);
                }
            }
            // yEd draws a node in an element that contains its label.
            "NodeLabel" => {
                if let Place::Node(_) = self.place {
                    self.text = Some(Wanted::Name(LABEL.into(), String::new()));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Step {
        let (so_far, limit, what) = match &mut self.text {
            None => return Ok(()),
            Some(Wanted::Weight(so_far)) => (so_far, MAX_WEIGHT_BYTES, "weight"),
            Some(Wanted::Name(_, so_far)) => (so_far, MAX_FIELD_BYTES, "name of the node"),
        };
        so_far.push_str(text);
        match so_far.len() <= limit {
            true => Ok(()),
            false => {
                let expected = if what == "weight" { "a number" } else { "a shorter one" };
                Err(format!("the {what} has more than {limit} bytes; expected {expected}").into())
            }
        }
    }

    fn close(&mut self, name: &str) -> Step {
        match (self.text.take(), &self.place) {
            (None, _) | (_, Place::Outside) => {}
            (Some(Wanted::Weight(text)), Place::Edge) => self.weight = Some(parse_weight(text.trim())?),
            (Some(Wanted::Weight(text)), _) => self.default_weight = Some(parse_weight(text.trim())?),
            (Some(Wanted::Name(data, text)), Place::Node(node)) => {
                self.document.add_node_data(*node, &data, &text);
            }
            (Some(Wanted::Name(_, text)), _) => self.node_default = Some(text),
        }
        match name {
            "key" => self.place = Place::Outside,
            "node" => {
                if let (Place::Node(node), Some(name)) = (&self.place, &self.node_default) {
                    self.document.name_unnamed(*node, name);
                }
                self.place = Place::Outside;
            }
            "edge" => {
                if let Some(weight) = self.weight.take().or(self.default_weight) {
                    self.document.set_weight(weight);
                }
                self.place = Place::Outside;
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&self) -> Step {
        match self.direction {
            Some(_) => Ok(()),
            None => Err("the file has no <graph>; expected one".into()),
        }
    }
}

impl GraphMl<'_> {
    fn open_key(&mut self, element: &BytesStart) -> Step {
        let (id, name) = (attribute(element, "id")?, attribute(element, "attr.name")?);
        let subject = attribute(element, "for")?;
        if let Some(name) = &name {
            if self.document.is_weight(name) && self.direction.is_some() {
                return Err(format!("the key of {name:?} comes after the <graph>; expected it before").into());
            }
            // A default counts as data of the elements that the key is declared for.
            self.place = Place::Key(name.clone());
            if self.document.is_weight(name) && matches!(subject.as_deref(), None | Some("edge" | "all")) {
                self.document.declare_edge_data(name);
            }
        }
        if let Some(id) = id {
            self.keys.insert(id, name);
        }
        Ok(())
    }

    fn open_graph(&mut self, element: &BytesStart) -> Step {
        if self.direction.is_some() {
            return Err("found a second or nested <graph>; expected one".into());
        }
        self.direction = Some(match attribute(element, "edgedefault")?.as_deref() {
            Some("directed") => Direction::Directed,
            Some("undirected") => Direction::Undirected,
            found => {
                let found = found.map_or("missing".into(), |found| format!("{found:?}"));
                return Err(format!("edgedefault is {found}; expected directed or undirected").into());
            }
        });
        Ok(())
    }

    fn open_edge(&mut self, element: &BytesStart) -> Step {
        let Some(by_default) = self.direction else {
            return Err("found an <edge> outside a <graph>; expected it inside".into());
        };
        let direction = match attribute(element, "directed")?.as_deref() {
            None => by_default,
            Some("true") => Direction::Directed,
            Some("false") => Direction::Undirected,
            Some(found) => {
                return Err(format!("the edge has directed={found:?}; expected true or false").into());
            }
        };
        let end = |name: &str| attribute(element, name).map(Option::unwrap_or_default);
        self.document.add_edge(&end("source")?, &end("target")?, direction)?;
        self.place = Place::Edge;
        self.weight = None;
        Ok(())
    }

    fn open_data(&mut self, element: &BytesStart) -> Step {
        let id = attribute(element, "key")?.unwrap_or_default();
        let name = match self.keys.get(&id) {
            Some(Some(name)) => name.clone(),
            // yEd declares what it draws without a name.
            Some(None) => return Ok(()),
            None => id,
        };
        match self.place {
            Place::Edge => {
                self.document.declare_edge_data(&name);
                if self.document.is_weight(&name) {
                    self.text = Some(Wanted::Weight(String::new()));
                }
            }
            Place::Node(node) => match self.document.names_nodes(&name) {
                true => self.text = Some(Wanted::Name(name, String::new())),
                false => self.document.add_node_data(node, &name, ""),
            },
            Place::Outside | Place::Key(_) => {}
        }
        Ok(())
    }

    /// Returns the reason to keep the default of data of this name, if any.
    fn wanted(&self, name: &str) -> Option<Wanted> {
        match name {
            _ if self.document.is_weight(name) => Some(Wanted::Weight(String::new())),
            _ if self.document.names_nodes(name) => Some(Wanted::Name(name.into(), String::new())),
            _ => None,
        }
    }
}
