//! Reads and writes weights and features as safetensors. Every tensor is checked before it is used.
//!
//! Only the header is handled by the `safetensors` crate. The tensors are streamed by hand: the reader of the crate takes
//! the whole file as one buffer, which would hold a second copy of every tensor in memory, and its writer opens the
//! file itself, whereas every file of a run goes through [`Output`](crate::write::Output), whole or not at all.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use ndarray::Array2;
use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use crate::error::{Error, Result};
use crate::graph::{Csr, Features};
use crate::model::network::Weights;
use crate::write::csv::write_file;

/// The tensor of a dense X.
const DENSE: &str = "dense";
/// The tensors of a sparse X.
const SPARSE: [&str; 3] = ["indptr", "indices", "values"];

/// Writes each weight as an f32 tensor under its name.
pub(super) fn write_weights(path: &Path, weights: &Weights) -> Result<()> {
    let tensors = weights.iter().map(|(name, weight)| Stored::matrix(name, weight));
    write(path, tensors.collect(), None)
}

/// Reads every tensor, each of which must be an f32 matrix.
pub(super) fn read_weights(path: &Path) -> Result<Weights> {
    Ok(read_with_metadata(path)?.0)
}

/// Reads the same as [`read_weights`], and the metadata of the header.
pub(super) fn read_with_metadata(path: &Path) -> Result<(Weights, HashMap<String, String>)> {
    let mut tensors = Tensors::open(path)?;
    let names = tensors.metadata.offset_keys().into_iter();
    let weights = names.map(|name| tensors.matrix(&name).map(|weight| (name, weight)));
    let weights = weights.collect::<Result<_>>()?;
    Ok((weights, tensors.metadata.metadata().clone().unwrap_or_default()))
}

/// Writes X, either dense, [n, f] as f32, or in CSR form: `indptr`, [n + 1] as u64, `indices`, [nonzeros] as
/// u32, and `values`, [nonzeros] as f32.
pub(super) fn write_features(path: &Path, features: &Features) -> Result<()> {
    let tensors = match features {
        Features::Dense(matrix) => vec![Stored::matrix(DENSE, matrix)],
        Features::Sparse(matrix) => {
            let indptr = matrix.indptr().to_proper().to_vec();
            let [first, second, third] = SPARSE;
            let stored = |name, length, values| Stored { name, shape: vec![length], values };
            let (indices, values) = (matrix.indices().iter().copied(), matrix.data().iter().copied());
            vec![
                stored(first, indptr.len(), Values::U64(Box::new(indptr.into_iter().map(|at| at as u64)))),
                stored(second, matrix.nnz(), Values::U32(Box::new(indices))),
                stored(third, matrix.nnz(), Values::F32(Box::new(values))),
            ]
        }
    };
    write(path, tensors, None)
}

/// Reads X in either form. It must have `shape`, (n, f), sorted indices and finite values.
pub(super) fn read_features(path: &Path, shape: (usize, usize)) -> Result<Features> {
    let mut tensors = Tensors::open(path)?;
    let other = SPARSE.into_iter().find(|name| tensors.metadata.info(name).is_some());
    match (tensors.metadata.info(DENSE), other) {
        (None, _) => read_sparse(&mut tensors, shape).map(Features::Sparse),
        (Some(_), Some(other)) => {
            Err(damaged(path, format!("holds both {DENSE} and {other}; expected X in one form")))
        }
        (Some(_), None) => {
            let matrix = tensors.matrix(DENSE)?;
            if matrix.dim() != shape {
                let (found, expected) = (matrix.shape(), [shape.0, shape.1]);
                let problem = format!("{DENSE} is {found:?}; run.json expects {expected:?}");
                return Err(damaged(path, problem));
            }
            if let Some(((row, column), _)) = matrix.indexed_iter().find(|(_, value)| !value.is_finite()) {
                return Err(damaged(path, format!("{DENSE}[{row}, {column}] is not finite")));
            }
            Ok(Features::Dense(matrix))
        }
    }
}

fn read_sparse(tensors: &mut Tensors, shape: (usize, usize)) -> Result<Csr> {
    let path = tensors.path;
    let [indptr, indices, values] = SPARSE;
    let indptr: Vec<usize> =
        tensors.values(indptr, Dtype::U64, |bytes| u64::from_le_bytes(bytes) as usize)?;
    let indices: Vec<u32> = tensors.values(indices, Dtype::U32, u32::from_le_bytes)?;
    let values: Vec<f32> = tensors.values(values, Dtype::F32, f32::from_le_bytes)?;
    if indptr.len() != shape.0 + 1 {
        let problem = format!("holds {} rows; run.json expects {}", indptr.len().saturating_sub(1), shape.0);
        return Err(damaged(path, problem));
    }
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        return Err(damaged(path, format!("values[{at}] is not finite")));
    }
    Csr::try_new(shape, indptr, indices, values).map_err(|(.., source)| {
        damaged(path, format!("is not a matrix of {} × {}: {source}", shape.0, shape.1))
    })
}

/// A tensor to be written.
pub(super) struct Stored<'a> {
    name: &'a str,
    shape: Vec<usize>,
    values: Values<'a>,
}

impl<'a> Stored<'a> {
    /// Creates an f32 tensor from a matrix, row by row.
    pub(super) fn matrix(name: &'a str, matrix: &'a Array2<f32>) -> Self {
        Stored { name, shape: matrix.shape().to_vec(), values: Values::F32(Box::new(matrix.iter().copied())) }
    }
}

/// The values of a tensor, row by row.
enum Values<'a> {
    U64(Box<dyn Iterator<Item = u64> + 'a>),
    U32(Box<dyn Iterator<Item = u32> + 'a>),
    F32(Box<dyn Iterator<Item = f32> + 'a>),
}

impl Values<'_> {
    fn dtype(&self) -> Dtype {
        match self {
            Values::U64(_) => Dtype::U64,
            Values::U32(_) => Dtype::U32,
            Values::F32(_) => Dtype::F32,
        }
    }

    fn write_to(self, output: &mut impl Write) -> io::Result<()> {
        match self {
            Values::U64(values) => write_values(output, values.map(u64::to_le_bytes)),
            Values::U32(values) => write_values(output, values.map(u32::to_le_bytes)),
            Values::F32(values) => write_values(output, values.map(f32::to_le_bytes)),
        }
    }
}

fn write_values<const N: usize>(
    output: &mut impl Write,
    values: impl Iterator<Item = [u8; N]>,
) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(CHUNK_BYTES);
    for value in values {
        bytes.extend_from_slice(&value);
        if bytes.len() + N > CHUNK_BYTES {
            output.write_all(&bytes)?;
            bytes.clear();
        }
    }
    output.write_all(&bytes)
}

/// The size of the buffer between a tensor and its file, in bytes.
const CHUNK_BYTES: usize = 1 << 16;

/// Writes the length of the header, the header with `metadata`, and then the tensors. Tensors with the widest
/// values come first, so that all are aligned.
pub(super) fn write(
    path: &Path,
    mut tensors: Vec<Stored>,
    metadata: Option<HashMap<String, String>>,
) -> Result<()> {
    tensors.sort_by(|a, b| b.values.dtype().cmp(&a.values.dtype()).then(a.name.cmp(b.name)));
    let mut end = 0;
    let infos = tensors.iter().map(|Stored { name, shape, values }| {
        let (dtype, start) = (values.dtype(), end);
        end += shape.iter().product::<usize>() * dtype.bitsize() / 8;
        (name.to_string(), TensorInfo { dtype, shape: shape.clone(), data_offsets: (start, end) })
    });
    let metadata = Metadata::new(metadata, infos.collect())
        .map_err(|source| damaged(path, format!("cannot be written: {source}")))?;
    write_file(path, |output| {
        let mut header = serde_json::to_vec(&metadata)?;
        header.resize(header.len().next_multiple_of(8), b' ');
        output.write_all(&(header.len() as u64).to_le_bytes())?;
        output.write_all(&header)?;
        tensors.into_iter().try_for_each(|tensor| tensor.values.write_to(output))?;
        output.sync()
    })
}

/// The maximal size of a header, the same as in other readers of safetensors.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// An open file of tensors, whose header was checked against the length of the file.
struct Tensors<'a> {
    path: &'a Path,
    file: File,
    metadata: Metadata,
    /// The offset of the first tensor.
    start: u64,
}

impl<'a> Tensors<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let error = |source| Error::io("read", path, source);
        let foreign = |problem: String| damaged(path, format!("is not a safetensors file: {problem}"));
        let mut file = File::open(path).map_err(error)?;
        let num_bytes = file.metadata().map_err(error)?.len();
        let mut length = [0; 8];
        if num_bytes < 8 {
            return Err(foreign(format!("it has {num_bytes} bytes")));
        }
        file.read_exact(&mut length).map_err(error)?;
        let length = u64::from_le_bytes(length);
        if length > MAX_HEADER_BYTES.min(num_bytes - 8) {
            return Err(foreign(format!("its header has {length} bytes, but the file has {num_bytes}")));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(error)?;
        let metadata: Metadata =
            serde_json::from_slice(&header).map_err(|source| foreign(source.to_string()))?;
        let start = 8 + length;
        let (found, expected) = (num_bytes - start, metadata.data_len());
        if found != expected as u64 {
            return Err(foreign(format!("its tensors have {found} bytes; its header declares {expected}")));
        }
        Ok(Tensors { path, file, metadata, start })
    }

    /// Reads the values of a tensor of any shape.
    fn values<const N: usize, T>(
        &mut self,
        name: &str,
        dtype: Dtype,
        decode: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<T>> {
        let Some(info) = self.metadata.info(name) else {
            return Err(damaged(self.path, format!("{name} is missing")));
        };
        if info.dtype != dtype {
            return Err(damaged(self.path, format!("{name} holds {:?}; expected {dtype:?}", info.dtype)));
        }
        let (start, end) = info.data_offsets;
        let error = |source| Error::io("read", self.path, source);
        self.file.seek(SeekFrom::Start(self.start + start as u64)).map_err(error)?;
        let mut values = Vec::with_capacity((end - start) / N);
        let mut bytes = vec![0; CHUNK_BYTES.min(end - start)];
        for at in (start..end).step_by(CHUNK_BYTES) {
            let bytes = &mut bytes[..CHUNK_BYTES.min(end - at)];
            self.file.read_exact(bytes).map_err(error)?;
            values.extend(bytes.as_chunks().0.iter().map(|&bytes| decode(bytes)));
        }
        Ok(values)
    }

    /// Reads an f32 tensor with two dimensions.
    fn matrix(&mut self, name: &str) -> Result<Array2<f32>> {
        let values = self.values(name, Dtype::F32, f32::from_le_bytes)?;
        let shape = self.metadata.info(name).map(|info| info.shape.clone()).unwrap_or_default();
        let &[rows, columns] = shape.as_slice() else {
            return Err(damaged(self.path, format!("{name} is {shape:?}; expected a matrix")));
        };
        Array2::from_shape_vec((rows, columns), values)
            .map_err(|source| damaged(self.path, format!("{name}: {source}")))
    }
}

fn damaged(path: &Path, problem: String) -> Error {
    Error::Run { path: path.to_path_buf(), problem }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn features_are_read_in_the_form_they_were_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        let wide = Array2::from_shape_fn((3, 40_000), |(row, column)| (row + column) as f32);
        let sparse = array![[0.0, 0.0, 2.5], [0.0, -1.0, 0.0]];
        for features in [Features::from(wide), Features::from(sparse)] {
            write_features(&path, &features).unwrap();
            assert_eq!(read_features(&path, (features.rows(), features.cols())).unwrap(), features);
        }
    }

    #[test]
    fn each_inconsistency_has_its_own_message() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        let dense = r#"{"dense":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}"#;
        let says = |header: String, values: [f32; 2], expected: &str| {
            let values = values.map(f32::to_le_bytes).concat();
            let length = (header.len() as u64).to_le_bytes();
            std::fs::write(&path, [&length, header.as_bytes(), &values].concat()).unwrap();
            let error = read_features(&path, (2, 1)).unwrap_err().to_string();
            assert!(error.starts_with(path.to_str().unwrap()) && error.contains(expected), "{error}");
        };
        let whole = format!("{dense}}}");
        says(whole.clone(), [1.0, f32::NAN], "dense[1, 0] is not finite");
        says(whole.replace("[2,1]", "[1,2]"), [1.0; 2], "dense is [1, 2]; run.json expects [2, 1]");
        says(whole.replace("[2,1]", "[2]"), [1.0; 2], "dense is [2]; expected a matrix");
        says(whole.replace("F32", "I32"), [1.0; 2], "dense holds I32; expected F32");
        says(whole.replace("8]", "9]"), [1.0; 2], "is not a safetensors file: ");
        says(whole.replace("[2,1]", "[4,1]").replace("8]", "16]"), [1.0; 2], "its header declares 16");
        says(whole.replace("dense", "other"), [1.0; 2], "indptr is missing");
        let both = format!(r#"{dense},"values":{{"dtype":"F32","shape":[0],"data_offsets":[8,8]}}}}"#);
        says(both, [1.0; 2], "holds both dense and values; expected X in one form");
        std::fs::write(&path, [0xff; 16]).unwrap();
        assert!(read_features(&path, (2, 1)).unwrap_err().to_string().contains("is not a safetensors file"));
    }
}
