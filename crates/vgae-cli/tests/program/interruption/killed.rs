//! Training that is killed at random moments.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{numbers, signal, spawn, stderr};
use crate::common::{Workspace, karate};
use rand::{RngExt, SeedableRng};

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
                assert!(output.status.success(), "{arguments}: {}", stderr(&output));
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
                    let stderr = stderr(&output);
                    let is_clear = stderr.contains("the training of this run did not end")
                        || stderr.contains("is not a run directory");
                    assert!(is_clear && !is_replacement, "{stderr}");
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
