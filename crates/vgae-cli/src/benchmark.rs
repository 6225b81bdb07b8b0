//! Compares models on the same splits: one row per run in `runs.csv`, and a table of means.
//!
//! A run is identified by its data, model, seed and, in a cross-validation, fold. A benchmark can reuse it if its flags, the bytes of the
//! data and the version of this crate are also the same. This module does not depend on particular metrics:
//! each number in `metrics.json` of a run becomes a column.

mod machine;
mod summary;
mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Error, Result};
use vgae::audit::{Audit, Direction};
use vgae::config::Fold;
use vgae::error::ParseError;
use vgae::graph::{InputFile, hex};
use vgae::run::{Record, read_json, read_record};
use vgae::write::{Existing, Output};

pub use machine::{Machine, today};
pub use summary::{Difference, Statistic, Summary, summarize};
pub use table::{Format, Table};

/// A planned run: a model trained on the split of the data with `seed`, or on one fold of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRun {
    /// The short name of the data.
    pub data: String,
    /// The name of the model on the command line.
    pub model: String,
    /// The seed of the split and of the training.
    pub seed: u64,
    /// The fold that is tested, in a cross-validation.
    pub fold: Option<Fold>,
    /// The other flags of `vgae train`, as on a command line.
    pub flags: String,
    /// The version of this crate.
    pub vgae_version: String,
    /// See [`data_sha256`].
    pub data_sha256: String,
}

/// The results of a finished run.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishedRun {
    /// The plan of the run.
    pub cell: PlannedRun,
    /// See [`split_sha256`].
    pub split_sha256: String,
    /// The metrics, named `part_metric`, and `train_seconds`, `wall_seconds` and `peak_memory_bytes`.
    pub values: BTreeMap<String, f64>,
}

impl PlannedRun {
    /// Returns a name for the directory of the run and for messages.
    pub fn name(&self) -> String {
        let PlannedRun { data, model, seed, fold, .. } = self;
        match fold {
            None => format!("{data}-{model}-{seed}"),
            Some(fold) => format!("{data}-{model}-{seed}-fold-{}-of-{}", fold.number(), fold.count()),
        }
    }

    fn is_same_run(&self, other: &PlannedRun) -> bool {
        self.model == other.model && self.is_same_split(other)
    }

    /// Returns `true` if `other` is planned on the same split of the same data.
    fn is_same_split(&self, other: &PlannedRun) -> bool {
        (&self.data, self.seed, self.fold) == (&other.data, other.seed, other.fold)
    }
}

impl FinishedRun {
    /// Audits the run directory at `path` and reads its results.
    ///
    /// # Errors
    /// [`vgae::Error::Leak`] if the audit finds an offence; otherwise the errors of [`Audit`].
    pub fn from_run(cell: PlannedRun, path: &Path, wall_seconds: f64) -> Result<FinishedRun> {
        audit(path)?;
        let record = read_record(path)?;
        let file = path.join("metrics.json");
        let text = read_json(&file)?;
        let metrics: Value = serde_json::from_slice(&text).map_err(|source| vgae::Error::Run {
            path: file,
            problem: format!("is not valid JSON: {source}"),
        })?;
        let mut values = BTreeMap::new();
        flatten("", &metrics, &mut values);
        values.insert("train_seconds".into(), record.timings.train_seconds);
        values.insert("wall_seconds".into(), wall_seconds);
        if let Some(bytes) = record.peak_memory_bytes {
            values.insert("peak_memory_bytes".into(), bytes as f64);
        }
        Ok(FinishedRun { cell, split_sha256: split_sha256(&record), values })
    }
}

/// Audits the kept run directory at `path` of `row` again.
///
/// # Errors
/// [`vgae::Error::Leak`] if the audit finds an offence; [`vgae::Error::Run`] if the split has changed; otherwise the
/// errors of [`Audit`].
pub fn recheck(row: &FinishedRun, path: &Path) -> Result<()> {
    audit(path)?;
    if split_sha256(&read_record(path)?) == row.split_sha256 {
        return Ok(());
    }
    let problem = format!("has a different split from that of {} in runs.csv", row.cell.name());
    Err(vgae::Error::Run { path: path.to_path_buf(), problem }.into())
}

fn audit(path: &Path) -> Result<()> {
    Ok(Audit::read(path, Direction::Undirected)?.check(0)?.verdict()?)
}

/// Returns one hash for all input files: the SHA-256 of their SHA-256s in hexadecimal, one per line.
pub fn data_sha256(inputs: &[InputFile]) -> String {
    sha256_of_lines(inputs.iter().map(|input| input.sha256.as_str()))
}

/// Returns one hash for the five split files of a run, computed like [`data_sha256`]. Equal hashes mean equal
/// splits, including the weights.
pub fn split_sha256(record: &Record) -> String {
    let files = record.files.iter().filter(|(file, _)| file.starts_with("split/"));
    sha256_of_lines(files.map(|(_, sha256)| sha256.as_str()))
}

fn sha256_of_lines<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    lines.for_each(|line| hasher.update(format!("{line}\n")));
    hex(&hasher.finalize())
}

/// Collects the numbers in `value`, each named by the keys on its path, joined by `_`.
fn flatten(name: &str, value: &Value, values: &mut BTreeMap<String, f64>) {
    if let Some(number) = value.as_f64() {
        values.insert(name.into(), number);
    }
    for (inner, value) in value.as_object().into_iter().flatten() {
        let name = if name.is_empty() { inner.clone() } else { format!("{name}_{inner}") };
        flatten(&name, value, values);
    }
}

/// The columns of `runs.csv` before the values. The column of the fold comes last, and only if a run has one.
const COLUMNS: [&str; 7] = ["data", "model", "seed", "flags", "vgae_version", "data_sha256", "split_sha256"];
const FOLD: &str = "fold";

/// The file of all runs, which is rewritten completely after each run.
///
/// # Examples
/// ```
/// use vgae_cli::benchmark::{PlannedRun, FinishedRun, Runs, data_sha256};
///
/// let directory = tempfile::tempdir().unwrap();
/// let mut runs = Runs::open(&directory.path().join("runs.csv"))?;
/// let cell = PlannedRun {
///     data: "cora".into(),
///     model: "gae".into(),
///     seed: 0,
///     fold: None,
///     flags: "--hidden 64".into(),
///     vgae_version: "0.1.0".into(),
///     data_sha256: data_sha256(&[]),
/// };
/// let values = [("test_roc_auc".to_string(), 0.91)].into();
/// runs.push(FinishedRun { cell: cell.clone(), split_sha256: "…".into(), values })?;
/// assert_eq!(runs.find(&cell)?.unwrap().values["test_roc_auc"], 0.91);
/// let other = PlannedRun { flags: String::new(), ..cell };
/// assert!(runs.find(&other).is_err(), "made with other flags");
/// # Ok::<(), vgae_cli::Error>(())
/// ```
pub struct Runs {
    path: PathBuf,
    rows: Vec<FinishedRun>,
}

impl Runs {
    /// Reads the file at `path`. A missing file is treated as one without rows.
    ///
    /// # Errors
    /// [`vgae::Error::Input`] if it is not a file of runs or cannot be read; [`vgae::Error::Row`] for a damaged row.
    pub fn open(path: &Path) -> Result<Runs> {
        let mut runs = Runs { path: path.to_path_buf(), rows: Vec::new() };
        if !path.exists() {
            return Ok(runs);
        }
        let damaged = |source: csv::Error| {
            let problem = format!("is not a file of runs: {source}");
            vgae::Error::Input { path: path.to_path_buf(), problem }
        };
        let mut reader = csv::Reader::from_path(path).map_err(damaged)?;
        let header = reader.headers().map_err(damaged)?.clone();
        if !header.iter().take(COLUMNS.len()).eq(COLUMNS) {
            let problem = format!("is not a file of runs; expected the columns {},…", COLUMNS.join(","));
            return Err(vgae::Error::Input { path: path.to_path_buf(), problem }.into());
        }
        for record in reader.records() {
            let record = record.map_err(damaged)?;
            let line = record.position().map_or(0, |position| position.line());
            let error = |problem: String| vgae::Error::Row { path: path.to_path_buf(), line, problem };
            let field = |at: usize| record[at].to_string();
            let seed = record[2]
                .parse()
                .map_err(|_| error(format!("the seed is {:?}; expected a whole number", &record[2])))?;
            let mut values = BTreeMap::new();
            let mut fold = None;
            for (name, text) in header.iter().zip(&record).skip(COLUMNS.len()) {
                if text.is_empty() {
                    continue;
                }
                if name == FOLD {
                    let problem = |source: ParseError| error(format!("the fold is {text:?}; {source}"));
                    fold = Some(text.parse().map_err(problem)?);
                } else {
                    let value =
                        text.parse().map_err(|_| error(format!("{name} is {text:?}; expected a number")))?;
                    values.insert(name.to_string(), value);
                }
            }
            let cell = PlannedRun {
                data: field(0),
                model: field(1),
                seed,
                fold,
                flags: field(3),
                vgae_version: field(4),
                data_sha256: field(5),
            };
            runs.rows.push(FinishedRun { cell, split_sha256: field(6), values });
        }
        Ok(runs)
    }

    /// Returns the rows, in the order of the runs.
    pub fn rows(&self) -> &[FinishedRun] {
        &self.rows
    }

    /// Returns the row of `cell`, if that run is finished.
    ///
    /// # Errors
    /// [`vgae::Error::Input`] if the run was made with other settings.
    pub fn find(&self, cell: &PlannedRun) -> Result<Option<&FinishedRun>> {
        let Some(row) = self.rows.iter().find(|row| row.cell.is_same_run(cell)) else { return Ok(None) };
        let differences = [
            ("flags", &row.cell.flags, &cell.flags),
            ("vgae_version", &row.cell.vgae_version, &cell.vgae_version),
            ("data_sha256", &row.cell.data_sha256, &cell.data_sha256),
        ];
        match differences.into_iter().find(|(_, found, wanted)| found != wanted) {
            None => Ok(Some(row)),
            Some((name, found, wanted)) => Err(self.error(format!(
                "the run {} was made with {name} {found:?}, not {wanted:?}; hint: choose another --output, \
                 or --force to repeat every run",
                cell.name()
            ))),
        }
    }

    /// Adds a row and writes the file.
    ///
    /// # Errors
    /// [`vgae::Error::Input`] if another model used another split for the same data, seed and fold; [`vgae::Error::Io`] if the
    /// file cannot be written.
    pub fn push(&mut self, row: FinishedRun) -> Result<()> {
        let same_split = |other: &&FinishedRun| other.cell.is_same_split(&row.cell);
        let mismatch =
            self.rows.iter().filter(same_split).find(|other| other.split_sha256 != row.split_sha256);
        if let Some(other) = mismatch {
            return Err(self.error(format!(
                "{} and {} have different splits, but models are compared on the same split; hint: give every model \
                 the same split flags",
                other.cell.name(),
                row.cell.name()
            )));
        }
        self.rows.push(row);
        self.write()
    }

    /// Writes the file, completely or not at all.
    ///
    /// # Errors
    /// [`vgae::Error::Io`] if the file cannot be written.
    pub fn write(&self) -> Result<()> {
        let names = summary::value_names(self.rows.iter());
        let has_folds = self.rows.iter().any(|row| row.cell.fold.is_some());
        let mut header: Vec<String> = COLUMNS.map(String::from).into();
        header.extend(has_folds.then(|| FOLD.into()));
        header.extend(names.iter().cloned());
        let mut records = vec![header];
        for FinishedRun { cell, split_sha256, values } in &self.rows {
            let PlannedRun { data, model, seed, fold, flags, vgae_version, data_sha256 } = cell.clone();
            let mut record = vec![data, model, seed.to_string(), flags, vgae_version, data_sha256];
            record.push(split_sha256.clone());
            record.extend(has_folds.then(|| fold.map_or_else(String::new, |fold| fold.to_string())));
            record.extend(names.iter().map(|name| table::number(values.get(name).copied())));
            records.push(record);
        }
        let mut output = Output::create(&self.path, Existing::Replace)?;
        table::write_records(&mut output, &records)?;
        Ok(output.finish()?)
    }

    /// Removes every row.
    pub fn clear(&mut self) {
        self.rows.clear();
    }

    fn error(&self, problem: String) -> Error {
        vgae::Error::Input { path: self.path.clone(), problem }.into()
    }
}
