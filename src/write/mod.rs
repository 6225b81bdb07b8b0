//! Files and streams out: whole or not at all, as CSV, JSON Lines, NPY, Parquet, word2vec's text and for TensorBoard's
//! projector.

mod columns;
pub(crate) mod csv;
mod embeddings;
mod npy;
pub(crate) mod output;
#[cfg(feature = "parquet")]
mod parquet;
pub(crate) mod rows;
mod scores;
mod screen;

pub use csv::{NumberWriter, write_embeddings, write_pairs};
pub use embeddings::{write_parquet, write_projector, write_word2vec};
pub use npy::write_npy;
pub use output::Output;
pub use scores::{ScoreColumns, ScoreFormat, ScoreWriter};

/// What to do about files that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Leave them, and fail.
    Keep,
    /// Replace them.
    Replace,
}
