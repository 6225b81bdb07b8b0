//! Walks of at most three steps, found from each first node alone: for graphs too large for walks through all nodes.

use std::sync::Arc;

use super::adjacency::Adjacency;
use super::by_source::{Block, BlockScore, NUM_WALKS};

/// The numbers of one node, one for each score and three to fill up a vector.
type Lanes = [f32; 8];

/// The walks of one score: c_0 [u = v] + c_1 M_vu + c_2 (M²)_vu + c_3 (M³)_vu times a factor of the degrees, with
/// M = diag(after) (A + self_loop · I) diag(before), where `before` and `after` are functions of a node's degree.
struct Steps {
    before: fn(f64) -> f64,
    after: fn(f64) -> f64,
    self_loop: f32,
    coefficients: [f64; 4],
    factor: fn(f64, f64) -> f64,
}

/// Three steps of all walks of [`Walks`](super::walks::Walks) that a stack uses.
///
/// The first two are taken once for each first node u, in Σ_w d_w time over its neighbours w, for all scores together.
/// The last is taken backwards from v, in d_v time.
pub(super) struct ShortWalks {
    adjacency: Arc<Adjacency>,
    steps: [Steps; NUM_WALKS],
    /// The factors of each node between two steps: before · after.
    between: Vec<Lanes>,
}

impl ShortWalks {
    /// Prepares the first three steps of Katz's score with this `beta`, those of personalised PageRank with this
    /// `restart`, paths of three, random walks of three steps, and (Â³)_uv.
    pub(super) fn new(adjacency: &Arc<Adjacency>, beta: f64, restart: f64) -> Self {
        const LAST: [f64; 4] = [0.0, 0.0, 0.0, 1.0];
        let one: fn(f64) -> f64 = |_| 1.0;
        let kept = 1.0 - restart;
        let katz = Steps {
            before: one,
            after: one,
            self_loop: 0.0,
            coefficients: [0.0, beta, beta.powi(2), beta.powi(3)],
            factor: |_, _| 1.0,
        };
        let pagerank = Steps {
            before: |degree| 1.0 / degree.max(1.0),
            coefficients: [restart, restart * kept, restart * kept.powi(2), kept.powi(3)],
            factor: |u, v| 1.0 + u / v.max(1.0),
            ..katz
        };
        let paths = Steps {
            before: |degree| 1.0 / degree.max(1.0).sqrt(),
            coefficients: LAST,
            factor: |u, _| u.max(1.0).sqrt(),
            ..katz
        };
        let random = Steps { coefficients: LAST, factor: |_, v| 1.0 / v.max(1.0), ..pagerank };
        let scale: fn(f64) -> f64 = |degree| 1.0 / (degree + 1.0).sqrt();
        let propagation = Steps { before: scale, after: scale, self_loop: 1.0, coefficients: LAST, ..katz };
        let steps = [katz, pagerank, paths, random, propagation];
        let between = |&degree: &f64| lanes(&steps, |steps| (steps.before)(degree) * (steps.after)(degree));
        let between = adjacency.degrees().iter().map(between).collect();
        ShortWalks { adjacency: Arc::clone(adjacency), between, steps }
    }

    /// Returns one score for each of the walks.
    pub(super) fn scores(self) -> [Box<dyn BlockScore>; NUM_WALKS] {
        let walks = Arc::new(self);
        [0, 1, 2, 3, 4].map(|at| Box::new(OneWalk { walks: Arc::clone(&walks), at }) as Box<dyn BlockScore>)
    }

    /// Writes (A + self_loop · I) diag(before) (c_2 + c_3 M) e_u to `sums`, and the nodes that it reaches to `reached`.
    fn walk_from(&self, u: usize, sums: &mut [Lanes], reached: &mut Vec<u32>) {
        let degree = self.adjacency.degrees()[u];
        let before = |at: usize| lanes(&self.steps, |steps| (steps.before)(degree) * steps.coefficients[at]);
        let [twice, thrice] = [before(2), before(3)];
        let loops = lanes(&self.steps, |steps| f64::from(steps.self_loop));
        let mut step_from = |node: usize, value: Lanes| {
            let mut add = |other: u32, value: &Lanes| {
                reached.push(other);
                sums[other as usize].iter_mut().zip(value).for_each(|(sum, value)| *sum += value);
            };
            self.adjacency.neighbours(node).iter().for_each(|&other| add(other, &value));
            add(node as u32, &product(value, loops));
        };
        let back = product(product(self.between[u], loops), thrice);
        step_from(u, std::array::from_fn(|lane| twice[lane] + back[lane]));
        for &neighbour in self.adjacency.neighbours(u) {
            step_from(neighbour as usize, product(self.between[neighbour as usize], thrice));
        }
    }

    /// Returns the scores of each query of a block.
    fn all(&self, block: &Block) -> Vec<[f64; NUM_WALKS]> {
        let degrees = self.adjacency.degrees();
        let mut scores = Vec::with_capacity(block.queries.len());
        let (mut sums, mut reached) = (vec![Lanes::default(); self.adjacency.num_nodes()], Vec::new());
        for (u, queries) in block.by_source() {
            self.walk_from(u, &mut sums, &mut reached);
            let first = lanes(&self.steps, |steps| (steps.before)(degrees[u]) * steps.coefficients[1]);
            scores.extend(queries.iter().map(|query| {
                let v = query.target as usize;
                let mut totals = Lanes::default();
                let mut add = |node: usize, weight: Lanes| {
                    let mut values = product(sums[node], self.between[node]);
                    if node == u {
                        values.iter_mut().zip(first).for_each(|(value, first)| *value += first);
                    }
                    let values = product(values, weight);
                    totals.iter_mut().zip(values).for_each(|(total, value)| *total += value);
                };
                self.adjacency.neighbours(v).iter().for_each(|&w| add(w as usize, [1.0; 8]));
                add(v, lanes(&self.steps, |steps| f64::from(steps.self_loop)));
                std::array::from_fn(|at| {
                    let Steps { after, coefficients, factor, .. } = &self.steps[at];
                    match u == v {
                        false => after(degrees[v]) * f64::from(totals[at]) * factor(degrees[u], degrees[v]),
                        // The factor of PageRank of a node with itself is 2 also without neighbours.
                        true => {
                            let factor =
                                if coefficients[0] > 0.0 { 2.0 } else { factor(degrees[u], degrees[v]) };
                            (coefficients[0] + after(degrees[v]) * f64::from(totals[at])) * factor
                        }
                    }
                })
            }));
            for node in reached.drain(..) {
                sums[node as usize] = Lanes::default();
            }
        }
        scores
    }
}

/// Returns a number for each of the walks.
fn lanes(steps: &[Steps; NUM_WALKS], number: impl Fn(&Steps) -> f64) -> Lanes {
    std::array::from_fn(|lane| steps.get(lane).map_or(0.0, |steps| number(steps) as f32))
}

fn product(a: Lanes, b: Lanes) -> Lanes {
    std::array::from_fn(|lane| a[lane] * b[lane])
}

/// One score of the walks that are found together.
struct OneWalk {
    walks: Arc<ShortWalks>,
    at: usize,
}

impl BlockScore for OneWalk {
    fn scores(&self, block: &Block) -> Vec<f64> {
        block.short_walks(|| self.walks.all(block)).iter().map(|scores| scores[self.at]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::EdgeList;
    use crate::model::baseline::by_degree::ByDegree;
    use crate::model::baseline::walks::Walks;

    #[test]
    fn short_walks_are_the_first_steps_of_walks() {
        let pairs = (0..300u32).map(|at| (at * 7 % 41, (at * at + 3) % 53)).filter(|(u, v)| u != v).collect();
        // The last node has no neighbours.
        let adjacency = Arc::new(Adjacency::new(&EdgeList::new(54, pairs, None).0));
        let graph = Arc::new(ByDegree::new(&adjacency));
        let walks = [
            Walks::<f64>::katz(&graph, 0.05, 3),
            Walks::pagerank(&graph, 0.15, 3),
            Walks::paths_of_three(&graph),
            Walks::random_walk(&graph, 3),
            Walks::propagation(&graph, 3),
        ];
        let sources: Vec<u32> = (0..54).collect();
        for (at, (short, walks)) in
            ShortWalks::new(&adjacency, 0.05, 0.15).scores().iter().zip(walks).enumerate()
        {
            let (found, expected) = (short.rows(&sources, 54), walks.rows(&sources, 54));
            assert!(expected.iter().filter(|&&score| score > 0.0).count() > 54, "{at}");
            for (pair, (found, expected)) in found.iter().zip(&expected).enumerate() {
                assert!((found - expected).abs() <= 1e-5 * expected, "{at}, {pair}: {found}, not {expected}");
            }
        }
    }
}
