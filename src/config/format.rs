//! The formats of the files that are read and written, each known by the end of a file's name.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The format of an edge list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum EdgeFormat {
    /// Rows of text: CSV, TSV or separated by white space, maybe gzipped.
    #[default]
    Text,
    /// Parquet, as pandas and polars write it (.parquet, .pq).
    Parquet,
    /// Matrix Market coordinates, maybe gzipped (.mtx).
    MatrixMarket,
    /// A sparse matrix that scipy.sparse.save_npz wrote (.npz).
    Npz,
    /// GraphML, maybe gzipped (.graphml).
    #[cfg_attr(feature = "clap", value(name = "graphml"))]
    #[serde(rename = "graphml")]
    GraphMl,
}

/// The format of embeddings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum EmbeddingFormat {
    /// `node,mean_0,…` rows.
    #[default]
    Csv,
    /// An array for numpy, and its ids in FILE.ids.csv (.npy).
    Npy,
    /// The columns of the CSV as Parquet (.parquet, .pq).
    Parquet,
    /// The text format of word2vec, which gensim reads (.w2v, .vec).
    Word2vec,
    /// For the TensorFlow Embedding Projector: vectors, and ids in FILE.metadata.tsv (.tsv).
    Projector,
}

impl EdgeFormat {
    /// The format that the end of a file's name stands for, in capitals or not, with `.gz` behind it or not: text if
    /// it stands for no other.
    pub fn of_path(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match Path::new(name).extension().and_then(|extension| extension.to_str()) {
            Some("parquet" | "pq") => EdgeFormat::Parquet,
            Some("mtx") => EdgeFormat::MatrixMarket,
            Some("npz") => EdgeFormat::Npz,
            Some("graphml") => EdgeFormat::GraphMl,
            _ => EdgeFormat::Text,
        }
    }
}

impl EmbeddingFormat {
    /// The format that the end of a file's name stands for, in capitals or not: CSV where it has none.
    ///
    /// # Errors
    /// [`Error::Config`] for an end that stands for no format.
    pub fn of_path(path: &Path) -> Result<Self> {
        match ending(path).as_deref() {
            None | Some("csv" | "txt") => Ok(EmbeddingFormat::Csv),
            Some("npy") => Ok(EmbeddingFormat::Npy),
            Some("parquet" | "pq") => Ok(EmbeddingFormat::Parquet),
            Some("w2v" | "vec") => Ok(EmbeddingFormat::Word2vec),
            Some("tsv") => Ok(EmbeddingFormat::Projector),
            Some(_) => Err(unknown_ending(path, ".csv, .npy, .parquet, .w2v or .tsv")),
        }
    }
}

/// The end of a file's name in small letters, without the dot; none of what is no file of its own, such as `-`.
pub(crate) fn ending(path: &Path) -> Option<String> {
    let extension = path.extension().filter(|_| !path.starts_with("/dev") && !path.starts_with("/proc"));
    extension.map(|extension| extension.to_string_lossy().to_lowercase())
}

/// The error of an output whose name ends as none of the `known` formats.
pub(crate) fn unknown_ending(path: &Path, known: &str) -> Error {
    let path = path.display();
    Error::Config(format!(
        "--output {path} ends as no known format; expected {known}, or --format to say which"
    ))
}
