//! `vgae train`: from a file of edges to a run directory.

mod arguments;
mod config_file;
mod describe;
mod dry_run;
mod epochs;
mod stop;

use std::path::{Path, PathBuf};
use std::time::Instant;

use bytesize::ByteSize;
use vgae::config::Config;
use vgae::evaluate::share_of_equal_means;
use vgae::pipeline::{self, Evaluated};
use vgae::run::{Run, RunDir, Timings, Unfinished};
use vgae::train::plan::{self, Plan};
use vgae::write::{Existing, Output};
use vgae::{Result, read, train};

use super::evaluate::write_metrics;
use super::progress::Voice;
use super::report;
pub(super) use arguments::parse;
pub(super) use config_file::without_config;
use describe::{describe, describe_loss, describe_split};
pub(super) use stop::code;
use stop::{NOTHING, PART_OF_A_RUN, Stop};

/// Train a model on a graph and evaluate it on held-out links
///
/// DATA is an edge list (CSV, TSV or white-space separated, maybe .gz, or - for stdin; or Parquet, Matrix Market, .npz or
/// GraphML), a directory with edges.csv and maybe features.csv and labels.csv, or a directory with NAME.cites and
/// NAME.content. For --model vae without --features a file is one of feature rows: an id, then numbers.
/// The metrics go to stdout; everything else goes into the run directory.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The graph
    #[arg(value_name = "DATA", required_unless_present = "resume")]
    data: Option<PathBuf>,
    /// Go on with the training of a run directory that was stopped, to the numbers that it had come to without a stop: with
    /// its own settings, but for --learning-rate and --checkpoint-every
    #[arg(long, value_name = "RUN", conflicts_with_all = ["data", "output", "force", "config_file", "dry_run", "split"])]
    resume: Option<PathBuf>,
    /// The run directory to make [default: results/<data>-<model>-<seed>]
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Replace the run directory if it exists
    #[arg(long)]
    force: bool,
    /// Print the metrics as one JSON object
    #[arg(long, conflicts_with = "dry_run")]
    json: bool,
    /// Take settings from a TOML file: the flags below, as in val-fraction = 0.1 or directed = true. A flag on the
    /// command line wins over the file. Paths in it start from the working directory
    #[arg(long = "config", value_name = "FILE")]
    config_file: Option<PathBuf>,
    /// Make nothing: print all settings, as --config takes them, and say what time and memory the run will take, by
    /// some of its epochs
    #[arg(long)]
    dry_run: bool,
    /// Do not write report.html, the page to look at
    #[arg(long)]
    no_report: bool,
    #[command(flatten)]
    config: Config,
    /// Use the split of this run directory (or of a directory with its five CSV files)
    #[arg(long, value_name = "DIR", help_heading = "Split", conflicts_with_all = ["val_fraction", "test_fraction"])]
    split: Option<PathBuf>,
}

pub(super) fn run(args: &Args, voice: &Voice) -> Result<()> {
    let completed;
    let args = match &args.config_file {
        None => args,
        Some(file) => {
            completed = arguments::of_process(file)?;
            &completed
        }
    };
    let stop = Stop::listen(if args.resume.is_some() { PART_OF_A_RUN } else { NOTHING }, voice)?;
    let begun = match (&args.data, &args.resume) {
        (_, Some(path)) => Some(resume(args, path, voice)?),
        (Some(data), None) => begin(args, data, &stop, voice)?,
        (None, None) => None,
    };
    let Some(Begun { mut unfinished, config, mut timings }) = begun else { return Ok(()) };

    let start = Instant::now();
    let trained = epochs::fit(&mut unfinished, &config, &stop, voice)?;
    let seconds = start.elapsed().as_secs_f64();
    timings.train_seconds += seconds;
    voice.say(format!("trained in {seconds:.1} s"));

    let start = Instant::now();
    let stage = voice.stage("evaluating");
    let Unfinished { mut run, graph, split, .. } = unfinished;
    let evaluated = pipeline::evaluate(&trained.model, &graph, &split, &config, &stage);
    let Evaluated { encoded, metrics, calibrator } =
        evaluated.inspect_err(|error| epochs::tell(error, &run, voice))?;
    let share = encoded.embeddings.as_ref().map_or(0.0, share_of_equal_means);
    if share > 0.5 {
        let of_features = graph.features().map_or("", |_| "--feature-transform row, --features none, ");
        voice.say(format!(
            "note: the model collapsed: {:.0} % of the nodes have the same embedding. Try {of_features}a smaller \
             --learning-rate or, of a variational model, a smaller --kl-weight",
            100.0 * share
        ));
    }
    if let Some(calibrator) = calibrator {
        voice.say(format!("calibrated: {calibrator}"));
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
    if !args.no_report {
        let shown = path.display();
        stop.leaves(format!(
            "stopped at once; the run {shown} is whole, and `vgae report {shown}` makes its page"
        ));
        let run = Run { record, graph, split, model: trained.model };
        report::of_training(&path, &run, &encoded, &metrics, trained.history, voice);
    }
    if let (Some(ByteSize(limit)), Some(peak)) = (config.train.memory_limit, peak)
        && peak > limit
    {
        voice.say(format!(
            "note: training took {}, where --memory-limit allows {}: a plan may be a quarter off",
            plan::show(peak),
            plan::show(limit)
        ));
    }
    voice.say(format!("run directory: {}", path.display()));
    Ok(())
}

/// A run directory, and what is trained in it.
struct Begun {
    unfinished: Unfinished,
    config: Config,
    timings: Timings,
}

/// Reads and splits `data` and makes the run directory; none for `--dry-run`, which then is done.
fn begin(args: &Args, data: &Path, stop: &Stop, voice: &Voice) -> Result<Option<Begun>> {
    args.check()?;
    let config = &args.config;
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let path = args.output.clone().unwrap_or_else(|| default_output(data, config));
    match (RunDir::check(&path, existing), args.dry_run) {
        (Err(error), true) => voice.say(format!("note: without --dry-run: {error}")),
        (result, _) => result?,
    }

    let start = Instant::now();
    let stage = voice.stage("reading");
    let graph = pipeline::read(data, config, &stage)?;
    drop(stage);
    let read_seconds = start.elapsed().as_secs_f64();
    describe(&graph, config, voice);
    config.validate_for(graph.num_nodes())?;

    let start = Instant::now();
    let stage = voice.stage("splitting");
    let split = pipeline::split(&graph, config, args.split.as_deref())?;
    drop(stage);
    let split_seconds = start.elapsed().as_secs_f64();
    describe_split(&split, graph.num_nodes(), config, voice);
    describe_loss(graph.num_nodes(), config, voice);

    let plan = Plan::of(&graph, &split.train, config);
    if let Some(plan) = &plan {
        if !args.dry_run {
            voice.say(format!("memory: about {} planned", plan::show(plan.peak_bytes())));
        }
        plan.check(config)?;
    }
    if args.dry_run {
        let stage = voice.stage("trying some epochs");
        let estimate = dry_run::Estimate::of(&graph, &split, config, plan)?;
        drop(stage);
        voice.say(estimate.describe(read_seconds + split_seconds));
        dry_run::print(&config.resolved(graph.num_nodes()), args.split.as_deref())?;
        return Ok(None);
    }
    let _stage = voice.stage("writing the split");
    stop.leaves(PART_OF_A_RUN);
    let mut run = RunDir::create(&path, config, &graph, &split, existing)?;
    if let Some(directory) = &args.split {
        run.set_split_from(directory);
    }
    if let Some(plan) = plan {
        run.set_planned_memory(plan.peak_bytes());
    }
    let timings = Timings { read_seconds, split_seconds, ..Timings::default() };
    let unfinished = Unfinished { run, graph, split, checkpoint: None };
    Ok(Some(Begun { unfinished, config: config.clone(), timings }))
}

/// Opens the unfinished run in the directory at `path`.
fn resume(args: &Args, path: &Path, voice: &Voice) -> Result<Begun> {
    arguments::check_resumed()?;
    let start = Instant::now();
    let stage = voice.stage("reading the run");
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
        voice.say(format!(
            "note: the run was begun by vgae {version}; its numbers may differ from those it had led to"
        ));
    }
    let train_seconds = match &unfinished.checkpoint {
        None => {
            voice.say("no checkpoint yet: training begins anew, with the split of the run");
            0.0
        }
        Some(checkpoint) => {
            voice.say(format!("{}: going on after epoch {epoch}", checkpoint.network()));
            checkpoint.elapsed_seconds()
        }
    };
    let timings =
        Timings { read_seconds: start.elapsed().as_secs_f64(), train_seconds, ..Timings::default() };
    Ok(Begun { unfinished, config, timings })
}

fn default_output(data: &Path, config: &Config) -> PathBuf {
    Path::new("results").join(format!("{}-{}-{}", read::data_name(data), config.model.model, config.seed))
}
