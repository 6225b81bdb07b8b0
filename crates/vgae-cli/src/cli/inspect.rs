//! `vgae inspect`: shows the latent dimensions of a run, or the parts of a stack.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::{Error, Result};
use serde::Serialize;
use vgae::config::ModelKind;
use vgae::evaluate::metrics::Metrics;
use vgae::inspect::{self, Dimension, PartReport, StackReport};
use vgae::model::Model;
use vgae::run::Run;
use vgae::write::Output;

use super::progress::Reporter;
use super::stdout;

/// Inspect the latent dimensions of a run, or the parts of a `best` model
///
/// Prints for each latent dimension its KL divergence, the variance of its mean over the nodes, its mean σ,
/// and whether it is active. A dimension is active if the variance of its mean is above 0.01. A warning says
/// if the posterior has collapsed to the prior, or the variances to 0.
///
/// For a `best` model, prints the weight of each part, and the AUC and AP of the part alone and of the model
/// without it.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directory
    run: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The printed result.
#[derive(Serialize)]
struct Report {
    model: ModelKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    latent: Option<Latent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stack: Option<StackReport>,
}

#[derive(Serialize)]
struct Latent {
    num_dimensions: usize,
    num_active: usize,
    kl: Option<f64>,
    mean_sigma: Option<f64>,
    dimensions: Vec<Dimension>,
}

pub(super) fn run(args: &Args, reporter: &Reporter) -> Result<()> {
    let stage = reporter.stage("opening the run");
    let run = Run::open(&args.run)?;
    stage.begin("inspecting the model");
    let model = run.record.config.model.model;
    let report = match &run.model {
        Model::Stack(stack) => {
            let stack = inspect::parts(stack, &run.split, run.graph.features(), &run.record.config)?;
            Report { model, latent: None, stack: Some(stack) }
        }
        _ => {
            let Some(embeddings) = run.encode()?.embeddings else {
                let problem = format!("{model} has nothing to inspect: it scores pairs from the graph alone");
                return Err(Error::Usage(problem));
            };
            Report { model, latent: Some(Latent::new(inspect::dimensions(&embeddings))), stack: None }
        }
    };
    drop(stage);
    stdout::print(|output| match args.json {
        true => stdout::write_json(output, &report),
        false => report.write(output),
    })?;
    if let Some(warning) = report.latent.as_ref().and_then(Latent::warning) {
        reporter.warn(warning);
    }
    Ok(())
}

/// The mean σ below which a Gaussian is practically a point.
const SMALL_SIGMA: f64 = 0.01;

impl Latent {
    fn new(dimensions: Vec<Dimension>) -> Self {
        let num_dimensions = dimensions.len();
        let sum = |value: fn(&Dimension) -> Option<f64>| dimensions.iter().map(value).sum::<Option<f64>>();
        Latent {
            num_dimensions,
            num_active: dimensions.iter().filter(|dimension| dimension.is_active).count(),
            kl: sum(|dimension| dimension.kl),
            mean_sigma: sum(|dimension| dimension.mean_sigma).map(|sum| sum / num_dimensions as f64),
            dimensions,
        }
    }

    /// Returns a warning if the variances or the posterior have collapsed.
    fn warning(&self) -> Option<String> {
        let &Latent { num_dimensions, num_active, mean_sigma, .. } = self;
        if mean_sigma.is_some_and(|sigma| sigma < SMALL_SIGMA) {
            return Some(
                "the variances have collapsed: z is practically its mean, as in a GAE. Was --kl-weight 0?"
                    .into(),
            );
        }
        // A few inactive dimensions are harmless: the others can encode everything.
        if 10 * num_active > num_dimensions {
            return None;
        }
        let what = if num_active == 0 {
            "the posterior has collapsed"
        } else {
            "the posterior has partly collapsed"
        };
        let hint = match mean_sigma {
            Some(_) => {
                "try --kl-warmup, --free-bits or a smaller --kl-weight, and features of similar magnitude"
            }
            None => "try a smaller --latent, or features of a magnitude of about 1",
        };
        Some(format!("{what}: {num_active} of {num_dimensions} dimensions vary; {hint}"))
    }
}

impl Report {
    fn write(&self, output: &mut Output) -> io::Result<()> {
        if let Some(latent) = &self.latent {
            latent.write(output)?;
        }
        if let Some(stack) = &self.stack {
            write_parts(stack, output)?;
        }
        Ok(())
    }
}

impl Latent {
    fn write(&self, output: &mut Output) -> io::Result<()> {
        let number = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.4}"));
        writeln!(
            output,
            "{:<10}{:>10}{:>15}{:>12}{:>8}",
            "dimension", "kl", "var_of_mean", "mean_sigma", "active"
        )?;
        for (k, dimension) in self.dimensions.iter().enumerate() {
            let &Dimension { kl, mean_variance, mean_sigma, is_active } = dimension;
            let active = if is_active { "yes" } else { "no" };
            let (kl, mean_sigma) = (number(kl), number(mean_sigma));
            writeln!(output, "{k:<10}{kl:>10}{mean_variance:>15.4}{mean_sigma:>12}{active:>8}")?;
        }
        let (kl, mean_sigma) = (number(self.kl), number(self.mean_sigma));
        writeln!(output, "{:<10}{kl:>10}{:>15}{mean_sigma:>12}{:>8}", "all", "", self.num_active)
    }
}

fn write_parts(report: &StackReport, output: &mut Output) -> io::Result<()> {
    let width = report.parts.iter().map(|part| part.name.len()).max().unwrap_or(0) + 2;
    let metrics = |metrics: Option<Metrics>| match metrics {
        Some(Metrics { roc_auc, average_precision, .. }) => format!("{roc_auc:.4} / {average_precision:.4}"),
        None => "-".into(),
    };
    writeln!(output, "{:<width$}{:>9}{:>19}{:>19}", "part", "weight", "test: alone", "without it")?;
    for PartReport { name, weight, alone, without } in &report.parts {
        writeln!(output, "{name:<width$}{weight:>9.4}{:>19}{:>19}", metrics(*alone), metrics(*without))?;
    }
    writeln!(output, "{:<width$}{:>9}{:>19}", "all", "", metrics(report.test))
}
