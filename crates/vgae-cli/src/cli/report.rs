//! `vgae report`: writes a report of runs as an HTML page or as text.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::{Error, Result};
use vgae::evaluate::RunMetrics;
use vgae::evaluate::ranking::RankingMetrics;
use vgae::model::Encoded;
use vgae::run::{self, Run};
use vgae::train::Epoch;
use vgae::write::{Existing, Output};
use vgae_report::config::{MapKind, ReportConfig};
use vgae_report::report::{self, Report};

use super::progress::Reporter;
use super::stdout;

/// Write a report of one run, or of several side by side, as a single HTML file
///
/// The report shows whether the model learned, how far to trust it, and what it found. It compares its
/// metrics with those of simple scores, and contains curves, a reliability diagram, a map of the embeddings,
/// the highest-ranked new links, and how to repeat the run. The file is self-contained: it loads nothing from
/// the network.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directories
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// The file to write, or - for stdout [default: report.html in the first run directory, or stdout with
    /// --text]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the output file if it exists. report.html in the run directory is always replaced
    #[arg(long)]
    force: bool,
    /// Write plain text, without the curves and the map
    #[arg(long)]
    text: bool,
    #[command(flatten)]
    config: ReportConfig,
}

pub(super) fn run(args: &Args, reporter: &Reporter) -> Result<()> {
    args.config.validate()?;
    let output = match (&args.output, args.text) {
        (Some(path), _) => {
            let existing = if args.force { Existing::Replace } else { Existing::Keep };
            Output::create(path, existing)?
        }
        (None, true) => Output::create(Path::new("-"), Existing::Keep)?,
        (None, false) => {
            // Check that this is a run before writing anything into it.
            run::read_record(&args.runs[0])?;
            Output::create(&args.runs[0].join(run::REPORT), Existing::Replace)?
        }
    };
    let config = match args.text {
        true => ReportConfig { map: MapKind::None, ..args.config.clone() },
        false => args.config.clone(),
    };
    let stage = reporter.stage("building the report");
    let reports = build_reports(&args.runs, &config)?;
    let text = if args.text { report::text(&reports) } else { report::page(&reports)? };
    drop(stage);
    let path = output.path().to_path_buf();
    write(output, &text)?;
    if path != Path::new("-") {
        reporter.info(format!("report: {}", path.display()));
    }
    Ok(())
}

/// Builds the reports of run directories. Each is titled with the name of its directory, or with its path if
/// two names are equal.
pub(super) fn build_reports(paths: &[PathBuf], config: &ReportConfig) -> Result<Vec<Report>> {
    let names: Vec<String> = paths.iter().map(|path| name(path)).collect();
    let is_duplicate =
        |at: usize| names.iter().enumerate().any(|(other, name)| other != at && *name == names[at]);
    let title =
        |at: usize| if is_duplicate(at) { paths[at].display().to_string() } else { names[at].clone() };
    (0..paths.len()).map(|at| build_report(&paths[at], title(at), config)).collect()
}

fn build_report(path: &Path, name: String, config: &ReportConfig) -> Result<Report> {
    let run = Run::open(path)?;
    let history = run::read_history(path)?;
    let encoded = run.encode()?;
    let metrics = run.evaluate(&*encoded.score)?;
    let ranking = run.ranking(&*encoded.score)?;
    Ok(Report::new(name, &run, &encoded, &metrics, ranking, history, config)?)
}

/// Writes the report of a run that was just trained into its directory at `path`. The run is complete without
/// it, so an error is only noted.
pub(super) fn write_after_training(
    path: &Path,
    run: &Run,
    encoded: &Encoded,
    metrics: &RunMetrics,
    ranking: Option<RankingMetrics>,
    history: Vec<Epoch>,
    reporter: &Reporter,
) {
    let stage = reporter.stage("building the report");
    // A t-SNE map would take longer than training on a small graph.
    let config = ReportConfig { map: MapKind::Pca, ..ReportConfig::default() };
    let file = path.join(run::REPORT);
    let written = Report::new(name(path), run, encoded, metrics, ranking, history, &config)
        .and_then(|report| report::page(&[report]))
        .map_err(Error::from)
        .and_then(|page| write(Output::create(&file, Existing::Replace)?, &page));
    drop(stage);
    match written {
        Ok(()) => reporter.info(format!("report: {}", file.display())),
        Err(error) => reporter.note(format!("could not write the report: {error}")),
    }
}

/// Returns the name of a run: that of its directory.
fn name(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    absolute.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn write(mut output: Output, text: &str) -> Result<()> {
    output.write_all(text.as_bytes()).map_err(|error| stdout::write_error(&output, error))?;
    Ok(output.finish()?)
}
