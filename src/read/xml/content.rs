//! The nodes and edges of an XML file, whose data are elements inside their own.

use crate::config::ReadConfig;
use crate::graph::{Direction, Graph};
use crate::read::document::Document;
use crate::read::source::Source;
use crate::read::values::parse_weight;
use crate::read::xml::{Outcome, Text};

/// The kind of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::read) enum EdgeKind {
    Undirected,
    Directed,
    /// From the source to the target and back.
    Mutual,
}

/// The nodes and edges read so far.
pub(in crate::read) struct Content<'a> {
    config: &'a ReadConfig,
    document: Document<'a>,
    /// The kind of the edges that do not say theirs; `None` before the graph.
    default_kind: Option<EdgeKind>,
    /// The nodes and edges whose elements are open, the innermost last.
    subjects: Vec<Subject>,
    default_weight: Option<f32>,
    default_name: Option<String>,
    /// The name of the node data that names the nodes, as the file writes it.
    name_key: String,
    num_several_weights: usize,
}

/// A node or an edge whose element is open.
struct Subject {
    depth: usize,
    kind: SubjectKind,
}

enum SubjectKind {
    /// A node, and `true` once it has a name.
    Node(u32, bool),
    Edge {
        weight: Option<f32>,
        /// The source and target of the edge back, which a mutual edge has.
        back: Option<(String, String)>,
    },
}

impl<'a> Content<'a> {
    pub(in crate::read) fn new(source: &Source, config: &'a ReadConfig) -> Self {
        Content {
            config,
            document: Document::new(config, source.fingerprint()),
            default_kind: None,
            subjects: Vec::new(),
            default_weight: None,
            default_name: None,
            name_key: String::new(),
            num_several_weights: 0,
        }
    }

    /// Begins the graph, whose edges are of this kind unless they say otherwise.
    pub(in crate::read) fn open_graph(&mut self, default_kind: EdgeKind) {
        self.default_kind = Some(default_kind);
    }

    /// Returns `true` after the graph began.
    pub(in crate::read) fn has_graph(&self) -> bool {
        self.default_kind.is_some()
    }

    /// Returns an error if the graph began already.
    pub(in crate::read) fn check_first_graph(&self) -> Outcome<()> {
        match self.has_graph() {
            false => Ok(()),
            true => Err("found a second or nested <graph>; expected one".to_string().into()),
        }
    }

    /// Begins a node at this depth of elements.
    pub(in crate::read) fn open_node(&mut self, id: &str, depth: usize) -> Outcome<()> {
        self.check_outside_edge("node")?;
        let node = self.document.add_node(id)?;
        self.subjects.push(Subject { depth, kind: SubjectKind::Node(node, false) });
        Ok(())
    }

    /// Begins an edge at this depth of elements, of the graph's kind unless it has its own.
    pub(in crate::read) fn open_edge(
        &mut self,
        (source, target): (&str, &str),
        own_kind: Option<EdgeKind>,
        depth: usize,
    ) -> Outcome<()> {
        self.check_outside_edge("edge")?;
        let Some(kind) = own_kind.or(self.default_kind) else {
            return Err("found an <edge> outside a <graph>; expected it inside".to_string().into());
        };
        // Without directions, a mutual edge loses nothing.
        let direction = match kind {
            EdgeKind::Directed => Direction::Directed,
            EdgeKind::Mutual if self.config.directed => Direction::Directed,
            EdgeKind::Undirected | EdgeKind::Mutual => Direction::Undirected,
        };
        self.document.add_edge(source, target, direction)?;
        let is_twofold = kind == EdgeKind::Mutual && self.config.directed && source != target;
        let back = is_twofold.then(|| (target.to_string(), source.to_string()));
        self.subjects.push(Subject { depth, kind: SubjectKind::Edge { weight: None, back } });
        Ok(())
    }

    /// Returns the depth of the innermost open node or edge.
    pub(in crate::read) fn subject_depth(&self) -> Option<usize> {
        self.subjects.last().map(|subject| subject.depth)
    }

    /// Returns `true` if the innermost open node or edge is a node, `None` outside of both.
    pub(in crate::read) fn is_in_node(&self) -> Option<bool> {
        self.subjects.last().map(|subject| matches!(subject.kind, SubjectKind::Node(..)))
    }

    /// Begins data of the innermost open node or edge, and returns what its value is if that is to be read.
    pub(in crate::read) fn open_data(&mut self, name: &str) -> Option<Text> {
        match self.subjects.last()?.kind {
            SubjectKind::Node(node, is_named) if self.document.names_nodes(name) => {
                if !is_named {
                    self.document.add_node_data(node, name, "");
                }
                self.name_key = name.to_string();
                Some(Text::Name)
            }
            SubjectKind::Node(node, _) => {
                self.document.add_node_data(node, name, "");
                None
            }
            SubjectKind::Edge { .. } => {
                self.document.declare_edge_data(name);
                self.document.is_weight(name).then_some(Text::Weight)
            }
        }
    }

    /// Returns `true` if data of this name is the weight of edges.
    pub(in crate::read) fn is_weight(&self, name: &str) -> bool {
        self.document.is_weight(name)
    }

    /// Returns `true` if data of this name is the name of nodes.
    pub(in crate::read) fn names_nodes(&self, name: &str) -> bool {
        self.document.names_nodes(name)
    }

    /// Sets the name of the node data that a default belongs to.
    pub(in crate::read) fn set_name_key(&mut self, name: &str) {
        self.name_key = name.to_string();
    }

    /// Gives the edges without a weight this one if other edges have one.
    pub(in crate::read) fn set_usual_weight(&mut self, weight: f32) {
        self.document.set_default_weight(weight);
    }

    /// Takes a value that is to be read. The first name of a node stays, and the last weight of an edge.
    pub(in crate::read) fn add(&mut self, text: Text, value: &str) -> Outcome<()> {
        match (text, self.subjects.last_mut().map(|subject| &mut subject.kind)) {
            (Text::Weight, Some(SubjectKind::Edge { weight, .. })) => {
                let before = weight.replace(parse_weight(value)?);
                self.num_several_weights += usize::from(before.is_some() && before != *weight);
            }
            // yEd writes an empty default for none.
            (Text::DefaultWeight, _) if value.is_empty() => {}
            (Text::DefaultWeight, _) => self.default_weight = Some(parse_weight(value)?),
            (Text::Name, Some(SubjectKind::Node(node, is_named))) if !*is_named && !value.is_empty() => {
                *is_named = true;
                self.document.add_node_data(*node, &self.name_key, value);
            }
            (Text::DefaultName, _) => self.default_name = Some(value.to_string()),
            _ => {}
        }
        Ok(())
    }

    /// Ends the node or the edge at this depth of elements, if there is one.
    pub(in crate::read) fn close(&mut self, depth: usize) -> Outcome<()> {
        let Some(Subject { kind, .. }) = self.subjects.pop_if(|subject| subject.depth == depth) else {
            return Ok(());
        };
        match kind {
            SubjectKind::Node(node, false) => {
                if let Some(name) = &self.default_name {
                    self.document.add_node_data(node, &self.name_key, name);
                }
            }
            SubjectKind::Node(_, true) => {}
            SubjectKind::Edge { weight, back } => {
                let weight = weight.or(self.default_weight);
                weight.into_iter().for_each(|weight| self.document.set_weight(weight));
                if let Some((source, target)) = back {
                    self.document.add_edge(&source, &target, Direction::Directed)?;
                    weight.into_iter().for_each(|weight| self.document.set_weight(weight));
                }
            }
        }
        Ok(())
    }

    /// Builds the graph from the file, which was read to its end.
    ///
    /// # Errors
    /// Returns [`crate::Error::Input`] with the message of [`Document::graph`].
    pub(in crate::read) fn graph(self, source: Source) -> crate::error::Result<Graph> {
        let Content { document, num_several_weights, .. } = self;
        let mut graph = document.graph(source.finish())?;
        if num_several_weights > 0 {
            graph.notes.push(format!(
                "weights that replace another one of the same edge: {num_several_weights}; the last of each \
                 edge was read"
            ));
        }
        Ok(graph)
    }

    /// Refuses an element in an edge, whose data would be taken for that of the edge.
    fn check_outside_edge(&self, name: &str) -> Outcome<()> {
        match self.is_in_node() {
            Some(false) => Err(format!("found <{name}> inside an <edge>; expected it outside").into()),
            _ => Ok(()),
        }
    }
}
