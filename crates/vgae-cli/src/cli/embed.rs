//! `vgae embed`: the node embeddings as CSV, or in the format of another program.

use std::path::{Path, PathBuf};

use vgae::config::EmbeddingFormat;
use vgae::write::{
    Existing, Output, write_embeddings, write_npy, write_parquet, write_projector, write_word2vec,
};
use vgae::{Error, Result};

use super::applied::Applied;
use super::progress::Voice;

/// Write the node embeddings: node,mean_0,… rows
///
/// As npy, FILE holds a float32 array, whose rows FILE.ids.csv names; for the projector, FILE.tsv holds vectors, and
/// FILE.metadata.tsv their ids and labels.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Where to write, - for stdout
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// The format [default: by the end of FILE's name; csv where it has none]
    #[arg(long, value_enum)]
    format: Option<EmbeddingFormat>,
    /// Replace the output files if they exist
    #[arg(long)]
    force: bool,
    /// Add the logarithm of each variance: log_variance_0,… columns
    #[arg(long)]
    log_variance: bool,
    #[command(flatten)]
    applied: Applied,
}

pub(super) fn run(args: &Args, voice: &Voice) -> Result<()> {
    let format = args.format.map_or_else(|| EmbeddingFormat::of_path(&args.output), Ok)?;
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let create_second = |end: &str| match args.output == Path::new("-") {
        true => Err(Error::Config("--format npy and projector write two files; expected -o FILE".into())),
        false => Output::create(&args.output.with_extension(end), existing),
    };
    let output = Output::create(&args.output, existing)?;
    let second = match format {
        EmbeddingFormat::Npy => Some(create_second("ids.csv")?),
        EmbeddingFormat::Projector => Some(create_second("metadata.tsv")?),
        EmbeddingFormat::Csv | EmbeddingFormat::Parquet | EmbeddingFormat::Word2vec => None,
    };
    let run = args.applied.open(voice)?;
    let kind = run.record.config.model.model;
    let stage = voice.stage_beside(&args.output, "encoding the nodes");
    let Some(embeddings) = run.encode()?.embeddings else {
        return Err(Error::Config(format!("{kind} has no embeddings: it scores pairs by the graph alone")));
    };
    let log_variance = match (args.log_variance, &embeddings.log_variance) {
        (true, None) => {
            return Err(Error::Config(format!(
                "--log-variance needs a Gaussian latent; this run is a {kind}"
            )));
        }
        (true, Some(log_variance)) => Some(log_variance),
        (false, _) => None,
    };
    let (graph, mean) = (&run.graph, &embeddings.mean);
    stage.begin("writing");
    match (format, second) {
        (EmbeddingFormat::Projector, Some(metadata)) => {
            write_projector(output, metadata, graph, mean, log_variance)
        }
        (_, Some(ids)) => write_npy(output, ids, &graph.nodes, mean, log_variance),
        (EmbeddingFormat::Parquet, None) => write_parquet(output, graph, mean, log_variance),
        (EmbeddingFormat::Word2vec, None) => write_word2vec(output, graph, mean, log_variance),
        (_, None) => write_embeddings(output, &graph.nodes, mean, log_variance),
    }
}
