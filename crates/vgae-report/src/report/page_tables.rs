//! The tables of metrics in the page.

use maud::{Markup, html};

use crate::report::Report;
use crate::report::findings::is_chosen_by_validation;
use vgae::evaluate::metrics::{Interval, Intervals, Metrics};

/// Renders the metrics of the model and of the scores that need no training.
pub(super) fn ranking(report: &Report) -> Markup {
    let Some(part) = &report.held_out else { return html! {} };
    let model = report.record.config.model.model.to_string();
    let own = [(model, part.metrics, part.intervals, true)];
    let others = report
        .baselines
        .iter()
        .map(|other| (other.kind.name().to_string(), other.metrics, other.intervals, false));
    html! {
        h2 { "How well it ranks" }
        p.hint {
            "Measured on " (part.num_edges) " " (part.name) " links among " (part.num_negatives)
            " non-links, with 95 % bootstrap intervals. The other scores need no training and use the same graph."
            @if part.metrics.by_link.is_some() {
                " MRR ranks each link among the negatives that the split has for it."
            }
        }
        div.scroll { table.ranking {
            thead { tr {
                th { "score" } th.number { "AUC" } th.optional.number { "interval" } th { (scale_heading()) }
                th.number { "AP" } th.optional.number { "interval" }
                @if part.metrics.by_link.is_some() { th.number { "MRR" } }
            } }
            tbody { @for (name, metrics, intervals, is_own) in own.into_iter().chain(others) {
                tr.own[is_own] {
                    td { (name) } (metric_cells(metrics, intervals))
                    @if let Some(ranks) = metrics.by_link { td.number { (percent(ranks.mean_reciprocal_rank)) } }
                }
            } }
        } }
        @if !report.skipped_baselines.is_empty() {
            p.hint {
                "Left out, because they would take long on this graph: "
                (report.skipped_baselines.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", "))
                ". " code { "vgae train DATA --model NAME --split RUN" } " computes each of them."
            }
        }
        @if let Some(validation) = report.validation.filter(|_| part.name == "test") {
            p.hint {
                "On the validation links" @if is_chosen_by_validation(report) { ", which were used to make choices" } ": AUC "
                (percent(validation.roc_auc)) ", AP " (percent(validation.average_precision)) "."
            }
        }
    }
}

/// Renders the metrics of several runs in one table.
pub(super) fn comparison(reports: &[&Report]) -> Markup {
    html! {
        p.hint { "Intervals are 95 % bootstrap intervals. Runs with different graphs or splits are measured on different links." }
        div.scroll { table.ranking {
            thead { tr {
                th { "run" } th { "model" } th.number { "AUC" } th.optional.number { "interval" } th { (scale_heading()) }
                th.number { "AP" } th.optional.number { "interval" } th { "best simple score" } th.number { "links" } th.number { "seed" }
                th.number { "seconds" }
            } }
            tbody { @for report in reports { tr.own {
                td { (report.name) }
                td { (report.record.config.model.model) }
                @match &report.held_out {
                    Some(part) => {
                        (metric_cells(part.metrics, part.intervals))
                        td {
                            @if let Some(best) = report.baselines.first() {
                                (best.kind.name()) " " (percent(best.metrics.roc_auc))
                            }
                        }
                        td.number { (part.num_edges) }
                    },
                    None => { td.number { "–" } td.optional {} td {} td.number { "–" } td.optional {} td {} td.number { "0" } },
                }
                td.number { (report.record.config.seed) }
                td.number { (format!("{:.1}", report.record.timings.train_seconds)) }
            } } }
        } }
    }
}

/// Renders the heading of the column that draws the AUC as a dot.
fn scale_heading() -> Markup {
    html! { span.hint { "AUC from 50 to 100" } }
}

fn metric_cells(metrics: Metrics, intervals: Intervals) -> Markup {
    let text = |interval: Interval| format!("{} – {}", percent(interval.lower), percent(interval.upper));
    let Interval { lower, upper } = intervals.roc_auc;
    // The left end is chance; an AUC below chance is drawn there as well.
    let offset = |auc: f64| percent((2.0 * auc - 1.0).max(0.0));
    let style =
        format!("--from:{}%;--to:{}%;--at:{}%", offset(lower), offset(upper), offset(metrics.roc_auc));
    html! {
        td.number { (percent(metrics.roc_auc)) }
        td.optional.number { (text(intervals.roc_auc)) }
        td { span.range style=(style) {
            i {} b.below[metrics.roc_auc < 0.5] {}
        } }
        td.number { (percent(metrics.average_precision)) }
        td.optional.number { (text(intervals.average_precision)) }
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}
