//! Builds the errors that many places raise.

use std::io;
use std::path::Path;

use super::Error;

impl Error {
    /// Wraps the operating system's error of `action` on `path`.
    pub fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Error::Io { action, path: path.to_path_buf(), source }
    }

    /// Returns the error for `setting`, as in `train.epochs`.
    pub fn config(setting: &'static str, problem: impl Into<String>) -> Self {
        Error::Config { setting, problem: problem.into() }
    }

    /// Returns the error for an argument of a function.
    pub fn argument(argument: &'static str, problem: impl Into<String>) -> Self {
        Error::Argument { argument, problem: problem.into() }
    }

    /// Returns the error for a feature of this crate that this build lacks.
    #[allow(dead_code, reason = "unused where all features are built in")]
    pub(crate) fn not_built_in(what: &str, feature: &'static str) -> Self {
        Error::NotBuiltIn { what: what.into(), feature }
    }

    /// Returns `true` if the reader of our output closed the pipe, which is not an error for a command in a pipe.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Error::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
    }
}
