//! Writes a run directory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::config::{Config, ModelKind};
use crate::error::{Error, Result};
use crate::evaluate::RunMetrics;
use crate::evaluate::calibrate::Calibrator;
use crate::graph::Graph;
use crate::kernels::device;
use crate::model::Encoded;
use crate::read::read_records;
use crate::run::checkpoint::write_checkpoint;
use crate::run::layout::{
    CHECKPOINT, FEATURE_NAMES, FEATURES, REPLACEMENT, WEIGHTS, files_of_graph, hashes, remove_files,
};
use crate::run::lock::{LOCK, Lock};
use crate::run::record::{self, Counts, FORMAT_VERSION, Record, Status, Timings};
use crate::run::{files, layout, tensors};
use crate::split::{self, Split};
use crate::system::{self, memory};
use crate::train::{Checkpoint, Epoch, Trained};
use crate::write::csv::{write_csv, write_json};
use crate::write::output::PARTIAL;
use crate::write::{Existing, Output, write_embeddings};

/// A run directory that this process is writing; other processes are locked out. If it is dropped before
/// [`RunDir::finish`] because of an error, the directory is removed unless training can resume from it. A
/// finished run that it replaces is left unchanged until [`RunDir::finish`].
pub struct RunDir {
    pub(super) path: PathBuf,
    /// The directory of the files: `path`, or a directory in it while `path` contains the run to be replaced.
    pub(super) work: PathBuf,
    pub(super) record: Record,
    pub(super) state: State,
    pub(super) lock: Option<Lock>,
}

/// The progress of a run directory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It contains nothing worth keeping.
    Begun,
    /// Training can resume from it.
    Resumable,
    Finished,
}

impl RunDir {
    /// Fails if `path` cannot become a run directory. Call it before reading the input, to fail early.
    ///
    /// # Errors
    /// [`Error::Exists`] if the run exists; [`Error::Locked`] if another process writes to it; [`Error::Run`]
    /// if it is something other than a run directory, which even [`Existing::Replace`] does not touch.
    pub fn check(path: &Path, existing: Existing) -> Result<()> {
        if path.is_dir() {
            Lock::check(path)?;
        }
        Self::check_unlocked(path, existing)
    }

    fn check_unlocked(path: &Path, existing: Existing) -> Result<()> {
        if !path.exists() {
            return Ok(());
        }
        if !path.is_dir() {
            return Err(Error::Occupied { path: path.to_path_buf(), what: "is a file" });
        }
        let entries = fs::read_dir(path).map_err(|source| Error::io("read", path, source))?;
        // A process that was killed right after it started leaves only these files.
        let is_leftover = |name: &str| name == LOCK || name.starts_with(PARTIAL);
        if entries.flatten().all(|entry| is_leftover(&entry.file_name().to_string_lossy())) {
            return Ok(());
        }
        match (layout::read_record(path), existing) {
            (Ok(record), Existing::Keep) => {
                let what = match record.status {
                    Status::Complete => "",
                    Status::Training => " (an unfinished run)",
                };
                Err(Error::Exists { path: path.to_path_buf(), what })
            }
            (Ok(_), Existing::Replace) => Ok(()),
            (Err(error @ Error::Foreign { .. }), _) => Err(error),
            (Err(_), _) => {
                let what = "exists and is not a run directory";
                Err(Error::Occupied { path: path.to_path_buf(), what })
            }
        }
    }

    /// Creates the directory and writes the config, the graph and the split, which are known before training.
    ///
    /// # Errors
    /// Returns the errors of [`RunDir::check`], and [`Error::Io`] if something cannot be written.
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
        fs::create_dir_all(path).map_err(|source| Error::io("create", path, source))?;
        let lock = Lock::acquire(path)?;
        layout::settle(path)?;
        Self::check_unlocked(path, existing)?;
        let is_replacement = layout::read_record(path).is_ok_and(|record| record.status == Status::Complete);
        // Remove what an interrupted run left behind.
        remove_files(&path.join(REPLACEMENT))?;
        let work = if is_replacement { path.join(REPLACEMENT) } else { path.to_path_buf() };
        remove_files(&work)?;
        let split_path = work.join("split");
        let create =
            |path: &Path| fs::create_dir_all(path).map_err(|source| Error::io("create", path, source));
        create(&work)?;
        let record = Record {
            format: record::FORMAT.into(),
            format_version: FORMAT_VERSION,
            status: Status::Training,
            vgae_version: env!("CARGO_PKG_VERSION").into(),
            libtorch_version: system::LIBTORCH_VERSION.map(Into::into),
            config: resolved,
            split_from: None,
            counts: Counts::new(graph, split),
            inputs: graph.inputs.clone(),
            files: BTreeMap::new(),
            selected_epoch: None,
            earlier_learning_rates: Vec::new(),
            calibration: None,
            timings: Timings::default(),
            num_threads: rayon::current_num_threads(),
            num_simd_lanes: Some(crate::kernels::simd::num_lanes()),
            processor: system::processor(),
            planned_memory_bytes: None,
            peak_memory_bytes: None,
        };
        let mut run =
            RunDir { path: path.to_path_buf(), work, record, state: State::Begun, lock: Some(lock) };
        // If the process is killed after this, the directory is recognised as a run.
        run.write_record()?;
        create(&split_path)?;
        files::write_nodes(&run.work.join("nodes.csv"), graph)?;
        files::write_split(&split_path, split, &graph.nodes)?;
        if config.model.model == ModelKind::Vae {
            let rows = split::rows(graph.num_nodes(), &config.split, config.seed);
            files::write_rows(&run.work.join("rows.csv"), &rows, &graph.nodes)?;
        }
        if let Some(names) = &graph.columns.names {
            files::write_feature_names(&run.work.join(FEATURE_NAMES), names)?;
        }
        if let Some(features) = &graph.features {
            tensors::write_features(&run.work.join(FEATURES), features)?;
        }
        // The hashes in the record prove that these files are complete.
        run.record.files = hashes(&run.work, &files_of_graph(&run.work, graph.features.is_some()))?;
        run.write_record()?;
        Ok(run)
    }

    /// Returns the path of the directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the current contents of `run.json`.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Records that the split came from `path`.
    pub fn set_split_from(&mut self, path: &Path) {
        self.record.split_from = Some(path.to_path_buf());
    }

    /// Records the planned memory of the training.
    pub fn set_planned_memory(&mut self, num_bytes: u64) {
        self.record.planned_memory_bytes = Some(num_bytes);
    }

    /// Records the calibrator of the model.
    pub fn set_calibrator(&mut self, calibrator: Calibrator) {
        self.record.calibration = Some(calibrator);
    }

    /// Records that training continues after `epoch` with another learning rate.
    ///
    /// # Errors
    /// [`Error::Config`] if the model has no learning rate or it is out of range; [`Error::Io`] if the record
    /// cannot be written.
    pub fn set_learning_rate(&mut self, learning_rate: f64, epoch: usize) -> Result<()> {
        let before = self.record.config.learning_rate();
        self.record.config.train.learning_rate = Some(learning_rate);
        self.record.config.validate()?;
        self.record.earlier_learning_rates.push((epoch, before));
        self.write_record()
    }

    /// Writes the state of training if all its numbers are finite. The run can then be resumed after any
    /// interruption.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written; the previous checkpoint is kept.
    pub fn write_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        if checkpoint.is_finite() {
            write_checkpoint(&self.work.join(CHECKPOINT), &self.record.config, checkpoint)?;
            layout::sync_directory(&self.work)?;
            self.state = State::Resumable;
        }
        Ok(())
    }

    /// Keeps the directory even if a later step fails.
    pub fn keep(&mut self) {
        self.state = State::Resumable;
    }

    /// Returns `true` if training can resume from the directory.
    pub fn is_resumable(&self) -> bool {
        self.state == State::Resumable
    }

    /// Writes the results of training, and last `run.json`, which marks the run as complete. Returns its
    /// contents.
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
        let weights = self.work.join(WEIGHTS);
        tensors::write_weights(&weights, &trained.model.weights())?;
        write_history(&self.work.join("history.csv"), &trained.history)?;
        write_json(&self.work.join("metrics.json"), metrics)?;
        if let Some(embeddings) = &encoded.embeddings {
            let output = Output::create(&self.work.join("embeddings.csv"), Existing::Replace)?;
            write_embeddings(output, &graph.nodes, &embeddings.mean, None)?;
        }
        self.record.files.extend(hashes(&self.work, &[weights])?);
        self.record.status = Status::Complete;
        self.record.selected_epoch = trained.selected_epoch;
        self.record.timings = timings;
        self.record.peak_memory_bytes = memory::peak_memory_bytes();
        layout::sync(&self.work)?;
        self.write_record()?;
        self.state = State::Finished;
        layout::sync_directory(&self.work)?;
        if self.work != self.path {
            layout::settle(&self.path)?;
        }
        // A finished run does not need its checkpoint; failing to remove it does no harm.
        let _ = fs::remove_file(self.path.join(CHECKPOINT));
        Ok(self.record.clone())
    }

    fn write_record(&mut self) -> Result<()> {
        write_json(&self.work.join("run.json"), &self.record)
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        if self.state == State::Begun {
            // The user sees the error that caused this. If a file cannot be removed, the run is marked as
            // unfinished.
            let _ = remove_files(&self.work);
            self.lock = None;
            let _ = fs::remove_dir(&self.path);
        }
    }
}

/// Reads the epochs of the run directory at `path`.
///
/// # Errors
/// [`Error::Io`] if its `history.csv` cannot be read; [`Error::Run`] if it is damaged.
pub fn read_history(path: &Path) -> Result<Vec<Epoch>> {
    read_records(&path.join("history.csv"))
}

fn write_history(path: &Path, history: &[Epoch]) -> Result<()> {
    write_csv(path, |writer| history.iter().try_for_each(|epoch| writer.serialize(epoch)))
}
