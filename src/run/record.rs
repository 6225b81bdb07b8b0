//! `run.json`: what a run was made of, by what, and how.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::evaluate::calibrate::Calibrator;
use crate::graph::{Graph, InputFile};
use crate::run::layout;
use crate::run::lock::Lock;
use crate::split::Split;

/// The version of the directory's layout.
pub const FORMAT_VERSION: u32 = 3;

/// What `format` says.
pub(super) const FORMAT: &str = "vgae-run";
/// The largest file of JSON: an isotonic calibration has some numbers for each step of its curve.
const MAX_JSON_BYTES: u64 = 1 << 26;

/// What `run.json` records.
///
/// # Examples
/// ```
/// use vgae::config::Config;
/// use vgae::evaluate::RunMetrics;
/// use vgae::run::{self, Run, RunDir, Status, Timings};
/// use vgae::write::Existing;
/// use vgae::{read, split, train};
///
/// let directory = tempfile::tempdir().unwrap();
/// let path = directory.path().join("run");
/// let mut config = Config::default();
/// config.train.epochs = Some(3);
/// let graph = read::data("datasets/karate".as_ref(), &config.read)?;
/// let split = split::edges(&graph, &config.split, config.seed)?;
/// RunDir::check(&path, Existing::Keep)?;
/// let making = RunDir::create(&path, &config, &graph, &split, Existing::Keep)?;
/// assert_eq!(run::read_record(making.path())?.status, Status::Training);
/// let trained = train::fit(None, &split, &config, |_| {})?;
/// let encoded = trained.model.encode(&split.train, None)?;
/// let metrics = RunMetrics::of(&trained.model, &*encoded.score, &split, None, &config)?;
/// making.finish(&graph, &trained, &encoded, &metrics, Timings::default())?;
///
/// let run = Run::open(&path)?;
/// assert_eq!((run.record.counts.num_nodes, run.record.counts.num_test_edges), (34, 7));
/// assert_eq!(run.evaluate(&*run.encode()?.score)?, metrics);
/// assert_eq!(run::read_split(&path, &graph)?, split);
/// assert!(run::changed_files(&path)?.1.is_empty());
/// // Without features it knows its own nodes alone.
/// let other = read::data("datasets/karate".as_ref(), &config.read)?;
/// assert!(run.on_graph(other).is_err());
/// # Ok::<(), vgae::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Always `vgae-run`.
    pub format: String,
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// Whether training came to its end.
    pub status: Status,
    /// The version of this crate.
    pub vgae_version: String,
    /// The version of libtorch that it was built with.
    pub libtorch_version: String,
    /// Every setting, the seed among them.
    pub config: Config,
    /// The directory of the split that was reused, if one was.
    pub split_from: Option<PathBuf>,
    /// The sizes of the graph and its parts.
    pub counts: Counts,
    /// The files that were read, with their hashes.
    pub inputs: Vec<InputFile>,
    /// The SHA-256 of each file that the run is read back from, in hexadecimal.
    pub files: BTreeMap<String, String>,
    /// The epoch whose weights were kept, counted from 1.
    pub selected_epoch: Option<usize>,
    /// The learning rates before that of `config`, each with the epochs that it was in force for, where training went on
    /// with another one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_learning_rates: Vec<(usize, f64)>,
    /// What makes probabilities of logits, if that was fitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibrator>,
    /// Where the time went.
    pub timings: Timings,
    /// Threads in use.
    pub num_threads: usize,
    /// How many f32 the processor computed with at once, which decides the order of some sums.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_simd_lanes: Option<usize>,
    /// The processor's name, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// The most memory that it was going to hold by the plan; see [`crate::train::plan`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_memory_bytes: Option<u64>,
    /// The most memory that the process held, where the system tells.
    pub peak_memory_bytes: Option<u64>,
}

/// Whether training came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is going on, or was interrupted.
    Training,
    /// The directory is whole.
    Complete,
}

/// The sizes of a graph and its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// n.
    pub num_nodes: usize,
    /// Of a bipartite graph the number of its sources, which are its first nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_sources: Option<usize>,
    /// Edges.
    pub num_edges: usize,
    /// f; 0 where X = I.
    pub num_features: usize,
    /// Connected components, isolated nodes counted.
    pub num_components: usize,
    /// Nodes without an edge.
    pub num_isolated_nodes: usize,
    /// Edges that training saw.
    pub num_train_edges: usize,
    /// Edges held out for validation, and as many negatives.
    pub num_validation_edges: usize,
    /// Edges held out for the test, and as many negatives.
    pub num_test_edges: usize,
}

impl Counts {
    pub(super) fn of(graph: &Graph, split: &Split) -> Self {
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
        }
    }
}

/// Where the time went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// Reading the input.
    pub read_seconds: f64,
    /// Splitting and normalising.
    pub split_seconds: f64,
    /// All epochs, the looks at the validation part among them.
    pub train_seconds: f64,
    /// The final embeddings and metrics.
    pub evaluate_seconds: f64,
}

/// Reads and checks the `run.json` of the run directory at `path`, and of the rest only that it is files.
///
/// # Errors
/// [`Error::Foreign`] if something in it is a link, a pipe or a device: every reader of a run begins here.
/// [`Error::Run`] if it is no run directory, or one of another version of the format.
pub fn read_record(path: &Path) -> Result<Record> {
    let file = path.join("run.json");
    let error = |problem: String| Error::Run { path: file.clone(), problem };
    if file.symlink_metadata().is_ok() {
        layout::check_own(path)?;
        if layout::is_unsettled(path) {
            let _lock = Lock::wait(path)?;
            layout::settle(path)?;
        }
    }
    let text = read_json(&file).map_err(|source| match source {
        Error::Io { source, .. }
            if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            let problem = "is no run directory; expected one that `vgae train` wrote, with a run.json".into();
            Error::Run { path: path.to_path_buf(), problem }
        }
        source => source,
    })?;
    // The version is looked at first, so that a newer record is not called damaged.
    #[derive(Deserialize)]
    struct Version {
        format: String,
        format_version: u32,
    }
    let version: Version =
        serde_json::from_slice(&text).map_err(|source| error(format!("is no record of a run: {source}")))?;
    if version.format != FORMAT || version.format_version != FORMAT_VERSION {
        let found = format!("{} {}", version.format, version.format_version);
        return Err(error(format!("is of the format {found}; this vgae reads {FORMAT} {FORMAT_VERSION}")));
    }
    serde_json::from_slice(&text).map_err(|source| error(format!("is no record of a run: {source}")))
}

/// The processor's name: `model name` of Linux's `/proc/cpuinfo`.
///
/// # Examples
/// ```
/// assert_ne!(vgae::run::processor(), Some(String::new()));
/// ```
pub fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(line.trim_start().strip_prefix(':')?.trim().to_string())
}

/// The bytes of a file of JSON in a run directory.
///
/// # Errors
/// [`Error::Io`] if it cannot be read, [`Error::Run`] if it is far larger than any that was written.
pub(crate) fn read_json(path: &Path) -> Result<Vec<u8>> {
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
