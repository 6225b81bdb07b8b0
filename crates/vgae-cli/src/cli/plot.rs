//! `vgae plot`: a picture of a run.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use vgae::config::{MapKind, PlotKind, ReportConfig};
use vgae::write::{Existing, Output};
use vgae::{Error, Result};
use vgae_report::chart::Size;
use vgae_report::report::{self, Report};

use super::progress::Voice;
use super::report::of_runs;
use super::stdout;

/// Draw a picture of a run, for a paper or a slide: SVG or PNG
///
/// Of several runs, the curves (loss, kl, validation, roc, pr, calibration) are drawn over one another.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directories
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// What to draw
    #[arg(long, value_enum)]
    kind: PlotKind,
    /// Where to write: a name that ends in .svg or .png, or - for an SVG on stdout
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Replace the output file if it exists
    #[arg(long)]
    force: bool,
    /// The width in points, of which a column of text has some 250 and a slide 960
    #[arg(long, allow_negative_numbers = true, value_name = "POINTS", default_value_t = 480)]
    width: u32,
    /// The height in points
    #[arg(long, allow_negative_numbers = true, value_name = "POINTS", default_value_t = 400)]
    height: u32,
    /// Pixels of a PNG for each point
    #[arg(long, allow_negative_numbers = true, value_name = "FACTOR", default_value_t = 3.0)]
    scale: f64,
    /// How the embeddings are laid out in two dimensions, for --kind embedding
    #[arg(long, value_enum, default_value_t = MapKind::Tsne)]
    map: MapKind,
    /// Nodes in the picture at most, for --kind embedding
    #[arg(long, allow_negative_numbers = true, value_name = "COUNT", default_value_t = ReportConfig::default().map_nodes)]
    map_nodes: usize,
}

/// The form of a picture.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Svg,
    Png,
}

pub(super) fn run(args: &Args, voice: &Voice) -> Result<()> {
    let form = Form::of_path(&args.output)?;
    if args.runs.len() > 1 && !args.kind.is_of_several() {
        let problem =
            format!("--kind {} shows one run, and {} were given", args.kind.name(), args.runs.len());
        return Err(Error::Config(problem));
    }
    let is_map = args.kind == PlotKind::Embedding;
    let config = ReportConfig {
        map: if is_map { args.map } else { MapKind::None },
        map_nodes: args.map_nodes,
        top: 1,
    };
    config.validate()?;
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let mut output = Output::create(&args.output, existing)?;
    let stage = voice.stage("drawing");
    let reports = of_runs(&args.runs, &config)?;
    let size = Size { width: args.width, height: args.height };
    let holds = |report: &Report, kind: PlotKind| report::chart(kind, &[report]).is_some();
    for report in reports.iter().filter(|report| reports.len() > 1 && !holds(report, args.kind)) {
        voice.say(format!("note: {} holds nothing to draw of this kind", report.name));
    }
    let chart = report::chart(args.kind, &reports.iter().collect::<Vec<_>>()).ok_or_else(|| {
        let runs: Vec<&str> = reports.iter().map(|report| report.name.as_str()).collect();
        let others = PlotKind::value_variants().iter().filter(|kind| holds(&reports[0], **kind));
        let others: Vec<&str> = others.map(|kind| kind.name()).collect();
        Error::Config(format!(
            "--kind {}: {} holds nothing to draw of it; hint: there is {}",
            args.kind.name(),
            runs.join(", "),
            if others.is_empty() { "no picture of it".to_string() } else { others.join(", ") }
        ))
    })?;
    let bytes = match form {
        Form::Svg => chart.svg(size)?.into_bytes(),
        Form::Png => chart.png(size, args.scale)?,
    };
    drop(stage);
    output.write_all(&bytes).map_err(|error| stdout::error(&output, error))?;
    output.finish()?;
    if args.output != Path::new("-") {
        voice.say(format!("picture: {}", args.output.display()));
    }
    Ok(())
}

impl Form {
    fn of_path(path: &Path) -> Result<Form> {
        let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_lowercase);
        match extension.as_deref() {
            _ if path == Path::new("-") => Ok(Form::Svg),
            Some("svg") => Ok(Form::Svg),
            Some("png") => Ok(Form::Png),
            _ => {
                let problem =
                    format!("--output {}: expected a name that ends in .svg or .png", path.display());
                Err(Error::Config(problem))
            }
        }
    }
}
