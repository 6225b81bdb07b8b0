//! Node features: dense rows (`id,x1,x2,…`) or sparse triplets (`node,feature,value`).

use std::path::Path;

use hashbrown::HashMap;

use crate::error::Result;
use crate::graph::{Csr, FeatureColumns, FeatureTable, NodeIds};
use crate::progress::Progress;
use crate::read::feature_rows::{BlockOfRows, FeatureRows};
use crate::read::rows::Rows;
use crate::read::{RowReader, parse_finite};

/// The largest numeric feature index; a larger number is taken for a mistake.
const MAX_FEATURE_INDEX: u64 = (1 << 31) - 1;

/// Reads node features from a CSV file. Its rows are a node id and f numbers, with or without a header, or,
/// under the header `node,feature,value`, the values that are not zero. In such triplets, features are column
/// numbers from 0, or names if any of them is not a number. TSV, white-space separated and gzipped files are
/// read too.
///
/// # Errors
/// Returns [`crate::Error::Row`] for a value that is not a finite number, a second row of a node, or a row
/// whose length differs from the first; [`crate::Error::Input`] for a file without rows.
pub fn features(path: &Path, progress: &Progress) -> Result<FeatureTable> {
    read_features(RowReader::open(path, progress)?)
}

/// Reads the rows of either form.
pub(super) fn read_features(mut reader: RowReader) -> Result<FeatureTable> {
    let [Some(first), _] = reader.look_ahead()? else {
        return Err(reader.file_error("is empty; expected rows of a node id and its features".into()));
    };
    let is_triplets = first.len() == 3
        && ["node", "feature", "value"]
            .iter()
            .zip(&first)
            .all(|(name, field)| field.eq_ignore_ascii_case(name));
    if is_triplets {
        reader.advance()?;
        return triplets(reader);
    }
    let names = is_header(&first).then(|| first[1..].to_vec());
    if let Some(names) = &names {
        reader.advance()?;
        // pandas writes the row numbers as the first column, and they would be read as nodes.
        if let Some(at) = first.iter().position(|name| is_id(name)).filter(|&at| at > 0 && !is_id(&first[0]))
        {
            let (name, first, column) = (&first[at], &first[0], at + 1);
            return Err(reader.error(format!(
                "column {column} is named {name:?} and the first column {first:?}; expected the node ids in \
                 the first column; hint: pandas leaves out the index with `index=False`"
            )));
        }
        if let Some((first, second)) = first_duplicate(names) {
            let (name, first, second) = (&names[first], first + 2, second + 2);
            return Err(reader.error(format!(
                "columns {first} and {second} are both named {name:?}; expected a different name for each \
                 feature"
            )));
        }
    }
    let table = dense(reader, first.len())?;
    Ok(FeatureTable { columns: FeatureColumns { names, may_lack: false }, ..table })
}

fn dense(mut reader: RowReader, num_columns: usize) -> Result<FeatureTable> {
    let mut table = FeatureRows::default();
    let empty = table.block();
    let parse = |rows: &mut Rows, block: &mut BlockOfRows| {
        if rows.len() < 2 {
            let separator = rows.separator_name();
            return Err(rows.error(format!(
                "expected a node id and its features, found 1 column (separated by {separator})"
            )));
        }
        if rows.len() != num_columns {
            let found = rows.len();
            return Err(
                rows.error(format!("expected {num_columns} columns as in the first row, found {found}"))
            );
        }
        block.add(rows, 1..num_columns)
    };
    let width = num_columns.saturating_sub(1);
    reader.parse_blocks(|| empty.clone(), parse, |blocks| table.extend(blocks, |block| block, width))?;
    if table.is_empty() {
        return Err(reader.file_error("has a header and no rows; expected a node id and its features".into()));
    }
    Ok(table.finish(width, reader.finish()))
}

/// Returns the positions of the first duplicate name, ignoring empty names.
fn first_duplicate(names: &[String]) -> Option<(usize, usize)> {
    let mut places = HashMap::new();
    let mut named = names.iter().enumerate().filter(|(_, name)| !name.is_empty());
    named.find_map(|(at, name)| places.insert(name, at).map(|first| (first, at)))
}

/// Returns `true` if the first row is a header: its first field is empty or a usual name of an id column, or
/// none of its features is a number.
fn is_header(first: &[String]) -> bool {
    let is_name = first[0].is_empty() || is_id(&first[0]);
    first.len() >= 2 && (is_name || first[1..].iter().all(|field| field.parse::<f32>().is_err()))
}

/// Returns `true` if this is a usual name for a column of node ids.
fn is_id(name: &str) -> bool {
    ["id", "node", "node_id"].iter().any(|usual| name.eq_ignore_ascii_case(usual))
}

fn triplets(mut reader: RowReader) -> Result<FeatureTable> {
    let mut nodes = NodeIds::default();
    let mut names = NodeIds::default();
    let mut entries: Vec<(u32, u32, f32, u64)> = Vec::new();
    while reader.advance()? {
        if reader.len() != 3 {
            return Err(reader.error(format!("expected node,feature,value, found {} columns", reader.len())));
        }
        let (node, name) = (reader.field(0), reader.field(1));
        if node.is_empty() || name.is_empty() {
            return Err(reader.error("the node or the feature is empty; expected node,feature,value".into()));
        }
        let value =
            parse_finite(reader.field(2)).map_err(|found| reader.error(format!("the value is {found}")))?;
        entries.push((nodes.intern(node), names.intern(name), value, reader.line_number()));
    }
    if entries.is_empty() {
        return Err(reader.file_error("has a header and no rows; expected node,feature,value".into()));
    }
    let Numbering { columns, num_features, are_numbers } = Numbering::new(&names, &reader)?;
    for entry in &mut entries {
        entry.1 = columns[entry.1 as usize];
    }
    entries.sort_unstable_by_key(|&(node, column, _, line)| (node, column, line));
    if let Some(twice) = entries.windows(2).find(|two| (two[0].0, two[0].1) == (two[1].0, two[1].1)) {
        let problem =
            format!("node {} has this feature twice; first on line {}", nodes.id(twice[0].0), twice[0].3);
        return Err(crate::Error::Row { path: reader.path().to_path_buf(), line: twice[1].3, problem });
    }
    let mut indptr = vec![0; nodes.len() + 1];
    for entry in &entries {
        indptr[entry.0 as usize + 1] += 1;
    }
    for row in 0..nodes.len() {
        indptr[row + 1] += indptr[row];
    }
    let indices = entries.iter().map(|entry| entry.1).collect();
    let values = entries.iter().map(|entry| entry.2).collect();
    let matrix = Csr::new((nodes.len(), num_features), indptr, indices, values);
    let names = (!are_numbers).then(|| names.iter().map(str::to_string).collect());
    Ok(FeatureTable {
        nodes,
        matrix: matrix.into(),
        columns: FeatureColumns { names, may_lack: true },
        is_complete: false,
        input: reader.finish(),
    })
}

/// The columns of the features of a table of triplets.
struct Numbering {
    /// The column of each name.
    columns: Vec<u32>,
    num_features: usize,
    /// `true` if every name is the number of its column; otherwise columns are in the order in which names
    /// first appear.
    are_numbers: bool,
}

impl Numbering {
    fn new(names: &NodeIds, reader: &RowReader) -> Result<Self> {
        let numbers: Option<Vec<u64>> = names.iter().map(|name| name.parse().ok()).collect();
        let Some(numbers) = numbers else {
            let columns = (0..names.len() as u32).collect();
            return Ok(Numbering { columns, num_features: names.len(), are_numbers: false });
        };
        let largest = numbers.iter().copied().max().unwrap_or(0);
        if largest > MAX_FEATURE_INDEX {
            let problem =
                format!("feature {largest} is too large; expected a column number up to {MAX_FEATURE_INDEX}");
            return Err(reader.file_error(problem));
        }
        let columns = numbers.iter().map(|&number| number as u32).collect();
        Ok(Numbering { columns, num_features: largest as usize + 1, are_numbers: true })
    }
}
