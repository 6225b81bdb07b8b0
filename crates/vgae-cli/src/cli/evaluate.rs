//! `vgae evaluate`: AUC, AP and other metrics of a run, on its held-out parts or on given pairs.

mod full;
mod report;
mod source;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Result};
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

use super::progress::Reporter;
use super::shared_args::PairsArgs;
use super::stdout;
use report::Report;
use source::{GivenPairs, KindOrFile, Source};

/// Evaluate a run on its held-out links, or on pairs of your own
///
/// Prints the AUC and AP of the validation and the test part, with the negatives of the split. With other negatives,
/// or an option that adds metrics, the mean reciprocal rank is printed as well.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directory
    run: PathBuf,
    /// Evaluate the pairs in this file (source,target rows) instead of the held-out parts. If it has a column
    /// headed label, y, is_edge or target with 1 and 0, these are links and negatives; otherwise all are links,
    /// and --negatives is needed
    #[arg(long, value_name = "FILE")]
    pairs: Option<PathBuf>,
    #[command(flatten)]
    reading: PairsArgs,
    /// The negatives to rank the links among: uniform (those of the split), degree (pairs whose nodes have
    /// degrees like those of linked nodes), hard (the likeliest pairs at each node of a link), heart (those of the
    /// benchmark HeaRT) or all (every pair that shares a node with the link and is no edge, and the list of the
    /// highest pairs). With --pairs, a file of pairs that are not links: rows of source,target for all links, rows of
    /// link,source,target for each, or a .npy of [m, K, 2] pairs or [m, K] targets. Without --pairs, the directory of
    /// a split or a run: validation.csv and test.csv are ranked among the negatives of each link there, as `train --split`
    /// finds them, else among validation_negatives.csv and test_negatives.csv. Write ./all for a file named all
    #[arg(long, value_name = "uniform|degree|hard|heart|all|FILE|DIR")]
    negatives: Option<KindOrFile>,
    /// Number of hard or heart negatives per link, half of them at each of its nodes; fewer if fewer exist
    /// [default: 100; heart 500]
    #[arg(long, allow_negative_numbers = true, value_name = "COUNT")]
    negatives_per_edge: Option<usize>,
    /// Add Hits@K for each of these K: the share of links that rank above the K-th highest negative; among
    /// negatives of their own, the share with rank K or better
    #[arg(long, allow_negative_numbers = true, value_name = "K,…", value_delimiter = ',')]
    hits: Vec<usize>,
    /// Add AUC and AP by degree. The degree of a pair is the smaller of the degrees of its nodes in the
    /// training graph; it is 0 if one of the nodes has no training edge
    #[arg(long)]
    by_degree: bool,
    /// Add 95 % bootstrap intervals of AUC and AP, from this number of resamples [default without a number:
    /// 1000]
    #[arg(long, allow_negative_numbers = true, value_name = "RESAMPLES", num_args = 0..=1, default_missing_value = "1000")]
    bootstrap: Option<usize>,
    /// Add the Brier score and the expected calibration error of sigmoid(logit) for each part. Also print how
    /// reliable sigmoid(logit) and the calibrated probabilities are on the held-out links, both with as many
    /// non-links as links and at the edge density of the graph
    #[arg(long)]
    reliability: bool,
    /// With --reliability, calibrate by this method [default: the calibration of the run]
    #[arg(long, value_enum, value_name = "METHOD", requires = "reliability")]
    calibrate: Option<Calibration>,
    /// Seed for drawing negatives and resamples
    #[arg(long, allow_negative_numbers = true, default_value_t)]
    seed: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, reporter: &Reporter) -> Result<()> {
    let source = Source::from_args(args)?;
    let stage = reporter.stage("opening the run");
    let run = Run::open(&args.run)?;
    stage.begin("encoding the nodes");
    let score = run.encode()?.score;
    let mut output = Output::create(Path::new("-"), Existing::Keep)?;
    stage.begin("evaluating");
    match source {
        Source::Split if args.is_default() => {
            let metrics = run.evaluate(&*score)?;
            drop(stage);
            write_metrics(&mut output, &metrics, &run.split, args.json)?;
        }
        Source::Split => {
            let report = report_parts(Negatives::Uniform, &run, &*score, args, reporter)?;
            drop(stage);
            report.write(&mut output)?;
        }
        Source::Kind(kind) => {
            let report = report_parts(kind, &run, &*score, args, reporter)?;
            drop(stage);
            source::explain_kind(kind, &run, reporter);
            report.write(&mut output)?;
        }
        Source::All => {
            let ranked = full::Ranked::compute(&run, &*score, args, reporter)?;
            drop(stage);
            ranked.write(&mut output, args.json)?;
        }
        Source::Files { pairs, negatives } => {
            let GivenPairs { pairs, negatives } =
                GivenPairs::read(pairs, negatives, &args.reading, &run, reporter)?;
            let scored = Scored::new(&*score, &pairs, &negatives);
            if args.is_default() && matches!(negatives, NegativeLists::Shared(_)) {
                drop(stage);
                write_pair_metrics(&mut output, &scored, args)?;
            } else {
                let mut report = Report::new(source, args);
                report.add("pairs", Some(&scored), &run.split)?;
                drop(stage);
                report.write(&mut output)?;
            }
        }
        Source::Directory(directory) => {
            let mut report = Report::new(source, args);
            for (name, links, negatives) in source::part_files(directory, &run.graph.nodes)? {
                let GivenPairs { pairs, negatives } =
                    GivenPairs::read(&links, Some(&negatives), &args.reading, &run, reporter)?;
                let scored = Scored::new(&*score, &pairs, &negatives);
                report.add(name, Some(&scored), &run.split)?;
            }
            drop(stage);
            report.write(&mut output)?;
        }
    }
    Ok(output.finish()?)
}

impl Args {
    /// Returns `true` if only AUC and AP are requested.
    fn is_default(&self) -> bool {
        self.hits.is_empty() && !self.by_degree && self.bootstrap.is_none() && !self.reliability
    }
}

/// Computes the requested metrics of both parts, ranked among negatives of `kind`.
fn report_parts<'a>(
    kind: Negatives,
    run: &Run,
    score: &dyn Score,
    args: &'a Args,
    reporter: &Reporter,
) -> Result<Report<'a>> {
    let Split { validation, test, .. } = &run.split;
    if validation.is_empty() && test.is_empty() {
        let problem = "this run held out no links to evaluate; hint: give links with --pairs and non-links with --negatives";
        return Err(Error::Usage(problem.into()));
    }
    if run.record.config.split.task != DirectedTask::General && kind != Negatives::Uniform {
        reporter.note(format!(
            "the run was trained for --task {}; these negatives are not those of that task",
            run.record.config.split.task
        ));
    }
    if kind == Negatives::Uniform && [validation, test].iter().any(|part| part.by_link.is_some()) {
        reporter.note(
            "mrr and hits rank each link among the negatives that the split has for it, where it has them",
        );
    }
    let drawn = negatives::draw(kind, &run.graph, &run.split, args.seed)?;
    let mut report = Report::new(Source::Kind(kind), args);
    for (name, part, negatives) in [("validation", validation, drawn.validation), ("test", test, drawn.test)]
    {
        let scored = (!part.is_empty()).then(|| match kind {
            Negatives::Uniform => Scored::of_part(score, part),
            _ => Scored::new(score, part.edges.pairs(), &negatives),
        });
        report.add(name, scored.as_ref(), &run.split)?;
    }
    if args.reliability {
        let population = run.population(score)?;
        let calibrator = run.calibrator_by(&population, args.calibrate)?;
        if calibrator.is_none() {
            reporter.note(
                "this run is not calibrated; --calibrate isotonic|platt shows what calibration would change",
            );
        }
        report.add_reliability(&population, calibrator.as_ref())?;
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
        write_rows(output, rows).map_err(|error| stdout::write_error(output, error))?;
    }
    if split.train.is_empty() {
        return Ok(());
    }
    let metrics = &metrics.links;
    let count = |part: &vgae::split::HeldOut| (part.edges.len(), part.negatives.len());
    let rows = [
        ("validation", metrics.validation, count(&split.validation)),
        ("test", metrics.test, count(&split.test)),
    ];
    write_table(output, &rows).map_err(|error| stdout::write_error(output, error))
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

/// Writes the metrics of the given pairs, as a table or as one JSON object.
fn write_pair_metrics(output: &mut Output, scored: &Scored, args: &Args) -> Result<()> {
    #[derive(Serialize)]
    struct Json {
        pairs: Metrics,
    }
    let pairs = scored.metrics()?;
    if args.json {
        return write_json(output, &Json { pairs });
    }
    let rows = [("pairs", Some(pairs), (scored.num_edges(), scored.num_negatives()))];
    write_table(output, &rows).map_err(|error| stdout::write_error(output, error))
}

type Row = (&'static str, Option<Metrics>, (usize, usize));

fn write_table(output: &mut Output, rows: &[Row]) -> io::Result<()> {
    // Links that a split ranks among negatives of their own have two more columns.
    let has_ranks =
        rows.iter().any(|(_, metrics, _)| metrics.is_some_and(|metrics| metrics.by_link.is_some()));
    let ranks = if has_ranks { format!("{:>9}{:>9}", "mrr", "hits@10") } else { String::new() };
    writeln!(
        output,
        "{:<12}{:>9}{:>19}{ranks}{:>11}{:>11}",
        "part", "roc_auc", "average_precision", "edges", "negatives"
    )?;
    for (name, metrics, (num_edges, num_negatives)) in rows {
        let Some(Metrics { roc_auc, average_precision, by_link }) = metrics else { continue };
        let number = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.4}"));
        let mrr = number(by_link.map(|ranks| ranks.mean_reciprocal_rank));
        let hits = number(by_link.and_then(|ranks| ranks.hits_10));
        let ranks = if has_ranks { format!("{mrr:>9}{hits:>9}") } else { String::new() };
        writeln!(
            output,
            "{name:<12}{roc_auc:>9.4}{average_precision:>19.4}{ranks}{num_edges:>11}{num_negatives:>11}"
        )?;
    }
    Ok(())
}

fn write_json(output: &mut Output, value: &impl Serialize) -> Result<()> {
    stdout::write_json(output, value).map_err(|error| stdout::write_error(output, error))
}
