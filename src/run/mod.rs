//! The run directory: every file in it is written and read here, each one whole or not at all.
//!
//! | file | holds |
//! |---|---|
//! | `run.json` | the [`Record`]: versions, config, counts, inputs, timings |
//! | `metrics.json` | [`RunMetrics`] |
//! | `history.csv` | a row per epoch |
//! | `embeddings.csv` | `node,mean_0,…` |
//! | `nodes.csv` | the node ids in order, and their labels if there are any |
//! | `split/` | `train.csv`, `validation.csv`, `validation_negatives.csv`, `test.csv`, `test_negatives.csv` |
//! | `rows.csv` | of a VAE, the part of each row: `row,part` |
//! | `feature_names.csv` | the names of the columns of X, if they have any |
//! | `features.safetensors` | X in compressed rows or dense, if there are features |
//! | `weights.safetensors` | the model's weights |
//! | `checkpoint.safetensors` | while training goes on: where it stands |
//! | `.lock` | while a process writes to the directory: which one |
//! | `.replacement/` | while the run is being replaced: the new one |
//! | `report.html` | a page to look at: the [`crate::report`] of the run |
//!
//! It is self-contained: nothing outside it is needed to use the model.

mod another;
mod checkpoint;
mod directory;
mod embeddings;
mod files;
mod layout;
mod lock;
mod npy;
mod output;
mod own;
mod parquet;
mod record;
mod rows;
mod scores;
mod screen;
mod split_files;
mod tensors;
mod unfinished;

use std::path::{Path, PathBuf};

use crate::config::Calibration;
use crate::error::{Error, Result};
use crate::evaluate::RunMetrics;
use crate::evaluate::calibrate::{Calibrator, Population};
use crate::graph::{Direction, FeatureColumns, Graph};
use crate::model::score::Score;
use crate::model::{Encoded, Model};
use crate::split::Split;

pub use checkpoint::{read_checkpoint, write_checkpoint};
pub use directory::{RunDir, read_history};
pub use embeddings::{write_parquet, write_projector, write_word2vec};
pub(crate) use files::sha256;
pub use files::{NumberWriter, write_embeddings, write_pairs};
pub use layout::REPORT;
use layout::{FEATURE_NAMES, FEATURES, WEIGHTS, files_of_graph, hashes};
pub use npy::write_npy;
pub use output::Output;
pub(crate) use record::read_json;
pub use record::{Counts, FORMAT_VERSION, Record, Status, Timings, processor, read_record};
pub use scores::{ScoreColumns, ScoreFormat, ScoreWriter};
pub use split_files::read_split;
pub(crate) use split_files::split_directory;
pub use unfinished::Unfinished;

/// What to do about files that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Leave them, and fail.
    Keep,
    /// Replace them.
    Replace,
}

/// A finished run, read back: enough to score, predict, embed and evaluate.
pub struct Run {
    /// What `run.json` says.
    pub record: Record,
    /// The graph, all its edges.
    pub graph: Graph,
    /// The parts of the edges.
    pub split: Split,
    /// The trained model.
    pub model: Model,
}

impl Run {
    /// Reads the run directory at `path` and checks that its files belong together.
    ///
    /// # Errors
    /// [`Error::Run`] names the file that is missing, damaged or of another format, [`Error::Foreign`] one that is none, such
    /// as a link; [`Error::Split`] a pair that breaks the split's rules.
    pub fn open(path: &Path) -> Result<Run> {
        let record = record::read_record(path)?;
        let error = |file: &str, problem: String| Error::Run { path: path.join(file), problem };
        if record.status != Status::Complete {
            let problem =
                "says that its training did not come to an end; `vgae train --resume` goes on with it";
            return Err(error("run.json", problem.into()));
        }
        record.config.validate().map_err(|problem| error("run.json", problem.to_string()))?;
        if let Some(problem) = record.calibration.as_ref().and_then(Calibrator::problem) {
            return Err(error("run.json", format!("says of the calibration that {problem}")));
        }
        let (graph, split) = read_graph(path, &record)?;
        let counts = &record.counts;
        let file = path.join(WEIGHTS);
        let weights = tensors::read_weights(&file)?;
        let model = Model::from_weights(&record.config, counts.num_nodes, counts.num_features, &weights)
            .map_err(|problem| error(WEIGHTS, problem))?;
        check_hashes(path, &record, &[file])?;
        Ok(Run { graph, split, model, record })
    }

    /// The metrics of the held-out parts, by the logits of `score`.
    ///
    /// # Errors
    /// As [`RunMetrics::of`].
    pub fn evaluate(&self, score: &(impl Score + ?Sized)) -> Result<RunMetrics> {
        RunMetrics::of(&self.model, score, &self.split, self.graph.features(), &self.record.config)
    }

    /// What makes probabilities of the logits of `score`: fitted by `method` if one is given, else the run's own, which may
    /// be none.
    ///
    /// # Errors
    /// As [`Population::draw`] and [`Population::calibrate`].
    pub fn calibrator(
        &self,
        score: &(impl Score + ?Sized),
        method: Option<Calibration>,
    ) -> Result<Option<Calibrator>> {
        match method {
            None => Ok(self.record.calibration.clone()),
            Some(_) => self.calibrator_by(&self.population(score)?, method),
        }
    }

    /// As [`Run::calibrator`], where [`Run::population`] was drawn already.
    ///
    /// # Errors
    /// As [`Population::calibrate`].
    pub fn calibrator_by(
        &self,
        population: &Population,
        method: Option<Calibration>,
    ) -> Result<Option<Calibrator>> {
        match method {
            None => Ok(self.record.calibration.clone()),
            Some(method) => population.calibrate(method).map(Some),
        }
    }

    /// The logits by `score` of the held-out edges, among negatives enough to say what happens at the graph's density.
    ///
    /// # Errors
    /// As [`Population::draw`].
    pub fn population(&self, score: &(impl Score + ?Sized)) -> Result<Population> {
        Population::draw(score, &self.graph.edges, &self.split, self.record.config.seed)
    }

    /// The model over the run's graph, with messages along the training edges alone.
    ///
    /// # Errors
    /// As [`Model::encode`].
    pub fn encode(&self) -> Result<Encoded> {
        self.model.encode(&self.split.train, self.graph.features())
    }
}

/// The graph of the run in the directory at `path` and its split, checked against the `record` of the run.
fn read_graph(path: &Path, record: &Record) -> Result<(Graph, Split)> {
    let error = |file: &str, problem: String| Error::Run { path: path.join(file), problem };
    let (nodes, labels) = files::read_nodes(&path.join("nodes.csv"))?;
    let counts = &record.counts;
    let expect = |file: &str, what: &str, found: usize, expected: usize| match found == expected {
        true => Ok(()),
        false => Err(error(file, format!("holds {found} {what}; run.json expects {expected}"))),
    };
    expect("nodes.csv", "nodes", nodes.len(), counts.num_nodes)?;
    let direction = Direction::of(&record.config.read);
    let (graph, split) =
        split_files::read_graph(&path.join("split"), direction, counts.num_sources, nodes, labels)?;
    expect("split", "edges", graph.edges.len(), counts.num_edges)?;
    expect("split", "training edges", split.train.len(), counts.num_train_edges)?;
    let features = match counts.num_features {
        0 => None,
        num_features => {
            let shape = (counts.num_nodes, num_features);
            Some(tensors::read_features(&path.join(FEATURES), shape)?)
        }
    };
    let names = path.join(FEATURE_NAMES);
    let names = if names.exists() { Some(files::read_feature_names(&names)?) } else { None };
    if let Some(names) = &names {
        expect(FEATURE_NAMES, "names", names.len(), counts.num_features)?;
    }
    let columns = FeatureColumns { names, may_lack: false };
    check_hashes(path, record, &files_of_graph(path, features.is_some()))?;
    Ok((Graph { features, columns, ..graph }, split))
}

/// What reads well may still have been cut or changed.
fn check_hashes(path: &Path, record: &Record, files: &[PathBuf]) -> Result<()> {
    for (file, sha256) in hashes(path, files)? {
        if record.files.get(&file) != Some(&sha256) {
            let problem = "is not what the run wrote: its SHA-256 is not the one in run.json".into();
            return Err(Error::Run { path: path.join(file), problem });
        }
    }
    Ok(())
}

/// What `run.json` in the run directory at `path` says, and which of the files that it vouches for hold something
/// else now.
///
/// # Errors
/// [`Error::Run`] if it is no run directory, [`Error::Io`] if a file of it cannot be read.
pub fn changed_files(path: &Path) -> Result<(Record, Vec<PathBuf>)> {
    let record = record::read_record(path)?;
    let mut files = files_of_graph(path, record.counts.num_features > 0);
    files.push(path.join(WEIGHTS));
    let found = hashes(path, &files)?;
    let changed = found.iter().filter(|(file, sha256)| record.files.get(*file) != Some(*sha256));
    let changed = changed.map(|(file, _)| path.join(file)).collect();
    Ok((record, changed))
}
