//! `--dry-run`: all settings of a run, and what it will take, by some of its epochs.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use clap::Command;
use serde_json::Value;
use vgae::config::{Config, ModelKind};
use vgae::evaluate::RunMetrics;
use vgae::graph::Graph;
use vgae::split::Split;
use vgae::train::plan::{self, Plan};
use vgae::train::{self, Epoch};
use vgae::{Error, Result};

use crate::cli::stdout;

/// The time that the epochs of the estimate may take; where they take longer, they are two.
const TRIAL_SECONDS: f64 = 1.5;

/// Where the first epoch takes so long, there is no second.
const LONG_SECONDS: f64 = 20.0;

/// The epochs that each network of a stack is tried for: one of its looks at the validation part is among them.
const STACK_TRIAL_EPOCHS: usize = 6;

/// What a run will take.
pub(super) struct Estimate {
    train_seconds: f64,
    evaluate_seconds: f64,
    /// Epochs of the run, and how many were timed; of all networks.
    num_epochs: usize,
    num_timed: usize,
    /// Whether training may stop before the last epoch.
    is_most: bool,
    planned_memory_bytes: Option<u64>,
}

impl Estimate {
    /// Trains for some epochs, and evaluates what comes of it.
    pub(super) fn of(graph: &Graph, split: &Split, config: &Config, plan: Option<Plan>) -> Result<Self> {
        let model = config.model.model;
        let trial = |epochs: usize| {
            let mut config = config.clone();
            // A score without training has no epochs.
            if epochs > 0 {
                config.train.epochs = Some(epochs);
            }
            let start = Instant::now();
            let trained = train::fit(graph.features(), split, &config, |_| {})?;
            Ok::<_, Error>((trained, start.elapsed().as_secs_f64()))
        };
        let most = |of: usize| {
            if model == ModelKind::Best { config.train.epochs.unwrap_or(of) } else { config.epochs() }
        };
        let num_epochs = most(500);
        let num_first = match model {
            ModelKind::Baseline(_) => 0,
            ModelKind::Best => STACK_TRIAL_EPOCHS.min(num_epochs),
            _ => 1,
        };
        let (mut trained, mut seconds) = trial(num_first)?;
        if num_first == 1 && num_epochs > 1 && seconds < LONG_SECONDS {
            // The first epoch of all also pays for what is made once.
            let fit = (TRIAL_SECONDS / seconds.max(1e-3)) as usize;
            (trained, seconds) = trial(fit.clamp(2, num_epochs))?;
        }
        let parts: Vec<&[Epoch]> = trained.history.chunk_by(|a, b| a.network == b.network).collect();
        let of_epochs: f64 =
            parts.iter().filter_map(|part| part.last()).map(|last| last.elapsed_seconds).sum();
        // What is fitted on all networks takes the same, however long they were trained.
        let rest = (seconds - of_epochs).max(0.0);
        let start = Instant::now();
        let evaluate_seconds = match model {
            ModelKind::Best => rest,
            _ => {
                let encoded = trained.model.encode(&split.train, graph.features())?;
                RunMetrics::of(&trained.model, &*encoded.score, split, graph.features(), config)?;
                start.elapsed().as_secs_f64()
            }
        };
        Ok(Estimate {
            train_seconds: rest + parts.iter().map(|part| of_part(part, num_epochs, config)).sum::<f64>(),
            evaluate_seconds,
            num_epochs: num_epochs * parts.len(),
            num_timed: trained.history.len(),
            is_most: model == ModelKind::Best || config.train.patience.is_some(),
            planned_memory_bytes: plan.map(|plan| plan.peak_bytes()),
        })
    }

    /// In a sentence or two, with the seconds that were taken before training.
    pub(super) fn describe(&self, seconds_before: f64) -> String {
        let &Estimate { train_seconds, evaluate_seconds, num_epochs, num_timed, .. } = self;
        let most = if self.is_most { "at most " } else { "" };
        let total = seconds_before + train_seconds + evaluate_seconds;
        let memory = match self.planned_memory_bytes {
            Some(bytes) => format!(" and {}", plan::show(bytes)),
            None => String::new(),
        };
        let of_training = match num_epochs {
            0 => String::new(),
            _ => format!(" for {num_epochs} epochs, by {num_timed} of them"),
        };
        format!(
            "estimate: {most}{total:.1} s{memory}, the writing not counted: {seconds_before:.1} s to read and split, {most}{train_seconds:.1} s to \
             train{of_training}, {evaluate_seconds:.1} s to evaluate"
        )
    }
}

/// The seconds that a network takes for `num_epochs`, by its first ones.
fn of_part(part: &[Epoch], num_epochs: usize, config: &Config) -> f64 {
    let Some((first, others)) = part.split_first() else { return 0.0 };
    let is_look = |epoch: &Epoch| epoch.validation_roc_auc.is_some() || epoch.validation_elbo.is_some();
    // Between two epochs' ends is an epoch and, maybe, a look at the validation part.
    let mut steps = Vec::new();
    let mut looks = Vec::new();
    for (before, epoch) in part.iter().zip(others) {
        steps.push(epoch.train_seconds);
        if is_look(epoch) {
            looks.push(epoch.elapsed_seconds - before.elapsed_seconds - epoch.train_seconds);
        }
    }
    let mean = |values: &[f64], otherwise: f64| match values.len() {
        0 => otherwise,
        count => values.iter().sum::<f64>() / count as f64,
    };
    let step = mean(&steps, first.train_seconds);
    let look = mean(&looks, 0.0);
    let looks_per_epoch = match (looks.is_empty(), num_epochs == part.len()) {
        (true, _) => 0.0,
        (_, true) => looks.len() as f64 / others.len() as f64,
        _ if config.model.model == ModelKind::Best => 0.2,
        _ => 1.0 / config.train.validate_every as f64,
    };
    first.elapsed_seconds + (num_epochs - 1) as f64 * (step + looks_per_epoch * look)
}

/// Prints `config` as a file for `--config`; where the split is another run's, with that instead of its fractions.
pub(super) fn print(config: &Config, split: Option<&Path>) -> Result<()> {
    stdout::print(|output| output.write_all(settings(config, split).as_bytes()))
}

fn settings(config: &Config, split: Option<&Path>) -> String {
    let mut values = BTreeMap::new();
    // The groups of a config are headings here.
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
            (Value::Null, ..) | (_, Some(_), "test-fraction") => continue,
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

/// A string as TOML has it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.into()).to_string()
}
