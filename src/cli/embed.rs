//! `vgae embed`: the node embeddings as CSV, or as an array for numpy.

use std::path::{Path, PathBuf};

use vgae::run::{Existing, Output, Run, write_embeddings, write_npy};
use vgae::{Error, Result};

use super::progress::Voice;

/// Write the node embeddings: node,mean_0,… rows
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directory
    run: PathBuf,
    /// Where to write, - for stdout; to FILE.npy as a float32 array for numpy, whose rows FILE.ids.csv names
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace the output files if they exist
    #[arg(long)]
    force: bool,
    /// Add the logarithm of each variance: log_variance_0,… columns
    #[arg(long)]
    log_variance: bool,
}

pub(super) fn run(args: &Args, _voice: &Voice) -> Result<()> {
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let output = Output::create(&args.output, existing)?;
    let ids = match is_npy(&args.output) {
        true => Some(Output::create(&args.output.with_extension("ids.csv"), existing)?),
        false => None,
    };
    let run = Run::open(&args.run)?;
    let model = run.record.config.model.model;
    let Some(embeddings) = run.encode()?.embeddings else {
        return Err(Error::Config(format!("{model} has no embeddings: it scores pairs by the graph alone")));
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
    match ids {
        Some(ids) => write_npy(output, ids, &run.graph.nodes, &embeddings.mean, log_variance),
        None => write_embeddings(output, &run.graph.nodes, &embeddings.mean, log_variance),
    }
}

/// Whether a file is to hold an array for numpy, by its name.
fn is_npy(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "npy")
}
