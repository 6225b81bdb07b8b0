//! Targets for the readers of graphs, features and pairs.

use std::collections::BTreeSet;
use std::path::Path;

use vgae::config::{Header, NodeColumns, ReadConfig};
use vgae::graph::{Features, Graph, NodeIds};
use vgae::progress::Progress;
use vgae::read::{self, Columns, PairReader, Unknown};
use vgae::write::{Existing, Output, write_pairs};

use crate::target::{Files, Outcome, Verdict};

/// The limit of an error message, its path not counted.
const MAX_MESSAGE_CHARS: usize = 1200;

/// Checks that an error names a file in `directory` and is a single short line.
pub fn refused(directory: &Path, error: &dyn std::error::Error) -> Verdict {
    let message = error.to_string();
    if std::env::var_os("VGAE_FUZZ_REPLAY").is_some() {
        eprintln!("{message}");
    }
    let names_a_file = message.contains(directory.to_str().unwrap());
    match message {
        _ if !names_a_file => Err(format!("the message names no file: {message}")),
        _ if message.chars().count() > MAX_MESSAGE_CHARS + directory.as_os_str().len() => {
            Err(format!("the message is of {} bytes: {message:.100}", message.len()))
        }
        _ if message.chars().any(char::is_control) => {
            Err(format!("the message has control characters: {message:?}"))
        }
        _ => Ok(Outcome::Refused),
    }
}

/// The ends of the names of formats that declare the direction of their edges.
const DECLARED: [&str; 5] = [".graphml", ".gexf", ".gml", ".net", ".json"];

/// Reads an edge list with settings that depend on its length.
pub fn edge_list(directory: &Path, files: &Files) -> Verdict {
    let (name, bytes) = files.iter().next().unwrap();
    let mut config = ReadConfig::default();
    match bytes.len() % 4 {
        // These formats declare their edges as undirected, so --directed does not apply.
        1 if !DECLARED.iter().any(|end| name.contains(end)) => config.directed = true,
        2 if name.ends_with("csv") => config.header = Header::Yes,
        3 if name.ends_with("csv") => (config.bipartite, config.directed) = (true, true),
        _ => {}
    }
    match read::edge_list(&directory.join(name), &config, &Progress::default()) {
        Ok(graph) => check(directory, &graph, &config),
        Err(error) => refused(directory, &error),
    }
}

/// Reads a directory of files.
pub fn directory(directory: &Path, files: &Files) -> Verdict {
    let directed = files.values().map(Vec::len).sum::<usize>() % 2 == 1;
    let config = ReadConfig { directed, ..ReadConfig::default() };
    match read::data(directory, &config, &Progress::default()) {
        Ok(graph) => check(directory, &graph, &config),
        Err(error) => refused(directory, &error),
    }
}

/// Reads a table of features.
pub fn features(directory: &Path, files: &Files) -> Verdict {
    let (name, _) = files.iter().next().unwrap();
    match read::features(&directory.join(name), &Progress::default()) {
        Ok(table) => {
            check_features(&table.matrix, &table.nodes)?;
            match &table.columns.names {
                Some(names) if names.len() != table.matrix.cols() => {
                    Err(format!("{} names for {} columns", names.len(), table.matrix.cols()))
                }
                _ => Ok(Outcome::Read),
            }
        }
        Err(error) => refused(directory, &error),
    }
}

/// Reads a file both as pairs and as a list of the corpus's nodes.
pub fn pairs(directory: &Path, files: &Files) -> Verdict {
    let path = directory.join(files.keys().next().unwrap());
    let mut nodes = NodeIds::default();
    for id in ["ann", "bob", "cid", "dan", "a b", "x,y", "1", "2", "3"] {
        nodes.intern(id);
    }
    let is_node = |&node: &u32| (node as usize) < nodes.len();
    let mut is_read = false;
    match read::node_list(&path, &nodes) {
        Ok(list) if list.iter().all(is_node) => is_read = true,
        Ok(list) => return Err(format!("{list:?} are no nodes")),
        Err(error) => drop(refused(directory, &error)?),
    }
    for unknown in [Unknown::Refuse, Unknown::Skip] {
        let mut found = Vec::new();
        let read = PairReader::open(&path, &NodeColumns::default(), &nodes, unknown, &Progress::default())
            .and_then(|reader| {
                let num_others = reader.other_columns().len();
                reader.read_blocks(Columns::All, |block| {
                    for (at, &(u, v)) in block.pairs().iter().enumerate() {
                        assert_eq!(block.kept(at).count(), num_others);
                        found.extend([u, v]);
                    }
                    Ok(())
                })
            });
        match read {
            Ok(_) if found.iter().all(is_node) => is_read = true,
            Ok(_) => return Err(format!("{found:?} are no nodes")),
            Err(error) => drop(refused(directory, &error)?),
        }
    }
    Ok(if is_read { Outcome::Read } else { Outcome::Refused })
}

/// Checks the invariants of a graph, and that its edges are the same when written and read again.
fn check(directory: &Path, graph: &Graph, config: &ReadConfig) -> Verdict {
    let n = graph.num_nodes();
    for at in 0..n as u32 {
        let id = graph.nodes.id(at);
        if id.is_empty() || graph.nodes.index(id) != Some(at) {
            return Err(format!("node {at} has the id {id:?}, which is empty or another's"));
        }
    }
    let pairs = graph.edges.pairs();
    if !pairs.is_sorted_by(|a, b| a < b) {
        return Err("the edges are not in order, or not distinct".into());
    }
    let fits = |&(u, v): &(u32, u32)| {
        (u as usize) < n && (v as usize) < n && (if config.directed { u != v } else { u < v })
    };
    if let Some(pair) = pairs.iter().find(|pair| !fits(pair)) {
        return Err(format!("{pair:?} is no edge of {n} nodes"));
    }
    let is_weight = |weight: &f32| weight.is_finite() && *weight > 0.0;
    let weights = graph.edges.weights();
    if weights.is_some_and(|weights| weights.len() != pairs.len() || !weights.iter().all(is_weight)) {
        return Err("the weights are not finite numbers above 0, one for each edge".into());
    }
    if let Some(features) = &graph.features {
        check_features(features, &graph.nodes)?;
    }
    if graph.labels.as_ref().is_some_and(|labels| labels.len() != n) {
        return Err("the labels are not one for each node".into());
    }
    if pairs.is_empty() {
        return Ok(Outcome::Read);
    }
    let again = directory.join("again.csv");
    let write = || write_pairs(Output::create(&again, Existing::Replace)?, &graph.nodes, pairs);
    write().map_err(|error| error.to_string())?;
    let config = ReadConfig { directed: true, header: Header::Yes, ..ReadConfig::default() };
    let found = read::edge_list(&again, &config, &Progress::default())
        .map_err(|error| format!("what was read and written: {error}"))?;
    match ids(graph) == ids(&found) {
        true => Ok(Outcome::Read),
        false => Err(format!("{:?} were written, {:?} read again", ids(graph), ids(&found))),
    }
}

fn ids(graph: &Graph) -> BTreeSet<(&str, &str)> {
    graph.edges.pairs().iter().map(|&(u, v)| (graph.nodes.id(u), graph.nodes.id(v))).collect()
}

fn check_features(features: &Features, nodes: &NodeIds) -> Result<(), String> {
    if features.rows() != nodes.len() || features.cols() == 0 {
        return Err(format!(
            "features of {} × {} for {} nodes",
            features.rows(),
            features.cols(),
            nodes.len()
        ));
    }
    match features.values().find(|value| !value.is_finite()) {
        Some(value) => Err(format!("a feature is {value}")),
        None => Ok(()),
    }
}
