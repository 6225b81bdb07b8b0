//! A graph in a format that lists nodes and edges, each with data of its own, such as GraphML.

use hashbrown::HashSet;

use crate::config::ReadConfig;
use crate::error::Error;
use crate::graph::{Direction, Graph, InputFile, NodeIds, Pair};
use crate::read::listed::{ListedEdges, check_count, few_names};
use crate::read::raw::Fingerprint;
use crate::read::values::check_id;

/// The edge data that is the weight by default.
const WEIGHT: &str = "weight";

/// The nodes and edges listed so far.
pub(super) struct Document<'a> {
    config: &'a ReadConfig,
    fingerprint: Fingerprint,
    nodes: NodeIds,
    /// The name of each node by the data that `read.node_names` chooses; empty if it has none.
    names: Vec<String>,
    pairs: Vec<Pair>,
    /// The weight of each edge; NaN if it has none.
    weights: Vec<f32>,
    /// The weight of the edges that have none of their own, if other edges have.
    default_weight: Option<f32>,
    num_directed: usize,
    node_data: Names,
    edge_data: Names,
}

/// The names of data, in the order of their first appearance.
#[derive(Default)]
struct Names {
    list: Vec<String>,
    known: HashSet<String>,
}

impl Names {
    fn add(&mut self, name: &str) {
        if !self.known.contains(name) {
            self.known.insert(name.to_string());
            self.list.push(name.to_string());
        }
    }
}

impl<'a> Document<'a> {
    pub(super) fn new(config: &'a ReadConfig, fingerprint: Fingerprint) -> Self {
        Document {
            config,
            fingerprint,
            nodes: NodeIds::default(),
            names: Vec::new(),
            pairs: Vec::new(),
            weights: Vec::new(),
            default_weight: None,
            num_directed: 0,
            node_data: Names::default(),
            edge_data: Names::default(),
        }
    }

    /// Adds a node, unless it is there already, and returns its index.
    ///
    /// # Errors
    /// Returns a message if `id` cannot be a node id.
    pub(super) fn add_node(&mut self, id: &str) -> Result<u32, String> {
        check_id(id).map_err(|problem| format!("the id of the node {problem}"))?;
        Ok(self.intern(id))
    }

    /// Adds data of a node: the name of the node if it is the data that `read.node_names` chooses.
    pub(super) fn add_node_data(&mut self, node: u32, name: &str, value: &str) {
        self.node_data.add(name);
        if self.names_nodes(name) {
            self.names[node as usize] = value.trim().to_string();
        }
    }

    /// Adds an edge of this direction, and its nodes unless they are there already.
    ///
    /// # Errors
    /// Returns a message if an id cannot be a node id, or if there are implausibly many edges.
    pub(super) fn add_edge(
        &mut self,
        source: &str,
        target: &str,
        direction: Direction,
    ) -> Result<(), String> {
        for (end, id) in [("source", source), ("target", target)] {
            check_id(id).map_err(|problem| format!("the {end} of the edge {problem}"))?;
        }
        let pair = (self.intern(source), self.intern(target));
        self.pairs.push(pair);
        self.weights.push(f32::NAN);
        self.num_directed += usize::from(direction == Direction::Directed);
        check_count(self.pairs.len(), self.fingerprint.num_bytes())
    }

    /// Sets the weight of the edge that was added last.
    pub(super) fn set_weight(&mut self, weight: f32) {
        if let Some(last) = self.weights.last_mut() {
            *last = weight;
        }
    }

    /// Sets the weight of the edges that have none, if other edges have one.
    pub(super) fn set_default_weight(&mut self, weight: f32) {
        self.default_weight = Some(weight);
    }

    /// Notes that edges may have data of this name. Call it for the weight too.
    pub(super) fn declare_edge_data(&mut self, name: &str) {
        self.edge_data.add(name);
    }

    /// Returns `true` if edge data of this name is the weight.
    pub(super) fn is_weight(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(self.config.weight_column.as_deref().unwrap_or(WEIGHT))
    }

    /// Returns `true` if node data of this name is to be the id.
    pub(super) fn names_nodes(&self, name: &str) -> bool {
        self.config.node_names.as_deref().is_some_and(|wanted| name.eq_ignore_ascii_case(wanted))
    }

    /// Builds the graph; `input` describes the file.
    ///
    /// # Errors
    /// Returns [`Error::Input`] for a file with no edges, with some edges without a weight, with undirected edges
    /// although `read.directed` asks for directions, or with nodes that cannot be named as `read.node_names` asks.
    pub(super) fn graph(self, input: InputFile) -> crate::error::Result<Graph> {
        let path = input.path.clone();
        self.build(input).map_err(|problem| Error::Input { path, problem })
    }

    fn build(self, input: InputFile) -> Result<Graph, String> {
        if self.pairs.is_empty() {
            return Err("has no edges; expected at least one".into());
        }
        let num_undirected = self.pairs.len() - self.num_directed;
        // In a bipartite graph, the order of the nodes is no direction.
        if self.config.directed && !self.config.bipartite && num_undirected > 0 {
            return Err(format!(
                "edges without a direction: {num_undirected} of {}; `read.directed` expects a file with \
                 directed edges",
                self.pairs.len()
            ));
        }
        let mut notes = Vec::new();
        if !self.config.directed && self.num_directed > 0 {
            notes.push(
                "the edges of the file are directed, but their directions were dropped; `read.directed` \
                 keeps them"
                    .to_string(),
            );
        }
        notes.extend(self.note_on_node_data());
        let weights = self.complete_weights()?;
        notes.extend(self.note_on_edge_data(weights.is_some()));
        let nodes = match &self.config.node_names {
            Some(wanted) => self.named_nodes(wanted)?,
            None => self.nodes,
        };
        let mut graph = ListedEdges { nodes, pairs: self.pairs, weights }.graph("edges", self.config, input);
        graph.notes.extend(notes);
        Ok(graph)
    }

    fn intern(&mut self, id: &str) -> u32 {
        let node = self.nodes.intern(id);
        if self.config.node_names.is_some() {
            self.names.resize(self.nodes.len(), String::new());
        }
        node
    }

    /// Returns the weight of each edge, or `None` if no edge has one.
    fn complete_weights(&self) -> Result<Option<Vec<f32>>, String> {
        if let Some(wanted) = &self.config.weight_column
            && !self.edge_data.list.iter().any(|name| self.is_weight(name))
        {
            return Err(format!(
                "has no edge data {wanted:?}, which `read.weight_column` names; its edge data: {}",
                known(&self.edge_data)
            ));
        }
        if self.weights.iter().all(|weight| weight.is_nan()) {
            return Ok(None);
        }
        let weight = |(&weight, &(u, v)): (&f32, &Pair)| match (weight.is_nan(), self.default_weight) {
            (false, _) => Ok(weight),
            (true, Some(default)) => Ok(default),
            (true, None) => Err(format!(
                "the edge {} – {} has no weight, but other edges have; expected a weight for every edge",
                self.nodes.id(u),
                self.nodes.id(v)
            )),
        };
        self.weights.iter().zip(&self.pairs).map(weight).collect::<Result<_, _>>().map(Some)
    }

    /// Returns the nodes by the names in the data `wanted`.
    fn named_nodes(&self, wanted: &str) -> Result<NodeIds, String> {
        if !self.node_data.list.iter().any(|name| self.names_nodes(name)) {
            return Err(format!(
                "has no node data {wanted:?}, which `read.node_names` names; its node data: {}",
                known(&self.node_data)
            ));
        }
        let mut named = NodeIds::default();
        for (node, name) in (0u32..).zip(&self.names) {
            let id = self.nodes.id(node);
            check_id(name).map_err(|problem| format!("the {wanted} of node {id} {problem}"))?;
            let known = named.intern(name);
            if known != node {
                return Err(format!(
                    "the nodes {} and {id} both have the {wanted} {name:?}; `read.node_names` expects one \
                     name per node",
                    self.nodes.id(known)
                ));
            }
        }
        Ok(named)
    }

    fn note_on_node_data(&self) -> Option<String> {
        let hint = match self.config.node_names {
            None => "; `read.node_names = KEY` uses one as the ids",
            Some(_) => "",
        };
        let unread: Vec<&String> =
            self.node_data.list.iter().filter(|name| !self.names_nodes(name)).collect();
        (!unread.is_empty()).then(|| format!("node data that is not read: {}{hint}", few_names(&unread)))
    }

    fn note_on_edge_data(&self, has_weights: bool) -> Option<String> {
        let hint = if has_weights { "" } else { "; `read.weight_column = NAME` reads one as the weight" };
        let is_unread = |name: &&String| !has_weights || !self.is_weight(name);
        let unread: Vec<&String> = self.edge_data.list.iter().filter(is_unread).collect();
        (!unread.is_empty()).then(|| format!("edge data that is not read: {}{hint}", few_names(&unread)))
    }
}

/// Lists the first few names of the data that a file has.
fn known(names: &Names) -> String {
    if names.list.is_empty() { "none".into() } else { few_names(&names.list) }
}
