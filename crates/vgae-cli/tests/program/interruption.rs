//! Training that is stopped, is killed or runs out of space: it resumes to the same bits, or is marked as
//! unfinished.

mod disk;
mod refusals;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::common::{VGAE, Workspace, karate, text, vgae_with_default_signals};
use rand::{RngExt, SeedableRng};

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

fn said(output: &Output) -> String {
    text(output.stderr.clone())
}

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
        Some(130) => said(&output),
        other => panic!("{flags}: {other:?} {}", said(&output)),
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

#[cfg(feature = "torch")]
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
    assert_eq!(output.status.code(), Some(143), "{}", said(&output));
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
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert_eq!(numbers(&workspace.path("run")), before, "the finished run is as it was");
    workspace.stdout("evaluate run");
    let child = spawn(&workspace, "train --resume run --no-report --progress none --checkpoint-every 1");
    wait_for(&workspace.path("run/.replacement/checkpoint.safetensors"));
    signal(&child, "-KILL");
    child.wait_with_output().unwrap();
    assert_eq!(numbers(&workspace.path("run")), before, "the finished run is as it was");
}

/// Kills trainings at random moments, both first runs and replacements of a run, and resumes them, with
/// further kills, until they finish. The results must equal those of an uninterrupted run.
#[test]
fn killed_run_resumes_or_is_unfinished() {
    let num_kills: usize = std::env::var("VGAE_KILLS").map_or(12, |count| count.parse().unwrap());
    let workspace = Workspace::new();
    let flags = "--epochs 400 --no-report --loss sampled --select best --quiet";
    workspace.stdout(&format!("train {} -o whole {flags}", karate()));
    workspace.stdout(&format!("train {} -o other {flags} --seed 7", karate()));
    let (whole, other) = (numbers(&workspace.path("whole")), numbers(&workspace.path("other")));
    let start = Instant::now();
    workspace.stdout(&format!("train {} -o timed {flags} --checkpoint-every 1", karate()));
    let longest = start.elapsed().as_secs_f64();

    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(num_kills as u64);
    let (mut resumed, mut resumed_at_start, mut begun_anew, mut finished, mut replaced) = (0, 0, 0, 0, 0);
    let mut killed = 0;
    while killed < num_kills {
        let is_replacement = rng.random_bool(0.4);
        let _ = fs::remove_dir_all(workspace.path("run"));
        if is_replacement {
            copy(&workspace.path("other"), &workspace.path("run"));
        }
        let fresh = format!("train {} -o run --force {flags} --checkpoint-every 1", karate());
        let mut arguments = fresh.clone();
        loop {
            let mut child = spawn(&workspace, &arguments);
            // Training takes most of the time; half of the kills hit the first and last moments.
            let share: f64 = rng.random();
            let moment = match rng.random_range(0..4) {
                0 => 0.2 * share,
                1 => 0.8 + 0.3 * share,
                _ => share,
            };
            sleep(Duration::from_secs_f64(longest * moment));
            let is_through = child.try_wait().unwrap().is_some();
            if !is_through {
                signal(&child, "-KILL");
                killed += 1;
            }
            let output = child.wait_with_output().unwrap();
            if is_through {
                assert!(output.status.success(), "{arguments}: {}", said(&output));
                assert_eq!(numbers(&workspace.path("run")), whole, "after {killed} kills");
                break;
            }
            // The directory holds the old run, the new run, or one that reports itself as unfinished.
            match workspace.vgae("evaluate run").output().unwrap() {
                output if output.status.success() => {
                    let found = numbers(&workspace.path("run"));
                    let is_old = is_replacement && found == other;
                    assert!(is_old || found == whole, "neither the old run nor the new one");
                    replaced += usize::from(is_old);
                    finished += usize::from(!is_old);
                    if !is_old {
                        break;
                    }
                }
                output => {
                    let said = said(&output);
                    let is_clear = said.contains("the training of this run did not end")
                        || said.contains("is not a run directory");
                    assert!(is_clear && !is_replacement, "{said}");
                }
            }
            // Resumes from a checkpoint, or from the start with the existing split; otherwise starts again.
            let work = if workspace.exists("run/.replacement") { "run/.replacement" } else { "run" };
            let has_checkpoint = workspace.exists(&format!("{work}/checkpoint.safetensors"));
            let record = workspace
                .exists(&format!("{work}/run.json"))
                .then(|| workspace.json(&format!("{work}/run.json")));
            let is_begun = record.is_some_and(|record| {
                record["status"] == "training" && !record["files"].as_object().unwrap().is_empty()
            });
            arguments = match is_begun {
                true => "train --resume run --no-report --quiet --checkpoint-every 1".to_string(),
                false => fresh.clone(),
            };
            match (is_begun, has_checkpoint) {
                (true, true) => resumed += 1,
                (true, false) => resumed_at_start += 1,
                (false, _) => begun_anew += 1,
            }
        }
    }
    eprintln!(
        "kills: {killed} survived: {resumed} resumed from a checkpoint, {resumed_at_start} from the split, {begun_anew} \
         begun anew, {finished} had finished; {replaced} times the run to be replaced was still whole; 0 wrong"
    );
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn diverged_run_keeps_last_checkpoint() {
    let workspace = Workspace::new();
    let flags = "--epochs 400 --no-report --checkpoint-every 1";
    let assert =
        workspace.vgae(&format!("train {} -o run {flags} --learning-rate 1000", karate())).assert().code(1);
    let said = text(assert.get_output().stderr.clone());
    let epoch: usize =
        said.split(" at epoch ").nth(1).expect(&said).split(';').next().unwrap().parse().unwrap();
    assert!(said.contains("hint: lower --learning-rate (now 1000)"), "{said}");
    assert!(epoch > 1, "the first step is finite: {said}");
    assert!(
        said.contains("note: the last good checkpoint is kept; `vgae train --resume run --learning-rate"),
        "{said}"
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
