//! Writes the table of a benchmark as text, CSV, JSON or Markdown.

use std::fmt::Write as _;
use std::io::Write;

use serde_json::json;

use crate::Result;
use crate::benchmark::summary::{COSTS, ordered};
use crate::benchmark::{Difference, Machine, Published, Statistic, Summary};
use vgae::write::Output;

/// The format of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns; only the test metrics.
    #[default]
    Text,
    /// One row per model and data set, with every metric and all digits.
    Csv,
    /// An object with the machine, the date and the rows.
    Json,
    /// A document with the machine, the date and the same columns as the text.
    Markdown,
}

/// The results of a benchmark.
///
/// # Examples
/// ```
/// use vgae_cli::benchmark::{PlannedRun, Format, Machine, FinishedRun, SplitId, Table, data_sha256, recheck, split_sha256, summarize, today};
/// use vgae::config::{BaselineKind, Config, ModelKind};
/// use vgae::evaluate::RunMetrics;
/// use vgae::run::{RunDir, Timings, read_record};
/// use vgae::write::{Existing, Output};
/// use vgae::progress::Progress;
/// use vgae::{read, split, train};
///
/// let directory = tempfile::tempdir().unwrap();
/// let path = directory.path().join("run");
/// let mut config = Config::default();
/// config.model.model = ModelKind::Baseline(BaselineKind::Katz);
/// let graph = read::data("../../datasets/karate".as_ref(), &config.read, &Progress::default())?;
/// let split = split::edges(&graph, &config.split, config.seed)?;
/// let making = RunDir::create(&path, &config, &graph, &split, Existing::Keep)?;
/// let trained = train::fit(None, &split, &config, |_| {})?;
/// let encoded = trained.model.encode(&split.train, None)?;
/// let metrics = RunMetrics::compute(&trained.model, &*encoded.score, &split, None, &config)?;
/// making.finish(&graph, &trained, &encoded, &metrics, Timings::default())?;
///
/// let cell = PlannedRun {
///     data: "karate".into(),
///     model: "katz".into(),
///     split: SplitId::default(),
///     flags: String::new(),
///     vgae_version: "0.1.0".into(),
///     data_sha256: data_sha256(&graph.inputs),
/// };
/// let row = FinishedRun::from_run(cell.clone(), &path, 0.1)?;
/// recheck(&row, &path)?;
/// assert_eq!(row.split_sha256, split_sha256(&read_record(&path)?));
/// let summaries = summarize(&[row], &[cell], None);
/// let command = "vgae benchmark datasets/karate --models katz --splits 1".into();
/// let table = Table { summaries, published: Vec::new(), reference: None, num_folds: None, command, date: today(), machine: Machine::this() };
/// let mut output = Output::create(&directory.path().join("table.csv"), Existing::Keep)?;
/// table.write(&mut output, Format::Csv)?;
/// output.finish()?;
/// # Ok::<(), vgae_cli::Error>(())
/// ```
pub struct Table {
    /// The summaries, one row each.
    pub summaries: Vec<Summary>,
    /// What others have published for the same protocol.
    pub published: Vec<Published>,
    /// The model that the others are compared with, if any.
    pub reference: Option<String>,
    /// The number of folds, in a cross-validation.
    pub num_folds: Option<usize>,
    /// The command line of the benchmark.
    pub command: String,
    /// The date of the benchmark, as `YYYY-MM-DD`.
    pub date: String,
    /// The machine that ran the benchmark.
    pub machine: Machine,
}

impl Table {
    /// Writes the table.
    ///
    /// # Errors
    /// [`vgae::Error::Io`] if the output cannot be written.
    pub fn write(&self, output: &mut Output, format: Format) -> Result<()> {
        let text = match format {
            Format::Csv => return write_records(output, &self.records()),
            Format::Text => self.text(),
            Format::Markdown => self.markdown(),
            Format::Json => format!("{:#}\n", self.json()),
        };
        let path = output.path().to_path_buf();
        Ok(output.write_all(text.as_bytes()).map_err(|source| vgae::Error::io("write", &path, source))?)
    }

    fn text(&self) -> String {
        let mut text = aligned(&self.cells());
        for row in self.published_cells() {
            let _ = writeln!(text, "published: {}", row.join(", "));
        }
        text
    }

    /// Returns the data, the model, the values and the source of each published row.
    fn published_cells(&self) -> Vec<[String; 4]> {
        let row = |row: &Published| {
            let value =
                |(name, value): (&&str, &f64)| format!("{} {value:.4}", name.trim_start_matches("test_"));
            let values: Vec<String> = row.values.iter().map(value).collect();
            [row.data.into(), row.model.into(), values.join(" "), row.source.into()]
        };
        self.published.iter().map(row).collect()
    }

    /// Returns `true` if several ratios of negatives are compared.
    fn has_ratios(&self) -> bool {
        self.summaries.iter().any(|summary| summary.negatives_ratio.is_some())
    }

    fn metrics(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.summaries.iter().flat_map(|summary| summary.values.keys().cloned()).collect();
        names.sort();
        names.dedup();
        names.retain(|name| !COSTS.contains(&name.as_str()));
        ordered(names)
    }

    /// Returns the header and the rows for people to read.
    fn cells(&self) -> Vec<Vec<String>> {
        let mut metrics = self.metrics();
        let is_test_metric = |name: &String| name.starts_with("test_") || name.starts_with("rows_test_");
        if metrics.iter().any(is_test_metric) {
            metrics.retain(is_test_metric);
        }
        let splits = if self.num_folds.is_some() { "folds" } else { "splits" };
        let mut header: Vec<String> = ["data", "model", splits].map(String::from).into();
        header.extend(self.has_ratios().then(|| "negatives".into()));
        for metric in &metrics {
            header.push(metric.replacen('_', " ", 1));
            header.extend(self.reference.iter().map(|reference| format!("vs {reference}")));
        }
        header.extend(["train s", "peak MB"].map(String::from));
        let row = |summary: &Summary| {
            let Summary { data, model, num_splits, values, differences, .. } = summary;
            let mut row = vec![data.clone(), model.clone(), num_splits.to_string()];
            row.extend(self.has_ratios().then(|| ratio(summary)));
            for metric in &metrics {
                row.push(values.get(metric).map(spread).unwrap_or_default());
                if self.reference.is_some() {
                    row.push(differences.get(metric).map(difference).unwrap_or_default());
                }
            }
            let cost = |name: &str| values.get(name);
            row.push(cost("train_seconds").map(|seconds| format!("{:.1}", seconds.mean)).unwrap_or_default());
            row.push(
                cost("peak_memory_bytes").map(|bytes| format!("{:.0}", bytes.max / 1e6)).unwrap_or_default(),
            );
            row
        };
        [header].into_iter().chain(self.summaries.iter().map(row)).collect()
    }

    /// Returns the header and the rows with all digits.
    fn records(&self) -> Vec<Vec<String>> {
        let metrics = self.metrics();
        let mut header: Vec<String> = ["data", "model", "flags", "num_splits"].map(String::from).into();
        header.extend(self.has_ratios().then(|| "negatives_ratio".into()));
        let ends = ["mean", "std", "difference", "difference_low", "difference_high"];
        header.extend(metrics.iter().flat_map(|name| ends.map(|end| format!("{name}_{end}"))));
        header.extend(["train_seconds_mean", "train_seconds_std"].map(String::from));
        header.extend(["wall_seconds_mean", "wall_seconds_std", "peak_memory_bytes_max"].map(String::from));
        let row = |summary: &Summary| {
            let Summary { data, model, flags, num_splits, values, differences, .. } = summary;
            let mut row = vec![data.clone(), model.clone(), flags.clone(), num_splits.to_string()];
            row.extend(self.has_ratios().then(|| ratio(summary)));
            let both = |name: &str| {
                let value = values.get(name);
                [number(value.map(|value| value.mean)), number(value.and_then(|value| value.std))]
            };
            for metric in &metrics {
                row.extend(both(metric));
                let difference = differences.get(metric);
                let bounds = difference.and_then(|difference| difference.interval);
                row.push(number(difference.map(|difference| difference.mean)));
                row.extend([number(bounds.map(|bounds| bounds[0])), number(bounds.map(|bounds| bounds[1]))]);
            }
            row.extend(both("train_seconds"));
            row.extend(both("wall_seconds"));
            row.push(number(values.get("peak_memory_bytes").map(|bytes| bytes.max)));
            row
        };
        [header].into_iter().chain(self.summaries.iter().map(row)).collect()
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "date": self.date,
            "machine": self.machine,
            "vgae_version": env!("CARGO_PKG_VERSION"),
            "command": self.command,
            "reference": self.reference,
            "num_folds": self.num_folds,
            "rows": self.summaries,
            "published": self.published,
        })
    }

    fn markdown(&self) -> String {
        let Table { command, date, machine, .. } = self;
        let version = env!("CARGO_PKG_VERSION");
        let machine = machine.describe();
        let (splits, which) = match self.num_folds {
            None => ("splits", "splits, which are the same for every model".to_string()),
            Some(count) => (
                "folds",
                format!(
                    "{count} folds of a cross-validation, which are the same for every model and test every edge once"
                ),
            ),
        };
        let mut text = format!(
            "# Benchmark\n\nMade on {date} by vgae {version}; machine: {machine}.\n\n```console\n$ {command}\n```\n\n\
             Mean ± standard deviation over the {which}. \"train s\" is the \
             mean time of training, and \"peak MB\" the peak memory of the process of a run."
        );
        if let Some(reference) = &self.reference {
            let _ = write!(
                text,
                " \"vs {reference}\" is the mean difference to {reference} over the {splits}, and its 95 % interval \
                 by Student's t."
            );
        }
        if self.has_ratios() {
            text.push_str(
                " \"negatives\" is the number of negatives that are sampled for each held-out link.",
            );
        }
        text.push_str("\n\n");
        for (at, row) in self.cells().iter().enumerate() {
            let row: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
            let _ = writeln!(text, "| {} |", row.join(" | "));
            if at == 0 {
                let _ = writeln!(text, "|{}", "---|".repeat(row.len()));
            }
        }
        if !self.published.is_empty() {
            text.push_str("\nPublished for this protocol, on splits of their own:\n\n| data | model | values | source |\n|---|---|---|---|\n");
            for row in self.published_cells() {
                let _ = writeln!(text, "| {} |", row.join(" | "));
            }
        }
        text
    }
}

/// Formats the number of negatives for each held-out edge.
fn ratio(summary: &Summary) -> String {
    summary.negatives_ratio.map(|ratio| ratio.to_string()).unwrap_or_default()
}

/// Formats a number with all its digits; `None` becomes an empty string.
pub(super) fn number(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn spread(Statistic { mean, std, .. }: &Statistic) -> String {
    match std {
        None => format!("{mean:.4}"),
        Some(std) => format!("{mean:.4} ± {std:.4}"),
    }
}

fn difference(Difference { mean, interval, .. }: &Difference) -> String {
    match interval {
        None => format!("{mean:+.4}"),
        Some([low, high]) => format!("{mean:+.4} [{low:+.4}, {high:+.4}]"),
    }
}

/// Aligns rows in columns as wide as their widest cells.
fn aligned(rows: &[Vec<String>]) -> String {
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(at, (cell, &width))| match at {
            0 | 1 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_string() + "\n"
    };
    rows.iter().map(line).collect()
}

/// Writes CSV records, including the header.
pub(super) fn write_records(output: &mut Output, records: &[Vec<String>]) -> Result<()> {
    let path = output.path().to_path_buf();
    let mut writer = csv::Writer::from_writer(output);
    let result = records.iter().try_for_each(|record| writer.write_record(record));
    let result = result.map_err(std::io::Error::from).and_then(|()| writer.flush());
    Ok(result.map_err(|source| vgae::Error::io("write", &path, source))?)
}
