//! What the figures come to, in sentences.

mod trust;

use crate::report::{HeldOut, Link, Report, Scope, Standing, figure};
use vgae::config::{ModelKind, Select};
use vgae::evaluate::PartRowMetrics;
use vgae::evaluate::metrics::{Interval, LEVEL};
use vgae::train::Epoch;

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

/// The share of the columns' variance below which an error tells of something learned.
const LITTLE: f64 = 0.9;
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
            findings.push(trust::trusted(part, report));
        }
        (None, Some(rows)) => findings.extend(described(rows, report.mean_variance)),
        (None, None) => findings.push(Finding {
            question: Question::Learned,
            answer: "Unknown".into(),
            reasons: vec!["Nothing was held out, so that nothing can be measured.".into()],
        }),
    }
    findings.extend(found(report));
    findings
}

/// Whether something of the model was chosen by the validation part.
pub(super) fn is_chosen_by_validation(report: &Report) -> bool {
    let config = &report.record.config;
    let train = &config.train;
    config.model.model == ModelKind::Best || train.select == Some(Select::Best) || train.patience.is_some()
}

/// Whether the ranking is better than a coin's, by the lower end of its interval.
fn ranks(part: &HeldOut) -> bool {
    part.intervals.roc_auc.lower > 0.5
}

fn learned(part: &HeldOut, report: &Report) -> Finding {
    let auc = part.metrics.roc_auc;
    let Interval { lower, upper } = part.intervals.roc_auc;
    let mut reasons = vec![format!(
        "AUC {} ({} % interval {} to {}): of 100 pairs of a {} link and a non-link, it ranks the link higher in so many. A \
         coin would in 50.",
        percent(auc),
        100.0 * LEVEL,
        percent(lower),
        percent(upper),
        part.name
    )];
    let best = report.standings.first();
    reasons.extend(best.map(|best| beside(part, best, report)));
    let is_model = !matches!(report.record.config.model.model, ModelKind::Baseline(_));
    let answer = match (is_model, ranks(part), best) {
        (false, _, _) => "It needs no training",
        (true, false, _) => "Not that it shows",
        (true, true, None) => "Yes",
        (true, true, Some(best)) if lower > best.metrics.roc_auc => "Yes",
        (true, true, Some(best)) if upper < best.metrics.roc_auc => "Less than a simple score knows",
        (true, true, Some(_)) => "Yes, about as much as a simple score",
    };
    reasons.extend(still_rising(&report.history));
    reasons.extend(collapsed(report));
    Finding { question: Question::Learned, answer: answer.into(), reasons }
}

/// How the model stands beside the best score that needs no training.
fn beside(part: &HeldOut, best: &Standing, report: &Report) -> String {
    let (name, theirs) = (best.kind.name(), percent(best.metrics.roc_auc));
    let difference = part.metrics.roc_auc - best.metrics.roc_auc;
    let which = match report.left_out.is_empty() {
        true => "The best simple score",
        false => "The best simple score below",
    };
    match difference > 0.0 {
        true => format!(
            "{which} on the same pairs, {name}, has {theirs}: this is {} points more.",
            percent(difference)
        ),
        false => format!(
            "{which} on the same pairs, {name}, has {theirs} without any training. `vgae train DATA --model best` joins both \
             kinds."
        ),
    }
}

/// Whether the latent says next to nothing of the nodes. A few idle dimensions are no harm.
fn collapsed(report: &Report) -> Option<String> {
    let latent = &report.latent;
    let num_active = latent.iter().filter(|dimension| dimension.is_active).count();
    let is_gaussian = latent.first()?.kl.is_some();
    let hint = match is_gaussian {
        true => "--kl-warmup, --free-bits or a smaller --kl-weight",
        false => "a smaller --latent, or features of about the size of 1",
    };
    let is_stack = report.record.config.model.model == ModelKind::Best;
    (10 * num_active <= latent.len() && !is_stack).then(|| {
        format!(
            "The latent has collapsed: {num_active} of {} dimensions vary from node to node. Try {hint}.",
            latent.len()
        )
    })
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

/// Of a VAE without a graph: how well it gives rows back.
fn described(rows: &PartRowMetrics, mean_variance: Option<f64>) -> Option<Finding> {
    let (name, metrics) = match (rows.test, rows.validation) {
        (Some(test), _) => ("test", test),
        (None, Some(validation)) => ("validation", validation),
        (None, None) => return None,
    };
    let error = metrics.mean_squared_error;
    let mut reasons = vec![format!(
        "The {} {name} rows, which training never saw, are given back with a mean squared error of {}.",
        metrics.num_rows,
        figure(error)
    )];
    let answer = mean_variance.map_or("By its error", |variance| {
        reasons.push(format!(
            "Whoever knew the mean of each column and nothing more would have {}.",
            figure(variance)
        ));
        if error < LITTLE * variance {
            "Yes"
        } else if error < variance {
            "Little"
        } else {
            "No"
        }
    });
    reasons.push(format!("The evidence lower bound is {:.3} nats a row.", metrics.elbo));
    Some(Finding { question: Question::Learned, answer: answer.into(), reasons })
}

fn found(report: &Report) -> Option<Finding> {
    let best = report.links.best.first()?;
    let question = Question::Found;
    if report.held_out.as_ref().is_some_and(|part| !ranks(part)) {
        let reasons = vec![
            "Pairs are listed below in the model's order, which was not seen to be better than chance."
                .into(),
        ];
        return Some(Finding { question, answer: "Nothing to rely on".into(), reasons });
    }
    let kind = if report.record.calibration.is_some() { "calibrated probability" } else { "sigmoid(logit)" };
    let joint = if report.record.config.read.directed { "→" } else { "–" };
    let pair = |link: &Link| {
        let [u, v] = [link.pair.0, link.pair.1].map(|node| short(report.nodes.id(node)));
        format!("{u} {joint} {v}")
    };
    let first: Vec<String> = report.links.best.iter().take(NUM_FIRST).map(pair).collect();
    let mut reasons = vec![format!(
        "First of all {}; the first has a {kind} of {}.",
        first.join(", "),
        figure(best.probability)
    )];
    let with_common = report.links.best.iter().filter(|link| link.num_common_neighbours > 0).count();
    let count = report.links.best.len();
    if report.record.counts.num_sources.is_none() && report.links.scope == Scope::AllPairs {
        reasons.push(format!("{with_common} of these {count} pairs have a training neighbour in common."));
    }
    match report.links.scope {
        Scope::AllPairs => {}
        Scope::TwoHop => reasons.push(
            "Looked for among the pairs two edges apart, held-out edges too; `vgae predict RUN` looks at all.".into(),
        ),
        Scope::Shortlist(count) => reasons.push(format!(
            "Looked for among the {count} pairs that a part of the model ranks highest; `vgae predict RUN` looks at all."
        )),
        Scope::AtNodes(nodes) | Scope::TwoHopAtNodes(nodes) => {
            reasons.push(format!("Looked for at {nodes} nodes alone; `vgae predict RUN` looks everywhere."));
        }
    }
    let answer = match report.links.scope {
        Scope::AllPairs => format!("The {count} highest-ranked new pairs"),
        _ => format!("The {count} highest-ranked of the pairs looked at"),
    };
    Some(Finding { question, answer, reasons })
}

/// The start of an id that may be long.
fn short(id: &str) -> String {
    let start: String = id.chars().take(MOST_LETTERS).collect();
    if start.len() < id.len() { start + "…" } else { start }
}

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}
