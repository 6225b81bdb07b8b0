//! Formats that list nodes and edges: GML, Pajek, SIF and JSON, and what they have in common with XML.

use std::fmt::Write;

use proptest::prelude::*;
use vgae::Result;
use vgae::config::ReadConfig;
use vgae::graph::Graph;

use super::{default, edges, expected, fixture, read};
use crate::shared::{Workspace, gzip};

fn read_text(name: &str, text: &str, config: &ReadConfig) -> Result<Graph> {
    read(&Workspace::new(), name, text, config)
}

fn directed() -> ReadConfig {
    ReadConfig { directed: true, ..default() }
}

fn named(key: &str) -> ReadConfig {
    ReadConfig { node_names: Some(key.into()), ..default() }
}

/// Returns the message without the path.
fn error(name: &str, text: &str, config: &ReadConfig) -> String {
    let message = read_text(name, text, config).unwrap_err().to_string();
    message.split_once(&format!("{name}:")).unwrap().1.trim_start().to_string()
}

/// Returns each edge as `source target weight`, in ascending order.
fn rows(graph: &Graph) -> Vec<String> {
    let row = |(source, target, weight): &(String, String, Option<f32>)| match weight {
        Some(weight) => format!("{source} {target} {weight}"),
        None => format!("{source} {target}"),
    };
    edges(graph).iter().map(row).collect()
}

#[test]
fn files_of_networkx_are_read() {
    let from_zero = ["0", "1", "2", "3", "4"];
    let from_one = ["1", "2", "3", "4", "5"];
    let names = ["a", "b", "c", "d", "e"];
    for (end, ids, key) in [
        ("gml", from_zero, Some("label")),
        ("net", from_one, Some("label")),
        ("gexf", names, Some("label")),
        ("json", names, None),
    ] {
        let read = |kind: &str, config: &ReadConfig| {
            vgae::read::data(&fixture(&format!("{kind}.{end}")), config, &Default::default()).unwrap()
        };
        let graph = read("undirected", &default());
        assert_eq!((edges(&graph), graph.num_nodes()), (expected(&ids, true), 5), "{end}");
        let graph = read("directed", &directed());
        assert_eq!((edges(&graph), graph.num_nodes()), (expected(&ids, true), 5), "{end}");
        let lost = "the edges of the file are directed, but their directions were dropped; `read.directed` keeps them";
        assert_eq!(read("directed", &default()).notes[0], lost, "{end}");
        if let Some(key) = key {
            let graph = read("undirected", &named(key));
            assert_eq!((edges(&graph), graph.notes), (expected(&names, true), vec![]), "{end}");
        }
    }
    let graph = vgae::read::data(&fixture("cytoscape.json"), &default(), &Default::default()).unwrap();
    assert_eq!((edges(&graph), graph.num_nodes()), (expected(&names, true), 5));
    let unread = "node data that is not read: value, name; `read.node_names = KEY` uses one as the ids";
    assert_eq!(graph.notes, [unread]);
}

#[test]
fn formats_are_recognised_by_their_content() {
    for name in [
        "undirected.gml",
        "undirected.net",
        "undirected.gexf",
        "undirected.graphml",
        "undirected.json",
        "symmetric.mtx",
    ] {
        let bytes = std::fs::read(fixture(name)).unwrap();
        let by_name = read(&Workspace::new(), name, &bytes, &default()).unwrap();
        for (other, bytes) in [("graph.txt", bytes.clone()), ("graph.csv.gz", gzip(&bytes))] {
            let by_content = read(&Workspace::new(), other, &bytes, &default()).unwrap();
            assert_eq!(rows(&by_content), rows(&by_name), "{name}");
            assert!(by_content.notes.last().unwrap().starts_with("the file was read as "), "{name}");
        }
        let marked = [b"\xef\xbb\xbf".as_slice(), &bytes].concat();
        assert_eq!(
            rows(&read(&Workspace::new(), name, marked, &default()).unwrap()),
            rows(&by_name),
            "{name}"
        );
    }
}

#[test]
fn gml_of_other_programs() {
    let newman = "Creator \"Mark Newman on Sat\"\ngraph\n[\n  directed 0\n  node\n  [\n    id 1\n    label \"Ren&#233; \
                  [x]\"\n    graphics [ x 1 [ ] ]\n  ]\n  node [ id 2 label \"B # b\" ]\n  # edge\n  edge\n  [\n source 1 \
                  target 2 value 3 ] ]\n";
    let graph = read_text("g.gml", newman, &default()).unwrap();
    assert_eq!(rows(&graph), ["1 2"]);
    let hint = "; `read.weight_column = NAME` reads one as the weight";
    assert_eq!(graph.notes[1], format!("edge data that is not read: value{hint}"));
    let config = ReadConfig { weight_column: Some("Value".into()), ..named("label") };
    assert_eq!(rows(&read_text("g.gml", newman, &config).unwrap()), ["René [x] B # b 3"]);
    for (text, expected) in [
        ("", "1: the file has no graph; expected graph [ … ]"),
        ("graph [\nnode [ id 1 ]", "2: the file is cut off; expected ]"),
        ("graph [\nnode [ label 1 ] ]", "2: the node has no id; expected one"),
        ("graph [ edge [ source 1\n] ]", "2: the edge has no target; expected one"),
        ("graph [ edge [ source 1 target 2 weight x ] ]", "1: the weight is \"x\"; expected a finite number"),
        ("graph [ directed 2 ]", "1: directed is 2; expected 0 or 1"),
        ("graph [ ]\ngraph [ ]", "2: found a second graph; expected one"),
        ("graph [ node [ id 1 ] ]", "has no edges; expected at least one"),
        ("graph [ \"a ]", "1: a text has no closing quote; expected one"),
        ("]", "1: found ]; expected a key such as graph"),
    ] {
        assert!(
            error("g.gml", text, &default()).starts_with(expected),
            "{text}: {}",
            error("g.gml", text, &default())
        );
    }
    let deep =
        format!("graph [ x {} {} edge [ source 1 target 2 ] ]", "[ x ".repeat(100_000), "]".repeat(100_000));
    assert_eq!(rows(&read_text("g.gml", &deep, &default()).unwrap()), ["1 2"]);
}

#[test]
fn pajek_networks() {
    let net = "% made by hand\n*Network \"x\"\n*Vertices 4 2\n1 \"Ann A\" 0.1 0.2 0.5\n3 Cid\n*Arcs :1 \"likes\"\n1 2 2.5\n\
               % more\n*Edgeslist\n2 3 4\n*Partition p\n1\n";
    let graph = read_text("g.net", net, &default()).unwrap();
    assert_eq!(
        (rows(&graph), graph.num_nodes()),
        (vec!["1 2 2.5".into(), "2 3 1".into(), "2 4 1".into()], 4)
    );
    let kinds = "the first 2 vertices are of another kind than the others; `read.bipartite` keeps them apart";
    assert_eq!(graph.notes.last().unwrap(), kinds);
    let mixed = "edges without a direction: 2 of 3; `read.directed` expects a file with directed edges";
    assert_eq!(error("g.net", net, &directed()), mixed);
    for (text, expected) in [
        ("1 2\n", "1: found \"1\"; expected *Vertices"),
        ("*Vertices\n", "1: *Vertices has no number"),
        ("*Vertices x\n", "1: found \"x\"; expected a number of vertices"),
        ("*Vertices 2\n*Edges\n1 3\n", "3: found \"3\"; expected the number of a vertex, from 1 to 2"),
        ("*Vertices 2\n*Edges\n1\n", "3: found 1 column; expected two vertices"),
        ("*Vertices 2\n*Edges\n1 2 -1\n", "3: the weight is -1; expected a number above 0"),
        ("*Vertices 2\n*Matrix\n", "2: found *Matrix; expected *Arcs or *Edges"),
        ("*Vertices 2\n", "has no edges; expected at least one"),
        (
            "*Vertices 4000000000\n*Edges\n1 2\n",
            "has 4000000000 vertices in 3 lines; expected fewer vertices",
        ),
    ] {
        assert!(
            error("g.net", text, &default()).starts_with(expected),
            "{text}: {}",
            error("g.net", text, &default())
        );
    }
}

#[test]
fn sif_lines() {
    let graph = read_text("g.sif", "G1 pp G2\nG2 pd G3 G4\nG5\n", &directed()).unwrap();
    assert_eq!((rows(&graph), graph.num_nodes()), (vec!["G1 G2".into(), "G2 G3".into(), "G2 G4".into()], 5));
    assert_eq!(graph.notes, ["types of edges that are not read: pp, pd"]);
    let tabs = "gene one\tbinds to\tgene two\ngene, three\tx\tgene one\n";
    assert_eq!(
        rows(&read_text("g.sif", tabs, &default()).unwrap()),
        ["gene one gene two", "gene one gene, three"]
    );
    let two = "2: found 2 fields (separated by white space); expected a node, the type of its edges, and their targets, \
               such as `ann likes bob`";
    assert_eq!(error("g.sif", "a b c\na b\n", &default()), two);
}

#[test]
fn json_of_other_programs() {
    for text in [
        // D3, with positions in place of ids.
        r#"{"nodes": [{"name": "a"}, {"name": "b"}, {"name": "c"}], "links": [{"source": 0, "target": 1}, {"source": 1, "target": 2}]}"#,
        r#"{"links": [{"target": {"id": 1}, "source": {"id": 0}}, {"source": 1, "target": 2}], "nodes": [{"id": 0}, {"id": 1}, {"id": 2}]}"#,
        r#"{"graph": [], "nodes": [{"id": "0"}, {"id": "1"}, {"id": "2"}], "edges": [{"source": "0", "target": 1}, {"source": 1, "target": 2}]}"#,
        r#"{"graph": {"directed": false, "nodes": {"0": {"label": "x"}, "1": {}, "2": {}}, "edges": [{"source": "0", "target": "1"}, {"source": "1", "target": "2"}]}}"#,
        r#"{"elements": [{"data": {"id": "0"}}, {"data": {"id": "1"}}, {"data": {"id": "2"}}, {"data": {"source": "0", "target": "1"}}, {"data": {"source": "1", "target": "2"}}]}"#,
    ] {
        let graph = read_text("g.json", text, &default()).unwrap();
        assert_eq!((rows(&graph), graph.num_nodes()), (vec!["0 1".into(), "1 2".into()], 3), "{text}");
    }
    // networkx 1 named nodes and linked their positions.
    let old = r#"{"directed": true, "nodes": [{"id": "a"}, {"id": "b"}], "links": [{"source": 1, "target": 0, "weight": 2}]}"#;
    assert_eq!(rows(&read_text("g.json", old, &directed()).unwrap()), ["b a 2"]);
    for (text, expected) in [
        ("{\"nodes\": [\n", "2: the JSON is damaged: EOF while parsing"),
        (
            "[[1, 2]]",
            "is a list of JSON lists; expected one object with nodes and links; hint: `jq -r '.[] | @csv' FILE`",
        ),
        ("[{\"source\": 1}]", "is a list of JSON objects; expected one object"),
        ("{\"source\": 1, \"target\": 2}\n{\"source\": 2, \"target\": 3}\n", "has a JSON value per line"),
        ("{\"source\": 1, \"target\": 2}", "has a JSON value per line"),
        ("{\"adjacency\": [], \"nodes\": []}", "is networkx adjacency data"),
        ("{\"a\": [\"b\"]}", "has neither links nor edges"),
        ("{\"nodes\": [{\"id\": 1}], \"links\": [{\"source\": 1}]}", "link 1 has no target; expected one"),
        (
            "{\"nodes\": [{\"id\": 1.5}], \"links\": []}",
            "the id of node 1 is 1.5; expected text or a whole number",
        ),
        (
            "{\"nodes\": [{\"id\": \"a\"}], \"links\": [{\"source\": \"a\", \"target\": \"b\"}]}",
            "the link a – b names b, which is not a node; expected the id of one of the 1 nodes",
        ),
        (
            "{\"links\": [{\"source\": 1, \"target\": 2, \"weight\": \"x\"}]}",
            "the weight of the link 1 – 2 is \"x\"; expected a number above 0",
        ),
        ("3", "is a JSON value"),
    ] {
        let found = error("g.json", text, &default());
        assert!(found.starts_with(expected), "{text}: {found}");
    }
    let deep = format!("{{\"nodes\": [{}1{}]}}", "{\"a\": ".repeat(1000), "}".repeat(1000));
    assert!(error("g.json", &deep, &default()).starts_with("1: the JSON is damaged: recursion limit"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A graph reads the same in every format.
    #[test]
    fn formats_agree(
        pairs in prop::collection::vec((1usize..9, 1usize..9, 1u32..100), 1..20),
        is_directed in any::<bool>(),
    ) {
        let pairs: Vec<_> = pairs.into_iter().filter(|(u, v, _)| u != v).collect();
        prop_assume!(!pairs.is_empty());
        let [mut csv, mut net, mut gml, mut graphml, mut gexf, mut json] = [const { String::new() }; 6];
        for (u, v, weight) in &pairs {
            let weight = *weight as f32 / 16.0;
            writeln!(csv, "{u},{v},{weight}").unwrap();
            writeln!(net, "{u} {v} {weight}").unwrap();
            writeln!(gml, "edge [ source {u} target {v} weight {weight} ]").unwrap();
            writeln!(graphml, "<edge source='{u}' target='{v}'><data key='weight'>{weight}</data></edge>").unwrap();
            writeln!(gexf, "<edge source='{u}' target='{v}' weight='{weight}'/>").unwrap();
            let comma = if json.is_empty() { "" } else { "," };
            write!(json, "{comma}{{\"source\": {u}, \"target\": \"{v}\", \"weight\": {weight}}}").unwrap();
        }
        let config = ReadConfig { directed: is_directed, ..default() };
        let kind = if is_directed { "directed" } else { "undirected" };
        let expected = edges(&read_text("g.csv", &format!("source,target,weight\n{csv}"), &config).unwrap());
        for (name, text) in [
            ("g.net", format!("*Vertices 9\n*{}\n{net}", if is_directed { "Arcs" } else { "Edges" })),
            ("g.gml", format!("graph [ directed {} {gml} ]", u8::from(is_directed))),
            ("g.graphml", format!("<graphml><graph edgedefault='{kind}'>{graphml}</graph></graphml>")),
            ("g.gexf", format!("<gexf><graph defaultedgetype='{kind}'>{gexf}</graph></gexf>")),
            ("g.json", format!("{{\"directed\": {is_directed}, \"links\": [{json}]}}")),
        ] {
            let mut found = edges(&read_text(name, &text, &config).unwrap());
            // All weights 1 are none in Pajek.
            if name == "g.net" && pairs.iter().all(|pair| pair.2 == 16) {
                found.iter_mut().for_each(|edge| edge.2 = Some(1.0));
            }
            let by_ids = |edges: &[(String, String, Option<f32>)]| {
                let mut edges = edges.to_vec();
                if !is_directed {
                    edges.iter_mut().filter(|edge| edge.0 > edge.1).for_each(|edge| {
                        (edge.0, edge.1) = (edge.1.clone(), edge.0.clone());
                    });
                }
                edges.sort_by(|a, b| a.partial_cmp(b).unwrap());
                edges
            };
            prop_assert_eq!(by_ids(&found), by_ids(&expected), "{}", name);
        }
    }
}
