//! What can go wrong: one variant per kind of mistake, each message naming the place, what was found there
//! and what was expected.

mod words;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::config::DirectedTask;
pub use words::printable;
use words::{named, of_part, place, plain, reason, remedy, show, signal_name};

/// The result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Every way in which this crate's functions fail.
///
/// # Examples
/// ```
/// use vgae::config::ReadConfig;
/// use vgae::{Error, read};
///
/// let error = read::data("nowhere.csv".as_ref(), &ReadConfig::default()).unwrap_err();
/// assert!(matches!(error, Error::Io { .. }) && !error.is_broken_pipe());
/// assert!(error.to_string().starts_with("cannot read nowhere.csv: "));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused to read, write or create something.
    #[error("cannot {action} {}: {}", named(action, path), reason(source))]
    Io {
        /// What was tried: `read`, `write`, `create`, …
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// One line of an input file is not what its format asks for.
    #[error("{}:{line}: {}", show(path), plain(problem))]
    Row {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What was found there and what was expected.
        problem: String,
    },
    /// An input file or directory as a whole is not what was expected.
    #[error("{}: {}", show(path), plain(problem))]
    Input {
        /// The file or directory.
        path: PathBuf,
        /// What was found there and what was expected.
        problem: String,
    },
    /// A feature table leaves out nodes of the graph.
    #[error(
        "{} has rows for {num_rows} of the graph's {num_nodes} nodes; first node without a row: {}",
        show(path),
        plain(first_node)
    )]
    MissingFeatures {
        /// The feature file.
        path: PathBuf,
        /// How many of the graph's nodes it describes.
        num_rows: usize,
        /// How many nodes the graph has.
        num_nodes: usize,
        /// The first node, in the graph's order, without a row.
        first_node: String,
    },
    /// A setting is out of its range, or two settings contradict each other.
    #[error("{}", plain(.0))]
    Config(String),
    /// The graph has too few edges to leave something in every part.
    #[error(
        "too few edges ({num_edges}) for --val-fraction {val_fraction} and --test-fraction {test_fraction}: \
         train, validation and test would get {num_train}, {num_validation} and {num_test}; each needs at least 1. \
         Hint: larger fractions, or 0 to hold nothing out"
    )]
    TooFewEdges {
        /// Edges in the graph.
        num_edges: usize,
        /// The fraction asked for validation.
        val_fraction: f64,
        /// The fraction asked for testing.
        test_fraction: f64,
        /// Edges that training would get.
        num_train: usize,
        /// Edges that validation would get.
        num_validation: usize,
        /// Edges that the test would get.
        num_test: usize,
    },
    /// The graph has fewer absent pairs than negatives are needed.
    #[error(
        "need {needed} negative pairs but the graph has only {available} non-edges; hint: smaller --val-fraction and \
         --test-fraction, or 0 to hold nothing out"
    )]
    TooFewNonEdges {
        /// Negatives needed for validation and test together.
        needed: u64,
        /// Pairs of distinct nodes that are not edges.
        available: u64,
    },
    /// The graph has too few edges of the kinds that a directed task needs.
    #[error(
        "too few edges for the task {task}: {num_one_way} go one way only and {num_both_ways} pairs both ways; train, \
         validation and test would get {num_train}, {num_validation} and {num_test} edges; each that is asked for \
         needs at least 1, and {num_negatives} reverses of one-way edges are needed as negatives"
    )]
    TooFewTaskEdges {
        /// The task.
        task: DirectedTask,
        /// Edges whose reverse is no edge.
        num_one_way: usize,
        /// Pairs of nodes with an edge each way.
        num_both_ways: usize,
        /// Edges that training would get.
        num_train: usize,
        /// Edges that validation would get.
        num_validation: usize,
        /// Edges that the test would get.
        num_test: usize,
        /// Negatives that validation and test need together.
        num_negatives: usize,
    },
    /// A chart could not be drawn; see [`crate::chart`].
    #[error("cannot draw the chart: {0}")]
    Chart(String),
    /// A split lets the evaluation see what it must not see, or does not fit its graph.
    #[error("{}: the split does not hold: {}", show(path), plain(problem))]
    Split {
        /// The split's directory.
        path: PathBuf,
        /// The offending pair and the rule that it breaks.
        problem: String,
    },
    /// An audit found offences; see [`crate::audit`].
    #[error("{}: {summary}", show(path))]
    Leak {
        /// The run or the split.
        path: PathBuf,
        /// How many offences against which rules.
        summary: String,
    },
    /// A run that was made again came out otherwise; see [`crate::reproduce`].
    #[error("{}: {summary}", show(path))]
    Differs {
        /// The run.
        path: PathBuf,
        /// How many files differ, and what else does.
        summary: String,
    },
    /// No cut of a ranking has the precision that was asked for.
    #[error(
        "no cut has the precision {precision} where {density:.3e} of the pairs are links; the best is {best:.4}, from the \
         logit {logit:.4} on, with a recall of {recall:.4}"
    )]
    NoCut {
        /// The precision that was asked for.
        precision: f64,
        /// The share of the pairs that are links.
        density: f64,
        /// The best precision that there is.
        best: f64,
        /// Where that is.
        logit: f64,
        /// The recall there.
        recall: f64,
    },
    /// Some runs of a benchmark failed; the others are in its tables.
    #[error(
        "{num_failed} of {num_runs} runs failed, the first: {first}; the same command again repeats them alone"
    )]
    Benchmark {
        /// How many failed.
        num_failed: usize,
        /// How many there were to be.
        num_runs: usize,
        /// The first of them, and the last line of what it said.
        first: String,
    },
    /// A ranking metric was asked of a single class.
    #[error("{metric} needs both classes; got {positives} positives, {negatives} negatives")]
    OneClass {
        /// The metric's name.
        metric: &'static str,
        /// Positive examples given.
        positives: usize,
        /// Negative examples given.
        negatives: usize,
    },
    /// Hits@K was asked of fewer than K negatives.
    #[error(
        "Hits@{k} needs at least {k} negatives to rank an edge among; got {num_negatives}; hint: a smaller K for \
         --hits, or other --negatives"
    )]
    TooFewNegatives {
        /// The K that was asked for.
        k: usize,
        /// The negatives that an edge is ranked among.
        num_negatives: usize,
    },
    /// There are fewer pairs that can be drawn by their degrees than are needed.
    #[error(
        "need {needed} negatives between nodes of training edges, but only {available} such pairs are no edges; \
         hint: --negatives uniform, or smaller --val-fraction and --test-fraction"
    )]
    TooFewDegreeNegatives {
        /// Negatives needed for validation and test together.
        needed: usize,
        /// Pairs of distinct nodes with training edges that are edges nowhere.
        available: u64,
    },
    /// A number that must be a probability is none.
    #[error("the probability of pair {index} (counted from 0) is {found}; expected a number from 0 to 1")]
    NotAProbability {
        /// The place of the number.
        index: usize,
        /// The number.
        found: f64,
    },
    /// A score to be ranked is not a number.
    #[error("the score of pair {index} (counted from 0) is NaN; a ranking needs numbers")]
    NotANumber {
        /// The place of the score.
        index: usize,
    },
    /// Training left the finite numbers.
    #[error("the loss{} is {loss} at epoch {epoch}; hint: {}", of_part(part), remedy(*epoch, *learning_rate, *largest_feature))]
    Diverged {
        /// Of a larger model, the network; else empty.
        part: String,
        /// NaN or an infinity.
        loss: f64,
        /// The epoch, counted from 1.
        epoch: usize,
        /// The learning rate in use.
        learning_rate: f64,
        /// The largest absolute value among the features; 0 without features.
        largest_feature: f32,
    },
    /// A checkpoint is of another training.
    #[error("the checkpoint does not fit its run: {0}; hint: train again with --force")]
    Checkpoint(String),
    /// Training was stopped from outside.
    #[error(
        "stopped by {} after epoch {epoch}; `vgae train --resume {}` goes on from there",
        signal_name(*signal), path.display()
    )]
    Interrupted {
        /// The number of the signal.
        signal: i32,
        /// The epoch that ended last.
        epoch: usize,
        /// The run directory.
        path: PathBuf,
    },
    /// Training would take more memory than there is, or than it may take.
    #[error("training takes about {needed}; {whose} {available}; hint: {hint}")]
    Memory {
        /// What it would take, as in `1.5 GB`.
        needed: String,
        /// What there is.
        available: String,
        /// Who says so.
        whose: &'static str,
        /// The smallest change that would fit.
        hint: String,
    },
    /// libtorch refused an operation, which only a damaged installation or a lack of memory explains.
    #[error("libtorch failed: {0}")]
    Torch(#[from] tch::TchError),
    /// The index of nearest neighbours could not be made or searched, which only a lack of memory explains.
    #[error("the index of nearest neighbours failed: {0}; hint: leave out --approximate")]
    Index(String),
    /// A file of a run directory is damaged, missing or not of this format.
    #[error("{}: {}", show(path), plain(problem))]
    Run {
        /// The file or directory.
        path: PathBuf,
        /// What was found there and what was expected.
        problem: String,
    },
    /// A run directory holds something else than files of its own, such as a link, which is not followed.
    #[error("{}: {problem}: nothing is followed out of a run directory", show(path))]
    Foreign {
        /// Where.
        path: PathBuf,
        /// What is there, where a link leads, and what was expected.
        problem: String,
    },
    /// Another process writes to a run directory.
    #[error(
        "{}: {holder} is at work in this run directory; wait for its end, or choose another --output",
        show(path)
    )]
    Locked {
        /// The directory.
        path: PathBuf,
        /// As in `process 1234 on host`.
        holder: String,
    },
    /// No server can listen at an address.
    #[error("cannot listen on {address}: {}; hint: {}", reason(source), place(source))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The output is there already.
    #[error("{} already exists{}; choose another --output or pass --force to replace it", show(path), what)]
    Exists {
        /// The file or directory.
        path: PathBuf,
        /// What is known of it, as ` (…)`, or nothing.
        what: &'static str,
    },
    /// A file names a node that the graph does not have.
    #[error(
        "{}:{line}: the graph has no node {}; `vgae score` leaves such pairs out with --skip-unknown",
        show(path),
        plain(node)
    )]
    UnknownNode {
        /// The pair file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The node id.
        node: String,
    },
}

impl Error {
    /// Wraps the operating system's answer to `action` on `path`.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Error::Io { action, path: path.to_path_buf(), source }
    }

    /// Whether the reader of our output went away, which is no error for a command in a pipe.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Error::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
    }
}
