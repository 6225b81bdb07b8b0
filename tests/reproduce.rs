//! `vgae reproduce`: a run made again, through the real binary.

mod common;

use std::fs;

use common::{Place, karate, ring, rows};
use serde_json::Value;

/// A ring with weights and features.
fn data(place: &Place) {
    let weighted: String =
        ring(40).iter().enumerate().map(|(at, (u, v))| format!("{u},{v},{}\n", 1 + at % 3)).collect();
    place.write("data/edges.csv", format!("source,target,weight\n{weighted}"));
    let features: String =
        (0..40).map(|at| format!("a{at},{},{}\n", at % 2, f64::from(at % 5) / 5.0)).collect();
    place.write("data/features.csv", format!("node,one,two\n{features}"));
    place.write("kinds.csv", rows(&ring(40), ",").replace(",a", ",b"));
}

/// Trains with these arguments into `run`.
fn train(place: &Place, arguments: &str) {
    place.stdout(&format!("train {arguments} --output run --force --quiet"));
}

fn assert_same(place: &Place, arguments: &str) {
    let table = place.stdout(&format!("reproduce run --quiet {arguments}"));
    assert!(table.lines().count() > 5 && table.lines().all(|line| line.ends_with("  same")), "{table}");
}

#[test]
fn every_kind_of_run_comes_out_the_same() {
    let place = Place::new();
    data(&place);
    for arguments in [
        "data --epochs 5",
        "data --epochs 5 --model gae --features none --seed 7 --loss subgraph --subgraph-nodes 20",
        "data/edges.csv --features data/features.csv --epochs 5 --weighted-loss --model vgnae",
        "data --epochs 3 --model vae --likelihood gaussian",
        "data/features.csv --epochs 3 --model vae",
        "data --epochs 5 --directed --model gravity-vgae --seed 3",
        "data --epochs 3 --model best",
        "data --model katz",
        "data --model spectral --features none",
        "kinds.csv --bipartite --epochs 5 --calibrate platt --val-fraction 0.2",
        "data --epochs 12 --patience 2 --val-fraction 0.2 --dropout 0.2 --mask-edges 0.2",
        "data --epochs 3 --decoder hadamard-mlp --model gae --threads 1",
    ] {
        train(&place, arguments);
        assert_same(&place, "--threads 2");
    }
}

#[test]
fn a_run_on_the_split_of_another_is_made_again_on_that_split() {
    let place = Place::new();
    place.stdout(&format!("train {} --seed 5 --epochs 2 --output other --quiet", karate()));
    train(&place, &format!("{} --epochs 3 --split other", karate()));
    // It keeps the split that it used, so that the other run may go.
    fs::remove_dir_all(place.path("other")).unwrap();
    assert_same(&place, "-o again");
    assert_eq!(place.json("again/run.json")["split_from"], "other");
    assert_eq!(place.json("again/run.json")["files"], place.json("run/run.json")["files"]);
    assert!(place.failure("reproduce run -o again", 1).contains("again already exists"));
    assert_same(&place, "-o again --force");
}

#[test]
fn an_input_that_changed_or_moved_is_named() {
    let place = Place::new();
    data(&place);
    train(&place, "data --epochs 2");
    let hash = place.json("run/run.json")["inputs"][0]["sha256"].as_str().unwrap().to_string();
    let text = place.read("data/edges.csv");
    place.write("data/edges.csv", text.replace("a0,a1,1", "a0,a1,2"));
    let error = place.failure("reproduce run", 1);
    assert!(
        error.starts_with("error: data/edges.csv: is not what the run was trained on: its SHA-256 is "),
        "{error}"
    );
    assert!(error.trim_end().ends_with(&format!("; expected {hash}")), "{error}");
    place.write("data/edges.csv", &text);
    fs::rename(place.path("data"), place.path("moved")).unwrap();
    let error = place.failure("reproduce run", 1);
    assert!(error.contains("data/edges.csv: does not exist") && error.contains("--data PATH"), "{error}");
    assert_same(&place, "--data moved");
    let error = place.failure(&format!("reproduce run --data {}", karate()), 1);
    assert!(error.contains("edges.csv: is not what the run was trained on"), "{error}");
    let error = place.failure("reproduce run --data moved/edges.csv", 1);
    assert!(error.contains("the last of 1 files that were read; the run was trained on 2"), "{error}");
}

#[test]
fn what_came_through_stdin_can_only_be_had_from_a_file() {
    let place = Place::new();
    let text = rows(&ring(30), ",");
    place.write("edges.csv", &text);
    place.vgae("train - --epochs 2 --output run --quiet").write_stdin(text).assert().success();
    let error = place.failure("reproduce run", 2);
    assert!(error.contains("data from stdin, which is not kept") && error.contains("--data FILE"), "{error}");
    assert_same(&place, "--data edges.csv");
}

#[test]
fn what_differs_is_named_with_its_size_and_what_is_known_of_why() {
    let place = Place::new();
    data(&place);
    train(&place, "data --epochs 3");
    // As if another version had made it, whose metrics and embeddings came out a little otherwise.
    let text = place.read("run/run.json");
    place.write("run/run.json", text.replace("\"vgae_version\": \"", "\"vgae_version\": \"9."));
    let embeddings = place.read("run/embeddings.csv");
    let number = embeddings.lines().nth(2).unwrap().split(',').nth(1).unwrap();
    place.write("run/embeddings.csv", embeddings.replacen(number, "0.125", 1));
    let mut metrics = place.json("run/metrics.json");
    metrics["test"]["roc_auc"] = 0.25.into();
    place.write("run/metrics.json", metrics.to_string());
    let assert = place.vgae("reproduce run --quiet").assert().code(1);
    let (table, error) = (&assert.get_output().stdout, &assert.get_output().stderr);
    let (table, error) = (common::text(table.clone()), common::text(error.clone()));
    let different: Vec<&str> = table.lines().filter(|line| line.contains("  different: ")).collect();
    assert_eq!(different.len(), 2, "{table}");
    assert!(different[0].starts_with("embeddings.csv "), "{table}");
    assert!(different[0].contains(&format!("mean_0 of node a1: 0.125 became {number}; 1 of ")), "{table}");
    assert!(different[1].contains("test.roc_auc: 0.25 became "), "{table}");
    assert!(error.starts_with("error: run: 2 of "), "{error}");
    assert!(error.contains("vgae: 9.") && error.contains(" then, "), "{error}");

    let assert = place.vgae("reproduce run --json --quiet").assert().code(1);
    let found: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert_eq!(found["is_same"], false);
    let files = found["files"].as_array().unwrap();
    assert_eq!(files.iter().filter(|file| !file["difference"].is_null()).count(), 2);
    assert!(found["reasons"][0].as_str().unwrap().starts_with("vgae: 9."));
}

#[test]
fn other_settings_in_the_record_give_other_weights_which_are_named() {
    let place = Place::new();
    data(&place);
    train(&place, "data --epochs 3");
    let text = place.read("run/run.json");
    assert!(text.contains("\"learning_rate\": 0.01,"));
    place.write("run/run.json", text.replace("\"learning_rate\": 0.01,", "\"learning_rate\": 0.02,"));
    let assert = place.vgae("reproduce run --quiet").assert().code(1);
    let table = common::text(assert.get_output().stdout.clone());
    let line = table.lines().find(|line| line.starts_with("weights.safetensors")).unwrap();
    assert!(
        line.contains("[0, 0]: ") && line.contains(" became ") && line.contains(" numbers differ, by "),
        "{line}"
    );
    assert!(table.contains("split/train.csv"), "{table}");
    let error = common::text(assert.get_output().stderr.clone());
    assert!(error.contains("the records do not explain why"), "{error}");
}

#[test]
fn a_run_that_is_damaged_or_unfinished_is_refused() {
    let place = Place::new();
    place.train_karate("");
    let train = place.read("run/split/train.csv");
    place.write("run/split/train.csv", train.replacen('\n', "\n\n", 1));
    let error = place.failure("reproduce run", 1);
    assert!(error.contains("run/split/train.csv: has changed since the run wrote it"), "{error}");
    place.write("run/split/train.csv", train);
    let text = place.read("run/run.json");
    place.write("run/run.json", text.replace("\"status\": \"complete\"", "\"status\": \"training\""));
    let error = place.failure("reproduce run", 1);
    assert!(error.contains("run/run.json: says that training is not finished"), "{error}");
    assert!(place.failure("reproduce nothing", 1).contains("nothing: is not a run directory"));
}
