//! The report as text, for who has no browser.

use std::fmt::Write;

use crate::report::{HeldOut, Report, figure};
use vgae::evaluate::metrics::Interval;

/// Links that are listed.
const MOST_LINKS: usize = 20;
/// Letters of a line.
const WIDTH_OF_TEXT: usize = 100;
/// The width of a bar.
const WIDTH: usize = 30;

/// The findings, the metrics beside those of simple scores, the curve of the loss, calibration, metrics by degree, latent
/// dimensions and predicted links of each report.
pub fn text(reports: &[Report]) -> String {
    reports.iter().map(of_report).collect::<Vec<_>>().join("\n\n")
}

fn of_report(report: &Report) -> String {
    let mut text = Text::default();
    text.heading(&report.name, '=');
    let counts = &report.record.counts;
    let model = report.record.config.model.model;
    let graph = match counts.num_edges {
        0 => format!("{} rows", counts.num_nodes),
        edges => format!("{} nodes, {edges} edges", counts.num_nodes),
    };
    text.line(format!(
        "{model}, seed {}: {graph}, {} features",
        report.record.config.seed, counts.num_features
    ));
    for finding in &report.findings {
        text.line("");
        text.line(format!("{} {}", finding.question.text(), finding.answer));
        finding.reasons.iter().for_each(|reason| text.paragraph("  - ", &plain(reason)));
    }
    if let Some(part) = &report.held_out {
        of_part(&mut text, part, report);
    }
    of_training(&mut text, report);
    if !report.latent.is_empty() {
        let num_active = report.latent.iter().filter(|dimension| dimension.is_active).count();
        text.heading("Latent", '-');
        text.line(format!("{num_active} of {} dimensions active", report.latent.len()));
    }
    if !report.links.best.is_empty() {
        text.heading("The highest-ranked new links", '-');
        text.line(format!("{:<24}  {:<24}{:>13}{:>11}", "source", "target", "probability", "in common"));
        for link in report.links.best.iter().take(MOST_LINKS) {
            let [u, v] = [link.pair.0, link.pair.1].map(|node| plain(report.nodes.id(node)));
            text.line(format!(
                "{u:<24}  {v:<24}{:>13}{:>11}",
                figure(link.probability),
                link.num_common_neighbours
            ));
        }
    }
    if !report.notes.is_empty() {
        text.line("");
        report.notes.iter().for_each(|note| text.paragraph("note: ", note));
    }
    text.0
}

fn of_part(text: &mut Text, part: &HeldOut, report: &Report) {
    let interval = |of: Interval| format!("{:.4} – {:.4}", of.lower, of.upper);
    text.heading(
        &format!("On {} {} links among {} non-links", part.num_edges, part.name, part.num_negatives),
        '-',
    );
    text.line(format!("{:<26}{:>8}{:>18}{:>9}{:>18}", "score", "AUC", "95 %", "AP", "95 %"));
    let own = (report.record.config.model.model.to_string(), part.metrics, part.intervals);
    let others = report.standings.iter().map(|of| (of.kind.name().to_string(), of.metrics, of.intervals));
    for (name, metrics, intervals) in [own].into_iter().chain(others) {
        text.line(format!(
            "{name:<26}{:>8.4}{:>18}{:>9.4}{:>18}",
            metrics.roc_auc,
            interval(intervals.roc_auc),
            metrics.average_precision,
            interval(intervals.average_precision)
        ));
    }
    text.heading("Probabilities, among as many non-links as links", '-');
    for claim in &part.claims {
        let (reliability, name) = (&claim.reliability, &claim.probability);
        text.line(format!(
            "{name}: expected calibration error {}, Brier score {}",
            figure(reliability.expected_calibration_error),
            figure(reliability.brier)
        ));
        for bin in &reliability.bins {
            let range = format!("{}–{}", bin.lower, bin.upper);
            text.line(format!(
                "  claimed {range:<10} mean {:.3}, links {:.3} {}",
                bin.mean_probability,
                bin.share_of_edges,
                bar(bin.share_of_edges)
            ));
        }
    }
    text.heading("By training edges at the end with fewer", '-');
    for bucket in &part.by_degree {
        let figures = match bucket.metrics {
            Some(metrics) => format!(
                "AUC {:.4}  AP {:.4}  {}",
                metrics.roc_auc,
                metrics.average_precision,
                bar(metrics.roc_auc)
            ),
            None => "–".into(),
        };
        text.line(format!(
            "{:<6}{:>8} links  {figures}",
            bucket.smaller_degree.to_string(),
            bucket.num_edges
        ));
    }
}

fn of_training(text: &mut Text, report: &Report) {
    if report.history.is_empty() {
        return;
    }
    text.heading("Training", '-');
    text.line(format!(
        "{} epochs in {:.1} s{}",
        report.history.len(),
        report.record.timings.train_seconds,
        report.record.selected_epoch.map_or(String::new(), |epoch| format!(", epoch {epoch} kept"))
    ));
    for epochs in report.history.chunk_by(|a, b| a.network == b.network) {
        let name = &epochs[0].network;
        text.line(format!(
            "{name}: loss {}",
            sparkline(&epochs.iter().map(|epoch| epoch.loss).collect::<Vec<_>>())
        ));
        let aucs: Vec<f64> = epochs.iter().filter_map(|epoch| epoch.validation_roc_auc).collect();
        if !aucs.is_empty() {
            text.line(format!("{name}: validation AUC {}", sparkline(&aucs)));
        }
    }
}

/// The first and the last value with their course between them, in sixty steps at most.
fn sparkline(values: &[f64]) -> String {
    const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let (Some(first), Some(last)) = (values.first(), values.last()) else { return String::new() };
    let count = values.len().min(60);
    let picked = (0..count).map(|at| values[at * (values.len() - 1) / (count - 1).max(1)]);
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let step = |value: f64| {
        STEPS
            [((value - least) / (most - least).max(f64::MIN_POSITIVE) * 7.0).round().clamp(0.0, 7.0) as usize]
    };
    format!("{} {} {}", figure(*first), picked.map(step).collect::<String>(), figure(*last))
}

fn bar(share: f64) -> String {
    "█".repeat((share.clamp(0.0, 1.0) * WIDTH as f64).round() as usize)
}

/// An id without what a terminal would obey.
fn plain(id: &str) -> String {
    id.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, line: impl std::fmt::Display) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{line}");
    }

    /// Lines of a hundred letters at most, the first after `mark`, the others as far in.
    fn paragraph(&mut self, mark: &str, words: &str) {
        let indent = mark.chars().count();
        let mut line = mark.to_string();
        let mut length = indent;
        for word in words.split(' ') {
            let more = word.chars().count() + 1;
            if length > indent && length + more > WIDTH_OF_TEXT {
                self.line(line.trim_end());
                line = " ".repeat(indent);
                length = indent;
            }
            line.push_str(word);
            line.push(' ');
            length += more;
        }
        self.line(line.trim_end());
    }

    fn heading(&mut self, heading: &str, under: char) {
        if !self.0.is_empty() {
            self.line("");
        }
        let heading = plain(heading);
        self.line(&heading);
        self.line(under.to_string().repeat(heading.chars().count()));
    }
}
