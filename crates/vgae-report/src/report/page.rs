//! The report as a single HTML page that needs no network and no other file.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use crate::Result;
use crate::chart::{Size, palette};
use crate::config::PlotKind;
use crate::report::charts::chart;
use crate::report::page_tables::{comparison, ranking};
use crate::report::{Report, page_data};

/// Allows the page's own scripts and styles, and forbids all requests.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; \
                      base-uri 'none'; form-action 'none'";

/// Renders the page of one run, or of several side by side.
///
/// The page takes about 300 kB, plus some 100 bytes for each node on a map and for each of its neighbours.
/// Node ids and other text from users are always escaped, and the page's content security policy allows no
/// requests.
///
/// # Errors
/// Returns [`crate::Error::Chart`] if a chart cannot be drawn.
pub fn page(reports: &[Report]) -> Result<String> {
    let reports: Vec<&Report> = reports.iter().collect();
    let names = reports.iter().map(|report| report.name.as_str()).collect::<Vec<_>>().join(", ");
    let data: Vec<Value> = reports.iter().map(|report| page_data::run_data(report)).collect();
    let body = html! {
        header {
            h1 { (names) }
            p.lead {
                @if reports.iter().any(|report| report.record.counts.num_edges > 0) {
                    "Link prediction with " code { "vgae" } ": what the model learned, how far to trust it, and what it found."
                } @else {
                    "An auto-encoder of rows, trained with " code { "vgae" } ": what it learned."
                }
            }
        }
        @if let [report] = reports[..] {
            p { (summary(report)) }
            (findings(report))
            (ranking(report))
        } @else {
            h2 { "The runs" }
            (comparison(&reports))
            @for report in &reports { h3 { (report.name) } p { (summary(report)) } (findings(report)) }
        }
        (section(&reports, "Training", &[PlotKind::Loss, PlotKind::Kl, PlotKind::Validation])?)
        @if let [report] = reports[..] {
            (section(&[report], "Separating links from non-links", &[PlotKind::Roc, PlotKind::Pr, PlotKind::Scores])?)
            (section(&[report], "Details", &[PlotKind::Calibration, PlotKind::Degree, PlotKind::Latent])?)
        } @else {
            (section(&reports, "Separating links from non-links", &[PlotKind::Roc, PlotKind::Pr, PlotKind::Calibration])?)
        }
        @if reports.len() > 1 { h2 { "Side by side" } }
        div.runs.many[reports.len() > 1] {
            @for (at, report) in reports.iter().enumerate() {
                (run_section(report, at, reports.len() > 1)?)
            }
        }
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                meta name="generator" content={ "vgae " (env!("CARGO_PKG_VERSION")) };
                link rel="icon" href="data:,";
                title { (names) " · vgae report" }
                style {
                    (PreEscaped(colours())) (PreEscaped(include_str!("page.css"))) (PreEscaped(include_str!("map.css")))
                }
            }
            body {
                (body)
                script type="application/json" id="data" { (PreEscaped(page_data::inline(&Value::from(data)))) }
                script { (PreEscaped(include_str!("d3.min.js"))) }
                script { (PreEscaped(include_str!("map.js"))) }
                script { (PreEscaped(include_str!("page.js"))) }
            }
        }
    };
    Ok(page.into_string())
}

/// Returns CSS that defines the colours as variables and recolours the charts on a dark screen.
pub fn colours() -> String {
    let names = [
        ("paper", palette::PAPER),
        ("ink", palette::INK),
        ("muted", palette::MUTED),
        ("grid", palette::GRID),
    ];
    let names = names.map(|(name, colour)| (name.to_string(), colour)).into_iter();
    let series = palette::SERIES.into_iter().enumerate().map(|(at, colour)| (format!("series-{at}"), colour));
    let named = [("other".to_string(), palette::MUTED), ("accent".to_string(), palette::SERIES[1])];
    let all: Vec<_> = names.chain(series).chain(named).collect();
    let light: String = all.iter().map(|(name, colour)| format!("--{name}:{};", colour.light)).collect();
    let dark: String = all.iter().map(|(name, colour)| format!("--{name}:{};", colour.dark)).collect();
    let mapped: String = palette::all()
        .map(|colour| {
            let (from, to) = (colour.light, colour.dark);
            format!("svg [fill=\"{from}\"]{{fill:{to}}}svg [stroke=\"{from}\"]{{stroke:{to}}}")
        })
        .collect();
    format!(":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}{mapped}}}\n")
}

/// Describes the model, the graph and the training in a sentence.
fn summary(report: &Report) -> String {
    let counts = &report.record.counts;
    let features = match counts.num_features {
        0 => "no features".to_string(),
        count => format!("{count} features"),
    };
    let graph = match counts.num_edges {
        0 => format!("{} rows of {features}", counts.num_nodes),
        edges => {
            let directed = if report.record.config.read.directed { " with directions" } else { "" };
            format!("{} nodes, {edges} edges{directed}, {features}", counts.num_nodes)
        }
    };
    let model = report.record.config.model.model;
    let seconds = report.record.timings.train_seconds;
    format!("{model} on {graph}; trained in {seconds:.1} s with seed {}.", report.record.config.seed)
}

fn findings(report: &Report) -> Markup {
    html! {
        div.findings {
            @for finding in &report.findings {
                section.finding {
                    p.question { (finding.question.text()) }
                    p.answer { (finding.answer) }
                    ul { @for reason in &finding.reasons { li { (with_code(reason)) } } }
                }
            }
        }
    }
}

/// Renders a sentence, with the text between backticks as code.
fn with_code(sentence: &str) -> Markup {
    html! {
        @for (at, part) in sentence.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// Renders the charts of `kinds` that have data, under a heading.
fn section(reports: &[&Report], heading: &str, kinds: &[PlotKind]) -> Result<Markup> {
    let mut figures = Vec::new();
    for &kind in kinds {
        if let Some(chart) = chart(kind, reports) {
            figures.push(html! {
                figure data-chart=(kind.name()) { (PreEscaped(chart.svg(SIZE)?)) figcaption { (kind.caption()) } }
            });
        }
    }
    Ok(html! {
        @if !figures.is_empty() {
            h2 { (heading) }
            div.charts { @for figure in figures { (figure) } }
        }
    })
}

/// The size of a chart in the page.
const SIZE: Size = Size { width: 380, height: 310 };

/// The most links that are printed; `page.css` hides the others.
const MAX_PRINTED: usize = 40;

/// Renders the parts that each run has for itself: the map, the links, and the settings.
fn run_section(report: &Report, at: usize, is_one_of_many: bool) -> Result<Markup> {
    let has_map = report.map.is_some();
    Ok(html! {
        section data-run=(at) {
            @if is_one_of_many {
                h3 { (report.name) }
                (section(&[report], "Details", &[PlotKind::Scores, PlotKind::Degree, PlotKind::Latent])?)
            }
            @if let Some(map) = &report.map {
                div.keep {
                    h2 { "Map of the " @if report.record.counts.num_edges > 0 { "nodes" } @else { "rows" } }
                    p.hint {
                        (map.kind) " of the embeddings"
                        @if map.nodes.len() < report.nodes.len() {
                            ", " (map.nodes.len()) " of " (report.nodes.len()) " nodes: those of the links below, and a random sample"
                        }
                        ". Hover over a node to see its name"
                        @if !report.links.best.is_empty() {
                            "; click it to see its neighbours (solid lines) and its highest-ranked new links (dashed lines)"
                        }
                        ". To zoom, pinch, or turn the wheel while holding Ctrl." @if let Some(note) = &map.note { " " (note) }
                    }
                    div.tools {
                        input.find type="search" placeholder="Find a node" aria-label="Find a node on the map" autocomplete="off";
                    }
                    div.atlas {
                        div.map {}
                        aside.panel aria-live="polite" {}
                    }
                }
            }
            @if !report.links.best.is_empty() {
                h2 { "The highest-ranked new links" }
                p.hint { (probability_note(report)) }
                div.links {
                    div.tools {
                        input.search type="search" placeholder="Search nodes" aria-label="Search the links by node" autocomplete="off";
                        button.download type="button" title="An apostrophe is put before names that a spreadsheet would run as a formula" {
                            "Download CSV"
                        }
                        span.state.hint {}
                    }
                    div.rows { table {
                        thead { tr {
                            @for (key, text, is_number) in columns(report) {
                                th.number[is_number] data-key=(key) scope="col" { button type="button" { (text) } }
                            }
                        } }
                        tbody {}
                    } }
                    @if report.links.best.len() > MAX_PRINTED { p.paper.hint { "Only the first " (MAX_PRINTED) " are printed." } }
                }
            }
            @for note in &report.notes { p.hint { (with_code(note)) } }
            @if !has_map && report.latent.is_empty() {
                p.hint { "This model has no embeddings: it scores pairs from the graph alone." }
            }
            h2 { "Settings and provenance" }
            (provenance(report))
        }
    })
}

/// Returns the key and the heading of each column of the links, and whether it is right-aligned.
fn columns(report: &Report) -> Vec<(&'static str, &'static str, bool)> {
    let mut columns = vec![
        ("rank", "#", true),
        ("source", "source", false),
        ("target", "target", false),
        ("probability", "probability", false),
        ("logit", "logit", true),
    ];
    if page_data::counts_common(report) {
        columns.push(("common", "in common", true));
    }
    columns
}

fn probability_note(report: &Report) -> String {
    match &report.record.calibration {
        Some(calibrator) => {
            format!("The probabilities are calibrated ({}) for the density of the graph.", calibrator.method())
        }
        None => "The probability is sigmoid(logit), which is not calibrated. It ranks the pairs, but overstates how likely they are links."
            .into(),
    }
}

/// Renders the settings, the inputs, the versions and the timings.
fn provenance(report: &Report) -> Markup {
    let record = &report.record;
    let list = |rows: Vec<(String, String)>| {
        html! { dl { @for (name, value) in rows { dt { (name) } dd { code { (value) } } } } }
    };
    let inputs = record.inputs.iter().map(|input| {
        (input.path.display().to_string(), format!("{} bytes, SHA-256 {}", input.num_bytes, input.sha256))
    });
    html! {
        details { summary { "Settings" } (list(page_data::rows(&record.config))) }
        details { summary { "Graph and split" } (list(page_data::rows(&record.counts))) }
        details { summary { "Inputs" } (list(inputs.collect())) }
        details {
            summary { "Versions and timings" }
            (list(vec![
                ("vgae".into(), record.vgae_version.clone()),
                ("libtorch".into(), record.libtorch_version.clone().unwrap_or_else(|| "none".into())),
                ("num_threads".into(), record.num_threads.to_string()),
                ("peak_memory_bytes".into(), record.peak_memory_bytes.map_or("unknown".into(), |bytes| bytes.to_string())),
            ]))
            (list(page_data::rows(&record.timings)))
        }
    }
}
