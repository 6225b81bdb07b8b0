//! `embed`, `score` and `predict` on graphs with nodes that the model has not seen.

use crate::common::{Workspace, karate, ring, rows};

/// Returns features of the ring's nodes a0, a1, …, with these columns in this order.
fn features(nodes: std::ops::Range<usize>, columns: &[&str]) -> String {
    let value = |node: usize, column: &str| match column {
        "half" => (node % 60 / 30) as f64,
        "sine" => (node as f64 * 0.1).sin(),
        "cosine" => (node as f64 * 0.1).cos(),
        _ => 7.0,
    };
    let row =
        |node: usize| columns.iter().map(|column| format!(",{}", value(node, column))).collect::<String>();
    let rows = nodes.map(|node| format!("a{node}{}\n", row(node))).collect::<String>();
    format!("node,{}\n{rows}", columns.join(","))
}

const COLUMNS: [&str; 3] = ["half", "sine", "cosine"];

fn trained(more: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("edges.csv", rows(&ring(60), ",")).write("x.csv", features(0..60, &COLUMNS));
    workspace.stdout(&format!("train edges.csv --features x.csv --output run --epochs 30 -q {more}"));
    workspace
}

#[test]
fn training_graph_gives_training_embeddings() {
    // The training edges are given as the other graph.
    for more in ["", "--model linear-gae --feature-transform tfidf", "--model vgnae", "--model best"] {
        let workspace = trained(&format!("{more} --val-fraction 0.1 --test-fraction 0"));
        workspace.write("train.csv", workspace.read("run/split/train.csv"));
        let arguments = "--graph train.csv --features x.csv -q";
        let sorted = |text: String| {
            let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
            lines.sort();
            lines
        };
        // Nodes are renumbered, so sums have another order.
        let (own, other) =
            (workspace.stdout("embed run"), workspace.stdout(&format!("embed run {arguments}")));
        for (own, other) in sorted(own).iter().zip(sorted(other)) {
            let numbers = |line: &str| -> Vec<f64> {
                line.split(',').skip(1).filter_map(|field| field.parse().ok()).collect()
            };
            assert_eq!(own.split(',').next(), other.split(',').next());
            for (own, other) in numbers(own).into_iter().zip(numbers(&other)) {
                assert!((own - other).abs() < 1e-4, "{more}: {own} {other}");
            }
        }
    }
}

#[test]
fn new_nodes_are_embedded_scored_and_predicted() {
    let workspace = trained("");
    // Ten nodes more than in training.
    workspace.write("new.csv", rows(&ring(70), ",")).write("new_x.csv", features(0..70, &COLUMNS));
    let other = "--graph new.csv --features new_x.csv";
    let embeddings = workspace.stdout(&format!("embed run {other}"));
    assert_eq!(embeddings.lines().count(), 71);
    assert!(embeddings.lines().any(|line| line.starts_with("a69,")));
    workspace.write("pairs.csv", "a65,a2\na69,a68\n");
    let scores = workspace.stdout(&format!("score run --pairs pairs.csv {other}"));
    assert_eq!(scores.lines().count(), 3);
    let best = workspace.stdout(&format!("predict run --node a69 --top 3 {other}"));
    assert_eq!(best.lines().count(), 4);
    // Neighbours in the new graph are known edges.
    for known in ["a69,a68,", "a69,a0,", "a69,a66,", "a69,a2,"] {
        assert!(!best.contains(known), "{best}");
    }
    let error = workspace.failure("score run --pairs pairs.csv -o out.csv", 1);
    assert!(error.contains("the graph has no node a65"), "{error}");
}

#[test]
fn feature_columns_match_by_name_or_position() {
    let workspace = trained("");
    workspace.write("new.csv", rows(&ring(70), ","));
    let embed = "embed run --graph new.csv --features new_x.csv";
    let with = |columns: &[&str]| {
        workspace.write("new_x.csv", features(0..70, columns));
        workspace.vgae(embed).assert()
    };
    let expected = with(&COLUMNS).success().get_output().stdout.clone();
    let assert = with(&["cosine", "other", "half", "sine"]).success();
    assert_eq!(assert.get_output().stdout, expected);
    let note = "note: features unknown to the model, left out: 1\n";
    assert_eq!(String::from_utf8_lossy(&assert.get_output().stderr), note);
    let error = with(&["cosine", "half", "other"]).code(1).get_output().stderr.clone();
    let error = String::from_utf8(error).unwrap();
    assert!(
        error.contains("new_x.csv: the features lack 1 of the model's 3 columns, the first: \"sine\""),
        "{error}"
    );
    // Without a header, columns match by position.
    let bare = features(0..70, &COLUMNS).lines().skip(1).map(|line| format!("{line}\n")).collect::<String>();
    workspace.write("new_x.csv", &bare);
    assert_eq!(workspace.stdout(embed).into_bytes(), expected);
    workspace.write("new_x.csv", bare.lines().map(|line| format!("{line},1\n")).collect::<String>());
    let error = workspace.failure(embed, 1);
    assert!(error.contains("the features have 4 columns; the model was trained with 3"), "{error}");
    let error = workspace.failure("embed run --graph new.csv", 2);
    assert!(error.contains("was trained with 3 features but the other graph has none; give --features"));
    assert!(workspace.failure("embed run --features new_x.csv", 2).contains("--graph"));
}

#[test]
fn absent_words_may_be_left_out() {
    let workspace = Workspace::new();
    let words = |nodes: std::ops::Range<usize>, words: [&str; 2]| {
        let rows = nodes.map(|node| format!("a{node},{},1\n", words[node % 2])).collect::<String>();
        format!("node,feature,value\n{rows}")
    };
    workspace.write("edges.csv", rows(&ring(60), ",")).write("x.csv", words(0..60, ["sea", "sky"]));
    workspace.stdout("train edges.csv --features x.csv --output run --epochs 10 -q");
    assert_eq!(workspace.read("run/feature_names.csv"), "feature\nsea\nsky\n");
    workspace.write("x.csv", words(0..60, ["sky", "soup"]));
    let assert = workspace.vgae("embed run --graph edges.csv --features x.csv").assert().success();
    let note = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(note.contains("features unknown to the model, left out: 1"), "{note}");
}

#[test]
fn model_without_features_is_refused() {
    let workspace = Workspace::new();
    workspace.train_karate("").write("new.csv", "1,2\n2,900\n");
    for verb in ["embed run", "predict run", "score run --pairs new.csv"] {
        let error = workspace.failure(&format!("{verb} --graph new.csv"), 2);
        let expected =
            "error: this vgae was trained without features: it learnt a row for each of its own 34 nodes";
        assert!(error.starts_with(expected), "{error}");
    }
    // Models without training work on any graph.
    workspace.stdout(&format!("train {} --model adamic-adar --output aa -q", karate()));
    let best = workspace.stdout("predict aa --graph new.csv --top 1 -q");
    assert!(best.contains("1,900,"), "{best}");
}
