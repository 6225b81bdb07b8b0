//! The errors of the command line.

use std::io;
use std::path::PathBuf;

use crate::flags::{in_flags, message};

/// The result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Every way in which a verb fails.
///
/// # Examples
/// ```
/// let error = vgae_cli::Error::from(vgae::Error::NotANumber { index: 3 });
/// assert!(matches!(error, vgae_cli::Error::Library(vgae::Error::NotANumber { index: 3 })));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error of the library.
    #[error("{}", message(.0))]
    Library(#[source] vgae::Error),
    /// An error of a chart, a report or the explorer.
    #[error("{}{}", .0, listening_advice(.0))]
    Report(#[source] vgae_report::Error),
    /// The flags cannot be used as they are.
    #[error("{0}")]
    Usage(String),
    /// A repeated run gave other results; see [`crate::reproduce`].
    #[error("{}: {summary}", path.display())]
    Differs {
        /// The run.
        path: PathBuf,
        /// The number of files that differ, and other differences.
        summary: String,
    },
    /// Some runs of a benchmark failed; the others are in its tables.
    #[error(
        "{num_failed} of {num_runs} runs failed, the first: {first}; repeat the command to repeat only these"
    )]
    Benchmark {
        /// The number of runs that failed.
        num_failed: usize,
        /// The number of all runs.
        num_runs: usize,
        /// The first run that failed, and the last line of its output.
        first: String,
    },
}

impl Error {
    /// Returns `true` if the reader of our output closed the pipe, which is not an error for a command in a pipe.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Error::Library(error) if error.is_broken_pipe())
    }
}

impl From<vgae::Error> for Error {
    /// A setting that cannot be used is a mistake in the flags.
    fn from(error: vgae::Error) -> Self {
        match error {
            vgae::Error::Config { problem, .. } | vgae::Error::Argument { problem, .. } => {
                Error::Usage(in_flags(&problem))
            }
            error @ vgae::Error::UnknownFormat { .. } => Error::Usage(message(&error)),
            error => Error::Library(error),
        }
    }
}

impl From<vgae_report::Error> for Error {
    fn from(error: vgae_report::Error) -> Self {
        match error {
            vgae_report::Error::Library(error) => error.into(),
            vgae_report::Error::Size(problem) => Error::Usage(problem),
            error => Error::Report(error),
        }
    }
}

/// The flags that may help where the explorer cannot listen.
fn listening_advice(error: &vgae_report::Error) -> &'static str {
    match error {
        vgae_report::Error::Listen { source, .. } => match source.kind() {
            io::ErrorKind::AddrInUse => {
                "; hint: another program listens there, maybe another explorer; --port 0 takes a free port"
            }
            io::ErrorKind::PermissionDenied => {
                "; hint: ports below 1024 belong to the system; take a higher --port"
            }
            _ => "; hint: --bind takes an address of this machine, such as 127.0.0.1",
        },
        _ => "",
    }
}
