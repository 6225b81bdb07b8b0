//! How far a run can be trusted.

use super::{is_chosen_by_validation, percent, ranks};
use crate::report::{Claim, Finding, HeldOut, Question, Report};
use vgae::config::Calibration;
use vgae::evaluate::metrics::Interval;

/// Held-out edges below which a metric is mostly chance.
const FEW_EDGES: usize = 50;
/// How far a balanced probability may lie from the truth and still be taken at its word.
const SMALL_ERROR: f64 = 0.05;
/// Validation edges below which nothing can be calibrated by, and from which on `isotonic` can.
const FEW_TO_CALIBRATE: usize = 20;
const MANY_TO_CALIBRATE: usize = 200;

/// How far the ranking and the probabilities can be trusted.
pub(super) fn trusted(part: &HeldOut, report: &Report) -> Finding {
    let is_chosen_by = is_chosen_by_validation(report);
    let (num_edges, num_negatives) = (part.num_edges, part.num_negatives);
    let mut reasons = vec![match part.name {
        "test" => format!(
            "The {num_edges} test links took no part in training or in any choice; they are ranked among {num_negatives} pairs \
             drawn evenly from those that are no edges."
        ),
        _ if is_chosen_by => format!(
            "No test links were held out: these figures are of the {num_edges} validation links, which choices were made by, \
             and flatter the model."
        ),
        _ => format!(
            "No test links were held out: these figures are of the {num_edges} validation links. Whoever compares settings by \
             them is flattered."
        ),
    }];
    let Interval { lower, upper } = part.intervals.roc_auc;
    let is_small = num_edges < FEW_EDGES;
    if is_small && lower == upper {
        reasons.push(format!(
            "{num_edges} links are few: all are ranked alike, so that their interval has no width, which is no certainty."
        ));
    } else if is_small {
        reasons.push(format!(
            "{num_edges} links are few: on others the AUC may as well be {} or {}.",
            percent(lower),
            percent(upper)
        ));
    }
    let is_calibrated = ranks(part) && probabilities(part, report, &mut reasons);
    let best = report.standings.first().map_or(0.0, |best| best.metrics.roc_auc);
    let answer = match (ranks(part), part.name == "test" && !is_small, is_calibrated) {
        (false, _, _) => "No: it was not seen to rank better than chance",
        (true, false, _) => "With care",
        (true, true, _) if upper < best => "A simple score's ranking is better",
        (true, true, true) => "Yes, ranking and probabilities",
        (true, true, false) => "Its ranking, yes",
    };
    if ranks(part) {
        reasons.push(
            "Pairs drawn evenly are easy to tell from links; `vgae evaluate RUN --negatives hard` asks for more.".into(),
        );
    }
    Finding { question: Question::Trusted, answer: answer.into(), reasons }
}

/// Says how far probabilities can be taken at their word, and whether they can.
fn probabilities(part: &HeldOut, report: &Report, reasons: &mut Vec<String>) -> bool {
    let error = |of: &Claim| of.reliability.expected_calibration_error;
    if let Some(claim) = part.claims.get(1) {
        reasons.push(format!(
            "Its probabilities are calibrated ({}) and shifted to how rare links are. Among as many non-links as links they are \
             off by {} points on average.",
            claim.probability,
            percent(error(claim))
        ));
        return error(claim) <= SMALL_ERROR;
    }
    let off = part.claims.first().map_or(0.0, error);
    let method = match report.record.counts.num_validation_edges {
        0..FEW_TO_CALIBRATE => None,
        FEW_TO_CALIBRATE..MANY_TO_CALIBRATE => Some(Calibration::Platt),
        _ => Some(Calibration::Isotonic),
    };
    let mends =
        method.map_or(String::new(), |method| format!(" `vgae train DATA --calibrate {method}` mends that."));
    reasons.push(format!(
        "Take its ranking, not its probabilities: sigmoid(logit) knows nothing of how rare links are, and is off by {} points \
         among as many non-links as links.{mends}",
        percent(off)
    ));
    false
}
