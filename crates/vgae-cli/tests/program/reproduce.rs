//! `vgae reproduce`: repeats a run.

use std::fs;

use crate::common::{Workspace, karate, ring, rows, text};
use serde_json::Value;

/// Writes a ring with weights and features.
fn data(workspace: &Workspace) {
    let weighted: String =
        ring(40).iter().enumerate().map(|(at, (u, v))| format!("{u},{v},{}\n", 1 + at % 3)).collect();
    workspace.write("data/edges.csv", format!("source,target,weight\n{weighted}"));
    let features: String =
        (0..40).map(|at| format!("a{at},{},{}\n", at % 2, f64::from(at % 5) / 5.0)).collect();
    workspace.write("data/features.csv", format!("node,one,two\n{features}"));
    workspace.write("kinds.csv", rows(&ring(40), ",").replace(",a", ",b"));
}

/// Trains with these arguments into `run`.
fn train(workspace: &Workspace, arguments: &str) {
    workspace.stdout(&format!("train {arguments} --output run --force --quiet"));
}

fn assert_same(workspace: &Workspace, arguments: &str) {
    let table = workspace.stdout(&format!("reproduce run --quiet {arguments}"));
    assert!(table.lines().count() > 5 && table.lines().all(|line| line.ends_with("  same")), "{table}");
}

#[test]
fn every_kind_of_run_is_reproduced() {
    let workspace = Workspace::new();
    data(&workspace);
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
        train(&workspace, arguments);
        assert_same(&workspace, "--threads 2");
    }
}

#[test]
fn reused_split_is_reproduced() {
    let workspace = Workspace::new();
    workspace.stdout(&format!("train {} --seed 5 --epochs 2 --output other --quiet", karate()));
    train(&workspace, &format!("{} --epochs 3 --split other", karate()));
    // The run keeps its split, so the other run may be deleted.
    fs::remove_dir_all(workspace.path("other")).unwrap();
    assert_same(&workspace, "-o again");
    assert_eq!(workspace.json("again/run.json")["split_from"], "other");
    assert_eq!(workspace.json("again/run.json")["files"], workspace.json("run/run.json")["files"]);
    assert!(workspace.failure("reproduce run -o again", 1).contains("again already exists"));
    assert_same(&workspace, "-o again --force");
}

#[test]
fn changed_or_moved_input_is_named() {
    let workspace = Workspace::new();
    data(&workspace);
    train(&workspace, "data --epochs 2");
    let hash = workspace.json("run/run.json")["inputs"][0]["sha256"].as_str().unwrap().to_string();
    let text = workspace.read("data/edges.csv");
    workspace.write("data/edges.csv", text.replace("a0,a1,1", "a0,a1,2"));
    let error = workspace.failure("reproduce run", 1);
    assert!(
        error.starts_with("error: data/edges.csv: is not what the run was trained on: its SHA-256 is "),
        "{error}"
    );
    assert!(error.trim_end().ends_with(&format!("; expected {hash}")), "{error}");
    workspace.write("data/edges.csv", &text);
    fs::rename(workspace.path("data"), workspace.path("moved")).unwrap();
    let error = workspace.failure("reproduce run", 1);
    assert!(error.contains("data/edges.csv: does not exist") && error.contains("--data PATH"), "{error}");
    assert_same(&workspace, "--data moved");
    let error = workspace.failure(&format!("reproduce run --data {}", karate()), 1);
    assert!(error.contains("edges.csv: is not what the run was trained on"), "{error}");
    let error = workspace.failure("reproduce run --data moved/edges.csv", 1);
    assert!(error.contains("the last of 1 files that were read; the run was trained on 2"), "{error}");
}

#[test]
fn stdin_input_needs_a_file() {
    let workspace = Workspace::new();
    let text = rows(&ring(30), ",");
    workspace.write("edges.csv", &text);
    workspace.vgae("train - --epochs 2 --output run --quiet").write_stdin(text).assert().success();
    let error = workspace.failure("reproduce run", 2);
    assert!(error.contains("data from stdin, which is not kept") && error.contains("--data FILE"), "{error}");
    assert_same(&workspace, "--data edges.csv");
}

#[test]
fn differences_are_named_with_reasons() {
    let workspace = Workspace::new();
    data(&workspace);
    train(&workspace, "data --epochs 3");
    // Imitates another version that produced slightly different metrics and embeddings.
    let record = workspace.read("run/run.json");
    workspace.write("run/run.json", record.replace("\"vgae_version\": \"", "\"vgae_version\": \"9."));
    let embeddings = workspace.read("run/embeddings.csv");
    let number = embeddings.lines().nth(2).unwrap().split(',').nth(1).unwrap();
    workspace.write("run/embeddings.csv", embeddings.replacen(number, "0.125", 1));
    let mut metrics = workspace.json("run/metrics.json");
    metrics["test"]["roc_auc"] = 0.25.into();
    workspace.write("run/metrics.json", metrics.to_string());
    let assert = workspace.vgae("reproduce run --quiet").assert().code(1);
    let (table, error) = (&assert.get_output().stdout, &assert.get_output().stderr);
    let (table, error) = (text(table.clone()), text(error.clone()));
    let different: Vec<&str> = table.lines().filter(|line| line.contains("  different: ")).collect();
    assert_eq!(different.len(), 2, "{table}");
    assert!(different[0].starts_with("embeddings.csv "), "{table}");
    assert!(different[0].contains(&format!("mean_0 of node a1: 0.125 became {number}; 1 of ")), "{table}");
    assert!(different[1].contains("test.roc_auc: 0.25 became "), "{table}");
    assert!(error.starts_with("error: run: 2 of "), "{error}");
    assert!(error.contains("vgae: 9.") && error.contains(" then, "), "{error}");

    let assert = workspace.vgae("reproduce run --json --quiet").assert().code(1);
    let found: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert_eq!(found["is_same"], false);
    let files = found["files"].as_array().unwrap();
    assert_eq!(files.iter().filter(|file| !file["difference"].is_null()).count(), 2);
    assert!(found["reasons"][0].as_str().unwrap().starts_with("vgae: 9."));
}

#[test]
fn edited_settings_give_other_weights() {
    let workspace = Workspace::new();
    data(&workspace);
    train(&workspace, "data --epochs 3");
    let record = workspace.read("run/run.json");
    assert!(record.contains("\"learning_rate\": 0.01,"));
    workspace.write("run/run.json", record.replace("\"learning_rate\": 0.01,", "\"learning_rate\": 0.02,"));
    let assert = workspace.vgae("reproduce run --quiet").assert().code(1);
    let table = text(assert.get_output().stdout.clone());
    let line = table.lines().find(|line| line.starts_with("weights.safetensors")).unwrap();
    assert!(
        line.contains("[0, 0]: ") && line.contains(" became ") && line.contains(" numbers differ, by "),
        "{line}"
    );
    assert!(table.contains("split/train.csv"), "{table}");
    let error = text(assert.get_output().stderr.clone());
    assert!(error.contains("the records do not explain why"), "{error}");
}

#[test]
fn damaged_or_unfinished_run_is_refused() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let train = workspace.read("run/split/train.csv");
    workspace.write("run/split/train.csv", train.replacen('\n', "\n\n", 1));
    let error = workspace.failure("reproduce run", 1);
    assert!(error.contains("run/split/train.csv: has changed since the run wrote it"), "{error}");
    workspace.write("run/split/train.csv", train);
    let record = workspace.read("run/run.json");
    workspace.write("run/run.json", record.replace("\"status\": \"complete\"", "\"status\": \"training\""));
    let error = workspace.failure("reproduce run", 1);
    assert!(error.contains("run/run.json: says that training is not finished"), "{error}");
    assert!(workspace.failure("reproduce nothing", 1).contains("nothing: is not a run directory"));
}
