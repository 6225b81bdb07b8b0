//! CSV and JSON files, each written whole or not at all.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ndarray::Array2;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::graph::{NodeIds, Pair};
use crate::read::csv_error;
use crate::write::embeddings::{add_numbers, column_names};
use crate::write::{Existing, Output, rows};

/// Writes rows of an id and numbers, each number the shortest decimal that reads back as the same f32.
pub struct NumberWriter {
    path: PathBuf,
    writer: csv::Writer<Output>,
    text: String,
}

impl NumberWriter {
    /// Writes the header.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn new(output: Output, header: impl IntoIterator<Item = String>) -> Result<Self> {
        let path = output.path().to_path_buf();
        let mut writer = csv_writer(output);
        writer.write_record(header).map_err(|error| csv_error("write", &path, error))?;
        Ok(NumberWriter { path, writer, text: String::new() })
    }

    /// Writes a row of as many numbers as the header names.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write(&mut self, id: &str, numbers: impl IntoIterator<Item = f32>) -> Result<()> {
        use std::fmt::Write;
        let write = || -> csv::Result<()> {
            self.writer.write_field(id)?;
            for number in numbers {
                self.text.clear();
                let _ = write!(self.text, "{number:?}");
                self.writer.write_field(&self.text)?;
            }
            self.writer.write_record(None::<&[u8]>)
        };
        write().map_err(|error| csv_error("write", &self.path, error))
    }

    /// Returns the errors of [`Output::finish`].
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn finish(self) -> Result<()> {
        finish(self.path, self.writer)
    }
}

/// Writes `node,mean_0,…` rows, and `log_variance_0,…` after them where given.
///
/// # Errors
/// [`Error::Io`].
pub fn write_embeddings(
    mut output: Output,
    nodes: &NodeIds,
    mean: &Array2<f32>,
    log_variance: Option<&Array2<f32>>,
) -> Result<()> {
    let header = std::iter::once("node".to_string()).chain(column_names(mean, log_variance));
    rows::write_rows(&mut output, header, nodes.len(), |node, row| {
        row.field(nodes.id(node as u32));
        add_numbers(row, node, mean, log_variance);
    })
    .map_err(|source| Error::io("write", output.path(), source))?;
    output.finish()
}

/// Writes `source,target` rows.
///
/// # Errors
/// [`Error::Io`].
pub fn write_pairs(mut output: Output, nodes: &NodeIds, pairs: &[Pair]) -> Result<()> {
    rows::write_rows(&mut output, ["source", "target"], pairs.len(), |at, row| {
        let (u, v) = pairs[at];
        row.field(nodes.id(u));
        row.field(nodes.id(v));
    })
    .map_err(|source| Error::io("write", output.path(), source))?;
    output.finish()
}

/// Writes the rest of a CSV file and gives it its name.
fn finish(path: PathBuf, writer: csv::Writer<Output>) -> Result<()> {
    let output = writer.into_inner().map_err(|failed| {
        let error = failed.error();
        Error::io("write", &path, io::Error::new(error.kind(), error.to_string()))
    })?;
    output.finish()
}

/// A CSV writer that quotes what a reader would take for a comment: ids with a `#`.
fn csv_writer<W: Write>(output: W) -> csv::Writer<W> {
    csv::WriterBuilder::new().comment(Some(b'#')).from_writer(output)
}

/// Writes a file of this directory through `fill`.
pub(crate) fn write_file(path: &Path, fill: impl FnOnce(&mut Output) -> io::Result<()>) -> Result<()> {
    let mut output = Output::create(path, Existing::Replace)?;
    fill(&mut output).map_err(|source| Error::io("write", path, source))?;
    output.finish()
}

/// Writes a CSV file through `fill`.
pub(crate) fn write_csv(
    path: &Path,
    fill: impl FnOnce(&mut csv::Writer<&mut Output>) -> csv::Result<()>,
) -> Result<()> {
    let mut output = Output::create(path, Existing::Replace)?;
    let mut writer = csv_writer(&mut output);
    fill(&mut writer).map_err(|error| csv_error("write", path, error))?;
    writer.flush().map_err(|source| Error::io("write", path, source))?;
    drop(writer);
    output.finish()
}

pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    write_file(path, |output| {
        serde_json::to_writer_pretty(&mut *output, value)?;
        output.write_all(b"\n")
    })
}
