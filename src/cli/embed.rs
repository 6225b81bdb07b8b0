//! `vgae embed`: the node embeddings as CSV.

use std::path::PathBuf;

use vgae::run::{Existing, Output, Run, write_embeddings};
use vgae::{Error, Result};

use super::progress::Voice;

/// Write the node embeddings: node,mean_0,… rows
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directory
    run: PathBuf,
    /// Where to write, - for stdout
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace the output file if it exists
    #[arg(long)]
    force: bool,
    /// Add the logarithm of each variance: log_variance_0,… columns
    #[arg(long)]
    log_variance: bool,
}

pub(super) fn run(args: &Args, _voice: &Voice) -> Result<()> {
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let output = Output::create(&args.output, existing)?;
    let run = Run::open(&args.run)?;
    let model = run.record.config.model.model;
    let Some(embeddings) = run.encode()?.embeddings else {
        return Err(Error::Config(format!(
            "a {model} has no embeddings: it scores pairs by the graph alone"
        )));
    };
    let log_variance = match (args.log_variance, &embeddings.log_variance) {
        (true, None) => {
            return Err(Error::Config(format!(
                "--log-variance needs a Gaussian latent; this run is a {model}"
            )));
        }
        (true, Some(log_variance)) => Some(log_variance),
        (false, _) => None,
    };
    write_embeddings(output, &run.graph.nodes, &embeddings.mean, log_variance)
}
