//! `vgae benchmark`: compares models on the same splits, with one process per run.

mod plan;

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::benchmark::{
    FinishedRun, Format, Machine, PlannedRun, Protocol, Runs, Table, recheck, summarize, today,
};
use crate::{Error, Result};
use vgae::config::ModelKind;
use vgae::run::Run;
use vgae::write::{Existing, Output};

use super::progress::Reporter;
use plan::{Plan, command_line};

/// Compare models on the same splits of data sets
///
/// Prints a table of means, standard deviations and differences. Each run is a separate process, `vgae train
/// DATA --model MODEL --seed SPLIT`, or `--seed 0 --fold I/K` with --folds. Each run is audited (see `vgae audit`); a leak ends the benchmark.
///
/// Writes the table to table.csv, table.json and table.md in DIR, and one row per run to runs.csv. To
/// continue an interrupted benchmark, run the same command again.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The graphs, in any format that `vgae train` reads
    #[arg(value_name = "DATA", required = true)]
    data: Vec<PathBuf>,
    /// The models to compare
    #[arg(long, value_enum, value_name = "MODEL,…", value_delimiter = ',', required = true)]
    models: Vec<ModelKind>,
    /// Number of splits; their seeds are 0, 1, 2, …
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    splits: u64,
    /// Cross-validation instead of --splits: cut the edges into this number of folds, and test on each fold once. The
    /// rest of the edges is validated on, by --val-fraction, and trained on
    #[arg(long, value_name = "COUNT", conflicts_with = "splits", value_parser = clap::value_parser!(u32).range(2..))]
    folds: Option<u32>,
    /// Compare these numbers of negatives for each held-out edge: a row of the table for each
    #[arg(long, value_name = "COUNT,…", value_delimiter = ',')]
    negatives_ratios: Vec<usize>,
    /// The model to compare the others with, split by split
    #[arg(long, value_enum, value_name = "MODEL")]
    reference: Option<ModelKind>,
    /// Additional `vgae train` flags for one model, separated by spaces; may be repeated
    #[arg(long, value_name = "'MODEL: FLAGS'")]
    model_args: Vec<String>,
    /// Compare by the protocol of published figures: its split, its metrics, and the figures beside the table. The model
    /// best is fitted for it
    #[arg(long, value_enum, value_name = "PROTOCOL")]
    protocol: Option<Protocol>,
    /// The directory for the results
    #[arg(long, short, value_name = "DIR", default_value = "results/benchmark")]
    output: PathBuf,
    /// Repeat every run and replace the files in DIR
    #[arg(long)]
    force: bool,
    /// Keep the run directories in DIR/runs
    #[arg(long)]
    keep_runs: bool,
    /// Format of the printed table
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Additional `vgae train` flags for every model
    #[arg(last = true, value_name = "TRAIN FLAGS")]
    train: Vec<String>,
}

pub(super) fn run(args: &Args, num_threads: usize, reporter: &Reporter) -> Result<()> {
    let plan = Plan::new(args)?;
    let directory = &args.output;
    let runs_directory = directory.join("runs");
    fs::create_dir_all(&runs_directory).map_err(|source| io("create", &runs_directory, source))?;
    let _lock = lock(&directory.join(".lock"))?;
    let mut runs = open_runs(args, directory)?;
    // Find every conflict before the first run.
    for job in &plan.jobs {
        runs.find(&job.cell)?;
    }
    remove_partial_runs(&runs_directory);

    if plan.has_given_split && args.splits > 1 {
        reporter.note(
            "every run has the split of --split: means and deviations are over seeds of the training. --splits 1 trains \
             once",
        );
    }
    let num_runs = plan.jobs.len();
    let (mut failures, mut noted) = (Vec::new(), BTreeSet::new());
    for (at, job) in plan.jobs.iter().enumerate() {
        let name = job.cell.name();
        let run = runs_directory.join(&name);
        if let Some(row) = runs.find(&job.cell)? {
            check_protocol(row, args.protocol)?;
            if run.exists() {
                audited(recheck(row, &run), &run, reporter)?;
            }
            continue;
        }
        let progress = format!("[{}/{num_runs}] {name}", at + 1);
        let stage = reporter.stage(&progress);
        let start = Instant::now();
        let mut notes = match job.train(&run, num_threads)? {
            Ok(notes) => notes,
            Err(problem) => {
                reporter.info(format!("{progress}: failed: {problem}"));
                failures.push(format!("{name}: {problem}"));
                continue;
            }
        };
        let wall_seconds = start.elapsed().as_secs_f64();
        let mut row = audited(FinishedRun::from_run(job.cell.clone(), &run, wall_seconds), &run, reporter)?;
        if let Some(protocol) = args.protocol {
            let measured = protocol.measure(&Run::open(&run)?)?;
            row.values.extend(measured.values);
            notes.extend(measured.note);
        }
        drop(stage);
        // Runs of one graph have most of their notes in common.
        notes.retain(|note| noted.insert(note.clone()));
        notes.iter().for_each(|note| reporter.note(format!("{name}: {note}")));
        let test = row.values.iter().filter_map(|(name, value)| Some((name.strip_prefix("test_")?, value)));
        let metrics: Vec<String> = test.map(|(name, value)| format!("{name} {value:.4}, ")).collect();
        reporter.info(format!("{progress}: {}{wall_seconds:.1} s", metrics.concat()));
        // Move the run away before its row is written, so that a row never refers to a half-deleted
        // directory.
        let removed = runs_directory.join(format!("{PARTIAL}{name}"));
        if !args.keep_runs {
            fs::rename(&run, &removed).map_err(|source| io("remove", &run, source))?;
        }
        runs.push(row)?;
        remove(&removed)?;
    }
    // A process that outlived an interrupted benchmark may have recreated files in a directory removed at the
    // start.
    remove_partial_runs(&runs_directory);
    if !args.keep_runs {
        // This fails if another benchmark kept runs there, which is fine.
        let _ = fs::remove_dir(&runs_directory);
    }

    let cells: Vec<PlannedRun> = plan.jobs.into_iter().map(|job| job.cell).collect();
    let names: BTreeSet<&str> = cells.iter().map(|cell| cell.data.as_str()).collect();
    let published =
        args.protocol.map(|protocol| names.iter().flat_map(|data| protocol.published(data)).collect());
    let table = Table {
        published: published.unwrap_or_default(),
        summaries: summarize(runs.rows(), &cells, plan.reference.as_deref()),
        reference: plan.reference,
        num_folds: args.folds.map(|count| count as usize),
        command: command_line(),
        date: today(),
        machine: Machine::this(),
    };
    for (name, format) in TABLES {
        let mut output = Output::create(&directory.join(name), Existing::Replace)?;
        table.write(&mut output, format)?;
        output.finish()?;
    }
    let mut output = Output::create(Path::new("-"), Existing::Keep)?;
    table.write(&mut output, args.format)?;
    output.finish()?;
    match failures.len() {
        0 => Ok(()),
        num_failed => Err(Error::Benchmark { num_failed, num_runs, first: failures.swap_remove(0) }),
    }
}

/// Refuses a row that lacks the metrics of the protocol.
fn check_protocol(row: &FinishedRun, protocol: Option<Protocol>) -> Result<()> {
    match protocol.filter(|protocol| !row.values.contains_key(protocol.main_metric())) {
        None => Ok(()),
        Some(protocol) => Err(Error::Usage(format!(
            "the run {} was made without --protocol {protocol}; hint: choose another --output, or --force to repeat \
             every run",
            row.cell.name()
        ))),
    }
}

const TABLES: [(&str, Format); 3] =
    [("table.csv", Format::Csv), ("table.json", Format::Json), ("table.md", Format::Markdown)];

/// The prefix of the directories of unfinished runs.
const PARTIAL: &str = ".partial-";

/// Removes what an interrupted benchmark left behind, on a best-effort basis.
fn remove_partial_runs(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(io("remove", path, source)),
        _ => Ok(()),
    }
}

/// Opens the table of the runs that were made before.
fn open_runs(args: &Args, directory: &Path) -> Result<Runs> {
    let path = directory.join("runs.csv");
    let existing = TABLES.iter().map(|(name, _)| directory.join(name)).find(|table| table.exists());
    if let (false, false, Some(path)) = (args.force, path.exists(), existing) {
        return Err(vgae::Error::Exists { path, what: "" }.into());
    }
    let mut runs = Runs::open(&path)?;
    if args.force {
        runs.clear();
        runs.write()?;
    }
    Ok(runs)
}

/// Locks the file at `path` for this process; the system releases the lock however the process ends.
fn lock(path: &Path) -> Result<File> {
    let file = File::create(path).map_err(|source| io("create", path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let problem = "another benchmark is running in this directory".into();
            Err(vgae::Error::Input { path: path.parent().unwrap_or(path).to_path_buf(), problem }.into())
        }
        Err(TryLockError::Error(source)) => Err(io("lock", path, source)),
    }
}

/// Returns `result`, and after a leak prints how to see all of it.
fn audited<T>(result: Result<T>, run: &Path, reporter: &Reporter) -> Result<T> {
    if let Err(Error::Library(vgae::Error::Leak { .. })) = &result {
        reporter.info(format!("`vgae audit {}` shows every line", run.display()));
    }
    result
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> Error {
    vgae::Error::io(action, path, source).into()
}
