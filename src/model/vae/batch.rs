//! A batch of rows of X, in the two orders in which the passes need it.

use crate::graph::Features;
use crate::kernels::tape::Dropout;

/// The fraction of nonzeros from which a batch is stored dense: products with a sparse batch do less, but each
/// of their steps costs several times as much.
const DENSE_FROM: f64 = 0.1;

/// Rows of X divided by the unit of the features, [b, f].
pub(crate) struct Batch {
    pub(super) num_rows: usize,
    pub(super) num_columns: usize,
    pub(super) entries: Entries,
}

/// The entries of a batch by row and by column.
pub(super) enum Entries {
    Sparse {
        by_row: Compressed,
        by_column: Compressed,
    },
    /// [b, f] and [f, b].
    Dense {
        rows: Vec<f32>,
        columns: Vec<f32>,
    },
}

/// The nonzeros of a matrix: those of each row one after the other, or those of each column.
#[derive(Default)]
pub(super) struct Compressed {
    /// The place of the first entry of each row or column, and the number of entries.
    starts: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f32>,
}

impl Batch {
    /// Takes `rows` of X and divides them by `unit`.
    pub(crate) fn new(features: &Features, rows: impl IntoIterator<Item = usize>, unit: f32) -> Self {
        let num_columns = features.cols();
        let mut by_row = Compressed { starts: vec![0], ..Compressed::default() };
        for row in rows {
            match features {
                Features::Sparse(matrix) => {
                    let range = matrix.indptr().outer_inds_sz(row);
                    by_row.indices.extend_from_slice(&matrix.indices()[range.clone()]);
                    by_row.values.extend(matrix.data()[range].iter().map(|value| value / unit));
                }
                Features::Dense(_) => {
                    for (column, value) in features.row_entries(row) {
                        by_row.indices.push(column as u32);
                        by_row.values.push(value / unit);
                    }
                }
            }
            by_row.starts.push(by_row.indices.len());
        }
        Self::of_entries(by_row, num_columns)
    }

    /// Returns the bytes that a row of `num_entries` nonzeros takes in a batch.
    pub(crate) fn bytes_per_row(num_entries: f64, num_columns: f64) -> f64 {
        // A value and an index of each, as they are read; the same by column, or all numbers in both orders.
        match num_entries >= DENSE_FROM * num_columns {
            true => 8.0 * num_entries + 8.0 * num_columns,
            false => 16.0 * num_entries,
        }
    }

    /// Returns the number of rows.
    pub(crate) fn num_rows(&self) -> usize {
        self.num_rows
    }

    fn of_entries(by_row: Compressed, num_columns: usize) -> Self {
        let num_rows = by_row.starts.len() - 1;
        let is_dense = by_row.values.len() as f64 >= DENSE_FROM * (num_rows * num_columns) as f64;
        let entries = match is_dense {
            true => by_row.dense(num_columns),
            false => Entries::Sparse { by_column: by_row.transposed(num_columns), by_row },
        };
        Batch { num_rows, num_columns, entries }
    }

    /// Returns a copy with part of the entries zeroed and the others scaled.
    pub(super) fn with_dropout(&self, dropout: Dropout) -> Batch {
        let factor = |row: usize, column: usize| dropout.factor((row * self.num_columns + column) as u64);
        let mut by_row = Compressed { starts: vec![0], ..Compressed::default() };
        for row in 0..self.num_rows {
            let mut add = |column: usize, value: f32| {
                let factor = factor(row, column);
                if factor > 0.0 && value != 0.0 {
                    by_row.indices.push(column as u32);
                    by_row.values.push(value * factor);
                }
            };
            match &self.entries {
                Entries::Sparse { by_row, .. } => {
                    by_row.entries(row).for_each(|(column, value)| add(column as usize, value));
                }
                Entries::Dense { rows, .. } => {
                    let row = &rows[row * self.num_columns..][..self.num_columns];
                    row.iter().enumerate().for_each(|(column, &value)| add(column, value));
                }
            }
            by_row.starts.push(by_row.indices.len());
        }
        Self::of_entries(by_row, self.num_columns)
    }

    /// Writes the columns from `first` on to `block`, [b, `width`], with zeros beyond the last column.
    pub(super) fn write_columns(&self, first: usize, width: usize, block: &mut [f32]) {
        let last = (first + width).min(self.num_columns);
        match &self.entries {
            Entries::Sparse { by_column, .. } => {
                block.fill(0.0);
                for column in first..last {
                    for (row, value) in by_column.entries(column) {
                        block[row as usize * width + column - first] = value;
                    }
                }
            }
            Entries::Dense { rows, .. } => {
                for (block, row) in block.chunks_exact_mut(width).zip(rows.chunks_exact(self.num_columns)) {
                    block[..last - first].copy_from_slice(&row[first..last]);
                    block[last - first..].fill(0.0);
                }
            }
        }
    }
}

impl Compressed {
    /// Returns the indices and values of a row or a column.
    pub(super) fn slices(&self, at: usize) -> (&[u32], &[f32]) {
        let range = self.starts[at]..self.starts[at + 1];
        (&self.indices[range.clone()], &self.values[range])
    }

    fn entries(&self, at: usize) -> impl Iterator<Item = (u32, f32)> {
        let (indices, values) = self.slices(at);
        indices.iter().copied().zip(values.iter().copied())
    }

    /// Returns the same entries by column instead of by row, in ascending order of rows.
    fn transposed(&self, num_columns: usize) -> Compressed {
        let mut ends = vec![0; num_columns + 1];
        self.indices.iter().for_each(|&column| ends[column as usize + 1] += 1);
        for column in 0..num_columns {
            ends[column + 1] += ends[column];
        }
        let starts = ends.clone();
        let (mut indices, mut values) = (vec![0; self.indices.len()], vec![0.0; self.values.len()]);
        for row in 0..self.starts.len() - 1 {
            for (column, value) in self.entries(row) {
                let place = &mut ends[column as usize];
                (indices[*place], values[*place]) = (row as u32, value);
                *place += 1;
            }
        }
        Compressed { starts, indices, values }
    }

    fn dense(&self, num_columns: usize) -> Entries {
        let num_rows = self.starts.len() - 1;
        let (mut rows, mut columns) = (vec![0.0; num_rows * num_columns], vec![0.0; num_rows * num_columns]);
        for row in 0..num_rows {
            for (column, value) in self.entries(row) {
                rows[row * num_columns + column as usize] = value;
                columns[column as usize * num_rows + row] = value;
            }
        }
        Entries::Dense { rows, columns }
    }
}
