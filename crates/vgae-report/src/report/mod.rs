//! Reports of a run: did it learn, can it be trusted, what did it find.
//!
//! A [`Report`] holds the figures, independent of how they are shown; [`text()`], [`page()`] and [`chart()`]
//! show them.
//!
//! # Examples
//! ```
//! use vgae::config::Config;
//! use vgae_report::config::{MapKind, ReportConfig};
//! use vgae_report::report::Report;
//! use vgae::run::{self, Run, RunDir, Timings};
//! use vgae::write::Existing;
//! use vgae::progress::Progress;
//! use vgae::{evaluate::RunMetrics, read, split, train};
//!
//! let directory = tempfile::tempdir().unwrap();
//! let path = directory.path().join("karate");
//! let mut config = Config::default();
//! config.train.epochs = Some(20);
//! let graph = read::data("../../datasets/karate".as_ref(), &config.read, &Progress::default())?;
//! let split = split::edges(&graph, &config.split, config.seed)?;
//! let making = RunDir::create(&path, &config, &graph, &split, Existing::Keep)?;
//! let trained = train::fit(None, &split, &config, |_| {})?;
//! let encoded = trained.model.encode(&split.train, None)?;
//! let metrics = RunMetrics::compute(&trained.model, &*encoded.score, &split, None, &config)?;
//! making.finish(&graph, &trained, &encoded, &metrics, Timings::default())?;
//!
//! let run = Run::open(&path)?;
//! let config = ReportConfig { map: MapKind::Pca, map_nodes: 30, top: 5 };
//! let history = run::read_history(&path)?;
//! let report = Report::new("karate".into(), &run, &run.encode()?, &metrics, None, history, &config)?;
//! assert_eq!((report.links.best.len(), report.history.len()), (5, 20));
//! assert_eq!(report.held_out.as_ref().map(|part| part.metrics), metrics.links.test);
//! assert!(report.baselines.len() > 3 && !report.findings.is_empty());
//! assert_eq!(report.map.as_ref().map(|map| map.nodes.len()), Some(30));
//! # Ok::<(), vgae_report::Error>(())
//! ```

mod baselines;
mod charts;
mod findings;
mod links;
mod map;
mod page;
mod page_data;
mod page_tables;
mod part;
mod text;

use hashbrown::HashMap;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::Result;
use crate::config::{MapKind, ReportConfig};
use vgae::config::BaselineKind;
use vgae::evaluate::metrics::Metrics;
use vgae::evaluate::ranking::RankingMetrics;
use vgae::evaluate::{PartRowMetrics, RunMetrics, Scored};
use vgae::graph::transform::transform;
use vgae::graph::{EdgeList, NodeIds};
use vgae::inspect::{self, Dimension};
use vgae::model::Encoded;
use vgae::run::{Record, Run};
use vgae::train::Epoch;

pub use baselines::BaselineMetrics;
pub use charts::chart;
pub use findings::{Finding, Question};
pub use links::{Link, Links, Scope};
pub use map::{Group, Grouping, Map};
pub use page::{colours, page};
pub use part::{HeldOut, Histogram, ProbabilityReliability};
pub use text::text;

/// Everything that a report shows about one run.
pub struct Report {
    /// The name of the run.
    pub name: String,
    /// The contents of `run.json`.
    pub record: Record,
    /// The answers to the [`Question`]s.
    pub findings: Vec<Finding>,
    /// The metrics of the validation part.
    pub validation: Option<Metrics>,
    /// The figures of the test part, or of the validation part if no test part was held out.
    pub held_out: Option<HeldOut>,
    /// The same links among all pairs of the graph.
    pub ranking: Option<RankingMetrics>,
    /// Scores that need no training, measured on the same edges and negatives, best first.
    pub baselines: Vec<BaselineMetrics>,
    /// Scores that need no training but would take too long on this graph.
    pub skipped_baselines: Vec<BaselineKind>,
    /// The metrics of the held-out rows, if the model is a VAE.
    pub rows: Option<PartRowMetrics>,
    /// The mean squared error of predicting the mean of each column, if the model is a VAE.
    pub mean_variance: Option<f64>,
    /// All epochs.
    pub history: Vec<Epoch>,
    /// The latent dimensions, in order; empty for a score that needs no training.
    pub latent: Vec<Dimension>,
    /// The nodes in two dimensions; `None` without embeddings or if the settings disable the map.
    pub map: Option<Map>,
    /// The predicted links.
    pub links: Links,
    /// The ids of the n nodes.
    pub nodes: NodeIds,
    /// The neighbours of each node on the map, over all edges of the graph, ascending.
    pub neighbours: HashMap<u32, Vec<u32>>,
    /// Notes on parts that are left out, one sentence each.
    pub notes: Vec<String>,
}

impl Report {
    /// Builds the report `name` of a run from its encoded graph, its metrics ([`Run::evaluate`]), the ranks of its
    /// held-out links ([`Run::ranking`]; `None` leaves them out) and its epochs.
    ///
    /// Takes O(m log m) time for m held-out pairs and each of some hundred bootstrap resamples; see [`Links`]
    /// and [`Map`] for the cost of the predicted links and the map. The same run gives the same report.
    ///
    /// # Errors
    /// Returns [`vgae::Error::Config`] for settings out of bounds, and [`vgae::Error::NotANumber`] if the
    /// model has diverged.
    pub fn new(
        name: String,
        run: &Run,
        encoded: &Encoded,
        metrics: &RunMetrics,
        ranking: Option<RankingMetrics>,
        history: Vec<Epoch>,
        config: &ReportConfig,
    ) -> Result<Report> {
        config.validate()?;
        let Run { record, graph, split, .. } = run;
        let seed = record.config.seed;
        let RunMetrics { links: metrics, rows } = *metrics;
        let part = match (split.test.is_empty(), split.validation.is_empty()) {
            (false, _) => Some(("test", &split.test)),
            (true, false) => Some(("validation", &split.validation)),
            (true, true) => None,
        };
        let held_out = part.map(|(name, part)| {
            HeldOut::measure(
                name,
                &Scored::of_part(&*encoded.score, part),
                &split.train,
                record.calibration.as_ref(),
                seed,
            )
        });
        let held_out = held_out.transpose()?;
        let (baselines, skipped_baselines) = match part {
            Some((_, part)) => baselines::measure(run, part)?,
            None => Default::default(),
        };

        let has_graph = !graph.edges.is_empty();
        let sample =
            links::sample_nodes(graph.num_nodes(), config.map_nodes, &mut ChaCha8Rng::seed_from_u64(seed));
        let builder = has_graph.then(|| links::LinkBuilder::new(run));
        let mut links = match &builder {
            Some(builder) => Links::find(builder, encoded, &sample, config.top),
            None => Links::default(),
        };
        let map = match (&encoded.embeddings, config.map) {
            (None, _) | (_, MapKind::None) => None,
            (Some(embeddings), kind) => {
                let found = links.best.iter().flat_map(|link| [link.pair.0, link.pair.1]);
                let nodes = links::choose_nodes(found, &sample, config.map_nodes);
                if let Some(builder) = &builder {
                    links.add_of_nodes(builder, encoded, &nodes);
                }
                Some(Map::new(kind, &embeddings.mean, nodes, graph, &split.train, seed))
            }
        };
        let neighbours = map.as_ref().map(|map| neighbours(&map.nodes, &graph.edges)).unwrap_or_default();
        let latent = encoded.embeddings.as_ref().map(inspect::dimensions).unwrap_or_default();
        let mut notes: Vec<String> = links.note().into_iter().collect();
        if record.config.read.directed && !record.config.model.model.is_directed() && has_graph {
            notes.push(
                "The model ignores the directions of the edges and scores both directions alike.".into(),
            );
        }
        let mut report = Report {
            name,
            record: record.clone(),
            findings: Vec::new(),
            validation: metrics.validation,
            held_out,
            ranking,
            baselines,
            skipped_baselines,
            mean_variance: rows.and_then(|_| mean_variance(run)),
            rows,
            history,
            latent,
            map,
            links,
            nodes: graph.nodes.clone(),
            neighbours,
            notes,
        };
        report.findings = findings::answers(&report);
        Ok(report)
    }
}

/// Returns the mean over the columns of X, transformed as for the VAE, of their variance over all rows.
fn mean_variance(run: &Run) -> Option<f64> {
    let features = transform(run.graph.features()?, run.record.config.model.feature_transform());
    let mut sums = vec![[0.0f64; 2]; features.cols()];
    for (column, value) in (0..features.rows()).flat_map(|row| features.row_entries(row)) {
        sums[column][0] += f64::from(value);
        sums[column][1] += f64::from(value).powi(2);
    }
    let n = features.rows() as f64;
    let variances = sums.iter().map(|[sum, squares]| squares / n - (sum / n).powi(2));
    Some(variances.sum::<f64>() / features.cols() as f64)
}

/// Returns the neighbours of each of `nodes`, ascending.
fn neighbours(nodes: &[u32], edges: &EdgeList) -> HashMap<u32, Vec<u32>> {
    let mut neighbours: HashMap<u32, Vec<u32>> = nodes.iter().map(|&node| (node, Vec::new())).collect();
    for &(u, v) in edges.pairs() {
        for (node, other) in [(u, v), (v, u)] {
            if let Some(list) = neighbours.get_mut(&node) {
                list.push(other);
            }
        }
    }
    for list in neighbours.values_mut() {
        list.sort_unstable();
        // In a directed graph, two nodes can have an edge in each direction.
        list.dedup();
    }
    neighbours
}

/// Formats a number with four significant digits: 0.9312, 0.00002104 as 2.104e-5.
pub fn figure(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let magnitude = value.abs().log10().floor();
    match (-4.0..6.0).contains(&magnitude) {
        true => format!("{value:.*}", (3.0 - magnitude).max(0.0) as usize),
        false => format!("{value:.3e}"),
    }
}

#[cfg(test)]
mod tests;
