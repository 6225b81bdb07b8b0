//! The numerical kernels: vectors, dense and sparse products, sorting, the tape of a pass, Adam, and
//! libtorch. Uses `config`, `error` and `system`.

pub mod device;
pub(crate) mod dropout;
pub(crate) mod gemm;
pub(crate) mod layer_norm;
pub mod operator;
pub(crate) mod simd;
pub(crate) mod sort;
pub(crate) mod tape;
#[cfg(feature = "torch")]
pub(crate) mod tensor;

/// A sparse matrix in compressed rows, with 32-bit column indices.
pub type Csr = sprs::CsMatI<f32, u32, usize>;
