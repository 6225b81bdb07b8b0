//! Training that a signal stops.

use std::thread::sleep;
use std::time::Duration;

use super::{numbers, signal, spawn, stderr, wait_for};
use crate::common::{Workspace, karate};

/// Stops `train karate {flags}` by SIGINT as soon as it has a checkpoint, resumes it, and compares it with an
/// uninterrupted run. Returns the epoch at which it stopped, or 0 if it finished first.
fn stop_and_go_on(flags: &str) -> usize {
    let workspace = Workspace::new();
    workspace.stdout(&format!("train {} -o whole --no-report {flags}", karate()));
    let child =
        spawn(&workspace, &format!("train {} -o run --no-report --checkpoint-every 2 {flags}", karate()));
    wait_for(&workspace.path("run/checkpoint.safetensors"));
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    let stopped = match output.status.code() {
        // Training finished before the signal.
        Some(0) => return 0,
        Some(130) => stderr(&output),
        other => panic!("{flags}: {other:?} {}", stderr(&output)),
    };
    let after = stopped.split("stopped by SIGINT after epoch ").nth(1);
    let epoch = after.map_or(0, |after| after.split(';').next().unwrap().parse().unwrap());
    // After the last epoch the signal ends the process at once.
    let expected = if epoch > 0 { "; `vgae train --resume run` resumes it" } else { "stopped at once; " };
    assert!(stopped.contains(expected), "{stopped}");
    if workspace.json("run/run.json")["status"] == "training" {
        assert!(
            workspace.failure("score run --pairs x.csv", 1).contains("`vgae train --resume run` resumes it")
        );
        workspace.stdout("train --resume run --no-report");
    }
    assert_eq!(
        numbers(&workspace.path("run")),
        numbers(&workspace.path("whole")),
        "{flags}, stopped after {epoch}"
    );
    assert!(!workspace.exists("run/checkpoint.safetensors") && !workspace.exists("run/.lock"));
    epoch
}

#[test]
fn stopped_run_resumes_to_same_bits() {
    let settings = [
        "--epochs 400",
        "--epochs 400 --model gae --threads 1",
        "--epochs 400 --loss sampled --select best --validate-every 3",
        "--epochs 400 --loss reweighted --negatives-per-edge 2 --patience 300",
        "--epochs 400 --loss subgraph --subgraph-nodes 20 --dropout 0.3",
        "--epochs 400 --mask-edges 0.3 --loss sampled --bias",
        "--epochs 400 --model vgnae",
        "--epochs 400 --decoder hadamard-mlp",
        "--epochs 400 --model linear-vgae --kl-warmup 100 --normalize-embeddings",
        "--epochs 300 --model best",
        "--epochs 400 --model gravity-vgae --directed --learning-rate 0.001",
    ];
    let stopped: Vec<usize> = settings.iter().map(|flags| stop_and_go_on(flags)).collect();
    // A fast machine may finish some of them before the signal.
    assert!(stopped.iter().filter(|&&epoch| epoch > 0).count() > settings.len() / 2, "{stopped:?}");
}

#[test]
fn stopped_vae_resumes_to_same_bits() {
    let workspace = Workspace::new();
    let rows = (0..300).map(|row| format!("{row},{},{},{}\n", row % 2, row % 3 / 2, row % 5 / 4));
    workspace.write("rows.csv", format!("id,a,b,c\n{}", rows.collect::<String>()));
    workspace
        .stdout("train rows.csv --model vae --epochs 400 -o whole --no-report --dropout 0.1 --select best");
    let child = spawn(
        &workspace,
        "train rows.csv --model vae --epochs 400 -o run --no-report --dropout 0.1 --select best --checkpoint-every 1",
    );
    wait_for(&workspace.path("run/checkpoint.safetensors"));
    signal(&child, "-TERM");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(143), "{}", stderr(&output));
    workspace.stdout("train --resume run --no-report");
    assert_eq!(numbers(&workspace.path("run")), numbers(&workspace.path("whole")));
}

#[test]
fn second_signal_stops_at_once() {
    let workspace = Workspace::new();
    workspace.train_karate("--no-report");
    let before = numbers(&workspace.path("run"));
    // Epochs on this graph take long enough for two signals within one.
    let edges: String =
        (0..60_000).map(|at| format!("{},{}\n", at % 20_000, (at * 7919 + 13) % 20_011)).collect();
    workspace.write("big.csv", format!("source,target\n{edges}"));
    let child = spawn(&workspace, "train big.csv -o run --force --loss exact --no-report --progress none");
    wait_for(&workspace.path("run/.replacement/split/test_negatives.csv"));
    sleep(Duration::from_millis(700));
    signal(&child, "-INT");
    sleep(Duration::from_millis(20));
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert_eq!(numbers(&workspace.path("run")), before, "the finished run is as it was");
    workspace.stdout("evaluate run");
    let child = spawn(&workspace, "train --resume run --no-report --progress none --checkpoint-every 1");
    wait_for(&workspace.path("run/.replacement/checkpoint.safetensors"));
    signal(&child, "-KILL");
    child.wait_with_output().unwrap();
    assert_eq!(numbers(&workspace.path("run")), before, "the finished run is as it was");
}
