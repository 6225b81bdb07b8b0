//! `vgae predict`: the most probable links that the graph does not have.

use std::path::PathBuf;

use rayon::prelude::*;
use vgae::graph::NodeIds;
use vgae::read;
use vgae::run::{Existing, Output, Run, ScoreWriter};
use vgae::score::ScoredPair;
use vgae::{Error, Result};

use super::progress::Voice;

/// Predict links: the most probable pairs that are no edges, best first
///
/// All pairs are looked at, so that the answer is exact. Held-out edges are edges: they are not predicted. With --node,
/// --nodes or --all-nodes, the best pairs of each of these nodes, one node after the other.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directory
    run: PathBuf,
    /// How many pairs, in all or of each node
    #[arg(long, allow_negative_numbers = true, value_name = "COUNT", default_value_t = 10)]
    top: usize,
    #[command(flatten)]
    sources: Sources,
    /// Where to write, - for stdout
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace the output file if it exists
    #[arg(long)]
    force: bool,
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

/// Nodes whose links are predicted before they are written.
const NODES_AT_A_TIME: usize = 64;

pub(super) fn run(args: &Args, voice: &Voice) -> Result<()> {
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let output = Output::create(&args.output, existing)?;
    let run = Run::open(&args.run)?;
    let sources = args.sources.find(&run.graph.nodes)?;
    let score = run.encode()?.score;
    let (known, nodes) = (&run.graph.edges, &run.graph.nodes);
    let mut writer = ScoreWriter::new(output)?;
    let Some(sources) = sources else {
        let best = score.top_pairs(args.top, known);
        best.iter().try_for_each(|pair| writer.write(nodes, pair))?;
        writer.finish()?;
        if best.len() < args.top {
            voice.say(format!("note: there are no more pairs that are no edges: {}", best.len()));
        }
        return Ok(());
    };
    let mut num_short = 0;
    for sources in sources.chunks(NODES_AT_A_TIME) {
        let best: Vec<Vec<ScoredPair>> =
            sources.par_iter().map(|&node| score.top_of_node(node, args.top, known)).collect();
        best.iter().flatten().try_for_each(|pair| writer.write(nodes, pair))?;
        num_short += best.iter().filter(|best| best.len() < args.top).count();
    }
    writer.finish()?;
    if num_short > 0 {
        voice.say(format!(
            "note: nodes that have fewer than {} pairs that are no edges: {num_short}",
            args.top
        ));
    }
    Ok(())
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

fn unknown(id: &str) -> Error {
    Error::Config(format!("--node {id}: the run has no node of this id"))
}
