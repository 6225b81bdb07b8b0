//! GraphML as networkx and others write it: nodes, edges, and a weight among the data of edges.
//!
//! The format is that of Brandes et al. 2002, "GraphML progress report: structural layer proposal".

mod problem;

use std::io::{BufRead, BufReader};

use hashbrown::HashSet;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::config::ReadConfig;
use crate::error::Result;
use crate::graph::{Direction, Graph, NodeIds, Pair};
use crate::read::fingerprint::BytesRead;
use crate::read::graphml::problem::{Problem, attribute, problem};
use crate::read::listed::{Listed, check_count, check_id};
use crate::read::parse_weight;
use crate::read::source::{Lines, Source};

/// The maximum nesting of elements; relevant elements are at depth three.
const MAX_DEPTH: usize = 1000;
/// The longest text of a weight.
const MAX_WEIGHT_BYTES: usize = 1 << 10;
/// The data of edges that is the weight by default.
const WEIGHT: &str = "weight";

/// Reads the nodes and edges of a GraphML file. The edges' data called `weight`, or as `config` says, is their weight;
/// other data is passed over.
///
/// # Errors
/// [`crate::Error::Row`] where the XML is not well formed or an element not as it should be, hyperedges, nested graphs
/// and a second graph among them; [`crate::Error::Input`] for a file without edges, without the weight that `config`
/// names, or without the directions that it asks for.
pub(super) fn read_graphml(mut source: Source, config: &ReadConfig) -> Result<Graph> {
    let mut document = Document::new(config, source.bytes_read());
    let outcome = {
        let mut xml = Reader::from_reader(Lines::new(BufReader::new(source.bytes())));
        document.read(&mut xml).map_err(|problem| (problem, xml.get_ref().number()))
    };
    outcome.map_err(|(problem, line)| match problem {
        Problem::Read(error) => source.read_error(error, line),
        Problem::Here(problem) => source.error_at(line, problem),
    })?;
    let (listed, notes) = document.listed(config).map_err(|problem| source.file_error(problem))?;
    let mut graph = listed.graph("edges", config, source.finish());
    graph.notes.extend(notes);
    Ok(graph)
}

/// The contents read so far.
struct Document {
    bytes_read: BytesRead,
    /// The name of the data that is the weight, in lower case.
    wanted: String,
    /// The names of all data of edges.
    names: Vec<String>,
    /// The keys of the weight, of which networkx makes one for whole numbers and one for fractions, and the weight of
    /// edges that have none of their own.
    weight_keys: HashSet<String>,
    default_weight: Option<f32>,
    direction: Option<Direction>,
    nodes: NodeIds,
    pairs: Vec<Pair>,
    /// The weights of the edges that have one.
    weights: Vec<f32>,
    /// The first edge without a weight.
    unweighted: Option<Pair>,
    depth: usize,
    is_in_weight_key: bool,
    is_in_edge: bool,
    weight: Option<f32>,
    /// The text of the element, where it is a weight.
    text: Option<String>,
}

impl Document {
    fn new(config: &ReadConfig, bytes_read: BytesRead) -> Self {
        Document {
            bytes_read,
            wanted: config.weight_column.as_deref().unwrap_or(WEIGHT).to_lowercase(),
            names: Vec::new(),
            weight_keys: HashSet::new(),
            default_weight: None,
            direction: None,
            nodes: NodeIds::default(),
            pairs: Vec::new(),
            weights: Vec::new(),
            unweighted: None,
            depth: 0,
            is_in_weight_key: false,
            is_in_edge: false,
            weight: None,
            text: None,
        }
    }

    /// Reads to the end.
    fn read<R: BufRead>(&mut self, xml: &mut Reader<Lines<R>>) -> std::result::Result<(), Problem> {
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            xml.get_mut().begin_part();
            match xml.read_event_into(&mut buffer).map_err(problem)? {
                Event::Start(element) => self.open(&element)?,
                Event::Empty(element) => {
                    self.open(&element)?;
                    self.close(element.local_name().into_inner())?;
                }
                Event::End(element) => self.close(element.local_name().into_inner())?,
                Event::Text(text) => self.add_text(&text)?,
                Event::CData(text) => self.add_text(&text)?,
                Event::Eof if self.depth > 0 => {
                    return Err("the file ends in the middle; expected </graphml>".to_string().into());
                }
                Event::Eof if self.direction.is_none() => {
                    return Err("the file ends without a <graph>; expected one".to_string().into());
                }
                Event::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    fn add_text(&mut self, text: &str) -> std::result::Result<(), Problem> {
        let Some(weight) = &mut self.text else { return Ok(()) };
        weight.push_str(text);
        match weight.len() <= MAX_WEIGHT_BYTES {
            true => Ok(()),
            false => {
                Err(format!("the weight has more than {MAX_WEIGHT_BYTES} bytes; expected a number").into())
            }
        }
    }

    fn open(&mut self, element: &BytesStart) -> std::result::Result<(), Problem> {
        let name = element.local_name().into_inner();
        self.depth += 1;
        match name {
            _ if self.depth > MAX_DEPTH => {
                return Err(format!(
                    "elements are nested {MAX_DEPTH} deep; expected a graph without graphs in it"
                )
                .into());
            }
            _ if self.depth == 1 && name != "graphml" => {
                return Err(format!("found <{name}>; expected <graphml>").into());
            }
            "key" => self.open_key(element)?,
            "graph" => self.open_graph(element)?,
            "node" => {
                let id = attribute(element, "id")?.unwrap_or_default();
                check_id(&id).map_err(|problem| format!("the id of the node {problem}"))?;
                self.nodes.intern(&id);
            }
            "edge" => self.open_edge(element)?,
            "hyperedge" => {
                return Err("found a <hyperedge>; expected edges between two nodes".to_string().into());
            }
            "data" if self.is_in_edge => {
                let key = attribute(element, "key")?;
                self.text = key.filter(|key| self.weight_keys.contains(key)).map(|_| String::new());
            }
            "default" if self.is_in_weight_key => self.text = Some(String::new()),
            _ => {}
        }
        Ok(())
    }

    fn open_key(&mut self, element: &BytesStart) -> std::result::Result<(), Problem> {
        let subject = attribute(element, "for")?;
        let (Some(id), Some(name)) = (attribute(element, "id")?, attribute(element, "attr.name")?) else {
            return Ok(());
        };
        if !matches!(subject.as_deref(), None | Some("edge" | "all")) {
            return Ok(());
        }
        if name.to_lowercase() == self.wanted {
            if self.direction.is_some() {
                return Err(
                    format!("the key of {name:?} stands behind the <graph>; expected it before").into()
                );
            }
            self.weight_keys.insert(id);
            self.is_in_weight_key = true;
        }
        self.names.push(name);
        Ok(())
    }

    fn open_graph(&mut self, element: &BytesStart) -> std::result::Result<(), Problem> {
        if self.direction.is_some() {
            return Err("found a second <graph>, or one in another; expected one".to_string().into());
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

    fn open_edge(&mut self, element: &BytesStart) -> std::result::Result<(), Problem> {
        let Some(direction) = self.direction else {
            return Err("found an <edge> outside a <graph>; expected it within".to_string().into());
        };
        let mut end = |name: &str| -> std::result::Result<u32, Problem> {
            let id = attribute(element, name)?.unwrap_or_default();
            check_id(&id).map_err(|problem| format!("the {name} of the edge {problem}"))?;
            Ok(self.nodes.intern(&id))
        };
        self.pairs.push((end("source")?, end("target")?));
        check_count(self.pairs.len(), self.bytes_read.count())?;
        let own = attribute(element, "directed")?;
        let is_same = match own.as_deref() {
            None => true,
            Some(own) => own == if direction == Direction::Directed { "true" } else { "false" },
        };
        if !is_same {
            let own = own.unwrap_or_default();
            let problem =
                format!("the edge has directed={own:?}; expected all edges to be as edgedefault says");
            return Err(problem.into());
        }
        self.is_in_edge = true;
        self.weight = None;
        Ok(())
    }

    fn close(&mut self, name: &str) -> std::result::Result<(), Problem> {
        self.depth = self.depth.saturating_sub(1);
        if let Some(text) = self.text.take() {
            let text = text.trim();
            let weight = parse_weight(text)?;
            *(if self.is_in_edge { &mut self.weight } else { &mut self.default_weight }) = Some(weight);
        }
        match name {
            "key" => self.is_in_weight_key = false,
            "edge" => {
                self.is_in_edge = false;
                match self.weight.or(self.default_weight) {
                    Some(weight) => self.weights.push(weight),
                    None => self.unweighted = self.unweighted.or(self.pairs.last().copied()),
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Returns the nodes, edges and notes, or the problem of the file as a whole.
    fn listed(self, config: &ReadConfig) -> std::result::Result<(Listed, Vec<String>), String> {
        let Document { wanted, names, weight_keys, direction, nodes, pairs, weights, unweighted, .. } = self;
        if pairs.is_empty() {
            return Err("has no edges; expected at least one".into());
        }
        if config.weight_column.is_some() && weight_keys.is_empty() {
            let known = if names.is_empty() { "none".into() } else { names.join(", ") };
            return Err(format!(
                "has no data {wanted:?} of edges, which `read.weight_column` names; that of its edges: {known}"
            ));
        }
        if let (Some((u, v)), false) = (unweighted, weights.is_empty()) {
            let (u, v) = (nodes.id(u), nodes.id(v));
            return Err(format!(
                "the edge {u} – {v} has no weight, but others have; expected one of each edge"
            ));
        }
        let mut notes = Vec::new();
        match (direction, config.directed) {
            (Some(Direction::Undirected), true) => {
                let problem = "says edgedefault=\"undirected\"; `read.directed` expects a file whose edges have directions";
                return Err(problem.into());
            }
            (Some(Direction::Directed), false) => notes.push(
                "the file's edges have directions, which are not kept; `read.directed` keeps them"
                    .to_string(),
            ),
            _ => {}
        }
        let weights = (!weights.is_empty()).then_some(weights);
        Ok((Listed { nodes, pairs, weights }, notes))
    }
}
