//! File formats, each recognised by the extension of the file name.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The format of an edge list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum EdgeFormat {
    /// Rows of text: CSV, TSV or separated by white space, optionally gzipped.
    #[default]
    Text,
    /// Parquet, as pandas and polars write it (.parquet, .pq).
    Parquet,
    /// Matrix Market coordinates, optionally gzipped (.mtx).
    MatrixMarket,
    /// A sparse matrix that scipy.sparse.save_npz wrote (.npz).
    Npz,
    /// GraphML, optionally gzipped (.graphml).
    #[cfg_attr(feature = "clap", value(name = "graphml"))]
    #[serde(rename = "graphml")]
    GraphMl,
    /// GEXF, as Gephi writes it, optionally gzipped (.gexf).
    Gexf,
    /// Graph Modelling Language, optionally gzipped (.gml).
    Gml,
    /// Pajek, optionally gzipped (.net, .paj).
    Pajek,
    /// The simple interaction format of Cytoscape, optionally gzipped (.sif).
    Sif,
    /// JSON with a list of nodes and a list of links, as networkx and D3 write it, optionally gzipped (.json).
    Json,
}

/// The format of embeddings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum EmbeddingFormat {
    /// Comma-separated `node,mean_0,…` rows (.csv).
    #[default]
    Csv,
    /// An array for numpy, and its ids in FILE.ids.csv (.npy).
    Npy,
    /// The columns of the CSV as Parquet (.parquet, .pq).
    Parquet,
    /// The text format of word2vec, which gensim reads (.w2v, .vec).
    Word2vec,
    /// Vectors for the TensorFlow Embedding Projector, and ids in FILE.metadata.tsv (.tsv).
    Projector,
}

impl EdgeFormat {
    /// Returns the format of the file extension, whatever its case and with or without `.gz`; text for any other
    /// extension.
    pub fn from_path(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match Path::new(name).extension().and_then(|extension| extension.to_str()) {
            Some("parquet" | "pq") => EdgeFormat::Parquet,
            Some("mtx") => EdgeFormat::MatrixMarket,
            Some("npz") => EdgeFormat::Npz,
            Some("graphml") => EdgeFormat::GraphMl,
            Some("gexf") => EdgeFormat::Gexf,
            Some("gml") => EdgeFormat::Gml,
            Some("net" | "paj") => EdgeFormat::Pajek,
            Some("sif") => EdgeFormat::Sif,
            Some("json") => EdgeFormat::Json,
            _ => EdgeFormat::Text,
        }
    }

    /// Returns the usual name of the format, as in `Matrix Market`.
    pub fn name(self) -> &'static str {
        match self {
            EdgeFormat::Text => "text",
            EdgeFormat::Parquet => "Parquet",
            EdgeFormat::MatrixMarket => "Matrix Market",
            EdgeFormat::Npz => "npz",
            EdgeFormat::GraphMl => "GraphML",
            EdgeFormat::Gexf => "GEXF",
            EdgeFormat::Gml => "GML",
            EdgeFormat::Pajek => "Pajek",
            EdgeFormat::Sif => "SIF",
            EdgeFormat::Json => "JSON",
        }
    }
}

impl EmbeddingFormat {
    /// Returns the format of the file extension, whatever its case; CSV if there is none.
    ///
    /// # Errors
    /// [`Error::UnknownFormat`] for an unknown extension.
    pub fn from_path(path: &Path) -> Result<Self> {
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

/// Returns the extension of a file in lower case, without the dot; `None` for `-` and devices.
pub(crate) fn ending(path: &Path) -> Option<String> {
    let extension = path.extension().filter(|_| !path.starts_with("/dev") && !path.starts_with("/proc"));
    extension.map(|extension| extension.to_string_lossy().to_lowercase())
}

/// Returns the error for an output whose extension is none of the `known` ones.
pub(crate) fn unknown_ending(path: &Path, known: &'static str) -> Error {
    Error::UnknownFormat { path: path.to_path_buf(), known }
}
