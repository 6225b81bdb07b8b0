//! Seeds negatives with the degree distribution of edges.

use hashbrown::HashSet;
use rand::{Rng, RngExt};

use crate::error::{Error, Result};
use crate::graph::{Direction, EdgeList, Pair};
use crate::model::score::{ScoredPair, TopK};

/// The number of draws for each needed pair before the fallback that enumerates all pairs.
const DRAWS_PER_PAIR: usize = 100;

/// Seeds `count` distinct pairs of distinct nodes that are not in `edges`, the edges of the whole graph.
///
/// The pairs are drawn one after another, each with a probability proportional to the product of its ends'
/// degrees in the `train` edges. For a directed pair these are the out-degree of its source and the in-degree
/// of its target. A degree then says almost nothing about which pairs are edges. In a bipartite graph a pair
/// joins a source and a target. Degrees are not smoothed, so no pair contains a node without training edges.
///
/// A random end of one random training edge and a random end of another form such a pair; pairs that are
/// edges or already drawn are rejected: O(count · log m) expected time and O(m + count) memory. If rejection
/// rarely succeeds, because the graph is nearly complete or has barely enough such pairs, the rest are drawn
/// from all pairs of nodes with the same probabilities, in O(n²) time.
///
/// # Errors
/// [`Error::TooFewDegreeNegatives`] if there are fewer than `count` such pairs.
pub fn by_degree(edges: &EdgeList, train: &EdgeList, count: usize, rng: &mut impl Rng) -> Result<Vec<Pair>> {
    let ends = Ends::collect(train);
    let mut taken: HashSet<Pair> = HashSet::with_capacity(count);
    let mut negatives = Vec::with_capacity(count);
    let num_draws = if train.is_empty() { 0 } else { DRAWS_PER_PAIR.saturating_mul(count) };
    for _ in 0..num_draws {
        if negatives.len() == count {
            break;
        }
        let mut end = |ends: &[u32]| ends[rng.random_range(0..ends.len())];
        let pair = train.direction().orient((end(&ends.sources), end(&ends.targets)));
        if edges.is_candidate(pair) && taken.insert(pair) {
            negatives.push(pair);
        }
    }
    let num_left = count - negatives.len();
    if num_left > 0 {
        let (mut best, mut available) = (TopK::new(num_left), taken.len() as u64);
        for (pair, weight) in ends.weighted_pairs(train.num_nodes(), train.direction()) {
            if edges.is_candidate(pair) && !taken.contains(&pair) {
                available += 1;
                // Keeping the pairs with the largest u^(1/w), here in logarithms, is equivalent to weighted
                // draws one after another (Efraimidis & Spirakis 2006, "Weighted random sampling with a
                // reservoir").
                best.add(ScoredPair { pair, logit: rng.random::<f64>().ln() / weight });
            }
        }
        if available < count as u64 {
            return Err(Error::TooFewDegreeNegatives { needed: count, available });
        }
        negatives.extend(best.into_sorted().iter().map(|scored| scored.pair));
    }
    Ok(negatives)
}

/// The nodes that may come first and second in a pair, each repeated once per training edge.
struct Ends {
    sources: Vec<u32>,
    targets: Vec<u32>,
}

impl Ends {
    fn collect(train: &EdgeList) -> Self {
        // A bipartite pair already has its source first. Adding its reverse would make half of the draws join
        // two nodes of one kind.
        let pairs = match train.num_sources() {
            Some(_) => train.pairs().to_vec(),
            None => train.ordered_pairs(),
        };
        let (sources, targets) = pairs.into_iter().unzip();
        Ends { sources, targets }
    }

    /// Iterates over every pair of the `num_nodes` nodes that can be drawn, with the product of its ends'
    /// degrees.
    fn weighted_pairs(&self, num_nodes: usize, direction: Direction) -> impl Iterator<Item = (Pair, f64)> {
        let degrees = |ends: &[u32]| {
            let mut degrees = vec![0.0; num_nodes];
            ends.iter().for_each(|&end| degrees[end as usize] += 1.0);
            degrees
        };
        let (sources, targets) = (degrees(&self.sources), degrees(&self.targets));
        (0..num_nodes).flat_map(move |u| {
            let first = if direction == Direction::Directed { 0 } else { u + 1 };
            let weighted = |v| ((u as u32, v as u32), sources[u] * targets[v]);
            (first..num_nodes).map(weighted).filter(|&(_, weight)| weight > 0.0).collect::<Vec<_>>()
        })
    }
}
