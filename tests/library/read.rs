//! The input formats, read through the library.

use crate::shared::{Workspace, gzip, ring, rows};
use vgae::config::{FeatureSource, Header, NodeColumns, ReadConfig};
use vgae::graph::{Graph, Pair};
use vgae::progress::Progress;
use vgae::read::{self, Columns, PairReader, Unknown};
use vgae::{Error, Result};

fn read(workspace: &Workspace, name: &str) -> Graph {
    try_read(workspace, name, &ReadConfig::default()).unwrap()
}

fn try_read(workspace: &Workspace, name: &str, config: &ReadConfig) -> Result<Graph> {
    read::data(&workspace.path(name), config, &Progress::default())
}

/// Returns the edges by id, sorted, so that differently numbered graphs can be compared.
fn edges(graph: &Graph) -> Vec<(String, String)> {
    let name = |node| graph.nodes.id(node).to_string();
    let mut edges: Vec<_> =
        graph.edges.pairs().iter().map(|&(u, v)| (name(u).min(name(v)), name(u).max(name(v)))).collect();
    edges.sort();
    edges
}

#[test]
fn edge_list_forms() {
    let workspace = Workspace::new();
    let pairs = ring(7);
    let comma = rows(&pairs, ",");
    let expected = {
        workspace.write("plain.csv", &comma);
        read(&workspace, "plain.csv")
    };
    assert_eq!((expected.num_nodes(), expected.edges.len()), (7, 14));
    let quoted: String = pairs.iter().map(|(u, v)| format!("\"{u}\", \"{v}\"\n")).collect();
    let reversed: Vec<_> = pairs.iter().map(|(u, v)| (v.clone(), u.clone())).collect();
    let others = [
        ("header.csv", format!("source,target\n{comma}")),
        ("other header.csv", format!("From,To\n{comma}")),
        ("tabs.tsv", rows(&pairs, "\t")),
        ("blanks.txt", rows(&pairs, "  ")),
        ("blanks around.csv", rows(&pairs, " , ")),
        ("semicolons.csv", rows(&pairs, ";")),
        ("crlf.csv", comma.replace('\n', "\r\n")),
        ("bom.csv", format!("\u{feff}source,target\n{comma}")),
        ("bom without header.csv", format!("\u{feff}{comma}")),
        ("comments.csv", format!("# one \"comment\n% another, with a comma\n\n{comma}# last")),
        ("no newline at the end.csv", comma.trim_end().to_string()),
        ("quoted blanks.txt", quoted.replace(',', " ")),
        ("quoted.csv", quoted),
        ("reversed.csv", rows(&reversed, ",")),
        ("more columns.csv", comma.replace('\n', ",x,y\n")),
    ];
    for (name, text) in others {
        workspace.write(name, text);
        assert_eq!(edges(&read(&workspace, name)), edges(&expected), "{name}");
    }
    workspace.write_gz("zipped.csv.gz", &comma);
    assert_eq!(edges(&read(&workspace, "zipped.csv.gz")), edges(&expected));
    // Two gzip members in a row, as written by `cat a.gz b.gz`; the file name does not matter.
    let (first, second) = comma.split_at(comma.len() / 2);
    workspace.write("two members", [gzip(first.as_bytes()), gzip(second.as_bytes())].concat());
    assert_eq!(edges(&read(&workspace, "two members")), edges(&expected));
    // Columns with known names may be at any position.
    let elsewhere: String = pairs.iter().map(|(u, v)| format!("7,{v},{u}\n")).collect();
    workspace.write("elsewhere.csv", format!("id,target,source\n{elsewhere}"));
    assert_eq!(edges(&read(&workspace, "elsewhere.csv")), edges(&expected));
}

#[test]
fn quoted_ids_hold_separators() {
    let workspace = Workspace::new();
    let ids = |text: &str| {
        workspace.write("edges.txt", text);
        read(&workspace, "edges.txt").nodes.iter().map(str::to_string).collect::<Vec<_>>()
    };
    let expected = ["Ben A", "Cy \"C\" B", "d\"e"];
    assert_eq!(ids("\"Ben A\",\"Cy \"\"C\"\" B\"\nd\"e,Ben A\n"), expected);
    assert_eq!(ids("\"Ben A\" \"Cy \"\"C\"\" B\"\n d\"e   \"Ben A\" \n"), expected);
    assert_eq!(ids("\"Ben A\"\t\"Cy \"\"C\"\" B\"\nd\"e\tBen A\n"), expected);
    for text in ["\"Ben A Cy\n", "\"Ben\"A Cy\n"] {
        workspace.write("edges.txt", text);
        let error = try_read(&workspace, "edges.txt", &ReadConfig::default()).unwrap_err().to_string();
        assert!(error.contains("edges.txt:1: a quoted field has no closing quote"), "{error}");
    }
}

#[test]
fn headers_are_recognised_or_given() {
    let workspace = Workspace::new();
    workspace.write("numeric.csv", "person,friend\n1,2\n2,3\n");
    assert_eq!(read(&workspace, "numeric.csv").num_nodes(), 3);
    workspace.write("names.csv", "person,friend\nann,bob\nbob,cid\n");
    let graph = read(&workspace, "names.csv");
    assert_eq!(graph.num_nodes(), 5);
    assert_eq!(
        graph.notes,
        ["the first row (person,friend) was read as an edge; use `read.header = yes` if it is a header"]
    );
    let yes = ReadConfig { header: Header::Yes, ..ReadConfig::default() };
    assert_eq!(try_read(&workspace, "names.csv", &yes).unwrap().num_nodes(), 3);
    workspace.write("from.csv", "from,to\nto,x\n");
    let no = ReadConfig { header: Header::No, ..ReadConfig::default() };
    assert_eq!(try_read(&workspace, "from.csv", &no).unwrap().num_nodes(), 3);
    workspace.write("snap.txt", "FromNodeId\tToNodeId\nx\ty\n");
    assert_eq!(read(&workspace, "snap.txt").num_nodes(), 2);
}

#[test]
fn merged_rows_are_counted() {
    let workspace = Workspace::new();
    workspace.write("edges.csv", "a,b\nb,a\na,b\nc,c\nb,c\n");
    let graph = read(&workspace, "edges.csv");
    assert_eq!((graph.num_nodes(), graph.edges.len()), (3, 2));
    let note = "rows: 5; duplicate or reversed, merged: 2; self-loops, dropped: 1; edges left: 2";
    assert_eq!(graph.notes, [note]);
    // The largest of an edge's weights is kept, in any order of the rows.
    workspace.write("weights.csv", "source,target,weight\na,b,1\nb,a,3\na,b,2\nb,c,0.5\n");
    assert_eq!(read(&workspace, "weights.csv").edges.weights(), Some([3.0, 0.5].as_slice()));
}

#[test]
fn named_weights() {
    let workspace = Workspace::new();
    workspace.write("edges.csv", "from,to,year,strength\na,b,1999,0.25\nb,c,2000,4\n");
    let weights = |wanted: &str| {
        let config = ReadConfig { weight_column: Some(wanted.into()), ..ReadConfig::default() };
        try_read(&workspace, "edges.csv", &config).map(|graph| graph.edges.weights().unwrap().to_vec())
    };
    assert_eq!(weights("strength").unwrap(), [0.25, 4.0]);
    assert_eq!(weights("3").unwrap(), [1999.0, 2000.0]);
    assert!(read(&workspace, "edges.csv").edges.weights().is_none());
    assert!(weights("mass").unwrap_err().to_string().contains("has no column \"mass\""));
    assert!(weights("2").unwrap_err().to_string().contains("names a node column"));
}

#[test]
fn dense_and_sparse_features_agree() {
    let workspace = Workspace::new();
    workspace.write("edges.csv", "a,b\nb,c\n");
    workspace.write("dense.csv", "c,0,0.5,-2\na,1,0,0\nb,0,0,1e-3\n");
    workspace.write("headed.csv", "id,x,y,z\nc,0,0.5,-2\na,1,0,0\nb,0,0,1e-3\n");
    workspace.write("pandas.csv", ",0,1,2\nc,0,0.5,-2\na,1,0,0\nb,0,0,1e-3\n");
    workspace.write("named.csv", "paper,x,y,z\nc,0,0.5,-2\na,1,0,0\nb,0,0,1e-3\n");
    workspace.write("sparse.csv", "node,feature,value\nc,2,-2\nc,1,0.5\na,0,1\nb,2,0.001\n");
    let with = |name: &str| {
        let config =
            ReadConfig { features: FeatureSource::File(workspace.path(name)), ..ReadConfig::default() };
        try_read(&workspace, "edges.csv", &config).unwrap().features.unwrap().to_dense()
    };
    let expected = ndarray::array![[1.0, 0.0, 0.0], [0.0, 0.0, 1e-3], [0.0, 0.5, -2.0]];
    for name in ["dense.csv", "headed.csv", "pandas.csv", "named.csv", "sparse.csv"] {
        assert_eq!(with(name), expected, "{name}");
    }
    // Named features become columns in the order of their first appearance.
    workspace.write("words.csv", "node,feature,value\nb,graph,1\na,link,2\n");
    assert_eq!(with("words.csv"), ndarray::array![[0.0, 2.0], [1.0, 0.0], [0.0, 0.0]]);
}

#[test]
fn nodes_from_features_have_no_edges() {
    let workspace = Workspace::new();
    workspace.write("data/edges.csv", "a,b\n");
    workspace.write("data/features.csv", "a,1\nb,2\nlonely,3\n");
    workspace.write_gz("data/labels.csv.gz", "node,label\nalso lonely,x\na,y\n");
    let error = try_read(&workspace, "data", &ReadConfig::default()).unwrap_err().to_string();
    assert!(
        error.ends_with("has rows for 2 of the graph's 3 nodes; first node without a row: also lonely"),
        "{error}"
    );
    workspace.write("data/features.csv", "a,1\nb,2\nlonely,3\nalso lonely,4\n");
    let graph = read(&workspace, "data");
    assert_eq!(graph.nodes.iter().collect::<Vec<_>>(), ["a", "b", "also lonely", "lonely"]);
    assert_eq!(graph.labels.as_deref().unwrap()[..3], ["y", "", "x"]);
    assert_eq!(graph.edges.degrees(), [1, 1, 0, 0]);
    assert_eq!(graph.edges.num_components(), 3);
    let none = ReadConfig { features: FeatureSource::None, ..ReadConfig::default() };
    let graph = try_read(&workspace, "data", &none).unwrap();
    assert!(graph.features.is_none());
    assert_eq!(graph.num_nodes(), 4);
}

#[test]
fn linqs_directories() {
    let workspace = Workspace::new();
    workspace.write("small/small.content", "p1\t1\t0\tTheory\np2\t0\t1\tRules\np3\t1\t1\tTheory\r\n");
    workspace.write("small/small.cites", "p1\tp2\np2\tp1\np3\tunknown\np3\tp3\n");
    let graph = read(&workspace, "small");
    assert_eq!(graph.nodes.iter().collect::<Vec<_>>(), ["p1", "p2", "p3", "unknown"]);
    assert_eq!(graph.edges.pairs(), [(0, 1), (2, 3)]);
    let features = ndarray::array![[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]];
    assert_eq!(graph.features.unwrap().to_dense(), features);
    assert_eq!(graph.labels.unwrap()[..3], ["Theory", "Rules", "Theory"]);
    assert_eq!(graph.inputs.len(), 2);
    let content = workspace.path("small/small.content");
    let missing = format!("nodes without a row in {}, whose features are zeros: 1", content.display());
    let merged = "citations: 4; duplicate or reversed, merged: 1; self-loops, dropped: 1; edges left: 2";
    assert_eq!(graph.notes, [merged, &missing]);
}

#[test]
fn pairs_are_read_in_batches_in_their_order() {
    let workspace = Workspace::new();
    let edges = workspace.path("edges.csv");
    std::fs::write(&edges, (1..1000).map(|node| format!("{},{node}\n", node - 1)).collect::<String>())
        .unwrap();
    let graph = read::edge_list(&edges, &ReadConfig::default(), &Progress::default()).unwrap();
    let pairs: Vec<Pair> = (0..300_000u32).map(|at| (at % 997, at % 991 + 1)).collect();
    // As much text as several reads of the file.
    let note_of = |(u, v): Pair| format!("n{}{}", u + v, "-".repeat(80));
    let rows: String = pairs.iter().map(|&(u, v)| format!("{u},{v},{}\n", note_of((u, v)))).collect();
    let path = workspace.path("pairs.csv");
    std::fs::write(&path, format!("source,target,note\n{rows}0,nobody,x\n")).unwrap();
    for (columns, num_pairs) in
        [(Columns::Nodes, 100_000), (Columns::All, 100_000), (Columns::Nodes, usize::MAX)]
    {
        let columns_of_nodes = NodeColumns::default();
        let nodes = &graph.nodes;
        let reader =
            PairReader::open(&path, &columns_of_nodes, nodes, Unknown::Refuse, &Progress::default()).unwrap();
        let (mut found, mut sizes) = (Vec::new(), Vec::new());
        let outcome = reader.read_batches(columns, num_pairs, |blocks| {
            let before = found.len();
            for block in blocks {
                found.extend_from_slice(block.pairs());
                let note = note_of(block.pairs()[0]);
                let kept: Vec<&str> = block.kept(0).collect();
                assert_eq!(kept, if columns == Columns::All { vec![note.as_str()] } else { Vec::new() });
            }
            sizes.push(found.len() - before);
            Ok(())
        });
        // The pairs before the bad row were given.
        assert!(matches!(outcome, Err(Error::UnknownNode { line: 300_002, .. })), "{outcome:?}");
        assert_eq!(found, pairs);
        assert!(sizes[..sizes.len() - 1].iter().all(|&size| size >= num_pairs), "{sizes:?}");
        assert_eq!(sizes.len() > 1, num_pairs < pairs.len(), "{sizes:?}");
    }
}
