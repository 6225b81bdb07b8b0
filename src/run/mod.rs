//! The run directory: every file in it is written and read here, each one whole or not at all. Uses
//! `config`, `error`, `evaluate`, `graph`, `kernels`, `model`, `read`, `split`, `system`, `train` and
//! `write`.
//!
//! | file | contents |
//! |---|---|
//! | `run.json` | the [`Record`]: versions, config, counts, inputs, timings |
//! | `metrics.json` | [`RunMetrics`] |
//! | `history.csv` | one row per epoch |
//! | `embeddings.csv` | `node,mean_0,…` |
//! | `nodes.csv` | the node ids in order, and their labels if they have any |
//! | `split/` | `train.csv`, `validation.csv`, `validation_negatives.csv`, `test.csv`, `test_negatives.csv`; `validation_negatives_by_link.csv` and `test_negatives_by_link.csv` if the split has negatives of each link |
//! | `rows.csv` | the part of each row, for a VAE: `row,part` |
//! | `feature_names.csv` | the names of the columns of X, if they have any |
//! | `features.safetensors` | X as a sparse (CSR) or dense matrix, if there are features |
//! | `weights.safetensors` | the weights of the model |
//! | `checkpoint.safetensors` | the state of training, while it runs |
//! | `.lock` | the process that writes to the directory, while it runs |
//! | `.replacement/` | the new run, while it replaces a finished one |
//! | `report.html` | the report of the run, for reading |
//!
//! The directory is self-contained: the model needs nothing outside it.

mod checkpoint;
mod directory;
mod files;
mod inductive;
mod layout;
mod lock;
mod record;
mod tensors;
mod unfinished;

use std::path::{Path, PathBuf};

use crate::config::Calibration;
use crate::error::{Error, Result};
use crate::evaluate::RunMetrics;
use crate::evaluate::calibrate::{Calibrator, Population};
use crate::evaluate::ranking::{RankingConfig, RankingMetrics};
use crate::graph::{Direction, FeatureColumns, Graph};
use crate::model::score::Score;
use crate::model::{Encoded, Model};
use crate::split::Split;

pub use checkpoint::{read_checkpoint, write_checkpoint};
pub use directory::{RunDir, read_history};
pub use files::sha256;
use layout::{FEATURE_NAMES, FEATURES, WEIGHTS, files_of_graph, hashes};
pub use layout::{REPORT, read_record};
pub use record::read_json;
pub use record::{Counts, FORMAT_VERSION, Record, Status, Timings};
pub use unfinished::Unfinished;

/// A finished run read from its directory, ready to score, predict, embed and evaluate.
pub struct Run {
    /// The contents of `run.json`.
    pub record: Record,
    /// The graph with all its edges.
    pub graph: Graph,
    /// The split of the edges.
    pub split: Split,
    /// The trained model.
    pub model: Model,
}

impl Run {
    /// Reads the run directory at `path` and checks that its files belong together.
    ///
    /// # Errors
    /// [`Error::Run`] for a file that is missing, damaged or in another format; [`Error::Foreign`] for
    /// something other than a file, such as a link; [`Error::Split`] for a pair that breaks the rules of a
    /// split.
    pub fn open(path: &Path) -> Result<Run> {
        let record = read_record(path)?;
        let error = |file: &str, problem: String| Error::Run { path: path.join(file), problem };
        if record.status != Status::Complete {
            return Err(Error::Unfinished { path: path.to_path_buf() });
        }
        record.config.validate().map_err(|problem| error("run.json", problem.to_string()))?;
        if let Some(problem) = record.calibration.as_ref().and_then(Calibrator::problem) {
            return Err(error("run.json", format!("has an invalid calibration: {problem}")));
        }
        let (graph, split) = read_graph(path, &record)?;
        let counts = &record.counts;
        let file = path.join(WEIGHTS);
        let weights = tensors::read_weights(&file)?;
        let model = Model::from_weights(&record.config, counts.num_nodes, counts.num_features, &weights)
            .map_err(|source| Error::Weights { path: file.clone(), source })?;
        check_hashes(path, &record, &[file])?;
        Ok(Run { graph, split, model, record })
    }

    /// Computes the metrics of the held-out parts from the logits of `score`.
    ///
    /// # Errors
    /// Returns the errors of [`RunMetrics::compute`].
    pub fn evaluate(&self, score: &(impl Score + ?Sized)) -> Result<RunMetrics> {
        RunMetrics::compute(&self.model, score, &self.split, self.graph.features(), &self.record.config)
    }

    /// Returns the calibrator of the logits of `score`: one fitted with `method` if it is given, else the
    /// calibrator of the run, if it has one.
    ///
    /// # Errors
    /// Returns the errors of [`Population::draw`] and [`Population::calibrate`].
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

    /// Returns the same as [`Run::calibrator`], given an already drawn [`Run::population`].
    ///
    /// # Errors
    /// Returns the errors of [`Population::calibrate`].
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

    /// Scores the held-out edges and enough negatives to represent all pairs at the density of the graph.
    ///
    /// # Errors
    /// Returns the errors of [`Population::draw`].
    pub fn population(&self, score: &(impl Score + ?Sized)) -> Result<Population> {
        Population::draw(score, &self.graph.edges, &self.split, self.record.config.seed)
    }

    /// Ranks the links of the validation and the test part among all pairs; see [`RankingMetrics::compute`]. The edges
    /// of the other part are left out of each list. `None` for a part without links.
    ///
    /// # Errors
    /// Returns the errors of [`RankingMetrics::compute`].
    pub fn rank_parts(
        &self,
        score: &(impl Score + ?Sized),
        config: &RankingConfig,
    ) -> Result<[Option<RankingMetrics>; 2]> {
        RankingMetrics::of_parts(score, &self.graph.edges, &self.split, config)
    }

    /// Ranks the test links, or else the validation links, among all pairs for a summary; see
    /// [`RankingMetrics::of_last_part`]. `None` also if the graph is so large that `score` would take minutes; see
    /// [`RankingConfig::is_exceeded`].
    ///
    /// # Errors
    /// Returns the errors of [`RankingMetrics::compute`].
    pub fn ranking(&self, score: &(impl Score + ?Sized)) -> Result<Option<RankingMetrics>> {
        let config = RankingConfig::summary(self.record.config.seed);
        let Split { validation, test, .. } = &self.split;
        let part = if test.is_empty() { validation } else { test };
        if config.is_exceeded(score, self.graph.num_nodes(), part.edges.len()) {
            return Ok(None);
        }
        RankingMetrics::of_last_part(score, &self.graph.edges, &self.split, &config)
    }

    /// Encodes the graph of the run with message passing over the training edges only.
    ///
    /// # Errors
    /// Returns the errors of [`Model::encode`].
    pub fn encode(&self) -> Result<Encoded> {
        self.model.encode(&self.split.train, self.graph.features())
    }
}

/// Reads the graph and the split of the run directory at `path`, and checks them against its `record`.
fn read_graph(path: &Path, record: &Record) -> Result<(Graph, Split)> {
    let error = |file: &str, problem: String| Error::Run { path: path.join(file), problem };
    let (nodes, labels) = files::read_nodes(&path.join("nodes.csv"))?;
    let counts = &record.counts;
    let expect = |file: &str, what: &str, found: usize, expected: usize| match found == expected {
        true => Ok(()),
        false => Err(error(file, format!("holds {found} {what}; run.json expects {expected}"))),
    };
    expect("nodes.csv", "nodes", nodes.len(), counts.num_nodes)?;
    let direction = Direction::from_config(&record.config.read);
    let (graph, split) =
        crate::split::files::read_graph(&path.join("split"), direction, counts.num_sources, nodes, labels)?;
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

/// Checks the SHA-256 of `files` against the record, because a file that was cut or changed may still be
/// readable.
fn check_hashes(path: &Path, record: &Record, files: &[PathBuf]) -> Result<()> {
    for (file, sha256) in hashes(path, files)? {
        if record.files.get(&file) != Some(&sha256) {
            let problem = "has changed since the run wrote it: its SHA-256 is not the one in run.json".into();
            return Err(Error::Run { path: path.join(file), problem });
        }
    }
    match missing_files(path, record).next() {
        Some(file) => {
            let problem = "is missing, but run.json has its SHA-256".into();
            Err(Error::Run { path: file, problem })
        }
        None => Ok(()),
    }
}

/// Returns the files of the record that are gone, but for the weights, which every reader of a model needs.
fn missing_files<'a>(path: &'a Path, record: &'a Record) -> impl Iterator<Item = PathBuf> + 'a {
    let files = record.files.keys().filter(|file| *file != WEIGHTS);
    files.map(|file| path.join(file)).filter(|file| !file.exists())
}

/// Returns the record of the run directory at `path`, and the files whose SHA-256 differs from the record.
///
/// # Errors
/// [`Error::Run`] if `path` is not a run directory; [`Error::Io`] if one of its files cannot be read.
pub fn changed_files(path: &Path) -> Result<(Record, Vec<PathBuf>)> {
    let record = read_record(path)?;
    let mut files = files_of_graph(path, record.counts.num_features > 0);
    files.push(path.join(WEIGHTS));
    let found = hashes(path, &files)?;
    let changed = found.iter().filter(|(file, sha256)| record.files.get(*file) != Some(*sha256));
    let changed = changed.map(|(file, _)| path.join(file)).chain(missing_files(path, &record)).collect();
    Ok((record, changed))
}
