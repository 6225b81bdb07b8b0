//! What there is to see of a run: did it learn, can it be trusted, what did it find.
//!
//! A [`Report`] holds the figures, in order; nothing in it depends on how they are shown.
//!
//! # Examples
//! ```
//! use vgae::config::{Config, MapKind, ReportConfig};
//! use vgae_report::report::Report;
//! use vgae::run::{self, Run, RunDir, Timings};
//! use vgae::write::Existing;
//! use vgae::{evaluate::RunMetrics, read, split, train};
//!
//! let directory = tempfile::tempdir().unwrap();
//! let path = directory.path().join("karate");
//! let mut config = Config::default();
//! config.train.epochs = Some(20);
//! let graph = read::data("datasets/karate".as_ref(), &config.read)?;
//! let split = split::edges(&graph, &config.split, config.seed)?;
//! let making = RunDir::create(&path, &config, &graph, &split, Existing::Keep)?;
//! let trained = train::fit(None, &split, &config, |_| {})?;
//! let encoded = trained.model.encode(&split.train, None)?;
//! let metrics = RunMetrics::of(&trained.model, &*encoded.score, &split, None, &config)?;
//! making.finish(&graph, &trained, &encoded, &metrics, Timings::default())?;
//!
//! let run = Run::open(&path)?;
//! let config = ReportConfig { map: MapKind::Pca, map_nodes: 30, top: 5 };
//! let history = run::read_history(&path)?;
//! let report = Report::of("karate".into(), &run, &run.encode()?, &metrics, history, &config)?;
//! assert_eq!((report.links.best.len(), report.history.len()), (5, 20));
//! assert_eq!(report.held_out.as_ref().map(|part| part.metrics), metrics.links.test);
//! assert!(report.standings.len() > 3 && !report.findings.is_empty());
//! assert_eq!(report.map.as_ref().map(|map| map.nodes.len()), Some(30));
//! # Ok::<(), vgae::Error>(())
//! ```

mod charts;
mod findings;
mod links;
mod map;
mod page;
mod page_data;
mod page_tables;
mod part;
mod standing;
mod text;

use hashbrown::HashMap;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::error::Result;
use vgae::config::{BaselineKind, MapKind, ReportConfig};
use vgae::evaluate::metrics::Metrics;
use vgae::evaluate::{PartRowMetrics, RunMetrics};
use vgae::graph::transform::transform;
use vgae::graph::{EdgeList, NodeIds};
use vgae::inspect::{self, Dimension};
use vgae::model::Encoded;
use vgae::run::{Record, Run};
use vgae::train::Epoch;

pub use charts::chart;
pub use findings::{Finding, Question};
pub use links::{Link, Links, Scope};
pub use map::{Group, Grouping, Map};
pub use page::{colours, page};
pub use part::{Claim, HeldOut, Histogram};
pub use standing::Standing;
pub use text::text;

/// Everything that a report shows of one run.
pub struct Report {
    /// What the run is called.
    pub name: String,
    /// What `run.json` says.
    pub record: Record,
    /// The answers, in a sentence or two each.
    pub findings: Vec<Finding>,
    /// The metrics of the validation part.
    pub validation: Option<Metrics>,
    /// The figures of the test part, or of the validation part where no test was held out.
    pub held_out: Option<HeldOut>,
    /// The same edges and negatives by scores that need no training, best first.
    pub standings: Vec<Standing>,
    /// Those of such scores that would take long here.
    pub left_out: Vec<BaselineKind>,
    /// How well held-out rows are described, of a VAE.
    pub rows: Option<PartRowMetrics>,
    /// The mean squared error of a VAE that knew the mean of each column and nothing more.
    pub mean_variance: Option<f64>,
    /// Every epoch.
    pub history: Vec<Epoch>,
    /// The latent dimensions in their order; none for a score that needs no training.
    pub latent: Vec<Dimension>,
    /// The nodes in two dimensions; none without embeddings, or if it is not wanted.
    pub map: Option<Map>,
    /// What was found.
    pub links: Links,
    /// The ids of the n nodes.
    pub nodes: NodeIds,
    /// The neighbours of the nodes on the map, by any edge of the graph, ascending.
    pub neighbours: HashMap<u32, Vec<u32>>,
    /// What the report leaves out and why, a sentence each.
    pub notes: Vec<String>,
}

impl Report {
    /// The report, named `name`, of a run, what its model says of the graph, its [`Run::evaluate`] and its epochs.
    ///
    /// O(m log m) time for m held-out pairs and some hundred bootstrap resamples of them; for the predicted links see
    /// [`Links`], for the map [`Map`]. The same run gives the same report.
    ///
    /// # Errors
    /// [`crate::Error::Config`] for settings out of bounds, [`crate::Error::NotANumber`] if the model has diverged.
    pub fn of(
        name: String,
        run: &Run,
        encoded: &Encoded,
        metrics: &RunMetrics,
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
            HeldOut::of(
                name,
                &standing::scored(&*encoded.score, part),
                &split.train,
                record.calibration.as_ref(),
                seed,
            )
        });
        let held_out = held_out.transpose()?;
        let (standings, left_out) = match part {
            Some((_, part)) => standing::all(run, part)?,
            None => Default::default(),
        };

        let has_graph = !graph.edges.is_empty();
        let drawn = links::draw(graph.num_nodes(), config.map_nodes, &mut ChaCha8Rng::seed_from_u64(seed));
        let describer = has_graph.then(|| links::Describer::new(run));
        let mut links = match &describer {
            Some(describer) => Links::find(describer, encoded, &drawn, config.top),
            None => Links::default(),
        };
        let map = match (&encoded.embeddings, config.map) {
            (None, _) | (_, MapKind::None) => None,
            (Some(embeddings), kind) => {
                let found = links.best.iter().flat_map(|link| [link.pair.0, link.pair.1]);
                let nodes = links::chosen(found, &drawn, config.map_nodes);
                if let Some(describer) = &describer {
                    links.add_of_nodes(describer, encoded, &nodes);
                }
                Some(Map::of(kind, &embeddings.mean, nodes, graph, &split.train, seed))
            }
        };
        let neighbours = map.as_ref().map(|map| neighbours(&map.nodes, &graph.edges)).unwrap_or_default();
        let latent = encoded.embeddings.as_ref().map(inspect::dimensions).unwrap_or_default();
        let mut notes: Vec<String> = links.note().into_iter().collect();
        if record.config.read.directed && !record.config.model.model.is_directed() && has_graph {
            notes.push(
                "The model learns without the directions of the edges, and scores both ways alike.".into(),
            );
        }
        let mut report = Report {
            name,
            record: record.clone(),
            findings: Vec::new(),
            validation: metrics.validation,
            held_out,
            standings,
            left_out,
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
        report.findings = findings::of(&report);
        Ok(report)
    }
}

/// The mean over the columns of X, as a VAE sees it, of their variance over all rows.
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

fn neighbours(nodes: &[u32], edges: &EdgeList) -> HashMap<u32, Vec<u32>> {
    let mut neighbours: HashMap<u32, Vec<u32>> = nodes.iter().map(|&node| (node, Vec::new())).collect();
    for &(u, v) in edges.pairs() {
        for (node, other) in [(u, v), (v, u)] {
            if let Some(of_node) = neighbours.get_mut(&node) {
                of_node.push(other);
            }
        }
    }
    for of_node in neighbours.values_mut() {
        of_node.sort_unstable();
        // With directions, two nodes may have two edges.
        of_node.dedup();
    }
    neighbours
}

/// A number with four significant digits: 0.9312, 0.00002104 as 2.104e-5.
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
