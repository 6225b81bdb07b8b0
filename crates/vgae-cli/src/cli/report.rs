//! `vgae report`: what there is to see of a run, as a page or as text.

use std::io::Write;
use std::path::{Path, PathBuf};

use vgae::Result;
use vgae::config::{MapKind, ReportConfig};
use vgae::evaluate::RunMetrics;
use vgae::model::Encoded;
use vgae::run::{self, Run};
use vgae::train::Epoch;
use vgae::write::{Existing, Output};
use vgae_report::report::{self, Report};

use super::progress::Voice;
use super::stdout;

/// Make a report of a run, or of several side by side: one HTML file to look at and to send
///
/// It shows whether the model learned, how far to trust it, and what it found: metrics beside those of simple scores,
/// curves, reliability, a map of the embeddings, the likeliest new links, and how everything was made. The file needs
/// nothing else, and makes no request.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directories
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// Where to write, - for stdout [default: report.html in the first run directory, or stdout with --text]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the output file if it exists; that in the run directory is replaced in any case
    #[arg(long)]
    force: bool,
    /// Write plain text, without the curves and the map
    #[arg(long)]
    text: bool,
    #[command(flatten)]
    config: ReportConfig,
}

pub(super) fn run(args: &Args, voice: &Voice) -> Result<()> {
    args.config.validate()?;
    let output = match (&args.output, args.text) {
        (Some(path), _) => {
            let existing = if args.force { Existing::Replace } else { Existing::Keep };
            Output::create(path, existing)?
        }
        (None, true) => Output::create(Path::new("-"), Existing::Keep)?,
        (None, false) => {
            // Whether it is a run is known before anything is written into it.
            run::read_record(&args.runs[0])?;
            Output::create(&args.runs[0].join(run::REPORT), Existing::Replace)?
        }
    };
    let config = match args.text {
        true => ReportConfig { map: MapKind::None, ..args.config.clone() },
        false => args.config.clone(),
    };
    let stage = voice.stage("reporting");
    let reports = of_runs(&args.runs, &config)?;
    let text = if args.text { report::text(&reports) } else { report::page(&reports)? };
    drop(stage);
    let path = output.path().to_path_buf();
    write(output, &text)?;
    if path != Path::new("-") {
        voice.say(format!("report: {}", path.display()));
    }
    Ok(())
}

/// The reports of run directories, called by their names, or by their paths where names are alike.
pub(super) fn of_runs(paths: &[PathBuf], config: &ReportConfig) -> Result<Vec<Report>> {
    let names: Vec<String> = paths.iter().map(|path| name(path)).collect();
    let is_alike =
        |at: usize| names.iter().enumerate().any(|(other, name)| other != at && *name == names[at]);
    let called = |at: usize| if is_alike(at) { paths[at].display().to_string() } else { names[at].clone() };
    (0..paths.len()).map(|at| of_run(&paths[at], called(at), config)).collect()
}

fn of_run(path: &Path, name: String, config: &ReportConfig) -> Result<Report> {
    let run = Run::open(path)?;
    let history = run::read_history(path)?;
    let encoded = run.encode()?;
    let metrics = run.evaluate(&*encoded.score)?;
    Report::of(name, &run, &encoded, &metrics, history, config)
}

/// Writes the report of a run that was just trained into its directory at `path`. The run is whole without it, so that an
/// error is said and no more.
pub(super) fn of_training(
    path: &Path,
    run: &Run,
    encoded: &Encoded,
    metrics: &RunMetrics,
    history: Vec<Epoch>,
    voice: &Voice,
) {
    let stage = voice.stage("reporting");
    // The map by t-SNE would take longer than the training of a small graph.
    let config = ReportConfig { map: MapKind::Pca, ..ReportConfig::default() };
    let file = path.join(run::REPORT);
    let written = Report::of(name(path), run, encoded, metrics, history, &config).and_then(|report| {
        let page = report::page(&[report])?;
        write(Output::create(&file, Existing::Replace)?, &page)
    });
    drop(stage);
    match written {
        Ok(()) => voice.say(format!("report: {}", file.display())),
        Err(error) => voice.say(format!("note: the run has no report: {error}")),
    }
}

/// What a run is called: its directory's name.
fn name(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    absolute.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn write(mut output: Output, text: &str) -> Result<()> {
    output.write_all(text.as_bytes()).map_err(|error| stdout::error(&output, error))?;
    output.finish()
}
