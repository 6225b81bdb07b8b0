//! GEXF as Gephi and networkx write it: nodes, edges, and attributes of both.
//!
//! The format is described at <https://gexf.net>. Versions 1.1 to 1.3 differ in nothing that is read.

use hashbrown::HashMap;
use quick_xml::events::BytesStart;

use crate::config::ReadConfig;
use crate::error::Result;
use crate::graph::Graph;
use crate::read::source::Source;
use crate::read::xml::content::{Content, EdgeKind};
use crate::read::xml::{Elements, Outcome, Text, attribute, read_elements};

/// The name of the data that the attribute `label` of an element is.
const LABEL: &str = "label";
/// The name of the data that the attribute `weight` of an edge is.
const WEIGHT: &str = "weight";

/// Reads the nodes and edges of a GEXF file. The attribute `weight` of an edge is its weight, unless `config`
/// names another one; the node data that `config` names is the ids. A note names other data.
///
/// # Errors
/// Returns [`crate::Error::Row`] for malformed XML, for an unknown kind of edges and for a second graph;
/// [`crate::Error::Input`] for a file without edges, without the data that `config` names, or with edges
/// without a direction if `config` asks for directions.
pub(super) fn read_gexf(mut source: Source, config: &ReadConfig) -> Result<Graph> {
    let mut gexf = Gexf {
        content: Content::new(&source, config),
        titles: HashMap::new(),
        class: Class::Node,
        default: None,
    };
    // Gephi leaves out the weights that are 1.
    if gexf.content.is_weight(WEIGHT) {
        gexf.content.set_usual_weight(1.0);
    }
    read_elements(&mut source, &mut gexf)?;
    gexf.content.graph(source)
}

/// The content read so far.
struct Gexf<'a> {
    content: Content<'a>,
    /// The title of each attribute by its class and id.
    titles: HashMap<(Class, String), String>,
    /// The class of the attributes that are being declared.
    class: Class,
    /// What the default of the current attribute is if it is to be read.
    default: Option<Text>,
}

/// The class of an attribute. A node and an edge may have attributes with the same id.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Class {
    Node,
    Edge,
}

impl Elements for Gexf<'_> {
    const ROOT: &'static str = "gexf";

    fn open(&mut self, element: &BytesStart, depth: usize) -> Outcome<Option<Text>> {
        match element.local_name().into_inner() {
            "graph" => self.open_graph(element)?,
            "attributes" => {
                self.class = match attribute(element, "class")?.as_deref() {
                    Some("edge") => Class::Edge,
                    _ => Class::Node,
                };
            }
            "attribute" => self.open_attribute(element)?,
            "default" => return Ok(self.default),
            "node" => self.open_node(element, depth)?,
            "edge" => self.open_edge(element, depth)?,
            "attvalue" => self.add_value(element)?,
            _ => {}
        }
        Ok(None)
    }

    fn close(&mut self, depth: usize, text: Option<(Text, &str)>) -> Outcome<()> {
        if let Some((text, value)) = text {
            self.content.add(text, value)?;
        }
        self.content.close(depth)
    }

    fn has_graph(&self) -> bool {
        self.content.has_graph()
    }
}

impl Gexf<'_> {
    fn open_graph(&mut self, element: &BytesStart) -> Outcome<()> {
        self.content.check_first_graph()?;
        let kind = kind(element, "defaultedgetype")?.unwrap_or(EdgeKind::Undirected);
        self.content.open_graph(kind);
        Ok(())
    }

    fn open_attribute(&mut self, element: &BytesStart) -> Outcome<()> {
        self.default = None;
        let Some(id) = attribute(element, "id")? else { return Ok(()) };
        let title = attribute(element, "title")?.unwrap_or_else(|| id.clone());
        self.default = match self.class {
            Class::Edge if self.content.is_weight(&title) => Some(Text::DefaultWeight),
            Class::Node if self.content.names_nodes(&title) => {
                self.content.set_name_key(&title);
                Some(Text::DefaultName)
            }
            _ => None,
        };
        self.titles.insert((self.class, id), title);
        Ok(())
    }

    fn open_node(&mut self, element: &BytesStart, depth: usize) -> Outcome<()> {
        let id = attribute(element, "id")?.unwrap_or_default();
        self.content.open_node(&id, depth)?;
        match attribute(element, "label")? {
            // networkx repeats the id as the label of nodes without one.
            Some(label) if label != id || self.content.names_nodes(LABEL) => self.add(LABEL, &label),
            _ => Ok(()),
        }
    }

    fn open_edge(&mut self, element: &BytesStart, depth: usize) -> Outcome<()> {
        let source = attribute(element, "source")?.unwrap_or_default();
        let target = attribute(element, "target")?.unwrap_or_default();
        self.content.open_edge((&source, &target), kind(element, "type")?, depth)?;
        for name in [LABEL, WEIGHT] {
            if let Some(value) = attribute(element, name)? {
                self.add(name, &value)?;
            }
        }
        Ok(())
    }

    /// Adds the value of an attribute to the innermost node or edge.
    fn add_value(&mut self, element: &BytesStart) -> Outcome<()> {
        let class = match self.content.is_in_node() {
            Some(true) => Class::Node,
            Some(false) => Class::Edge,
            None => return Ok(()),
        };
        // Version 1.0 had `id` for what is `for` now.
        let Some(id) = attribute(element, "for")?.or(attribute(element, "id")?) else { return Ok(()) };
        let key = (class, id);
        let title = self.titles.get(&key).unwrap_or(&key.1).clone();
        self.add(&title, &attribute(element, "value")?.unwrap_or_default())
    }

    fn add(&mut self, name: &str, value: &str) -> Outcome<()> {
        match self.content.open_data(name) {
            Some(text) => self.content.add(text, value.trim()),
            None => Ok(()),
        }
    }
}

/// Returns the kind of edges in the attribute `name` of an element, if it has one.
fn kind(element: &BytesStart, name: &str) -> Outcome<Option<EdgeKind>> {
    match attribute(element, name)?.as_deref() {
        None => Ok(None),
        Some("undirected") => Ok(Some(EdgeKind::Undirected)),
        Some("directed") => Ok(Some(EdgeKind::Directed)),
        Some("mutual") => Ok(Some(EdgeKind::Mutual)),
        Some(found) => Err(format!("{name} is {found:?}; expected undirected, directed or mutual").into()),
    }
}
