//! `vgae score`: the probability of each pair of a file, streamed.

use std::path::PathBuf;

use vgae::Result;
use vgae::graph::Pair;
use vgae::read::{PairReader, Unknown};
use vgae::run::{Existing, Output, Run, ScoreWriter};
use vgae::score::ScoredPair;

use super::progress::Voice;

/// Score pairs of nodes: source,target,probability,logit in the order of the input
///
/// A probability here is sigmoid(logit) of a model trained on balanced pairs: it ranks, it does not say how
/// often such a pair is a link.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directory
    run: PathBuf,
    /// The pairs: source,target rows (CSV, TSV or white space, maybe .gz), or - for stdin
    #[arg(long, value_name = "FILE")]
    pairs: PathBuf,
    /// Where to write, - for stdout
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace the output file if it exists
    #[arg(long)]
    force: bool,
    /// Leave out pairs with a node that the run does not have
    #[arg(long)]
    skip_unknown: bool,
}

/// Pairs that are scored at a time.
const CHUNK: usize = 1 << 14;

pub(super) fn run(args: &Args, voice: &Voice) -> Result<()> {
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let output = Output::create(&args.output, existing)?;
    let run = Run::open(&args.run)?;
    let score = run.encode()?.score;
    let unknown = if args.skip_unknown { Unknown::Skip } else { Unknown::Refuse };
    let mut pairs = PairReader::open(&args.pairs, &run.graph.nodes, unknown)?;
    let mut writer = ScoreWriter::new(output)?;
    let mut chunk: Vec<Pair> = Vec::with_capacity(CHUNK);
    loop {
        let next = pairs.next_pair()?;
        chunk.extend(next);
        if chunk.len() == CHUNK || next.is_none() {
            for (&pair, logit) in chunk.iter().zip(score.logits(&chunk)) {
                writer.write(&run.graph.nodes, &ScoredPair { pair, logit })?;
            }
            chunk.clear();
        }
        if next.is_none() {
            break;
        }
    }
    writer.finish()?;
    if pairs.num_skipped() > 0 {
        voice.say(format!("note: pairs left out for an unknown node: {}", pairs.num_skipped()));
    }
    Ok(())
}
