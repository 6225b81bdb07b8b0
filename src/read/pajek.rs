//! Pajek's networks: numbered vertices with labels, and lists of arcs and edges.
//!
//! The format is that of Batagelj & Mrvar 1998, "Pajek – program for large network analysis".

use crate::config::ReadConfig;
use crate::error::Result;
use crate::graph::{Direction, Graph};
use crate::read::RowReader;
use crate::read::document::Document;
use crate::read::fields::Separator;
use crate::read::listed::is_plausible;
use crate::read::rows::Rows;
use crate::read::source::Source;
use crate::read::values::parse_weight;

/// The part of the file that a line belongs to.
#[derive(Clone, Copy, PartialEq)]
enum Section {
    Before,
    Vertices,
    /// Rows of two vertices, maybe with a weight.
    Pairs(Direction),
    /// Rows of a vertex and its neighbours.
    Lists(Direction),
    /// Data that is not read, such as partitions.
    Other,
}

/// The content read so far.
struct Network {
    section: Section,
    num_vertices: u64,
    /// The number of vertices of the first kind, in a network of two kinds.
    num_first_kind: Option<u64>,
    labels: Vec<(u64, String)>,
    edges: Vec<(u64, u64, Direction, f32)>,
}

/// Reads a network. The ids are the numbers of the vertices, 1 to n. Arcs have directions, edges have none. The
/// third column of a row is its weight, 1 if it is missing; if all weights are 1, the graph has none.
///
/// # Errors
/// Returns [`crate::Error::Row`] for a line that does not follow the format, and for a matrix;
/// [`crate::Error::Input`] for the errors of [`Document::graph`].
pub(super) fn read_pajek(source: Source, config: &ReadConfig) -> Result<Graph> {
    let mut document = Document::new(config, source.fingerprint());
    let mut reader = RowReader::from_source(source).with_separator(Separator::WhiteSpace);
    let mut network = Network {
        section: Section::Before,
        num_vertices: 0,
        num_first_kind: None,
        labels: Vec::new(),
        edges: Vec::new(),
    };
    let mut num_lines = 0;
    while reader.advance()? {
        num_lines += 1;
        network.add(&reader).map_err(|problem| reader.error(problem))?;
    }
    let error = reader.file_errors();
    let n = network.num_vertices;
    if network.section == Section::Before {
        return Err(error("has no *Vertices; expected a Pajek network".into()));
    }
    if !is_plausible(n, num_lines) {
        return Err(error(format!("has {n} vertices in {num_lines} lines; expected fewer vertices")));
    }
    (1..=n).try_for_each(|vertex| document.add_node(&vertex.to_string()).map(|_| ())).map_err(&error)?;
    for (vertex, label) in &network.labels {
        document.add_node_data((vertex - 1) as u32, "label", label);
    }
    let has_weights = network.edges.iter().any(|&(.., weight)| weight != 1.0);
    for (u, v, direction, weight) in network.edges {
        document.add_edge(&u.to_string(), &v.to_string(), direction).map_err(&error)?;
        if has_weights {
            document.set_weight(weight);
        }
    }
    let mut graph = document.graph(reader.finish())?;
    if let (Some(first), false) = (network.num_first_kind, config.bipartite) {
        graph.notes.push(format!(
            "the first {first} vertices are of another kind than the others; `read.bipartite` keeps them apart"
        ));
    }
    Ok(graph)
}

impl Network {
    /// Adds a line.
    fn add(&mut self, row: &Rows) -> std::result::Result<(), String> {
        let first = row.field(0);
        if first.starts_with('%') {
            return Ok(());
        }
        if let Some(keyword) = first.strip_prefix('*') {
            return self.begin_section(&keyword.to_ascii_lowercase(), row);
        }
        match self.section {
            Section::Before => Err(format!("found {first:?}; expected *Vertices")),
            Section::Other => Ok(()),
            Section::Vertices => {
                let vertex = self.vertex(first)?;
                if row.len() > 1 {
                    self.labels.push((vertex, row.field(1).to_string()));
                }
                Ok(())
            }
            Section::Pairs(direction) => {
                if row.len() < 2 {
                    return Err("found 1 column; expected two vertices".into());
                }
                let (u, v) = (self.vertex(first)?, self.vertex(row.field(1))?);
                let weight = if row.len() > 2 { parse_weight(row.field(2))? } else { 1.0 };
                self.edges.push((u, v, direction, weight));
                Ok(())
            }
            Section::Lists(direction) => {
                let u = self.vertex(first)?;
                for neighbour in row.fields().skip(1) {
                    let v = self.vertex(neighbour)?;
                    self.edges.push((u, v, direction, 1.0));
                }
                Ok(())
            }
        }
    }

    fn begin_section(&mut self, keyword: &str, row: &Rows) -> std::result::Result<(), String> {
        self.section = match keyword {
            "network" => return Ok(()),
            "vertices" if self.section != Section::Before => {
                return Err("found a second *Vertices; expected one network".into());
            }
            "vertices" => {
                let number = |at: usize| {
                    let field = row.fields().nth(at);
                    field
                        .map(|field| {
                            field
                                .parse::<u64>()
                                .map_err(|_| format!("found {field:?}; expected a number of vertices"))
                        })
                        .transpose()
                };
                self.num_vertices =
                    number(1)?.ok_or("*Vertices has no number; expected that of the vertices")?;
                if self.num_vertices >= u64::from(u32::MAX) {
                    return Err(format!(
                        "*Vertices is {}; expected fewer than {}",
                        self.num_vertices,
                        u32::MAX
                    ));
                }
                self.num_first_kind = number(2)?;
                Section::Vertices
            }
            _ if self.section == Section::Before => {
                return Err(format!("found *{keyword}; expected *Vertices first"));
            }
            // Several relations have sections such as `*Arcs :1 "likes"`.
            "arcs" => Section::Pairs(Direction::Directed),
            "edges" => Section::Pairs(Direction::Undirected),
            "arcslist" => Section::Lists(Direction::Directed),
            "edgeslist" => Section::Lists(Direction::Undirected),
            "matrix" => {
                return Err(
                    "found *Matrix; expected *Arcs or *Edges; hint: Pajek saves a network as arcs and edges \
                            too"
                    .into(),
                );
            }
            _ => Section::Other,
        };
        Ok(())
    }

    /// Parses the number of a vertex.
    fn vertex(&self, text: &str) -> std::result::Result<u64, String> {
        let n = self.num_vertices;
        let vertex = text.parse::<u64>().ok().filter(|vertex| (1..=n).contains(vertex));
        vertex.ok_or_else(|| format!("found {text:?}; expected the number of a vertex, from 1 to {n}"))
    }
}
