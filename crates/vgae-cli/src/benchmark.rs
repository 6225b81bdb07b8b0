//! Models compared on the same splits: one row per run in `runs.csv`, and a table of their means.
//!
//! A run is identified by its data, model and seed, and belongs to a benchmark if its flags, the data's bytes and
//! the version of this crate are the benchmark's too. Nothing here knows which metrics there are: each number in
//! a run's `metrics.json` is a column.

mod machine;
mod summary;
mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::audit::{Audit, Direction};
use crate::error::{Error, Result};
use crate::graph::{InputFile, hex};
use crate::run::{Record, read_json, read_record};
use crate::write::{Existing, Output};

pub use machine::{Machine, today};
pub use summary::{Difference, Statistic, Summary, summarize};
pub use table::{Format, Table};

/// One run to be made: a model, trained on the split that `seed` makes of the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The short name of the data.
    pub data: String,
    /// The model's name on the command line.
    pub model: String,
    /// The seed of the split and of the training.
    pub seed: u64,
    /// The further flags of `vgae train`, as on a command line.
    pub flags: String,
    /// The version of this crate.
    pub vgae_version: String,
    /// See [`data_sha256`].
    pub data_sha256: String,
}

/// One run that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What was run.
    pub cell: Cell,
    /// See [`split_sha256`].
    pub split_sha256: String,
    /// The metrics as `part_metric`, and `train_seconds`, `wall_seconds` and `peak_memory_bytes`.
    pub values: BTreeMap<String, f64>,
}

impl Cell {
    /// A name for the run's directory, and for messages.
    pub fn name(&self) -> String {
        format!("{}-{}-{}", self.data, self.model, self.seed)
    }

    fn is_same_run(&self, other: &Cell) -> bool {
        (&self.data, &self.model, self.seed) == (&other.data, &other.model, other.seed)
    }
}

impl Row {
    /// Audits the run directory at `path` and reads what a row takes of it.
    ///
    /// # Errors
    /// [`Error::Leak`] if the audit finds anything, and those of [`Audit`].
    pub fn of_run(cell: Cell, path: &Path, wall_seconds: f64) -> Result<Row> {
        audit(path)?;
        let record = read_record(path)?;
        let file = path.join("metrics.json");
        let text = read_json(&file)?;
        let metrics: Value = serde_json::from_slice(&text)
            .map_err(|source| Error::Run { path: file, problem: format!("is no JSON: {source}") })?;
        let mut values = BTreeMap::new();
        flatten("", &metrics, &mut values);
        values.insert("train_seconds".into(), record.timings.train_seconds);
        values.insert("wall_seconds".into(), wall_seconds);
        if let Some(bytes) = record.peak_memory_bytes {
            values.insert("peak_memory_bytes".into(), bytes as f64);
        }
        Ok(Row { cell, split_sha256: split_sha256(&record), values })
    }
}

/// Audits the run directory at `path` again, which was kept when `row` was made of it.
///
/// # Errors
/// [`Error::Leak`] if anything is found, [`Error::Run`] if it has another split than it had, and those of [`Audit`].
pub fn recheck(row: &Row, path: &Path) -> Result<()> {
    audit(path)?;
    if split_sha256(&read_record(path)?) == row.split_sha256 {
        return Ok(());
    }
    let problem = format!("has another split than runs.csv says of {}", row.cell.name());
    Err(Error::Run { path: path.to_path_buf(), problem })
}

fn audit(path: &Path) -> Result<()> {
    Audit::read(path, Direction::Undirected)?.check(0)?.verdict()
}

/// One hash for the files that data was read from: the SHA-256 of their SHA-256s in hexadecimal, a line each.
pub fn data_sha256(inputs: &[InputFile]) -> String {
    sha256_of_lines(inputs.iter().map(|input| input.sha256.as_str()))
}

/// One hash for the five files of a run's split, as [`data_sha256`]. Equal hashes are equal splits, weights
/// included.
pub fn split_sha256(record: &Record) -> String {
    let files = record.files.iter().filter(|(file, _)| file.starts_with("split/"));
    sha256_of_lines(files.map(|(_, sha256)| sha256.as_str()))
}

fn sha256_of_lines<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    lines.for_each(|line| hasher.update(format!("{line}\n")));
    hex(&hasher.finalize())
}

/// Each number in `value` under the names on the way to it, joined by `_`.
fn flatten(name: &str, value: &Value, values: &mut BTreeMap<String, f64>) {
    if let Some(number) = value.as_f64() {
        values.insert(name.into(), number);
    }
    for (inner, value) in value.as_object().into_iter().flatten() {
        let name = if name.is_empty() { inner.clone() } else { format!("{name}_{inner}") };
        flatten(&name, value, values);
    }
}

/// The columns of `runs.csv` before the values.
const COLUMNS: [&str; 7] = ["data", "model", "seed", "flags", "vgae_version", "data_sha256", "split_sha256"];

/// The file of all runs, which is whole after each of them.
///
/// # Examples
/// ```
/// use vgae_cli::benchmark::{Cell, Row, Runs, data_sha256};
///
/// let directory = tempfile::tempdir().unwrap();
/// let mut runs = Runs::open(&directory.path().join("runs.csv"))?;
/// let cell = Cell {
///     data: "cora".into(),
///     model: "gae".into(),
///     seed: 0,
///     flags: "--hidden 64".into(),
///     vgae_version: "0.1.0".into(),
///     data_sha256: data_sha256(&[]),
/// };
/// let values = [("test_roc_auc".to_string(), 0.91)].into();
/// runs.push(Row { cell: cell.clone(), split_sha256: "…".into(), values })?;
/// assert_eq!(runs.find(&cell)?.unwrap().values["test_roc_auc"], 0.91);
/// let other = Cell { flags: String::new(), ..cell };
/// assert!(runs.find(&other).is_err(), "made with other flags");
/// # Ok::<(), vgae::Error>(())
/// ```
pub struct Runs {
    path: PathBuf,
    rows: Vec<Row>,
}

impl Runs {
    /// Reads the file at `path`; no file is one without rows.
    ///
    /// # Errors
    /// [`Error::Input`] if it is something else, [`Error::Row`] for a damaged row, [`Error::Io`].
    pub fn open(path: &Path) -> Result<Runs> {
        let mut runs = Runs { path: path.to_path_buf(), rows: Vec::new() };
        if !path.exists() {
            return Ok(runs);
        }
        let damaged = |source: csv::Error| {
            let problem = format!("is no file of runs: {source}");
            Error::Input { path: path.to_path_buf(), problem }
        };
        let mut reader = csv::Reader::from_path(path).map_err(damaged)?;
        let header = reader.headers().map_err(damaged)?.clone();
        if !header.iter().take(COLUMNS.len()).eq(COLUMNS) {
            let problem = format!("is no file of runs; expected the columns {},…", COLUMNS.join(","));
            return Err(Error::Input { path: path.to_path_buf(), problem });
        }
        for record in reader.records() {
            let record = record.map_err(damaged)?;
            let line = record.position().map_or(0, |position| position.line());
            let error = |problem: String| Error::Row { path: path.to_path_buf(), line, problem };
            let field = |at: usize| record[at].to_string();
            let seed = record[2]
                .parse()
                .map_err(|_| error(format!("the seed is {:?}; expected a whole number", &record[2])))?;
            let mut values = BTreeMap::new();
            for (name, text) in header.iter().zip(&record).skip(COLUMNS.len()) {
                if !text.is_empty() {
                    let value =
                        text.parse().map_err(|_| error(format!("{name} is {text:?}; expected a number")))?;
                    values.insert(name.to_string(), value);
                }
            }
            let cell = Cell {
                data: field(0),
                model: field(1),
                seed,
                flags: field(3),
                vgae_version: field(4),
                data_sha256: field(5),
            };
            runs.rows.push(Row { cell, split_sha256: field(6), values });
        }
        Ok(runs)
    }

    /// The rows, in the order in which the runs were made.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The row of `cell`, if that run was made.
    ///
    /// # Errors
    /// [`Error::Input`] if it was made with other settings.
    pub fn find(&self, cell: &Cell) -> Result<Option<&Row>> {
        let Some(row) = self.rows.iter().find(|row| row.cell.is_same_run(cell)) else { return Ok(None) };
        let differences = [
            ("flags", &row.cell.flags, &cell.flags),
            ("vgae_version", &row.cell.vgae_version, &cell.vgae_version),
            ("data_sha256", &row.cell.data_sha256, &cell.data_sha256),
        ];
        match differences.into_iter().find(|(_, found, wanted)| found != wanted) {
            None => Ok(Some(row)),
            Some((name, found, wanted)) => Err(self.error(format!(
                "the run {} was made with {name} {found:?}, not {wanted:?}; hint: another --output, or --force to make \
                 every run afresh",
                cell.name()
            ))),
        }
    }

    /// Adds a row and writes the file.
    ///
    /// # Errors
    /// [`Error::Input`] if another model had another split of the same data and seed, [`Error::Io`].
    pub fn push(&mut self, row: Row) -> Result<()> {
        let is_rival = |other: &&Row| (&other.cell.data, other.cell.seed) == (&row.cell.data, row.cell.seed);
        let rival = self.rows.iter().filter(is_rival).find(|other| other.split_sha256 != row.split_sha256);
        if let Some(rival) = rival {
            return Err(self.error(format!(
                "{} and {} had different splits; a comparison needs the same: give every model the flags that make it",
                rival.cell.name(),
                row.cell.name()
            )));
        }
        self.rows.push(row);
        self.write()
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write(&self) -> Result<()> {
        let names = summary::value_names(self.rows.iter());
        let mut records =
            vec![COLUMNS.iter().map(|name| name.to_string()).chain(names.iter().cloned()).collect()];
        for Row { cell, split_sha256, values } in &self.rows {
            let Cell { data, model, seed, flags, vgae_version, data_sha256 } = cell.clone();
            let mut record = vec![data, model, seed.to_string(), flags, vgae_version, data_sha256];
            record.push(split_sha256.clone());
            record.extend(names.iter().map(|name| table::number(values.get(name).copied())));
            records.push(record);
        }
        let mut output = Output::create(&self.path, Existing::Replace)?;
        table::write_records(&mut output, &records)?;
        output.finish()
    }

    /// Takes every row out.
    pub fn clear(&mut self) {
        self.rows.clear();
    }

    fn error(&self, problem: String) -> Error {
        Error::Input { path: self.path.clone(), problem }
    }
}
