//! Rows of dense features, block by block, stored in the form that takes less memory.

use std::ops::Range;

use ndarray::Array2;

use crate::error::Result;
use crate::graph::{Csr, FeatureColumns, FeatureTable, Features, InputFile, Mentions, NodeIds};
use crate::read::parse_finite;
use crate::read::reader::Parsed;
use crate::read::rows::Rows;

/// The feature rows of a file, one for each node.
#[derive(Default)]
pub(super) struct FeatureRows {
    nodes: NodeIds,
    /// The line of each node.
    lines: Vec<u64>,
    /// The rows in order; adjacent rows of one form share a part, so that a file of one form is never copied.
    parts: Vec<Part>,
    num_nonzeros: usize,
}

/// The feature rows of a block of text.
#[derive(Clone)]
pub(super) struct BlockOfRows {
    mentions: Mentions,
    lines: Vec<u64>,
    /// All values, row by row. They take at most twice the memory of their text.
    values: Vec<f32>,
    num_nonzeros: usize,
}

/// Consecutive rows in the form that takes less memory.
enum Part {
    Dense(Vec<f32>),
    Sparse { lengths: Vec<u32>, indices: Vec<u32>, values: Vec<f32> },
}

impl BlockOfRows {
    /// Adds the current row of `rows`: its id, and the fields in `columns` as numbers.
    pub(super) fn add(&mut self, rows: &Rows, columns: Range<usize>) -> Result<()> {
        let id = rows.field(0);
        if id.is_empty() {
            return Err(rows.error("the node id is empty; expected a node id and its features".into()));
        }
        self.mentions.push(id, rows.span(0).start);
        self.lines.push(rows.line_number());
        for column in columns {
            let value = parse_finite(rows.field(column))
                .map_err(|found| rows.error(format!("the feature in column {} is {found}", column + 1)))?;
            // Adding 0 turns -0 into 0, because the sparse form does not keep the sign of a zero.
            self.values.push(value + 0.0);
            self.num_nonzeros += usize::from(value != 0.0);
        }
        Ok(())
    }
}

impl FeatureRows {
    /// Returns `true` if there are no rows.
    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Returns an empty block.
    pub(super) fn block(&self) -> BlockOfRows {
        let mentions = self.nodes.mentions();
        BlockOfRows { mentions, lines: Vec::new(), values: Vec::new(), num_nonzeros: 0 }
    }

    /// Adds the rows of further blocks, which `rows_of` finds in a parsed value, and refuses a second row for
    /// a node.
    pub(super) fn extend<T>(
        &mut self,
        blocks: &[Parsed<T>],
        rows_of: impl Fn(&T) -> &BlockOfRows,
        width: usize,
    ) -> Result<()> {
        let texts: Vec<_> =
            blocks.iter().map(|block| (block.rows.text(), &rows_of(&block.value).mentions)).collect();
        let numbers = self.nodes.intern_all(&texts);
        for (Parsed { rows, value, .. }, numbers) in blocks.iter().zip(numbers) {
            let block = rows_of(value);
            for (node, &line) in numbers.into_iter().zip(&block.lines) {
                if let Some(first) = self.lines.get(node as usize) {
                    let id = self.nodes.id(node);
                    let problem = format!("node {id} has a second row; its first is on line {first}");
                    return Err(rows.error_at(line, problem));
                }
                self.lines.push(line);
            }
            self.num_nonzeros += block.num_nonzeros;
            self.append(block, width);
        }
        Ok(())
    }

    fn append(&mut self, block: &BlockOfRows, width: usize) {
        if block.lines.is_empty() {
            return;
        }
        let is_dense = Features::is_dense(block.num_nonzeros, block.lines.len(), width);
        match (is_dense, self.parts.last()) {
            (true, Some(Part::Dense(_))) | (false, Some(Part::Sparse { .. })) => {}
            (true, _) => self.parts.push(Part::Dense(Vec::new())),
            (false, _) => {
                self.parts.push(Part::Sparse {
                    lengths: Vec::new(),
                    indices: Vec::new(),
                    values: Vec::new(),
                });
            }
        }
        match self.parts.last_mut() {
            Some(Part::Dense(values)) => values.extend_from_slice(&block.values),
            Some(Part::Sparse { lengths, indices, values }) => {
                for row in block.values.chunks_exact(width) {
                    let before = indices.len();
                    for (column, &value) in row.iter().enumerate().filter(|&(_, &value)| value != 0.0) {
                        indices.push(column as u32);
                        values.push(value);
                    }
                    lengths.push((indices.len() - before) as u32);
                }
            }
            None => {}
        }
    }

    /// Builds the table of `width` features.
    pub(super) fn finish(self, width: usize, input: InputFile) -> FeatureTable {
        let num_rows = self.nodes.len();
        let matrix = match Features::is_dense(self.num_nonzeros, num_rows, width) {
            true => Features::Dense(dense_matrix(self.parts, num_rows, width)),
            false => Features::Sparse(sparse_matrix(self.parts, num_rows, width)),
        };
        FeatureTable {
            nodes: self.nodes,
            matrix,
            columns: FeatureColumns::default(),
            is_complete: true,
            input,
        }
    }
}

fn dense_matrix(parts: Vec<Part>, num_rows: usize, width: usize) -> Array2<f32> {
    let mut all = Vec::new();
    for part in parts {
        match part {
            Part::Dense(values) if all.is_empty() => all = values,
            Part::Dense(values) => all.extend_from_slice(&values),
            Part::Sparse { lengths, indices, values } => {
                let mut entries = indices.into_iter().zip(values);
                for length in lengths {
                    let start = all.len();
                    all.resize(start + width, 0.0);
                    entries
                        .by_ref()
                        .take(length as usize)
                        .for_each(|(at, value)| all[start + at as usize] = value);
                }
            }
        }
    }
    Array2::from_shape_vec((num_rows, width), all).expect("every row has as many values")
}

fn sparse_matrix(parts: Vec<Part>, num_rows: usize, width: usize) -> Csr {
    let (mut indptr, mut all_indices, mut all_values) = (vec![0], Vec::new(), Vec::new());
    for part in parts {
        match part {
            Part::Sparse { lengths, indices, values } => {
                let mut end = all_indices.len();
                indptr.extend(lengths.iter().map(|&length| {
                    end += length as usize;
                    end
                }));
                if all_indices.is_empty() {
                    (all_indices, all_values) = (indices, values);
                } else {
                    all_indices.extend_from_slice(&indices);
                    all_values.extend_from_slice(&values);
                }
            }
            Part::Dense(values) => {
                for row in values.chunks_exact(width) {
                    for (column, &value) in row.iter().enumerate().filter(|&(_, &value)| value != 0.0) {
                        all_indices.push(column as u32);
                        all_values.push(value);
                    }
                    indptr.push(all_indices.len());
                }
            }
        }
    }
    Csr::new((num_rows, width), indptr, all_indices, all_values)
}
