//! Training that is stopped, is killed or runs out of space: it resumes to the same bits, or is marked as
//! unfinished.

mod disk;
mod killed;
mod resume;
mod stopped;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::common::{Workspace, text, vgae_with_default_signals};

/// The files that must be equal; times and memory are in others.
const NUMBERS: [&str; 9] = [
    "weights.safetensors",
    "embeddings.csv",
    "metrics.json",
    "nodes.csv",
    "split/train.csv",
    "split/validation.csv",
    "split/validation_negatives.csv",
    "split/test.csv",
    "split/test_negatives.csv",
];

/// Returns the bytes of a finished run's files, and the losses of its epochs.
fn numbers(run: &Path) -> BTreeMap<&'static str, Vec<u8>> {
    let mut numbers: BTreeMap<&str, Vec<u8>> =
        NUMBERS.into_iter().map(|file| (file, fs::read(run.join(file)).unwrap_or_default())).collect();
    let history = fs::read_to_string(run.join("history.csv")).unwrap();
    let losses = history.lines().map(|line| line.split(',').take(7).collect::<Vec<_>>().join(","));
    numbers.insert("history.csv", losses.collect::<Vec<_>>().join("\n").into_bytes());
    numbers
}

fn spawn(workspace: &Workspace, arguments: &str) -> Child {
    vgae_with_default_signals()
        .current_dir(workspace.path(""))
        .args(arguments.split_ascii_whitespace())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// Waits until the file exists.
fn wait_for(path: &Path) {
    let start = Instant::now();
    while !path.exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "{} never came", path.display());
        sleep(Duration::from_millis(1));
    }
}

fn stderr(output: &Output) -> String {
    text(output.stderr.clone())
}
