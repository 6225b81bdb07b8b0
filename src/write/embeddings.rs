//! Writes embeddings in the formats of other programs: Parquet, the text format of word2vec and the
//! TensorFlow Embedding Projector.

use std::iter;

use ndarray::{Array2, s};

use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::write::columns::{Column, ColumnKind};
use crate::write::parquet::ParquetWriter;
use crate::write::{Output, rows};

/// The approximate number of bytes in a Parquet row group.
const GROUP_BYTES: usize = 1 << 24;

/// Returns the names of the columns of an embedding: `mean_0`, …, followed by `log_variance_0`, … if given.
pub(crate) fn column_names(
    mean: &Array2<f32>,
    log_variance: Option<&Array2<f32>>,
) -> impl Iterator<Item = String> {
    let columns = |name: &'static str, count| (0..count).map(move |k| format!("{name}_{k}"));
    columns("mean", mean.ncols())
        .chain(columns("log_variance", log_variance.map_or(0, |matrix| matrix.ncols())))
}

/// Writes a Parquet file with a string column `node` and an f32 column for each column of `mean`, [n, d], and
/// `log_variance`, [n, d]. The columns have the same names as in the CSV: `mean_0`, …, `log_variance_0`, ….
/// Keeps one row group of about 16 MB in memory.
///
/// # Errors
/// [`Error::Io`] if the output cannot be written.
pub fn write_parquet(
    output: Output,
    graph: &Graph,
    mean: &Array2<f32>,
    log_variance: Option<&Array2<f32>>,
) -> Result<()> {
    let numbers = column_names(mean, log_variance).map(|name| (name, ColumnKind::Float));
    let columns: Vec<_> = iter::once(("node".to_string(), ColumnKind::Text)).chain(numbers).collect();
    let mut writer = ParquetWriter::new(output, &columns)?;
    let rows_per_group = (GROUP_BYTES / (4 * columns.len())).max(1);
    for first in (0..graph.num_nodes()).step_by(rows_per_group) {
        let rows = first..(first + rows_per_group).min(graph.num_nodes());
        writer.write_group(|column| {
            let Some(column) = column.checked_sub(1) else {
                return Column::Text(rows.clone().map(|node| graph.nodes.id(node as u32)).collect());
            };
            let (matrix, column) = match (log_variance, column.checked_sub(mean.ncols())) {
                (Some(log_variance), Some(column)) => (log_variance, column),
                _ => (mean, column),
            };
            Column::Float(matrix.slice(s![rows.clone(), column]).to_vec())
        })?;
    }
    writer.finish()
}

/// Writes the text format of word2vec: a line with n and the number of dimensions, then a line for each node
/// with its id and its numbers, separated by single spaces.
///
/// # Errors
/// [`Error::Config`] names an id with white space, which the format cannot represent; [`Error::Io`] if the
/// output cannot be written.
pub fn write_word2vec(
    mut output: Output,
    graph: &Graph,
    mean: &Array2<f32>,
    log_variance: Option<&Array2<f32>>,
) -> Result<()> {
    if let Some(id) = graph.nodes.iter().find(|id| id.contains(char::is_whitespace)) {
        return Err(Error::Config(format!(
            "node {id:?} has white space in its id, which separates the fields of the word2vec format; hint: \
             write CSV, NPY, Parquet or the projector's files"
        )));
    }
    let num_columns = column_names(mean, log_variance).count();
    rows::write_separated(&mut output, b' ', graph.num_nodes() + 1, |line, row| match line.checked_sub(1) {
        None => {
            row.plain(&graph.num_nodes().to_string());
            row.plain(&num_columns.to_string());
        }
        Some(node) => {
            row.plain(graph.nodes.id(node as u32));
            add_numbers(row, node, mean, log_variance);
        }
    })
    .map_err(|source| Error::io("write", output.path(), source))?;
    output.finish()
}

/// Writes the files of the TensorFlow Embedding Projector: to `output` the numbers of each node, separated by
/// tabs, and to `metadata` the ids. If `graph` has labels, `metadata` has the columns `node` and `label` with
/// a header.
///
/// # Errors
/// [`Error::Config`] names an id or a label with a tab or a line break, which the format cannot represent;
/// [`Error::Io`] if an output cannot be written.
pub fn write_projector(
    mut output: Output,
    mut metadata: Output,
    graph: &Graph,
    mean: &Array2<f32>,
    log_variance: Option<&Array2<f32>>,
) -> Result<()> {
    let mut texts = graph.nodes.iter().chain(graph.labels.iter().flatten().map(String::as_str));
    if let Some(text) = texts.find(|text| text.contains(['\t', '\n', '\r'])) {
        return Err(Error::Config(format!(
            "the id or label {text:?} has a tab or a line break, which is what separates the projector's fields; \
             hint: write CSV, NPY or Parquet"
        )));
    }
    // The projector expects a header only if the metadata has more than one column.
    let num_header_lines = usize::from(graph.labels.is_some());
    rows::write_separated(&mut metadata, b'\t', graph.num_nodes() + num_header_lines, |line, row| {
        let node = line.checked_sub(num_header_lines);
        row.plain(node.map_or("node", |node| graph.nodes.id(node as u32)));
        if let Some(labels) = &graph.labels {
            row.plain(node.map_or("label", |node| &labels[node]));
        }
    })
    .map_err(|source| Error::io("write", metadata.path(), source))?;
    rows::write_separated(&mut output, b'\t', graph.num_nodes(), |node, row| {
        add_numbers(row, node, mean, log_variance);
    })
    .map_err(|source| Error::io("write", output.path(), source))?;
    metadata.finish()?;
    output.finish()
}

/// Appends the numbers of a node to a row: those of `mean`, then those of `log_variance`.
pub(crate) fn add_numbers(
    row: &mut rows::Row,
    node: usize,
    mean: &Array2<f32>,
    log_variance: Option<&Array2<f32>>,
) {
    let matrices = [Some(mean), log_variance].into_iter().flatten();
    matrices.for_each(|matrix| matrix.row(node).iter().for_each(|&number| row.number(number)));
}
