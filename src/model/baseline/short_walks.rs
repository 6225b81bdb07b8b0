//! Walks of at most three steps, found from each first node alone: for graphs too large for walks through all nodes.

use std::sync::Arc;

use super::adjacency::Adjacency;
use super::by_source::{Block, BlockScore};

/// c_0 [u = v] + c_1 M_vu + c_2 (M²)_vu + c_3 (M³)_vu times a factor of the degrees, with
/// M = diag(after) (A + self_loop · I) diag(before): the first steps of [`Walks`](super::walks::Walks).
///
/// The first two steps are taken once for each first node u, in Σ_w d_w time over its neighbours w. The last is taken
/// backwards from v, in d_v time.
pub(super) struct ShortWalks {
    adjacency: Arc<Adjacency>,
    before: Vec<f64>,
    after: Vec<f64>,
    self_loop: f64,
    coefficients: [f64; 4],
    factor: fn(f64, f64) -> f64,
}

impl ShortWalks {
    /// Prepares Katz's score: Σ βˡ (Aˡ)_uv over walks of 1 to 3 edges.
    pub(super) fn katz(adjacency: &Arc<Adjacency>, beta: f64) -> Self {
        let ones = vec![1.0; adjacency.num_nodes()];
        ShortWalks {
            adjacency: Arc::clone(adjacency),
            before: ones.clone(),
            after: ones,
            self_loop: 0.0,
            coefficients: [0.0, beta, beta.powi(2), beta.powi(3)],
            factor: |_, _| 1.0,
        }
    }

    /// Prepares personalised PageRank after 3 steps; see [`Walks::pagerank`](super::walks::Walks::pagerank).
    pub(super) fn pagerank(adjacency: &Arc<Adjacency>, restart: f64) -> Self {
        let kept = 1.0 - restart;
        let coefficients = [restart, restart * kept, restart * kept.powi(2), kept.powi(3)];
        let factor = |u: f64, v: f64| if u == v { 2.0 } else { 1.0 + u / v.max(1.0) };
        ShortWalks { factor, ..Self::random(adjacency, coefficients) }
    }

    /// Prepares (Â³)_uv.
    pub(super) fn propagation(adjacency: &Arc<Adjacency>) -> Self {
        let scale: Vec<f64> = adjacency.degrees().iter().map(|degree| 1.0 / (degree + 1.0).sqrt()).collect();
        ShortWalks { before: scale.clone(), after: scale, self_loop: 1.0, ..Self::random(adjacency, LAST) }
    }

    /// Counts paths of three edges; see [`Walks::paths_of_three`](super::walks::Walks::paths_of_three).
    pub(super) fn paths_of_three(adjacency: &Arc<Adjacency>) -> Self {
        let before = adjacency.degrees().iter().map(|degree| 1.0 / degree.max(1.0).sqrt()).collect();
        ShortWalks { before, factor: |u, _| u.max(1.0).sqrt(), ..Self::random(adjacency, LAST) }
    }

    /// Prepares ((A D⁻¹)³)_vu / d_v; see [`Walks::random_walk`](super::walks::Walks::random_walk).
    pub(super) fn random_walk(adjacency: &Arc<Adjacency>) -> Self {
        ShortWalks { factor: |_, v| 1.0 / v.max(1.0), ..Self::random(adjacency, LAST) }
    }

    /// Prepares M = A D⁻¹.
    fn random(adjacency: &Arc<Adjacency>, coefficients: [f64; 4]) -> Self {
        ShortWalks {
            adjacency: Arc::clone(adjacency),
            before: adjacency.degrees().iter().map(|degree| 1.0 / degree.max(1.0)).collect(),
            after: vec![1.0; adjacency.num_nodes()],
            self_loop: 0.0,
            coefficients,
            factor: |_, _| 1.0,
        }
    }

    /// Adds diag(`before`) (c_1 + c_2 M + c_3 M²) e_u to `values`, and the nodes that it reaches to `reached`.
    fn walk_from(&self, u: usize, values: &mut [f64], reached: &mut Vec<u32>) {
        let [_, once, twice, thrice] = self.coefficients;
        let mut add = |node: u32, value: f64| {
            values[node as usize] += self.before[node as usize] * value;
            reached.push(node);
        };
        add(u as u32, once);
        // c_2 e_u + c_3 M e_u at each node that one step reaches, and one more step from there.
        let mut step_from = |node: usize, value: f64| {
            let value = self.before[node] * value;
            let mut arrive = |other: u32, share: f64| add(other, self.after[other as usize] * share * value);
            self.adjacency.neighbours(node).iter().for_each(|&other| arrive(other, 1.0));
            if self.self_loop != 0.0 {
                arrive(node as u32, self.self_loop);
            }
        };
        let sent = thrice * self.before[u];
        step_from(u, twice + self.after[u] * self.self_loop * sent);
        for &neighbour in self.adjacency.neighbours(u) {
            step_from(neighbour as usize, self.after[neighbour as usize] * sent);
        }
    }
}

/// The coefficients of walks of exactly three edges.
const LAST: [f64; 4] = [0.0, 0.0, 0.0, 1.0];

impl BlockScore for ShortWalks {
    fn scores(&self, block: &Block) -> Vec<f64> {
        let degrees = self.adjacency.degrees();
        let mut scores = Vec::with_capacity(block.queries.len());
        let (mut values, mut reached) = (vec![0f64; self.adjacency.num_nodes()], Vec::new());
        for (u, queries) in block.by_source() {
            self.walk_from(u, &mut values, &mut reached);
            scores.extend(queries.iter().map(|query| {
                let v = query.target as usize;
                let neighbours = self.adjacency.neighbours(v).iter();
                let sum = neighbours.fold(self.self_loop * values[v], |sum, &w| sum + values[w as usize]);
                let stays = if u == v { self.coefficients[0] } else { 0.0 };
                (stays + self.after[v] * sum) * (self.factor)(degrees[u], degrees[v])
            }));
            for node in reached.drain(..) {
                values[node as usize] = 0.0;
            }
        }
        scores
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
        let both: [(&str, ShortWalks, Walks<f64>); 5] = [
            ("katz", ShortWalks::katz(&adjacency, 0.05), Walks::katz(&graph, 0.05, 3)),
            ("pagerank", ShortWalks::pagerank(&adjacency, 0.15), Walks::pagerank(&graph, 0.15, 3)),
            ("propagation", ShortWalks::propagation(&adjacency), Walks::propagation(&graph, 3)),
            ("paths", ShortWalks::paths_of_three(&adjacency), Walks::paths_of_three(&graph)),
            ("random walk", ShortWalks::random_walk(&adjacency), Walks::random_walk(&graph, 3)),
        ];
        let sources: Vec<u32> = (0..54).collect();
        for (name, short, walks) in both {
            let (found, expected) = (short.rows(&sources, 54), walks.rows(&sources, 54));
            assert!(expected.iter().filter(|&&score| score > 0.0).count() > 54, "{name}");
            for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
                assert!((found - expected).abs() <= 1e-12 * expected, "{name} {at}: {found}, not {expected}");
            }
        }
    }
}
