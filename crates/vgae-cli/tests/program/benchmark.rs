//! `vgae benchmark`: its files, its figures, and resuming after a stop.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{VGAE, Workspace, karate, ring, rows, text};
use vgae_cli::Error;
use vgae_cli::benchmark::{FinishedRun, PlannedRun, SplitId};

type Record = BTreeMap<String, String>;

/// Parses CSV rows into maps from column name to value.
fn records(text: &str) -> Vec<Record> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|record| record.unwrap()).collect()
}

fn number(record: &Record, name: &str) -> f64 {
    record[name].parse().unwrap_or_else(|_| panic!("{name}: {record:?}"))
}

/// Returns the arguments of a benchmark of `models` over `splits` splits into `bench`.
fn command(models: &str, splits: usize, more: &str) -> String {
    format!("benchmark {} --models {models} --splits {splits} --output bench {more}", karate())
}

const FEW_EPOCHS: &str = "-- --epochs 5";

#[test]
fn table_matches_runs() {
    let workspace = Workspace::new();
    let stdout =
        workspace.stdout(&command("gae,vgae", 3, &format!("--reference gae --format csv {FEW_EPOCHS}")));
    assert_eq!(stdout, workspace.read("bench/table.csv"));
    let runs = records(&workspace.read("bench/runs.csv"));
    assert_eq!(runs.len(), 6);
    let of = |model: &str, name: &str| -> Vec<f64> {
        let own = runs.iter().filter(|run| run["model"] == model);
        own.map(|run| number(run, name)).collect()
    };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / 3.0;
    let std = |values: &[f64]| {
        let mean = mean(values);
        (values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / 2.0).sqrt()
    };
    let is_near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    let table = records(&stdout);
    let names: Vec<(&str, &str)> =
        table.iter().map(|row| (row["data"].as_str(), row["model"].as_str())).collect();
    assert_eq!(names, [("karate", "gae"), ("karate", "vgae")]);
    for metric in
        ["test_roc_auc", "test_average_precision", "validation_roc_auc", "validation_average_precision"]
    {
        let (gae, vgae) = (of("gae", metric), of("vgae", metric));
        for (row, values) in table.iter().zip([&gae, &vgae]) {
            is_near(number(row, &format!("{metric}_mean")), mean(values));
            is_near(number(row, &format!("{metric}_std")), std(values));
        }
        // Both models' runs are in the order of their seeds.
        let differences: Vec<f64> = vgae.iter().zip(&gae).map(|(vgae, gae)| vgae - gae).collect();
        // scipy.stats.t.ppf(0.975, 2).
        let half = 4.302652729749462 * std(&differences) / 3f64.sqrt();
        is_near(number(&table[1], &format!("{metric}_difference")), mean(&differences));
        is_near(number(&table[1], &format!("{metric}_difference_low")), mean(&differences) - half);
        is_near(number(&table[1], &format!("{metric}_difference_high")), mean(&differences) + half);
        assert_eq!(table[0][&format!("{metric}_difference")], "");
    }
    let peak = of("vgae", "peak_memory_bytes").into_iter().fold(0.0, f64::max);
    assert_eq!(number(&table[1], "peak_memory_bytes_max"), peak);
    is_near(number(&table[1], "train_seconds_mean"), mean(&of("vgae", "train_seconds")));
    assert!(number(&runs[0], "wall_seconds") > number(&runs[0], "train_seconds"));

    // Splits differ from each other and are the same for both models.
    let splits: Vec<&String> = runs.iter().map(|run| &run["split_sha256"]).collect();
    assert!(splits[0] == splits[1] && splits[2] == splits[3] && splits[4] == splits[5]);
    assert!(splits[0] != splits[2] && splits[2] != splits[4] && splits[0] != splits[4]);
    // A run of the benchmark equals one of `vgae train`.
    workspace.stdout(&format!("train {} --model gae --seed 2 --epochs 5 --output run --quiet", karate()));
    let metrics = workspace.json("run/metrics.json");
    assert_eq!(number(&runs[4], "test_roc_auc"), metrics["test"]["roc_auc"].as_f64().unwrap());

    let auc = format!(
        "{:.4} ± {:.4}",
        number(&table[1], "test_roc_auc_mean"),
        number(&table[1], "test_roc_auc_std")
    );
    let markdown = workspace.read("bench/table.md");
    assert!(markdown.contains(&format!("| karate | vgae | 3 | {auc} |")), "{markdown}");
    assert!(
        markdown.contains("$ vgae benchmark /") && markdown.contains(" vgae 0.1.0; machine: "),
        "{markdown}"
    );
    let json = workspace.json("bench/table.json");
    assert_eq!(json["rows"][1]["values"]["test_roc_auc"]["mean"], number(&table[1], "test_roc_auc_mean"));
    assert_eq!(json["reference"], "gae");
    assert!(!workspace.exists("bench/runs"), "no run was to be kept");

    // A repeated benchmark starts no run and can print the table in another format.
    let before = workspace.read("bench/runs.csv");
    let again = workspace.vgae(&command("gae,vgae", 3, FEW_EPOCHS)).assert().success();
    assert_eq!(text(again.get_output().stderr.clone()), "");
    let stdout = text(again.get_output().stdout.clone());
    assert!(stdout.starts_with("data    model  splits ") && stdout.contains(&auc), "{stdout}");
    assert_eq!(workspace.read("bench/runs.csv"), before);
}

#[test]
fn killed_benchmark_resumes() {
    let workspace = Workspace::new();
    let arguments = command("gae", 4, FEW_EPOCHS);
    let mut first = Command::new(VGAE)
        .current_dir(workspace.path("."))
        .args(arguments.split_whitespace())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !workspace.exists("bench/runs.csv") {
        assert!(start.elapsed() < Duration::from_secs(120), "no run came to its end");
        std::thread::sleep(Duration::from_millis(2));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let before = workspace.read("bench/runs.csv");
    assert!(before.lines().count() < 5, "the benchmark ended before it was killed");

    workspace
        .stdout(&format!("{arguments} --quiet").replace("-- --epochs 5 --quiet", "--quiet -- --epochs 5"));
    let after = workspace.read("bench/runs.csv");
    // Rows keep even their seconds, so no run was repeated.
    assert!(after.starts_with(&before) && after.lines().count() == 5, "{before}{after}");
    let seeds: Vec<String> = records(&after).iter().map(|run| run["seed"].clone()).collect();
    assert_eq!(seeds, ["0", "1", "2", "3"]);
    assert!(!workspace.exists("bench/runs"), "the files of the killed benchmark are removed");
}

#[test]
fn other_settings_in_same_directory_are_refused() {
    let workspace = Workspace::new();
    workspace.write("data/edges.csv", rows(&ring(40), ","));
    let bench = "benchmark data --models gae --splits 1 --output bench --quiet";
    workspace.stdout(&format!("{bench} {FEW_EPOCHS}"));
    let before = workspace.read("bench/runs.csv");
    let error = workspace.failure(&format!("{bench} -- --epochs 6"), 1);
    assert_eq!(
        error,
        "error: bench/runs.csv: the run data-gae-0 was made with flags \"--epochs 5\", not \"--epochs 6\"; hint: \
         choose another --output, or --force to repeat every run\n"
    );
    workspace.write("data/edges.csv", rows(&ring(41), ","));
    let error = workspace.failure(&format!("{bench} {FEW_EPOCHS}"), 1);
    assert!(error.contains("the run data-gae-0 was made with data_sha256 "), "{error}");
    assert_eq!(workspace.read("bench/runs.csv"), before);
    workspace.stdout(&format!("{bench} --force -- --epochs 6"));
    let runs = records(&workspace.read("bench/runs.csv"));
    assert!(runs.len() == 1 && runs[0]["flags"] == "--epochs 6");
    // A single split has no standard deviation and no interval.
    assert_eq!(records(&workspace.read("bench/table.csv"))[0]["test_roc_auc_std"], "");

    // Files that no benchmark wrote are left alone.
    workspace.write("other/runs.csv", "a,b\n1,2\n").write("third/table.md", "");
    let error = workspace.failure("benchmark data --models gae --output other --force", 1);
    assert!(
        error.starts_with("error: other/runs.csv: is not a file of runs; expected the columns data,"),
        "{error}"
    );
    let error = workspace.failure("benchmark data --models gae --output third", 1);
    assert!(error.starts_with("error: third/table.md already exists"), "{error}");
    // Two benchmarks cannot use one directory at the same time.
    let lock = File::create(workspace.path("bench/.lock")).unwrap();
    lock.lock().unwrap();
    let error = workspace.failure(&format!("{bench} -- --epochs 6"), 1);
    assert_eq!(error, "error: bench: another benchmark is running in this directory\n");
}

#[test]
fn failing_run_does_not_stop_the_others() {
    let workspace = Workspace::new();
    let arguments =
        format!("benchmark {} --models gae,vgae --splits 1 --output bench --model-args", karate());
    let mut failing = workspace.vgae(&arguments);
    failing.args(["vgae: --split nowhere", "--", "--epochs", "5"]);
    let assert = failing.assert().code(1);
    let stderr = text(assert.get_output().stderr.clone());
    let problem = "cannot read nowhere/train.csv: No such file or directory";
    assert!(stderr.contains(&format!("[2/2] karate-vgae-0: failed: {problem}\n")), "{stderr}");
    let last = format!(
        "error: 1 of 2 runs failed, the first: karate-vgae-0: {problem}; repeat the command to repeat only these\n"
    );
    assert!(stderr.ends_with(&last), "{stderr}");
    let runs = records(&workspace.read("bench/runs.csv"));
    assert!(runs.len() == 1 && runs[0]["model"] == "gae");
    assert_eq!(records(&workspace.read("bench/table.csv"))[1]["num_splits"], "0");
}

#[test]
fn different_splits_are_not_compared() {
    let workspace = Workspace::new();
    let arguments =
        format!("benchmark {} --models gae,vgae --splits 1 --output bench --model-args", karate());
    let assert = workspace.vgae(&arguments).args(["vgae: --val-fraction 0.1 --epochs 5"]).assert().code(1);
    let stderr = text(assert.get_output().stderr.clone());
    let last = "error: bench/runs.csv: karate-gae-0 and karate-vgae-0 have different splits, but models are compared on \
                the same split; hint: give every model the same split flags\n";
    assert!(stderr.ends_with(last), "{stderr}");
}

/// Adds the first test edge of a run to its training edges.
fn leak(workspace: &Workspace, run: &str) {
    let edge = workspace.read(&format!("{run}/split/test.csv")).lines().nth(1).unwrap().to_string();
    let train = format!("{run}/split/train.csv");
    workspace.write(&train, format!("{}{edge}\n", workspace.read(&train)));
}

#[test]
fn leak_ends_benchmark() {
    let workspace = Workspace::new();
    workspace.stdout(&command("gae", 1, &format!("--keep-runs --quiet {FEW_EPOCHS}")));
    let run = "bench/runs/karate-gae-0";
    workspace.vgae(&format!("audit {run}")).assert().success();
    // Resuming the benchmark audits the kept run again.
    workspace.stdout(&command("gae", 1, &format!("--keep-runs --quiet {FEW_EPOCHS}")));
    leak(&workspace, run);
    let before = workspace.read("bench/runs.csv");
    let error = workspace.failure(&command("gae", 2, &format!("--keep-runs {FEW_EPOCHS}")), 1);
    assert_eq!(
        error,
        "`vgae audit bench/runs/karate-gae-0` shows every line\n\
         error: bench/runs/karate-gae-0: leaks or is damaged: trained-on 1 (the first 0 shown), \
         changed-file 1 (the first 0 shown); pairs checked: 89\n"
    );
    assert_eq!(workspace.read("bench/runs.csv"), before, "no run after the leak");
    // A leaking run cannot become a row.
    let cell = PlannedRun {
        data: "karate".into(),
        model: "gae".into(),
        split: SplitId::default(),
        flags: String::new(),
        vgae_version: String::new(),
        data_sha256: String::new(),
    };
    let row = FinishedRun::from_run(cell, &workspace.path(run), 1.0);
    assert!(matches!(row, Err(Error::Library(vgae::Error::Leak { .. }))), "{row:?}");
}

#[test]
fn usage_errors_precede_first_run() {
    let workspace = Workspace::new();
    workspace.write("a/edges.csv", "u,v\n").write("b/a.csv", "u,v\n");
    let cases = [
        ("a --models gae,gae", "--models names gae twice"),
        ("a --models gae --reference vgae", "--reference vgae is not among --models"),
        (
            "a b/a.csv --models gae",
            "two data sets are named a; hint: rename one, or use a separate --output for each",
        ),
        ("- --models gae", "DATA is -, but every run reads DATA, and stdin can be read only once"),
        (
            "a --models gae --model-args vgae:x",
            "--model-args \"vgae:x\" does not begin with one of --models; expected 'MODEL: FLAGS'",
        ),
        (
            "a --models gae --folds 3 -- --test-fraction 0.2",
            "the `vgae train` flags for gae: the argument '--fold <I/K>' cannot be used with '--test-fraction <FRACTION>'",
        ),
        (
            "a --models gae --folds 3 -- --keep-connected",
            "the `vgae train` flags for gae: --fold 1/3 and --keep-connected exclude each other: the folds test every edge, \
             also those that hold the graph together",
        ),
        ("a --models gae --negatives-ratios 2,0", "--negatives-ratios names 0; expected 1 to 1000"),
        ("a --models gae --negatives-ratios 2,2", "--negatives-ratios names 2 twice"),
        (
            "a --models gae -- --epoch 3",
            "the `vgae train` flags for gae: unexpected argument '--epoch' found",
        ),
        (
            "a --models gae -- --seed 3",
            "the `vgae train` flags for gae: the argument '--seed <SEED>' cannot be used multiple times",
        ),
        (
            "a --models gae -- --epochs 0",
            "the `vgae train` flags for gae: --epochs is 0; expected at least 1",
        ),
    ];
    for (arguments, expected) in cases {
        assert_eq!(workspace.failure(&format!("benchmark {arguments}"), 2), format!("error: {expected}\n"));
    }
    workspace.failure("benchmark a --models none", 2);
    workspace.failure("benchmark a --models gae --splits 0", 2);
    workspace.failure("benchmark a --models gae --folds 1", 2);
    workspace.failure("benchmark a --models gae --folds 3 --splits 3", 2);
    let error = workspace.failure("benchmark missing --models gae", 1);
    assert!(error.starts_with("error: cannot read missing: "), "{error}");
    assert!(!Path::new(&workspace.path("results")).exists());
}
