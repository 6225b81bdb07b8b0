//! `vgae evaluate`, `score` and `predict` on a small run.

use std::fs;

use crate::common::{Workspace, karate, text};

#[test]
fn evaluate_own_pairs() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let split = |name: &str| workspace.path("run/split").join(name).display().to_string();
    let own = format!(
        "evaluate run --json --pairs {} --negatives {}",
        split("test.csv"),
        split("test_negatives.csv")
    );
    let metrics: serde_json::Value = serde_json::from_str(&workspace.stdout(&own)).unwrap();
    assert_eq!(metrics["pairs"], workspace.json("run/metrics.json")["test"]);

    let seen = format!("evaluate run --pairs {} --negatives {}", split("train.csv"), split("test.csv"));
    let assert = workspace.vgae(&seen).assert().success();
    let stderr = text(assert.get_output().stderr.clone());
    assert!(
        stderr.contains("note: 68 of the 68 pairs were trained on, so this is not a held-out metric"),
        "{stderr}"
    );
    assert!(stderr.contains("note: 7 of the 7 negatives are edges of the graph"), "{stderr}");
    workspace.failure("evaluate run --pairs x.csv", 2);
}

#[test]
fn score_keeps_input_order() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let scores = text(
        workspace
            .vgae("score run --pairs -")
            .write_stdin("source,target\n34,1\n1,34\n2 , 3\n")
            .assert()
            .success()
            .get_output()
            .stdout
            .clone(),
    );
    let rows: Vec<Vec<&str>> = scores.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0], ["source", "target", "probability", "logit"]);
    assert_eq!([&rows[1][..2], &rows[2][..2], &rows[3][..2]], [["34", "1"], ["1", "34"], ["2", "3"]]);
    assert_eq!(rows[1][2..], rows[2][2..]);
    let number = |text: &str| text.parse::<f64>().unwrap();
    for row in &rows[1..] {
        assert!((1.0 / (1.0 + (-number(row[3])).exp()) - number(row[2])).abs() < 1e-12);
    }
    // The logit is the inner product of the embeddings.
    let embeddings = workspace.read("run/embeddings.csv");
    let mean = |id: &str| -> Vec<f64> {
        let line = embeddings.lines().find(|line| line.starts_with(&format!("{id},"))).unwrap();
        line.split(',').skip(1).map(|text| f64::from(text.parse::<f32>().unwrap())).collect()
    };
    let product: f64 = mean("34").iter().zip(mean("1")).map(|(a, b)| a * b).sum();
    assert!((product - number(rows[1][3])).abs() < 1e-9);

    // A file with white space whose header names another column first.
    workspace
        .write("pairs.tsv", "weight\tsource\ttarget\n0.5\t1\t2\n")
        .stdout("score run --pairs pairs.tsv -o out.csv");
    assert!(workspace.read("out.csv").lines().nth(1).unwrap().starts_with("1,2,"));
}

#[test]
fn unknown_nodes_are_named_or_skipped() {
    let workspace = Workspace::new();
    workspace.train_karate("").write("pairs.csv", "source,target\n1,2\n1,Zachary\n3,4\n");
    let error = workspace.failure("score run --pairs pairs.csv -o out.csv", 1);
    assert_eq!(
        error,
        "error: pairs.csv:3: the graph has no node Zachary; `vgae score` leaves such pairs out with --skip-unknown\n"
    );
    assert!(!workspace.exists("out.csv"), "a failed verb leaves no file");
    let assert = workspace.vgae("score run --pairs pairs.csv --skip-unknown").assert().success();
    assert_eq!(text(assert.get_output().stdout.clone()).lines().count(), 3);
    assert_eq!(text(assert.get_output().stderr.clone()), "note: skipped pairs with an unknown node: 1\n");
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
