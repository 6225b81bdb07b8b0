//! GraphML as networkx and others write it: nodes, edges, and a weight among the data of edges.
//!
//! Written by hand on top of `quick-xml`: `petgraph-graphml` only writes the format, and this reader keeps
//! one element in memory at a time and names the line of a mistake.
//!
//! The format is that of Brandes et al. 2002, "GraphML progress report: structural layer proposal".

use std::io::{BufRead, BufReader, Error as IoError, ErrorKind};

use hashbrown::HashSet;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::config::ReadConfig;
use crate::error::Result;
use crate::graph::{Direction, Graph, NodeIds, Pair};
use crate::read::listed::{ListedEdges, check_count};
use crate::read::raw::Fingerprint;
use crate::read::source::{Lines, Source};
use crate::read::values::{check_id, parse_weight};

/// The greatest depth of nested elements; the elements that are read are at most four deep.
const MAX_DEPTH: usize = 1000;
/// The longest text of a weight, in bytes.
const MAX_WEIGHT_BYTES: usize = 1 << 10;
/// The edge data that is the weight by default.
const WEIGHT: &str = "weight";

/// Reads the nodes and edges of a GraphML file. The edge data named `weight`, or the name in `config`, is the
/// weight; other data is ignored.
///
/// # Errors
/// Returns [`crate::Error::Row`] for malformed XML and for unsupported elements, such as hyperedges, nested
/// graphs and a second graph; [`crate::Error::Input`] for a file without edges, without the weight that
/// `config` names, or without directions if `config` asks for them.
pub(super) fn read_graphml(mut source: Source, config: &ReadConfig) -> Result<Graph> {
    let mut document = Document::new(config, source.fingerprint());
    let outcome = {
        let mut xml = Reader::from_reader(Lines::new(BufReader::new(source.bytes())));
        document.read(&mut xml).map_err(|problem| (problem, xml.get_ref().number()))
    };
    outcome.map_err(|(problem, line)| match problem {
        Problem::Read(error) => source.read_error(error, line),
        Problem::Format(problem) => source.error_at(line, problem),
    })?;
    let (listed, notes) = document.listed(config).map_err(|problem| source.file_error(problem))?;
    let mut graph = listed.graph("edges", config, source.finish());
    graph.notes.extend(notes);
    Ok(graph)
}

/// The content read so far.
struct Document {
    fingerprint: Fingerprint,
    /// The name of the edge data that is the weight, in lower case.
    wanted: String,
    /// The names of all edge data.
    names: Vec<String>,
    /// The keys of the weight; networkx writes one key for whole numbers and another for fractions.
    weight_keys: HashSet<String>,
    /// The weight of edges without a weight of their own.
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
    /// The text of the current element if it is a weight.
    text: Option<String>,
}

impl Document {
    fn new(config: &ReadConfig, fingerprint: Fingerprint) -> Self {
        Document {
            fingerprint,
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

    /// Reads the document to its end.
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
                    return Err("the file is cut off; expected </graphml>".to_string().into());
                }
                Event::Eof if self.direction.is_none() => {
                    return Err("the file has no <graph>; expected one".to_string().into());
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
                    "elements are nested {MAX_DEPTH} deep; expected a graph without nested graphs"
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
                return Err(format!("the key of {name:?} comes after the <graph>; expected it before").into());
            }
            self.weight_keys.insert(id);
            self.is_in_weight_key = true;
        }
        self.names.push(name);
        Ok(())
    }

    fn open_graph(&mut self, element: &BytesStart) -> std::result::Result<(), Problem> {
        if self.direction.is_some() {
            return Err("found a second or nested <graph>; expected one".to_string().into());
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
            return Err("found an <edge> outside a <graph>; expected it inside".to_string().into());
        };
        let mut end = |name: &str| -> std::result::Result<u32, Problem> {
            let id = attribute(element, name)?.unwrap_or_default();
            check_id(&id).map_err(|problem| format!("the {name} of the edge {problem}"))?;
            Ok(self.nodes.intern(&id))
        };
        self.pairs.push((end("source")?, end("target")?));
        check_count(self.pairs.len(), self.fingerprint.num_bytes())?;
        let own = attribute(element, "directed")?;
        let is_same = match own.as_deref() {
            None => true,
            Some(own) => own == if direction == Direction::Directed { "true" } else { "false" },
        };
        if !is_same {
            let own = own.unwrap_or_default();
            let problem = format!("the edge has directed={own:?}; expected every edge to follow edgedefault");
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

    /// Returns the listed edges and notes, or a message about the file as a whole.
    fn listed(self, config: &ReadConfig) -> std::result::Result<(ListedEdges, Vec<String>), String> {
        let Document { wanted, names, weight_keys, direction, nodes, pairs, weights, unweighted, .. } = self;
        if pairs.is_empty() {
            return Err("has no edges; expected at least one".into());
        }
        if config.weight_column.is_some() && weight_keys.is_empty() {
            let known = if names.is_empty() { "none".into() } else { names.join(", ") };
            return Err(format!(
                "has no edge data {wanted:?}, which `read.weight_column` names; its edge data: {known}"
            ));
        }
        if let (Some((u, v)), false) = (unweighted, weights.is_empty()) {
            let (u, v) = (nodes.id(u), nodes.id(v));
            return Err(format!(
                "the edge {u} – {v} has no weight, but other edges have; expected a weight for every edge"
            ));
        }
        let mut notes = Vec::new();
        match (direction, config.directed) {
            (Some(Direction::Undirected), true) => {
                let problem =
                    "has edgedefault=\"undirected\"; `read.directed` expects a file with directed edges";
                return Err(problem.into());
            }
            (Some(Direction::Directed), false) => notes.push(
                "the edges of the file are directed, but their directions were dropped; \
                 `read.directed` keeps them"
                    .to_string(),
            ),
            _ => {}
        }
        let weights = (!weights.is_empty()).then_some(weights);
        Ok((ListedEdges { nodes, pairs, weights }, notes))
    }
}

/// An error at the current line.
enum Problem {
    /// The file could not be read.
    Read(IoError),
    /// The content does not follow the format.
    Format(String),
}

impl From<String> for Problem {
    fn from(problem: String) -> Self {
        Problem::Format(problem)
    }
}

/// Returns the attribute `name` of an element, if it has one.
fn attribute(element: &BytesStart, name: &str) -> std::result::Result<Option<String>, Problem> {
    let found = element.try_get_attribute(name).map_err(|error| error.to_string())?;
    let value = found.map(|found| found.normalized_value(XmlVersion::Implicit1_0)).transpose();
    Ok(value.map_err(problem)?.map(|value| value.into_owned()))
}

/// Converts an error of the parser.
fn problem(error: quick_xml::Error) -> Problem {
    match error {
        quick_xml::Error::Io(source) if source.kind() == ErrorKind::FileTooLarge => {
            Problem::Format(source.to_string())
        }
        quick_xml::Error::Io(source) if source.kind() != ErrorKind::Other => {
            Problem::Read(IoError::new(source.kind(), source.to_string()))
        }
        error => Problem::Format(format!("the XML is damaged: {error}")),
    }
}
