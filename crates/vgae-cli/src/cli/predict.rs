//! `vgae predict`: the most probable links that the graph does not have.

use std::ffi::OsString;
use std::path::PathBuf;

use vgae::graph::{EdgeList, NodeIds};
use vgae::model::recommend::{Approximate, Candidates, Recall};
use vgae::model::score::{Score, ScoredPair};
use vgae::read::{self, PairReader, Unknown};
use vgae::write::{Existing, Output, ScoreColumns, ScoreFormat, ScoreWriter};
use vgae::{Error, Result};

use super::applied::Applied;
use super::probabilities::Probabilities;
use super::progress::Voice;

/// Predict links: the most probable pairs that are no edges, best first
///
/// All pairs are looked at unless --candidates or --approximate says otherwise, so that the answer is exact. Held-out
/// edges are edges: they are not predicted. With --node, --nodes or --all-nodes, the best pairs of each of these nodes,
/// one node after the other.
#[derive(clap::Args)]
pub(super) struct Args {
    /// How many pairs, in all or of each node
    #[arg(long, allow_negative_numbers = true, value_name = "COUNT", default_value_t = 10)]
    top: usize,
    #[command(flatten)]
    sources: Sources,
    /// Which pairs may be predicted: all, two-hop (those with a common neighbour), or those of a file of pairs (./all
    /// for one of such a name)
    #[arg(long, value_name = "all|two-hop|FILE", default_value = "all")]
    candidates: KindOrFile,
    /// Look at those pairs alone that an index of nearest neighbours finds (HNSW), for graphs of a million nodes; says
    /// how many of the best these are
    #[arg(long, conflicts_with = "candidates")]
    approximate: bool,
    #[command(flatten)]
    probabilities: Probabilities,
    /// How to write [default: by the end of --output's name: .csv, .jsonl, .parquet; csv where it has none]
    #[arg(long, value_enum)]
    format: Option<ScoreFormat>,
    /// Where to write, - for stdout
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace the output file if it exists
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    applied: Applied,
}

#[derive(clap::Args)]
#[group(multiple = false)]
struct Sources {
    /// Predict the links of this node; may be given more than once
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    node: Vec<String>,
    /// Predict the links of each node in the first column of this file, - for stdin
    #[arg(long, value_name = "FILE")]
    nodes: Option<PathBuf>,
    /// Predict the links of each node
    #[arg(long)]
    all_nodes: bool,
}

/// The value of `--candidates`.
#[derive(Debug, Clone)]
enum KindOrFile {
    All,
    TwoHop,
    File(PathBuf),
}

impl From<OsString> for KindOrFile {
    fn from(text: OsString) -> Self {
        match text.to_str() {
            Some("all") => KindOrFile::All,
            Some("two-hop") => KindOrFile::TwoHop,
            _ => KindOrFile::File(text.into()),
        }
    }
}

/// Nodes whose links are predicted before they are written.
const NODES_AT_A_TIME: usize = 1 << 13;

/// The same on each thread where each node's pairs are scored one by one, which may take seconds.
const SLOW_NODES_PER_THREAD: usize = 4;

/// Nodes whose exact answer an approximate one is compared with, in all.
const NUM_COMPARED: usize = 500;

pub(super) fn run(args: &Args, voice: &Voice) -> Result<()> {
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let output = Output::create(&args.output, existing)?;
    let run = args.applied.open(voice)?;
    let (known, nodes) = (&run.graph.edges, &run.graph.nodes);
    let stage = voice.stage_beside(&args.output, "encoding the nodes");
    let sources = args.sources.find(nodes)?;
    let candidates = args.candidates.find(nodes, known)?;
    let score = run.encode()?.score;
    stage.begin("calibrating");
    let calibrator = args.probabilities.calibrator(&run, &*score)?;
    let finder = match args.approximate {
        false => Finder::Exact { score: &*score, candidates },
        true => {
            let z = score.factors().ok_or_else(|| {
                Error::Config("--approximate needs a model that scores pairs by inner products".into())
            })?;
            stage.begin("making the index");
            Finder::Approximate { index: Approximate::new(z)?, seed: run.record.config.seed }
        }
    };
    let columns = ScoreColumns { calibrator: calibrator.as_ref(), ..ScoreColumns::default() };
    let format = args.format.map_or_else(|| ScoreFormat::of_path(&args.output), Ok)?;
    let mut writer = ScoreWriter::new(output, format, nodes, columns)?;
    let Some(sources) = sources else {
        stage.begin("searching all pairs");
        let (best, recall) = finder.top_pairs(args.top, known)?;
        writer.write(&best)?;
        writer.finish()?;
        drop(stage);
        if best.len() < args.top {
            voice.say(format!("note: there are no more pairs that are no edges: {}", best.len()));
        }
        describe(recall, voice);
        return Ok(());
    };
    let (mut num_short, mut recall) = (0, None);
    stage.begin_counted("predicting", "nodes", Some(sources.len() as u64));
    for block in sources.chunks(NODES_AT_A_TIME) {
        let mut found = Vec::new();
        for these in block.chunks(finder.nodes_at_a_time()) {
            let num_compared = (NUM_COMPARED * these.len()).div_ceil(sources.len());
            let (best, of_these) = finder.top_of_nodes(these, args.top, known, num_compared)?;
            num_short += best.iter().filter(|best| best.len() < args.top).count();
            recall = recall.into_iter().chain(of_these).reduce(Recall::and);
            found.extend(best.concat());
            stage.add(these.len() as u64);
        }
        writer.write(&found)?;
    }
    writer.finish()?;
    drop(stage);
    if num_short > 0 {
        voice.say(format!(
            "note: nodes that have fewer than {} pairs that are no edges: {num_short}",
            args.top
        ));
    }
    describe(recall, voice);
    Ok(())
}

/// What finds the best pairs.
enum Finder<'a> {
    Exact { score: &'a dyn Score, candidates: Candidates },
    Approximate { index: Approximate<'a>, seed: u64 },
}

impl Finder<'_> {
    /// As many as keep all threads at work, and no more than a moment without a sign of it.
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
                let recall = index.recall_of_pairs(&best, known, NUM_COMPARED, *seed);
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

/// Says how much an approximate answer holds of the exact one.
fn describe(recall: Option<Recall>, voice: &Voice) {
    let Some(recall) = recall else { return };
    let Recall { num_exact, num_found, num_nodes, .. } = recall;
    voice.say(match recall.share() {
        Some(share) => format!(
            "approximate: recall {share:.4}, by the {num_exact} exact pairs at {num_nodes} nodes that were looked at in \
             full, of which {num_found} were found"
        ),
        None => format!("approximate: recall unknown: none of the exact pairs is at the {num_nodes} nodes looked at"),
    });
}

impl Sources {
    /// The nodes that are asked for; none for all pairs at once.
    fn find(&self, nodes: &NodeIds) -> Result<Option<Vec<u32>>> {
        if self.all_nodes {
            return Ok(Some((0..nodes.len() as u32).collect()));
        }
        if let Some(path) = &self.nodes {
            return read::node_list(path, nodes).map(Some);
        }
        let find = |id: &String| nodes.index(id).ok_or_else(|| unknown(id));
        let found: Vec<u32> = self.node.iter().map(find).collect::<Result<_>>()?;
        Ok((!found.is_empty()).then_some(found))
    }
}

impl KindOrFile {
    fn find(&self, nodes: &NodeIds, known: &EdgeList) -> Result<Candidates> {
        match self {
            KindOrFile::All => Ok(Candidates::All),
            KindOrFile::TwoHop if known.num_sources().is_some() => {
                let problem =
                    "--candidates two-hop: in a bipartite graph nodes two edges apart are of one kind";
                Err(Error::Config(problem.into()))
            }
            KindOrFile::TwoHop => Ok(Candidates::TwoHop),
            KindOrFile::File(path) => {
                let (pairs, _) = PairReader::open(path, nodes, Unknown::Refuse)?.read_all()?;
                Ok(Candidates::Listed(pairs))
            }
        }
    }
}

fn unknown(id: &str) -> Error {
    Error::Config(format!("--node {id}: the run has no node of this id"))
}
