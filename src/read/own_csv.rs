//! CSV files that this crate wrote, with headers that are known.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// Calls `row` with each record of a CSV file, which must have one of `headers`. Returns the length of that header.
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

/// The records of a CSV file, by the names of its columns.
pub(crate) fn read_records<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let mut reader = csv::Reader::from_path(path).map_err(|error| csv_error("read", path, error))?;
    reader.deserialize().collect::<csv::Result<_>>().map_err(|error| csv_error("read", path, error))
}

pub(crate) fn csv_error(action: &'static str, path: &Path, error: csv::Error) -> Error {
    let text = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(source) => Error::io(action, path, source),
        _ => Error::Run { path: path.to_path_buf(), problem: format!("is not a valid CSV file: {text}") },
    }
}
