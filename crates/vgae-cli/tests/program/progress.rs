//! Progress output.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::common::{VGAE, Workspace, karate, ring, rows, text};

/// Runs `vgae`, which must succeed, with these environment variables, and returns its stderr.
fn stderr(workspace: &Workspace, arguments: &str, variables: &[(&str, &str)]) -> String {
    let mut command = workspace.vgae(arguments);
    command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").envs(variables.iter().copied());
    text(command.assert().success().get_output().stderr.clone())
}

fn train(more: &str) -> String {
    let epochs = if more.contains("--epochs") { "" } else { "--epochs 20" };
    format!("train {} --output run --force {epochs} {more}", karate())
}

/// Returns `true` if the text has an escape sequence that sets a colour or weight.
fn is_coloured(text: &str) -> bool {
    text.split("\x1b[").skip(1).any(|rest| {
        rest.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ';').starts_with('m')
    })
}

#[test]
fn piped_progress_is_plain_lines() {
    let workspace = Workspace::new();
    for how in ["", "--progress plain", "--progress auto"] {
        let stderr = stderr(&workspace, &train(how), &[]);
        assert!(!stderr.contains('\x1b') && !stderr.contains('\r'), "{stderr}");
        for start in ["epoch 1/20: loss ", "epoch 20/20: loss "] {
            let line =
                stderr.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{stderr}"));
            let memory = if cfg!(target_os = "linux") { " MB" } else { "" };
            for figure in ["(rec. ", ", KL ", "), val. AUC ", "epoch", " s left", memory] {
                assert!(line[start.len()..].contains(figure), "{figure}: {line}");
            }
        }
    }
}

#[test]
fn stack_progress_lines() {
    let workspace = Workspace::new();
    let stderr = stderr(&workspace, &train("--model best --epochs 7"), &[]);
    let lines: Vec<&str> = stderr.lines().filter(|line| line.contains("epoch")).collect();
    let starts = ["normalised, epoch 1/7: ", "normalised, epoch 7/7: ", "perceptron, epoch 1/7: "];
    let found: Vec<usize> = starts
        .iter()
        .map(|start| {
            lines.iter().position(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{stderr}"))
        })
        .collect();
    assert!(found.is_sorted(), "{stderr}");
    let last = lines.last().unwrap();
    assert!(last.starts_with("perceptron, epoch 7/7: ") && !last.contains("at most"), "{stderr}");
}

#[test]
fn early_stopping_progress_line() {
    let workspace = Workspace::new();
    let stderr = stderr(&workspace, &train("--epochs 4000 --patience 2 --validate-every 1"), &[]);
    let last = stderr.lines().rfind(|line| line.starts_with("epoch ")).unwrap();
    assert!(last.contains("/4000: loss ") && last.contains(", stopped"), "{stderr}");
}

#[test]
fn progress_none_and_quiet() {
    let workspace = Workspace::new();
    let notes = stderr(&workspace, &train("--progress none"), &[]);
    assert!(notes.contains("34 nodes") && notes.contains("trained in"), "{notes}");
    assert!(!notes.contains("epoch"), "{notes}");
    for how in ["auto", "bar", "plain", "none"] {
        assert_eq!(stderr(&workspace, &train(&format!("--quiet --progress {how}")), &[]), "");
    }
    // Errors are printed in any case.
    let error = workspace.failure("train nowhere.csv --progress none", 1);
    assert!(error.starts_with("error: "), "{error}");
    let refused = workspace.failure("train nowhere.csv --progress loud", 2);
    assert!(refused.contains("auto, bar, plain, none"), "{refused}");
}

#[test]
fn requested_bar_is_drawn() {
    let workspace = Workspace::new();
    let assert = workspace.vgae(&train("--progress bar")).assert().success();
    let stderr = text(assert.get_output().stderr.clone());
    for drawn in ["\x1b[2K", "──", "epoch 1/20, ", " s left", "loss ", "val. AUC "] {
        assert!(stderr.contains(drawn), "{drawn}: {stderr:?}");
    }
    assert!(!stderr.contains("epoch 1/20: "), "{stderr:?}");
    // The bar is cleared before further output.
    let (_, after) = stderr.rsplit_once("\x1b[2K").unwrap();
    assert!(after.contains("trained in ") && !after.contains("loss"), "{after:?}");
    let metrics = assert.get_output().stdout.clone();
    assert_eq!(text(metrics), workspace.stdout(&train("--progress none")));
}

#[test]
fn colour_follows_environment() {
    let workspace = Workspace::new();
    let bar = train("--progress bar");
    let force = ("CLICOLOR_FORCE", "1");
    assert!(is_coloured(&stderr(&workspace, &bar, &[force])));
    assert!(is_coloured(&stderr(&workspace, &bar, &[force, ("NO_COLOR", "")])));
    let plain = stderr(&workspace, &bar, &[force, ("NO_COLOR", "1")]);
    assert!(plain.contains("epoch 1/20") && !is_coloured(&plain), "{plain:?}");
    assert!(!is_coloured(&stderr(&workspace, &bar, &[])));
    // The same rule decides the colour of usage errors.
    let refused = |variables: &[(&str, &str)]| {
        let mut command = workspace.vgae("train --no-such-flag");
        let command = command.env_remove("NO_COLOR").envs(variables.iter().copied());
        text(command.assert().code(2).get_output().stderr.clone())
    };
    assert!(is_coloured(&refused(&[force])));
    assert!(!is_coloured(&refused(&[("NO_COLOR", "1")])));
}

/// Runs `vgae`, writes `first` to its stdin, and withholds `rest` until stderr contains `wanted`; returns
/// stderr.
fn while_it_waits(workspace: &Workspace, arguments: &str, first: &str, wanted: &str, rest: &str) -> String {
    let mut child = Command::new(VGAE)
        .args(arguments.split_ascii_whitespace())
        .current_dir(workspace.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let (pieces, received) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = stderr.read(&mut buffer) {
            let _ = pieces.send(buffer[..length].to_vec());
        }
    });
    stdin.write_all(first.as_bytes()).unwrap();
    let mut stderr = Vec::new();
    while !String::from_utf8_lossy(&stderr).contains(wanted) {
        // It normally appears within seconds; the limit stops a failing test.
        let Ok(piece) = received.recv_timeout(Duration::from_secs(300)) else {
            child.kill().unwrap();
            panic!("no {wanted:?} in {:?}", String::from_utf8_lossy(&stderr));
        };
        stderr.extend(piece);
    }
    stdin.write_all(rest.as_bytes()).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
    stderr.extend(received.iter().flatten());
    text(stderr)
}

#[test]
fn slow_reading_shows_progress() {
    let workspace = Workspace::new();
    let edges = rows(&ring(50), ",");
    let (first, rest) = edges.split_at(edges.len() / 2);
    let arguments = "train - --epochs 2 --force --output run --progress";
    let stderr = while_it_waits(&workspace, &format!("{arguments} plain"), first, " so far", rest);
    let line = stderr.lines().next().unwrap();
    assert!(line.starts_with("reading stdin: ") && line.ends_with(" s so far"), "{line}");
    assert!(line.contains(&format!("{} B, ", first.len())), "{line}");
    // No row was lost.
    assert!(stderr.contains("50 nodes, 100 edges"), "{stderr}");

    let stderr = while_it_waits(&workspace, &format!("{arguments} bar"), first, "reading stdin: ", rest);
    assert!(stderr.contains("\x1b[2K") && stderr.contains("50 nodes, 100 edges"), "{stderr:?}");

    let pairs = "a0,a1\n".repeat(3);
    let stderr = while_it_waits(&workspace, "score run --pairs -", "a0,a2\n", "reading stdin: ", &pairs);
    assert!(stderr.contains(" s so far"), "{stderr}");
}

#[test]
fn progress_flag_is_global() {
    let workspace = Workspace::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(workspace.stdout(&format!("completions {shell}")).contains("progress"), "{shell}");
    }
    for arguments in ["predict --help", "train --help"] {
        assert!(workspace.stdout(arguments).contains("--progress"), "{arguments}");
    }
    assert!(workspace.stdout("man train").contains("progress"));
    workspace.write("run.toml", "progress = \"none\"\n");
    let refused = workspace.failure(&format!("train {} --config run.toml", karate()), 2);
    assert!(refused.contains("progress"), "{refused}");
    let settings = workspace.stdout(&format!("train {} --dry-run --progress none", karate()));
    assert!(settings.contains("epochs = ") && !settings.contains("progress"), "{settings}");
}
