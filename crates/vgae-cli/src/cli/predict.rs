//! `vgae predict`: predicts the most probable links that the graph lacks.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::{Error, Result};
use vgae::graph::{EdgeList, NodeIds};
use vgae::model::recommend::{Approximate, Candidates, Recall};
use vgae::model::score::{Score, ScoredPair};
use vgae::progress::Progress;
use vgae::read;
use vgae::write::{Existing, Output, ScoreColumns, ScoreFormat, ScoreWriter};

use super::progress::Reporter;
use super::shared_args::{CalibrateArgs, PairsArgs, RunArgs, note_skipped};

/// Predict links: the most probable pairs that are not edges, best first
///
/// Unless --candidates or --approximate is given, all pairs are scored, so the answer is exact. Held-out
/// edges are edges too, so they are not predicted. With --node, --nodes or --all-nodes, predicts the best
/// pairs of each of these nodes, one node after another.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Number of pairs, in total or per node
    #[arg(long, allow_negative_numbers = true, value_name = "COUNT", default_value_t = 10)]
    top: usize,
    #[command(flatten)]
    sources: Sources,
    /// The pairs to choose from: all, two-hop (pairs with a common neighbour), or a file of pairs. Write
    /// ./all for a file named all
    #[arg(long, value_name = "all|two-hop|FILE", default_value = "all")]
    candidates: CandidatesArg,
    #[command(flatten)]
    reading: PairsArgs,
    /// Score only pairs that a nearest-neighbour index (HNSW) finds, and print an estimate of the recall.
    /// Meant for graphs with a million nodes
    #[arg(long, conflicts_with = "candidates")]
    approximate: bool,
    #[command(flatten)]
    calibrate: CalibrateArgs,
    /// Output format [default: from the extension of --output (.csv, .jsonl or .parquet), or csv without one]
    #[arg(long, value_enum)]
    format: Option<ScoreFormat>,
    /// The file to write, or - for stdout
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace the output file if it exists
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    run: RunArgs,
}

#[derive(clap::Args)]
#[group(multiple = false)]
struct Sources {
    /// Predict links of this node; may be repeated
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    node: Vec<String>,
    /// Predict links of each node in the first column of this file, or - for stdin
    #[arg(long, value_name = "FILE")]
    nodes: Option<PathBuf>,
    /// Predict links of every node
    #[arg(long)]
    all_nodes: bool,
}

/// The value of `--candidates`.
#[derive(Debug, Clone)]
enum CandidatesArg {
    All,
    TwoHop,
    File(PathBuf),
}

impl From<OsString> for CandidatesArg {
    fn from(text: OsString) -> Self {
        match text.to_str() {
            Some("all") => CandidatesArg::All,
            Some("two-hop") => CandidatesArg::TwoHop,
            _ => CandidatesArg::File(text.into()),
        }
    }
}

/// The number of nodes to predict for between writes.
const NODES_AT_A_TIME: usize = 1 << 13;

/// The same per thread for models that score pairs one by one, which may take seconds per node.
const SLOW_NODES_PER_THREAD: usize = 4;

/// The total number of nodes to compute exact answers for, to compare an approximate one with.
const NUM_COMPARED_NODES: usize = 500;

pub(super) fn run(args: &Args, reporter: &Reporter) -> Result<()> {
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let output = Output::create(&args.output, existing)?;
    let run = args.run.open(reporter)?;
    let (known, nodes) = (&run.graph.edges, &run.graph.nodes);
    let stage = reporter.stage_with_output(&args.output, "encoding the nodes");
    let sources = args.sources.find(nodes)?;
    let candidates = args.find_candidates(nodes, known, &stage, reporter)?;
    let score = run.encode()?.score;
    stage.begin("calibrating");
    let calibrator = args.calibrate.calibrator(&run, &*score)?;
    let finder = match args.approximate {
        false => Finder::Exact { score: &*score, candidates },
        true => {
            let z = score.factors().ok_or_else(|| {
                Error::Usage("--approximate needs a model that scores pairs by inner products".into())
            })?;
            stage.begin("building the index");
            Finder::Approximate { index: Approximate::new(z)?, seed: run.record.config.seed }
        }
    };
    let columns = ScoreColumns { calibrator: calibrator.as_ref(), ..ScoreColumns::default() };
    let format = args.format.map_or_else(|| ScoreFormat::from_path(&args.output), Ok)?;
    let mut writer = ScoreWriter::new(output, format, nodes, columns)?;
    let Some(sources) = sources else {
        stage.begin("searching all pairs");
        let (best, recall) = finder.top_pairs(args.top, known)?;
        writer.write(&best)?;
        writer.finish()?;
        drop(stage);
        if best.len() < args.top {
            reporter.note(format!("found only {} pairs that are not edges", best.len()));
        }
        report_recall(recall, reporter);
        return Ok(());
    };
    let (mut num_short, mut recall) = (0, None);
    stage.begin_counted("predicting", "nodes", Some(sources.len() as u64));
    for block in sources.chunks(NODES_AT_A_TIME) {
        let mut found = Vec::new();
        for batch in block.chunks(finder.nodes_at_a_time()) {
            let num_compared = (NUM_COMPARED_NODES * batch.len()).div_ceil(sources.len());
            let (best, block_recall) = finder.top_of_nodes(batch, args.top, known, num_compared)?;
            num_short += best.iter().filter(|best| best.len() < args.top).count();
            recall = recall.into_iter().chain(block_recall).reduce(Recall::and);
            found.extend(best.concat());
            stage.add(batch.len() as u64);
        }
        writer.write(&found)?;
    }
    writer.finish()?;
    drop(stage);
    if num_short > 0 {
        reporter.note(format!("nodes with fewer than {} pairs that are not edges: {num_short}", args.top));
    }
    report_recall(recall, reporter);
    Ok(())
}

/// The search for the best pairs.
enum Finder<'a> {
    Exact { score: &'a dyn Score, candidates: Candidates },
    Approximate { index: Approximate<'a>, seed: u64 },
}

impl Finder<'_> {
    /// Returns a number of nodes that keeps all threads busy, yet updates the progress often.
    fn nodes_at_a_time(&self) -> usize {
        match self {
            Finder::Exact { score, .. } if score.factors().is_none() => {
                SLOW_NODES_PER_THREAD * rayon::current_num_threads()
            }
            _ => NODES_AT_A_TIME,
        }
    }

    fn top_pairs(&self, k: usize, known: &EdgeList) -> Result<(Vec<ScoredPair>, Option<Recall>)> {
        match self {
            Finder::Exact { score, candidates } => Ok((candidates.top_pairs(*score, k, known), None)),
            Finder::Approximate { index, seed } => {
                let best = index.top_pairs(k, known)?;
                let recall = index.recall_of_pairs(&best, known, NUM_COMPARED_NODES, *seed);
                Ok((best, Some(recall)))
            }
        }
    }

    fn top_of_nodes(
        &self,
        nodes: &[u32],
        k: usize,
        known: &EdgeList,
        num_compared: usize,
    ) -> Result<(Vec<Vec<ScoredPair>>, Option<Recall>)> {
        match self {
            Finder::Exact { score, candidates } => {
                Ok((candidates.top_of_nodes(*score, nodes, k, known), None))
            }
            Finder::Approximate { index, seed } => {
                let best = index.top_of_nodes(nodes, k, known)?;
                let recall = index.recall_of_nodes(nodes, &best, k, known, num_compared, *seed);
                Ok((best, Some(recall)))
            }
        }
    }
}

/// Prints the estimated recall of an approximate answer.
fn report_recall(recall: Option<Recall>, reporter: &Reporter) {
    let Some(recall) = recall else { return };
    let Recall { num_exact, num_found, num_nodes, .. } = recall;
    reporter.info(match recall.share() {
        Some(share) => format!(
            "approximate: recall {share:.4}; an exact search at {num_nodes} nodes gives {num_exact} pairs, of \
             which {num_found} were found"
        ),
        None => {
            format!("approximate: recall unknown; an exact search at {num_nodes} nodes gives no pairs")
        }
    });
}

impl Sources {
    /// Returns the requested nodes; `None` for all pairs at once.
    fn find(&self, nodes: &NodeIds) -> Result<Option<Vec<u32>>> {
        if self.all_nodes {
            return Ok(Some((0..nodes.len() as u32).collect()));
        }
        if let Some(path) = &self.nodes {
            return Ok(read::node_list(path, nodes).map(Some)?);
        }
        let find = |id: &String| nodes.index(id).ok_or_else(|| unknown_node(id));
        let found: Vec<u32> = self.node.iter().map(find).collect::<Result<_>>()?;
        Ok((!found.is_empty()).then_some(found))
    }
}

impl Args {
    /// Returns the pairs to choose from.
    fn find_candidates(
        &self,
        nodes: &NodeIds,
        known: &EdgeList,
        progress: &Progress,
        reporter: &Reporter,
    ) -> Result<Candidates> {
        if let (Some(flag), CandidatesArg::All | CandidatesArg::TwoHop) =
            (self.reading.given(), &self.candidates)
        {
            return Err(Error::Usage(format!("{flag} is for a file of pairs; add --candidates FILE")));
        }
        match &self.candidates {
            CandidatesArg::All => Ok(Candidates::All),
            CandidatesArg::TwoHop if known.num_sources().is_some() => {
                let problem = "--candidates two-hop: in a bipartite graph, two nodes with a common neighbour are of the same \
                     kind and cannot be linked; hint: leave out --candidates";
                Err(Error::Usage(problem.into()))
            }
            CandidatesArg::TwoHop => Ok(Candidates::TwoHop),
            CandidatesArg::File(path) => {
                let (pairs, num_skipped) = self.reading.open(path, nodes, progress, reporter)?.read_all()?;
                note_skipped(num_skipped, reporter);
                Ok(Candidates::Listed(pairs))
            }
        }
    }
}

fn unknown_node(id: &str) -> Error {
    Error::Usage(format!("--node {id}: the run has no node with this id"))
}
