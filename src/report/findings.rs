//! What the figures come to, in sentences.

use crate::evaluate::PartRowMetrics;
use crate::metrics::{Interval, LEVEL};
use crate::report::{HeldOut, Link, Report, Scope, Standing, figure};
use crate::train::Epoch;

/// What whoever opens a report wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Did it learn?
    Learned,
    /// Can I trust it?
    Trusted,
    /// What did it find?
    Found,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// To what.
    pub question: Question,
    /// Yes, Partly or No, or the main thing.
    pub answer: String,
    /// Why, in a few sentences.
    pub reasons: Vec<String>,
}

impl Question {
    /// The question in words.
    pub fn text(self) -> &'static str {
        match self {
            Question::Learned => "Did it learn?",
            Question::Trusted => "Can I trust it?",
            Question::Found => "What did it find?",
        }
    }
}

/// Held-out edges below which a metric is mostly chance.
const FEW_EDGES: usize = 50;
/// How far a balanced probability may lie from the truth and still be taken at its word.
const SMALL_ERROR: f64 = 0.05;
/// What the validation metric gained in the last tenth of the epochs, if it is still rising.
const GAIN: f64 = 0.003;

/// Links that are named.
const NUM_FIRST: usize = 3;
/// Letters of an id that are shown in a sentence.
const MOST_LETTERS: usize = 40;

/// The answers to all questions.
pub(super) fn of(report: &Report) -> Vec<Finding> {
    let mut findings = Vec::new();
    match (&report.held_out, &report.rows) {
        (Some(part), _) => {
            findings.push(learned(part, report));
            findings.push(trusted(part));
        }
        (None, Some(rows)) => findings.extend(described(rows)),
        (None, None) => findings.push(Finding {
            question: Question::Learned,
            answer: "Unknown".into(),
            reasons: vec!["Nothing was held out, so that nothing can be measured.".into()],
        }),
    }
    findings.extend(found(report));
    findings
}

fn learned(part: &HeldOut, report: &Report) -> Finding {
    let auc = part.metrics.roc_auc;
    let Interval { lower, upper } = part.intervals.roc_auc;
    let what = match part.name {
        "test" => "a link that training never saw",
        _ => "a link that only the choice of the epoch saw",
    };
    let mut reasons = vec![format!(
        "AUC {} ({} % interval {} to {}): in so many of 100 cases it ranks {what} above a pair that is none. A coin does so \
         in 50.",
        percent(auc),
        100.0 * LEVEL,
        percent(lower),
        percent(upper)
    )];
    let answer = match (lower > 0.5, report.standings.first()) {
        (false, _) => "No",
        (true, None) => "Yes",
        (true, Some(best)) => {
            reasons.push(beside(part, best));
            if lower > best.metrics.roc_auc {
                "Yes"
            } else if auc > best.metrics.roc_auc {
                "Partly"
            } else {
                "Not beyond simple scores"
            }
        }
    };
    reasons.extend(still_rising(&report.history));
    let num_active = report.latent.iter().filter(|dimension| dimension.is_active).count();
    if !report.latent.is_empty() && 2 * num_active < report.latent.len() {
        reasons.push(format!("Only {num_active} of {} latent dimensions are in use.", report.latent.len()));
    }
    Finding { question: Question::Learned, answer: answer.into(), reasons }
}

/// How the model stands beside the best score that needs no training.
fn beside(part: &HeldOut, best: &Standing) -> String {
    let (name, theirs) = (best.kind.name(), percent(best.metrics.roc_auc));
    let difference = part.metrics.roc_auc - best.metrics.roc_auc;
    match difference > 0.0 {
        true => format!(
            "The best of the simple scores on the same pairs, {name}, has {theirs}: the model is {} points ahead.",
            percent(difference)
        ),
        false => format!(
            "The best of the simple scores on the same pairs, {name}, has {theirs} and needs no training: \
             `vgae train --model best` joins both kinds."
        ),
    }
}

/// Whether the validation metric rose until the end.
fn still_rising(history: &[Epoch]) -> Option<String> {
    let of_last = history.last()?;
    let metrics: Vec<f64> = history
        .iter()
        .filter(|epoch| epoch.network == of_last.network)
        .filter_map(|epoch| epoch.validation_roc_auc)
        .collect();
    let tail = metrics.len() / 10;
    if tail == 0 {
        return None;
    }
    let most = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (before, after) = metrics.split_at(metrics.len() - tail);
    let gain = most(after) - most(before);
    (gain > GAIN).then(|| {
        format!(
            "The validation AUC rose by {} points in the last tenth of the epochs: more --epochs may help.",
            percent(gain)
        )
    })
}

fn trusted(part: &HeldOut) -> Finding {
    let mut reasons = vec![match part.name {
        "test" => format!(
            "The {} test links took no part in training nor in the choice of the epoch; they are ranked among {} pairs \
             drawn evenly from those that are no edges.",
            part.num_edges, part.num_negatives
        ),
        _ => format!(
            "No test links were held out: these figures are of the {} validation links, which the epoch was chosen by, \
             and flatter the model.",
            part.num_edges
        ),
    }];
    let Interval { lower, upper } = part.intervals.roc_auc;
    let is_small = part.num_edges < FEW_EDGES;
    if is_small {
        reasons.push(format!(
            "{} links are few: the AUC may as well be {} or {}.",
            part.num_edges,
            percent(lower),
            percent(upper)
        ));
    }
    let of_calibrated = part.claims.get(1);
    let error = |of: &super::Claim| of.reliability.expected_calibration_error;
    let is_calibrated = match of_calibrated {
        Some(claim) => {
            reasons.push(format!(
                "Its probabilities are calibrated ({}): among as many non-links as links they are off by {} points on \
                 average.",
                claim.probability,
                percent(error(claim))
            ));
            error(claim) <= SMALL_ERROR
        }
        None => {
            let off = part.claims.first().map_or(0.0, error);
            reasons.push(format!(
                "Take its ranking, not its probabilities: sigmoid(logit) is off by {} points among as many non-links as \
                 links, and by far more among all pairs. `vgae train --calibrate isotonic` mends that.",
                percent(off)
            ));
            false
        }
    };
    let answer = match (part.name == "test" && !is_small, is_calibrated) {
        (true, true) => "Yes, ranking and probabilities",
        (true, false) => "Its ranking, yes",
        (false, _) => "With care",
    };
    reasons.push(
        "Pairs drawn evenly are easy to tell from links; `vgae evaluate --negatives hard` asks for more."
            .into(),
    );
    Finding { question: Question::Trusted, answer: answer.into(), reasons }
}

fn described(rows: &PartRowMetrics) -> Option<Finding> {
    let (name, metrics) = match (rows.test, rows.validation) {
        (Some(test), _) => ("test", test),
        (None, Some(validation)) => ("validation", validation),
        (None, None) => return None,
    };
    let reason = format!(
        "The {} {name} rows have an evidence lower bound of {:.3} nats each, and are given back with a mean squared error \
         of {:.6}.",
        metrics.num_rows, metrics.elbo, metrics.mean_squared_error
    );
    Some(Finding { question: Question::Learned, answer: "By its bound".into(), reasons: vec![reason] })
}

fn found(report: &Report) -> Option<Finding> {
    let best = report.links.best.first()?;
    let kind =
        if report.record.calibration.is_some() { "calibrated probability" } else { "sigmoid of its logit" };
    let pair = |link: &Link| {
        let [u, v] = [link.pair.0, link.pair.1].map(|node| short(report.nodes.id(node)));
        format!("{u} – {v}")
    };
    let first: Vec<String> = report.links.best.iter().take(NUM_FIRST).map(pair).collect();
    let mut reasons = vec![format!(
        "First of all {}; the best has a {kind} of {}.",
        first.join(", "),
        figure(best.probability)
    )];
    let with_common = report.links.best.iter().filter(|link| link.num_common_neighbours > 0).count();
    let count = report.links.best.len();
    if report.record.counts.num_sources.is_none() && report.links.scope == Scope::AllPairs {
        reasons.push(format!("{with_common} of these {count} pairs have a neighbour in common."));
    }
    match report.links.scope {
        Scope::AllPairs => {}
        Scope::TwoHop => reasons
            .push("Looked for among the pairs with a common neighbour; `vgae predict` looks at all.".into()),
        Scope::Shortlist(count) => reasons.push(format!(
            "Looked for among the {count} pairs that a part of the model finds the likeliest; `vgae predict` looks at all."
        )),
        Scope::AtNodes(nodes) | Scope::TwoHopAtNodes(nodes) => {
            reasons.push(format!("Looked for at {nodes} nodes alone; `vgae predict` looks everywhere."));
        }
    }
    Some(Finding { question: Question::Found, answer: format!("{count} likely links"), reasons })
}

/// The start of an id that may be long.
fn short(id: &str) -> String {
    let start: String = id.chars().take(MOST_LETTERS).collect();
    if start.len() < id.len() { start + "…" } else { start }
}

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}
