//! Input data shared by the benchmarks. Each benchmark uses only part of this module.

#![allow(dead_code)]

use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vgae::graph::Pair;

/// Returns the edges of a graph with a power-law degree distribution (Barabási & Albert 1999): each node is
/// joined to 5 earlier ones, with probability proportional to their degree.
pub fn power_law(num_nodes: u32) -> Vec<Pair> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut ends: Vec<u32> = (0..5).collect();
    let mut pairs = Vec::new();
    for node in 5..num_nodes {
        let known = ends.len();
        for _ in 0..5 {
            let other = ends[rng.random_range(0..known)];
            pairs.push((node, other));
            ends.extend([node, other]);
        }
    }
    pairs
}

/// Returns random embeddings, [n, 16].
pub fn embeddings(num_nodes: usize) -> Array2<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    Array2::from_shape_fn((num_nodes, 16), |_| rng.random_range(-1.0..1.0))
}
