//! Untrusted run directories and ids cannot make the program touch other files or control the terminal, and
//! the umask decides who may read created files.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::common::{VGAE, Workspace, karate, text};

/// The commands that open a run directory `run`.
const VERBS: [&str; 12] = [
    "evaluate run --json",
    "score run --pairs pairs.csv",
    "predict run --top 3",
    "predict run --node 1 --top 3",
    "threshold run --precision 0.1",
    "embed run -o -",
    "report run",
    "report run --text",
    "audit run",
    "plot run --kind loss -o curves.svg",
    "explore run --port 0",
    "train KARATE --split run --epochs 1 -o other",
];

/// Returns the mode, length and inode of every file and directory under `path`, to detect changes.
fn state(path: &Path) -> Vec<(PathBuf, u32, u64, u64)> {
    let mut entries: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let mut all = Vec::new();
    for entry in entries {
        let found = entry.symlink_metadata().unwrap();
        all.push((entry.clone(), found.mode(), found.len(), found.ino()));
        if found.is_dir() {
            all.extend(state(&entry));
        }
    }
    all
}

/// Runs `vgae`, which must fail with exit code 1 within a minute, and returns its stderr.
fn refused(workspace: &Workspace, arguments: &str) -> String {
    let start = Instant::now();
    let arguments = arguments.replace("KARATE", &karate());
    let output = workspace.vgae(&arguments).timeout(Duration::from_secs(60)).output().unwrap();
    let stderr = text(output.stderr);
    assert_eq!(output.status.code(), Some(1), "{arguments}: {stderr} after {:?}", start.elapsed());
    assert_eq!(text(output.stdout), "", "{arguments}");
    stderr
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Moves the entry `name` of the run aside and replaces it with `put`. No command may touch or wait for the
/// replacement, and each must report that it is `expected`.
fn no_verb_follows(
    workspace: &Workspace,
    name: &str,
    expected: &str,
    verbs: &[&str],
    put: impl FnOnce(&Path),
) {
    let path = workspace.path("run").join(name);
    let _ = fs::rename(&path, workspace.path("aside"));
    put(&path);
    let (run, outside) = (state(&workspace.path("run")), state(&workspace.path("outside")));
    for verb in verbs.iter().copied().chain(["train KARATE --force --epochs 1 -o run"]) {
        let stderr = refused(workspace, verb);
        let message = format!("error: run/{name}: is {expected}");
        assert!(stderr.contains(&message), "{verb} with {name}: {stderr}; expected {message}");
        assert!(stderr.contains(": nothing is followed out of a run directory\n"), "{stderr}");
    }
    assert!(state(&workspace.path("run")) == run && state(&workspace.path("outside")) == outside, "{name}");
    fs::remove_file(&path).unwrap();
    let _ = fs::rename(workspace.path("aside"), &path);
}

#[test]
fn links_out_of_run_directory_are_refused() {
    let workspace = Workspace::new();
    workspace
        .write("features.csv", (1..=34).map(|node| format!("{node},{}\n", node % 3)).collect::<String>());
    workspace.train_karate("--features features.csv");
    workspace.stdout("report run --quiet");
    workspace.write("pairs.csv", "1,2\n");
    // A complete run outside the run directory, which no command may read.
    fs::create_dir(workspace.path("outside")).unwrap();
    for entry in fs::read_dir(workspace.path("run")).unwrap().map(|entry| entry.unwrap().path()) {
        let to = workspace.path("outside").join(entry.file_name().unwrap());
        if entry.is_file() {
            fs::copy(&entry, to).unwrap();
        } else {
            fs::create_dir(&to).unwrap();
            for list in fs::read_dir(&entry).unwrap().map(|entry| entry.unwrap().path()) {
                fs::copy(&list, to.join(list.file_name().unwrap())).unwrap();
            }
        }
    }
    let outside = workspace.path("outside");
    let link = |target: &Path| format!("a link to {}; expected a ", target.display());
    // All commands for the first file, one command for each other file.
    let some = &VERBS[..1];
    for (at, name) in [
        "weights.safetensors",
        "run.json",
        "report.html",
        "nodes.csv",
        "metrics.json",
        "history.csv",
        "embeddings.csv",
        "features.safetensors",
    ]
    .into_iter()
    .enumerate()
    {
        let verbs = if at == 0 { &VERBS[..11] } else { some };
        let target = outside.join(name);
        no_verb_follows(&workspace, name, &link(&target), verbs, |path| symlink(&target, path).unwrap());
    }
    // Some commands open a split directly.
    let split = outside.join("split");
    no_verb_follows(&workspace, "split", &link(&split), &VERBS[8..], |path| symlink(&split, path).unwrap());
    let train = outside.join("split/train.csv");
    no_verb_follows(&workspace, "split/train.csv", &link(&train), &VERBS, |path| {
        symlink(&train, path).unwrap()
    });
    // The directory in which a replacement would be written, after its files were deleted.
    no_verb_follows(&workspace, ".replacement", &link(&outside), some, |path| {
        symlink(&outside, path).unwrap()
    });
    // Targets that do not exist and files that never end.
    let nothing = Path::new("/nowhere/at/all");
    no_verb_follows(&workspace, "rows.csv", &link(nothing), some, |path| symlink(nothing, path).unwrap());
    for (name, verbs) in [("nodes.csv", some), ("run.json", &VERBS[..11]), ("split/test.csv", &VERBS[8..])] {
        no_verb_follows(&workspace, name, "a named pipe; expected a file", verbs, fifo);
    }
    let zero = Path::new("/dev/zero");
    no_verb_follows(&workspace, "nodes.csv", &link(zero), some, |path| symlink(zero, path).unwrap());
    // Restored, it is a run again, and the user may reach it through a symbolic link.
    symlink(workspace.path("run"), workspace.path("latest")).unwrap();
    workspace.stdout("evaluate latest --json");
    workspace.stdout("report latest --quiet");
    workspace.stdout(&format!("train {} --force --epochs 1 -o latest --quiet", karate()));
    workspace.stdout("audit run");
}

#[test]
fn paths_in_record_are_not_followed() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    workspace.write("outside.csv", "source,target\n1,2\n");
    let mut record = workspace.json("run/run.json");
    let hash = record["files"]["nodes.csv"].clone();
    let files = record["files"].as_object_mut().unwrap();
    for name in ["../outside.csv", "/etc/passwd", "split/../../outside.csv"] {
        files.insert(name.into(), hash.clone());
    }
    record["split_from"] = "/dev/zero".into();
    for input in record["inputs"].as_array_mut().unwrap() {
        input["path"] = "/dev/zero".into();
    }
    workspace.write("run/run.json", record.to_string());
    let before = workspace.read("outside.csv");
    workspace.write("pairs.csv", "1,2\n");
    for verb in VERBS.iter().filter(|verb| !verb.starts_with("explore")) {
        let output =
            workspace.vgae(&verb.replace("KARATE", &karate())).timeout(Duration::from_secs(60)).output();
        assert!(output.unwrap().status.success(), "{verb}");
    }
    workspace.stdout(&format!("train {} --force --epochs 1 -o run --quiet", karate()));
    assert_eq!(workspace.read("outside.csv"), before);
}

/// Runs a session under a umask, and returns the mode of every created file and directory.
fn modes(umask: &str) -> Vec<(String, u32)> {
    let workspace = Workspace::new();
    let rows: String = (0..40).map(|row| format!("r{row},{},{}\n", row % 2, row % 3)).collect();
    workspace.write("pairs.csv", "1,2\n").write("table.csv", format!("node,a,b\n{rows}"));
    let vgae = VGAE;
    let karate = karate();
    let session = format!(
        "set -e; umask {umask}; vgae() {{ {vgae} --quiet \"$@\"; }}
        mkdir out; cd out
        vgae train {karate} --epochs 3 -o run
        vgae train {karate} --epochs 3 -o run --force
        vgae train ../table.csv --model vae --epochs 2 -o rows
        vgae report run; vgae report run --text -o text.txt
        vgae score run --pairs ../pairs.csv -o scores.csv
        vgae predict run --top 3 --format jsonl -o predicted.jsonl
        for format in csv npy parquet word2vec projector; do vgae embed run --format $format -o embeddings.$format; done
        vgae evaluate run --json > /dev/null
        vgae plot run --kind loss -o curves.svg
        vgae benchmark {karate} --models vgae --splits 1 --keep-runs -o table -- --epochs 2 > /dev/null"
    );
    let output =
        Command::new("bash").args(["-c", &session]).current_dir(workspace.path("")).output().unwrap();
    assert!(output.status.success(), "{}", text(output.stderr));
    let of = |(path, mode, ..): (PathBuf, u32, u64, u64)| {
        (path.strip_prefix(workspace.path("out")).unwrap().display().to_string(), mode)
    };
    state(&workspace.path("out")).into_iter().map(of).collect()
}

#[test]
fn created_files_respect_umask() {
    for (umask, mask) in [("022", 0o022), ("077", 0o077), ("002", 0o002)] {
        let modes = modes(umask);
        assert!(modes.len() > 30, "{modes:?}");
        for (name, mode) in modes {
            let is_directory = mode & 0o170_000 == 0o040_000;
            let expected = if is_directory { 0o777 } else { 0o666 } & !mask;
            assert_eq!(format!("{:o}", mode & 0o7777), format!("{expected:o}"), "{name} under umask {umask}");
        }
    }
    // Replacing a file does not keep its mode.
    let workspace = Workspace::new();
    workspace.write("scores.csv", "old\n").write("pairs.csv", "1,2\n").train_karate("");
    fs::set_permissions(workspace.path("scores.csv"), fs::Permissions::from_mode(0o4755)).unwrap();
    workspace.stdout("score run --pairs pairs.csv -o scores.csv --force");
    let mode = fs::metadata(workspace.path("scores.csv")).unwrap().mode();
    assert_eq!(mode & 0o7111, 0, "{mode:o}");
}

/// Ids that clear the screen, rename the window, and reverse text.
const STEERING: [&str; 3] = ["\x1b[2Jgone", "\x1b]0;title\x07", "\u{9b}31m\u{202e}red"];

/// Text that would overwrite the error line. A text file cannot contain it as an id, but a file name can.
const FORGED: &str = "x\rerror: forged";

#[test]
fn control_characters_are_escaped() {
    let workspace = Workspace::new();
    let mut csv: String =
        (0..12).flat_map(|at| [1, 3].map(|step| format!("{at},{}\n", (at + step) % 12))).collect();
    for (at, id) in STEERING.iter().enumerate() {
        csv += &format!("\"{id}\",{at}\n\"{id}\",{}\n", at + 4);
    }
    workspace.write("odd.csv", format!("source,target\n{csv}"));
    workspace.stdout("train odd.csv -o run --epochs 3 --quiet");
    let is_shown = |stderr: &str| {
        assert!(
            !stderr.contains(['\x1b', '\x07', '\u{9b}', '\u{202e}']) && !stderr.contains("\rerror"),
            "{stderr:?}"
        );
    };
    for id in STEERING {
        workspace.write("pairs.csv", format!("\"{id}\",\"{id}nobody\"\n"));
        let output = workspace.vgae("score run --pairs pairs.csv").output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let stderr = text(output.stderr);
        is_shown(&stderr);
        assert!(stderr.contains("nobody") && stderr.contains("\\u{"), "{stderr:?}");
        assert_eq!(stderr.lines().count(), 1, "{stderr:?}");
        let stderr =
            text(workspace.vgae("score run --pairs pairs.csv --skip-unknown").output().unwrap().stderr);
        is_shown(&stderr);
    }
    workspace.write("pairs.csv", format!("\"{FORGED}\",0\n"));
    let stderr = text(workspace.vgae("score run --pairs pairs.csv").output().unwrap().stderr);
    is_shown(&stderr);
    assert!(stderr.starts_with("error: pairs.csv:1: byte 3 of the line is a carriage return"), "{stderr:?}");
    // File names are untrusted as well.
    for id in STEERING.into_iter().chain([FORGED]) {
        let stderr = text(workspace.vgae("train").arg(format!("{id}.csv")).output().unwrap().stderr);
        is_shown(&stderr);
        assert!(stderr.starts_with("error: cannot read "), "{stderr:?}");
    }
    // Output stays unchanged except on a terminal.
    let data = workspace.stdout("predict run --top 200 --format csv");
    assert!(data.contains("\x1b[2Jgone"));
    let command = format!("'{}' predict run --top 200 --format csv --quiet", VGAE);
    let terminal =
        Command::new("script").args(["-qec", &command, "/dev/null"]).current_dir(workspace.path("")).output();
    match terminal {
        Ok(output) if output.status.success() => {
            let shown = text(output.stdout);
            assert!(shown.contains("\\u{1b}[2Jgone") && shown.contains("\\u{9b}31m"), "{shown:?}");
            assert!(!shown.contains(['\x1b', '\x07', '\u{9b}']) && !shown.contains("\rerror"), "{shown:?}");
        }
        _ => eprintln!("skipped: no `script`, which gives a terminal"),
    }
}
