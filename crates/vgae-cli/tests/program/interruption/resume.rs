//! The runs that `vgae train --resume` accepts, and two processes that use the same run directory.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{signal, spawn, wait_for};
use crate::common::{Workspace, karate, text};

#[test]
fn second_run_in_directory_is_refused() {
    let workspace = Workspace::new();
    let flags = "--epochs 1000000 --no-report --progress none --checkpoint-every 1";
    let first = spawn(&workspace, &format!("train {} -o run {flags}", karate()));
    wait_for(&workspace.path("run/checkpoint.safetensors"));
    let holder = format!("process {}", first.id());
    for second in [format!("train {} -o run --force", karate()), "train --resume run".to_string()] {
        let error = workspace.failure(&second, 1);
        let expected = format!("error: run: {holder}");
        assert!(
            error.starts_with(&expected) && error.contains("is writing to this run directory"),
            "{error}"
        );
    }
    signal(&first, "-KILL");
    first.wait_with_output().unwrap();
    // The system released the lock.
    let third = spawn(&workspace, "train --resume run --no-report --checkpoint-every 1");
    let start = Instant::now();
    while !fs::read_to_string(workspace.path("run/.lock"))
        .is_ok_and(|text| text.contains(&third.id().to_string()))
    {
        assert!(start.elapsed() < Duration::from_secs(60), "the lock never came");
        sleep(Duration::from_millis(5));
    }
    signal(&third, "-TERM");
    assert_eq!(third.wait_with_output().unwrap().status.code(), Some(143));
}

#[test]
fn foreign_checkpoint_is_refused() {
    let workspace = Workspace::new();
    let flags = "--epochs 1000000 --no-report --checkpoint-every 1";
    for (run, more) in [("run", ""), ("other", "--hidden 8")] {
        let child = spawn(&workspace, &format!("train {} -o {run} {flags} {more}", karate()));
        wait_for(&workspace.path(&format!("{run}/checkpoint.safetensors")));
        signal(&child, "-INT");
        child.wait_with_output().unwrap();
    }
    let checkpoint = workspace.path("run/checkpoint.safetensors");
    let whole = fs::read(&checkpoint).unwrap();
    let refused = |bytes: &[u8], expected: &str| {
        fs::write(&checkpoint, bytes).unwrap();
        let error = workspace.failure("train --resume run", 1);
        assert!(error.contains(expected), "{error}");
    };
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    refused(&changed, "run/checkpoint.safetensors: has changed since it was written: its SHA-256");
    refused(&whole[..whole.len() / 2], "run/checkpoint.safetensors: is not a safetensors file");
    refused(&[], "run/checkpoint.safetensors: is not a safetensors file");
    let other = fs::read(workspace.path("other/checkpoint.safetensors")).unwrap();
    refused(&other, "run/checkpoint.safetensors: was written with other settings than those in run.json");
    let record = workspace.read("run/run.json");
    for (was, is) in [("\"seed\": 0", "\"seed\": 1"), ("\"epochs\": 1000000", "\"epochs\": 2000000")] {
        assert!(record.contains(was), "{record}");
        workspace.write("run/run.json", record.replacen(was, is, 1));
        refused(&whole, "was written with other settings than those in run.json");
    }
    workspace.write("run/run.json", record);
    // Without a checkpoint, training restarts; with a changed split it is refused.
    fs::remove_file(&checkpoint).unwrap();
    let train = workspace.read("run/split/train.csv");
    let rows: Vec<&str> = train.lines().collect();
    workspace.write("run/split/train.csv", rows[..rows.len() - 1].join("\n"));
    assert!(workspace.failure("train --resume run", 1).starts_with("error: run/split"));
}

#[test]
fn resume_preconditions() {
    let workspace = Workspace::new();
    workspace.train_karate("--no-report");
    assert_eq!(
        workspace.failure("train --resume run", 1),
        "error: run/run.json: says that training is finished; there is nothing to resume\n"
    );
    assert!(
        workspace.failure("train --resume nowhere", 1).starts_with("error: nowhere: is not a run directory")
    );
    assert_eq!(
        workspace.failure("train --resume run --hidden 8", 2),
        "error: --hidden cannot be changed: --resume continues with the settings of the run; only --learning-rate and \
         --checkpoint-every may differ\n"
    );
    assert_eq!(
        workspace.failure("train --resume run --hidden 8", 2),
        "error: --hidden cannot be changed: --resume continues with the settings of the run; only --learning-rate and \
         --checkpoint-every may differ\n"
    );
    workspace.failure(&format!("train {} --resume run", karate()), 2);
    let child = spawn(
        &workspace,
        &format!("train {} -o begun --epochs 1000000 --no-report --checkpoint-every never", karate()),
    );
    wait_for(&workspace.path("begun/split/test_negatives.csv"));
    sleep(Duration::from_millis(300));
    signal(&child, "-KILL");
    child.wait_with_output().unwrap();
    let mut record = workspace.json("begun/run.json");
    assert_eq!(record["status"], "training");
    record["files"] = serde_json::json!({});
    workspace.write("begun/run.json", record.to_string());
    let error = workspace.failure("train --resume begun", 1);
    assert!(error.contains("was stopped before its graph and its split were written"), "{error}");
}

#[test]
fn diverged_run_keeps_last_checkpoint() {
    let workspace = Workspace::new();
    let flags = "--epochs 400 --no-report --checkpoint-every 1";
    let assert =
        workspace.vgae(&format!("train {} -o run {flags} --learning-rate 1000", karate())).assert().code(1);
    let stderr = text(assert.get_output().stderr.clone());
    let epoch: usize =
        stderr.split(" at epoch ").nth(1).expect(&stderr).split(';').next().unwrap().parse().unwrap();
    assert!(stderr.contains("hint: lower --learning-rate (now 1000)"), "{stderr}");
    assert!(epoch > 1, "the first step is finite: {stderr}");
    assert!(
        stderr.contains("note: the last good checkpoint is kept; `vgae train --resume run --learning-rate"),
        "{stderr}"
    );
    let checkpoint = fs::read(workspace.path("run/checkpoint.safetensors")).unwrap();
    // The same learning rate diverges again, from the same checkpoint.
    assert!(workspace.failure("train --resume run", 1).contains(&format!(" at epoch {epoch};")));
    assert_eq!(fs::read(workspace.path("run/checkpoint.safetensors")).unwrap(), checkpoint);
    assert!(
        workspace
            .vgae("train --resume run --learning-rate 0")
            .assert()
            .code(2)
            .get_output()
            .stdout
            .is_empty()
    );
}
