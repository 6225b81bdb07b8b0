//! The metrics of a held-out part.

use serde::Serialize;

use crate::Result;
use vgae::evaluate::calibrate::{Calibrator, ClassLogits, Reliability};
use vgae::evaluate::metrics::{Curves, Intervals, Metrics};
use vgae::evaluate::{DegreeMetrics, Scored};
use vgae::graph::EdgeList;
use vgae::model::score::probability;

/// The most bootstrap resamples, used for small parts.
const MAX_RESAMPLES: usize = 1000;
/// The fewest bootstrap resamples, used for large parts, whose intervals are narrow in any case.
const MIN_RESAMPLES: usize = 100;
/// Between these bounds, the number of pairs drawn over all resamples.
const NUM_DRAWS: usize = 20_000_000;

/// The most bins of a [`Histogram`].
const MAX_BINS: usize = 40;

/// The ranking metrics and the calibration of a held-out part.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// `test`, or `validation`.
    pub name: &'static str,
    /// Number of held-out edges.
    pub num_edges: usize,
    /// Number of negatives that they are ranked among.
    pub num_negatives: usize,
    /// AUC and average precision.
    pub metrics: Metrics,
    /// The 95 % bootstrap intervals of the metrics.
    pub intervals: Intervals,
    /// The ROC and the precision–recall curve.
    pub curves: Curves,
    /// The logits of both classes.
    pub histogram: Histogram,
    /// The reliability of probabilities among as many negatives as edges, the sigmoid of the logits first.
    pub reliabilities: Vec<ProbabilityReliability>,
    /// The metrics by the smaller training degree of a pair.
    pub by_degree: Vec<DegreeMetrics>,
}

/// The reliability of one kind of probability.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProbabilityReliability {
    /// `sigmoid`, or the calibration method.
    pub probability: String,
    /// Predicted probabilities compared with the true shares of edges.
    pub reliability: Reliability,
}

/// The distribution of the logits, as shares of each class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Histogram {
    /// The b + 1 bounds of the b bins, ascending.
    pub bounds: Vec<f64>,
    /// The share of the edges in each of the b bins.
    pub edges: Vec<f64>,
    /// The share of the negatives in each of the b bins.
    pub negatives: Vec<f64>,
}

impl HeldOut {
    /// Measures `scored`, the scores of a model trained on `train`.
    ///
    /// # Errors
    /// Returns the errors of [`Scored::metrics`].
    pub(super) fn measure(
        name: &'static str,
        scored: &Scored,
        train: &EdgeList,
        calibrator: Option<&Calibrator>,
        seed: u64,
    ) -> Result<Self> {
        let metrics = scored.metrics()?;
        let (edges, negatives) = scored.logits();
        let classes = ClassLogits { edges: edges.to_vec(), negatives: negatives.to_vec() };
        let mut reliabilities = vec![ProbabilityReliability {
            probability: "sigmoid".into(),
            reliability: Reliability::compute(&classes, 0.5, probability)?,
        }];
        if let Some(calibrator) = calibrator {
            let calibrated = |logit| calibrator.probability_at(logit, 0.5);
            let reliability = Reliability::compute(&classes, 0.5, calibrated)?;
            reliabilities
                .push(ProbabilityReliability { probability: calibrator.method().to_string(), reliability });
        }
        Ok(HeldOut {
            name,
            num_edges: edges.len(),
            num_negatives: negatives.len(),
            metrics,
            intervals: scored.intervals(num_resamples(scored), seed)?,
            curves: scored.curves()?,
            histogram: Histogram::new(&classes),
            reliabilities,
            by_degree: scored.by_degree(&train.degrees())?,
        })
    }
}

impl Histogram {
    /// Counts the finite logits in bins of equal width: 2 ∛m bins for m logits (Rice's rule), at most 40.
    fn new(classes: &ClassLogits) -> Self {
        let all =
            || classes.edges.iter().chain(&classes.negatives).copied().filter(|logit| logit.is_finite());
        let (least, most) = all().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), logit| {
            (least.min(logit), most.max(logit))
        });
        // If all logits are equal, or there are none, the bin still needs a width.
        let (least, most) = if least < most { (least, most) } else { (least.min(0.0), least.min(0.0) + 1.0) };
        let num_bins = ((2.0 * (all().count() as f64).cbrt()).ceil() as usize).clamp(1, MAX_BINS);
        let width = (most - least) / num_bins as f64;
        let shares = |logits: &[f64]| {
            let mut counts = vec![0.0; num_bins];
            for logit in logits.iter().filter(|logit| logit.is_finite()) {
                counts[(((logit - least) / width) as usize).min(num_bins - 1)] += 1.0;
            }
            counts.iter_mut().for_each(|count| *count /= logits.len().max(1) as f64);
            counts
        };
        Histogram {
            bounds: (0..=num_bins).map(|at| least + width * at as f64).collect(),
            edges: shares(&classes.edges),
            negatives: shares(&classes.negatives),
        }
    }
}

/// Returns the number of bootstrap resamples that take about a second, within bounds.
pub(super) fn num_resamples(scored: &Scored) -> usize {
    let num_pairs = scored.num_edges() + scored.num_negatives();
    (NUM_DRAWS / num_pairs.max(1)).clamp(MIN_RESAMPLES, MAX_RESAMPLES)
}
