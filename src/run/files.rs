//! Reads and writes the CSV and JSON files of a run directory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use ndarray::Array2;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::graph::{Graph, NodeIds, Pair, hex};
use crate::split::RowSplit;
use crate::write::embeddings::{add_numbers, column_names};
use crate::write::{Existing, Output, rows};

/// Writes rows of an id and numbers. Each number is the shortest decimal that reads back as the same f32.
pub struct NumberWriter {
    path: PathBuf,
    writer: csv::Writer<Output>,
    text: String,
}

impl NumberWriter {
    /// Writes the header.
    ///
    /// # Errors
    /// [`Error::Io`] if the output cannot be written.
    pub fn new(output: Output, header: impl IntoIterator<Item = String>) -> Result<Self> {
        let path = output.path().to_path_buf();
        let mut writer = csv_writer(output);
        writer.write_record(header).map_err(|error| csv_error("write", &path, error))?;
        Ok(NumberWriter { path, writer, text: String::new() })
    }

    /// Writes a row, with as many numbers as the header has names after the first.
    ///
    /// # Errors
    /// [`Error::Io`] if the output cannot be written.
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

    /// Writes the rest and calls [`Output::finish`].
    ///
    /// # Errors
    /// [`Error::Io`] if the output cannot be written.
    pub fn finish(self) -> Result<()> {
        finish(self.path, self.writer)
    }
}

/// Writes rows `node,mean_0,…`, followed by `log_variance_0,…` if given.
///
/// # Errors
/// [`Error::Io`] if the output cannot be written.
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

/// Writes rows `source,target`.
///
/// # Errors
/// [`Error::Io`] if the output cannot be written.
pub fn write_pairs(mut output: Output, nodes: &NodeIds, pairs: &[Pair]) -> Result<()> {
    rows::write_rows(&mut output, ["source", "target"], pairs.len(), |at, row| {
        let (u, v) = pairs[at];
        row.field(nodes.id(u));
        row.field(nodes.id(v));
    })
    .map_err(|source| Error::io("write", output.path(), source))?;
    output.finish()
}

/// Writes the rest of a CSV file and moves it to its final name.
fn finish(path: PathBuf, writer: csv::Writer<Output>) -> Result<()> {
    let output = writer.into_inner().map_err(|failed| {
        let error = failed.error();
        Error::io("write", &path, io::Error::new(error.kind(), error.to_string()))
    })?;
    output.finish()
}

/// Creates a CSV writer that quotes fields with a `#`, which a reader would take for a comment.
fn csv_writer<W: Write>(output: W) -> csv::Writer<W> {
    csv::WriterBuilder::new().comment(Some(b'#')).from_writer(output)
}

/// Creates or replaces the file at `path`, with contents written by `fill`.
pub(super) fn write_file(path: &Path, fill: impl FnOnce(&mut Output) -> io::Result<()>) -> Result<()> {
    let mut output = Output::create(path, Existing::Replace)?;
    fill(&mut output).map_err(|source| Error::io("write", path, source))?;
    output.finish()
}

/// Creates or replaces the CSV file at `path`, with records written by `fill`.
pub(super) fn write_csv(
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

pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    write_file(path, |output| {
        serde_json::to_writer_pretty(&mut *output, value)?;
        output.write_all(b"\n")
    })
}

/// Writes rows `node` or `node,label`.
pub(super) fn write_nodes(path: &Path, graph: &Graph) -> Result<()> {
    let header = if graph.labels.is_some() { ["node", "label"].as_slice() } else { &["node"] };
    write_file(path, |output| {
        rows::write_rows(output, header, graph.num_nodes(), |node, row| {
            row.field(graph.nodes.id(node as u32));
            if let Some(labels) = &graph.labels {
                row.field(&labels[node]);
            }
        })
    })
}

/// Writes rows `row,part`, for the feature rows of a VAE.
pub(super) fn write_rows(path: &Path, split: &RowSplit, nodes: &NodeIds) -> Result<()> {
    let parts = [("train", &split.train), ("validation", &split.validation), ("test", &split.test)];
    write_csv(path, |writer| {
        writer.write_record(["row", "part"])?;
        parts.iter().try_for_each(|(part, rows)| {
            rows.iter().try_for_each(|&row| writer.write_record([nodes.id(row as u32), part]))
        })
    })
}

/// Writes rows `feature`.
pub(super) fn write_feature_names(path: &Path, names: &[String]) -> Result<()> {
    write_file(path, |output| {
        rows::write_rows(output, ["feature"], names.len(), |at, row| row.field(&names[at]))
    })
}

/// Reads the names of the features, in order.
pub(super) fn read_feature_names(path: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    read_csv(path, &[&["feature"]], |record| {
        names.push(record[0].to_string());
        Ok(())
    })?;
    Ok(names)
}

/// Reads the ids of `nodes.csv`, in order, and the labels if there are any.
pub(super) fn read_nodes(path: &Path) -> Result<(NodeIds, Option<Vec<String>>)> {
    let mut nodes = NodeIds::default();
    let mut labels = Vec::new();
    let has_labels = read_csv(path, &[&["node"], &["node", "label"]], |record| {
        let known = nodes.len();
        nodes.intern(&record[0]);
        labels.extend(record.get(1).map(str::to_string));
        if nodes.len() > known { Ok(()) } else { Err(format!("repeats node {}", &record[0])) }
    })? == 2;
    Ok((nodes, has_labels.then_some(labels)))
}

/// Calls `row` with each record of a CSV file, which must have one of `headers`. Returns the length of that
/// header.
pub(super) fn read_csv(
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

/// Reads the records of a CSV file by the names of its columns.
pub(super) fn read_records<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let mut reader = csv::Reader::from_path(path).map_err(|error| csv_error("read", path, error))?;
    reader.deserialize().collect::<csv::Result<_>>().map_err(|error| csv_error("read", path, error))
}

/// Returns the SHA-256 of a file, in hexadecimal.
pub(crate) fn sha256(path: &Path) -> Result<String> {
    let error = |source: io::Error| Error::io("read", path, source);
    let mut hasher = Sha256::new();
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path).map_err(error)?);
    loop {
        let bytes = reader.fill_buf().map_err(error)?;
        if bytes.is_empty() {
            break;
        }
        hasher.update(bytes);
        let length = bytes.len();
        reader.consume(length);
    }
    Ok(hex(&hasher.finalize()))
}

fn csv_error(action: &'static str, path: &Path, error: csv::Error) -> Error {
    let text = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(source) => Error::io(action, path, source),
        _ => Error::Run { path: path.to_path_buf(), problem: format!("is not a valid CSV file: {text}") },
    }
}
