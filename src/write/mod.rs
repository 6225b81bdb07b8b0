//! Writers: CSV, JSON Lines, NPY, Parquet and word2vec, each file whole or not at all. Uses `config`,
//! `error`, `evaluate`, `graph`, `model` and `read`.

mod columns;
pub(crate) mod csv;
mod embeddings;
mod npy;
pub(crate) mod output;
#[cfg(not(feature = "parquet"))]
#[path = "no_parquet.rs"]
mod parquet;
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

/// The treatment of files that already exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Keeps them, and fails.
    Keep,
    /// Replaces them.
    Replace,
}
