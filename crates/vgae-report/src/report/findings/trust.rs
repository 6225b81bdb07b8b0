//! The finding on how far a run can be trusted.

use super::{beats_chance, is_chosen_by_validation, percent};
use crate::report::{Finding, HeldOut, ProbabilityReliability, Question, Report};
use vgae::config::Calibration;
use vgae::evaluate::metrics::Interval;

/// The fewest held-out edges for a metric that is not mostly chance.
const FEW_EDGES: usize = 50;
/// The largest calibration error, on balanced classes, of probabilities that can be trusted.
const SMALL_ERROR: f64 = 0.05;
/// The fewest validation edges for calibration.
const FEW_TO_CALIBRATE: usize = 20;
/// The fewest validation edges for `isotonic` calibration.
const MANY_TO_CALIBRATE: usize = 200;

/// Answers how far the ranking and the probabilities can be trusted.
pub(super) fn trusted(part: &HeldOut, report: &Report) -> Finding {
    let is_tuned_on_it = is_chosen_by_validation(report);
    let (num_edges, num_negatives) = (part.num_edges, part.num_negatives);
    let mut reasons = vec![match part.name {
        "test" => format!(
            "The {num_edges} test links were not used in training or in any choice. They are ranked among {num_negatives} \
             non-links, drawn uniformly."
        ),
        _ if is_tuned_on_it => format!(
            "No test links were held out. These figures are for the {num_edges} validation links, which were used to make \
             choices, so they are optimistic."
        ),
        _ => format!(
            "No test links were held out. These figures are for the {num_edges} validation links; they become optimistic if \
             they are used to compare settings."
        ),
    }];
    let Interval { lower, upper } = part.intervals.roc_auc;
    let is_small = num_edges < FEW_EDGES;
    if is_small && lower == upper {
        reasons.push(format!(
            "There are only {num_edges} links, and all rank alike. The interval therefore has zero width, but the AUC is not certain."
        ));
    } else if is_small {
        reasons.push(format!(
            "There are only {num_edges} links: with other links, the AUC could be as low as {} or as high as {}.",
            percent(lower),
            percent(upper)
        ));
    }
    let is_calibrated = beats_chance(part) && judge_probabilities(part, report, &mut reasons);
    let best = report.baselines.first().map_or(0.0, |best| best.metrics.roc_auc);
    let answer = match (beats_chance(part), part.name == "test" && !is_small, is_calibrated) {
        (false, _, _) => "No: it does not rank measurably better than chance",
        (true, false, _) => "With care",
        (true, true, _) if upper < best => "A simple score ranks better",
        (true, true, true) => "Yes, the ranking and the probabilities",
        (true, true, false) => "Yes, the ranking",
    };
    if beats_chance(part) {
        reasons.push(
            "Non-links that are drawn uniformly are easy to tell from links; `vgae evaluate RUN --negatives hard` is a harder test.".into(),
        );
    }
    Finding { question: Question::Trusted, answer: answer.into(), reasons }
}

/// Adds a reason on the probabilities. Returns `true` if they can be trusted.
fn judge_probabilities(part: &HeldOut, report: &Report, reasons: &mut Vec<String>) -> bool {
    let error = |probability: &ProbabilityReliability| probability.reliability.expected_calibration_error;
    if let Some(calibrated) = part.reliabilities.get(1) {
        reasons.push(format!(
            "The probabilities are calibrated ({}) and adjusted to how rare links are. Among as many non-links as links, they \
             are off by {} points on average.",
            calibrated.probability,
            percent(error(calibrated))
        ));
        return error(calibrated) <= SMALL_ERROR;
    }
    let off = part.reliabilities.first().map_or(0.0, error);
    let method = match report.record.counts.num_validation_edges {
        0..FEW_TO_CALIBRATE => None,
        FEW_TO_CALIBRATE..MANY_TO_CALIBRATE => Some(Calibration::Platt),
        _ => Some(Calibration::Isotonic),
    };
    let hint = method
        .map_or(String::new(), |method| format!(" `vgae train DATA --calibrate {method}` corrects this."));
    reasons.push(format!(
        "Use the ranking, not the probabilities: sigmoid(logit) ignores how rare links are, and is off by {} points on average \
         among as many non-links as links.{hint}",
        percent(off)
    ));
    false
}
