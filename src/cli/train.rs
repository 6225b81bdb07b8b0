//! `vgae train`: from a file of edges to a run directory.

mod arguments;
mod config_file;
mod dry_run;

use std::path::{Path, PathBuf};
use std::time::Instant;

use vgae::config::{Config, FeatureTransform, LossKind, ModelKind};
use vgae::evaluate::share_of_equal_means;
use vgae::graph::Graph;
use vgae::pipeline::{self, Evaluated};
use vgae::run::{Existing, Output, Run, RunDir, Timings};
use vgae::split::{RowSplit, Split};
use vgae::{Result, read, split, train, transform};

use super::evaluate::write_metrics;
use super::progress::Voice;
use super::report;
pub(super) use arguments::parse;
pub(super) use config_file::without_config;

/// Train a model on a graph and evaluate it on held-out links
///
/// DATA is an edge list (CSV, TSV or white-space separated, maybe .gz, or - for stdin; or Parquet, Matrix Market, .npz or
/// GraphML), a directory with edges.csv and maybe features.csv and labels.csv, or a directory with NAME.cites and
/// NAME.content. For --model vae without --features a file is one of feature rows: an id, then numbers.
/// The metrics go to stdout; everything else goes into the run directory.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The graph
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// The run directory to make [default: results/<data>-<model>-<seed>]
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Replace the run directory if it exists
    #[arg(long)]
    force: bool,
    /// Print the metrics as one JSON object
    #[arg(long)]
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
    args.check()?;
    let config = &args.config;
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let path = args.output.clone().unwrap_or_else(|| default_output(&args.data, config));
    match (RunDir::check(&path, existing), args.dry_run) {
        (Err(error), true) => voice.say(format!("note: without --dry-run: {error}")),
        (result, _) => result?,
    }

    let start = Instant::now();
    let stage = voice.stage("reading");
    let graph = pipeline::read(&args.data, config, &stage)?;
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

    if args.dry_run {
        let stage = voice.stage("trying some epochs");
        let estimate = dry_run::Estimate::of(&graph, &split, config)?;
        drop(stage);
        voice.say(estimate.describe(read_seconds + split_seconds));
        return dry_run::print(&config.resolved(graph.num_nodes()), args.split.as_deref());
    }

    let stage = voice.stage("writing the split");
    let mut run = RunDir::create(&path, config, &graph, &split, existing)?;
    if let Some(directory) = &args.split {
        run.set_split_from(directory);
    }
    drop(stage);
    let start = Instant::now();
    let progress = voice.epochs(config.model.model);
    let trained = train::fit_watched(graph.features(), &split, config, &progress.watch(), |epoch| {
        progress.show(epoch)
    })?;
    drop(progress);
    let train_seconds = start.elapsed().as_secs_f64();
    voice.say(format!("trained in {train_seconds:.1} s"));

    let start = Instant::now();
    let stage = voice.stage("evaluating");
    let Evaluated { encoded, metrics, calibrator } =
        pipeline::evaluate(&trained.model, &graph, &split, config, &stage)?;
    let share = encoded.embeddings.as_ref().map_or(0.0, share_of_equal_means);
    if share > 0.5 {
        voice.say(format!(
            "note: the model collapsed: {:.0} % of the nodes have the same embedding. Try --feature-transform row, \
             --features none, a smaller --learning-rate or, of a variational model, a smaller --kl-weight",
            100.0 * share
        ));
    }
    if let Some(calibrator) = calibrator {
        voice.say(format!("calibrated: {calibrator}"));
        run.set_calibrator(calibrator);
    }
    let evaluate_seconds = start.elapsed().as_secs_f64();
    let timings = Timings { read_seconds, split_seconds, train_seconds, evaluate_seconds };
    stage.begin("writing the run");
    let record = run.finish(&graph, &trained, &encoded, &metrics, timings)?;
    drop(stage);

    let mut output = Output::create(Path::new("-"), Existing::Keep)?;
    write_metrics(&mut output, &metrics, &split, args.json)?;
    output.finish()?;
    if !args.no_report {
        let run = Run { record, graph, split, model: trained.model };
        report::of_training(&path, &run, &encoded, &metrics, trained.history, voice);
    }
    voice.say(format!("run directory: {}", path.display()));
    Ok(())
}

fn default_output(data: &Path, config: &Config) -> PathBuf {
    Path::new("results").join(format!("{}-{}-{}", read::data_name(data), config.model.model, config.seed))
}

fn describe(graph: &Graph, config: &Config, voice: &Voice) {
    for note in &graph.notes {
        voice.say(format!("note: {note}"));
    }
    if config.read.directed && !config.model.model.is_directed() && !graph.edges.is_empty() {
        let model: ModelKind = config.model.model;
        voice.say(format!(
            "note: {model} learns from the edges without their directions, and scores both ways alike"
        ));
    }
    let largest = graph.features().map_or(0.0, transform::largest);
    if largest > LARGE_FEATURE && config.model.feature_transform() == FeatureTransform::None {
        voice.say(format!(
            "note: the features reach {largest}, and a column so large drowns the others: bring them to about the size \
             of 1, or try --feature-transform row"
        ));
    }
    let row_sum = graph.features().map_or(0.0, transform::mean_row_sum);
    if largest <= LARGE_FEATURE
        && row_sum > LARGE_ROW
        && config.model.feature_transform() == FeatureTransform::None
    {
        voice.say(format!(
            "note: the features of a node add up to {row_sum:.0} in the mean, and training may waver: try \
             --feature-transform row, and --features none"
        ));
    }
    let features = match graph.features() {
        Some(features) => format!("{} features", features.cols()),
        None => "no features".into(),
    };
    match graph.edges.is_empty() {
        true => voice.say(format!("{} rows of {features}; no graph", graph.num_nodes())),
        false => {
            let num_nodes = graph.num_nodes();
            let nodes = match graph.edges.num_sources() {
                Some(num_sources) => format!("{num_sources} sources, {} targets", num_nodes - num_sources),
                None => format!("{num_nodes} nodes"),
            };
            let edges = if graph.edges.weights().is_some() { "weighted edges" } else { "edges" };
            voice.say(format!("{nodes}, {} {edges}, {features}", graph.edges.len()));
        }
    }
}

/// Says what the loss looks at.
fn describe_loss(num_nodes: usize, config: &Config, voice: &Voice) {
    let model = config.model.model;
    if !model.is_network() || model == ModelKind::Vae {
        return;
    }
    let loss = config.loss().for_graph(num_nodes);
    let per_edge = match config.train.negatives_per_edge {
        1 => "a negative per edge".to_string(),
        count => format!("{count} negatives per edge"),
    };
    let what = match (loss, config.loss() == LossKind::Auto) {
        (LossKind::Reweighted, true) => format!(
            "an estimate of the exact one, which takes O(n²) time and is chosen up to {} nodes, by {per_edge}",
            LossKind::AUTO_EXACT_NODES
        ),
        (LossKind::Sampled | LossKind::Reweighted, _) => per_edge,
        (LossKind::Subgraph, _) => match config.train.subgraph_nodes {
            count if count >= num_nodes => {
                format!("all of {num_nodes} nodes that have edges, for --subgraph-nodes is {count}")
            }
            count => format!("all pairs of {count} nodes, others in each epoch"),
        },
        (LossKind::Exact | LossKind::Auto, _) if config.read.bipartite => {
            "all pairs of a source and a target".to_string()
        }
        (LossKind::Exact | LossKind::Auto, _) => "all pairs of nodes".to_string(),
    };
    voice.say(format!("loss: {loss}, {what}"));
}

/// The size of features above which a note asks for smaller ones.
const LARGE_FEATURE: f32 = 100.0;

/// The sum of a node's features above which a note asks for smaller ones.
const LARGE_ROW: f64 = 100.0;

/// Held-out edges below which a metric is mostly chance.
const FEW_EDGES: usize = 50;

fn describe_split(split: &Split, num_nodes: usize, config: &Config, voice: &Voice) {
    if config.model.model == ModelKind::Vae {
        let RowSplit { train, validation, test } = split::rows(num_nodes, &config.split, config.seed);
        let [train, validation, test] = [train, validation, test].map(|rows| rows.len());
        voice.say(format!("{train} rows to train on; held out: {validation} to validate, {test} to test"));
    }
    if split.train.is_empty() {
        return;
    }
    let held_out = format!(
        "held out, with as many non-edges: {} to validate, {} to test",
        split.validation.edges.len(),
        split.test.edges.len()
    );
    match config.model.model {
        ModelKind::Vae => voice.say(format!("edges {held_out}; a vae does not learn from the others")),
        _ => voice.say(format!("{} edges to train on; {held_out}", split.train.len())),
    }
    let num_test_edges = split.test.edges.len();
    if (1..FEW_EDGES).contains(&num_test_edges) {
        voice.say(format!(
            "note: few test edges ({num_test_edges}): AUC and AP will differ much from one --seed to the next"
        ));
    }
}
