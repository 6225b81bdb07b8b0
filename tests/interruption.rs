//! Training that is stopped, killed or has no room: it goes on to the same bits, or it is clearly not whole.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{Place, karate, text};
use rand::{RngExt, SeedableRng};

/// What must be the same: all that a run says, but for times and memory.
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

/// The bytes of a finished run's files, and the losses of its epochs.
fn numbers(run: &Path) -> BTreeMap<&'static str, Vec<u8>> {
    let mut numbers: BTreeMap<&str, Vec<u8>> =
        NUMBERS.into_iter().map(|file| (file, fs::read(run.join(file)).unwrap_or_default())).collect();
    let history = fs::read_to_string(run.join("history.csv")).unwrap();
    let losses = history.lines().map(|line| line.split(',').take(7).collect::<Vec<_>>().join(","));
    numbers.insert("history.csv", losses.collect::<Vec<_>>().join("\n").into_bytes());
    numbers
}

fn spawn(place: &Place, arguments: &str) -> Child {
    common::heeding_signals()
        .current_dir(place.path(""))
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

/// Waits until the file is there.
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

/// Stops `train karate {flags}` by SIGINT as soon as it has a checkpoint, goes on, and compares with a run that was never
/// stopped; returns the epochs at which it was stopped.
fn stop_and_go_on(flags: &str) -> usize {
    let place = Place::new();
    place.stdout(&format!("train {} -o whole --no-report {flags}", karate()));
    let child = spawn(&place, &format!("train {} -o run --no-report --checkpoint-every 2 {flags}", karate()));
    wait_for(&place.path("run/checkpoint.safetensors"));
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    let stopped = match output.status.code() {
        // It was faster.
        Some(0) => return 0,
        Some(130) => said(&output),
        other => panic!("{flags}: {other:?} {}", said(&output)),
    };
    let after = stopped.split("stopped by SIGINT after epoch ").nth(1);
    let epoch = after.map_or(0, |after| after.split(';').next().unwrap().parse().unwrap());
    // After the last epoch nobody looks, and the process ends at once.
    let expected =
        if epoch > 0 { "; `vgae train --resume run` goes on from there" } else { "stopped at once; " };
    assert!(stopped.contains(expected), "{stopped}");
    if place.json("run/run.json")["status"] == "training" {
        assert!(
            place.failure("score run --pairs x.csv", 1).contains("continue it with `vgae train --resume`")
        );
        place.stdout("train --resume run --no-report");
    }
    assert_eq!(numbers(&place.path("run")), numbers(&place.path("whole")), "{flags}, stopped after {epoch}");
    assert!(!place.exists("run/checkpoint.safetensors") && !place.exists("run/.lock"));
    epoch
}

#[test]
fn a_stopped_run_goes_on_to_the_same_bits_whatever_the_model_is() {
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
    // A machine may be too fast for one of them.
    assert!(stopped.iter().filter(|&&epoch| epoch > 0).count() > settings.len() / 2, "{stopped:?}");
}

#[test]
fn a_stopped_vae_goes_on_to_the_same_bits() {
    let place = Place::new();
    let rows = (0..300).map(|row| format!("{row},{},{},{}\n", row % 2, row % 3 / 2, row % 5 / 4));
    place.write("rows.csv", format!("id,a,b,c\n{}", rows.collect::<String>()));
    place.stdout("train rows.csv --model vae --epochs 400 -o whole --no-report --dropout 0.1 --select best");
    let child = spawn(
        &place,
        "train rows.csv --model vae --epochs 400 -o run --no-report --dropout 0.1 --select best --checkpoint-every 1",
    );
    wait_for(&place.path("run/checkpoint.safetensors"));
    signal(&child, "-TERM");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(143), "{}", said(&output));
    place.stdout("train --resume run --no-report");
    assert_eq!(numbers(&place.path("run")), numbers(&place.path("whole")));
}

#[test]
fn a_second_signal_stops_at_once_and_a_run_that_was_to_replace_one_can_go_on_too() {
    let place = Place::new();
    place.train_karate("--no-report");
    let before = numbers(&place.path("run"));
    // Epochs of this take long enough for two signals within one of them.
    let edges: String =
        (0..60_000).map(|at| format!("{},{}\n", at % 20_000, (at * 7919 + 13) % 20_011)).collect();
    place.write("big.csv", format!("source,target\n{edges}"));
    let child = spawn(&place, "train big.csv -o run --force --loss exact --no-report --progress none");
    wait_for(&place.path("run/.replacement/split/test_negatives.csv"));
    sleep(Duration::from_millis(700));
    signal(&child, "-INT");
    sleep(Duration::from_millis(20));
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert_eq!(numbers(&place.path("run")), before, "the finished run is as it was");
    place.stdout("evaluate run");
    let child = spawn(&place, "train --resume run --no-report --progress none --checkpoint-every 1");
    wait_for(&place.path("run/.replacement/checkpoint.safetensors"));
    signal(&child, "-KILL");
    child.wait_with_output().unwrap();
    assert_eq!(numbers(&place.path("run")), before, "the finished run is as it was");
}

/// Kills trainings at random moments, of the first run in a directory or of one that replaces another, and resumes them, killing
/// on, until they are through: then they must be what they had been without.
#[test]
fn a_killed_run_is_resumable_or_clearly_not_whole_and_never_wrong() {
    let num_kills: usize = std::env::var("VGAE_KILLS").map_or(12, |count| count.parse().unwrap());
    let place = Place::new();
    let flags = "--epochs 400 --no-report --loss sampled --select best --quiet";
    place.stdout(&format!("train {} -o whole {flags}", karate()));
    place.stdout(&format!("train {} -o other {flags} --seed 7", karate()));
    let (whole, other) = (numbers(&place.path("whole")), numbers(&place.path("other")));
    let start = Instant::now();
    place.stdout(&format!("train {} -o timed {flags} --checkpoint-every 1", karate()));
    let longest = start.elapsed().as_secs_f64();

    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(num_kills as u64);
    let (mut resumed, mut resumed_at_start, mut begun_anew, mut finished, mut replaced) = (0, 0, 0, 0, 0);
    let mut killed = 0;
    while killed < num_kills {
        let is_replacement = rng.random_bool(0.4);
        let _ = fs::remove_dir_all(place.path("run"));
        if is_replacement {
            copy(&place.path("other"), &place.path("run"));
        }
        let fresh = format!("train {} -o run --force {flags} --checkpoint-every 1", karate());
        let mut arguments = fresh.clone();
        loop {
            let mut child = spawn(&place, &arguments);
            // Most of the time goes into training; half of the kills hit its first and its last moments.
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
                assert_eq!(numbers(&place.path("run")), whole, "after {killed} kills");
                break;
            }
            // Whatever is there: it is the old run, the new one, or says that it is not whole.
            match place.vgae("evaluate run").output().unwrap() {
                output if output.status.success() => {
                    let found = numbers(&place.path("run"));
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
                    let is_clear =
                        said.contains("training is not finished") || said.contains("is not a run directory");
                    assert!(is_clear && !is_replacement, "{said}");
                }
            }
            // From a checkpoint, or from the start with the split that there is; what has neither begins anew.
            let work = if place.exists("run/.replacement") { "run/.replacement" } else { "run" };
            let has_checkpoint = place.exists(&format!("{work}/checkpoint.safetensors"));
            let record =
                place.exists(&format!("{work}/run.json")).then(|| place.json(&format!("{work}/run.json")));
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
fn two_runs_at_one_directory_the_second_says_who_has_it() {
    let place = Place::new();
    let flags = "--epochs 1000000 --no-report --progress none --checkpoint-every 1";
    let first = spawn(&place, &format!("train {} -o run {flags}", karate()));
    wait_for(&place.path("run/checkpoint.safetensors"));
    let holder = format!("process {}", first.id());
    for second in [format!("train {} -o run --force", karate()), "train --resume run".to_string()] {
        let error = place.failure(&second, 1);
        let expected = format!("error: run: {holder}");
        assert!(
            error.starts_with(&expected) && error.contains("is at work in this run directory"),
            "{error}"
        );
    }
    signal(&first, "-KILL");
    first.wait_with_output().unwrap();
    // The system let go of it.
    let third = spawn(&place, "train --resume run --no-report --checkpoint-every 1");
    let start = Instant::now();
    while !fs::read_to_string(place.path("run/.lock"))
        .is_ok_and(|text| text.contains(&third.id().to_string()))
    {
        assert!(start.elapsed() < Duration::from_secs(60), "the lock never came");
        sleep(Duration::from_millis(5));
    }
    signal(&third, "-TERM");
    assert_eq!(third.wait_with_output().unwrap().status.code(), Some(143));
}

#[test]
fn a_checkpoint_that_was_changed_or_is_of_another_run_is_refused() {
    let place = Place::new();
    let flags = "--epochs 1000000 --no-report --checkpoint-every 1";
    for (run, more) in [("run", ""), ("other", "--hidden 8")] {
        let child = spawn(&place, &format!("train {} -o {run} {flags} {more}", karate()));
        wait_for(&place.path(&format!("{run}/checkpoint.safetensors")));
        signal(&child, "-INT");
        child.wait_with_output().unwrap();
    }
    let checkpoint = place.path("run/checkpoint.safetensors");
    let whole = fs::read(&checkpoint).unwrap();
    let refused = |bytes: &[u8], expected: &str| {
        fs::write(&checkpoint, bytes).unwrap();
        let error = place.failure("train --resume run", 1);
        assert!(error.contains(expected), "{error}");
    };
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    refused(&changed, "run/checkpoint.safetensors: has changed since it was written: its SHA-256");
    refused(&whole[..whole.len() / 2], "run/checkpoint.safetensors: is not a safetensors file");
    refused(&[], "run/checkpoint.safetensors: is not a safetensors file");
    let other = fs::read(place.path("other/checkpoint.safetensors")).unwrap();
    refused(&other, "run/checkpoint.safetensors: was written with other settings than those in run.json");
    let record = place.read("run/run.json");
    for (was, is) in [("\"seed\": 0", "\"seed\": 1"), ("\"epochs\": 1000000", "\"epochs\": 2000000")] {
        assert!(record.contains(was), "{record}");
        place.write("run/run.json", record.replacen(was, is, 1));
        refused(&whole, "was written with other settings than those in run.json");
    }
    place.write("run/run.json", record);
    // Without it, training begins anew; with a split that was changed it does not.
    fs::remove_file(&checkpoint).unwrap();
    let train = place.read("run/split/train.csv");
    let rows: Vec<&str> = train.lines().collect();
    place.write("run/split/train.csv", rows[..rows.len() - 1].join("\n"));
    assert!(place.failure("train --resume run", 1).starts_with("error: run/split"));
}

#[test]
fn what_can_and_cannot_be_resumed_is_said() {
    let place = Place::new();
    place.train_karate("--no-report");
    assert_eq!(
        place.failure("train --resume run", 1),
        "error: run/run.json: says that training is finished; there is nothing to resume\n"
    );
    assert!(place.failure("train --resume nowhere", 1).starts_with("error: nowhere: is not a run directory"));
    assert_eq!(
        place.failure("train --resume run --hidden 8", 2),
        "error: --hidden cannot be changed: --resume goes on with the settings of the run, but for --learning-rate and \
         --checkpoint-every\n"
    );
    place.failure(&format!("train {} --resume run", karate()), 2);
    let child = spawn(
        &place,
        &format!("train {} -o begun --epochs 1000000 --no-report --checkpoint-every never", karate()),
    );
    wait_for(&place.path("begun/split/test_negatives.csv"));
    sleep(Duration::from_millis(300));
    signal(&child, "-KILL");
    child.wait_with_output().unwrap();
    let mut record = place.json("begun/run.json");
    assert_eq!(record["status"], "training");
    record["files"] = serde_json::json!({});
    place.write("begun/run.json", record.to_string());
    let error = place.failure("train --resume begun", 1);
    assert!(error.contains("was stopped before its graph and its split were written"), "{error}");
}

#[test]
fn a_loss_that_is_no_number_leaves_the_last_good_checkpoint_to_go_on_from() {
    let place = Place::new();
    let flags = "--epochs 400 --no-report --checkpoint-every 1";
    let assert =
        place.vgae(&format!("train {} -o run {flags} --learning-rate 1000", karate())).assert().code(1);
    let said = text(assert.get_output().stderr.clone());
    let epoch: usize =
        said.split(" at epoch ").nth(1).expect(&said).split(';').next().unwrap().parse().unwrap();
    assert!(said.contains("hint: lower --learning-rate (now 1000)"), "{said}");
    assert!(epoch > 1, "the first step is finite: {said}");
    assert!(
        said.contains("note: the last good checkpoint stays; `vgae train --resume run --learning-rate"),
        "{said}"
    );
    let checkpoint = fs::read(place.path("run/checkpoint.safetensors")).unwrap();
    // With the same steps it comes to the same end, from the same checkpoint.
    assert!(place.failure("train --resume run", 1).contains(&format!(" at epoch {epoch};")));
    assert_eq!(fs::read(place.path("run/checkpoint.safetensors")).unwrap(), checkpoint);
    assert!(
        place.vgae("train --resume run --learning-rate 0").assert().code(2).get_output().stdout.is_empty()
    );
}

/// Runs `script` where `disk` is a file system of its own with room for `size`; none where that is not permitted.
fn with_small_disk(place: &Place, size: &str, script: &str) -> Option<Output> {
    fs::create_dir_all(place.path("disk")).unwrap();
    let mount = format!("mount -t tmpfs -o size={size} tmpfs disk || exit 77\n{script}");
    let run = |flags: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(flags).args(["sh", "-c", &mount]).current_dir(place.path(""));
        command
            .env("VGAE", env!("CARGO_BIN_EXE_vgae"))
            .output()
            .ok()
            .filter(|output| output.status.code() != Some(77))
    };
    let is_permitted = |output: &Output| !said(output).starts_with("unshare:");
    run(&["-m"]).filter(is_permitted).or_else(|| run(&["-rm"]).filter(is_permitted))
}

#[test]
fn a_full_disk_leaves_a_run_that_can_go_on_or_none() {
    let place = Place::new();
    let flags = "--epochs 100 --hidden 64 --latent 32 --no-report --checkpoint-every 1 --progress none";
    place.stdout(&format!("train {} -o whole {flags}", karate()));
    for size in ["4k", "16k", "40k", "64k", "80k", "100k", "120k"] {
        let script = format!(
            "$VGAE train {} -o disk/run {flags}; echo \"code $?\" >&2\n\
             $VGAE evaluate disk/run >&2; echo \"evaluated $?\" >&2\n\
             mount -o remount,size=9m disk\n\
             if [ -e disk/run/run.json ]; then $VGAE train --resume disk/run --no-report && cp -r disk/run run || echo left; fi",
            karate()
        );
        let Some(output) = with_small_disk(&place, size, &script) else {
            eprintln!("SKIPPED: a full disk: no file system may be mounted here");
            return;
        };
        let said = said(&output);
        match said.contains("code 0") {
            true => assert!(said.contains("evaluated 0"), "{size}: {said}"),
            false => {
                assert!(
                    said.contains("code 1") && said.contains("No space left on device"),
                    "{size}: {said}"
                );
                assert!(said.contains("evaluated 1"), "{size}: {said}");
                assert!(!text(output.stdout).contains("left\n"), "{size}: {said}");
            }
        }
        if place.exists("run") {
            assert_eq!(numbers(&place.path("run")), numbers(&place.path("whole")), "{size}");
            fs::remove_dir_all(place.path("run")).unwrap();
        }
    }
}

#[test]
fn a_directory_that_cannot_be_written_or_goes_away_is_an_error() {
    let place = Place::new();
    let child = spawn(
        &place,
        &format!("train {} -o run --epochs 4000 --no-report --checkpoint-every 1 --progress none", karate()),
    );
    wait_for(&place.path("run/checkpoint.safetensors"));
    fs::rename(place.path("run"), place.path("gone")).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("error: cannot write run/"), "{}", said(&output));
    assert!(!place.exists("run"));
    let mut whole = Vec::new();
    fs::File::open(place.path("gone/checkpoint.safetensors")).unwrap().read_to_end(&mut whole).unwrap();
    assert!(!whole.is_empty());
    // Whoever is root may write anywhere.
    let script =
        "mkdir -p disk/in && mount -o remount,ro disk && $VGAE train $KARATE -o disk/in/run --epochs 3";
    let script = script.replace("$KARATE", karate());
    if let Some(output) = with_small_disk(&place, "1m", &script) {
        assert_eq!(output.status.code(), Some(1));
        let said = said(&output);
        assert!(said.contains("error: cannot create disk/in/run: Read-only file system"), "{said}");
    }
}
