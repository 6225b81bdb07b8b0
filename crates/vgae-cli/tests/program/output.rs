//! Files that exist, and readers that stop early.

use crate::common::{VGAE, Workspace, karate, ring, rows, text};

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
        assert!(child.try_wait().unwrap().is_none(), "training goes on until it is killed");
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
fn closed_pipe_is_no_error() {
    let workspace = Workspace::new();
    workspace.write("ring.csv", rows(&ring(3000), ",")).stdout("train ring.csv --output run --epochs 1 -q");
    let command = format!("{} embed run | head -n 1; echo ${{PIPESTATUS[0]}}", VGAE);
    let output = std::process::Command::new("bash")
        .current_dir(workspace.path(""))
        .args(["-c", &command])
        .output()
        .unwrap();
    let stdout = text(output.stdout);
    assert_eq!(stdout.lines().last().unwrap(), "0");
    assert!(stdout.starts_with("node,"));
    assert_eq!(text(output.stderr), "");
}
