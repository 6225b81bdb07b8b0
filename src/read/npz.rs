//! Sparse matrices as `scipy.sparse.save_npz` writes them: a zip file of arrays.
//!
//! Written by hand on top of the `zip` crate: the sparse reader of `npyz` needs to know the type of the
//! values in advance and collects whole arrays, while this one takes any type and checks each element as it
//! streams by.

use std::io::Cursor;
use std::path::Path;

use zip::ZipArchive;
use zip::read::ZipFile;

use crate::config::ReadConfig;
use crate::error::{Error, Result};
use crate::graph::{Graph, Pair};
use crate::progress::Progress;
use crate::read::listed::{ListedEdges, check_count};
use crate::read::npy::{NpyArray, Number};
use crate::read::raw::read_whole;
use crate::read::values::checked_weight;

/// The arrays of a file, found by name.
struct Arrays<'a> {
    num_bytes: u64,
    archive: ZipArchive<Cursor<&'a [u8]>>,
    path: &'a Path,
}

/// The size of a matrix.
struct Size {
    num_nodes: u32,
    num_entries: usize,
}

/// Reads the adjacency matrix of a graph in CSR, CSC or COO format: an entry in row u and column v is the
/// edge from u to v, and its value is the weight. The n nodes, including those without edges, are named 0 to
/// n - 1. If all weights are 1, the graph has no weights. Memory: the file, and 24 bytes per entry.
///
/// # Errors
/// Returns [`Error::Io`] if the file cannot be read, and [`Error::Input`] if it is not such a matrix; the
/// message names the array and the element that do not follow the format.
pub(super) fn read_npz(path: &Path, config: &ReadConfig, progress: &Progress) -> Result<Graph> {
    let (bytes, input) = read_whole(path, progress)?;
    let archive = ZipArchive::new(Cursor::new(bytes.as_slice())).map_err(|error| Error::Input {
        path: path.to_path_buf(),
        problem: format!("is not an .npz file ({error}); expected a file written by scipy.sparse.save_npz"),
    })?;
    let mut arrays = Arrays { num_bytes: input.num_bytes, archive, path };
    let format = arrays.read("format", |array| array.text())?;
    let num_nodes = arrays.num_nodes()?;
    let (pairs, weights) = match format.as_str() {
        "csr" | "csc" => arrays.compressed(num_nodes, &format)?,
        "coo" => {
            let rows = arrays.indices("row", num_nodes)?;
            let size = Size { num_nodes, num_entries: rows.len() };
            let mut pairs = Vec::with_capacity(rows.len());
            arrays.each_index("col", &size, |at, column| pairs.push((rows[at], column)))?;
            let weights = arrays.weights(&pairs)?;
            (pairs, weights)
        }
        other => {
            let problem = format!("is a matrix in {other:?} format; expected csr, csc or coo");
            return Err(arrays.error(problem));
        }
    };
    if pairs.is_empty() {
        return Err(arrays.error("has no entries; expected at least one edge".into()));
    }
    let listed = ListedEdges::from_matrix(num_nodes, 0, pairs, Some(weights));
    Ok(listed.map_err(|problem| arrays.error(problem))?.graph("entries", config, input))
}

impl Arrays<'_> {
    fn error(&self, problem: String) -> Error {
        Error::Input { path: self.path.to_path_buf(), problem }
    }

    /// Opens the array `name` and returns the result of `read`.
    fn read<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(NpyArray<ZipFile<'_, Cursor<&[u8]>>>) -> std::result::Result<T, String>,
    ) -> Result<T> {
        let outcome = match self.archive.by_name(&format!("{name}.npy")) {
            Ok(file) => NpyArray::open(file).and_then(read),
            Err(error) => {
                Err(format!("cannot be read: {error}; expected a file written by scipy.sparse.save_npz"))
            }
        };
        outcome.map_err(|problem| self.error(format!("the array {name} {problem}")))
    }

    /// Reads n, the number of nodes, from the shape, which must be square.
    fn num_nodes(&mut self) -> Result<u32> {
        let mut sizes = Vec::new();
        self.read("shape", |array| {
            array.numbers(|size| {
                sizes.push(size);
                if sizes.len() <= 2 { Ok(()) } else { Err("has more than two elements".into()) }
            })
        })?;
        match *sizes.as_slice() {
            [Number::Integer(rows), Number::Integer(columns)] if rows == columns => {
                match u32::try_from(rows) {
                    Ok(num_nodes) if num_nodes < u32::MAX => Ok(num_nodes),
                    _ => Err(self.error(format!("has {rows} rows; expected fewer than 2^32 - 1"))),
                }
            }
            [Number::Integer(rows), Number::Integer(columns)] => Err(self.error(format!(
                "is a {rows}×{columns} matrix; expected as many columns as rows, one for each node"
            ))),
            _ => Err(self.error("has a shape that is not two whole numbers; expected a matrix".into())),
        }
    }

    /// Reads the pairs and the weights of a matrix in compressed rows (CSR) or columns (CSC).
    fn compressed(&mut self, num_nodes: u32, format: &str) -> Result<(Vec<Pair>, Vec<f32>)> {
        let mut ends: Vec<u64> = Vec::new();
        let expected = u64::from(num_nodes) + 1;
        self.read("indptr", |array| {
            if array.shape != [expected] {
                return Err(format!(
                    "has {} elements; expected {expected}",
                    array.shape.iter().product::<u64>()
                ));
            }
            array.numbers(|end| {
                let last = ends.last().copied();
                match end {
                    Number::Integer(end) if last.map_or(end == 0, |last| end as u64 >= last && end >= 0) => {
                        ends.push(end as u64);
                        Ok(())
                    }
                    _ => Err(format!("has {end} at index {}; expected ascending numbers from 0", ends.len())),
                }
            })
        })?;
        let num_entries = ends[ends.len() - 1] as usize;
        let size = Size { num_nodes, num_entries };
        let (mut pairs, mut major) = (Vec::new(), 0);
        self.each_index("indices", &size, |at, minor| {
            while ends[major + 1] <= at as u64 {
                major += 1;
            }
            pairs.push(if format == "csr" { (major as u32, minor) } else { (minor, major as u32) });
        })?;
        let weights = self.weights(&pairs)?;
        Ok((pairs, weights))
    }

    fn indices(&mut self, name: &str, num_nodes: u32) -> Result<Vec<u32>> {
        let (mut indices, num_bytes) = (Vec::new(), self.num_bytes);
        self.read(name, |array| {
            array.numbers(|number| {
                check_count(indices.len(), num_bytes)?;
                indices.push(index(number, indices.len(), num_nodes)?);
                Ok(())
            })
        })?;
        Ok(indices)
    }

    /// Calls `take` with each place of an array of indices and the index there.
    fn each_index(&mut self, name: &str, size: &Size, mut take: impl FnMut(usize, u32)) -> Result<()> {
        let (mut at, num_bytes) = (0, self.num_bytes);
        self.read(name, |array| {
            check_length(&array.shape, size.num_entries)?;
            array.numbers(|number| {
                check_count(at, num_bytes)?;
                take(at, index(number, at, size.num_nodes)?);
                at += 1;
                Ok(())
            })
        })
    }

    /// Reads the weight of each pair.
    fn weights(&mut self, pairs: &[Pair]) -> Result<Vec<f32>> {
        let mut weights = Vec::with_capacity(pairs.len());
        self.read("data", |array| {
            check_length(&array.shape, pairs.len())?;
            array.numbers(|number| {
                let weight = checked_weight(number.to_f64()).map_err(|found| {
                    let (u, v) = pairs[weights.len()];
                    format!("has an entry at row {u}, column {v} (from 0) that is not an edge: {found}")
                })?;
                weights.push(weight);
                Ok(())
            })
        })?;
        Ok(weights)
    }
}

fn check_length(shape: &[u64], expected: usize) -> std::result::Result<(), String> {
    match shape {
        &[found] if found != expected as u64 => {
            Err(format!("has {found} elements; expected {expected}, one for each entry"))
        }
        _ => Ok(()),
    }
}

fn index(number: Number, at: usize, num_nodes: u32) -> std::result::Result<u32, String> {
    match number {
        Number::Integer(index) if (0..i64::from(num_nodes)).contains(&index) => Ok(index as u32),
        Number::Integer(found) => {
            Err(format!("has {found} at index {at}; expected a number below {num_nodes}, the number of rows"))
        }
        Number::Float(_) => Err("contains fractions; expected whole numbers".into()),
    }
}
