//! The candidate pairs and output formats of `vgae predict`.

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
        assert!(note.starts_with("approximate: recall ") && note.contains("exact pairs at"), "{note}");
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
