//! Matrix Market coordinates: a banner, comments, the size, and a line for each entry.
//!
//! Written by hand although `sprs` reads the format: here the entries go through the parallel row reader,
//! which unpacks gzip, hashes the file and names the line of a bad entry.
//!
//! The format is that of Boisvert, Pozo & Remington 1996, "The Matrix Market Exchange Formats", NISTIR 5935.

use crate::config::ReadConfig;
use crate::error::Result;
use crate::graph::{Graph, Pair};
use crate::read::listed::{ListedEdges, check_count};
use crate::read::rows::Rows;
use crate::read::{RowReader, columns};

const EXPECTED: &str = "expected %%MatrixMarket matrix coordinate, then real, integer or pattern, then \
                        general or symmetric";

/// The description of the entries in the banner.
#[derive(Clone, Copy)]
struct Banner {
    values: Values,
    symmetry: Symmetry,
}

#[derive(Clone, Copy, PartialEq)]
enum Values {
    Numbers,
    None,
}

#[derive(Clone, Copy, PartialEq)]
enum Symmetry {
    General,
    /// An entry also stands for its mirror image.
    Symmetric,
}

/// The entries of a block of lines.
#[derive(Default)]
struct Entries {
    pairs: Vec<Pair>,
    weights: Vec<f32>,
}

/// Reads the adjacency matrix of a graph: an entry in row u and column v is the edge from u to v, and its
/// value is the weight. The n nodes, including those without edges, are named 1 to n. If all weights are 1,
/// the graph has no weights.
///
/// # Errors
/// Returns [`crate::Error::Row`] for a banner, a size or an entry that does not follow the format, and
/// [`crate::Error::Input`] for a file without entries or with a different number of them than its size line
/// says.
pub(super) fn read_matrix_market(mut reader: RowReader, config: &ReadConfig) -> Result<Graph> {
    let Some(first) = reader.first_line()? else {
        return Err(reader.file_error(format!("is empty; {EXPECTED}")));
    };
    let Banner { values, symmetry } =
        banner(&first).map_err(|found| reader.error_at(1, format!("found {found}; {EXPECTED}")))?;
    if !reader.advance()? {
        let problem = "ends before its size line; expected the numbers of rows, columns and entries";
        return Err(reader.file_error(problem.into()));
    }
    let (num_nodes, num_entries) = size(&reader)?;

    let num_columns = if values == Values::Numbers { 3 } else { 2 };
    let parse = |rows: &mut Rows, entries: &mut Entries| {
        if rows.len() != num_columns {
            let value = if values == Values::Numbers { ", a column and a value" } else { " and a column" };
            return Err(rows.error(format!("expected a row{value}, found {} fields", rows.len())));
        }
        entries.pairs.push((index(rows, 0, num_nodes)?, index(rows, 1, num_nodes)?));
        if values == Values::Numbers {
            entries.weights.push(columns::weight(rows, 2)?);
        }
        Ok(())
    };
    let (mut pairs, mut weights) = (Vec::new(), Vec::new());
    let (fingerprint, file_error) = (reader.fingerprint(), reader.file_errors());
    reader.parse_blocks(Entries::default, parse, |blocks| {
        for block in blocks {
            pairs.append(&mut block.value.pairs);
            weights.append(&mut block.value.weights);
        }
        check_count(pairs.len(), fingerprint.num_bytes()).map_err(&file_error)
    })?;
    if pairs.len() as u64 != num_entries {
        let found = pairs.len();
        return Err(
            reader.file_error(format!("has {found} entries; expected {num_entries}, as its size line says"))
        );
    }
    if pairs.is_empty() {
        return Err(reader.file_error("has no entries; expected at least one edge".into()));
    }
    if config.directed && symmetry == Symmetry::Symmetric {
        let mirrored: Vec<(Pair, usize)> =
            pairs.iter().enumerate().filter(|(_, (u, v))| u != v).map(|(at, &(u, v))| ((v, u), at)).collect();
        weights.extend(mirrored.iter().filter_map(|&(_, at)| weights.get(at).copied()).collect::<Vec<_>>());
        pairs.extend(mirrored.into_iter().map(|(pair, _)| pair));
    }
    let weights = (values == Values::Numbers).then_some(weights);
    let listed = ListedEdges::from_matrix(num_nodes, 1, pairs, weights)
        .map_err(|problem| reader.file_error(problem))?;
    Ok(listed.graph("entries", config, reader.finish()))
}

/// Parses the banner, or returns the problem of the first line.
fn banner(line: &str) -> std::result::Result<Banner, String> {
    let words: Vec<String> = line.split_ascii_whitespace().map(str::to_ascii_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let &["%%matrixmarket", "matrix", "coordinate", values, symmetry] = words.as_slice() else {
        return Err(format!("{:?}", line.chars().take(80).collect::<String>()));
    };
    let values = match values {
        "real" | "double" | "integer" | "unsigned-integer" => Values::Numbers,
        "pattern" => Values::None,
        other => return Err(format!("{other} values")),
    };
    let symmetry = match symmetry {
        "general" => Symmetry::General,
        "symmetric" => Symmetry::Symmetric,
        other => return Err(format!("a {other} matrix")),
    };
    Ok(Banner { values, symmetry })
}

/// Parses the size line into n and the number of entries.
fn size(reader: &RowReader) -> Result<(u32, u64)> {
    let fields: Vec<&str> = reader.fields().collect();
    let numbers: Option<Vec<u64>> = fields.iter().map(|field| field.parse().ok()).collect();
    let Some(&[num_rows, num_columns, num_entries]) = numbers.as_deref() else {
        let found = fields.join(" ");
        return Err(
            reader.error(format!("expected the numbers of rows, columns and entries, found {found:?}"))
        );
    };
    match u32::try_from(num_rows) {
        _ if num_rows != num_columns => Err(reader.error(format!(
            "the matrix is {num_rows}×{num_columns}; expected as many columns as rows, one for each node"
        ))),
        Ok(num_nodes) if num_nodes < u32::MAX => Ok((num_nodes, num_entries)),
        _ => Err(reader.error(format!("the matrix has {num_rows} rows; expected fewer than 2^32 - 1"))),
    }
}

/// Returns the node, from 0, whose number, from 1, is in field `at`.
fn index(rows: &Rows, at: usize, num_nodes: u32) -> Result<u32> {
    match rows.field(at).parse::<u32>() {
        Ok(number) if (1..=num_nodes).contains(&number) => Ok(number - 1),
        _ => {
            let found = rows.field(at);
            Err(rows.error(format!("the index is {found:?}; expected a whole number from 1 to {num_nodes}")))
        }
    }
}
