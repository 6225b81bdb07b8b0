//! `vgae evaluate`: AUC and AP of a run, on its held-out parts or on pairs of one's own.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use vgae::evaluate::{PartRowMetrics, RunMetrics};
use vgae::metrics::{self, Metrics};
use vgae::read::{PairReader, Unknown};
use vgae::run::{Existing, Output, Run};
use vgae::split::Split;
use vgae::vae::RowMetrics;
use vgae::{Error, Result};

use super::progress::Voice;

/// Evaluate a run on its held-out links, or on pairs of your own
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directory
    run: PathBuf,
    /// Pairs that are links (source,target rows), instead of the held-out parts
    #[arg(long, value_name = "FILE", requires = "negatives")]
    pairs: Option<PathBuf>,
    /// Pairs that are none
    #[arg(long, value_name = "FILE", requires = "pairs")]
    negatives: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, voice: &Voice) -> Result<()> {
    let dash = Some(Path::new("-"));
    if args.pairs.as_deref() == dash && args.negatives.as_deref() == dash {
        let problem = "--pairs and --negatives are both -; stdin can be only one of them";
        return Err(Error::Config(problem.into()));
    }
    let run = Run::open(&args.run)?;
    let encoded = run.encode()?;
    let mut output = Output::create(Path::new("-"), Existing::Keep)?;
    match (&args.pairs, &args.negatives) {
        (Some(pairs), Some(negatives)) => {
            let pairs = read_pairs(pairs, &run)?;
            let negatives = read_pairs(negatives, &run)?;
            let num_seen = pairs.iter().filter(|&&pair| run.split.train.contains(pair)).count();
            if num_seen > 0 {
                voice.say(format!(
                    "note: {num_seen} of the {} pairs were trained on: no held-out figure",
                    pairs.len()
                ));
            }
            let num_edges = negatives.iter().filter(|&&pair| run.graph.edges.contains(pair)).count();
            if num_edges > 0 {
                voice.say(format!(
                    "note: {num_edges} of the {} negatives are edges of the graph",
                    negatives.len()
                ));
            }
            let logits = encoded.score.logits(&[pairs.as_slice(), &negatives].concat());
            let labels: Vec<bool> = (0..logits.len()).map(|at| at < pairs.len()).collect();
            let metrics = metrics::evaluate(&logits, &labels)?;
            let rows = [("pairs", Some(metrics), (pairs.len(), negatives.len()))];
            if args.json {
                #[derive(Serialize)]
                struct Json {
                    pairs: Metrics,
                }
                write_json(&mut output, &Json { pairs: metrics })?;
            } else {
                write_table(&mut output, &rows).map_err(|error| stdout_error(&output, error))?;
            }
        }
        _ => write_metrics(&mut output, &run.evaluate(&*encoded.score)?, &run.split, args.json)?,
    }
    output.finish()
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
        write_rows(output, rows).map_err(|error| stdout_error(output, error))?;
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
    write_table(output, &rows).map_err(|error| stdout_error(output, error))
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
    let result =
        serde_json::to_writer(&mut *output, value).map_err(io::Error::from).and_then(|()| writeln!(output));
    result.map_err(|error| stdout_error(output, error))
}

fn stdout_error(output: &Output, source: io::Error) -> Error {
    Error::Io { action: "write", path: output.path().to_path_buf(), source }
}

fn read_pairs(path: &Path, run: &Run) -> Result<Vec<vgae::graph::Pair>> {
    let mut reader = PairReader::open(path, &run.graph.nodes, Unknown::Refuse)?;
    let mut pairs = Vec::new();
    while let Some(pair) = reader.next_pair()? {
        pairs.push(pair);
    }
    Ok(pairs)
}
