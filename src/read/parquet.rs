//! Edge lists in Parquet files, as pandas, polars and others write them.

mod column;
mod lengths;
mod pages;

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Once;

use bytes::Bytes;
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::config::{Header, ReadConfig};
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeIds, Pair};
use crate::progress::Progress;
use crate::read::columns::Columns;
use crate::read::lint::ReadRows;
use crate::read::listed::{ListedEdges, check_count};
use crate::read::parquet::column::{Column, Field};
use crate::read::raw::read_whole;

/// The number of rows decoded at a time.
const ROWS_AT_A_TIME: usize = 1 << 16;

/// Reads an edge list from a Parquet file. Its columns are found as in a text file with a header: source and
/// target by their usual names, or else the first two columns; the weight in the column that `config` names,
/// or else in `weight`. Ids are strings or integers; integers become decimal strings. Memory: the file, 8
/// bytes per row (12 with weights), and the decoded rows of a batch.
///
/// # Errors
/// Returns [`Error::Io`] if the file cannot be read, and [`Error::Input`] if it is not a complete Parquet
/// file, has no rows, or has a column of an unsupported type or with a null; the message names the column and
/// the row.
pub(super) fn read_parquet(path: &Path, config: &ReadConfig, progress: &Progress) -> Result<Graph> {
    let (bytes, input) = read_whole(path, progress)?;
    let error = |problem: String| Error::Input { path: path.to_path_buf(), problem };
    let damaged = |found: String| error(format!("is not a complete Parquet file: {found}"));
    let reader = guarded(|| SerializedFileReader::new(Bytes::from(bytes))).map_err(damaged)?;
    let schema = reader.metadata().file_metadata().schema_descr();
    let names: Vec<String> =
        schema.root_schema().get_fields().iter().map(|field| field.name().to_string()).collect();
    if names.len() < 2 {
        return Err(error(format!("has {} columns; expected source and target", names.len())));
    }
    let columns = Columns::find(&[Some(names.clone()), None], Header::Yes, config, error)?;
    let ids = |at: usize| Field::node_ids(schema, &names[at]).map_err(error);
    let (source, target) = (ids(columns.pairs.nodes.0)?, ids(columns.pairs.nodes.1)?);
    let weight = columns.weight.map(|at| Field::weights(schema, &names[at]).map_err(error)).transpose()?;

    let mut nodes = NodeIds::default();
    let mut pairs: Vec<Pair> = Vec::new();
    let mut weights = weight.as_ref().map(|_| Vec::new());
    for at in 0..reader.num_row_groups() {
        let group = guarded(|| reader.get_row_group(at)).map_err(damaged)?;
        let open = |field| Column::open(field, &*group).map_err(error);
        let mut ids = [open(&source)?, open(&target)?];
        let mut weight = weight.as_ref().map(open).transpose()?;
        let mut left = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        while left > 0 {
            let (first, num_rows) = (pairs.len(), left.min(ROWS_AT_A_TIME));
            ids.iter_mut().try_for_each(|column| column.read(num_rows, first)).map_err(error)?;
            let (mut text, mut mentions) = (String::new(), nodes.mentions());
            for row in 0..num_rows {
                for column in &ids {
                    let start = text.len();
                    let pushed = column.push_id(row, &mut text);
                    pushed.map_err(|problem| error(column.problem(first + row, &problem)))?;
                    mentions.push(&text[start..], start as u32);
                }
            }
            for numbers in nodes.intern_all(&[(&text, &mentions)]) {
                pairs.extend(numbers.as_chunks().0.iter().map(|&[source, target]| (source, target)));
            }
            check_count(pairs.len(), input.num_bytes).map_err(error)?;
            if let (Some(column), Some(weights)) = (&mut weight, &mut weights) {
                column.read(num_rows, first).map_err(error)?;
                for row in 0..num_rows {
                    let weight = column.weight(row);
                    weights.push(weight.map_err(|problem| error(column.problem(first + row, &problem)))?);
                }
            }
            left -= num_rows;
        }
    }
    if pairs.is_empty() {
        return Err(error("has no rows; expected the source and target of each edge".into()));
    }
    let rows = ReadRows {
        columns: &columns,
        pairs: &pairs,
        nodes: &nodes,
        comments: "",
        second_header: None,
        num_of_class: None,
    };
    // The names of the columns are not a row.
    let notes = rows.notes(&ReadConfig { header: Header::Yes, ..config.clone() });
    let mut graph = ListedEdges { nodes, pairs, weights }.graph("rows", config, input);
    graph.notes.extend(notes);
    Ok(graph)
}

thread_local! {
    /// `true` while panics on this thread are caught and must not be printed.
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Installs the hook that leaves quiet panics unprinted.
static HOOK: Once = Once::new();

/// Runs `decode` and turns a panic of the `parquet` crate on a damaged file into a message, without printing
/// it. After a panic, the values that `decode` used must not be used again.
fn guarded<T, E: ToString>(
    decode: impl FnOnce() -> std::result::Result<T, E>,
) -> std::result::Result<T, String> {
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_QUIET.get() {
                usual(info);
            }
        }));
    });
    IS_QUIET.set(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(decode));
    IS_QUIET.set(false);
    match outcome {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(_) => Err("its pages or its metadata contradict each other".into()),
    }
}
