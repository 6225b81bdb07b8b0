//! Charts of the figures of one report, or of several reports overlaid.

use crate::chart::{
    Axis, BarSeries, Bars, Chart, Distribution, Histogram, Lines, Mark, Reference, Scatter, Series, Style,
};
use crate::config::PlotKind;
use crate::report::{Grouping, HeldOut, ProbabilityReliability, Report, figure};
use vgae::train::Epoch;

/// Builds the chart of `kind`, `None` if no report has data for it. Kinds that show one run show the first.
pub fn chart(kind: PlotKind, reports: &[&Report]) -> Option<Chart> {
    match kind {
        PlotKind::Loss => epochs(reports, "Loss", "loss", &LOSSES),
        PlotKind::Kl => epochs(reports, "KL divergence", "nats", &KL),
        PlotKind::Validation => epochs(reports, "Validation", "share", &VALIDATION)
            .or_else(|| epochs(reports, "Validation", "nats per row", &ELBO)),
        PlotKind::Roc => roc(reports),
        PlotKind::Pr => precision_recall(reports),
        PlotKind::Calibration => calibration(reports),
        PlotKind::Scores => reports.first().and_then(|report| scores(report)),
        PlotKind::Degree => reports.first().and_then(|report| degree(report)),
        PlotKind::Latent => reports.first().and_then(|report| latent(report)),
        PlotKind::Embedding => reports.first().and_then(|report| embedding(report)),
    }
}

/// The name of a figure of an epoch, and the function that reads it.
type EpochFigure = (&'static str, fn(&Epoch) -> Option<f64>);

const LOSSES: [EpochFigure; 2] = [
    ("loss", |epoch| Some(epoch.loss)),
    ("reconstruction", |epoch| (epoch.kl != 0.0).then_some(epoch.reconstruction)),
];
const KL: [EpochFigure; 1] = [("KL", |epoch| (epoch.kl != 0.0).then_some(epoch.kl.max(0.0)))];
const VALIDATION: [EpochFigure; 2] = [
    ("AUC", |epoch| epoch.validation_roc_auc),
    ("average precision", |epoch| epoch.validation_average_precision),
];
const ELBO: [EpochFigure; 1] = [("ELBO", |epoch| epoch.validation_elbo)];

/// Builds curves over the epochs: all of `figures` for one run, only the first of them for several runs.
fn epochs(reports: &[&Report], title: &str, label: &str, figures: &[EpochFigure]) -> Option<Chart> {
    let is_alone = reports.len() == 1;
    let figures = if is_alone { figures } else { &figures[..1] };
    let mut series = Vec::new();
    for report in reports {
        // A model may have several networks, trained one after another.
        for epochs_of_network in report.history.chunk_by(|a, b| a.network == b.network) {
            let is_part = epochs_of_network.len() < report.history.len();
            for (name, figure) in figures {
                let point = |epoch: &Epoch| Some((epoch.epoch as f64, figure(epoch)?));
                let points: Vec<(f64, f64)> = epochs_of_network.iter().filter_map(point).collect();
                // Even without points, a run keeps its place, so that it has the same colour in every chart.
                if points.is_empty() && is_alone {
                    continue;
                }
                let network =
                    is_part.then(|| epochs_of_network.first().map(|epoch| epoch.network.as_str())).flatten();
                let run = (!is_alone).then_some(report.name.as_str());
                let name = (is_alone && (figures.len() > 1 || !is_part)).then_some(*name);
                let name = [run, network, name].into_iter().flatten().collect::<Vec<_>>().join(" · ");
                series.push(Series { name, points, style: Style::Line });
            }
        }
    }
    let selected = reports.first().and_then(|report| report.record.selected_epoch).filter(|_| is_alone);
    let marks = selected.map(|epoch| Mark { x: epoch as f64, label: format!("selected epoch {epoch}") });
    series.iter().any(|series| !series.points.is_empty()).then(|| {
        Chart::Lines(Lines {
            title: title.into(),
            x: Axis::new("epoch"),
            y: Axis::new(label),
            series,
            reference: None,
            marks: marks.into_iter().collect(),
        })
    })
}

/// Builds a curve for each held-out part, named after the run if there are several runs.
fn held_out_curves(
    reports: &[&Report],
    style: Style,
    curve: impl Fn(&HeldOut) -> (String, Vec<(f64, f64)>),
) -> Vec<Series> {
    let parts = reports.iter().filter_map(|report| Some((report, report.held_out.as_ref()?)));
    let series = parts.map(|(report, part)| {
        let (figure, points) = curve(part);
        let owner = if reports.len() > 1 { &report.name } else { part.name };
        Series { name: format!("{owner}, {figure}"), points, style }
    });
    series.collect()
}

fn unit_axis(label: &str) -> Axis {
    Axis::new(label).from(0.0, 1.0)
}

fn roc(reports: &[&Report]) -> Option<Chart> {
    let series = held_out_curves(reports, Style::Line, |part| {
        (format!("AUC {:.3}", part.metrics.roc_auc), part.curves.roc.clone())
    });
    (!series.is_empty()).then(|| {
        Chart::Lines(Lines {
            title: "ROC curve".into(),
            x: unit_axis("false positive rate"),
            y: unit_axis("true positive rate"),
            series,
            reference: Some(Reference::Diagonal("chance".into())),
            marks: Vec::new(),
        })
    })
}

fn precision_recall(reports: &[&Report]) -> Option<Chart> {
    let series = held_out_curves(reports, Style::Line, |part| {
        (format!("AP {:.3}", part.metrics.average_precision), part.curves.precision_recall.clone())
    });
    let part = reports.iter().find_map(|report| report.held_out.as_ref())?;
    let level = part.num_edges as f64 / (part.num_edges + part.num_negatives) as f64;
    Some(Chart::Lines(Lines {
        title: "Precision and recall".into(),
        x: unit_axis("recall"),
        y: unit_axis("precision"),
        series,
        reference: Some(Reference::Level(level, "chance".into())),
        marks: Vec::new(),
    }))
}

fn calibration(reports: &[&Report]) -> Option<Chart> {
    let mut series = Vec::new();
    for (report, part) in reports.iter().filter_map(|report| Some((report, report.held_out.as_ref()?))) {
        // With several runs, show only the probabilities that each run reports: the calibrated ones if there
        // are any.
        let reliabilities = if reports.len() > 1 {
            &part.reliabilities[part.reliabilities.len() - 1..]
        } else {
            &part.reliabilities
        };
        for ProbabilityReliability { probability, reliability } in reliabilities {
            let error = figure(reliability.expected_calibration_error);
            let owner = if reports.len() > 1 { &report.name } else { probability };
            // The share of edges in a bin of few pairs would be noise.
            let bins = reliability.bins.iter().filter(|bin| bin.share_of_pairs >= MIN_SHARE_OF_PAIRS);
            series.push(Series {
                name: format!("{owner}, error {error}"),
                points: bins.map(|bin| (bin.mean_probability, bin.share_of_edges)).collect(),
                style: Style::Dots,
            });
        }
    }
    (!series.is_empty()).then(|| {
        Chart::Lines(Lines {
            title: "Reliability".into(),
            x: unit_axis("mean predicted probability"),
            y: unit_axis("share of links"),
            series,
            reference: Some(Reference::Diagonal("perfectly calibrated".into())),
            marks: Vec::new(),
        })
    })
}

/// A reliability diagram leaves out bins with a smaller share of the pairs.
const MIN_SHARE_OF_PAIRS: f64 = 0.01;

fn scores(report: &Report) -> Option<Chart> {
    let part = report.held_out.as_ref()?;
    let distribution =
        |name: &str, heights: &Vec<f64>| Distribution { name: name.into(), heights: heights.clone() };
    Some(Chart::Histogram(Histogram {
        title: "Scores".into(),
        x: Axis::new("logit"),
        y: Axis::new("share of the class"),
        edges: part.histogram.bounds.clone(),
        series: vec![
            distribution("links", &part.histogram.edges),
            distribution("non-links", &part.histogram.negatives),
        ],
    }))
}

fn degree(report: &Report) -> Option<Chart> {
    let part = report.held_out.as_ref()?;
    let buckets = &part.by_degree;
    let values = |metric: fn(&vgae::evaluate::metrics::Metrics) -> f64| {
        buckets.iter().map(|bucket| bucket.metrics.as_ref().map(metric)).collect()
    };
    Some(Chart::Bars(Bars {
        title: "Metrics by degree".into(),
        x_label: "smaller training degree (links/non-links)".into(),
        y: unit_axis("share"),
        categories: buckets.iter().map(|bucket| bucket.smaller_degree.to_string()).collect(),
        notes: buckets
            .iter()
            .map(|bucket| format!("{}/{}", compact(bucket.num_edges), compact(bucket.num_negatives)))
            .collect(),
        series: vec![
            BarSeries { name: "AUC".into(), values: values(|metrics| metrics.roc_auc) },
            BarSeries {
                name: "average precision".into(),
                values: values(|metrics| metrics.average_precision),
            },
        ],
    }))
}

/// Formats a count with few characters: 950, 1.2k, 114k.
fn compact(count: usize) -> String {
    match count {
        0..1000 => count.to_string(),
        1000..10_000 => format!("{:.1}k", count as f64 / 1e3),
        _ => format!("{:.0}k", count as f64 / 1e3),
    }
}

fn latent(report: &Report) -> Option<Chart> {
    let dimensions = &report.latent;
    let is_gaussian = dimensions.first()?.kl.is_some();
    let value = |dimension: &vgae::inspect::Dimension| Some(dimension.kl.unwrap_or(dimension.mean_variance));
    let num_active = dimensions.iter().filter(|dimension| dimension.is_active).count();
    Some(Chart::Bars(Bars {
        title: format!("Latent dimensions, {num_active} of {} active", dimensions.len()),
        x_label: "dimension".into(),
        y: Axis::new(if is_gaussian { "KL, nats" } else { "variance of the mean" }),
        categories: (0..dimensions.len()).map(|at| at.to_string()).collect(),
        notes: Vec::new(),
        series: vec![BarSeries { name: String::new(), values: dimensions.iter().map(value).collect() }],
    }))
}

fn embedding(report: &Report) -> Option<Chart> {
    let map = report.map.as_ref()?;
    let suffix = match map.grouping {
        Grouping::Label => ", by label",
        Grouping::Community => ", by community",
        Grouping::None => "",
    };
    Some(Chart::Scatter(Scatter {
        title: format!("Embeddings ({}{suffix})", map.kind),
        points: map
            .positions
            .iter()
            .map(|position| (f64::from(position[0]), f64::from(position[1])))
            .collect(),
        group: map.group_of.clone(),
        groups: map.groups.iter().map(|group| group.name.clone()).collect(),
    }))
}
