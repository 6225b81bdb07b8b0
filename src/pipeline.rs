//! The steps from an input file to a finished run, shared by `vgae train` and `vgae reproduce`.
//!
//! # Examples
//! ```
//! use vgae::config::Config;
//! use vgae::pipeline::{self, Evaluated};
//! use vgae::train;
//! use vgae::progress::Watch;
//!
//! let (mut config, watch) = (Config::default(), Watch::default());
//! config.train.epochs = Some(3);
//! let graph = pipeline::read("datasets/karate".as_ref(), &config, &watch)?;
//! let split = pipeline::split(&graph, &config, None)?;
//! let trained = train::fit(graph.features(), &split, &config, |_| {})?;
//! let Evaluated { metrics, calibrator, .. } = pipeline::evaluate(&trained.model, &graph, &split, &config, &watch)?;
//! assert!(metrics.links.test.is_some() && calibrator.is_none());
//! # Ok::<(), vgae::Error>(())
//! ```

use std::path::Path;

use crate::config::{Config, FeatureSource, ModelKind};
use crate::error::Result;
use crate::evaluate::RunMetrics;
use crate::evaluate::calibrate::{Calibrator, Population};
use crate::graph::Graph;
use crate::model::{Encoded, Model};
use crate::progress::Watch;
use crate::split::{Part, Split};
use crate::{read, run, split};

/// Reads `data` for the model of `config`: a graph or, for a VAE, possibly only rows of features.
///
/// # Errors
/// Returns the errors of [`read::data`] and [`read::rows`].
pub fn read(data: &Path, config: &Config, watch: &Watch) -> Result<Graph> {
    let is_vae = config.model.model == ModelKind::Vae;
    // A VAE can learn from rows of features without a graph, unless the features come from another file.
    let has_only_rows = is_vae && config.read.features == FeatureSource::Auto && read::has_rows_alone(data);
    match has_only_rows {
        true => read::rows_watched(data, watch),
        false => read::data_watched(data, &config.read, watch),
    }
}

/// Splits `graph` as set in `config`, or reads the split from the directory `from`.
///
/// # Errors
/// Returns the errors of [`split::directed`] and [`run::read_split`].
pub fn split(graph: &Graph, config: &Config, from: Option<&Path>) -> Result<Split> {
    match from {
        Some(directory) => run::read_split(directory, graph),
        // Rows of features without a graph have no edges to hold out.
        None if graph.edges.is_empty() => {
            Ok(Split { train: graph.edges.clone(), validation: Part::default(), test: Part::default() })
        }
        None => split::directed(graph, config.split.task, &config.split, config.seed),
    }
}

/// The results of a trained model on its graph.
pub struct Evaluated {
    /// The embeddings and the score of pairs.
    pub encoded: Encoded,
    /// The metrics of the held-out parts.
    pub metrics: RunMetrics,
    /// The calibrator, if `config` sets one.
    pub calibrator: Option<Calibrator>,
}

/// Encodes `graph` with message passing over the training edges of `split`, evaluates the held-out parts, and
/// fits a calibrator if `config` sets one.
///
/// # Errors
/// Returns the errors of [`Model::encode`], [`RunMetrics::of`], [`Population::draw`] and
/// [`Population::calibrate`].
pub fn evaluate(
    model: &Model,
    graph: &Graph,
    split: &Split,
    config: &Config,
    watch: &Watch,
) -> Result<Evaluated> {
    let encoded = model.encode(&split.train, graph.features())?;
    let metrics = RunMetrics::of(model, &*encoded.score, split, graph.features(), config)?;
    let calibrator = match config.calibrate {
        None => None,
        Some(method) => {
            watch.begin("calibrating");
            let population = Population::draw(&*encoded.score, &graph.edges, split, config.seed)?;
            Some(population.calibrate(method)?)
        }
    };
    Ok(Evaluated { encoded, metrics, calibrator })
}
