//! `vgae score`: the probability of each pair of a file, streamed.

use std::path::PathBuf;

use vgae::read::{Columns, PairReader, Unknown};
use vgae::write::{Existing, Output, ScoreColumns, ScoreFormat, ScoreWriter};
use vgae::{Error, Result};

use super::applied::Applied;
use super::probabilities::Probabilities;
use super::progress::Voice;

/// Score pairs of nodes: source,target,probability,logit in the order of the input
///
/// Of a run that was not calibrated, a probability is sigmoid(logit) of a model trained on balanced pairs: it ranks, it
/// does not say how often such a pair is a link.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The pairs: source,target rows (CSV, TSV or white space, maybe .gz), or - for stdin
    #[arg(long, value_name = "FILE")]
    pairs: PathBuf,
    /// Keep the other columns of the pairs, after those of the score
    #[arg(long)]
    columns: bool,
    /// Add logit_low, logit_high, probability_low and probability_high: where the score lies with this probability, by
    /// the variances of the two embeddings (analytic: by the exact first four cumulants of the inner product)
    #[arg(long, allow_negative_numbers = true, value_name = "LEVEL")]
    interval: Option<f64>,
    #[command(flatten)]
    probabilities: Probabilities,
    /// How to write [default: by the end of --output's name: .csv, .jsonl, .parquet; csv where it has none]
    #[arg(long, value_enum)]
    format: Option<ScoreFormat>,
    /// Where to write, - for stdout
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace the output file if it exists
    #[arg(long)]
    force: bool,
    /// Leave out pairs with a node that the run does not have
    #[arg(long)]
    skip_unknown: bool,
    #[command(flatten)]
    applied: Applied,
}

pub(super) fn run(args: &Args, voice: &Voice) -> Result<()> {
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let output = Output::create(&args.output, existing)?;
    let run = args.applied.open(voice)?;
    let stage = voice.stage_beside(&args.output, "encoding the nodes");
    let encoded = run.encode()?;
    let posterior = match (args.interval, &encoded.embeddings) {
        (None, _) => None,
        (Some(level), Some(embeddings)) => Some(run.model.posterior(embeddings, level)?),
        (Some(_), None) => {
            let model = run.record.config.model.model;
            return Err(Error::Config(format!("--interval needs embeddings; {model} has none")));
        }
    };
    let score = encoded.score;
    stage.begin("calibrating");
    let calibrator = args.probabilities.calibrator(&run, &*score)?;
    let unknown = if args.skip_unknown { Unknown::Skip } else { Unknown::Refuse };
    let pairs = PairReader::watched(&args.pairs, &run.graph.nodes, unknown, &stage)?;
    let (kept, others) = match args.columns {
        true => (Columns::All, pairs.other_columns()),
        false => (Columns::Nodes, Vec::new()),
    };
    let columns = ScoreColumns { calibrator: calibrator.as_ref(), posterior: posterior.as_ref(), others };
    let format = args.format.map_or_else(|| ScoreFormat::of_path(&args.output), Ok)?;
    let mut writer = ScoreWriter::new(output, format, &run.graph.nodes, columns)?;
    let mut num_impossible = 0;
    let num_skipped = pairs.read_blocks(kept, |block| {
        num_impossible += block.pairs().iter().filter(|&&pair| !run.graph.edges.can_join(pair)).count();
        writer.write_block(&block, &score.logits(block.pairs()))?;
        stage.add_pairs(block.pairs().len());
        Ok(())
    })?;
    writer.finish()?;
    drop(stage);
    tell_impossible(num_impossible, voice);
    if num_skipped > 0 {
        voice.say(format!("note: pairs left out for an unknown node: {num_skipped}"));
    }
    Ok(())
}

/// Says how many pairs there were that no graph of this kind can join.
pub(super) fn tell_impossible(num_impossible: usize, voice: &Voice) {
    if num_impossible > 0 {
        voice.say(format!(
            "note: pairs of a node with itself, or of two nodes of one kind, which are never links: {num_impossible}"
        ));
    }
}
