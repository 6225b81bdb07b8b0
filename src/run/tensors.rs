//! Weights and features as safetensors, every tensor checked before it is used.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use ndarray::Array2;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use crate::error::{Error, Result};
use crate::graph::Csr;
use crate::network::Weights;
use crate::run::files::write_file;

/// Writes each weight as an f32 tensor under its name.
pub(super) fn write_weights(path: &Path, weights: &Weights) -> Result<()> {
    let tensors = weights.iter().map(|(name, weight)| {
        let bytes = weight.iter().flat_map(|value| value.to_le_bytes()).collect();
        Stored { name: name.clone(), dtype: Dtype::F32, shape: weight.shape().to_vec(), bytes }
    });
    write(path, tensors.collect())
}

/// Reads every tensor, each of which must be an f32 matrix.
pub(super) fn read_weights(path: &Path) -> Result<Weights> {
    let bytes = read(path)?;
    let tensors = parse(path, &bytes)?;
    let names: Vec<String> = tensors.names().into_iter().map(str::to_string).collect();
    names
        .into_iter()
        .map(|name| {
            let view = tensor(path, &tensors, &name, Dtype::F32)?;
            let &[rows, columns] = view.shape() else {
                return Err(damaged(path, format!("{name} is {:?}; expected a matrix", view.shape())));
            };
            let weight = Array2::from_shape_vec((rows, columns), f32s(&view))
                .map_err(|source| damaged(path, format!("{name}: {source}")))?;
            Ok((name, weight))
        })
        .collect()
}

/// Writes X in compressed rows: `indptr` [n + 1] and `indices` [nonzeros] as u64 and u32, `values` as f32.
pub(super) fn write_features(path: &Path, features: &Csr) -> Result<()> {
    let indptr: Vec<u8> =
        features.indptr().to_proper().iter().flat_map(|&at| (at as u64).to_le_bytes()).collect();
    let indices: Vec<u8> = features.indices().iter().flat_map(|index| index.to_le_bytes()).collect();
    let values: Vec<u8> = features.data().iter().flat_map(|value| value.to_le_bytes()).collect();
    let nnz = features.nnz();
    let stored = |name: &str, dtype, length: usize, bytes| Stored {
        name: name.into(),
        dtype,
        shape: vec![length],
        bytes,
    };
    write(
        path,
        vec![
            stored("indptr", Dtype::U64, features.rows() + 1, indptr),
            stored("indices", Dtype::U32, nnz, indices),
            stored("values", Dtype::F32, nnz, values),
        ],
    )
}

/// Reads X, which must be of `shape`, (n, f), in order, and finite.
pub(super) fn read_features(path: &Path, shape: (usize, usize)) -> Result<Csr> {
    let bytes = read(path)?;
    let tensors = parse(path, &bytes)?;
    let indptr: Vec<usize> = tensor(path, &tensors, "indptr", Dtype::U64)?
        .data()
        .as_chunks()
        .0
        .iter()
        .map(|&bytes| u64::from_le_bytes(bytes) as usize)
        .collect();
    let indices: Vec<u32> = tensor(path, &tensors, "indices", Dtype::U32)?
        .data()
        .as_chunks()
        .0
        .iter()
        .map(|&bytes| u32::from_le_bytes(bytes))
        .collect();
    let values = f32s(&tensor(path, &tensors, "values", Dtype::F32)?);
    if indptr.len() != shape.0 + 1 {
        let problem = format!("holds {} rows; run.json expects {}", indptr.len().saturating_sub(1), shape.0);
        return Err(damaged(path, problem));
    }
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        return Err(damaged(path, format!("values[{at}] is not finite")));
    }
    Csr::try_new(shape, indptr, indices, values)
        .map_err(|(.., source)| damaged(path, format!("is no matrix of {} × {}: {source}", shape.0, shape.1)))
}

/// A tensor on its way to the file.
struct Stored {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

fn write(path: &Path, tensors: Vec<Stored>) -> Result<()> {
    let error = |source: safetensors::SafeTensorError| damaged(path, format!("cannot be written: {source}"));
    let mut views = Vec::with_capacity(tensors.len());
    for Stored { name, dtype, shape, bytes } in &tensors {
        views.push((name.clone(), TensorView::new(*dtype, shape.clone(), bytes).map_err(error)?));
    }
    let metadata: Option<HashMap<String, String>> = None;
    let bytes = serialize(views, metadata).map_err(error)?;
    write_file(path, |output| output.write_all(&bytes))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|source| Error::io("read", path, source))
}

fn parse<'a>(path: &Path, bytes: &'a [u8]) -> Result<SafeTensors<'a>> {
    SafeTensors::deserialize(bytes)
        .map_err(|source| damaged(path, format!("is no safetensors file: {source}")))
}

fn tensor<'a>(path: &Path, tensors: &SafeTensors<'a>, name: &str, dtype: Dtype) -> Result<TensorView<'a>> {
    let view = tensors.tensor(name).map_err(|_| damaged(path, format!("{name} is missing")))?;
    match view.dtype() == dtype {
        true => Ok(view),
        false => Err(damaged(path, format!("{name} holds {:?}; expected {dtype:?}", view.dtype()))),
    }
}

fn f32s(view: &TensorView) -> Vec<f32> {
    view.data().as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

fn damaged(path: &Path, problem: String) -> Error {
    Error::Run { path: path.to_path_buf(), problem }
}
