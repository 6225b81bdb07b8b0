//! The predicted links of a report.

use hashbrown::{HashMap, HashSet};
use rand::seq::index;
use rand_chacha::ChaCha8Rng;

use crate::baseline::Baseline;
use crate::config::BaselineKind;
use crate::graph::Pair;
use crate::model::{Encoded, Model};
use crate::run::Run;
use crate::score::{self, ScoredPair};

/// The nodes up to which all pairs are looked at by a model whose logits are products of two rows.
const MOST_NODES: usize = 200_000;
/// The same for a model whose logits take a walk through the graph for each node.
const MOST_NODES_WALKED: usize = 3_000;
/// The nodes whose pairs such a model looks at in a larger graph.
const NODES_WALKED: usize = 200;
/// Best links of a node on the map.
const PER_NODE: usize = 5;

/// A pair that is no edge, and how likely it is one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// (source, target), or lower node first where edges have no directions.
    pub pair: Pair,
    /// The model's.
    pub logit: f64,
    /// Calibrated, if the run is; else the sigmoid of the logit.
    pub probability: f64,
    /// The training neighbours that both ends have.
    pub num_common_neighbours: usize,
}

/// The best pairs that are no edges.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// Of all or of some nodes, highest logit first.
    pub best: Vec<Link>,
    /// Where they were looked for.
    pub scope: Scope,
    /// Of some nodes, each as the source, the best few.
    pub of_nodes: HashMap<u32, Vec<Link>>,
}

/// Which pairs were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// All.
    #[default]
    AllPairs,
    /// All pairs of so many nodes with any other.
    AtNodes(usize),
}

impl Links {
    /// The best `top` links of `run`.
    ///
    /// All pairs are looked at up to 200,000 nodes (3,000 for `best` and the scores that need no training): O(n²) logits.
    /// In a larger graph it is the pairs of the nodes `drawn` (200 of them), O(n) logits each.
    pub(super) fn find(run: &Run, encoded: &Encoded, drawn: &[u32], top: usize) -> Links {
        let (known, n) = (&run.graph.edges, run.graph.num_nodes());
        let score = &*encoded.score;
        let most = if is_product(run) { MOST_NODES } else { MOST_NODES_WALKED };
        let scope = if n <= most { Scope::AllPairs } else { Scope::AtNodes(drawn.len().min(NODES_WALKED)) };
        let links = Describer::new(run);
        if scope == Scope::AllPairs && is_product(run) {
            return Links { best: links.of(&score.top_pairs(top, known)), scope, of_nodes: HashMap::new() };
        }
        let all: Vec<u32>;
        let nodes = match scope {
            Scope::AtNodes(count) => &drawn[..count],
            Scope::AllPairs => {
                all = (0..n as u32).collect();
                &all
            }
        };
        // A pair that is among the best of all is among as many best of its source.
        let lists = score.top_of_nodes(nodes, top.max(PER_NODE), known);
        let oriented = |best: &ScoredPair| ScoredPair { pair: known.direction().orient(best.pair), ..*best };
        let mut best: Vec<ScoredPair> = lists.iter().flatten().map(oriented).collect();
        best.sort_by(|a, b| b.cmp(a));
        let mut seen = HashSet::new();
        best.retain(|best| seen.insert(best.pair));
        best.truncate(top);
        let few =
            |(&node, list): (&u32, &Vec<ScoredPair>)| (node, links.of(&list[..list.len().min(PER_NODE)]));
        Links { best: links.of(&best), scope, of_nodes: nodes.iter().zip(&lists).map(few).collect() }
    }

    /// Adds the best few of each of `nodes`, where a model does not take long for that.
    pub(super) fn add_of_nodes(&mut self, run: &Run, encoded: &Encoded, nodes: &[u32]) {
        if is_product(run) {
            let links = Describer::new(run);
            let lists = encoded.score.top_of_nodes(nodes, PER_NODE, &run.graph.edges);
            self.of_nodes.extend(nodes.iter().zip(&lists).map(|(&node, list)| (node, links.of(list))));
        }
    }

    /// What was not looked at.
    pub(super) fn note(&self) -> Option<String> {
        match self.scope {
            Scope::AllPairs => None,
            Scope::AtNodes(count) => Some(format!(
                "The predicted links are the best at {count} nodes; `vgae predict` looks at all pairs."
            )),
        }
    }
}

/// Whether a logit takes no more than a product of two rows.
fn is_product(run: &Run) -> bool {
    matches!(run.model, Model::Network(_) | Model::Vae(_))
}

/// Says more of a pair than its logit.
struct Describer<'a> {
    run: &'a Run,
    common_neighbours: Option<Baseline>,
}

impl<'a> Describer<'a> {
    fn new(run: &'a Run) -> Self {
        let train = run.split.train.undirected();
        let common_neighbours = Baseline::new(BaselineKind::CommonNeighbours, &train, None, 0).ok();
        Describer { run, common_neighbours }
    }

    fn of(&self, best: &[ScoredPair]) -> Vec<Link> {
        let pairs: Vec<Pair> = best.iter().map(|best| best.pair).collect();
        let counts = self.common_neighbours.as_ref().map(|score| score.scores(&pairs));
        let link = |(at, &ScoredPair { pair, logit }): (usize, &ScoredPair)| Link {
            pair,
            logit,
            probability: match &self.run.record.calibration {
                Some(calibrator) => calibrator.probability(logit),
                None => score::probability(logit),
            },
            num_common_neighbours: counts.as_ref().map_or(0, |counts| counts[at] as usize),
        };
        best.iter().enumerate().map(link).collect()
    }
}

/// `count` nodes, ascending: those of `wanted`, then those of `drawn`.
pub(super) fn chosen(wanted: impl Iterator<Item = u32>, drawn: &[u32], count: usize) -> Vec<u32> {
    let mut seen = HashSet::new();
    let mut nodes: Vec<u32> =
        wanted.chain(drawn.iter().copied()).filter(|&node| seen.insert(node)).take(count).collect();
    nodes.sort_unstable();
    nodes
}

/// `count` of `n` nodes, or all of them, in the order of chance.
pub(super) fn draw(n: usize, count: usize, rng: &mut ChaCha8Rng) -> Vec<u32> {
    index::sample(rng, n, count.min(n)).into_iter().map(|node| node as u32).collect()
}
