//! The findings: what the figures mean, in sentences.

mod ranked;
mod trust;

use crate::report::{BaselineMetrics, HeldOut, Link, Report, Scope, figure};
use vgae::config::{ModelKind, Select};
use vgae::evaluate::PartRowMetrics;
use vgae::evaluate::metrics::{Interval, LEVEL};
use vgae::train::Epoch;

/// A question that a report answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// "Did it learn?"
    Learned,
    /// "Can I trust it?"
    Trusted,
    /// "Does it find true links?"
    Ranked,
    /// "What did it find?"
    Found,
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The question.
    pub question: Question,
    /// A short answer, such as "Yes".
    pub answer: String,
    /// The reasons, a sentence or two each, with commands between backticks.
    pub reasons: Vec<String>,
}

impl Question {
    /// Returns the question in words.
    pub fn text(self) -> &'static str {
        match self {
            Question::Learned => "Did it learn?",
            Question::Trusted => "Can I trust it?",
            Question::Ranked => "Does it find true links?",
            Question::Found => "What did it find?",
        }
    }
}

/// A VAE has learned if its error is below this share of the columns' variance.
const LEARNED_SHARE: f64 = 0.9;
/// The validation AUC is still rising if it gained more than this in the last tenth of the epochs.
const RISING_GAIN: f64 = 0.003;

/// Number of links that the answer names.
const NUM_NAMED: usize = 3;
/// The most characters of an id that a sentence shows.
const MAX_LETTERS: usize = 40;

/// Answers the questions that apply to the run.
pub(super) fn answers(report: &Report) -> Vec<Finding> {
    let mut findings = Vec::new();
    match (&report.held_out, &report.rows) {
        (Some(part), _) => {
            findings.push(learned(part, report));
            findings.push(trust::trusted(part, report));
        }
        (None, Some(rows)) => findings.extend(rows_learned(rows, report.mean_variance)),
        (None, None) => findings.push(Finding {
            question: Question::Learned,
            answer: "Unknown".into(),
            reasons: vec!["No links were held out, so nothing can be measured.".into()],
        }),
    }
    findings.extend(match &report.ranking {
        Some(ranking) => Some(ranked::found(ranking, report)),
        None => report.held_out.as_ref().map(|_| ranked::left_out()),
    });
    findings.extend(found(report));
    findings
}

/// Returns `true` if the validation part was used to make choices.
pub(super) fn is_chosen_by_validation(report: &Report) -> bool {
    let config = &report.record.config;
    let epochs = report.history.last().map(|epoch| epoch.epoch);
    let chose_earlier = config.select() == Select::Auto && report.record.selected_epoch < epochs;
    config.model.model == ModelKind::Best
        || config.select() == Select::Best
        || config.patience().is_some()
        || chose_earlier
}

/// Returns `true` if the lower end of the AUC's interval is above chance.
fn beats_chance(part: &HeldOut) -> bool {
    part.intervals.roc_auc.lower > 0.5
}

fn learned(part: &HeldOut, report: &Report) -> Finding {
    let auc = part.metrics.roc_auc;
    let Interval { lower, upper } = part.intervals.roc_auc;
    let mut reasons = vec![format!(
        "The AUC is {} ({} % interval {} to {}). This is the chance, in percent, that a {} link ranks above a non-link; \
         guessing gives 50.",
        percent(auc),
        100.0 * LEVEL,
        percent(lower),
        percent(upper),
        part.name
    )];
    let best = report.baselines.first();
    reasons.extend(best.map(|best| compare_with_best(part, best, report)));
    let is_model = !matches!(report.record.config.model.model, ModelKind::Baseline(_));
    let answer = match (is_model, beats_chance(part), best) {
        (false, _, _) => "It needs no training",
        (true, false, _) => "Not measurably",
        (true, true, None) => "Yes",
        (true, true, Some(best)) if lower > best.metrics.roc_auc => "Yes",
        (true, true, Some(best)) if upper < best.metrics.roc_auc => "Yes, but a simple score ranks better",
        (true, true, Some(_)) => "Yes, about as well as a simple score",
    };
    reasons.extend(rising_hint(&report.history));
    reasons.extend(collapse_warning(report));
    Finding { question: Question::Learned, answer: answer.into(), reasons }
}

/// Compares the model with the best score that needs no training.
fn compare_with_best(part: &HeldOut, best: &BaselineMetrics, report: &Report) -> String {
    let (name, theirs) = (best.kind.name(), percent(best.metrics.roc_auc));
    let difference = part.metrics.roc_auc - best.metrics.roc_auc;
    let which = match report.skipped_baselines.is_empty() {
        true => "The best simple score",
        false => "The best of the simple scores listed below",
    };
    match difference > 0.0 {
        true => format!(
            "{which} on the same pairs, {name}, reaches {theirs}, which is {} points less.",
            percent(difference)
        ),
        false => format!(
            "{which} on the same pairs, {name}, reaches {theirs} without any training. `vgae train DATA --model best` \
             combines such scores with a model."
        ),
    }
}

/// Warns if almost no latent dimension is active. A few inactive dimensions do no harm.
fn collapse_warning(report: &Report) -> Option<String> {
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
            "The latent space has collapsed: only {num_active} of {} dimensions vary from node to node. Try {hint}.",
            latent.len()
        )
    })
}

/// Suggests more epochs if the validation AUC rose until the end.
fn rising_hint(history: &[Epoch]) -> Option<String> {
    let last_epoch = history.last()?;
    let metrics: Vec<f64> = history
        .iter()
        .filter(|epoch| epoch.network == last_epoch.network)
        .filter_map(|epoch| epoch.validation_roc_auc)
        .collect();
    let tail = metrics.len() / 10;
    if tail == 0 {
        return None;
    }
    let maximum = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (before, after) = metrics.split_at(metrics.len() - tail);
    let gain = maximum(after) - maximum(before);
    (gain > RISING_GAIN).then(|| {
        format!(
            "The validation AUC rose by {} points in the last tenth of the epochs: more --epochs may help.",
            percent(gain)
        )
    })
}

/// Answers whether a VAE without a graph reconstructs held-out rows.
fn rows_learned(rows: &PartRowMetrics, mean_variance: Option<f64>) -> Option<Finding> {
    let (name, metrics) = match (rows.test, rows.validation) {
        (Some(test), _) => ("test", test),
        (None, Some(validation)) => ("validation", validation),
        (None, None) => return None,
    };
    let error = metrics.mean_squared_error;
    let mut reasons = vec![format!(
        "On the {} {name} rows, which were not trained on, the mean squared error is {}.",
        metrics.num_rows,
        figure(error)
    )];
    let answer = mean_variance.map_or("See its error", |variance| {
        reasons.push(format!("Predicting the mean of each column would give {}.", figure(variance)));
        if error < LEARNED_SHARE * variance {
            "Yes"
        } else if error < variance {
            "A little"
        } else {
            "No"
        }
    });
    reasons.push(format!("The evidence lower bound is {:.3} nats per row.", metrics.elbo));
    Some(Finding { question: Question::Learned, answer: answer.into(), reasons })
}

fn found(report: &Report) -> Option<Finding> {
    let best = report.links.best.first()?;
    let question = Question::Found;
    if report.held_out.as_ref().is_some_and(|part| !beats_chance(part)) {
        let reasons = vec!["The ranking of the pairs below is not measurably better than chance.".into()];
        return Some(Finding { question, answer: "Nothing reliable".into(), reasons });
    }
    let kind = if report.record.calibration.is_some() { "calibrated probability" } else { "sigmoid(logit)" };
    let arrow = if report.record.config.read.directed { "→" } else { "–" };
    let pair = |link: &Link| {
        let [u, v] = [link.pair.0, link.pair.1].map(|node| shortened(report.nodes.id(node)));
        format!("{u} {arrow} {v}")
    };
    let first: Vec<String> = report.links.best.iter().take(NUM_NAMED).map(pair).collect();
    let mut reasons = vec![format!(
        "Ranked highest: {}; the first has a {kind} of {}.",
        first.join(", "),
        figure(best.probability)
    )];
    let with_common = report.links.best.iter().filter(|link| link.num_common_neighbours > 0).count();
    let count = report.links.best.len();
    if report.record.counts.num_sources.is_none() && report.links.scope == Scope::AllPairs {
        reasons.push(format!(
            "{with_common} of these {count} pairs have a common neighbour in the training graph."
        ));
    }
    match report.links.scope {
        Scope::AllPairs => {}
        Scope::TwoHop => reasons.push(
            "Only pairs with a common neighbour (over held-out edges too) were searched; `vgae predict RUN` searches all pairs.".into(),
        ),
        Scope::Shortlist(count) => reasons.push(format!(
            "Only the {count} pairs that the model's first network ranks highest were searched; `vgae predict RUN` searches all pairs."
        )),
        Scope::AtNodes(nodes) | Scope::TwoHopAtNodes(nodes) => {
            reasons.push(format!("Only pairs at {nodes} nodes were searched; `vgae predict RUN` searches all pairs."));
        }
    }
    let answer = match report.links.scope {
        Scope::AllPairs => format!("The {count} highest-ranked new pairs"),
        _ => format!("The {count} highest-ranked of the pairs searched"),
    };
    Some(Finding { question, answer, reasons })
}

/// Shortens a long id.
fn shortened(id: &str) -> String {
    let start: String = id.chars().take(MAX_LETTERS).collect();
    if start.len() < id.len() { start + "…" } else { start }
}

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}
