//! The figures of a held-out part.

use serde::Serialize;

use crate::error::Result;
use vgae::evaluate::calibrate::{Calibrator, Classes, Reliability};
use vgae::evaluate::metrics::{Curves, Intervals, Metrics};
use vgae::evaluate::{DegreeMetrics, Scored};
use vgae::graph::EdgeList;
use vgae::model::score::probability;

/// Resamples of a bootstrap, where the part is small.
const MOST_RESAMPLES: usize = 1000;
/// And where it is large: its intervals are narrow, and so are those of the quantiles.
const FEWEST_RESAMPLES: usize = 100;
/// Pairs that are drawn in all resamples, in between.
const DRAWS: usize = 20_000_000;

/// Bins of a [`Histogram`] at most.
const MOST_BINS: usize = 40;

/// How well a held-out part is ranked, and what is claimed of it.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// `test`, or `validation`.
    pub name: &'static str,
    /// Links.
    pub num_edges: usize,
    /// Absent pairs that they are ranked among.
    pub num_negatives: usize,
    /// AUC and AP.
    pub metrics: Metrics,
    /// Their 95 % bootstrap intervals.
    pub intervals: Intervals,
    /// The curves whose areas the metrics are.
    pub curves: Curves,
    /// The logits of both classes.
    pub histogram: Histogram,
    /// What probabilities claim among as many negatives as edges, the sigmoid of the logits first.
    pub claims: Vec<Claim>,
    /// By the training edges at a pair's ends.
    pub by_degree: Vec<DegreeMetrics>,
}

/// What one kind of probability claims.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Claim {
    /// `sigmoid`, or the method of a calibration.
    pub probability: String,
    /// What is claimed and what is the case.
    pub reliability: Reliability,
}

/// How many logits lie where, as shares of their class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Histogram {
    /// The ends of the b bins, b + 1 of them, ascending.
    pub bounds: Vec<f64>,
    /// Of the edges, b shares.
    pub edges: Vec<f64>,
    /// Of the negatives, b shares.
    pub negatives: Vec<f64>,
}

impl HeldOut {
    /// The figures of `scored`, by a model that `train` was the graph of.
    ///
    /// # Errors
    /// As [`Scored::metrics`].
    pub(super) fn of(
        name: &'static str,
        scored: &Scored,
        train: &EdgeList,
        calibrator: Option<&Calibrator>,
        seed: u64,
    ) -> Result<Self> {
        let metrics = scored.metrics()?;
        let (edges, negatives) = scored.logits();
        let classes = Classes { edges: edges.to_vec(), negatives: negatives.to_vec() };
        let mut claims = vec![Claim {
            probability: "sigmoid".into(),
            reliability: Reliability::of(&classes, 0.5, probability)?,
        }];
        if let Some(calibrator) = calibrator {
            let claim = |logit| calibrator.probability_at(logit, 0.5);
            let reliability = Reliability::of(&classes, 0.5, claim)?;
            claims.push(Claim { probability: calibrator.method().to_string(), reliability });
        }
        Ok(HeldOut {
            name,
            num_edges: edges.len(),
            num_negatives: negatives.len(),
            metrics,
            intervals: scored.intervals(num_resamples(scored), seed)?,
            curves: scored.curves()?,
            histogram: Histogram::of(&classes),
            claims,
            by_degree: scored.by_degree(&train.degrees())?,
        })
    }
}

impl Histogram {
    /// Of all logits that are finite, in bins of equal width, 2 ∛m of them for m logits (Rice's rule) or 40.
    fn of(classes: &Classes) -> Self {
        let all =
            || classes.edges.iter().chain(&classes.negatives).copied().filter(|logit| logit.is_finite());
        let (least, most) = all().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), logit| {
            (least.min(logit), most.max(logit))
        });
        // Equal logits, or none, get a bin of some width as well.
        let (least, most) = if least < most { (least, most) } else { (least.min(0.0), least.min(0.0) + 1.0) };
        let num_bins = ((2.0 * (all().count() as f64).cbrt()).ceil() as usize).clamp(1, MOST_BINS);
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

/// As many as take about a second, in bounds.
pub(super) fn num_resamples(scored: &Scored) -> usize {
    let num_pairs = scored.num_edges() + scored.num_negatives();
    (DRAWS / num_pairs.max(1)).clamp(FEWEST_RESAMPLES, MOST_RESAMPLES)
}
