//! Compares the split of a run with its settings, and recomputes the results: the embeddings by message passing over
//! the training edges only, and the metrics from the embeddings.

use std::path::Path;

use ndarray::Array2;
use serde_json::Value;

use crate::audit::{Offence, Place, Report, Rule};
use crate::config::SplitConfig;
use crate::error::{Error, Result};
use crate::evaluate::RunMetrics;
use crate::graph::NodeIds;
use crate::model::decoder::EmbeddingScorer;
use crate::model::network::Embeddings;
use crate::model::{Encoded, Model};
use crate::progress::Progress;
use crate::read::{RowReader, parse_finite};
use crate::run::{Run, read_json};
use crate::split::Split;
use crate::split::by_link::PARTS;

/// The tolerance for the embedding of a node, as a share of the largest value of the node. On the machine
/// that trained, stored and recomputed embeddings are bit-identical; another machine rounds and sums
/// differently, by about 1e-6. One more edge at a node of degree k shifts its embedding by about 1/k, which
/// is far more.
const SHARE_OF_NODE: f32 = 1e-4;
/// The additional tolerance, as a share of the largest value of all nodes.
const SHARE_OF_ALL: f32 = 1e-5;

/// The tolerance for a metric of the same scores.
const METRIC_TOLERANCE: f64 = 1e-9;
/// The tolerance for a metric of feature rows, as a share of the metric.
const ROW_METRIC_TOLERANCE: f64 = 1e-4;

/// Reports where the split of the run at `path` does not follow from its settings, and the embeddings and metrics that
/// do not follow from its training edges.
pub(super) fn check(path: &Path, report: &mut Report) -> Result<()> {
    let run = Run::open(path)?;
    check_split(path, &run, report);
    let Encoded { embeddings, score } = run.encode()?;
    let Some(Embeddings { mean: expected, .. }) = embeddings else {
        return check_metrics(path, &run.evaluate(&*score)?, report);
    };
    let file = path.join("embeddings.csv");
    let stored = read_embeddings(&file, &run.graph.nodes, expected.ncols())?;
    check_embeddings(path, &run, &stored, &expected, report);
    // The stored embeddings are exact, so metrics computed from them are the same on every machine.
    let metrics = match &run.model {
        Model::Network(network) => run.evaluate(&EmbeddingScorer::new(stored.mean, network.decoder()))?,
        _ => run.evaluate(&*score)?,
    };
    check_metrics(path, &metrics, report)
}

/// Reports what the settings of `run` promise of its split and the lists do not hold. The settings say nothing of a
/// split that was made elsewhere.
fn check_split(path: &Path, run: &Run, report: &mut Report) {
    if run.record.split_from.is_some() {
        return;
    }
    let mut push = |list: &str, problem: String| {
        report.push(Rule::SplitSettings, || Offence {
            rule: Rule::SplitSettings,
            place: Place { file: path.join(format!("split/{list}.csv")), line: None },
            pair: None,
            other: Some(Place { file: path.join("run.json"), line: None }),
            problem,
        });
    };
    let SplitConfig { negatives_ratio, keep_connected, fold, .. } = run.record.config.split;
    let Split { train, validation, test, .. } = &run.split;
    for (name, part) in PARTS.into_iter().zip([validation, test]) {
        let (num_edges, num_negatives) = (part.edges.len(), part.negatives.len());
        if num_negatives != num_edges * negatives_ratio {
            let problem = format!(
                "holds {num_negatives} negatives for {num_edges} edges; run.json says {negatives_ratio} for each"
            );
            push(&format!("{name}_negatives"), problem);
        }
    }
    let (found, expected) = (train.num_components(), run.graph.edges.num_components());
    if keep_connected && found != expected {
        let problem = format!(
            "has {found} connected components, the whole graph {expected}; run.json says that they are kept"
        );
        push("train", problem);
    }
    let num_edges = run.graph.edges.len();
    if let Some(fold) = fold.filter(|fold| fold.range(num_edges).len() != test.edges.len()) {
        let problem = format!(
            "holds {} edges; run.json says that it is fold {fold} of {num_edges} edges",
            test.edges.len()
        );
        push("test", problem);
    }
}

/// Reports the nodes whose `stored` embedding differs from the `expected` one.
fn check_embeddings(path: &Path, run: &Run, stored: &Stored, expected: &Array2<f32>, report: &mut Report) {
    let file = path.join("embeddings.csv");
    let largest =
        |values: ndarray::ArrayView1<f32>| values.iter().fold(0.0f32, |most, value| most.max(value.abs()));
    let largest_of_all = expected.rows().into_iter().map(largest).fold(0.0, f32::max);
    for (node, (found, expected)) in stored.mean.rows().into_iter().zip(expected.rows()).enumerate() {
        let tolerance = SHARE_OF_NODE * largest(expected) + SHARE_OF_ALL * largest_of_all;
        let differs =
            |(found, expected): (&f32, &f32)| found.is_nan() || (found - expected).abs() > tolerance;
        if let Some(k) = found.iter().zip(expected).position(differs) {
            report.push(Rule::Embeddings, || Offence {
                rule: Rule::Embeddings,
                place: Place { file: file.clone(), line: Some(stored.lines[node]) },
                pair: None,
                other: Some(Place { file: path.join("split/train.csv"), line: None }),
                problem: format!(
                    "mean_{k} of node {} is {}; message passing over train.csv alone gives {}",
                    run.graph.nodes.id(node as u32),
                    found[k],
                    expected[k]
                ),
            });
        }
    }
}

fn check_metrics(path: &Path, metrics: &RunMetrics, report: &mut Report) -> Result<()> {
    let file = path.join("metrics.json");
    let damaged = |problem: String| Error::Run { path: file.clone(), problem };
    let text = read_json(&file)?;
    let found: Value = serde_json::from_slice(&text).map_err(|source| damaged(source.to_string()))?;
    let expected = serde_json::to_value(metrics).map_err(|source| damaged(source.to_string()))?;
    let links = (&expected, &found, METRIC_TOLERANCE);
    // Metrics of rows are computed from weights and features, with other rounding errors on another machine.
    let rows = (&expected["rows"], &found["rows"], ROW_METRIC_TOLERANCE);
    for ((expected, found, tolerance), part) in
        [links, rows].iter().flat_map(|of| PARTS.map(|part| (of, part)))
    {
        let unexpected = found[part].as_object().into_iter().flatten();
        let unexpected = unexpected.filter(|(metric, _)| expected[part].get(metric.as_str()).is_none());
        for (metric, value) in unexpected {
            report.push(Rule::Metrics, || Offence {
                rule: Rule::Metrics,
                place: Place { file: file.clone(), line: None },
                pair: None,
                other: None,
                problem: format!("{metric} of the {part} part is {value}; the run gives none"),
            });
        }
        for (metric, expected) in expected[part].as_object().into_iter().flatten() {
            let Some(expected) = expected.as_f64() else { continue };
            let found = &found[part][metric];
            let tolerance = tolerance * expected.abs().max(1.0);
            if found.as_f64().is_some_and(|found| (found - expected).abs() <= tolerance) {
                continue;
            }
            report.push(Rule::Metrics, || Offence {
                rule: Rule::Metrics,
                place: Place { file: file.clone(), line: None },
                pair: None,
                other: Some(Place { file: path.join("embeddings.csv"), line: None }),
                problem: format!("{metric} of the {part} part is {found}; the run gives {expected}"),
            });
        }
    }
    Ok(())
}

/// The contents of `embeddings.csv`.
struct Stored {
    /// μ, [n, d].
    mean: Array2<f32>,
    /// The line of each node.
    lines: Vec<u64>,
}

/// Reads rows `node,mean_0,…`, which must list `nodes` in order, each with `num_dimensions` numbers.
fn read_embeddings(path: &Path, nodes: &NodeIds, num_dimensions: usize) -> Result<Stored> {
    let mut reader = RowReader::open(path, &Progress::default())?;
    reader.advance()?;
    let mut values = Vec::with_capacity(nodes.len() * num_dimensions);
    let mut lines = Vec::with_capacity(nodes.len());
    for id in nodes.iter() {
        if !reader.advance()? {
            let problem = format!("holds {} nodes; the run has {}", lines.len(), nodes.len());
            return Err(reader.file_error(problem));
        }
        if reader.field(0) != id || reader.len() <= num_dimensions {
            let problem = format!("expected node {id} and {num_dimensions} numbers");
            return Err(reader.error(problem));
        }
        for at in 1..=num_dimensions {
            // A NaN differs from every expected number, so anything that is not a finite number is reported.
            values.push(parse_finite(reader.field(at)).unwrap_or(f32::NAN));
        }
        lines.push(reader.line_number());
    }
    let mean = Array2::from_shape_vec((nodes.len(), num_dimensions), values)
        .map_err(|source| Error::Run { path: path.to_path_buf(), problem: source.to_string() })?;
    Ok(Stored { mean, lines })
}
