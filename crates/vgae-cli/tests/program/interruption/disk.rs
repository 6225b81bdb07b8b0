//! Training into a directory that is full, not writable or removed.

use std::fs;
use std::io::Read;
use std::process::{Command, Output};

use super::{numbers, spawn, stderr, wait_for};
use crate::common::{VGAE, Workspace, karate, text};

/// Runs `script` where `disk` is a file system of size `size`. Returns `None` if mounting one is not
/// permitted.
fn with_small_disk(workspace: &Workspace, size: &str, script: &str) -> Option<Output> {
    fs::create_dir_all(workspace.path("disk")).unwrap();
    let mount = format!("mount -t tmpfs -o size={size} tmpfs disk || exit 77\n{script}");
    let run = |flags: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(flags).args(["sh", "-c", &mount]).current_dir(workspace.path(""));
        command.env("VGAE", VGAE).output().ok().filter(|output| output.status.code() != Some(77))
    };
    let is_permitted = |output: &Output| !stderr(output).starts_with("unshare:");
    run(&["-m"]).filter(is_permitted).or_else(|| run(&["-rm"]).filter(is_permitted))
}

#[test]
fn full_disk_leaves_resumable_run_or_none() {
    let workspace = Workspace::new();
    let flags = "--epochs 100 --hidden 64 --latent 32 --no-report --checkpoint-every 1 --progress none";
    workspace.stdout(&format!("train {} -o whole {flags}", karate()));
    for size in ["4k", "16k", "40k", "64k", "80k", "100k", "120k"] {
        let script = format!(
            "$VGAE train {} -o disk/run {flags}; echo \"code $?\" >&2\n\
             $VGAE evaluate disk/run >&2; echo \"evaluated $?\" >&2\n\
             mount -o remount,size=9m disk\n\
             if [ -e disk/run/run.json ]; then $VGAE train --resume disk/run --no-report && cp -r disk/run run || echo left; fi",
            karate()
        );
        let Some(output) = with_small_disk(&workspace, size, &script) else {
            eprintln!("SKIPPED: a full disk: no file system may be mounted here");
            return;
        };
        let stderr = stderr(&output);
        match stderr.contains("code 0") {
            true => assert!(stderr.contains("evaluated 0"), "{size}: {stderr}"),
            false => {
                assert!(
                    stderr.contains("code 1") && stderr.contains("No space left on device"),
                    "{size}: {stderr}"
                );
                assert!(stderr.contains("evaluated 1"), "{size}: {stderr}");
                assert!(!text(output.stdout).contains("left\n"), "{size}: {stderr}");
            }
        }
        if workspace.exists("run") {
            assert_eq!(numbers(&workspace.path("run")), numbers(&workspace.path("whole")), "{size}");
            fs::remove_dir_all(workspace.path("run")).unwrap();
        }
    }
}

#[test]
fn unwritable_or_vanished_directory() {
    let workspace = Workspace::new();
    let child = spawn(
        &workspace,
        &format!("train {} -o run --epochs 4000 --no-report --checkpoint-every 1 --progress none", karate()),
    );
    wait_for(&workspace.path("run/checkpoint.safetensors"));
    fs::rename(workspace.path("run"), workspace.path("gone")).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("error: cannot write run/"), "{}", stderr(&output));
    assert!(!workspace.exists("run"));
    let mut whole = Vec::new();
    fs::File::open(workspace.path("gone/checkpoint.safetensors")).unwrap().read_to_end(&mut whole).unwrap();
    assert!(!whole.is_empty());
    // Root may write to any directory, so the file system is read-only.
    let script =
        "mkdir -p disk/in && mount -o remount,ro disk && $VGAE train $KARATE -o disk/in/run --epochs 3";
    let script = script.replace("$KARATE", &karate());
    if let Some(output) = with_small_disk(&workspace, "1m", &script) {
        assert_eq!(output.status.code(), Some(1));
        let stderr = stderr(&output);
        assert!(stderr.contains("error: cannot create disk/in/run: Read-only file system"), "{stderr}");
    }
}
