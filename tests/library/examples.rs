//! The examples of the library do what they say.

use std::path::PathBuf;
use std::process::Command;

use crate::shared::repository;

#[allow(dead_code)]
#[path = "../../examples/session.rs"]
mod example;

#[test]
fn example_writes_embeddings() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("embeddings.csv");
    example::session(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines = text.lines();
    let header = lines.next().unwrap();
    assert!(header.starts_with("node,mean_0,") && header.ends_with(",log_variance_15"), "{header}");
    assert_eq!((lines.next().unwrap().split(',').count(), lines.count()), (33, 33));
    // The file is not overwritten.
    let error = example::session(&path).unwrap_err();
    assert!(matches!(error, vgae::Error::Exists { .. }), "{error}");
}

/// The program of an example, which `cargo test` builds beside the tests unless it is asked for some of them alone.
fn program(name: &str) -> Option<PathBuf> {
    let test = std::env::current_exe().unwrap();
    let program = test.parent()?.parent()?.join("examples").join(name);
    match program.exists() {
        true => Some(program),
        false if std::env::var_os("CI").is_some() && cfg!(feature = "torch") => {
            panic!("{} was not built", program.display())
        }
        false => {
            eprintln!(
                "skipped: {} was not built; `cargo build --release --examples` builds it",
                program.display()
            );
            None
        }
    }
}

#[test]
fn examples_run_to_their_end() {
    let directory = tempfile::tempdir().unwrap();
    let embeddings = directory.path().join("z.csv");
    for (name, expected) in [
        ("train_and_evaluate", "test:       AUC 0."),
        ("own_split", "gae: AUC 0."),
        ("recommend", "among pairs with a common neighbour:"),
        ("embed_new_nodes", "35 – 33: 0."),
        ("calibrate", "Brier score: sigmoid 0."),
    ] {
        let Some(program) = program(name) else { continue };
        let mut command = Command::new(program);
        command.current_dir(repository(""));
        if name == "embed_new_nodes" {
            command.arg(&embeddings);
        }
        let output = command.output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && printed.contains(expected), "{name}: {printed}");
    }
}
