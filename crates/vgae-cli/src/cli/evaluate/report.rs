//! The figures of each part, as tables or as one JSON object.

use std::collections::BTreeMap;
use std::io::Write;

use serde::{Serialize, Serializer};
use vgae::Result;
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

/// Every figure that is asked for.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    negatives: String,
    /// How many each edge was to have a list of, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    negatives_per_edge: Option<usize>,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    bootstrap: Option<Bootstrap>,
    #[serde(flatten, serialize_with = "by_name")]
    parts: Vec<(&'static str, Option<Part>)>,
    /// What probabilities claim, and what is the case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    probabilities: Vec<Claim>,
    #[serde(skip)]
    args: &'a Args,
}

/// What one kind of probability claims at one density.
#[derive(Serialize)]
struct Claim {
    /// What makes it of a logit.
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
struct Part {
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
    /// What `args` ask for, of no part as yet, for the negatives of `source`.
    pub(super) fn new(source: Source, args: &'a Args) -> Self {
        let (negatives, negatives_per_edge) = match source {
            Source::Split => (Negatives::Uniform.to_string(), None),
            Source::Files { .. } => ("file".into(), None),
            Source::Kind(kind @ Negatives::Hard { per_edge }) => (kind.to_string(), Some(per_edge)),
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

    /// Adds the figures of a part, or that nothing was held out for it.
    pub(super) fn add(&mut self, name: &'static str, scored: Option<&Scored>, split: &Split) -> Result<()> {
        let part = scored.map(|scored| Part::of(scored, split, self.args)).transpose()?;
        self.parts.push((name, part));
        Ok(())
    }

    /// Adds what the sigmoid, and a calibrator if there is one, claims of `population`: in balance, and at its density.
    pub(super) fn add_claims(
        &mut self,
        population: &Population,
        calibrator: Option<&Calibrator>,
    ) -> Result<()> {
        let classes = population.reported();
        for density in [0.5, population.density] {
            let reliability = Reliability::of(classes, density, probability)?;
            self.probabilities.push(Claim { probability: "sigmoid".into(), reliability });
            if let Some(calibrator) = calibrator {
                let claim = |logit| calibrator.probability_at(logit, density);
                let reliability = Reliability::of(classes, density, claim)?;
                self.probabilities.push(Claim { probability: calibrator.method().to_string(), reliability });
            }
        }
        Ok(())
    }

    /// Writes it to stdout.
    pub(super) fn write(&self, output: &mut Output) -> Result<()> {
        if self.args.json {
            return write_json(output, self);
        }
        let mut text = aligned(&self.rows());
        if self.args.by_degree {
            text.push('\n');
            text.push_str(&aligned(&self.rows_by_degree()));
        }
        if let Some(last) = self.probabilities.last() {
            text.push('\n');
            text.push_str(&aligned(&self.rows_of_claims()));
            text.push('\n');
            text.push_str(&aligned(&rows_of_bins(last)));
        }
        output.write_all(text.as_bytes()).map_err(|error| stdout::error(output, error))
    }

    /// The parts of which something was held out.
    fn present(&self) -> impl Iterator<Item = (&'static str, &Part)> {
        self.parts.iter().filter_map(|(name, part)| Some((*name, part.as_ref()?)))
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let mut header = names(["part", "negatives", "roc_auc", "average_precision", "mrr"]);
        let ks: BTreeMap<usize, ()> = self.args.hits.iter().map(|&k| (k, ())).collect();
        header.extend(ks.keys().map(|k| format!("hits@{k}")));
        if self.args.calibration {
            header.extend(names(["brier", "expected_calibration_error"]));
        }
        header.extend(names(["num_edges", "num_negatives"]));
        let row = |(name, part): (&'static str, &Part)| {
            let Metrics { roc_auc, average_precision } = part.metrics;
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

    fn rows_of_claims(&self) -> Vec<Vec<String>> {
        let header = names(["probability", "density", "brier", "expected_calibration_error"]);
        let row = |Claim { probability, reliability }: &Claim| {
            let Reliability { density, brier, expected_calibration_error, .. } = reliability;
            let figures =
                [*density, *brier, *expected_calibration_error].map(|figure| format!("{figure:.6}"));
            [probability.clone()].into_iter().chain(figures).collect()
        };
        [header].into_iter().chain(self.probabilities.iter().map(row)).collect()
    }

    fn rows_by_degree(&self) -> Vec<Vec<String>> {
        let header =
            names(["part", "smaller_degree", "roc_auc", "average_precision", "num_edges", "num_negatives"]);
        let rows = self.present().flat_map(|(name, part)| {
            part.by_degree.iter().flatten().map(move |bucket| {
                let figure = |of: fn(Metrics) -> f64| match bucket.metrics {
                    Some(metrics) => number(of(metrics)),
                    None => "-".to_string(),
                };
                vec![
                    name.to_string(),
                    bucket.smaller_degree.to_string(),
                    figure(|metrics| metrics.roc_auc),
                    figure(|metrics| metrics.average_precision),
                    bucket.num_edges.to_string(),
                    bucket.num_negatives.to_string(),
                ]
            })
        });
        [header].into_iter().chain(rows).collect()
    }
}

impl Part {
    fn of(scored: &Scored, split: &Split, args: &Args) -> Result<Self> {
        let ranks = scored.ranks()?;
        let hits: Result<BTreeMap<usize, f64>> =
            args.hits.iter().map(|&k| Ok((k, ranks.hits_at(k)?))).collect();
        let intervals = args.bootstrap.map(|num_resamples| scored.intervals(num_resamples, args.seed));
        let calibration = args.calibration.then(|| scored.calibration());
        let by_degree = args.by_degree.then(|| scored.by_degree(&split.train.degrees()));
        Ok(Part {
            num_edges: scored.num_edges(),
            num_negatives: scored.num_negatives(),
            metrics: scored.metrics()?,
            intervals: intervals.transpose()?,
            mean_reciprocal_rank: ranks.mean_reciprocal_rank(),
            hits: hits?,
            calibration: calibration.transpose()?,
            by_degree: by_degree.transpose()?,
        })
    }
}

/// What is claimed in each bin, and what is the case.
fn rows_of_bins(Claim { probability, reliability }: &Claim) -> Vec<Vec<String>> {
    let header = names(["probability", "bin", "mean_probability", "share_of_edges", "share_of_pairs"]);
    let row = |bin: &Bin| {
        let figures = [bin.mean_probability, bin.share_of_edges, bin.share_of_pairs];
        let bounds = format!("{}–{}", bin.lower, bin.upper);
        let figures = figures.map(|figure| format!("{figure:.6}"));
        [probability.clone(), bounds].into_iter().chain(figures).collect()
    };
    [header].into_iter().chain(reliability.bins.iter().map(row)).collect()
}

fn by_name<S: Serializer>(
    parts: &[(&'static str, Option<Part>)],
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_map(parts.iter().map(|(name, part)| (name, part)))
}

fn names<const COUNT: usize>(names: [&str; COUNT]) -> Vec<String> {
    names.map(String::from).into()
}

fn number(value: f64) -> String {
    format!("{value:.4}")
}

/// A figure, and its interval if there is one.
fn estimate(value: f64, interval: Option<Interval>) -> String {
    match interval {
        Some(Interval { lower, upper }) => format!("{value:.4} [{lower:.4}, {upper:.4}]"),
        None => number(value),
    }
}

/// Rows in columns as wide as their widest cell, the first two columns to the left.
fn aligned(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| match column {
            0 | 1 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ") + "\n"
    };
    rows.iter().map(line).collect()
}
