//! `--dry-run`: prints all settings of a run, and estimates its time and memory from a few epochs.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use crate::{Error, Result};
use clap::Command;
use serde_json::Value;
use vgae::config::{Config, ModelKind};
use vgae::error::size;
use vgae::evaluate::RunMetrics;
use vgae::graph::Graph;
use vgae::model::stack::max_epochs;
use vgae::split::Split;
use vgae::train::plan::Plan;
use vgae::train::{self, Epoch};

use crate::cli::stdout;

/// The time to spend on timed epochs; at least two are timed.
const TRIAL_SECONDS: f64 = 1.5;

/// If the first epoch takes this long, no second one is timed.
const LONG_SECONDS: f64 = 20.0;

/// The number of epochs to time for each network of a stack; they include one evaluation of the validation
/// part.
const STACK_TRIAL_EPOCHS: usize = 6;

/// The estimated cost of a run.
pub(super) struct Estimate {
    train_seconds: f64,
    evaluate_seconds: f64,
    /// The number of epochs of all networks.
    num_epochs: usize,
    /// The number of timed epochs.
    num_timed: usize,
    /// `true` if training may stop before the last epoch.
    is_upper_bound: bool,
    planned_memory_bytes: Option<u64>,
}

impl Estimate {
    /// Trains for a few epochs and evaluates the result.
    pub(super) fn measure(graph: &Graph, split: &Split, config: &Config, plan: Option<Plan>) -> Result<Self> {
        let model = config.model.model;
        let trial = |epochs: usize| {
            let mut config = config.clone();
            // Baselines need no training and have no epochs.
            if epochs > 0 {
                config.train.epochs = Some(epochs);
            }
            let start = Instant::now();
            let trained = train::fit(graph.features(), split, &config, |_| {})?;
            Ok::<_, Error>((trained, start.elapsed().as_secs_f64()))
        };
        let num_epochs = match model {
            ModelKind::Best => max_epochs(config, &split.train),
            _ => config.epochs(),
        };
        let num_first = match model {
            ModelKind::Baseline(_) => 0,
            ModelKind::Best => STACK_TRIAL_EPOCHS.min(num_epochs),
            _ => 1,
        };
        let (mut trained, mut seconds) = trial(num_first)?;
        if num_first == 1 && num_epochs > 1 && seconds < LONG_SECONDS {
            // The very first epoch includes one-time work.
            let fit = (TRIAL_SECONDS / seconds.max(1e-3)) as usize;
            (trained, seconds) = trial(fit.clamp(2, num_epochs))?;
        }
        let parts: Vec<&[Epoch]> = trained.history.chunk_by(|a, b| a.network == b.network).collect();
        let epoch_seconds: f64 =
            parts.iter().filter_map(|part| part.last()).map(|last| last.elapsed_seconds).sum();
        // The time for fitting the combination of networks does not depend on their number of epochs.
        let rest = (seconds - epoch_seconds).max(0.0);
        let start = Instant::now();
        let evaluate_seconds = match model {
            ModelKind::Best => rest,
            _ => {
                let encoded = trained.model.encode(&split.train, graph.features())?;
                RunMetrics::compute(&trained.model, &*encoded.score, split, graph.features(), config)?;
                start.elapsed().as_secs_f64()
            }
        };
        Ok(Estimate {
            train_seconds: rest
                + parts.iter().map(|part| network_seconds(part, num_epochs, config)).sum::<f64>(),
            evaluate_seconds,
            num_epochs: num_epochs * parts.len(),
            num_timed: trained.history.len(),
            is_upper_bound: model == ModelKind::Best || config.patience().is_some(),
            planned_memory_bytes: plan.map(|plan| plan.peak_bytes()),
        })
    }

    /// Describes the estimate; `seconds_before` is the time that reading and splitting took.
    pub(super) fn describe(&self, seconds_before: f64) -> String {
        let &Estimate { train_seconds, evaluate_seconds, num_epochs, num_timed, .. } = self;
        let at_most = if self.is_upper_bound { "at most " } else { "" };
        let total = seconds_before + train_seconds + evaluate_seconds;
        let memory = match self.planned_memory_bytes {
            Some(bytes) => format!(" and {}", size(bytes)),
            None => String::new(),
        };
        let epochs = match num_epochs {
            0 => String::new(),
            _ => format!(" for {num_epochs} epochs (estimated from {num_timed})"),
        };
        format!(
            "estimate: {at_most}{total:.1} s{memory}, without the time to write the run: {seconds_before:.1} s to read and \
             split, {at_most}{train_seconds:.1} s to train{epochs}, {evaluate_seconds:.1} s to evaluate"
        )
    }
}

/// Estimates the seconds that a network takes for `num_epochs` from its first ones.
fn network_seconds(part: &[Epoch], num_epochs: usize, config: &Config) -> f64 {
    let Some((first, others)) = part.split_first() else { return 0.0 };
    let is_evaluation = |epoch: &Epoch| epoch.validation_roc_auc.is_some() || epoch.validation_elbo.is_some();
    // Between the ends of two epochs are one epoch and, possibly, one evaluation of the validation part.
    let mut steps = Vec::new();
    let mut evaluations = Vec::new();
    for (before, epoch) in part.iter().zip(others) {
        steps.push(epoch.train_seconds);
        if is_evaluation(epoch) {
            evaluations.push(epoch.elapsed_seconds - before.elapsed_seconds - epoch.train_seconds);
        }
    }
    let mean = |values: &[f64], otherwise: f64| match values.len() {
        0 => otherwise,
        count => values.iter().sum::<f64>() / count as f64,
    };
    let step = mean(&steps, first.train_seconds);
    let evaluation = mean(&evaluations, 0.0);
    let evaluations_per_epoch = match (evaluations.is_empty(), num_epochs == part.len()) {
        (true, _) => 0.0,
        (_, true) => evaluations.len() as f64 / others.len() as f64,
        _ if config.model.model == ModelKind::Best => 0.2,
        _ => 1.0 / config.train.validate_every as f64,
    };
    first.elapsed_seconds + (num_epochs - 1) as f64 * (step + evaluations_per_epoch * evaluation)
}

/// Prints `config` in the format of `--config`. If the split comes from another run, prints it instead of the
/// fractions.
pub(super) fn print_settings(config: &Config, split: Option<&Path>) -> Result<()> {
    stdout::print(|output| output.write_all(format_settings(config, split).as_bytes()))
}

fn format_settings(config: &Config, split: Option<&Path>) -> String {
    let mut values = BTreeMap::new();
    // In the file, the groups of settings are only headings.
    if let Ok(Value::Object(groups)) = serde_json::to_value(config) {
        for (name, value) in groups {
            match value {
                Value::Object(group) => values.extend(group),
                value => drop(values.insert(name, value)),
            }
        }
    }
    let mut text =
        format!("# Settings of vgae {} for `vgae train DATA --config FILE`.\n", env!("CARGO_PKG_VERSION"));
    let mut heading = None;
    for argument in <Config as clap::Args>::augment_args(Command::new("train")).get_arguments() {
        let (Some(name), Some(value)) = (argument.get_long(), values.get(argument.get_id().as_str())) else {
            continue;
        };
        if heading != argument.get_help_heading() {
            heading = argument.get_help_heading();
            text.push_str(&format!("\n# {}\n", heading.unwrap_or("Settings")));
        }
        let value = match (value, split, name) {
            (Value::Null, ..) => continue,
            (_, Some(_), "test-fraction" | "fold" | "keep-connected" | "negatives-ratio") => continue,
            (_, Some(split), "val-fraction") => {
                text.push_str(&format!("split = {}\n", quoted(&split.display().to_string())));
                continue;
            }
            (Value::String(value), ..) => quoted(value),
            (value, ..) => value.to_string(),
        };
        text.push_str(&format!("{name} = {value}\n"));
    }
    text
}

/// Formats a string as TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.into()).to_string()
}
