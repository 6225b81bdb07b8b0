//! `embed`, `score` and `predict` on graphs with nodes that the model never saw.

mod common;

use common::{Place, ring, rows};

/// Features of the ring's nodes a0, a1, …: `columns` of them, in this order, by functions of the node.
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

fn trained(more: &str) -> Place {
    let place = Place::new();
    place.write("edges.csv", rows(&ring(60), ",")).write("x.csv", features(0..60, &COLUMNS));
    place.stdout(&format!("train edges.csv --features x.csv --output run --epochs 30 -q {more}"));
    place
}

#[test]
fn the_graph_of_training_gives_the_embeddings_of_training() {
    // Of the whole graph, as nothing is held out.
    for more in ["", "--model linear-gae --feature-transform tfidf", "--model vgnae", "--model best"] {
        let place = trained(&format!("{more} --val-fraction 0.1 --test-fraction 0"));
        place.write("train.csv", place.read("run/split/train.csv"));
        let arguments = "--graph train.csv --features x.csv -q";
        let sorted = |text: String| {
            let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
            lines.sort();
            lines
        };
        // Nodes are numbered anew, so that sums have another order.
        let (own, other) = (place.stdout("embed run"), place.stdout(&format!("embed run {arguments}")));
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
    let place = trained("");
    // Ten nodes more than the model ever saw.
    place.write("new.csv", rows(&ring(70), ",")).write("new_x.csv", features(0..70, &COLUMNS));
    let other = "--graph new.csv --features new_x.csv";
    let embeddings = place.stdout(&format!("embed run {other}"));
    assert_eq!(embeddings.lines().count(), 71);
    assert!(embeddings.lines().any(|line| line.starts_with("a69,")));
    place.write("pairs.csv", "a65,a2\na69,a68\n");
    let scores = place.stdout(&format!("score run --pairs pairs.csv {other}"));
    assert_eq!(scores.lines().count(), 3);
    let best = place.stdout(&format!("predict run --node a69 --top 3 {other}"));
    assert_eq!(best.lines().count(), 4);
    // Its neighbours in the new graph are known.
    for known in ["a69,a68,", "a69,a0,", "a69,a66,", "a69,a2,"] {
        assert!(!best.contains(known), "{best}");
    }
    let error = place.failure("score run --pairs pairs.csv -o out.csv", 1);
    assert!(error.contains("the graph has no node a65"), "{error}");
}

#[test]
fn columns_are_matched_by_name_or_by_place() {
    let place = trained("");
    place.write("new.csv", rows(&ring(70), ","));
    let embed = "embed run --graph new.csv --features new_x.csv";
    let with = |columns: &[&str]| {
        place.write("new_x.csv", features(0..70, columns));
        place.vgae(embed).assert()
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
    // Without a header by place.
    let bare = features(0..70, &COLUMNS).lines().skip(1).map(|line| format!("{line}\n")).collect::<String>();
    place.write("new_x.csv", &bare);
    assert_eq!(place.stdout(embed).into_bytes(), expected);
    place.write("new_x.csv", bare.lines().map(|line| format!("{line},1\n")).collect::<String>());
    let error = place.failure(embed, 1);
    assert!(error.contains("the features have 4 columns; the model was trained with 3"), "{error}");
    let error = place.failure("embed run --graph new.csv", 2);
    assert!(error.contains("was trained with 3 features but the other graph has none; give --features"));
    assert!(place.failure("embed run --features new_x.csv", 2).contains("--graph"));
}

#[test]
fn words_that_do_not_occur_need_not_be_listed() {
    let place = Place::new();
    let words = |nodes: std::ops::Range<usize>, words: [&str; 2]| {
        let rows = nodes.map(|node| format!("a{node},{},1\n", words[node % 2])).collect::<String>();
        format!("node,feature,value\n{rows}")
    };
    place.write("edges.csv", rows(&ring(60), ",")).write("x.csv", words(0..60, ["sea", "sky"]));
    place.stdout("train edges.csv --features x.csv --output run --epochs 10 -q");
    assert_eq!(place.read("run/feature_names.csv"), "feature\nsea\nsky\n");
    place.write("x.csv", words(0..60, ["sky", "soup"]));
    let assert = place.vgae("embed run --graph edges.csv --features x.csv").assert().success();
    let note = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(note.contains("features unknown to the model, left out: 1"), "{note}");
}

#[test]
fn a_model_without_features_says_why_it_cannot() {
    let place = Place::new();
    place.train_karate("").write("new.csv", "1,2\n2,900\n");
    for verb in ["embed run", "predict run", "score run --pairs new.csv"] {
        let error = place.failure(&format!("{verb} --graph new.csv"), 2);
        let expected =
            "error: this vgae was trained without features: it learnt a row for each of its own 34 nodes";
        assert!(error.starts_with(expected), "{error}");
    }
    // What has nothing to learn can be had of any graph.
    place.stdout(&format!("train {} --model adamic-adar --output aa -q", common::karate()));
    let best = place.stdout("predict aa --graph new.csv --top 1 -q");
    assert!(best.contains("1,900,"), "{best}");
}
