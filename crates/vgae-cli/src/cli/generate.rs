//! `vgae generate`: generates new rows or a new graph from a trained model.

use std::path::PathBuf;

use crate::{Error, Result};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use vgae::model::Model;
use vgae::model::generate::{Source, edges};
use vgae::model::vae::{Draw, Vae};
use vgae::run::Run;
use vgae::write::{Existing, NumberWriter, Output, write_pairs};

use super::progress::Reporter;

/// Generate data from a run: rows of features from a vae, or an edge list from a graph model
///
/// A vae samples z from N(0, I) and then a row from p(x | z); this writes row,feature_0,… rows. A Gaussian
/// graph model samples z for each node and connects the most probable pairs; this writes source,target rows.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directory
    run: PathBuf,
    /// For a vae: number of rows [default: 10]
    #[arg(long, value_name = "COUNT")]
    count: Option<usize>,
    /// For a vae: write the mean of p(x | z) instead of a sample
    #[arg(long)]
    mean: bool,
    /// For a graph model: the distribution to sample z from [default: prior]
    #[arg(long, value_enum)]
    from: Option<Source>,
    /// For a graph model: number of edges [default: the number of training edges]
    #[arg(long, value_name = "COUNT")]
    edges: Option<usize>,
    /// Seed for sampling
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The file to write, or - for stdout
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace the output file if it exists
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Args, reporter: &Reporter) -> Result<()> {
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let output = Output::create(&args.output, existing)?;
    let stage = reporter.stage_beside(&args.output, "opening the run");
    let run = Run::open(&args.run)?;
    stage.begin("generating");
    let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
    match &run.model {
        Model::Vae(vae) => {
            let is_prior = args.from.is_none_or(|source| source == Source::Prior);
            reject(!is_prior, "--from posterior: use `vgae reconstruct` to reconstruct rows")?;
            reject(args.edges.is_some(), "--edges: a vae generates rows; use --count")?;
            write_rows(vae, run.record.counts.num_features, args, output, &mut rng)
        }
        Model::Network(network) => {
            reject(
                args.count.is_some(),
                "--count: a graph model generates edges; use --edges, and another --seed for another graph",
            )?;
            reject(args.mean, "--mean: a graph model generates edges, not rows")?;
            let source = args.from.unwrap_or(Source::Prior);
            let num_edges = args.edges.unwrap_or(run.split.train.len());
            let Some(embeddings) = run.encode()?.embeddings else {
                return Err(no_distribution_error(&run));
            };
            let pairs = edges(network, &embeddings, source, num_edges, &run.split.train, &mut rng)?;
            Ok(write_pairs(output, &run.graph.nodes, &pairs)?)
        }
        Model::Stack(_) | Model::Baseline(..) => Err(no_distribution_error(&run)),
    }
}

fn no_distribution_error(run: &Run) -> Error {
    Error::Usage(format!(
        "{} has no distribution to draw from; expected a run of a Gaussian model, such as vgae",
        run.record.config.model.model
    ))
}

/// The number of rows to generate at a time.
const CHUNK: usize = 512;

fn write_rows(
    vae: &Vae,
    num_features: usize,
    args: &Args,
    output: Output,
    rng: &mut ChaCha8Rng,
) -> Result<()> {
    let header = (0..num_features).map(|at| format!("feature_{at}"));
    let mut writer = NumberWriter::new(output, std::iter::once("row".to_string()).chain(header))?;
    let count = args.count.unwrap_or(10);
    let draw = if args.mean { Draw::Mean } else { Draw::Sample };
    for start in (0..count).step_by(CHUNK) {
        let rows = vae.generate(CHUNK.min(count - start), draw, rng);
        for (at, row) in rows.rows().into_iter().enumerate() {
            writer.write(&(start + at).to_string(), row.iter().copied())?;
        }
    }
    Ok(writer.finish()?)
}

fn reject(is_given: bool, problem: &str) -> Result<()> {
    if is_given { Err(Error::Usage(problem.into())) } else { Ok(()) }
}
