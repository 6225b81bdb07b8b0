//! The errors, one variant per kind of mistake: each message names the place, what was found there and what
//! was expected. Uses no other room.

mod causes;
mod constructors;
mod words;

use std::io;
use std::path::PathBuf;

pub use causes::{ColumnError, ParseError, TwoKinds, WeightError};
use words::{named, of_part, plain, remedy, show, signal_name};
pub use words::{printable, reason, size};

/// The result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Every way in which this crate's functions fail.
///
/// # Examples
/// ```
/// use vgae::config::ReadConfig;
/// use vgae::progress::Progress;
/// use vgae::read;
/// use vgae::Error;
///
/// let error = read::data("nowhere.csv".as_ref(), &ReadConfig::default(), &Progress::default()).unwrap_err();
/// assert!(matches!(error, Error::Io { .. }) && !error.is_broken_pipe());
/// assert!(error.to_string().starts_with("cannot read nowhere.csv: "));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system could not read, write or create a file.
    #[error("cannot {action} {}: {}", named(action, path), reason(source))]
    Io {
        /// The action that failed: `read`, `write`, `create`, …
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// A line of an input file does not match its format.
    #[error("{}:{line}: {}", show(path), plain(problem))]
    Row {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The problem: what was found and what was expected.
        problem: String,
    },
    /// An input file or directory is not what was expected.
    #[error("{}: {}", show(path), plain(problem))]
    Input {
        /// The file or directory.
        path: PathBuf,
        /// The problem: what was found and what was expected.
        problem: String,
    },
    /// A feature table lacks nodes of the graph.
    #[error(
        "{} has rows for {num_rows} of the graph's {num_nodes} nodes; first node without a row: {}{hint}",
        show(path),
        plain(first_node)
    )]
    MissingFeatures {
        /// The feature file.
        path: PathBuf,
        /// The number of nodes of the graph that have a row.
        num_rows: usize,
        /// The number of nodes of the graph.
        num_nodes: usize,
        /// The first node, in the graph's order, without a row.
        first_node: String,
        /// A hint, or nothing.
        hint: &'static str,
    },
    /// A setting is out of its range, has no effect, or does not fit another setting, the model or the data.
    #[error("{}", plain(problem))]
    Config {
        /// The setting, as in `train.epochs`.
        setting: &'static str,
        /// The problem: what was found and what was expected.
        problem: String,
    },
    /// An argument of a function is out of its range, or does not fit another one.
    #[error("{}", plain(problem))]
    Argument {
        /// The argument.
        argument: &'static str,
        /// The problem: what was found and what was expected.
        problem: String,
    },
    /// A graph that should be bipartite is not.
    #[error("{}: {}", show(path), plain(&source.to_string()))]
    NotBipartite {
        /// The file or directory of the graph.
        path: PathBuf,
        /// The node that is both a source and a target.
        source: TwoKinds,
    },
    /// Features do not have the columns that a model was trained with.
    #[error("{}: {}", show(path), plain(&source.to_string()))]
    Columns {
        /// The file of the features.
        path: PathBuf,
        /// The columns that do not match.
        source: ColumnError,
    },
    /// The graph has too few edges for every part of the split to get one.
    #[error(
        "too few edges ({num_edges}) for `split.val_fraction = {val_fraction}` and `split.test_fraction = {test_fraction}`: \
         train, validation and test would get {num_train}, {num_validation} and {num_test}; each needs at least 1. \
         Hint: larger fractions, or 0 to hold nothing out"
    )]
    TooFewEdges {
        /// Edges in the graph.
        num_edges: usize,
        /// The validation fraction.
        val_fraction: f64,
        /// The test fraction.
        test_fraction: f64,
        /// Edges that training would get.
        num_train: usize,
        /// Edges that validation would get.
        num_validation: usize,
        /// Edges that the test would get.
        num_test: usize,
    },
    /// Too few edges can be held out without dividing a connected component.
    #[error(
        "`split.keep_connected` can hold out {num_spare} of the {num_edges} {what}; the others hold the graph together. \
         `split.val_fraction = {val_fraction}` and `split.test_fraction = {test_fraction}` ask for {num_validation} and \
         {num_test}; together they can be at most {largest_fraction}"
    )]
    TooFewSpareEdges {
        /// The kind of edges that the fractions refer to: `edges` or `one-way edges`.
        what: &'static str,
        /// Edges of that kind in the graph.
        num_edges: usize,
        /// Edges that can be held out together.
        num_spare: usize,
        /// The validation fraction.
        val_fraction: f64,
        /// The test fraction.
        test_fraction: f64,
        /// Edges that validation would get.
        num_validation: usize,
        /// Edges that the test would get.
        num_test: usize,
        /// The largest sum of the two fractions that is possible, rounded down.
        largest_fraction: f64,
    },
    /// The graph has fewer absent pairs than negatives are needed.
    #[error(
        "need {needed} negative pairs but the graph has only {available} non-edges; hint: smaller `split.val_fraction` and \
         `split.test_fraction`, or 0 to hold nothing out"
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
        task: &'static str,
        /// Edges whose reverse is not an edge.
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
    /// A split leaks held-out edges, or does not fit its graph.
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
        /// The number of offences per rule.
        summary: String,
    },
    /// No threshold reaches the requested precision.
    #[error(
        "no threshold has the precision {precision} where {density:.3e} of the pairs are links; the best is {best:.4}, from the \
         logit {logit:.4} on, with a recall of {recall:.4}"
    )]
    NoThreshold {
        /// The requested precision.
        precision: f64,
        /// The share of the pairs that are links.
        density: f64,
        /// The best precision of any threshold.
        best: f64,
        /// The logit of that threshold.
        logit: f64,
        /// The recall of that threshold.
        recall: f64,
    },
    /// A ranking metric got examples of only one class.
    #[error("{metric} needs both classes; got {positives} positives, {negatives} negatives")]
    OneClass {
        /// The metric's name.
        metric: &'static str,
        /// Positive examples given.
        positives: usize,
        /// Negative examples given.
        negatives: usize,
    },
    /// Hits@K got fewer than K negatives.
    #[error(
        "Hits@{k} needs at least {k} negatives to rank an edge among; got {num_negatives}; hint: a smaller K, or \
         other negatives"
    )]
    TooFewNegatives {
        /// K.
        k: usize,
        /// The number of negatives that an edge is ranked among.
        num_negatives: usize,
    },
    /// The graph has too few pairs for negatives drawn by degree.
    #[error(
        "need {needed} negatives between nodes of training edges, but only {available} such pairs are not edges; \
         hint: uniform negatives, or smaller `split.val_fraction` and `split.test_fraction`"
    )]
    TooFewDegreeNegatives {
        /// Negatives needed for validation and test together.
        needed: usize,
        /// Pairs of distinct nodes with training edges that are edges in no part.
        available: u64,
    },
    /// A number is not a probability.
    #[error("the probability of pair {index} (counted from 0) is {found}; expected a number from 0 to 1")]
    NotAProbability {
        /// The index of the number, from 0.
        index: usize,
        /// The number.
        found: f64,
    },
    /// A score is NaN.
    #[error("the score of pair {index} (counted from 0) is NaN; a ranking needs numbers")]
    NotANumber {
        /// The index of the score, from 0.
        index: usize,
    },
    /// The loss is not finite.
    #[error("the loss{} is {loss} at epoch {epoch}; hint: {}", of_part(part), remedy(*epoch, *learning_rate, *largest_feature))]
    Diverged {
        /// The network within a larger model; otherwise empty.
        part: String,
        /// The loss: NaN or an infinity.
        loss: f64,
        /// The epoch, counted from 1.
        epoch: usize,
        /// The learning rate in use.
        learning_rate: f64,
        /// The largest absolute value among the features; 0 without features.
        largest_feature: f32,
    },
    /// A checkpoint belongs to another training.
    #[error("the checkpoint does not fit its run: {0}")]
    Checkpoint(#[source] WeightError),
    /// The weights of a run do not fit its settings.
    #[error("{}: {}", show(path), plain(&source.to_string()))]
    Weights {
        /// The file of the weights.
        path: PathBuf,
        /// The weight that does not fit.
        source: WeightError,
    },
    /// Training was stopped from outside.
    #[error("stopped by {} after epoch {epoch}", signal_name(*signal))]
    Interrupted {
        /// The number of the signal.
        signal: i32,
        /// The epoch that ended last.
        epoch: usize,
        /// The run directory.
        path: PathBuf,
    },
    /// Training would need more memory than is available or allowed.
    #[error("training takes about {}; {whose} {}; hint: {hint}", size(*needed_bytes), size(*available_bytes))]
    Memory {
        /// The memory that training needs.
        needed_bytes: u64,
        /// The memory that is available.
        available_bytes: u64,
        /// The source of that limit, as in `the machine has`.
        whose: &'static str,
        /// The smallest change that would fit.
        hint: String,
    },
    /// An operation of libtorch failed: its installation is damaged, or memory ran out.
    #[cfg(feature = "torch")]
    #[error("libtorch failed: {0}")]
    Torch(#[from] tch::TchError),
    /// The index of nearest neighbours failed: memory ran out.
    #[error("the index of nearest neighbours failed: {0}")]
    Index(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A file, a model or a device needs a feature that this build lacks.
    #[error("{what} needs the Cargo feature `{feature}`, which this build of vgae leaves out")]
    NotBuiltIn {
        /// The file, model or device.
        what: String,
        /// The feature of the crate `vgae`.
        feature: &'static str,
    },
    /// A file of a run directory is damaged, missing or not of this format.
    #[error("{}: {}", show(path), plain(problem))]
    Run {
        /// The file or directory.
        path: PathBuf,
        /// The problem: what was found and what was expected.
        problem: String,
    },
    /// A run directory contains an entry that is not a regular file, such as a link, which is not followed.
    #[error("{}: {problem}: nothing is followed out of a run directory", show(path))]
    Foreign {
        /// The entry.
        path: PathBuf,
        /// The problem: what was found, where a link leads, and what was expected.
        problem: String,
    },
    /// Another process writes to a run directory.
    #[error("{}: {holder} is writing to this run directory", show(path))]
    Locked {
        /// The directory.
        path: PathBuf,
        /// The process, as in `process 1234 on host`.
        holder: String,
    },
    /// The place of a run directory is occupied.
    #[error("{} {what}", show(path))]
    Occupied {
        /// The file or directory.
        path: PathBuf,
        /// The reason, as in `is a file`.
        what: &'static str,
    },
    /// A run is opened whose training did not end.
    #[error("{}: the training of this run did not end", show(path))]
    Unfinished {
        /// The run directory.
        path: PathBuf,
    },
    /// The extension of an output file is unknown.
    #[error("{} has an unknown extension; expected {known}", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// The known extensions.
        known: &'static str,
    },
    /// The output already exists.
    #[error("{} already exists{}", show(path), what)]
    Exists {
        /// The file or directory.
        path: PathBuf,
        /// More about it, as in ` (an unfinished run)`, or nothing.
        what: &'static str,
    },
    /// A file names a node that is not in the graph.
    #[error("{}:{line}: the graph has no node {}", show(path), plain(node))]
    UnknownNode {
        /// The pair file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The node id.
        node: String,
    },
}
