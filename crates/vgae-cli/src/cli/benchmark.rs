//! `vgae benchmark`: models on the same splits, each run a process of its own.

mod plan;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Instant;

use vgae::config::ModelKind;
use vgae::write::{Existing, Output};
use vgae::{Error, Result};
use vgae_cli::benchmark::{Cell, Format, Machine, Row, Runs, Table, recheck, summarize, today};

use super::progress::Voice;
use plan::{Plan, command_line};

/// Compare models on the same splits of data sets: a table of means, deviations and differences
///
/// Each run is `vgae train DATA --model MODEL --seed SPLIT` in a process of its own, and is audited (see `vgae audit`):
/// a leak ends the benchmark. DIR holds runs.csv (a row per run) and the table as table.csv, table.json and table.md.
/// The same command again goes on where it was stopped.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The graphs, as for `vgae train`
    #[arg(value_name = "DATA", required = true)]
    data: Vec<PathBuf>,
    /// The models to compare
    #[arg(long, value_enum, value_name = "MODEL,…", value_delimiter = ',', required = true)]
    models: Vec<ModelKind>,
    /// How many splits: the seeds from 0 on
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    splits: u64,
    /// The model that the others are compared with, split by split
    #[arg(long, value_enum, value_name = "MODEL")]
    reference: Option<ModelKind>,
    /// Further flags of `vgae train` for one model; flags are separated by blanks
    #[arg(long, value_name = "'MODEL: FLAGS'")]
    with: Vec<String>,
    /// The directory of the results
    #[arg(long, short, value_name = "DIR", default_value = "results/benchmark")]
    output: PathBuf,
    /// Make every run afresh, and replace DIR's files
    #[arg(long)]
    force: bool,
    /// Keep the run directories, in DIR/runs
    #[arg(long)]
    keep_runs: bool,
    /// How the table is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Further flags of `vgae train` for every model
    #[arg(last = true, value_name = "TRAIN FLAGS")]
    train: Vec<String>,
}

pub(super) fn run(args: &Args, num_threads: usize, voice: &Voice) -> Result<()> {
    let plan = Plan::new(args)?;
    let directory = &args.output;
    let runs_directory = directory.join("runs");
    fs::create_dir_all(&runs_directory).map_err(|source| io("create", &runs_directory, source))?;
    let _lock = lock(&directory.join(".lock"))?;
    let mut runs = open(args, directory)?;
    // Every conflict is found before the first run.
    for job in &plan.jobs {
        runs.find(&job.cell)?;
    }
    clean(&runs_directory);

    let num_runs = plan.jobs.len();
    let mut failures = Vec::new();
    for (at, job) in plan.jobs.iter().enumerate() {
        let name = job.cell.name();
        let kept = runs_directory.join(&name);
        if let Some(row) = runs.find(&job.cell)? {
            if kept.exists() {
                audited(recheck(row, &kept), &kept, voice)?;
            }
            continue;
        }
        let progress = format!("[{}/{num_runs}] {name}", at + 1);
        let stage = voice.stage(&progress);
        let start = Instant::now();
        if let Err(problem) = job.train(&kept, num_threads)? {
            voice.say(format!("{progress}: failed: {problem}"));
            failures.push(format!("{name}: {problem}"));
            continue;
        }
        let wall_seconds = start.elapsed().as_secs_f64();
        let row = audited(Row::of_run(job.cell.clone(), &kept, wall_seconds), &kept, voice)?;
        drop(stage);
        let test = row.values.iter().filter_map(|(name, value)| Some((name.strip_prefix("test_")?, value)));
        let metrics: Vec<String> = test.map(|(name, value)| format!("{name} {value:.4}, ")).collect();
        voice.say(format!("{progress}: {}{wall_seconds:.1} s", metrics.concat()));
        // A run that goes, goes before it has a row: what a row stands for is whole or not there.
        let unkept = runs_directory.join(format!("{PARTIAL}{name}"));
        if !args.keep_runs {
            fs::rename(&kept, &unkept).map_err(|source| io("remove", &kept, source))?;
        }
        runs.push(row)?;
        remove(&unkept)?;
    }
    // A run that outlived an interrupted benchmark may have gone on writing where it was taken away.
    clean(&runs_directory);
    if !args.keep_runs {
        // What another benchmark kept there stays, which is no error.
        let _ = fs::remove_dir(&runs_directory);
    }

    let cells: Vec<Cell> = plan.jobs.into_iter().map(|job| job.cell).collect();
    let table = Table {
        summaries: summarize(runs.rows(), &cells, plan.reference.as_deref()),
        reference: plan.reference,
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

const TABLES: [(&str, Format); 3] =
    [("table.csv", Format::Csv), ("table.json", Format::Json), ("table.md", Format::Markdown)];

/// How the names of unfinished runs' directories begin.
const PARTIAL: &str = ".partial-";

/// Takes away what an interrupted benchmark left, as far as nobody is at work there.
fn clean(directory: &Path) {
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

/// The runs that were made before.
fn open(args: &Args, directory: &Path) -> Result<Runs> {
    let path = directory.join("runs.csv");
    let existing = TABLES.iter().map(|(name, _)| directory.join(name)).find(|table| table.exists());
    if let (false, false, Some(path)) = (args.force, path.exists(), existing) {
        return Err(Error::Exists { path, what: "" });
    }
    let mut runs = Runs::open(&path)?;
    if args.force {
        runs.clear();
        runs.write()?;
    }
    Ok(runs)
}

/// Holds `path` for this process alone; the system lets go of it however the process ends.
fn lock(path: &Path) -> Result<File> {
    let file = File::create(path).map_err(|source| io("create", path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let problem = "another benchmark is at work in this directory".into();
            Err(Error::Input { path: path.parent().unwrap_or(path).to_path_buf(), problem })
        }
        Err(TryLockError::Error(source)) => Err(io("lock", path, source)),
    }
}

/// Adds where to look to a leak.
fn audited<T>(result: Result<T>, run: &Path, voice: &Voice) -> Result<T> {
    if let Err(Error::Leak { .. }) = &result {
        voice.say(format!("`vgae audit {}` shows every line", run.display()));
    }
    result
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::Io { action, path: path.to_path_buf(), source }
}
