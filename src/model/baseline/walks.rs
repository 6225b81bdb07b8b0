//! Scores that sum over walks: Σ_l c_l (Mˡ)_vu, where M is the adjacency with scaled rows and columns.

use std::sync::Arc;

use super::adjacency::Adjacency;
use super::by_source::{Block, BlockScore, LANES};

/// Σ_l c_l (Mˡ)_vu times a factor of the degrees, with M = diag(after) (A + self_loop · I) diag(before).
///
/// O(steps · (n + m)) time for each block of [`LANES`] first nodes, regardless of the number of pairs.
pub(super) struct Walks {
    adjacency: Arc<Adjacency>,
    before: Vec<f64>,
    after: Vec<f64>,
    self_loop: f64,
    coefficients: Vec<f64>,
    factor: fn(f64, f64) -> f64,
}

/// The values of one node, one for each first node of a block.
type Lanes = [f64; LANES];

impl Walks {
    /// Prepares the score of Katz 1953: Σ βˡ (Aˡ)_uv over walks of 1 to `steps` edges.
    pub(super) fn katz(adjacency: &Arc<Adjacency>, beta: f64, steps: i32) -> Self {
        let ones = vec![1.0; adjacency.num_nodes()];
        let mut coefficients: Vec<f64> = (0..=steps).map(|l| beta.powi(l)).collect();
        coefficients[0] = 0.0;
        let adjacency = Arc::clone(adjacency);
        Walks {
            adjacency,
            before: ones.clone(),
            after: ones,
            self_loop: 0.0,
            coefficients,
            factor: |_, _| 1.0,
        }
    }

    /// Prepares personalised PageRank after `steps` steps of w ← α e_u + (1 − α) A D⁻¹ w from w = e_u, where
    /// α is `restart`: the value of v from u plus that of u from v. (A D⁻¹)ˡ D is symmetric, so the second
    /// value is the first times d_u / d_v.
    pub(super) fn pagerank(adjacency: &Arc<Adjacency>, restart: f64, steps: i32) -> Self {
        let mut coefficients: Vec<f64> = (0..=steps).map(|l| restart * (1.0 - restart).powi(l)).collect();
        coefficients[steps as usize] = (1.0 - restart).powi(steps);
        let factor = |u: f64, v: f64| if u == v { 2.0 } else { 1.0 + u / v.max(1.0) };
        Walks { coefficients, factor, ..Self::random(adjacency) }
    }

    /// Prepares (Âˡ)_uv for l = `steps`.
    pub(super) fn propagation(adjacency: &Arc<Adjacency>, steps: usize) -> Self {
        let scale: Vec<f64> = adjacency.degrees().iter().map(|degree| 1.0 / (degree + 1.0).sqrt()).collect();
        let mut coefficients = vec![0.0; steps + 1];
        coefficients[steps] = 1.0;
        let adjacency = Arc::clone(adjacency);
        Walks {
            adjacency,
            before: scale.clone(),
            after: scale,
            self_loop: 1.0,
            coefficients,
            factor: |_, _| 1.0,
        }
    }

    /// Counts paths of three edges, each divided by √(d_w d_x) of its inner nodes w and x (Kovács et al.
    /// 2019, *Network-based prediction of protein interactions*, eq. 2).
    pub(super) fn paths_of_three(adjacency: &Arc<Adjacency>) -> Self {
        let before = adjacency.degrees().iter().map(|degree| 1.0 / degree.max(1.0).sqrt()).collect();
        let coefficients = vec![0.0, 0.0, 0.0, 1.0];
        // With D^-½ to the right of A, the three steps also divide by √d of the first node; the factor undoes
        // that.
        Walks { before, coefficients, factor: |u, _| u.max(1.0).sqrt(), ..Self::random(adjacency) }
    }

    /// Prepares ((A D⁻¹)ˡ)_vu / d_v for l = `steps`: the probability that a random walk of l steps from u
    /// ends in v, divided by the degree of v. It is symmetric in u and v.
    pub(super) fn random_walk(adjacency: &Arc<Adjacency>, steps: usize) -> Self {
        let mut coefficients = vec![0.0; steps + 1];
        coefficients[steps] = 1.0;
        Walks { coefficients, factor: |_, v| 1.0 / v.max(1.0), ..Self::random(adjacency) }
    }

    /// Prepares M = A D⁻¹, without coefficients.
    fn random(adjacency: &Arc<Adjacency>) -> Self {
        Walks {
            adjacency: Arc::clone(adjacency),
            before: adjacency.degrees().iter().map(|degree| 1.0 / degree.max(1.0)).collect(),
            after: vec![1.0; adjacency.num_nodes()],
            self_loop: 0.0,
            coefficients: Vec::new(),
            factor: |_, _| 1.0,
        }
    }

    /// Takes one step, `values` ← M · `values`. `scaled` is scratch space.
    fn step(&self, values: &mut [Lanes], scaled: &mut [Lanes]) {
        for ((scaled, values), &before) in scaled.iter_mut().zip(values.iter()).zip(&self.before) {
            *scaled = values.map(|value| value * before);
        }
        for (node, values) in values.iter_mut().enumerate() {
            let mut sum = scaled[node].map(|value| value * self.self_loop);
            for &neighbour in self.adjacency.neighbours(node) {
                for (sum, value) in sum.iter_mut().zip(&scaled[neighbour as usize]) {
                    *sum += value;
                }
            }
            *values = sum.map(|value| value * self.after[node]);
        }
    }
}

impl BlockScore for Walks {
    fn scores(&self, block: &Block) -> Vec<f64> {
        let mut values = vec![[0.0; LANES]; self.adjacency.num_nodes()];
        let mut scaled = values.clone();
        for (lane, &source) in block.sources.iter().enumerate() {
            values[source as usize][lane] = 1.0;
        }
        let mut sums = vec![0.0; block.queries.len()];
        for (l, &coefficient) in self.coefficients.iter().enumerate() {
            if l > 0 {
                self.step(&mut values, &mut scaled);
            }
            if coefficient != 0.0 {
                for (sum, query) in sums.iter_mut().zip(&block.queries) {
                    *sum += coefficient * values[query.target as usize][query.lane];
                }
            }
        }
        let degrees = self.adjacency.degrees();
        sums.iter()
            .zip(block.pairs())
            .map(|(sum, (u, v))| sum * (self.factor)(degrees[u], degrees[v]))
            .collect()
    }
}
