//! Files that this program wrote itself: CSV with known headers, in a directory of regular files.
//!
//! A run directory may come from an untrusted source. A link in it would cause files elsewhere to be read,
//! overwritten or removed, and a pipe or a device would block a reader for ever.

use std::fs::FileType;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// Calls `row` with each record of a CSV file and returns the number of its columns.
///
/// # Errors
/// Returns [`Error::Run`] if the header is not one of `headers`, at a row that is not valid CSV, and with the
/// message of `row` at the line of the record; [`Error::Io`] if the file cannot be read.
pub(crate) fn read_csv(
    path: &Path,
    headers: &[&[&str]],
    mut row: impl FnMut(&csv::StringRecord) -> std::result::Result<(), String>,
) -> Result<usize> {
    let error = |problem: String| Error::Run { path: path.to_path_buf(), problem };
    let mut reader = csv::Reader::from_path(path).map_err(|source| csv_error("read", path, source))?;
    let header = reader.headers().map_err(|source| csv_error("read", path, source))?.clone();
    if !headers.iter().any(|expected| header.iter().eq(expected.iter().copied())) {
        let expected: Vec<String> = headers.iter().map(|header| header.join(",")).collect();
        let found = header.iter().collect::<Vec<_>>().join(",");
        return Err(error(format!("has the header {found:?}; expected {}", expected.join(" or "))));
    }
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|source| csv_error("read", path, source))? {
        row(&record).map_err(|problem| match record.position() {
            Some(position) => error(format!("line {} {problem}", position.line())),
            None => error(problem),
        })?;
    }
    Ok(header.len())
}

/// Returns the records of a CSV file, matched by the names of its columns.
pub(crate) fn read_records<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let mut reader = csv::Reader::from_path(path).map_err(|error| csv_error("read", path, error))?;
    reader.deserialize().collect::<csv::Result<_>>().map_err(|error| csv_error("read", path, error))
}

/// Builds the error for a CSV file that could not be read or written.
pub(crate) fn csv_error(action: &'static str, path: &Path, error: csv::Error) -> Error {
    let text = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(source) => Error::io(action, path, source),
        _ => Error::Run { path: path.to_path_buf(), problem: format!("is not a valid CSV file: {text}") },
    }
}

/// Checks that `path` is a file or missing.
///
/// # Errors
/// Returns [`Error::Foreign`], which says what was found.
pub(crate) fn check_file(path: &Path) -> Result<()> {
    check(path, "file", FileType::is_file)
}

/// Checks that `path` is a directory or missing.
///
/// # Errors
/// Returns [`Error::Foreign`], which says what was found.
pub(crate) fn check_directory(path: &Path) -> Result<()> {
    check(path, "directory", FileType::is_dir)
}

fn check(path: &Path, expected: &'static str, is_expected: fn(&FileType) -> bool) -> Result<()> {
    // A path without readable metadata cannot be opened either; opening it reports the error.
    let Ok(found) = path.symlink_metadata().map(|metadata| metadata.file_type()) else { return Ok(()) };
    match is_expected(&found) {
        true => Ok(()),
        false => {
            let problem = format!("is {}; expected a {expected}", describe(path, found));
            Err(Error::Foreign { path: path.to_path_buf(), problem })
        }
    }
}

fn describe(path: &Path, found: FileType) -> String {
    let kind = match found {
        found if found.is_symlink() => {
            let target = path.read_link().map_or_else(|_| "?".into(), |target| target.display().to_string());
            return format!("a link to {target}");
        }
        found if found.is_dir() => "a directory",
        found if found.is_fifo() => "a named pipe",
        found if found.is_socket() => "a socket",
        found if found.is_block_device() || found.is_char_device() => "a device",
        _ => "a file",
    };
    kind.into()
}
