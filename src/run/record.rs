//! `run.json`: the inputs, settings, versions and environment of a run.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::evaluate::calibrate::Calibrator;
use crate::graph::{Graph, InputFile};
use crate::split::Split;

/// The version of the layout of a run directory.
pub const FORMAT_VERSION: u32 = 3;

/// The value of `format`.
pub(super) const FORMAT: &str = "vgae-run";
/// The maximal size of a JSON file. It is large because an isotonic calibrator stores numbers for each of its
/// steps.
const MAX_JSON_BYTES: u64 = 1 << 26;

/// The contents of `run.json`.
///
/// # Examples
/// ```
/// use vgae::config::Config;
/// use vgae::evaluate::RunMetrics;
/// use vgae::run::{self, Run, RunDir, Status, Timings};
/// use vgae::write::Existing;
/// use vgae::progress::Progress;
/// use vgae::{read, split, train};
///
/// let directory = tempfile::tempdir().unwrap();
/// let path = directory.path().join("run");
/// let mut config = Config::default();
/// config.train.epochs = Some(3);
/// let graph = read::data("datasets/karate".as_ref(), &config.read, &Progress::default())?;
/// let split = split::edges(&graph, &config.split, config.seed)?;
/// RunDir::check(&path, Existing::Keep)?;
/// let making = RunDir::create(&path, &config, &graph, &split, Existing::Keep)?;
/// assert_eq!(run::read_record(making.path())?.status, Status::Training);
/// let trained = train::fit(None, &split, &config, |_| {})?;
/// let encoded = trained.model.encode(&split.train, None)?;
/// let metrics = RunMetrics::compute(&trained.model, &*encoded.score, &split, None, &config)?;
/// making.finish(&graph, &trained, &encoded, &metrics, Timings::default())?;
///
/// let run = Run::open(&path)?;
/// assert_eq!((run.record.counts.num_nodes, run.record.counts.num_test_edges), (34, 7));
/// assert_eq!(run.evaluate(&*run.encode()?.score)?, metrics);
/// assert_eq!(split::read_split(&path, &graph, config.seed)?, split);
/// assert!(run::changed_files(&path)?.1.is_empty());
/// // A model without features knows only its own nodes.
/// let other = read::data("datasets/karate".as_ref(), &config.read, &Progress::default())?;
/// assert!(run.on_graph(other).is_err());
/// # Ok::<(), vgae::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Always `vgae-run`.
    pub format: String,
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The progress of the run.
    pub status: Status,
    /// The version of this crate.
    pub vgae_version: String,
    /// The version of libtorch that this crate was built with; `None` without libtorch.
    pub libtorch_version: Option<String>,
    /// All settings, including the seed.
    pub config: Config,
    /// The directory of the split that was reused, if any.
    pub split_from: Option<PathBuf>,
    /// The sizes of the graph and its parts.
    pub counts: Counts,
    /// The files that were read, with their hashes.
    pub inputs: Vec<InputFile>,
    /// The SHA-256 of each file that is needed to open the run, in hexadecimal.
    pub files: BTreeMap<String, String>,
    /// The epoch whose weights were kept, counted from 1.
    pub selected_epoch: Option<usize>,
    /// The learning rates used before that of `config`, each with the last epoch that it was used for; empty
    /// unless training was resumed with another one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_learning_rates: Vec<(usize, f64)>,
    /// The calibrator, if one was fitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibrator>,
    /// The time spent on each step.
    pub timings: Timings,
    /// The number of threads.
    pub num_threads: usize,
    /// The number of f32 in a SIMD vector, which determines the order of some sums.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_simd_lanes: Option<usize>,
    /// The name of the processor, if the system provides it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// The planned peak memory in bytes; see [`crate::train::plan`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_memory_bytes: Option<u64>,
    /// The actual peak memory of the process in bytes, if the system provides it.
    pub peak_memory_bytes: Option<u64>,
}

/// The progress of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Training is running or was interrupted.
    Training,
    /// Training is finished and the directory is complete.
    Complete,
}

/// The sizes of a graph and its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// The number of nodes, n.
    pub num_nodes: usize,
    /// The number of sources of a bipartite graph, which are its first nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_sources: Option<usize>,
    /// The number of edges.
    pub num_edges: usize,
    /// The number of features, f; 0 if X = I.
    pub num_features: usize,
    /// The number of connected components, including isolated nodes.
    pub num_components: usize,
    /// The number of nodes without an edge.
    pub num_isolated_nodes: usize,
    /// The number of training edges.
    pub num_train_edges: usize,
    /// The number of validation edges.
    pub num_validation_edges: usize,
    /// The number of test edges.
    pub num_test_edges: usize,
    /// The number of validation negatives; `None` in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_validation_negatives: Option<usize>,
    /// The number of test negatives; `None` in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_test_negatives: Option<usize>,
}

impl Counts {
    pub(super) fn new(graph: &Graph, split: &Split) -> Self {
        Counts {
            num_nodes: graph.num_nodes(),
            num_sources: graph.edges.num_sources(),
            num_edges: graph.edges.len(),
            num_features: graph.features.as_ref().map_or(0, |features| features.cols()),
            num_components: graph.edges.num_components(),
            num_isolated_nodes: graph.edges.degrees().iter().filter(|&&degree| degree == 0).count(),
            num_train_edges: split.train.len(),
            num_validation_edges: split.validation.edges.len(),
            num_test_edges: split.test.edges.len(),
            num_validation_negatives: Some(split.validation.negatives.len()),
            num_test_negatives: Some(split.test.negatives.len()),
        }
    }
}

/// The time spent on each step of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// The time to read the input.
    pub read_seconds: f64,
    /// The time to split the edges and normalise the adjacency matrix.
    pub split_seconds: f64,
    /// The time of all epochs, including the evaluation on the validation part.
    pub train_seconds: f64,
    /// The time to compute the final embeddings and metrics.
    pub evaluate_seconds: f64,
}

/// Reads the `run.json` of the run directory at `path`, and nothing else of it.
///
/// # Errors
/// [`Error::Run`] if `path` is not a run directory, or has another version of the format.
pub(super) fn read_only_record(path: &Path) -> Result<Record> {
    let file = path.join("run.json");
    let error = |problem: String| Error::Run { path: file.clone(), problem };
    let text = read_json(&file).map_err(|source| match source {
        Error::Io { source, .. }
            if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            let problem =
                "is not a run directory; expected one that `vgae train` wrote, with a run.json".into();
            Error::Run { path: path.to_path_buf(), problem }
        }
        source => source,
    })?;
    // The version is checked first, so that a newer record is not reported as damaged.
    #[derive(Deserialize)]
    struct Version {
        format: String,
        format_version: u32,
    }
    let version: Version =
        serde_json::from_slice(&text).map_err(|source| error(format!("is not a run record: {source}")))?;
    if version.format != FORMAT || version.format_version != FORMAT_VERSION {
        let found = format!("{} {}", version.format, version.format_version);
        return Err(error(format!("has the format {found}; this vgae reads {FORMAT} {FORMAT_VERSION}")));
    }
    serde_json::from_slice(&text).map_err(|source| error(format!("is not a run record: {source}")))
}

/// Reads the bytes of a JSON file of a run directory.
///
/// # Errors
/// [`Error::Io`] if it cannot be read, [`Error::Run`] if it is larger than any file that `vgae` writes.
pub fn read_json(path: &Path) -> Result<Vec<u8>> {
    let error = |source: io::Error| Error::io("read", path, source);
    let mut text = Vec::new();
    File::open(path).map_err(error)?.take(MAX_JSON_BYTES + 1).read_to_end(&mut text).map_err(error)?;
    match text.len() as u64 > MAX_JSON_BYTES {
        false => Ok(text),
        true => {
            let problem = format!("has more than {MAX_JSON_BYTES} bytes; expected what `vgae train` wrote");
            Err(Error::Run { path: path.to_path_buf(), problem })
        }
    }
}
