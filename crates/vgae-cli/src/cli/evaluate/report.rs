//! The metrics of each part, as tables or as one JSON object.

use std::collections::BTreeMap;
use std::io::Write;

use crate::Result;
use serde::{Serialize, Serializer};
use vgae::evaluate::calibrate::{Bin, Calibrator, Population, Reliability};
use vgae::evaluate::metrics::{Calibration, Interval, Intervals, LEVEL, Metrics};
use vgae::evaluate::negatives::Negatives;
use vgae::evaluate::{DegreeMetrics, Scored};
use vgae::model::score::probability;
use vgae::split::Split;
use vgae::write::Output;

use super::source::Source;
use super::{Args, write_json};
use crate::cli::stdout;

/// The requested metrics.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    negatives: String,
    /// The requested number of negatives per edge, if each edge has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    negatives_per_edge: Option<usize>,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    bootstrap: Option<Bootstrap>,
    #[serde(flatten, serialize_with = "by_name")]
    parts: Vec<(&'static str, Option<HeldOut>)>,
    /// The probabilities compared with the observed shares of edges.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    probabilities: Vec<ProbabilityReliability>,
    #[serde(skip)]
    args: &'a Args,
}

/// The reliability of one kind of probability at one density.
#[derive(Serialize)]
struct ProbabilityReliability {
    /// The function that turns logits into probabilities.
    probability: String,
    #[serde(flatten)]
    reliability: Reliability,
}

#[derive(Serialize)]
struct Bootstrap {
    num_resamples: usize,
    level: f64,
}

#[derive(Serialize)]
struct HeldOut {
    num_edges: usize,
    num_negatives: usize,
    #[serde(flatten)]
    metrics: Metrics,
    #[serde(skip_serializing_if = "Option::is_none")]
    intervals: Option<Intervals>,
    mean_reciprocal_rank: f64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    hits: BTreeMap<usize, f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calibration: Option<Calibration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by_degree: Option<Vec<DegreeMetrics>>,
}

impl<'a> Report<'a> {
    /// Creates a report without parts for the negatives of `source`.
    pub(super) fn new(source: Source, args: &'a Args) -> Self {
        let (negatives, negatives_per_edge) = match source {
            Source::Split => (Negatives::Uniform.to_string(), None),
            Source::Files { .. } | Source::Directory(_) => ("file".into(), None),
            Source::All => ("all".into(), None),
            Source::Kind(kind @ (Negatives::Hard { per_edge } | Negatives::Heart { per_edge })) => {
                (kind.to_string(), Some(per_edge))
            }
            Source::Kind(kind) => (kind.to_string(), None),
        };
        let bootstrap = args.bootstrap.map(|num_resamples| Bootstrap { num_resamples, level: LEVEL });
        Report {
            negatives,
            negatives_per_edge,
            seed: args.seed,
            bootstrap,
            parts: Vec::new(),
            probabilities: Vec::new(),
            args,
        }
    }

    /// Adds the metrics of a part; `None` if nothing was held out for it.
    pub(super) fn add(&mut self, name: &'static str, scored: Option<&Scored>, split: &Split) -> Result<()> {
        let part = scored.map(|scored| HeldOut::new(scored, split, self.args)).transpose()?;
        self.parts.push((name, part));
        Ok(())
    }

    /// Adds the reliability of the sigmoid and of the calibrator, if any, on `population`: balanced, and at
    /// its density.
    pub(super) fn add_reliability(
        &mut self,
        population: &Population,
        calibrator: Option<&Calibrator>,
    ) -> Result<()> {
        let classes = population.reported();
        for density in [0.5, population.density] {
            let reliability = Reliability::compute(classes, density, probability)?;
            self.probabilities.push(ProbabilityReliability { probability: "sigmoid".into(), reliability });
            if let Some(calibrator) = calibrator {
                let calibrated = |logit| calibrator.probability_at(logit, density);
                let reliability = Reliability::compute(classes, density, calibrated)?;
                self.probabilities.push(ProbabilityReliability {
                    probability: calibrator.method().to_string(),
                    reliability,
                });
            }
        }
        Ok(())
    }

    /// Writes the report as tables, or as JSON with `--json`.
    pub(super) fn write(&self, output: &mut Output) -> Result<()> {
        if self.args.json {
            return write_json(output, self);
        }
        let mut text = stdout::table(&self.part_rows());
        if self.args.by_degree {
            text.push('\n');
            text.push_str(&stdout::table(&self.degree_rows()));
        }
        if let Some(last) = self.probabilities.last() {
            text.push('\n');
            text.push_str(&stdout::table(&self.reliability_rows()));
            text.push('\n');
            text.push_str(&stdout::table(&bin_rows(last)));
        }
        output.write_all(text.as_bytes()).map_err(|error| stdout::write_error(output, error))
    }

    /// Returns the parts for which something was held out.
    fn present(&self) -> impl Iterator<Item = (&'static str, &HeldOut)> {
        self.parts.iter().filter_map(|(name, part)| Some((*name, part.as_ref()?)))
    }

    fn part_rows(&self) -> Vec<Vec<String>> {
        let mut header = names(["part", "negatives", "roc_auc", "average_precision", "mrr"]);
        let ks: BTreeMap<usize, ()> = self.args.hits.iter().map(|&k| (k, ())).collect();
        header.extend(ks.keys().map(|k| format!("hits@{k}")));
        if self.args.reliability {
            header.extend(names(["brier", "expected_calibration_error"]));
        }
        header.extend(names(["num_edges", "num_negatives"]));
        let row = |(name, part): (&'static str, &HeldOut)| {
            let Metrics { roc_auc, average_precision, .. } = part.metrics;
            let mut row = vec![name.to_string(), self.negatives.clone()];
            row.push(estimate(roc_auc, part.intervals.map(|intervals| intervals.roc_auc)));
            row.push(estimate(
                average_precision,
                part.intervals.map(|intervals| intervals.average_precision),
            ));
            row.push(number(part.mean_reciprocal_rank));
            row.extend(part.hits.values().copied().map(number));
            row.extend(
                part.calibration
                    .iter()
                    .flat_map(|both| [number(both.brier), number(both.expected_calibration_error)]),
            );
            row.extend([part.num_edges.to_string(), part.num_negatives.to_string()]);
            row
        };
        [header].into_iter().chain(self.present().map(row)).collect()
    }

    fn reliability_rows(&self) -> Vec<Vec<String>> {
        let header = names(["probability", "density", "brier", "expected_calibration_error"]);
        let row = |ProbabilityReliability { probability, reliability }: &ProbabilityReliability| {
            let Reliability { density, brier, expected_calibration_error, .. } = reliability;
            let values = [*density, *brier, *expected_calibration_error].map(|value| format!("{value:.6}"));
            [probability.clone()].into_iter().chain(values).collect()
        };
        [header].into_iter().chain(self.probabilities.iter().map(row)).collect()
    }

    fn degree_rows(&self) -> Vec<Vec<String>> {
        let header =
            names(["part", "smaller_degree", "roc_auc", "average_precision", "num_edges", "num_negatives"]);
        let rows = self.present().flat_map(|(name, part)| {
            part.by_degree.iter().flatten().map(move |bucket| {
                let cell = |value: fn(Metrics) -> f64| match bucket.metrics {
                    Some(metrics) => number(value(metrics)),
                    None => "-".to_string(),
                };
                vec![
                    name.to_string(),
                    bucket.smaller_degree.to_string(),
                    cell(|metrics| metrics.roc_auc),
                    cell(|metrics| metrics.average_precision),
                    bucket.num_edges.to_string(),
                    bucket.num_negatives.to_string(),
                ]
            })
        });
        [header].into_iter().chain(rows).collect()
    }
}

impl HeldOut {
    fn new(scored: &Scored, split: &Split, args: &Args) -> Result<Self> {
        let ranks = scored.ranks()?;
        let hits: Result<BTreeMap<usize, f64>> =
            args.hits.iter().map(|&k| Ok((k, ranks.hits_at(k)?))).collect();
        let intervals = args.bootstrap.map(|num_resamples| scored.intervals(num_resamples, args.seed));
        let calibration = args.reliability.then(|| scored.calibration());
        let by_degree = args.by_degree.then(|| scored.by_degree(&split.train.degrees()));
        Ok(HeldOut {
            num_edges: scored.num_edges(),
            num_negatives: scored.num_negatives(),
            // The ranks stand in the fields below.
            metrics: Metrics { by_link: None, ..scored.metrics()? },
            intervals: intervals.transpose()?,
            mean_reciprocal_rank: ranks.mean_reciprocal_rank(),
            hits: hits?,
            calibration: calibration.transpose()?,
            by_degree: by_degree.transpose()?,
        })
    }
}

/// Returns the mean probability and the observed share of edges of each bin.
fn bin_rows(
    ProbabilityReliability { probability, reliability }: &ProbabilityReliability,
) -> Vec<Vec<String>> {
    let header = names(["probability", "bin", "mean_probability", "share_of_edges", "share_of_pairs"]);
    let row = |bin: &Bin| {
        let values = [bin.mean_probability, bin.share_of_edges, bin.share_of_pairs];
        let bounds = format!("{}–{}", bin.lower, bin.upper);
        let values = values.map(|value| format!("{value:.6}"));
        [probability.clone(), bounds].into_iter().chain(values).collect()
    };
    [header].into_iter().chain(reliability.bins.iter().map(row)).collect()
}

fn by_name<S: Serializer>(
    parts: &[(&'static str, Option<HeldOut>)],
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_map(parts.iter().map(|(name, part)| (name, part)))
}

pub(super) fn names<const COUNT: usize>(names: [&str; COUNT]) -> Vec<String> {
    names.map(String::from).into()
}

fn number(value: f64) -> String {
    format!("{value:.4}")
}

/// Formats a metric and its interval, if any.
pub(super) fn estimate(value: f64, interval: Option<Interval>) -> String {
    match interval {
        Some(Interval { lower, upper }) => format!("{value:.4} [{lower:.4}, {upper:.4}]"),
        None => number(value),
    }
}
