//! `vgae train`: trains a model on a graph and writes a run directory.

mod arguments;
mod describe;
mod dry_run;
mod epochs;

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::{Error, Result};
use bytesize::ByteSize;
use clap::ArgMatches;
use vgae::config::Config;
use vgae::error::size;
use vgae::evaluate::share_of_equal_means;
use vgae::pipeline::{self, Evaluated};
use vgae::run::{Run, RunDir, Timings, Unfinished};
use vgae::split::Split;
use vgae::train::plan::Plan;
use vgae::write::{Existing, Output};
use vgae::{read, train};

use super::evaluate::write_metrics;
use super::progress::Reporter;
use super::report;
use super::signals::{NOTHING_WRITTEN, RUN_UNFINISHED, StopSignal};
pub(super) use arguments::{Parsed, parse, without_config};
use describe::{describe, describe_loss, describe_ranking, describe_split};

/// Train a model on a graph and evaluate it on held-out links
///
/// DATA is a file or a directory. A file is an edge list: text (CSV, TSV or separated by white space,
/// optionally gzipped, or - for stdin), Parquet, Matrix Market, .npz, GraphML, GEXF, GML, Pajek, SIF or JSON. A
/// directory contains edges.csv and, optionally, features.csv and labels.csv, or it contains NAME.cites and
/// NAME.content. For --model vae without --features, a file contains rows of features: an id, then numbers.
///
/// The metrics are printed to stdout. Everything else is written to the run directory.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The graph
    #[arg(value_name = "DATA", required_unless_present = "resume")]
    data: Option<PathBuf>,
    /// Resume an interrupted run. The result is bit-identical to that of an uninterrupted run. The settings
    /// come from the run; only --learning-rate and --checkpoint-every can be changed
    #[arg(long, value_name = "RUN", conflicts_with_all = ["data", "output", "force", "config_file", "dry_run", "split"])]
    resume: Option<PathBuf>,
    /// The run directory to create [default: results/<data>-<model>-<seed>]
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Replace the run directory if it exists
    #[arg(long)]
    force: bool,
    /// Print the metrics as one JSON object
    #[arg(long, conflicts_with = "dry_run")]
    json: bool,
    /// Read settings from a TOML file whose keys are the flags below, such as val-fraction = 0.1 or directed
    /// = true. Flags on the command line take precedence. Paths in the file are relative to the working
    /// directory
    #[arg(long = "config", value_name = "FILE")]
    config_file: Option<PathBuf>,
    /// Print all settings in the format of --config, and estimate the time and memory of the run from a few
    /// epochs. Write nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not write report.html
    #[arg(long)]
    no_report: bool,
    #[command(flatten)]
    config: Config,
    /// Use the split in this directory: a run directory, or any directory with the five CSV files of a split:
    /// train.csv, validation.csv, validation_negatives.csv, test.csv and test_negatives.csv. For MRR and Hits@10 among
    /// negatives of each link, add validation_negatives.npy or test_negatives.npy ([m, K, 2] pairs or [m, K] targets),
    /// or write the negatives as rows of link,source,target
    #[arg(long, value_name = "DIR", help_heading = "Split", conflicts_with_all = ["val_fraction", "test_fraction", "fold", "keep_connected", "negatives_ratio"])]
    split: Option<PathBuf>,
}

/// Trains as `args` say; `given` are the same arguments with their sources.
pub(super) fn run(mut args: Args, given: &ArgMatches, reporter: &Reporter) -> Result<()> {
    args.add_settings_file(given)?;
    let args = &args;
    let message = if args.resume.is_some() { RUN_UNFINISHED } else { NOTHING_WRITTEN };
    let stop = StopSignal::listen(message, reporter)?;
    let started = match (&args.data, &args.resume) {
        (_, Some(path)) => {
            arguments::check_resumed(given)?;
            Some(resume(args, path, reporter)?)
        }
        (Some(data), None) => start(args, data, &stop, reporter)?,
        (None, None) => None,
    };
    let Some(StartedRun { mut unfinished, config, mut timings }) = started else { return Ok(()) };

    let start = Instant::now();
    let trained = epochs::fit(&mut unfinished, &config, &stop, reporter)?;
    let seconds = start.elapsed().as_secs_f64();
    timings.train_seconds += seconds;
    reporter.info(format!("trained in {seconds:.1} s"));
    if let Some(note) = epochs::earlier_is_kept(&trained, &config) {
        reporter.note(note);
    }

    let start = Instant::now();
    let stage = reporter.stage("evaluating");
    let Unfinished { mut run, graph, split, .. } = unfinished;
    let evaluated = pipeline::evaluate(&trained.model, &graph, &split, &config, &stage);
    let Evaluated { encoded, metrics, calibrator } =
        evaluated.inspect_err(|error| epochs::note_resumable(error, &run, reporter))?;
    let share = encoded.embeddings.as_ref().map_or(0.0, share_of_equal_means);
    if share > 0.5 {
        let feature_hint = graph.features().map_or("", |_| "--feature-transform row, --features none, ");
        reporter.note(format!(
            "the model collapsed: {:.0} % of the nodes have the same embedding. Try {feature_hint}a smaller \
             --learning-rate or, for a variational model, a smaller --kl-weight",
            100.0 * share
        ));
    }
    if let Some(calibrator) = calibrator {
        reporter.info(format!("calibrated: {calibrator}"));
        run.set_calibrator(calibrator);
    }
    timings.evaluate_seconds = start.elapsed().as_secs_f64();
    stage.begin("writing the run");
    let path = run.path().to_path_buf();
    let record = run.finish(&graph, &trained, &encoded, &metrics, timings)?;
    let peak = record.peak_memory_bytes;
    drop(stage);

    let mut output = Output::create(Path::new("-"), Existing::Keep)?;
    write_metrics(&mut output, &metrics, &split, args.json)?;
    output.finish()?;
    let shown = path.display();
    stop.set_message(format!(
        "stopped at once; the run {shown} is complete, and `vgae report {shown}` writes its report"
    ));
    let run = Run { record, graph, split, model: trained.model };
    let stage = reporter.stage("ranking the held-out links among all pairs");
    let ranking = run.ranking(&*encoded.score)?;
    drop(stage);
    describe_ranking(ranking.as_ref(), &run.split, reporter);
    if !args.no_report {
        report::write_after_training(&path, &run, &encoded, &metrics, ranking, trained.history, reporter);
    }
    if let (Some(ByteSize(limit)), Some(peak)) = (config.train.memory_limit, peak)
        && peak > limit
    {
        reporter.note(format!(
            "training used {}, more than the {} of --memory-limit: the plan can be wrong by a quarter",
            size(peak),
            size(limit)
        ));
    }
    reporter.info(format!("run directory: {}", path.display()));
    Ok(())
}

/// A run directory and the training that fills it.
struct StartedRun {
    unfinished: Unfinished,
    config: Config,
    timings: Timings,
}

/// Reads and splits `data` and creates the run directory. Returns `None` after completing `--dry-run`.
fn start(args: &Args, data: &Path, stop: &StopSignal, reporter: &Reporter) -> Result<Option<StartedRun>> {
    args.check()?;
    let config = &args.config;
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let path = args.output.clone().unwrap_or_else(|| default_output(data, config));
    match (RunDir::check(&path, existing), args.dry_run) {
        (Err(error), true) => {
            reporter.note(format!("without --dry-run, this would fail: {}", Error::from(error)));
        }
        (result, _) => result?,
    }

    let start = Instant::now();
    let stage = reporter.stage("reading");
    let graph = pipeline::read(data, config, &stage)?;
    drop(stage);
    let read_seconds = start.elapsed().as_secs_f64();
    describe(&graph, config, reporter);
    config.validate_for(graph.num_nodes())?;

    let start = Instant::now();
    let stage = reporter.stage("splitting");
    let split = pipeline::split(&graph, config, args.split.as_deref())?;
    drop(stage);
    let split_seconds = start.elapsed().as_secs_f64();
    describe_split(&split, graph.num_nodes(), config, reporter);
    describe_loss(graph.num_nodes(), config, reporter);

    let plan = Plan::new(&graph, &split.train, config);
    if let Some(plan) = &plan {
        if !args.dry_run {
            reporter.info(format!("planned memory: about {}", size(plan.peak_bytes())));
        }
        plan.check(config)?;
    }
    if args.dry_run {
        let stage = reporter.stage("timing a few epochs");
        let estimate = dry_run::Estimate::measure(&graph, &split, config, plan)?;
        drop(stage);
        reporter.info(estimate.describe(read_seconds + split_seconds));
        dry_run::print_settings(&config.resolved(graph.num_nodes()), args.split.as_deref())?;
        return Ok(None);
    }
    let _stage = reporter.stage("writing the split");
    stop.set_message(RUN_UNFINISHED);
    let mut config = config.clone();
    if args.split.is_some() {
        record_ratio(&split, &mut config);
    }
    let mut run = RunDir::create(&path, &config, &graph, &split, existing)?;
    if let Some(directory) = &args.split {
        run.set_split_from(directory);
    }
    if let Some(plan) = plan {
        run.set_planned_memory(plan.peak_bytes());
    }
    let timings = Timings { read_seconds, split_seconds, ..Timings::default() };
    let unfinished = Unfinished { run, graph, split, checkpoint: None };
    Ok(Some(StartedRun { unfinished, config, timings }))
}

/// Opens the unfinished run in the directory at `path`.
fn resume(args: &Args, path: &Path, reporter: &Reporter) -> Result<StartedRun> {
    let start = Instant::now();
    let stage = reporter.stage("reading the run");
    let mut unfinished = RunDir::resume(path)?;
    drop(stage);
    let epoch = unfinished.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.epoch());
    if let Some(learning_rate) = args.config.train.learning_rate {
        unfinished.run.set_learning_rate(learning_rate, epoch)?;
    }
    let mut config = unfinished.run.record().config.clone();
    config.train.checkpoint_every = args.config.train.checkpoint_every.or(config.train.checkpoint_every);
    train::check_device(&config)?;
    let version = &unfinished.run.record().vgae_version;
    if version != env!("CARGO_PKG_VERSION") {
        reporter.note(format!(
            "the run was started by vgae {version}, whose results may differ from those of this version"
        ));
    }
    let train_seconds = match &unfinished.checkpoint {
        None => {
            reporter.info("there is no checkpoint yet; training starts over with the split of the run");
            0.0
        }
        Some(checkpoint) => {
            reporter.info(format!("{}: resuming after epoch {epoch}", checkpoint.network()));
            checkpoint.elapsed_seconds()
        }
    };
    let timings =
        Timings { read_seconds: start.elapsed().as_secs_f64(), train_seconds, ..Timings::default() };
    Ok(StartedRun { unfinished, config, timings })
}

/// Sets the number of negatives for each held-out edge to that of a `split` from elsewhere, if it could be a setting.
fn record_ratio(split: &Split, config: &mut Config) {
    let mut recorded = config.clone();
    recorded.split.negatives_ratio = split.negatives_ratio().unwrap_or(config.split.negatives_ratio);
    if recorded.validate().is_ok() {
        *config = recorded;
    }
}

fn default_output(data: &Path, config: &Config) -> PathBuf {
    Path::new("results").join(format!("{}-{}-{}", read::data_name(data), config.model.model, config.seed))
}
