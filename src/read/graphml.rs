//! GraphML as networkx, igraph, Gephi, Cytoscape and yEd write it: nodes, edges, and data of both.
//!
//! Written by hand on top of `quick-xml`: `petgraph-graphml` only writes the format, and this reader keeps
//! one element in memory at a time and names the line of a mistake.
//!
//! The format is that of Brandes et al. 2002, "GraphML progress report: structural layer proposal".

use hashbrown::HashMap;
use quick_xml::events::BytesStart;

use crate::config::ReadConfig;
use crate::error::Result;
use crate::graph::Graph;
use crate::read::source::Source;
use crate::read::xml::content::{Content, EdgeKind};
use crate::read::xml::{Elements, Outcome, Text, attribute, read_elements};

/// The name of the node data that yEd writes as the label of a drawing.
const LABEL: &str = "label";

/// Reads the nodes and edges of a GraphML file. The edge data named `weight`, or the name in `config`, is the
/// weight; the node data that `config` names is the ids. A note names other data.
///
/// # Errors
/// Returns [`crate::Error::Row`] for malformed XML and for unsupported elements, such as hyperedges, nested
/// graphs and a second graph; [`crate::Error::Input`] for a file without edges, without the data that
/// `config` names, or without directions if `config` asks for them.
pub(super) fn read_graphml(mut source: Source, config: &ReadConfig) -> Result<Graph> {
    let mut graphml = GraphMl {
        content: Content::new(&source, config),
        keys: HashMap::new(),
        default_kind: None,
        default: None,
        data_depth: None,
        has_edges: false,
    };
    read_elements(&mut source, &mut graphml)?;
    let is_undirected = graphml.has_edges && graphml.default_kind == Some(EdgeKind::Undirected);
    // In a bipartite graph, the order of the nodes is no direction.
    if is_undirected && config.directed && !config.bipartite {
        let problem = "has edgedefault=\"undirected\"; `read.directed` expects a file with directed edges";
        return Err(source.file_error(problem.into()));
    }
    graphml.content.graph(source)
}

/// The content read so far.
struct GraphMl<'a> {
    content: Content<'a>,
    /// The name of the data of each key; `None` if the data is a drawing.
    keys: HashMap<String, Option<String>>,
    /// The `edgedefault` of the graph.
    default_kind: Option<EdgeKind>,
    /// What the default of the current key is if it is to be read.
    default: Option<Text>,
    /// The depth of the element of data that is open.
    data_depth: Option<usize>,
    has_edges: bool,
}

impl Elements for GraphMl<'_> {
    const ROOT: &'static str = "graphml";

    fn open(&mut self, element: &BytesStart, depth: usize) -> Outcome<Option<Text>> {
        let name = element.local_name().into_inner();
        match name {
            "NodeLabel" if self.data_depth.is_some() && self.content.is_in_node() == Some(true) => {
                return Ok(self.content.open_data(LABEL));
            }
            _ if self.data_depth.is_some() => {}
            "key" => self.open_key(element)?,
            "default" => return Ok(self.default),
            "graph" => self.open_graph(element)?,
            "node" => self.content.open_node(&attribute(element, "id")?.unwrap_or_default(), depth)?,
            "edge" => self.open_edge(element, depth)?,
            "hyperedge" => {
                return Err("found a <hyperedge>; expected edges between two nodes".to_string().into());
            }
            "data" => {
                self.data_depth = Some(depth);
                // The data of a port is inside its node, but not the node's.
                if self.content.subject_depth() == Some(depth - 1) {
                    return self.open_data(element);
                }
            }
            _ => {}
        }
        Ok(None)
    }

    fn close(&mut self, depth: usize, text: Option<(Text, &str)>) -> Outcome<()> {
        if let Some((text, value)) = text {
            self.content.add(text, value)?;
        }
        match self.data_depth {
            Some(data_depth) if data_depth == depth => self.data_depth = None,
            Some(_) => {}
            None => self.content.close(depth)?,
        }
        Ok(())
    }

    fn has_graph(&self) -> bool {
        self.content.has_graph()
    }
}

impl GraphMl<'_> {
    fn open_key(&mut self, element: &BytesStart) -> Outcome<()> {
        self.default = None;
        let Some(id) = attribute(element, "id")? else { return Ok(()) };
        let name = match attribute(element, "attr.name")? {
            Some(name) => name,
            None if attribute(element, "yfiles.type")?.is_some() => {
                self.keys.insert(id, None);
                return Ok(());
            }
            None => id.clone(),
        };
        let is_wanted = |name: &str| self.content.is_weight(name) || self.content.names_nodes(name);
        // Some programs give the id `weight` to a key with a longer name, such as `Edge Weight`.
        let name = if !is_wanted(&name) && is_wanted(&id) { id.clone() } else { name };
        if is_wanted(&name) && self.content.has_graph() {
            return Err(format!("the key of {name:?} comes after the <graph>; expected it before").into());
        }
        // Cytoscape declares the data of edges as that of nodes. What is declared only matters for defaults.
        let subject = attribute(element, "for")?;
        self.default = match subject.as_deref() {
            None | Some("edge" | "all") if self.content.is_weight(&name) => Some(Text::DefaultWeight),
            None | Some("node" | "all") if self.content.names_nodes(&name) => {
                self.content.set_name_key(&name);
                Some(Text::DefaultName)
            }
            _ => None,
        };
        self.keys.insert(id, Some(name));
        Ok(())
    }

    fn open_graph(&mut self, element: &BytesStart) -> Outcome<()> {
        self.content.check_first_graph()?;
        let kind = match attribute(element, "edgedefault")?.as_deref() {
            Some("directed") => EdgeKind::Directed,
            Some("undirected") => EdgeKind::Undirected,
            found => {
                let found = found.map_or("missing".into(), |found| format!("{found:?}"));
                return Err(format!("edgedefault is {found}; expected directed or undirected").into());
            }
        };
        self.default_kind = Some(kind);
        self.content.open_graph(kind);
        Ok(())
    }

    fn open_edge(&mut self, element: &BytesStart, depth: usize) -> Outcome<()> {
        let source = attribute(element, "source")?.unwrap_or_default();
        let target = attribute(element, "target")?.unwrap_or_default();
        self.content.open_edge((&source, &target), None, depth)?;
        self.has_edges = true;
        let own = attribute(element, "directed")?;
        let is_same = match own.as_deref() {
            None => true,
            Some("true" | "1") => self.default_kind == Some(EdgeKind::Directed),
            Some("false" | "0") => self.default_kind == Some(EdgeKind::Undirected),
            Some(_) => false,
        };
        match is_same {
            true => Ok(()),
            false => {
                let own = own.unwrap_or_default();
                let problem =
                    format!("the edge has directed={own:?}; expected every edge to follow edgedefault");
                Err(problem.into())
            }
        }
    }

    fn open_data(&mut self, element: &BytesStart) -> Outcome<Option<Text>> {
        let Some(key) = attribute(element, "key")? else { return Ok(None) };
        match self.keys.get(&key) {
            Some(None) => Ok(None),
            Some(Some(name)) => Ok(self.content.open_data(name)),
            None => Ok(self.content.open_data(&key)),
        }
    }
}
