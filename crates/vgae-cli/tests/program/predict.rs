//! `vgae predict`: the pairs that it chooses from, and its output formats.

use std::fs;

use crate::common::{Workspace, karate, ring, rows, text};

/// Returns (source, target) of each row, in order.
fn pairs(csv: &str) -> Vec<(String, String)> {
    let pair = |line: &str| {
        let mut fields = line.split(',').map(str::to_string);
        (fields.next().unwrap(), fields.next().unwrap())
    };
    csv.lines().skip(1).map(pair).collect()
}

#[test]
fn two_hop_candidates() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let edges: Vec<(String, String)> = ["train", "validation", "test"]
        .iter()
        .flat_map(|part| pairs(&workspace.read(&format!("run/split/{part}.csv"))))
        .collect();
    let are_linked = |u: &str, v: &str| edges.iter().any(|(a, b)| (a == u && b == v) || (a == v && b == u));
    let share =
        |u: &str, v: &str| (1..=34).any(|w| are_linked(u, &w.to_string()) && are_linked(v, &w.to_string()));
    let all = workspace.stdout("predict run --top 1000 -q");
    let expected: String = all
        .split_inclusive('\n')
        .enumerate()
        .filter(|(at, line)| {
            let mut fields = line.split(',');
            *at == 0 || share(fields.next().unwrap(), fields.next().unwrap())
        })
        .map(|(_, line)| line)
        .collect();
    assert_eq!(workspace.stdout("predict run --top 1000 --candidates two-hop -q"), expected);
    let of_one = pairs(&workspace.stdout("predict run --node 1 --top 1000 --candidates two-hop -q"));
    assert!(!of_one.is_empty() && of_one.iter().all(|(u, v)| u == "1" && share(u, v)));
}

#[test]
fn candidates_from_file() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    // 1 – 2 is an edge; 15 – 16 occurs twice.
    workspace.write("pairs.csv", "source,target\n1,2\n15,16\n16,15\n10,9\n30,1\n");
    let best = pairs(&workspace.stdout("predict run --candidates pairs.csv -q"));
    let all = pairs(&workspace.stdout("predict run --top 1000 -q"));
    let rank_of = |pair: &(String, String)| all.iter().position(|other| other == pair).unwrap();
    assert_eq!(best.len(), 3);
    assert!(best.is_sorted_by(|a, b| rank_of(a) < rank_of(b)), "{best:?}");
    let of_one = pairs(&workspace.stdout("predict run --candidates pairs.csv --node 1 -q"));
    assert_eq!(of_one, [("1".to_string(), "30".to_string())]);
    workspace.write("pairs.csv", "1,99\n");
    assert!(
        workspace
            .failure("predict run --candidates pairs.csv", 1)
            .contains("pairs.csv:1: the graph has no node 99")
    );
    assert!(workspace.failure("predict run --candidates nothing.csv", 1).contains("cannot read nothing.csv"));
}

#[test]
fn approximate_reports_its_recall() {
    let workspace = Workspace::new();
    workspace.write("ring.csv", rows(&ring(600), ","));
    workspace.stdout("train ring.csv --output run --epochs 30 -q");
    for (arguments, at_least) in [("--top 200", 150), ("--all-nodes --top 5", 2400)] {
        let exact = pairs(&workspace.stdout(&format!("predict run {arguments} -q")));
        let assert = workspace.vgae(&format!("predict run {arguments} --approximate")).assert().success();
        let found = pairs(&text(assert.get_output().stdout.clone()));
        let hits = found.iter().filter(|pair| exact.contains(pair)).count();
        assert!(found.len() == exact.len() && hits >= at_least, "{arguments}: {hits}");
        let note = text(assert.get_output().stderr.clone());
        assert!(note.starts_with("approximate: recall ") && note.contains("an exact search at"), "{note}");
    }
    let error = workspace.failure("predict run --approximate --candidates two-hop", 2);
    assert!(error.contains("cannot be used with"), "{error}");
    workspace.stdout(&format!("train {} --model jaccard --output j -q", karate()));
    let error = workspace.failure("predict j --approximate", 2);
    assert_eq!(error, "error: --approximate needs a model that scores pairs by inner products\n");
}

#[test]
fn jsonl_and_parquet_predictions() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let csv = pairs(&workspace.stdout("predict run --all-nodes --top 2"));
    let lines = workspace.stdout("predict run --all-nodes --top 2 --format jsonl");
    let from_json = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let id = |name: &str| value[name].as_str().unwrap().to_string();
        (id("source"), id("target"))
    };
    assert_eq!(lines.lines().map(from_json).collect::<Vec<_>>(), csv);
    workspace.stdout("predict run --top 7 -o best.parquet");
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let file = std::fs::File::open(workspace.path("best.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 7);
}

#[test]
fn predict_excludes_known_edges() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let predicted = workspace.stdout("predict run --top 1000 --quiet");
    // 34 · 33 / 2 pairs minus 78 edges, and a header.
    assert_eq!(predicted.lines().count(), 1 + 561 - 78);
    let edges = fs::read_to_string(format!("{}/edges.csv", karate())).unwrap();
    let mut last = f64::INFINITY;
    for line in predicted.lines().skip(1) {
        let row: Vec<&str> = line.split(',').collect();
        for (u, v) in [(row[0], row[1]), (row[1], row[0])] {
            assert!(!edges.lines().any(|edge| edge == format!("{u},{v}")), "{line}");
        }
        let logit = row[3].parse().unwrap();
        assert!(logit <= last);
        last = logit;
    }
}

#[test]
fn predict_for_chosen_nodes() {
    let workspace = Workspace::new();
    workspace.train_karate("").write("nodes.csv", "node\n34\n1\n");
    let all = workspace.stdout("predict run --top 1000 --quiet");
    // Returns the other end and the logit of each pair of `node`, best first.
    let of_node = |node: &str| -> Vec<(String, String)> {
        let rows = all.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
        let other = |row: Vec<&str>| match (row[0] == node, row[1] == node) {
            (true, _) => Some((row[1].to_string(), row[3].to_string())),
            (_, true) => Some((row[0].to_string(), row[3].to_string())),
            _ => None,
        };
        rows.filter_map(other).collect()
    };
    let predicted = |arguments: &str| -> Vec<(String, String, String)> {
        let rows = workspace.stdout(&format!("predict run --quiet {arguments}"));
        let rows = rows.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
        rows.map(|row| (row[0].into(), row[1].into(), row[3].into())).collect()
    };
    let best = |node: &str, top: usize| -> Vec<(String, String, String)> {
        let best = of_node(node).into_iter().take(top);
        best.map(|(other, logit)| (node.to_string(), other, logit)).collect()
    };
    assert_eq!(predicted("--node 1 --top 3"), best("1", 3));
    assert_eq!(predicted("--node 1 --node 34 --top 2"), [best("1", 2), best("34", 2)].concat());
    assert_eq!(predicted("--nodes nodes.csv --top 2"), [best("34", 2), best("1", 2)].concat());
    let everyone = predicted("--all-nodes --top 1");
    assert_eq!(everyone.len(), 34);
    assert!(everyone.iter().all(|row| best(&row.0, 1) == [row.clone()]));

    assert_eq!(
        workspace.failure("predict run --node 99", 2),
        "error: --node 99: the run has no node with this id\n"
    );
    workspace.write("unknown.csv", "1\n99\n");
    assert!(workspace.failure("predict run --nodes unknown.csv", 1).contains("unknown.csv:2: "));
    assert!(workspace.failure("predict run --node 1 --all-nodes", 2).contains("cannot be used with"));
    // Node 1 has 16 neighbours among 33 nodes.
    let assert = workspace.vgae("predict run --node 1 --top 100").assert().success();
    let note = "note: nodes with fewer than 100 pairs that are not edges: 1\n";
    assert_eq!(text(assert.get_output().stderr.clone()), note);
    assert_eq!(text(assert.get_output().stdout.clone()).lines().count(), 1 + 33 - 16);
}

#[test]
fn directed_predictions_go_both_ways() {
    let workspace = Workspace::new();
    // a and b share the targets c and d, and are shared by them; 8 of the 12 ordered pairs are no edges.
    workspace.write("edges.csv", "source,target\na,c\na,d\nb,c\nb,d\n");
    workspace.stdout(
        "train edges.csv --directed --model common-neighbours --val-fraction 0 --test-fraction 0 --output run -q",
    );
    let all = workspace.stdout("predict run --top 20");
    let best: Vec<(String, String)> = pairs(&all);
    let names = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(u, v)| (u.to_string(), v.to_string())).collect()
    };
    // The nodes are a, c, d, b, in the order of the file, which breaks ties.
    assert_eq!(best[..4], names(&[("a", "b"), ("c", "d"), ("d", "c"), ("b", "a")]));
    let mut rest = best[4..].to_vec();
    rest.sort();
    assert_eq!(rest, names(&[("c", "a"), ("c", "b"), ("d", "a"), ("d", "b")]));
    let of_nodes = pairs(&workspace.stdout("predict run --top 20 --all-nodes -q"));
    let (mut found, mut expected) = (of_nodes, best);
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}
