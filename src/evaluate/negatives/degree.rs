//! Negatives whose ends have as many edges as the ends of edges have.

use hashbrown::HashSet;
use rand::{Rng, RngExt};

use crate::error::{Error, Result};
use crate::graph::{Direction, EdgeList, Pair};
use crate::model::score::{Best, ScoredPair};

/// Draws for each pair that is needed before all pairs are gone through instead.
const DRAWS_PER_PAIR: usize = 100;

/// `count` distinct pairs of distinct nodes, none an edge of `edges`, the whole graph: one after the other, each with
/// a chance in proportion to the product of its ends' degrees among the `train` edges, of a directed pair that of
/// the edges that leave its source and of those that reach its target. A degree then tells next to nothing about
/// which pairs are edges. Those of a bipartite graph join a source with a target. Nodes without training edges are in none: nothing is added to the degrees.
///
/// Two random ends of random training edges make such a pair, which is drawn again where it is an edge or taken:
/// O(count · log m) expected time and O(m + count) memory. Where that hardly finds one, in a graph that is nearly
/// complete or has only just enough, the rest are chosen from all pairs of nodes, with the same chances, in O(n²)
/// time.
///
/// # Errors
/// [`Error::TooFewDegreeNegatives`] if there are not as many.
pub fn by_degree(edges: &EdgeList, train: &EdgeList, count: usize, rng: &mut impl Rng) -> Result<Vec<Pair>> {
    let ends = Ends::of(train);
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
        let (mut best, mut available) = (Best::new(num_left), taken.len() as u64);
        for (pair, weight) in ends.weighted_pairs(train.num_nodes(), train.direction()) {
            if edges.is_candidate(pair) && !taken.contains(&pair) {
                available += 1;
                // The largest of u^(1/w), in logarithms, are drawn as one after the other would be (Efraimidis &
                // Spirakis 2006, "Weighted random sampling with a reservoir").
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

/// The ends that may come first and second in a pair, each as often as it has training edges.
struct Ends {
    sources: Vec<u32>,
    targets: Vec<u32>,
}

impl Ends {
    fn of(train: &EdgeList) -> Self {
        // Of a bipartite graph each pair has its source first already: drawn both ways round, half of the draws would be
        // of one kind.
        let pairs = match train.num_sources() {
            Some(_) => train.pairs().to_vec(),
            None => train.ordered_pairs(),
        };
        let (sources, targets) = pairs.into_iter().unzip();
        Ends { sources, targets }
    }

    /// Every pair of two of `num_nodes` nodes that can be drawn, and the product of its ends' degrees.
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
