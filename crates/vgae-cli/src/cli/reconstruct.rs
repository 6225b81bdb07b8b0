//! `vgae reconstruct`: encodes rows with a VAE and decodes them again.

use std::path::{Path, PathBuf};

use crate::{Error, Result};
use vgae::config::FeatureTransform;
use vgae::graph::transform::transform;
use vgae::graph::{Csr, Features, NodeIds};
use vgae::model::Model;
use vgae::progress::Progress;
use vgae::read;
use vgae::run::Run;
use vgae::write::{Existing, NumberWriter, Output};

use super::progress::Reporter;

/// Reconstruct rows of features with a vae
///
/// Each row is encoded to the mean of its latent distribution and decoded again. Writes
/// row,mean_squared_error,feature_0,… rows; the error is averaged over the features. Rows with a large error
/// are unlike the rows that the model was trained on.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directory of a vae
    run: PathBuf,
    /// Reconstruct the rows in this file instead of those of the run: a CSV file as for `vgae train
    /// --features`, or - for stdin
    #[arg(long, value_name = "FILE")]
    rows: Option<PathBuf>,
    /// Write only the errors, without the features
    #[arg(long)]
    errors: bool,
    /// The file to write, or - for stdout
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace the output file if it exists
    #[arg(long)]
    force: bool,
}

/// The number of rows to hold as a dense matrix at a time.
const CHUNK: usize = 512;

pub(super) fn run(args: &Args, reporter: &Reporter) -> Result<()> {
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let output = Output::create(&args.output, existing)?;
    let stage = reporter.stage_beside(&args.output, "opening the run");
    let run = Run::open(&args.run)?;
    let Model::Vae(vae) = &run.model else {
        let model = run.record.config.model.model;
        return Err(Error::Usage(format!(
            "{model} does not reconstruct features; expected a run of --model vae"
        )));
    };
    let (nodes, features) = match &args.rows {
        Some(file) => read_rows(file, &run)?,
        None => {
            let features = run.graph.features().cloned();
            (run.graph.nodes.clone(), features.unwrap_or_else(|| Csr::zero((0, 0)).into()))
        }
    };
    let features = transform(&features, vae.config().feature_transform());
    let num_written = if args.errors { 0 } else { features.cols() };
    let names = (0..num_written).map(|at| format!("feature_{at}"));
    let header = ["row", "mean_squared_error"].map(str::to_string).into_iter().chain(names);
    let mut writer = NumberWriter::new(output, header)?;
    stage.begin_counted("reconstructing", "rows", Some(features.rows() as u64));
    for start in (0..features.rows()).step_by(CHUNK) {
        let rows = start..(start + CHUNK).min(features.rows());
        stage.add(rows.len() as u64);
        let expected = vae.reconstruct(&features, rows.clone());
        for (row, expected) in rows.zip(expected.rows()) {
            let mut errors: Vec<f64> = expected.iter().map(|&value| f64::from(value)).collect();
            for (column, value) in features.row_entries(row) {
                errors[column] -= f64::from(value);
            }
            let error = errors.iter().map(|error| error * error).sum::<f64>() / errors.len().max(1) as f64;
            let values = expected.iter().copied().take(num_written);
            writer.write(nodes.id(row as u32), std::iter::once(error as f32).chain(values))?;
        }
    }
    Ok(writer.finish()?)
}

/// Reads rows with as many features as the run has.
fn read_rows(file: &Path, run: &Run) -> Result<(NodeIds, Features)> {
    let config = &run.record.config.model;
    if config.feature_transform() == FeatureTransform::Tfidf {
        let problem = "--rows: tfidf weights features by their rarity among the run's own rows; to \
         reconstruct other rows, train with another --feature-transform";
        return Err(Error::Usage(problem.into()));
    }
    let mut table = read::features(file, &Progress::default())?;
    let (found, expected) = (table.matrix.cols(), run.record.counts.num_features);
    // A list of triplets does not contain its width: the last features may be absent from all rows.
    if found < expected && !table.is_complete {
        let (indptr, indices, values) = table.matrix.to_sparse().into_owned().into_raw_storage();
        table.matrix = Csr::new((table.nodes.len(), expected), indptr, indices, values).into();
    } else if found != expected {
        let problem = format!("has rows of {found} features; the run was trained on {expected}");
        return Err(vgae::Error::Input { path: file.to_path_buf(), problem }.into());
    }
    Ok((table.nodes, table.matrix))
}
