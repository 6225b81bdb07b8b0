//! `vgae embed`: writes the node embeddings as CSV or in another format.

use std::path::{Path, PathBuf};

use crate::{Error, Result};
use vgae::config::EmbeddingFormat;
use vgae::write::{
    Existing, Output, write_embeddings, write_npy, write_parquet, write_projector, write_word2vec,
};

use super::progress::Reporter;
use super::shared_args::RunArgs;

/// Write the node embeddings as CSV or in another format
///
/// The CSV has node,mean_0,… rows. For npy, FILE.npy contains a float32 array and FILE.ids.csv the ids of its
/// rows. For projector, FILE.tsv contains the vectors and FILE.metadata.tsv their ids and labels.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The file to write, or - for stdout
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Output format [default: from the extension of FILE, or csv without one]
    #[arg(long, value_enum)]
    format: Option<EmbeddingFormat>,
    /// Replace the output files if they exist
    #[arg(long)]
    force: bool,
    /// Add log_variance_0,… columns: the logarithm of each variance
    #[arg(long)]
    log_variance: bool,
    #[command(flatten)]
    run: RunArgs,
}

pub(super) fn run(args: &Args, reporter: &Reporter) -> Result<()> {
    let format = args.format.map_or_else(|| EmbeddingFormat::from_path(&args.output), Ok)?;
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let create_second = |extension: &str| match args.output == Path::new("-") {
        true => Err(Error::Usage("--format npy and projector write two files; use -o FILE".into())),
        false => Ok(Output::create(&args.output.with_extension(extension), existing)?),
    };
    let output = Output::create(&args.output, existing)?;
    let second = match format {
        EmbeddingFormat::Npy => Some(create_second("ids.csv")?),
        EmbeddingFormat::Projector => Some(create_second("metadata.tsv")?),
        EmbeddingFormat::Csv | EmbeddingFormat::Parquet | EmbeddingFormat::Word2vec => None,
    };
    let run = args.run.open(reporter)?;
    let kind = run.record.config.model.model;
    let stage = reporter.stage_with_output(&args.output, "encoding the nodes");
    let Some(embeddings) = run.encode()?.embeddings else {
        return Err(Error::Usage(format!("{kind} has no embeddings: it scores pairs from the graph alone")));
    };
    let log_variance = match (args.log_variance, &embeddings.log_variance) {
        (true, None) => {
            return Err(Error::Usage(format!(
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
            Ok(write_projector(output, metadata, graph, mean, log_variance)?)
        }
        (_, Some(ids)) => Ok(write_npy(output, ids, &graph.nodes, mean, log_variance)?),
        (EmbeddingFormat::Parquet, None) => Ok(write_parquet(output, graph, mean, log_variance)?),
        (EmbeddingFormat::Word2vec, None) => Ok(write_word2vec(output, graph, mean, log_variance)?),
        (_, None) => Ok(write_embeddings(output, &graph.nodes, mean, log_variance)?),
    }
}
