//! `vgae predict`: the most probable links that the graph does not have.

use std::path::PathBuf;

use vgae::Result;
use vgae::run::{Existing, Output, Run, ScoreWriter};

use super::progress::Voice;

/// Predict links: the most probable pairs that are no edges, best first
///
/// All pairs are looked at, so that the answer is exact. Held-out edges are edges: they are not predicted.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directory
    run: PathBuf,
    /// How many pairs
    #[arg(long, allow_negative_numbers = true, value_name = "COUNT", default_value_t = 10)]
    top: usize,
    /// Where to write, - for stdout
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace the output file if it exists
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Args, voice: &Voice) -> Result<()> {
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let output = Output::create(&args.output, existing)?;
    let run = Run::open(&args.run)?;
    let best = run.encode()?.score.top_pairs(args.top, &run.graph.edges);
    let mut writer = ScoreWriter::new(output)?;
    for pair in &best {
        writer.write(&run.graph.nodes, pair)?;
    }
    writer.finish()?;
    if best.len() < args.top {
        voice.say(format!("note: there are no more pairs that are no edges: {}", best.len()));
    }
    Ok(())
}
