//! The losses of the gravity decoder against plain sums in f64, and their gradients against finite differences.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vgae::graph::{Direction, EdgeList, Pair};
use vgae::model::loss::{self, GravityReconstruction, SampledEdges, Weighting};

/// A graph of `n` nodes and about `4 n` directed edges with weights; some go both ways, and the last node has
/// none.
fn directed(n: u32) -> EdgeList {
    let pairs: Vec<Pair> = (0..4 * n)
        .map(|at| (at % (n - 1), (at * at + 3 * at + 1) % (n - 1)))
        .flat_map(|(u, v)| if (u + v) % 5 == 0 { vec![(u, v), (v, u)] } else { vec![(u, v)] })
        .filter(|(u, v)| u != v)
        .collect();
    let weights = (0..pairs.len()).map(|at| 0.25 + (at % 7) as f32).collect();
    EdgeList::with_direction(Direction::Directed, n as usize, pairs, Some(weights)).0
}

fn embeddings(n: usize, width: usize, scale: f32) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    (0..n * width).map(|_| scale * rng.random_range(-1.0f32..1.0)).collect()
}

fn absent(edges: &EdgeList) -> Vec<Pair> {
    let n = edges.num_nodes() as u32;
    (0..n).flat_map(|u| (0..n).map(move |v| (u, v))).filter(|&pair| edges.is_candidate(pair)).collect()
}

/// A sum of softplus(−x) over some pairs and softplus(x) over others, each with a factor.
struct Terms {
    lambda: f64,
    ones: Vec<(Pair, f64)>,
    zeros: Vec<(Pair, f64)>,
}

impl Terms {
    fn value(&self, z: &[f64], width: usize) -> f64 {
        let logit = |&((u, v), _): &(Pair, f64)| {
            let row = |node: u32| &z[node as usize * width..][..width];
            let (source, target) = (row(u), row(v));
            let distance: f64 = (0..width - 1).map(|k| (source[k] - target[k]).powi(2)).sum();
            target[width - 1] - self.lambda * (distance + 0.01).ln()
        };
        let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
        let ones = self.ones.iter().map(|term| term.1 * softplus(-logit(term)));
        ones.chain(self.zeros.iter().map(|term| term.1 * softplus(logit(term)))).sum()
    }

    /// Compares the value with `found`, and the differences of the value with the gradient.
    fn check(&self, (value, gradient): &(f64, Vec<f32>), z: &[f32], width: usize) {
        let mut z: Vec<f64> = z.iter().map(|&value| f64::from(value)).collect();
        let expected = self.value(&z, width);
        assert!((value - expected).abs() < 1e-6 * expected, "{value}, expected {expected}");
        let differences: Vec<f64> = (0..z.len())
            .map(|at| {
                let step = 1e-5;
                let mut moved = |by: f64| {
                    let old = z[at];
                    z[at] = old + by;
                    let value = self.value(&z, width);
                    z[at] = old;
                    value
                };
                (moved(step) - moved(-step)) / (2.0 * step)
            })
            .collect();
        let size = differences.iter().fold(0f64, |most, value| most.max(value.abs()));
        for (at, (found, expected)) in gradient.iter().zip(&differences).enumerate() {
            assert!((f64::from(*found) - expected).abs() < 1e-5 * size, "{at}: {found}, expected {expected}");
        }
    }
}

/// Returns the edges with their factors.
fn factors(edges: &EdgeList, weights: Option<&[f32]>, factor: f64) -> Vec<(Pair, f64)> {
    let weight = |at: usize| weights.map_or(1.0, |weights| f64::from(weights[at]));
    edges.pairs().iter().enumerate().map(|(at, &pair)| (pair, factor * weight(at))).collect()
}

/// Returns the terms of the exact loss, as its formula has them.
fn exact(edges: &EdgeList, weights: Option<&[f32]>, lambda: f64) -> Terms {
    let (n, num_ones) = (edges.num_nodes() as f64, edges.len() as f64);
    let (one, zero) = (0.5 / num_ones, 0.5 / (n * n - num_ones));
    let mut ones = factors(edges, weights, one);
    ones.extend((0..edges.num_nodes() as u32).map(|node| ((node, node), one)));
    Terms { lambda, ones, zeros: absent(edges).into_iter().map(|pair| (pair, zero)).collect() }
}

#[test]
fn exact_loss_is_the_sum_over_all_pairs_and_its_gradient_the_differences() {
    for (n, width, scale, lambda) in
        [(9, 2, 1.0, 1.0), (40, 6, 0.3, 0.05), (33, 17, 2.0, 3.0), (140, 4, 1.0, 1.0)]
    {
        let edges = directed(n);
        let weights = loss::relative_weights(&edges, &edges).unwrap();
        let z = embeddings(n as usize, width, scale);
        let plain = GravityReconstruction::new(&edges, lambda);
        exact(&edges, None, lambda).check(&plain.value_and_gradient(&z, width), &z, width);
        let weighted = GravityReconstruction::new(&edges, lambda).weighted(weights.clone());
        exact(&edges, Some(&weights), lambda).check(&weighted.value_and_gradient(&z, width), &z, width);
    }
}

#[test]
fn unbiased_loss_over_all_negatives_is_exact() {
    let edges = directed(40);
    let weights = loss::relative_weights(&edges, &edges).unwrap();
    for width in [2, 6, 33] {
        let z = embeddings(40, width, 1.0);
        let sampled = SampledEdges::new(edges.clone(), Weighting::Unbiased);
        let found = sampled.with(absent(&edges)).gravity_value_and_gradient(&z, width, 0.7);
        exact(&edges, None, 0.7).check(&found, &z, width);
        let sampled = SampledEdges::new(edges.clone(), Weighting::Unbiased).weighted(weights.clone());
        let found = sampled.with(absent(&edges)).gravity_value_and_gradient(&z, width, 0.7);
        exact(&edges, Some(&weights), 0.7).check(&found, &z, width);
    }
}

#[test]
fn balanced_loss_is_half_of_each_mean() {
    let edges = directed(40);
    // Repeated negatives, and the reverses of edges, count as they are.
    let mut negatives: Vec<Pair> = absent(&edges).into_iter().step_by(9).collect();
    negatives.extend_from_within(..5);
    let one = 0.5 / edges.len() as f64;
    let zero = 0.5 / negatives.len() as f64;
    let zeros = negatives.iter().map(|&pair| (pair, zero)).collect();
    let terms = Terms { lambda: 1.3, ones: factors(&edges, None, one), zeros };
    let z = embeddings(40, 6, 1.0);
    let sampled = SampledEdges::new(edges, Weighting::Balanced);
    terms.check(&sampled.with(negatives).gravity_value_and_gradient(&z, 6, 1.3), &z, 6);
}

#[test]
fn reverses_of_edges_are_drawn_as_negatives() {
    // Every ordered pair is an edge but 2 → 0, whose reverse is one.
    let pairs = vec![(0, 1), (0, 2), (1, 0), (1, 2), (2, 1)];
    let edges = EdgeList::with_direction(Direction::Directed, 3, pairs, None).0;
    let z = embeddings(3, 4, 1.0);
    let sampled = SampledEdges::new(edges.clone(), Weighting::Balanced);
    let drawn = sampled.draw(&edges, 2, &mut ChaCha8Rng::seed_from_u64(1));
    let expected = sampled.with(vec![(2, 0); 10]).gravity_value_and_gradient(&z, 4, 1.0);
    assert_eq!(drawn.gravity_value_and_gradient(&z, 4, 1.0), expected);
}

#[test]
fn a_nan_or_infinity_makes_the_sampled_loss_not_finite() {
    let edges = directed(40);
    let sampled = SampledEdges::new(edges.clone(), Weighting::Balanced);
    let sample = sampled.draw(&edges, 1, &mut ChaCha8Rng::seed_from_u64(1));
    let node = edges.pairs()[0].1 as usize;
    for (column, value) in [(0, f32::NAN), (2, f32::INFINITY), (3, f32::NAN)] {
        let mut z = embeddings(40, 4, 1.0);
        z[node * 4 + column] = value;
        assert!(!sample.gravity_value_and_gradient(&z, 4, 1.0).0.is_finite());
    }
}

#[test]
fn unbiased_loss_is_exact_on_average() {
    let edges = directed(40);
    let z = embeddings(40, 6, 1.0);
    let (exact, _) = GravityReconstruction::new(&edges, 1.0).value_and_gradient(&z, 6);
    let sampled = SampledEdges::new(edges.clone(), Weighting::Unbiased);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let values: Vec<f64> = (0..400)
        .map(|_| sampled.draw(&edges, 3, &mut rng).gravity_value_and_gradient(&z, 6, 1.0).0)
        .collect();
    let mean = values.iter().sum::<f64>() / 400.0;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 399.0;
    assert!((mean - exact).abs() < 5.0 * (variance / 400.0).sqrt(), "{mean}, expected {exact}");
}

#[test]
fn sums_do_not_depend_on_the_number_of_threads() {
    let edges = directed(1500);
    let z = embeddings(1500, 33, 1.0);
    let on = |num_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(num_threads).build().unwrap();
        pool.install(|| {
            let exact = GravityReconstruction::new(&edges, 1.0).value_and_gradient(&z, 33);
            let sampled = SampledEdges::new(edges.clone(), Weighting::Unbiased);
            let sample = sampled.draw(&edges, 3, &mut ChaCha8Rng::seed_from_u64(5));
            let of_sample = sample.gravity_value_and_gradient(&z, 33, 1.0);
            [exact, of_sample].map(|(value, gradient)| {
                (value.to_bits(), gradient.iter().map(|value| value.to_bits()).collect::<Vec<_>>())
            })
        })
    };
    let one = on(1);
    assert!(one == on(2) && one == on(3));
}
