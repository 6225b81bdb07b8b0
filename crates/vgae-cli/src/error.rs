//! The errors of the command line.

use std::path::PathBuf;

/// The result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Every way in which a verb fails.
///
/// # Examples
/// ```
/// let error = vgae_cli::Error::from(vgae_report::Error::NotANumber { index: 3 });
/// assert!(matches!(error, vgae_cli::Error::Library(vgae_report::Error::NotANumber { index: 3 })));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error of the library.
    #[error(transparent)]
    Library(#[from] vgae_report::Error),
    /// An error of a chart, a report or the explorer.
    #[error(transparent)]
    Report(vgae_report::Error),
    /// The flags cannot be used as they are.
    #[error("{0}")]
    Usage(String),
    /// A run that was made again came out otherwise; see [`crate::reproduce`].
    #[error("{}: {summary}", path.display())]
    Differs {
        /// The run.
        path: PathBuf,
        /// How many files differ, and what else does.
        summary: String,
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
}

impl Error {
    /// `true` if the reader of our output went away, which is no error for a command in a pipe.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Error::Library(error) if error.is_broken_pipe())
    }
}

impl From<vgae_report::Error> for Error {
    fn from(error: vgae_report::Error) -> Self {
        match error {
            vgae_report::Error::Library(error) => Error::Library(error),
            error => Error::Report(error),
        }
    }
}
