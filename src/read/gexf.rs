//! GEXF as Gephi and networkx write it, versions 1.1 to 1.3.
//!
//! The format is that of the Gephi consortium, "GEXF file format", <https://gexf.net>.

use hashbrown::HashMap;
use quick_xml::events::BytesStart;

use crate::config::ReadConfig;
use crate::error::Result;
use crate::graph::{Direction, Graph};
use crate::read::document::Document;
use crate::read::source::Source;
use crate::read::values::parse_weight;
use crate::read::xml::{Elements, Step, attribute, read_elements};

/// Reads the nodes and edges of a GEXF file. The `label` of a node and the attributes of nodes and edges are data
/// under their titles. The edge data named `weight`, or the name in `config`, is the weight; it is 1 where it is
/// missing. A mutual edge is two edges if `config` keeps directions, otherwise one.
///
/// # Errors
/// Returns [`crate::Error::Row`] for malformed XML and values; [`crate::Error::Input`] for the errors of
/// [`Document::graph`].
pub(super) fn read_gexf(mut source: Source, config: &ReadConfig) -> Result<Graph> {
    let mut document = Document::new(config, source.fingerprint());
    document.set_default_weight(1.0);
    let mut file = Gexf {
        document,
        kind: None,
        titles: HashMap::new(),
        class: Class::Node,
        nodes: Vec::new(),
        edge: None,
    };
    read_elements(&mut source, &mut file)?;
    let error = source.file_errors();
    file.document.graph(source.finish()).map_err(error)
}

/// The content read so far.
struct Gexf<'a> {
    document: Document<'a>,
    /// The kind of edges that do not say theirs; `None` before the graph.
    kind: Option<Kind>,
    /// The titles of attributes.
    titles: HashMap<(Class, String), String>,
    /// The elements whose attributes are declared.
    class: Class,
    /// The current node and those that contain it.
    nodes: Vec<u32>,
    edge: Option<Edge>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Class {
    Node,
    Edge,
}

#[derive(Clone, Copy)]
enum Kind {
    Directed,
    Undirected,
    Mutual,
}

/// The current edge.
struct Edge {
    source: String,
    target: String,
    kind: Kind,
    weight: Option<f32>,
}

impl Elements for Gexf<'_> {
    const ROOT: &'static str = "gexf";

    fn open(&mut self, name: &str, element: &BytesStart) -> Step {
        match name {
            "graph" => {
                if self.kind.is_some() {
                    return Err("found a second or nested <graph>; expected one".into());
                }
                let kind = attribute(element, "defaultedgetype")?;
                self.kind = Some(kind.map_or(Ok(Kind::Undirected), |kind| kind_of(&kind))?);
            }
            "attributes" => {
                let class = attribute(element, "class")?;
                self.class = if class.as_deref() == Some("edge") { Class::Edge } else { Class::Node };
            }
            "attribute" => {
                if let (Some(id), Some(title)) = (attribute(element, "id")?, attribute(element, "title")?) {
                    self.titles.insert((self.class, id), title);
                }
            }
            "node" => {
                let id = attribute(element, "id")?.unwrap_or_default();
                let node = self.document.add_node(&id)?;
                if let Some(label) = attribute(element, "label")? {
                    self.document.add_node_data(node, "label", &label);
                }
                self.nodes.push(node);
            }
            "edge" => self.open_edge(element)?,
            "attvalue" => self.open_value(element)?,
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, _: &str) -> Step {
        Ok(())
    }

    fn close(&mut self, name: &str) -> Step {
        match name {
            "node" => {
                self.nodes.pop();
            }
            "edge" => {
                if let Some(edge) = self.edge.take() {
                    self.add(&edge)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&self) -> Step {
        match self.kind {
            Some(_) => Ok(()),
            None => Err("the file has no <graph>; expected one".into()),
        }
    }
}

impl Gexf<'_> {
    fn open_edge(&mut self, element: &BytesStart) -> Step {
        let Some(by_default) = self.kind else {
            return Err("found an <edge> outside a <graph>; expected it inside".into());
        };
        let kind = attribute(element, "type")?;
        let end = |name: &str| attribute(element, name).map(Option::unwrap_or_default);
        self.edge = Some(Edge {
            source: end("source")?,
            target: end("target")?,
            kind: kind.map_or(Ok(by_default), |kind| kind_of(&kind))?,
            weight: None,
        });
        for name in ["weight", "label"] {
            if let Some(value) = attribute(element, name)? {
                self.add_edge_data(name, &value)?;
            }
        }
        Ok(())
    }

    /// Takes the value of an attribute of the current node or edge.
    fn open_value(&mut self, element: &BytesStart) -> Step {
        let id = match attribute(element, "for")? {
            Some(id) => id,
            // Version 1.0 had another name for it.
            None => attribute(element, "id")?.unwrap_or_default(),
        };
        let value = attribute(element, "value")?.unwrap_or_default();
        let class = if self.edge.is_some() { Class::Edge } else { Class::Node };
        let title = self.titles.get(&(class, id.clone())).cloned().unwrap_or(id);
        match (class, self.nodes.last()) {
            (Class::Edge, _) => self.add_edge_data(&title, &value)?,
            (Class::Node, Some(&node)) => self.document.add_node_data(node, &title, &value),
            (Class::Node, None) => {}
        }
        Ok(())
    }

    fn add_edge_data(&mut self, name: &str, value: &str) -> Step {
        self.document.declare_edge_data(name);
        if let (true, Some(edge)) = (self.document.is_weight(name), &mut self.edge) {
            edge.weight = Some(parse_weight(value.trim())?);
        }
        Ok(())
    }

    fn add(&mut self, edge: &Edge) -> Step {
        let Edge { source, target, kind, weight } = edge;
        let ends = [(source, target), (target, source)];
        let (ends, direction) = match kind {
            Kind::Directed => (&ends[..1], Direction::Directed),
            Kind::Undirected => (&ends[..1], Direction::Undirected),
            Kind::Mutual if self.document.keeps_directions() => (&ends[..], Direction::Directed),
            Kind::Mutual => (&ends[..1], Direction::Undirected),
        };
        for (source, target) in ends {
            self.document.add_edge(source, target, direction)?;
            if let Some(weight) = weight {
                self.document.set_weight(*weight);
            }
        }
        Ok(())
    }
}

fn kind_of(text: &str) -> Step<Kind> {
    match text {
        "directed" => Ok(Kind::Directed),
        "undirected" => Ok(Kind::Undirected),
        "mutual" => Ok(Kind::Mutual),
        _ => Err(format!("the type of edges is {text:?}; expected directed, undirected or mutual").into()),
    }
}
