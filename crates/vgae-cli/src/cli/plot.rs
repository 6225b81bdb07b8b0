//! `vgae plot`: draws a chart of a run.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::{Error, Result};
use clap::ValueEnum;
use vgae::write::{Existing, Output};
use vgae_report::chart::Size;
use vgae_report::config::{MapKind, PlotKind, ReportConfig};
use vgae_report::report::{self, Report};

use super::progress::Reporter;
use super::report::build_reports;
use super::stdout;

/// Draw a chart of a run for a paper or a slide, as SVG or PNG
///
/// Several runs can be drawn in one chart of these kinds: loss, kl, validation, roc, pr and calibration.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directories
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// The chart to draw
    #[arg(long, value_enum)]
    kind: PlotKind,
    /// The file to write, whose name ends in .svg or .png, or - to write an SVG to stdout
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Replace the output file if it exists
    #[arg(long)]
    force: bool,
    /// Width in points. A text column is about 250 points wide, and a slide 960
    #[arg(long, allow_negative_numbers = true, value_name = "POINTS", default_value_t = 480)]
    width: u32,
    /// Height in points
    #[arg(long, allow_negative_numbers = true, value_name = "POINTS", default_value_t = 400)]
    height: u32,
    /// Pixels per point of a PNG
    #[arg(long, allow_negative_numbers = true, value_name = "FACTOR", default_value_t = 3.0)]
    scale: f64,
    /// For --kind embedding: how to lay out the embeddings in two dimensions
    #[arg(long, value_enum, default_value_t = MapKind::Tsne)]
    map: MapKind,
    /// For --kind embedding: the maximum number of nodes to draw
    #[arg(long, allow_negative_numbers = true, value_name = "COUNT", default_value_t = ReportConfig::default().map_nodes)]
    map_nodes: usize,
}

/// The format of an image.
#[derive(Clone, Copy, PartialEq)]
enum ImageFormat {
    Svg,
    Png,
}

pub(super) fn run(args: &Args, reporter: &Reporter) -> Result<()> {
    let format = ImageFormat::from_path(&args.output)?;
    if args.runs.len() > 1 && !args.kind.supports_several_runs() {
        let problem = format!("--kind {} shows one run; {} were given", args.kind.name(), args.runs.len());
        return Err(Error::Usage(problem));
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
    let stage = reporter.stage("drawing");
    let reports = build_reports(&args.runs, &config)?;
    let size = Size { width: args.width, height: args.height };
    let has_data = |report: &Report, kind: PlotKind| report::chart(kind, &[report]).is_some();
    for report in reports.iter().filter(|report| reports.len() > 1 && !has_data(report, args.kind)) {
        reporter.note(format!("{} has no data for this chart", report.name));
    }
    let chart = report::chart(args.kind, &reports.iter().collect::<Vec<_>>()).ok_or_else(|| {
        let runs: Vec<&str> = reports.iter().map(|report| report.name.as_str()).collect();
        let others = PlotKind::value_variants().iter().filter(|kind| has_data(&reports[0], **kind));
        let others: Vec<&str> = others.map(|kind| kind.name()).collect();
        Error::Usage(format!(
            "--kind {}: {} has no data for this chart; hint: {}",
            args.kind.name(),
            runs.join(", "),
            if others.is_empty() {
                "no kind of chart has data".to_string()
            } else {
                format!("these kinds have data: {}", others.join(", "))
            }
        ))
    })?;
    let bytes = match format {
        ImageFormat::Svg => chart.svg(size)?.into_bytes(),
        ImageFormat::Png => chart.png(size, args.scale)?,
    };
    drop(stage);
    output.write_all(&bytes).map_err(|error| stdout::write_error(&output, error))?;
    output.finish()?;
    if args.output != Path::new("-") {
        reporter.info(format!("chart: {}", args.output.display()));
    }
    Ok(())
}

impl ImageFormat {
    fn from_path(path: &Path) -> Result<ImageFormat> {
        let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_lowercase);
        match extension.as_deref() {
            _ if path == Path::new("-") => Ok(ImageFormat::Svg),
            Some("svg") => Ok(ImageFormat::Svg),
            Some("png") => Ok(ImageFormat::Png),
            _ => {
                let problem =
                    format!("--output {}: expected a name that ends in .svg or .png", path.display());
                Err(Error::Usage(problem))
            }
        }
    }
}
