//! `vgae reconstruct`: rows through a VAE and back.

use std::path::{Path, PathBuf};

use vgae::config::FeatureTransform;
use vgae::graph::transform::transform;
use vgae::graph::{Csr, Features, NodeIds};
use vgae::model::Model;
use vgae::run::Run;
use vgae::write::{Existing, NumberWriter, Output};
use vgae::{Error, Result, read};

use super::progress::Voice;

/// Reconstruct rows by a vae: row,mean_squared_error,feature_0,…
///
/// Each row is encoded to its mean, and the generator's mean is written, with the mean of the squared errors over the
/// features: rows that it cannot give back are unlike those that it was trained on.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directory of a vae
    run: PathBuf,
    /// Other rows than the run's own: a CSV file as for --features, or - for stdin
    #[arg(long, value_name = "FILE")]
    rows: Option<PathBuf>,
    /// Write the errors alone
    #[arg(long)]
    errors: bool,
    /// Where to write, - for stdout
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace the output file if it exists
    #[arg(long)]
    force: bool,
}

/// Rows that are dense at a time.
const CHUNK: usize = 512;

pub(super) fn run(args: &Args, voice: &Voice) -> Result<()> {
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let output = Output::create(&args.output, existing)?;
    let stage = voice.stage_beside(&args.output, "opening the run");
    let run = Run::open(&args.run)?;
    let Model::Vae(vae) = &run.model else {
        let model = run.record.config.model.model;
        return Err(Error::Config(format!("{model} gives no features back; expected a run of --model vae")));
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
    writer.finish()
}

/// Rows of as many features as the run's.
fn read_rows(file: &Path, run: &Run) -> Result<(NodeIds, Features)> {
    let config = &run.record.config.model;
    if config.feature_transform() == FeatureTransform::Tfidf {
        let problem = "--rows: tfidf weights features by their rarity among the run's own rows; train with another \
                       --feature-transform to reconstruct others";
        return Err(Error::Config(problem.into()));
    }
    let mut table = read::features(file)?;
    let (found, expected) = (table.matrix.cols(), run.record.counts.num_features);
    // Triplets name no width: the last features may be missing in all rows.
    if found < expected && !table.is_complete {
        let (indptr, indices, values) = table.matrix.to_sparse().into_owned().into_raw_storage();
        table.matrix = Csr::new((table.nodes.len(), expected), indptr, indices, values).into();
    } else if found != expected {
        let problem = format!("has rows of {found} features; the run was trained on {expected}");
        return Err(Error::Input { path: file.to_path_buf(), problem });
    }
    Ok((table.nodes, table.matrix))
}
