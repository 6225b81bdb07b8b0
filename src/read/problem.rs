//! An error at the current line of a text that is not read by rows.

use std::io::{Error as IoError, ErrorKind};

use crate::error::Error;
use crate::read::source::Source;

/// An error at the current line.
pub(super) enum Problem {
    /// The file could not be read.
    Read(IoError),
    /// The content does not follow the format.
    Format(String),
}

impl Problem {
    /// Returns the error at `line` of `source`.
    pub(super) fn at(self, line: u64, source: &Source) -> Error {
        match self {
            Problem::Read(error) => source.read_error(error, line),
            Problem::Format(problem) => source.error_at(line, problem),
        }
    }
}

impl From<String> for Problem {
    fn from(problem: String) -> Self {
        Problem::Format(problem)
    }
}

impl From<&str> for Problem {
    fn from(problem: &str) -> Self {
        Problem::Format(problem.into())
    }
}

impl From<IoError> for Problem {
    /// A part of the text that is too long is a mistake in the format.
    fn from(error: IoError) -> Self {
        match error.kind() {
            ErrorKind::FileTooLarge => Problem::Format(error.to_string()),
            _ => Problem::Read(error),
        }
    }
}
