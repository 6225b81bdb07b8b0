//! Conversions between arrays and tch tensors.

use ndarray::Array2;
use tch::{Device, Kind, Tensor};

use crate::kernels::Csr;

/// Returns the values of a float tensor, row by row.
pub(crate) fn to_vec(tensor: &Tensor) -> Vec<f32> {
    let tensor = tensor.detach().contiguous();
    let mut values = vec![0f32; tensor.numel()];
    tensor.copy_data(&mut values, tensor.numel());
    values
}

/// Converts an [n, k] tensor to a matrix.
pub(crate) fn to_matrix(tensor: &Tensor) -> Array2<f32> {
    let size = tensor.size();
    let shape = (size[0] as usize, size[1] as usize);
    Array2::from_shape_vec(shape, to_vec(tensor)).expect("the tensor has n · k values")
}

/// Builds an [n, k] tensor from `values`, row by row.
pub(crate) fn from_rows(values: &[f32], n: usize, k: usize) -> Tensor {
    Tensor::from_slice(values).view([n as i64, k as i64])
}

/// Converts a matrix to a tensor, [n, k].
pub(crate) fn from_matrix(matrix: &Array2<f32>) -> Tensor {
    let values = matrix.as_standard_layout();
    from_rows(values.as_slice().expect("values is in standard layout"), matrix.nrows(), matrix.ncols())
}

/// Converts a sparse matrix to a tensor in compressed rows on `device`.
pub(crate) fn sparse(matrix: &Csr, device: Device) -> Tensor {
    let starts: Vec<i64> = matrix.indptr().to_proper().iter().map(|&at| at as i64).collect();
    let columns: Vec<i64> = matrix.indices().iter().map(|&column| column.into()).collect();
    Tensor::sparse_csr_tensor_crow_col_value_size(
        &Tensor::from_slice(&starts),
        &Tensor::from_slice(&columns),
        &Tensor::from_slice(matrix.data()),
        [matrix.rows() as i64, matrix.cols() as i64],
        (Kind::Float, Device::Cpu),
    )
    .to_device(device)
}
