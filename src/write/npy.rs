//! Writes embeddings in the NPY format of numpy, which numpy can map into memory.
//!
//! The format is written by hand because it is a short header before the raw numbers, and because two
//! matrices are joined row by row without a copy, which the crates for NPY do not offer.

use std::io::{self, Write};

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::graph::NodeIds;
use crate::write::{Output, rows};

/// The header is padded to a multiple of this many bytes, to align the numbers.
const ALIGNMENT: usize = 64;
/// The approximate number of bytes per write.
const CHUNK_BYTES: usize = 1 << 20;

/// Writes `mean`, [n, d], as little-endian f32 in C order, in NPY format 1.0. If `log_variance` is given, it
/// follows `mean` in each row, [n, 2d]. Writes the ids of the n nodes to `ids`, in the order of the rows, as
/// CSV with the column `node`.
///
/// # Errors
/// [`Error::Io`] if an output cannot be written.
pub fn write_npy(
    mut output: Output,
    mut ids: Output,
    nodes: &NodeIds,
    mean: &Array2<f32>,
    log_variance: Option<&Array2<f32>>,
) -> Result<()> {
    let path = output.path().to_path_buf();
    write_array(&mut output, mean, log_variance).map_err(|source| Error::io("write", &path, source))?;
    let path = ids.path().to_path_buf();
    rows::write_rows(&mut ids, ["node"], nodes.len(), |node, row| row.field(nodes.id(node as u32)))
        .map_err(|source| Error::io("write", &path, source))?;
    ids.finish()?;
    output.finish()
}

fn write_array(
    output: &mut impl Write,
    mean: &Array2<f32>,
    log_variance: Option<&Array2<f32>>,
) -> io::Result<()> {
    let num_columns = mean.ncols() + log_variance.map_or(0, |matrix| matrix.ncols());
    output.write_all(&header(mean.nrows(), num_columns))?;
    let mut bytes = Vec::with_capacity(CHUNK_BYTES + 4 * num_columns);
    for node in 0..mean.nrows() {
        for matrix in [Some(mean), log_variance].into_iter().flatten() {
            matrix.row(node).iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
        }
        if bytes.len() >= CHUNK_BYTES {
            output.write_all(&bytes)?;
            bytes.clear();
        }
    }
    output.write_all(&bytes)
}

/// Returns the header: the magic string, the version, the length of the rest in two bytes, and a Python
/// dictionary padded with spaces.
fn header(num_rows: usize, num_columns: usize) -> Vec<u8> {
    let mut dictionary =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({num_rows}, {num_columns}), }}");
    let start = b"\x93NUMPY\x01\x00";
    let length = (start.len() + 2 + dictionary.len() + 1).next_multiple_of(ALIGNMENT) - start.len() - 2;
    dictionary.extend(std::iter::repeat_n(' ', length - 1 - dictionary.len()));
    dictionary.push('\n');
    [start.as_slice(), &(length as u16).to_le_bytes(), dictionary.as_bytes()].concat()
}
