//! `vgae generate`: new rows or a new graph from what a run has learnt.

use std::path::PathBuf;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use vgae::model::Model;
use vgae::model::generate::{Source, edges};
use vgae::model::vae::{Draw, Vae};
use vgae::run::Run;
use vgae::write::{Existing, NumberWriter, Output, write_pairs};
use vgae::{Error, Result};

use super::progress::Voice;

/// Generate from a run: rows of features from a vae, an edge list from a model of a graph
///
/// A vae draws z ~ N(0, I) and a row from p(x | z): row,feature_0,… A Gaussian model of a graph draws each node's z,
/// and joins the most probable pairs: source,target.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directory
    run: PathBuf,
    /// How many rows; of a vae [default: 10]
    #[arg(long, value_name = "COUNT")]
    count: Option<usize>,
    /// Write the mean of p(x | z) instead of a draw; of a vae
    #[arg(long)]
    mean: bool,
    /// Where a node's z comes from: N(0, I), or its own distribution given the graph [default: prior]
    #[arg(long, value_enum)]
    from: Option<Source>,
    /// How many edges; of a model of a graph [default: as many as trained on]
    #[arg(long, value_name = "COUNT")]
    edges: Option<usize>,
    /// Another seed draws others
    #[arg(long, default_value_t = 0)]
    seed: u64,
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
    let stage = voice.stage_beside(&args.output, "opening the run");
    let run = Run::open(&args.run)?;
    stage.begin("generating");
    let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
    match &run.model {
        Model::Vae(vae) => {
            let is_prior = args.from.is_none_or(|source| source == Source::Prior);
            refuse(!is_prior, "--from posterior: `vgae reconstruct` gives rows back")?;
            refuse(args.edges.is_some(), "--edges: a vae generates rows, --count of them")?;
            rows(vae, run.record.counts.num_features, args, output, &mut rng)
        }
        Model::Network(network) => {
            refuse(
                args.count.is_some(),
                "--count: a model of a graph generates --edges; --seed gives another graph",
            )?;
            refuse(args.mean, "--mean: a model of a graph generates edges, not rows")?;
            let source = args.from.unwrap_or(Source::Prior);
            let num_edges = args.edges.unwrap_or(run.split.train.len());
            let Some(embeddings) = run.encode()?.embeddings else {
                return Err(no_distribution(&run));
            };
            let pairs = edges(network, &embeddings, source, num_edges, &run.split.train, &mut rng)?;
            write_pairs(output, &run.graph.nodes, &pairs)
        }
        Model::Stack(_) | Model::Baseline(..) => Err(no_distribution(&run)),
    }
}

fn no_distribution(run: &Run) -> Error {
    Error::Config(format!(
        "{} has no distribution to draw from; expected a run of a Gaussian model, such as vgae",
        run.record.config.model.model
    ))
}

/// Rows that are generated at a time.
const CHUNK: usize = 512;

fn rows(vae: &Vae, num_features: usize, args: &Args, output: Output, rng: &mut ChaCha8Rng) -> Result<()> {
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
    writer.finish()
}

fn refuse(is_given: bool, problem: &str) -> Result<()> {
    if is_given { Err(Error::Config(problem.into())) } else { Ok(()) }
}
