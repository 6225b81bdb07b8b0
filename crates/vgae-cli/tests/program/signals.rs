//! Signals to commands other than `train`, and the files that remain.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::common::{VGAE, Workspace, vgae_with_default_signals};

const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;

/// Starts `vgae score` through `program`; it waits for more pairs, with a partial output file.
fn scoring(workspace: &Workspace, mut program: Command) -> Child {
    let arguments = ["score", "run", "--pairs", "-", "-o", "scores.csv", "--quiet"];
    let mut child =
        program.args(arguments).current_dir(workspace.path("")).stdin(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.as_mut().unwrap(), "1,2").unwrap();
    let begin = Instant::now();
    while unfinished(workspace).is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(60), "no output was begun");
        sleep(Duration::from_millis(2));
    }
    child
}

/// Returns the names of temporary files beside the run.
fn unfinished(workspace: &Workspace) -> Vec<String> {
    let names = fs::read_dir(workspace.path("")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(".vgae-")).collect()
}

fn send(signal: i32, child: &Child) {
    let kill = Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status();
    assert!(kill.unwrap().success());
}

#[test]
fn signal_removes_partial_output() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    for signal in [SIGINT, SIGTERM] {
        let mut child = scoring(&workspace, vgae_with_default_signals());
        // Keeps stdin open: waiting would close it, and end of input would complete the output.
        let _pairs = child.stdin.take();
        send(signal, &child);
        assert_eq!(child.wait().unwrap().signal(), Some(signal));
        assert_eq!(unfinished(&workspace), Vec::<String>::new());
        assert!(!workspace.exists("scores.csv"));
    }
}

#[test]
fn inherited_ignored_signal_stays_ignored() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let mut program = Command::new("sh");
    program.args(["-c", "trap '' INT; exec \"$0\" \"$@\"", VGAE]);
    let mut child = scoring(&workspace, program);
    send(SIGINT, &child);
    sleep(Duration::from_millis(200));
    assert_eq!(child.try_wait().unwrap(), None, "the process ignores the signal");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert_eq!(workspace.read("scores.csv").lines().count(), 2);
    assert_eq!(unfinished(&workspace), Vec::<String>::new());
}
