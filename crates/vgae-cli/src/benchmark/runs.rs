//! `runs.csv`: the file of all runs of a benchmark.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{FinishedRun, PlannedRun, SplitId, summary, table};
use crate::{Error, Result};
use vgae::write::{Existing, Output};

/// The columns before the values.
const COLUMNS: [&str; 7] = ["data", "model", "seed", "flags", "vgae_version", "data_sha256", "split_sha256"];
/// Further columns of a split, which follow if a run needs them.
const FOLD: &str = "fold";
const RATIO: &str = "negatives_ratio";

/// The file of all runs, which is rewritten completely after each run.
///
/// # Examples
/// ```
/// use vgae_cli::benchmark::{PlannedRun, FinishedRun, Runs, SplitId, data_sha256};
///
/// let directory = tempfile::tempdir().unwrap();
/// let mut runs = Runs::open(&directory.path().join("runs.csv"))?;
/// let cell = PlannedRun {
///     data: "cora".into(),
///     model: "gae".into(),
///     split: SplitId::default(),
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
            let mut split = SplitId { seed, ..SplitId::default() };
            let mut values = BTreeMap::new();
            let filled = header.iter().zip(&record).skip(COLUMNS.len()).filter(|(_, text)| !text.is_empty());
            for (name, text) in filled {
                let expected = |what: &str| error(format!("{name} is {text:?}; expected {what}"));
                match name {
                    FOLD => split.fold = Some(text.parse().map_err(|_| expected("a fold, as in 3/10"))?),
                    RATIO => {
                        split.negatives_ratio = Some(text.parse().map_err(|_| expected("a whole number"))?)
                    }
                    _ => {
                        values.insert(name.to_string(), text.parse().map_err(|_| expected("a number"))?);
                    }
                }
            }
            let cell = PlannedRun {
                data: field(0),
                model: field(1),
                split,
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
    /// [`vgae::Error::Input`] if another model used another split for the same data and [`SplitId`];
    /// [`vgae::Error::Io`] if the file cannot be written.
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
        let split = |row: &FinishedRun| row.cell.split;
        let has_folds = self.rows.iter().any(|row| split(row).fold.is_some());
        let has_ratios = self.rows.iter().any(|row| split(row).negatives_ratio.is_some());
        let mut header: Vec<String> = COLUMNS.map(String::from).into();
        header.extend(has_folds.then(|| FOLD.into()));
        header.extend(has_ratios.then(|| RATIO.into()));
        header.extend(names.iter().cloned());
        let mut records = vec![header];
        for FinishedRun { cell, split_sha256, values } in &self.rows {
            let PlannedRun { data, model, split, flags, vgae_version, data_sha256 } = cell.clone();
            let mut record = vec![data, model, split.seed.to_string(), flags, vgae_version, data_sha256];
            record.push(split_sha256.clone());
            record.extend(has_folds.then(|| split.fold.map(String::from).unwrap_or_default()));
            let ratio = || split.negatives_ratio.map(|ratio| ratio.to_string()).unwrap_or_default();
            record.extend(has_ratios.then(ratio));
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
