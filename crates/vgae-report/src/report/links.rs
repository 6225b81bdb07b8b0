//! The predicted links of a report.

use hashbrown::{HashMap, HashSet};
use rand::seq::index;
use rand_chacha::ChaCha8Rng;

use vgae::config::{BaselineKind, ModelKind};
use vgae::graph::{Direction, Pair};
use vgae::model::baseline::Baseline;
use vgae::model::decoder::Decoded;
use vgae::model::recommend::Candidates;
use vgae::model::score::{self, Score, ScoredPair};
use vgae::model::{Encoded, Model};
use vgae::run::Run;

/// The nodes up to which all pairs are looked at by a model whose logits are products of two rows.
const MOST_NODES: usize = 200_000;
/// The pairs that any other model looks at: some seconds.
const MOST_PAIRS: usize = 150_000;
/// The steps of all walks of a model whose logits take one from each node, of n + m steps at a time: some seconds.
const MOST_STEPS: usize = 200_000_000;
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
    /// Those whose ends have an edge to one node, held-out edges too.
    TwoHop,
    /// The same at so many nodes.
    TwoHopAtNodes(usize),
    /// So many, the likeliest of all by a part of the model.
    Shortlist(usize),
}

impl Links {
    /// The best `top` links of `run`.
    ///
    /// Of a model whose logits are products of two rows all pairs are looked at up to 200,000 nodes, O(n²) logits; in a
    /// larger graph the pairs of the nodes `drawn`. Of `best` and the scores that need no training it is as many as take some
    /// seconds: the pairs with a common neighbour, at all nodes or at the first of those drawn, or, of `best` in a graph of
    /// more than some thousand nodes, those that its first network finds the likeliest.
    pub(super) fn find(links: &Describer, encoded: &Encoded, drawn: &[u32], top: usize) -> Links {
        let run = links.run;
        let (known, n) = (&run.graph.edges, run.graph.num_nodes());
        let score = &*encoded.score;
        if is_product(run) {
            return match n <= MOST_NODES {
                true => {
                    let best = links.of(&score.top_pairs(top, known));
                    Links { best, scope: Scope::AllPairs, of_nodes: HashMap::new() }
                }
                false => {
                    let lists = score.top_of_nodes(drawn, top.max(PER_NODE), known);
                    links.of_lists(Scope::AtNodes(drawn.len()), lists, top)
                }
            };
        }
        let walks = matches!(
            run.record.config.model.model,
            ModelKind::Best | ModelKind::Baseline(BaselineKind::Katz | BaselineKind::PersonalizedPagerank)
        );
        let most_walks = if walks { MOST_STEPS / (n + known.len()) } else { usize::MAX };
        if let (Model::Stack(stack), Some(embeddings), true) =
            (&run.model, &encoded.embeddings, most_walks < n)
        {
            let count = (most_walks / 2).max(top);
            let first = Decoded::new(embeddings.mean.clone(), stack.first_network().decoder());
            let pairs = first.top_pairs(count, known).iter().map(|best| best.pair).collect();
            let all = Candidates::Listed(pairs).top_pairs(score, count, known);
            return links.of_lists(Scope::Shortlist(count), vec![all], top);
        }
        let is_bipartite = known.num_sources().is_some();
        let candidates = if is_bipartite { Candidates::All } else { Candidates::TwoHop };
        // How many candidates a node has at most.
        let degrees = known.degrees();
        let mut costs = vec![if is_bipartite { n } else { 0 }; n];
        if !is_bipartite {
            for &(u, v) in known.pairs() {
                costs[u as usize] += degrees[v as usize];
                costs[v as usize] += degrees[u as usize];
            }
            if n <= most_walks && costs.iter().sum::<usize>() <= 2 * MOST_PAIRS {
                let all = candidates.top_pairs(score, MOST_PAIRS, known);
                return links.of_lists(Scope::TwoHop, vec![all], top);
            }
        }
        let mut num_pairs = 0;
        let is_within = |&&node: &&u32| {
            num_pairs += costs[node as usize];
            num_pairs <= MOST_PAIRS.min(most_walks)
        };
        let nodes: Vec<u32> = drawn.iter().take_while(is_within).copied().collect();
        let lists = candidates.top_of_nodes(score, &nodes, top.max(PER_NODE), known);
        let scope = match is_bipartite {
            true => Scope::AtNodes(nodes.len()),
            false => Scope::TwoHopAtNodes(nodes.len()),
        };
        links.of_lists(scope, lists, top)
    }

    /// Adds the best few of each of `nodes`, where a model does not take long for that.
    pub(super) fn add_of_nodes(&mut self, links: &Describer, encoded: &Encoded, nodes: &[u32]) {
        if is_product(links.run) {
            let lists = encoded.score.top_of_nodes(nodes, PER_NODE, &links.run.graph.edges);
            self.of_nodes.extend(nodes.iter().zip(&lists).map(|(&node, list)| (node, links.of(list))));
        }
    }

    /// What was not looked at.
    pub(super) fn note(&self) -> Option<String> {
        match self.scope {
            Scope::AllPairs => None,
            Scope::AtNodes(count) => Some(format!(
                "The predicted links are the best at {count} nodes; `vgae predict RUN` looks at all pairs."
            )),
            Scope::TwoHop => Some(
                "The predicted links are the best of the pairs two edges apart, held-out edges too; `vgae predict RUN` looks at \
                 all pairs."
                    .into(),
            ),
            Scope::Shortlist(count) => Some(format!(
                "The predicted links are the best of the {count} pairs that a part of the model ranks highest; \
                 `vgae predict RUN` looks at all pairs."
            )),
            Scope::TwoHopAtNodes(count) => Some(format!(
                "The predicted links are the best of the pairs two edges apart at {count} nodes; `vgae predict RUN` \
                 looks at all pairs."
            )),
        }
    }
}

/// Whether a logit takes no more than a product of two rows.
fn is_product(run: &Run) -> bool {
    matches!(run.model, Model::Network(_) | Model::Vae(_))
}

/// Says more of a pair than its logit.
pub(super) struct Describer<'a> {
    run: &'a Run,
    common_neighbours: Option<Baseline>,
}

impl<'a> Describer<'a> {
    /// O(n + m log m) time.
    pub(super) fn new(run: &'a Run) -> Self {
        let train = run.split.train.undirected();
        let common_neighbours = Baseline::new(BaselineKind::CommonNeighbours, &train, None, 0).ok();
        Describer { run, common_neighbours }
    }

    /// The best `top` of lists of pairs, and the best few at each node that is in them.
    fn of_lists(&self, scope: Scope, lists: Vec<Vec<ScoredPair>>, top: usize) -> Links {
        let direction = self.run.graph.edges.direction();
        let mut all: Vec<ScoredPair> = lists.concat();
        all.iter_mut().for_each(|best| best.pair = direction.orient(best.pair));
        all.sort_by(|a, b| b.cmp(a));
        all.dedup_by_key(|best| best.pair);
        let mut of_nodes: HashMap<u32, Vec<ScoredPair>> = HashMap::new();
        for &best in &all {
            let ends = match direction {
                Direction::Undirected => [Some(best.pair.0), Some(best.pair.1)],
                Direction::Directed => [Some(best.pair.0), None],
            };
            for node in ends.into_iter().flatten() {
                let few = of_nodes.entry(node).or_default();
                if few.len() < PER_NODE {
                    few.push(best);
                }
            }
        }
        Links {
            best: self.of(&all[..all.len().min(top)]),
            scope,
            of_nodes: of_nodes.into_iter().map(|(node, few)| (node, self.of(&few))).collect(),
        }
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
