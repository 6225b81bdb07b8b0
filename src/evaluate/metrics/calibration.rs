//! Measures how well probabilities match outcomes.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::evaluate::metrics::groups;

/// The number of bins of [`expected_calibration_error`], each a tenth of [0, 1] wide.
pub const NUM_BINS: usize = 10;

/// The distance between the probabilities of a model and the outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// See [`brier`].
    pub brier: f64,
    /// See [`expected_calibration_error`].
    pub expected_calibration_error: f64,
}

/// Computes both metrics from the probabilities, in [0, 1], that m pairs are edges. O(m) time.
///
/// # Errors
/// Returns the errors of [`brier`].
pub fn calibration(probabilities: &[f64], labels: &[bool]) -> Result<Calibration> {
    let expected_calibration_error = expected_calibration_error(probabilities, labels)?;
    Ok(Calibration { brier: brier(probabilities, labels)?, expected_calibration_error })
}

/// Computes the Brier score (Brier 1950, *Verification of forecasts expressed in terms of probability*): the
/// mean of (p − y)², with y = 1 for an edge and 0 for a negative. Equal to scikit-learn's `brier_score_loss`.
/// The score is in [0, 1] and 0 is best; a constant probability of ½ gives ¼. O(m) time.
///
/// # Errors
/// [`Error::OneClass`] if there is no edge or no negative; [`Error::NotANumber`] for a NaN;
/// [`Error::NotAProbability`] for a number outside [0, 1].
pub fn brier(probabilities: &[f64], labels: &[bool]) -> Result<f64> {
    check("the Brier score", probabilities, labels)?;
    let sum: f64 = probabilities.iter().zip(labels).map(|(p, &label)| (p - outcome(label)).powi(2)).sum();
    Ok(sum / labels.len() as f64)
}

/// Computes the expected calibration error (Naeini et al. 2015, *Obtaining well calibrated probabilities
/// using Bayesian binning*; Guo et al. 2017, *On calibration of modern neural networks*, eq. 3) of the
/// probability that a pair is an edge: Σ (pairs in the bin / m) · |share of edges in the bin − mean
/// probability in the bin| over [`NUM_BINS`] bins of equal width, ((b − 1)/10, b/10], where the first bin
/// also contains 0. The error is in [0, 1] and 0 is best. O(m) time.
///
/// # Errors
/// Returns the errors of [`brier`].
pub fn expected_calibration_error(probabilities: &[f64], labels: &[bool]) -> Result<f64> {
    check("the expected calibration error", probabilities, labels)?;
    // Σ (y − p) for each bin, which is its number of pairs times the difference of the two means.
    let mut gaps = [0.0f64; NUM_BINS];
    for (&p, &label) in probabilities.iter().zip(labels) {
        let bin = ((p * NUM_BINS as f64).ceil() as usize).saturating_sub(1);
        gaps[bin.min(NUM_BINS - 1)] += outcome(label) - p;
    }
    Ok(gaps.iter().map(|gap| gap.abs()).sum::<f64>() / labels.len() as f64)
}

fn outcome(label: bool) -> f64 {
    f64::from(u8::from(label))
}

fn check(metric: &'static str, probabilities: &[f64], labels: &[bool]) -> Result<()> {
    groups::count(metric, probabilities, labels)?;
    match probabilities.iter().position(|p| !(0.0..=1.0).contains(p)) {
        Some(index) => Err(Error::NotAProbability { index, found: probabilities[index] }),
        None => Ok(()),
    }
}
