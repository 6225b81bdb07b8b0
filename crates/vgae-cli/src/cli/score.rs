//! `vgae score`: computes the probability of each pair in a file, as a stream.

use std::path::PathBuf;

use crate::{Error, Result};
use vgae::graph::Pair;
use vgae::read::Columns;
use vgae::write::{Existing, Output, ScoreColumns, ScoreFormat, ScoreWriter};

use super::progress::Reporter;
use super::shared_args::{CalibrateArgs, PairsArgs, RunArgs, note_skipped};

/// Score the pairs of nodes in a file
///
/// Writes source,target,probability,logit rows in the order of the input. Without calibration, the
/// probability is sigmoid(logit) from a model that was trained on as many negatives as edges. Use it to rank
/// pairs; it is not the frequency with which such pairs are links.
#[derive(clap::Args)]
pub(super) struct Args {
    /// File of source,target rows (CSV, TSV or separated by white space, optionally gzipped), or - for stdin
    #[arg(long, value_name = "FILE")]
    pairs: PathBuf,
    #[command(flatten)]
    reading: PairsArgs,
    /// Append the other columns of the pairs file to each row
    #[arg(long)]
    keep_columns: bool,
    /// Add logit_low, logit_high, probability_low and probability_high: the interval that contains the score
    /// with this probability, given the variances of the two embeddings. It is computed from the exact first
    /// four cumulants of the inner product
    #[arg(long, allow_negative_numbers = true, value_name = "LEVEL")]
    interval: Option<f64>,
    #[command(flatten)]
    calibrate: CalibrateArgs,
    /// Output format [default: from the extension of --output (.csv, .jsonl or .parquet), or csv without one]
    #[arg(long, value_enum)]
    format: Option<ScoreFormat>,
    /// The file to write, or - for stdout
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace the output file if it exists
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    run: RunArgs,
}

pub(super) fn run(args: &Args, reporter: &Reporter) -> Result<()> {
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let output = Output::create(&args.output, existing)?;
    let run = args.run.open(reporter)?;
    let stage = reporter.stage_with_output(&args.output, "encoding the nodes");
    let encoded = run.encode()?;
    let posterior = match (args.interval, &encoded.embeddings) {
        (None, _) => None,
        (Some(level), Some(embeddings)) => Some(run.model.posterior(embeddings, level)?),
        (Some(_), None) => {
            let model = run.record.config.model.model;
            return Err(Error::Usage(format!("--interval needs embeddings; {model} has none")));
        }
    };
    let score = encoded.score;
    stage.begin("calibrating");
    let calibrator = args.calibrate.calibrator(&run, &*score)?;
    let pairs = args.reading.open(&args.pairs, &run.graph.nodes, &stage, reporter)?;
    let (kept, others) = match args.keep_columns {
        true => (Columns::All, pairs.other_columns()),
        false => (Columns::Nodes, Vec::new()),
    };
    let columns = ScoreColumns { calibrator: calibrator.as_ref(), posterior: posterior.as_ref(), others };
    let format = args.format.map_or_else(|| ScoreFormat::from_path(&args.output), Ok)?;
    let mut writer = ScoreWriter::new(output, format, &run.graph.nodes, columns)?;
    let mut num_impossible = 0;
    let num_skipped = pairs.read_batches(kept, score.pairs_at_once(), |blocks| {
        let pairs: Vec<Pair> = blocks.iter().flat_map(|block| block.pairs()).copied().collect();
        num_impossible += pairs.iter().filter(|&&pair| !run.graph.edges.can_join(pair)).count();
        let logits = score.logits(&pairs);
        let mut rest = logits.as_slice();
        for block in blocks {
            let (logits, others) = rest.split_at(block.pairs().len());
            writer.write_block(block, logits)?;
            rest = others;
        }
        stage.add_pairs(pairs.len());
        Ok(())
    })?;
    writer.finish()?;
    drop(stage);
    note_impossible(num_impossible, reporter);
    note_skipped(num_skipped, reporter);
    Ok(())
}

/// Prints the number of pairs that cannot be edges in this graph, if any.
pub(super) fn note_impossible(num_impossible: usize, reporter: &Reporter) {
    if num_impossible > 0 {
        reporter.note(format!(
            "pairs of a node with itself or of two nodes of the same kind, which are never links: \
             {num_impossible}"
        ));
    }
}
