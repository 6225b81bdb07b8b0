//! Run directories that are moved, replaced, reused or unfinished.

use std::fs;

use crate::common::{VGAE, Workspace, karate, ring, rows};

#[test]
fn moved_run_without_input_works() {
    let workspace = Workspace::new();
    workspace.write("data/edges.csv", rows(&ring(40), ","));
    let features: String = (0..40).map(|at| format!("a{at},{},{}\n", at % 2, at)).collect();
    workspace.write("data/features.csv", features);
    workspace.stdout("train data --output run --epochs 10 --quiet");
    fs::rename(workspace.path("run"), workspace.path("elsewhere")).unwrap();
    fs::remove_dir_all(workspace.path("data")).unwrap();

    let metrics: serde_json::Value =
        serde_json::from_str(&workspace.stdout("evaluate elsewhere --json")).unwrap();
    assert_eq!(metrics, workspace.json("elsewhere/metrics.json"));
    assert_eq!(workspace.stdout("embed elsewhere"), workspace.read("elsewhere/embeddings.csv"));
    assert_eq!(workspace.stdout("predict elsewhere --top 3").lines().count(), 4);
    workspace.write("pairs.csv", "a0,a1\n");
    assert_eq!(workspace.stdout("score elsewhere --pairs pairs.csv").lines().count(), 2);
}

#[test]
fn overwriting_needs_force() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let before = workspace.read("run/run.json");
    let again = format!("train {} --output run --epochs 3", karate());
    let error = workspace.failure(&again, 1);
    assert_eq!(error, "error: run already exists; choose another --output or pass --force to replace it\n");
    assert_eq!(workspace.read("run/run.json"), before);
    workspace.write("run/notes.txt", "mine");
    workspace.stdout(&format!("{again} --force"));
    assert_eq!(workspace.json("run/run.json")["config"]["train"]["epochs"], 3);
    assert_eq!(workspace.read("run/notes.txt"), "mine");

    workspace.write("out.csv", "mine");
    let error = workspace.failure("embed run -o out.csv", 1);
    assert_eq!(
        error,
        "error: out.csv already exists; choose another --output or pass --force to replace it\n"
    );
    workspace.stdout("embed run -o out.csv --force");
    assert!(workspace.read("out.csv").starts_with("node,"));

    // --force does not replace a directory other than a run.
    workspace.write("home/letter.txt", "dear");
    let error = workspace.failure(&format!("train {} --output home --force", karate()), 1);
    assert_eq!(error, "error: home exists and is not a run directory; choose another --output\n");
    assert_eq!(workspace.read("home/letter.txt"), "dear");
}

#[test]
fn failed_replacement_keeps_old_run() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let before = (workspace.stdout("embed run"), workspace.read("run/run.json"));
    let train = format!("train {} --output run --force --quiet", karate());
    workspace.failure(&format!("{train} --learning-rate 1e30"), 1);
    assert_eq!((workspace.stdout("embed run"), workspace.read("run/run.json")), before);

    let mut child = std::process::Command::new(VGAE)
        .current_dir(workspace.path(""))
        .args(format!("{train} --epochs 1000000").split_ascii_whitespace())
        .spawn()
        .unwrap();
    while !workspace.exists("run/.replacement/split/test_negatives.csv") {
        assert!(child.try_wait().unwrap().is_none(), "training runs until it is killed");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((workspace.stdout("embed run"), workspace.read("run/run.json")), before);

    workspace.stdout(&format!("{train} --epochs 3"));
    assert_eq!(workspace.json("run/run.json")["config"]["train"]["epochs"], 3);
    assert!(!workspace.exists("run/.replacement"));
}

#[test]
fn unfinished_run_is_refused() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let record = workspace.read("run/run.json").replace("\"complete\"", "\"training\"");
    workspace.write("run/run.json", record);
    let error = workspace.failure("embed run", 1);
    assert!(error.contains("the training of this run did not end"), "{error}");
    let error = workspace.failure(&format!("train {} --output run", karate()), 1);
    assert!(
        error.contains("run already exists (an unfinished run); `vgae train --resume run` resumes it"),
        "{error}"
    );
}

#[test]
fn split_is_reused_and_checked() {
    let workspace = Workspace::new();
    workspace.train_karate("--seed 3");
    for more in ["--split run --output again", "--split run/split --output once-more"] {
        workspace.stdout(&format!("train {} --epochs 2 --seed 9 -q {more}", karate()));
    }
    for list in ["train", "validation", "validation_negatives", "test", "test_negatives"] {
        let file = format!("split/{list}.csv");
        assert_eq!(workspace.read(&format!("again/{file}")), workspace.read(&format!("run/{file}")));
        assert_eq!(workspace.read(&format!("once-more/{file}")), workspace.read(&format!("run/{file}")));
    }
    assert_eq!(workspace.json("again/run.json")["split_from"], "run");

    let first_test_edge = workspace.read("run/split/test.csv").lines().nth(1).unwrap().to_string();
    let leak = workspace.read("run/split/train.csv") + &first_test_edge + "\n";
    workspace.write("run/split/train.csv", leak);
    let error = workspace.failure(&format!("train {} --split run --output leaky", karate()), 1);
    assert!(error.contains(&format!("{first_test_edge} is in both train and test")), "{error}");
    assert!(!workspace.exists("leaky"));
}
