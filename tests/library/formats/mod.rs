//! The formats of other programs, from files written by those programs (tests/formats.py), and malformed
//! files.

mod bad;
mod documents;
mod xml;
use std::fs;
use std::path::{Path, PathBuf};

use crate::shared::{Workspace, gzip, repository};
use sha2::{Digest, Sha256};
use vgae::Result;
use vgae::config::{EdgeFormat, Header, ReadConfig};
use vgae::graph::Graph;
use vgae::progress::Progress;
use vgae::read;

/// The edges a – b, b – c, c – d and a – d as indices into the ids, and their weights.
const EDGES: [(usize, usize, f32); 4] = [(0, 1, 2.0), (1, 2, 0.5), (2, 3, 1.0), (0, 3, 3.0)];
const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

fn fixture(name: &str) -> PathBuf {
    repository("tests/golden/formats").join(name)
}

fn default() -> ReadConfig {
    ReadConfig::default()
}

/// Returns (source, target, weight) of each edge by id; if undirected, the node with the lower index first.
fn edges(graph: &Graph) -> Vec<(String, String, Option<f32>)> {
    let id = |node| graph.nodes.id(node).to_string();
    let weight = |at: usize| graph.edges.weights().map(|weights| weights[at]);
    let pairs = graph.edges.pairs().iter().enumerate();
    let mut edges: Vec<_> = pairs.map(|(at, &(u, v))| (id(u), id(v), weight(at))).collect();
    edges.sort_by(|a, b| a.partial_cmp(b).unwrap());
    edges
}

/// Returns the edges of every fixture under these ids, with or without weights.
fn expected(ids: &[&str], has_weights: bool) -> Vec<(String, String, Option<f32>)> {
    let edge = |&(u, v, weight): &(usize, usize, f32)| {
        (ids[u].to_string(), ids[v].to_string(), has_weights.then_some(weight))
    };
    let mut edges: Vec<_> = EDGES.iter().map(edge).collect();
    edges.sort_by(|a, b| a.partial_cmp(b).unwrap());
    edges
}

/// Returns the edges with their ends in ascending order, because node numbering decides which end comes
/// first.
fn ordered(graph: &Graph) -> Vec<(String, String, Option<f32>)> {
    let mut edges: Vec<_> = edges(graph);
    edges.iter_mut().for_each(|edge| {
        if edge.0 > edge.1 {
            (edge.0, edge.1) = (edge.1.clone(), edge.0.clone());
        }
    });
    edges.sort_by(|a, b| a.partial_cmp(b).unwrap());
    edges
}

fn read(workspace: &Workspace, name: &str, bytes: impl AsRef<[u8]>, config: &ReadConfig) -> Result<Graph> {
    workspace.write(name, bytes);
    read::data(&workspace.path(name), config, &Progress::default())
}

/// Returns the error of reading these bytes, without the file's path.
fn error(name: &str, bytes: impl AsRef<[u8]>, config: &ReadConfig) -> String {
    let workspace = Workspace::new();
    let error = read(&workspace, name, bytes, config).expect_err(name).to_string();
    let path = workspace.path(name).display().to_string();
    error.strip_prefix(&path).map_or(error.clone(), |rest| rest.trim_start_matches([':', ' ']).to_string())
}

#[test]
fn every_format_gives_the_same_graph() {
    let (from_zero, from_one) = (["0", "1", "2", "3", "4"], ["1", "2", "3", "4", "5"]);
    let from_ten = ["10", "11", "12", "13"];
    // File, ids, `true` if it has weights, number of nodes.
    let cases: [(&str, &[&str], bool, usize); 9] = [
        ("snappy.parquet", &NAMES, true, 4),
        ("zstd.pq", &from_ten, true, 4),
        ("symmetric.mtx", &from_one, true, 5),
        ("general.mtx", &from_one, false, 5),
        ("csr.npz", &from_zero, true, 5),
        ("csc.npz", &from_zero, false, 5),
        ("coo.npz", &from_zero, true, 5),
        ("undirected.graphml", &NAMES, true, 5),
        ("directed.graphml", &NAMES, true, 5),
    ];
    let workspace = Workspace::new();
    for (name, ids, has_weights, num_nodes) in cases {
        let graph = read::data(&fixture(name), &default(), &Progress::default()).unwrap();
        assert_eq!(ordered(&graph), expected(ids, has_weights), "{name}");
        assert_eq!(graph.num_nodes(), num_nodes, "{name}");
        let bytes = fs::read(fixture(name)).unwrap();
        assert_eq!(graph.inputs[0].num_bytes, bytes.len() as u64);
        let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(graph.inputs[0].sha256, sha256, "{name}");

        // The extension in capitals, and any name with --format.
        let capitals = name.to_uppercase();
        assert_eq!(
            ordered(&read(&workspace, &capitals, &bytes, &default()).unwrap()),
            ordered(&graph),
            "{name}"
        );
        let format = Some(EdgeFormat::from_path(Path::new(name)));
        let config = ReadConfig { format, ..default() };
        assert_eq!(
            ordered(&read(&workspace, "some.data", &bytes, &config).unwrap()),
            ordered(&graph),
            "{name}"
        );
        if name.ends_with(".mtx") || name.ends_with(".graphml") {
            let zipped = read(&workspace, &format!("{name}.gz"), gzip(&bytes), &default()).unwrap();
            assert_eq!(ordered(&zipped), ordered(&graph), "{name}");
        }
    }
}

#[test]
fn merges_and_losses_are_noted() {
    let notes = |name: &str| read::data(&fixture(name), &default(), &Progress::default()).unwrap().notes;
    assert_eq!(notes("snappy.parquet"), [""; 0]);
    let merged = "entries: 8; duplicate or reversed, merged: 4; self-loops, dropped: 0; edges left: 4";
    assert_eq!(notes("csr.npz"), [merged]);
    assert_eq!(notes("symmetric.mtx"), [""; 0]);
    let lost =
        "the edges of the file are directed, but their directions were dropped; `read.directed` keeps them";
    assert_eq!(notes("directed.graphml"), [lost]);
    let text = "%%MatrixMarket matrix coordinate integer general\n3 3 4\n1 2 5\n2 1 7\n3 3 1\n2 3 1\n";
    let graph = read(&Workspace::new(), "m.mtx", text, &default()).unwrap();
    let merged = "entries: 4; duplicate or reversed, merged: 1; self-loops, dropped: 1; edges left: 2";
    assert_eq!(graph.notes, [merged]);
    assert_eq!(edges(&graph), [("1".into(), "2".into(), Some(7.0)), ("2".into(), "3".into(), Some(1.0))]);
}

#[test]
fn directions_are_kept() {
    let config = ReadConfig { directed: true, ..default() };
    let graph = read::data(&fixture("directed.graphml"), &config, &Progress::default()).unwrap();
    assert_eq!(edges(&graph), expected(&NAMES, true));
    let graph = read::data(&fixture("general.mtx"), &config, &Progress::default()).unwrap();
    assert_eq!(edges(&graph), expected(&["1", "2", "3", "4"], false));
    // An entry of a symmetric matrix is an edge in each direction.
    let graph = read::data(&fixture("symmetric.mtx"), &config, &Progress::default()).unwrap();
    let mut both = expected(&["1", "2", "3", "4"], true);
    both.extend(both.clone().into_iter().map(|(u, v, weight)| (v, u, weight)));
    both.sort_by(|a, b| a.partial_cmp(b).unwrap());
    assert_eq!(edges(&graph), both);
    let error =
        read::data(&fixture("undirected.graphml"), &config, &Progress::default()).unwrap_err().to_string();
    assert!(error.contains("has edgedefault=\"undirected\"; `read.directed` expects"), "{error}");
}

#[test]
fn weight_column_by_name_or_number() {
    let weights = |name: &str, weights: &str| {
        let config = ReadConfig { weight_column: Some(weights.into()), ..default() };
        read::data(&fixture(name), &config, &Progress::default())
            .map(|graph| edges(&graph))
            .map_err(|error| error.to_string())
    };
    assert_eq!(weights("snappy.parquet", "3").unwrap(), expected(&NAMES, true));
    assert_eq!(weights("zstd.pq", "1").unwrap(), expected(&["10", "11", "12", "13"], true));
    let error = weights("snappy.parquet", "w").unwrap_err();
    assert!(error.contains("has no column \"w\", which `read.weight_column` names"), "{error}");
    let error = weights("undirected.graphml", "w").unwrap_err();
    assert!(
        error.ends_with("has no edge data \"w\", which `read.weight_column` names; its edge data: weight")
    );
}

#[test]
fn inapplicable_flags_are_refused() {
    let header = ReadConfig { header: Header::Yes, ..default() };
    let weights = ReadConfig { weight_column: Some("3".into()), ..default() };
    let format = ReadConfig { format: Some(EdgeFormat::Parquet), ..default() };
    for (path, config, expected) in [
        (fixture("snappy.parquet"), &header, "read.header"),
        (fixture("csr.npz"), &weights, "read.weight_column"),
        (fixture("general.mtx"), &weights, "read.weight_column"),
        (fixture(""), &format, "read.format"),
    ] {
        let error = read::data(&path, config, &Progress::default()).unwrap_err();
        let is_setting = matches!(error, vgae::Error::Config { setting, .. } if setting == expected);
        assert!(is_setting && error.to_string().starts_with(&format!("`{expected}`")), "{error}");
    }
}

#[test]
fn data_names_drop_the_format_extension() {
    assert_eq!(read::data_name(&fixture("snappy.parquet")), "snappy");
    assert_eq!(read::data_name(Path::new("Web.MTX.gz")), "Web");
}
