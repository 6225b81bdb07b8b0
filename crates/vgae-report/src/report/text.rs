//! The report as plain text, for use without a browser.

use std::fmt::Write;

use crate::report::{HeldOut, ProbabilityReliability, Report, figure};
use vgae::evaluate::metrics::Interval;

/// The most links that are listed.
const MAX_LINKS: usize = 20;
/// The most characters in a line of a paragraph.
const LINE_WIDTH: usize = 100;
/// The characters of a full bar.
const BAR_WIDTH: usize = 30;

/// Renders the reports as plain text: the findings, the metrics of the model and of simple scores,
/// calibration, metrics by degree, the loss curve, latent dimensions and predicted links of each.
pub fn text(reports: &[Report]) -> String {
    reports.iter().map(report_text).collect::<Vec<_>>().join("\n\n")
}

fn report_text(report: &Report) -> String {
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
        write_held_out(&mut text, part, report);
    }
    write_training(&mut text, report);
    if !report.latent.is_empty() {
        let num_active = report.latent.iter().filter(|dimension| dimension.is_active).count();
        text.heading("Latent", '-');
        text.line(format!("{num_active} of {} dimensions active", report.latent.len()));
    }
    if !report.links.best.is_empty() {
        text.heading("The highest-ranked new links", '-');
        text.line(format!("{:<24}  {:<24}{:>13}{:>11}", "source", "target", "probability", "in common"));
        for link in report.links.best.iter().take(MAX_LINKS) {
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

fn write_held_out(text: &mut Text, part: &HeldOut, report: &Report) {
    let text_of = |interval: Interval| format!("{:.4} – {:.4}", interval.lower, interval.upper);
    text.heading(
        &format!("On {} {} links among {} non-links", part.num_edges, part.name, part.num_negatives),
        '-',
    );
    let has_ranks = part.metrics.by_link.is_some();
    let mrr = if has_ranks { format!("{:>9}", "MRR") } else { String::new() };
    text.line(format!("{:<26}{:>8}{:>18}{:>9}{:>18}{mrr}", "score", "AUC", "95 %", "AP", "95 %"));
    let own = (report.record.config.model.model.to_string(), part.metrics, part.intervals);
    let others =
        report.baselines.iter().map(|other| (other.kind.name().to_string(), other.metrics, other.intervals));
    for (name, metrics, intervals) in [own].into_iter().chain(others) {
        let mrr =
            metrics.by_link.map_or(String::new(), |ranks| format!("{:>9.4}", ranks.mean_reciprocal_rank));
        text.line(format!(
            "{name:<26}{:>8.4}{:>18}{:>9.4}{:>18}{mrr}",
            metrics.roc_auc,
            text_of(intervals.roc_auc),
            metrics.average_precision,
            text_of(intervals.average_precision)
        ));
    }
    if has_ranks {
        text.line("MRR: each link among the negatives that the split has for it.");
    }
    text.heading("Probabilities, among as many non-links as links", '-');
    for ProbabilityReliability { probability, reliability } in &part.reliabilities {
        text.line(format!(
            "{probability}: expected calibration error {}, Brier score {}",
            figure(reliability.expected_calibration_error),
            figure(reliability.brier)
        ));
        for bin in &reliability.bins {
            let range = format!("{}–{}", bin.lower, bin.upper);
            text.line(format!(
                "  predicted {range:<10} mean {:.3}, links {:.3} {}",
                bin.mean_probability,
                bin.share_of_edges,
                bar(bin.share_of_edges)
            ));
        }
    }
    text.heading("By smaller training degree", '-');
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

fn write_training(text: &mut Text, report: &Report) {
    if report.history.is_empty() {
        return;
    }
    text.heading("Training", '-');
    text.line(format!(
        "{} epochs in {:.1} s{}",
        report.history.len(),
        report.record.timings.train_seconds,
        report.record.selected_epoch.map_or(String::new(), |epoch| format!(", epoch {epoch} selected"))
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

/// Draws the course of the values in at most 60 characters, between the first and the last value as numbers.
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
    "█".repeat((share.clamp(0.0, 1.0) * BAR_WIDTH as f64).round() as usize)
}

/// Replaces control characters, which a terminal would interpret.
fn plain(id: &str) -> String {
    id.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// A text under construction.
#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, line: impl std::fmt::Display) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{line}");
    }

    /// Adds a paragraph in lines of at most [`LINE_WIDTH`] characters: the first begins with `mark`, the
    /// others are indented by its width.
    fn paragraph(&mut self, mark: &str, words: &str) {
        let indent = mark.chars().count();
        let mut line = mark.to_string();
        let mut length = indent;
        for word in words.split(' ') {
            let more = word.chars().count() + 1;
            if length > indent && length + more > LINE_WIDTH {
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

    fn heading(&mut self, heading: &str, underline: char) {
        if !self.0.is_empty() {
            self.line("");
        }
        let heading = plain(heading);
        self.line(&heading);
        self.line(underline.to_string().repeat(heading.chars().count()));
    }
}
