//! `vgae evaluate`: AUC and AP of a run, on its held-out parts or on pairs of one's own, and further figures.

mod report;
mod source;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use vgae::config::{Calibration, DirectedTask};
use vgae::evaluate::metrics::Metrics;
use vgae::evaluate::negatives::{self, NegativeLists, Negatives};
use vgae::evaluate::{PartRowMetrics, RunMetrics, Scored};
use vgae::model::score::Score;
use vgae::model::vae::RowMetrics;
use vgae::run::Run;
use vgae::split::Split;
use vgae::write::{Existing, Output};
use vgae::{Error, Result};

use super::progress::Voice;
use super::stdout;
use report::Report;
use source::{KindOrFile, OwnPairs, Source};

/// Evaluate a run on its held-out links, or on pairs of your own
///
/// Plainly, AUC and AP of both held-out parts against the split's own negatives. Each of the options adds figures,
/// and the mean reciprocal rank.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directory
    run: PathBuf,
    /// Pairs that are links (source,target rows), instead of the held-out parts
    #[arg(long, value_name = "FILE", requires = "negatives")]
    pairs: Option<PathBuf>,
    /// What the links are ranked among: uniform (the split's own), degree (ends as well connected as those of
    /// links), hard (the likeliest at the ends of each link, as in HeaRT), or, with --pairs, a file of pairs that are
    /// none (./uniform for one of such a name)
    #[arg(long, value_name = "uniform|degree|hard|FILE")]
    negatives: Option<KindOrFile>,
    /// How many hard negatives each link is ranked among, half at either end; fewer where fewer exist [default: 100]
    #[arg(long, allow_negative_numbers = true, value_name = "COUNT")]
    negatives_per_edge: Option<usize>,
    /// Hits@K for each of these: the share of the links above the K-th highest negative
    #[arg(long, allow_negative_numbers = true, value_name = "K,…", value_delimiter = ',')]
    hits: Vec<usize>,
    /// AUC and AP by the smaller number of training edges at a pair's ends too; at 0 one end has none
    #[arg(long)]
    by_degree: bool,
    /// 95 % bootstrap intervals of AUC and AP from so many resamples [default if without a number: 1000]
    #[arg(long, allow_negative_numbers = true, value_name = "RESAMPLES", num_args = 0..=1, default_missing_value = "1000")]
    bootstrap: Option<usize>,
    /// Brier score and expected calibration error of the probabilities too: of sigmoid(logit) among each part's pairs;
    /// and of the held-out links, that and the calibrated ones, in balance with non-links and as rare as in the graph
    #[arg(long)]
    calibration: bool,
    /// Show with --calibration what this method would claim [default: what the run was calibrated with]
    #[arg(long, value_enum, value_name = "METHOD", requires = "calibration")]
    calibrate: Option<Calibration>,
    /// Seed of the negatives that are drawn and of the resamples
    #[arg(long, allow_negative_numbers = true, default_value_t)]
    seed: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, voice: &Voice) -> Result<()> {
    let source = Source::of(args)?;
    let stage = voice.stage("opening the run");
    let run = Run::open(&args.run)?;
    stage.begin("encoding the nodes");
    let score = run.encode()?.score;
    let mut output = Output::create(Path::new("-"), Existing::Keep)?;
    stage.begin("evaluating");
    match source {
        Source::Split if args.wants_no_more() => {
            let metrics = run.evaluate(&*score)?;
            drop(stage);
            write_metrics(&mut output, &metrics, &run.split, args.json)?;
        }
        Source::Split => {
            let report = report_parts(Negatives::Uniform, &run, &*score, args, voice)?;
            drop(stage);
            report.write(&mut output)?;
        }
        Source::Kind(kind) => {
            let report = report_parts(kind, &run, &*score, args, voice)?;
            drop(stage);
            source::describe(kind, &run, voice);
            report.write(&mut output)?;
        }
        Source::Files { pairs, negatives } => {
            let OwnPairs { pairs, negatives } = OwnPairs::read(pairs, negatives, &run, voice)?;
            let scored = Scored::new(&*score, &pairs, &NegativeLists::Shared(negatives));
            if args.wants_no_more() {
                drop(stage);
                write_own_metrics(&mut output, &scored, args)?;
            } else {
                let mut report = Report::new(source, args);
                report.add("pairs", Some(&scored), &run.split)?;
                drop(stage);
                report.write(&mut output)?;
            }
        }
    }
    output.finish()
}

impl Args {
    /// Whether AUC and AP are all that is asked for.
    fn wants_no_more(&self) -> bool {
        self.hits.is_empty() && !self.by_degree && self.bootstrap.is_none() && !self.calibration
    }
}

/// Every figure that is asked for of both parts, ranked among negatives of `kind`.
fn report_parts<'a>(
    kind: Negatives,
    run: &Run,
    score: &dyn Score,
    args: &'a Args,
    voice: &Voice,
) -> Result<Report<'a>> {
    let Split { validation, test, .. } = &run.split;
    if validation.is_empty() && test.is_empty() {
        let problem =
            "this run held no links out: there is nothing to rank; expected --pairs and --negatives";
        return Err(Error::Config(problem.into()));
    }
    if run.record.config.split.task != DirectedTask::General && kind != Negatives::Uniform {
        voice.say("note: these negatives ask another question than those of the run's --task");
    }
    let drawn = negatives::draw(kind, &run.graph, &run.split, args.seed)?;
    let mut report = Report::new(Source::Kind(kind), args);
    for (name, part, negatives) in [("validation", validation, drawn.validation), ("test", test, drawn.test)]
    {
        let scored = (!part.is_empty()).then(|| Scored::new(score, part.edges.pairs(), &negatives));
        report.add(name, scored.as_ref(), &run.split)?;
    }
    if args.calibration {
        let population = run.population(score)?;
        let calibrator = run.calibrator_by(&population, args.calibrate)?;
        if calibrator.is_none() {
            voice.say(
                "note: this run is not calibrated; --calibrate isotonic|platt shows what that would change",
            );
        }
        report.add_claims(&population, calibrator.as_ref())?;
    }
    Ok(report)
}

/// Writes the metrics of both parts, as a table or as one JSON object.
pub(super) fn write_metrics(
    output: &mut Output,
    metrics: &RunMetrics,
    split: &Split,
    json: bool,
) -> Result<()> {
    if json {
        return write_json(output, metrics);
    }
    if let Some(rows) = &metrics.rows {
        write_rows(output, rows).map_err(|error| stdout::error(output, error))?;
    }
    if split.train.is_empty() {
        return Ok(());
    }
    let metrics = &metrics.links;
    let count = |part: &vgae::split::Part| (part.edges.len(), part.negatives.len());
    let rows = [
        ("validation", metrics.validation, count(&split.validation)),
        ("test", metrics.test, count(&split.test)),
    ];
    write_table(output, &rows).map_err(|error| stdout::error(output, error))
}

fn write_rows(output: &mut Output, rows: &PartRowMetrics) -> io::Result<()> {
    writeln!(
        output,
        "{:<12}{:>12}{:>16}{:>10}{:>20}{:>8}",
        "part", "elbo", "reconstruction", "kl", "mean_squared_error", "rows"
    )?;
    for (name, metrics) in [("validation", rows.validation), ("test", rows.test)] {
        if let Some(RowMetrics { elbo, reconstruction, kl, mean_squared_error, num_rows }) = metrics {
            writeln!(
                output,
                "{name:<12}{elbo:>12.3}{reconstruction:>16.3}{kl:>10.3}{mean_squared_error:>20.6}{num_rows:>8}"
            )?;
        }
    }
    Ok(())
}

/// Writes the metrics of pairs of one's own, as a table or as one JSON object.
fn write_own_metrics(output: &mut Output, scored: &Scored, args: &Args) -> Result<()> {
    #[derive(Serialize)]
    struct Json {
        pairs: Metrics,
    }
    let pairs = scored.metrics()?;
    if args.json {
        return write_json(output, &Json { pairs });
    }
    let rows = [("pairs", Some(pairs), (scored.num_edges(), scored.num_negatives()))];
    write_table(output, &rows).map_err(|error| stdout::error(output, error))
}

type Row = (&'static str, Option<Metrics>, (usize, usize));

fn write_table(output: &mut Output, rows: &[Row]) -> io::Result<()> {
    writeln!(
        output,
        "{:<12}{:>9}{:>19}{:>11}{:>11}",
        "part", "roc_auc", "average_precision", "edges", "negatives"
    )?;
    for (name, metrics, (num_edges, num_negatives)) in rows {
        if let Some(Metrics { roc_auc, average_precision }) = metrics {
            writeln!(
                output,
                "{name:<12}{roc_auc:>9.4}{average_precision:>19.4}{num_edges:>11}{num_negatives:>11}"
            )?;
        }
    }
    Ok(())
}

fn write_json(output: &mut Output, value: &impl Serialize) -> Result<()> {
    stdout::write_json(output, value).map_err(|error| stdout::error(output, error))
}
