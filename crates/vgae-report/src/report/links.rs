//! The predicted links of a report.

use hashbrown::{HashMap, HashSet};
use rand::seq::index;
use rand_chacha::ChaCha8Rng;

use vgae::config::{BaselineKind, ModelKind};
use vgae::graph::{Direction, Pair};
use vgae::model::baseline::Baseline;
use vgae::model::decoder::EmbeddingScorer;
use vgae::model::recommend::Candidates;
use vgae::model::score::{self, Score, ScoredPair};
use vgae::model::{Encoded, Model};
use vgae::run::Run;

/// The largest number of nodes for which a model whose logits are inner products searches all pairs.
const MAX_NODES: usize = 200_000;
/// The most pairs that any other model searches: some seconds.
const MAX_PAIRS: usize = 150_000;
/// The most steps of a model whose logits need a walk of n + m steps from each node: some seconds.
const MAX_STEPS: usize = 200_000_000;
/// Number of best links for each node on the map.
const PER_NODE: usize = 5;

/// A predicted link: a pair that is not an edge, and its probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// (source, target), or the lower node first in an undirected graph.
    pub pair: Pair,
    /// The logit of the model.
    pub logit: f64,
    /// The calibrated probability if the run is calibrated, else the sigmoid of the logit.
    pub probability: f64,
    /// Number of training neighbours that both ends share.
    pub num_common_neighbours: usize,
}

/// The best pairs that are not edges.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// The best links within `scope`, highest logit first.
    pub best: Vec<Link>,
    /// The pairs that were searched.
    pub scope: Scope,
    /// The best few links of some nodes, each as the source.
    pub of_nodes: HashMap<u32, Vec<Link>>,
}

/// The pairs that were searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// All pairs.
    #[default]
    AllPairs,
    /// All pairs of this many nodes with any other node.
    AtNodes(usize),
    /// Pairs whose ends share a neighbour, counting held-out edges.
    TwoHop,
    /// Pairs of this many nodes with the nodes that share a neighbour with them, counting held-out edges.
    TwoHopAtNodes(usize),
    /// This many pairs, the likeliest according to the first network of the model.
    Shortlist(usize),
}

impl Links {
    /// Finds the best `top` links of the run.
    ///
    /// A model whose logits are inner products searches all pairs up to 200,000 nodes, which takes O(n²)
    /// logits; in a larger graph it searches the pairs of the nodes in `sample`. `best` and the scores that
    /// need no training search for some seconds: the pairs with a common neighbour, at all nodes or at the
    /// first nodes of `sample`. In a graph of more than some thousand nodes, `best` searches the pairs that
    /// its first network finds likeliest.
    pub(super) fn find(builder: &LinkBuilder, encoded: &Encoded, sample: &[u32], top: usize) -> Links {
        let run = builder.run;
        let (known, n) = (&run.graph.edges, run.graph.num_nodes());
        let score = &*encoded.score;
        if is_inner_product(run) {
            return match n <= MAX_NODES {
                true => {
                    let best = builder.build(&score.top_pairs(top, known));
                    Links { best, scope: Scope::AllPairs, of_nodes: HashMap::new() }
                }
                false => {
                    let lists = score.top_of_nodes(sample, top.max(PER_NODE), known);
                    builder.merge(Scope::AtNodes(sample.len()), lists, top)
                }
            };
        }
        let needs_walks = matches!(
            run.record.config.model.model,
            ModelKind::Best | ModelKind::Baseline(BaselineKind::Katz | BaselineKind::PersonalizedPagerank)
        );
        let max_walks = if needs_walks { MAX_STEPS / (n + known.len()) } else { usize::MAX };
        if let (Model::Stack(stack), Some(embeddings), true) =
            (&run.model, &encoded.embeddings, max_walks < n)
        {
            let count = (max_walks / 2).max(top);
            let first = EmbeddingScorer::new(embeddings.mean.clone(), stack.first_network().decoder());
            let pairs = first.top_pairs(count, known).iter().map(|best| best.pair).collect();
            let all = Candidates::Listed(pairs).top_pairs(score, count, known);
            return builder.merge(Scope::Shortlist(count), vec![all], top);
        }
        let is_bipartite = known.num_sources().is_some();
        let candidates = if is_bipartite { Candidates::All } else { Candidates::TwoHop };
        // An upper bound on the number of candidates of each node.
        let degrees = known.degrees();
        let mut costs = vec![if is_bipartite { n } else { 0 }; n];
        if !is_bipartite {
            for &(u, v) in known.pairs() {
                costs[u as usize] += degrees[v as usize];
                costs[v as usize] += degrees[u as usize];
            }
            if n <= max_walks && costs.iter().sum::<usize>() <= 2 * MAX_PAIRS {
                let all = candidates.top_pairs(score, MAX_PAIRS, known);
                return builder.merge(Scope::TwoHop, vec![all], top);
            }
        }
        let mut num_pairs = 0;
        let is_within = |&&node: &&u32| {
            num_pairs += costs[node as usize];
            num_pairs <= MAX_PAIRS.min(max_walks)
        };
        let nodes: Vec<u32> = sample.iter().take_while(is_within).copied().collect();
        let lists = candidates.top_of_nodes(score, &nodes, top.max(PER_NODE), known);
        let scope = match is_bipartite {
            true => Scope::AtNodes(nodes.len()),
            false => Scope::TwoHopAtNodes(nodes.len()),
        };
        builder.merge(scope, lists, top)
    }

    /// Adds the best few links of each of `nodes`, if the model is fast enough.
    pub(super) fn add_of_nodes(&mut self, builder: &LinkBuilder, encoded: &Encoded, nodes: &[u32]) {
        if is_inner_product(builder.run) {
            let lists = encoded.score.top_of_nodes(nodes, PER_NODE, &builder.run.graph.edges);
            self.of_nodes.extend(nodes.iter().zip(&lists).map(|(&node, list)| (node, builder.build(list))));
        }
    }

    /// Returns a note on the pairs that were not searched.
    pub(super) fn note(&self) -> Option<String> {
        match self.scope {
            Scope::AllPairs => None,
            Scope::AtNodes(count) => Some(format!(
                "Only pairs at {count} nodes were searched for links; `vgae predict RUN` searches all pairs."
            )),
            Scope::TwoHop => Some(
                "Only pairs with a common neighbour (over held-out edges too) were searched for links; `vgae predict RUN` \
                 searches all pairs."
                    .into(),
            ),
            Scope::Shortlist(count) => Some(format!(
                "Only the {count} pairs that the model's first network ranks highest were searched for links; \
                 `vgae predict RUN` searches all pairs."
            )),
            Scope::TwoHopAtNodes(count) => Some(format!(
                "Only pairs with a common neighbour at {count} nodes were searched for links; `vgae predict RUN` \
                 searches all pairs."
            )),
        }
    }
}

/// Returns `true` if a logit is the inner product of two rows.
fn is_inner_product(run: &Run) -> bool {
    matches!(run.model, Model::Network(_) | Model::Vae(_))
}

/// Turns scored pairs into [`Link`]s.
pub(super) struct LinkBuilder<'a> {
    run: &'a Run,
    common_neighbours: Option<Baseline>,
}

impl<'a> LinkBuilder<'a> {
    /// Prepares the counts of common neighbours in O(n + m log m) time.
    pub(super) fn new(run: &'a Run) -> Self {
        let kind = BaselineKind::CommonNeighbours;
        let common_neighbours = Baseline::new(kind, &run.split.train, None, 0).ok();
        LinkBuilder { run, common_neighbours }
    }

    /// Merges lists of pairs into the best `top` overall and the best few at each node.
    fn merge(&self, scope: Scope, lists: Vec<Vec<ScoredPair>>, top: usize) -> Links {
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
            best: self.build(&all[..all.len().min(top)]),
            scope,
            of_nodes: of_nodes.into_iter().map(|(node, few)| (node, self.build(&few))).collect(),
        }
    }

    fn build(&self, best: &[ScoredPair]) -> Vec<Link> {
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

/// Chooses up to `count` nodes, first from `wanted`, then from `sample`, and returns them in ascending order.
pub(super) fn choose_nodes(wanted: impl Iterator<Item = u32>, sample: &[u32], count: usize) -> Vec<u32> {
    let mut seen = HashSet::new();
    let mut nodes: Vec<u32> =
        wanted.chain(sample.iter().copied()).filter(|&node| seen.insert(node)).take(count).collect();
    nodes.sort_unstable();
    nodes
}

/// Samples `count` of `n` nodes, or all if there are fewer, in random order.
pub(super) fn sample_nodes(n: usize, count: usize, rng: &mut ChaCha8Rng) -> Vec<u32> {
    index::sample(rng, n, count.min(n)).into_iter().map(|node| node as u32).collect()
}

#[cfg(test)]
mod tests;
