//! The tables of metrics in a page.

use maud::{Markup, html};

use crate::report::Report;
use crate::report::findings::is_chosen_by_validation;
use crate::report::page::{findings, summary};
use vgae::evaluate::metrics::{Interval, Intervals, Metrics};

/// The model's metrics beside those of the scores that need no training.
pub(super) fn ranking(report: &Report) -> Markup {
    let Some(part) = &report.held_out else { return html! {} };
    let model = report.record.config.model.model.to_string();
    let own = [(model, part.metrics, part.intervals, true)];
    let others =
        report.standings.iter().map(|of| (of.kind.name().to_string(), of.metrics, of.intervals, false));
    html! {
        h2 { "How well it ranks" }
        p.hint {
            "On the " (part.num_edges) " " (part.name) " links among " (part.num_negatives)
            " non-links, with 95 % bootstrap intervals; the other scores need no training and see the same graph."
        }
        div.scroll { table.ranking {
            thead { tr {
                th { "score" } th.number { "AUC" } th.optional.number { "interval" } th { (scale()) }
                th.number { "AP" } th.optional.number { "interval" }
            } }
            tbody { @for (name, metrics, intervals, is_own) in own.into_iter().chain(others) {
                tr.own[is_own] { td { (name) } (metric_cells(metrics, intervals)) }
            } }
        } }
        @if !report.left_out.is_empty() {
            p.hint {
                "Left out, for they would take long here: "
                (report.left_out.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", "))
                ". " code { "vgae train DATA --model NAME --split RUN" } " works one out."
            }
        }
        @if let Some(validation) = report.validation.filter(|_| part.name == "test") {
            p.hint {
                "On the validation links" @if is_chosen_by_validation(report) { ", which choices were made by" } ": AUC "
                (percent(validation.roc_auc)) ", AP " (percent(validation.average_precision)) "."
            }
        }
    }
}

/// The metrics of runs beside one another, and what each comes to.
pub(super) fn comparison(reports: &[&Report]) -> Markup {
    html! {
        p.hint { "With 95 % bootstrap intervals. Figures of runs of other splits or graphs are of other links." }
        div.scroll { table.ranking {
            thead { tr {
                th { "run" } th { "model" } th.number { "AUC" } th.optional.number { "interval" } th { (scale()) }
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
                            @if let Some(best) = report.standings.first() {
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
        @for report in reports { h3 { (report.name) } p { (summary(report)) } (findings(report)) }
    }
}

/// The heading of the column of dots.
fn scale() -> Markup {
    html! { span.hint { "AUC from 50 to 100" } }
}

fn metric_cells(metrics: Metrics, intervals: Intervals) -> Markup {
    let interval = |of: Interval| format!("{} – {}", percent(of.lower), percent(of.upper));
    let Interval { lower, upper } = intervals.roc_auc;
    // A coin stands at the left end, and what is worse than one.
    let place = |auc: f64| percent((2.0 * auc - 1.0).max(0.0));
    let at = format!("--from:{}%;--to:{}%;--at:{}%", place(lower), place(upper), place(metrics.roc_auc));
    html! {
        td.number { (percent(metrics.roc_auc)) }
        td.optional.number { (interval(intervals.roc_auc)) }
        td { span.range style=(at) {
            i {} b.below[metrics.roc_auc < 0.5] {}
        } }
        td.number { (percent(metrics.average_precision)) }
        td.optional.number { (interval(intervals.average_precision)) }
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}
