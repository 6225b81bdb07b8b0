//! The whole way from a file to an evaluated model: read, split, train, evaluate. Uses `config`, `error`,
//! `evaluate`, `graph`, `model`, `progress`, `read`, `split` and `train`.
//!
//! # Examples
//! ```
//! use vgae::config::Config;
//! use vgae::pipeline;
//!
//! let mut config = Config::default();
//! config.train.epochs = Some(3);
//! let finished = pipeline::run("datasets/karate".as_ref(), &config, |epoch| println!("loss {:.4}", epoch.loss))?;
//! assert_eq!(finished.trained.history.len(), 3);
//! assert!(finished.evaluated.metrics.links.test.is_some() && finished.evaluated.calibrator.is_none());
//! # Ok::<(), vgae::Error>(())
//! ```

use std::path::Path;

use crate::config::{Config, FeatureSource, ModelKind, SplitConfig};
use crate::error::{Error, Result};
use crate::evaluate::RunMetrics;
use crate::evaluate::calibrate::{Calibrator, Population};
use crate::graph::Graph;
use crate::model::{Encoded, Model};
use crate::progress::Progress;
use crate::split::Split;
use crate::train::{Epoch, Trained};
use crate::{read, split, train};

/// A graph, its split, and the model that was trained on it and evaluated.
pub struct Finished {
    /// The graph with all its edges.
    pub graph: Graph,
    /// The edges for training, validation and test, and the negatives.
    pub split: Split,
    /// The model and its epochs.
    pub trained: Trained,
    /// The embeddings, the scores of pairs and the metrics.
    pub evaluated: Evaluated,
}

/// Goes the whole way: reads `data`, splits its edges, trains the model of `config` and evaluates it. Calls `on_epoch`
/// after each epoch. The functions below are its steps, for callers that do something between them.
///
/// # Errors
/// Returns the errors of [`Config::validate`], [`fn@read`], [`fn@split`], [`train::fit`] and [`fn@evaluate`].
pub fn run(data: &Path, config: &Config, on_epoch: impl FnMut(&Epoch)) -> Result<Finished> {
    let progress = Progress::default();
    config.validate()?;
    let graph = read(data, config, &progress)?;
    let split = split(&graph, config, None)?;
    let trained = train::fit(graph.features(), &split, config, on_epoch)?;
    let evaluated = evaluate(&trained.model, &graph, &split, config, &progress)?;
    Ok(Finished { graph, split, trained, evaluated })
}

/// Reads `data` for the model of `config`: a graph or, for a VAE, possibly only rows of features.
///
/// # Errors
/// Returns the errors of [`read::data`] and [`read::rows`].
pub fn read(data: &Path, config: &Config, progress: &Progress) -> Result<Graph> {
    let is_vae = config.model.model == ModelKind::Vae;
    // A VAE can learn from rows of features without a graph, unless the features come from another file.
    let has_only_rows = is_vae && config.read.features == FeatureSource::Auto && read::has_rows_alone(data);
    match has_only_rows {
        true => read::rows(data, progress),
        false => read::data(data, &config.read, progress),
    }
}

/// Splits `graph` as set in `config`, or reads the split from the directory `from`.
///
/// # Errors
/// Returns the errors of [`split::with_task`] and [`split::read_split`]; [`Error::Config`] for settings that have no
/// effect on data without edges.
pub fn split(graph: &Graph, config: &Config, from: Option<&Path>) -> Result<Split> {
    match from {
        Some(directory) => split::read_split(directory, graph, config.seed),
        // Rows of features without a graph have no edges to hold out.
        None if graph.edges.is_empty() => {
            let SplitConfig { keep_connected, negatives_ratio, .. } = config.split;
            let idle =
                [("split.keep_connected", keep_connected), ("split.negatives_ratio", negatives_ratio != 1)];
            if let Some((setting, _)) = idle.into_iter().find(|(_, is_set)| *is_set) {
                let problem = format!("`{setting}` has no effect: the data has no edges; leave it out");
                return Err(Error::config(setting, problem));
            }
            Ok(Split { train: graph.edges.clone(), ..Split::default() })
        }
        None => split::with_task(graph, config.split.task, &config.split, config.seed),
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
/// Returns the errors of [`Model::encode`], [`RunMetrics::compute`], [`Population::draw`] and
/// [`Population::calibrate`].
pub fn evaluate(
    model: &Model,
    graph: &Graph,
    split: &Split,
    config: &Config,
    progress: &Progress,
) -> Result<Evaluated> {
    let encoded = model.encode(&split.train, graph.features())?;
    let metrics = RunMetrics::compute(model, &*encoded.score, split, graph.features(), config)?;
    let calibrator = match config.calibrate {
        None => None,
        Some(method) => {
            progress.begin("calibrating");
            let population = Population::draw(&*encoded.score, &graph.edges, split, config.seed)?;
            Some(population.calibrate(method)?)
        }
    };
    Ok(Evaluated { encoded, metrics, calibrator })
}
