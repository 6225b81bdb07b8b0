//! Compares models on the same splits: one row per run in `runs.csv`, and a table of means.
//!
//! A run is identified by its data, model and split. A benchmark can reuse it if its flags, the bytes of the
//! data and the version of this crate are also the same. This module does not depend on particular metrics:
//! each number in `metrics.json` of a run becomes a column.

mod machine;
mod planned;
mod protocol;
mod runs;
mod summary;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::Result;
use vgae::audit::{Audit, Direction};
use vgae::graph::{InputFile, hex};
use vgae::run::{Record, read_json, read_record};

pub use machine::{Machine, today};
pub use planned::{PlannedRun, SplitId};
pub use protocol::{Measured, Protocol, Published};
pub use runs::Runs;
pub use summary::{Difference, Statistic, Summary, summarize};
pub use table::{Format, Table};

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

/// Returns one hash for the split files of a run, computed like [`data_sha256`]. Equal hashes mean equal
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
