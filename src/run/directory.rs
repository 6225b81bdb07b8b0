//! A run directory in the making.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::calibrate::Calibrator;
use crate::config::{Config, ModelKind};
use crate::device;
use crate::error::{Error, Result};
use crate::evaluate::RunMetrics;
use crate::graph::Graph;
use crate::model::Encoded;
use crate::run::layout::{FEATURE_NAMES, REPLACEMENT, hashes, remove_files, replace_files};
use crate::run::record::{self, Counts, FORMAT_VERSION, Record, Status, Timings};
use crate::run::{Existing, Output, files, split_files, tensors, write_embeddings};
use crate::split::{self, Split};
use crate::train::{Epoch, Trained};

/// A run directory that is being written. If it is dropped before [`RunDir::finish`], because of an error,
/// it goes again. A finished run that it replaces stays as it is until then.
pub struct RunDir {
    path: PathBuf,
    /// Where the files are written: `path`, or a directory in it while `path` holds the run to be replaced.
    work: PathBuf,
    record: Record,
    is_finished: bool,
}

impl RunDir {
    /// Fails now if `path` cannot become a run directory later: for calling before the input is read.
    ///
    /// # Errors
    /// [`Error::Exists`] if it is there, [`Error::Run`] if it is something else than a run directory, which
    /// even [`Existing::Replace`] leaves alone.
    pub fn check(path: &Path, existing: Existing) -> Result<()> {
        if !path.exists() {
            return Ok(());
        }
        if !path.is_dir() {
            let problem = "is a file; choose another --output".into();
            return Err(Error::Run { path: path.to_path_buf(), problem });
        }
        let mut entries = fs::read_dir(path).map_err(|source| Error::io("read", path, source))?;
        if entries.next().is_none() {
            return Ok(());
        }
        match (record::read_record(path), existing) {
            (Ok(record), Existing::Keep) => {
                let what = if record.status == Status::Complete { "" } else { " (an unfinished run)" };
                Err(Error::Exists { path: path.to_path_buf(), what })
            }
            (Ok(_), Existing::Replace) => Ok(()),
            (Err(error @ Error::Foreign { .. }), _) => Err(error),
            (Err(_), _) => {
                let problem = "exists and is no run directory; it is left alone: choose another --output";
                Err(Error::Run { path: path.to_path_buf(), problem: problem.into() })
            }
        }
    }

    /// Makes the directory and writes what is known before training: config, graph and split.
    ///
    /// # Errors
    /// As [`RunDir::check`], and [`Error::Io`] if something cannot be written.
    pub fn create(
        path: &Path,
        config: &Config,
        graph: &Graph,
        split: &Split,
        existing: Existing,
    ) -> Result<RunDir> {
        Self::check(path, existing)?;
        let mut resolved = config.resolved(graph.num_nodes());
        if resolved.model.model.is_network() {
            resolved.train.device = device::chosen(&resolved, graph.num_nodes())?;
        }
        let is_replacement = record::read_record(path).is_ok_and(|record| record.status == Status::Complete);
        // What an interrupted run left there goes first.
        remove_files(&path.join(REPLACEMENT))?;
        let work = if is_replacement { path.join(REPLACEMENT) } else { path.to_path_buf() };
        remove_files(&work)?;
        let split_path = work.join("split");
        fs::create_dir_all(&split_path).map_err(|source| Error::io("create", &split_path, source))?;
        let record = Record {
            format: record::FORMAT.into(),
            format_version: FORMAT_VERSION,
            status: Status::Training,
            vgae_version: env!("CARGO_PKG_VERSION").into(),
            libtorch_version: env!("VGAE_LIBTORCH_VERSION").into(),
            config: resolved,
            split_from: None,
            counts: Counts::of(graph, split),
            inputs: graph.inputs.clone(),
            files: BTreeMap::new(),
            selected_epoch: None,
            calibration: None,
            timings: Timings::default(),
            num_threads: rayon::current_num_threads(),
            num_simd_lanes: Some(crate::simd::num_lanes()),
            processor: record::processor(),
            peak_memory_bytes: None,
        };
        let run = RunDir { path: path.to_path_buf(), work, record, is_finished: false };
        files::write_json(&run.work.join("run.json"), &run.record)?;
        files::write_nodes(&run.work.join("nodes.csv"), graph)?;
        split_files::write_split(&split_path, split, &graph.nodes)?;
        if config.model.model == ModelKind::Vae {
            let rows = split::rows(graph.num_nodes(), &config.split, config.seed);
            files::write_rows(&run.work.join("rows.csv"), &rows, &graph.nodes)?;
        }
        if let Some(names) = &graph.columns.names {
            files::write_feature_names(&run.work.join(FEATURE_NAMES), names)?;
        }
        if let Some(features) = &graph.features {
            tensors::write_features(&run.work.join("features.safetensors"), features)?;
        }
        Ok(run)
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Notes that the split came from `path`.
    pub fn set_split_from(&mut self, path: &Path) {
        self.record.split_from = Some(path.to_path_buf());
    }

    /// Notes what makes probabilities of the model's logits.
    pub fn set_calibrator(&mut self, calibrator: Calibrator) {
        self.record.calibration = Some(calibrator);
    }

    /// Writes what training brought, and `run.json` last, which makes the run complete: what it says is returned.
    ///
    /// # Errors
    /// [`Error::Io`] if something cannot be written.
    pub fn finish(
        mut self,
        graph: &Graph,
        trained: &Trained,
        encoded: &Encoded,
        metrics: &RunMetrics,
        timings: Timings,
    ) -> Result<Record> {
        tensors::write_weights(&self.work.join("weights.safetensors"), &trained.model.weights())?;
        write_history(&self.work.join("history.csv"), &trained.history)?;
        files::write_json(&self.work.join("metrics.json"), metrics)?;
        if let Some(embeddings) = &encoded.embeddings {
            let output = Output::create(&self.work.join("embeddings.csv"), Existing::Replace)?;
            write_embeddings(output, &graph.nodes, &embeddings.mean, None)?;
        }
        self.record.files = hashes(&self.work, graph.features.is_some())?;
        self.record.status = Status::Complete;
        self.record.selected_epoch = trained.selected_epoch;
        self.record.timings = timings;
        self.record.peak_memory_bytes = record::peak_memory_bytes();
        files::write_json(&self.work.join("run.json"), &self.record)?;
        if self.work != self.path {
            replace_files(&self.work, &self.path)?;
        }
        self.is_finished = true;
        Ok(self.record.clone())
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        if !self.is_finished {
            // An error is on its way to the user already; what cannot be removed is marked as unfinished.
            let _ = remove_files(&self.work);
        }
    }
}

/// The epochs of the run in the directory at `path`.
///
/// # Errors
/// [`Error::Run`] if its `history.csv` is missing or no such file.
pub fn read_history(path: &Path) -> Result<Vec<Epoch>> {
    files::read_records(&path.join("history.csv"))
}

fn write_history(path: &Path, history: &[Epoch]) -> Result<()> {
    files::write_csv(path, |writer| history.iter().try_for_each(|epoch| writer.serialize(epoch)))
}
