//! Scaled weights, losses over samples, and metrics of scores in the same order.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vgae::evaluate::metrics::{average_precision, roc_auc};
use vgae::graph::normalize;
use vgae::graph::{EdgeList, Pair};
use vgae::model::loss::{ExactReconstruction, SampledEdges, Weighting, relative_weights};

use super::nodes::random_pairs;

const NUM_NODES: usize = 60;

/// Each node's self-loop has weight 1 whatever the edges weigh, so scaling the edge weights changes Â. Â
/// stays the same only if the loops are scaled too, which an edge list cannot express, or in the limit of
/// heavy edges, where loops are negligible.
#[test]
fn scaled_weights_against_self_loops() {
    let pairs = random_pairs(NUM_NODES, 200, 1);
    let weight = |(u, v): Pair| 0.5 + ((u.min(v) + 2 * u.max(v)) % 5) as f32;
    let scaled = |factor: f32| {
        let weights = pairs.iter().map(|&pair| factor * weight(pair)).collect();
        EdgeList::new(NUM_NODES, pairs.clone(), Some(weights)).0
    };
    let once = scaled(1.0);
    let mut degree = vec![0f64; NUM_NODES];
    for (&(u, v), &weight) in once.pairs().iter().zip(once.weights().unwrap()) {
        degree[u as usize] += f64::from(weight);
        degree[v as usize] += f64::from(weight);
    }
    for factor in [1.0, 1e-20, 0.01, 8.0, 1e6, 1e30] {
        let scaled = scaled(factor);
        let (symmetric, walk) = (normalize::symmetric(&scaled), normalize::row_stochastic(&scaled));
        let factor = f64::from(factor);
        let sum = |node: u32| 1.0 + factor * degree[node as usize];
        let close = |found: Option<&f32>, expected: f64, what: &str| {
            let found = f64::from(*found.unwrap());
            assert!(
                (found - expected).abs() <= 1e-6 * expected,
                "{factor}, {what}: {found}, expected {expected}"
            );
        };
        for &(u, v) in scaled.pairs() {
            let weight = factor * f64::from(weight((u, v)));
            close(symmetric.get(u as usize, v as usize), weight / (sum(u) * sum(v)).sqrt(), "symmetric");
            close(walk.get(u as usize, v as usize), weight / sum(u), "row-stochastic");
        }
        for node in 0..NUM_NODES as u32 {
            close(symmetric.get(node as usize, node as usize), 1.0 / sum(node), "loop");
            close(walk.get(node as usize, node as usize), 1.0 / sum(node), "loop");
        }
    }
    // In the limit of heavy edges the scale no longer matters.
    let (heavy, heavier) = (normalize::symmetric(&scaled(1e12)), normalize::symmetric(&scaled(1e16)));
    for &(u, v) in once.pairs() {
        let [heavy, heavier] =
            [&heavy, &heavier].map(|adj_norm| *adj_norm.get(u as usize, v as usize).unwrap());
        assert!((heavy - heavier).abs() <= 1e-6 * heavy, "{heavy}, {heavier}");
    }
    // Weights of 1 are equivalent to no weights.
    let ones = EdgeList::new(NUM_NODES, pairs.clone(), Some(vec![1.0; pairs.len()])).0;
    let none = EdgeList::new(NUM_NODES, pairs.clone(), None).0;
    assert_eq!(normalize::symmetric(&ones), normalize::symmetric(&none));
    // The factors of the loss do not depend on the scale. A power of two is exact.
    let times_8 = scaled(8.0);
    assert_eq!(relative_weights(&times_8, &times_8), relative_weights(&once, &once));
}

/// A loss and its gradient.
type Drawn = (f64, Vec<f32>);

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[test]
fn sampled_losses_and_gradients_are_unbiased() {
    let (n, d, num_draws) = (30, 4, 3000);
    let graph = EdgeList::new(n, random_pairs(n, 60, 1), None).0;
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let z: Vec<f32> = (0..n * d).map(|_| rng.random_range(-1.0..1.0)).collect();
    let logit = |(u, v): Pair| -> f64 {
        let row = |node: u32| &z[node as usize * d..][..d];
        row(u).iter().zip(row(v)).map(|(a, b)| f64::from(a * b)).sum()
    };
    let all = (0..n as u32).flat_map(|v| (0..v).map(move |u| (u, v)));
    let absent: Vec<Pair> = all.filter(|&pair| !graph.contains(pair)).collect();
    let mean = |pairs: &[Pair], sign: f64| {
        pairs.iter().map(|&pair| softplus(sign * logit(pair))).sum::<f64>() / pairs.len() as f64
    };
    let balanced = 0.5 * (mean(graph.pairs(), -1.0) + mean(&absent, 1.0));
    let (exact, exact_gradient) = ExactReconstruction::new(&graph).value_and_gradient(&z, d);
    // Over every absent pair once, the loss is not random.
    let once = SampledEdges::new(graph.clone(), Weighting::Balanced);
    let (_, balanced_gradient) = once.with(absent.clone()).value_and_gradient(&z, d);
    for (weighting, value, gradient) in
        [(Weighting::Balanced, balanced, balanced_gradient), (Weighting::Unbiased, exact, exact_gradient)]
    {
        let sampled = SampledEdges::new(graph.clone(), weighting);
        let draws: Vec<Drawn> =
            (0..num_draws).map(|_| sampled.draw(&graph, 2, &mut rng).value_and_gradient(&z, d)).collect();
        let check = |of: &dyn Fn(&Drawn) -> f64, expected: f64, what: &str| {
            let mean = draws.iter().map(of).sum::<f64>() / num_draws as f64;
            let variance = draws.iter().map(|draw| (of(draw) - mean).powi(2)).sum::<f64>() / num_draws as f64;
            // Five standard errors, plus the rounding of f32 for values that are not random.
            let error = 5.0 * (variance / num_draws as f64).sqrt() + 1e-7;
            assert!(
                (mean - expected).abs() < error,
                "{weighting:?} {what}: {mean} ± {error}, expected {expected}"
            );
        };
        check(&|draw| draw.0, value, "loss");
        for (at, &expected) in gradient.iter().enumerate() {
            check(&|draw| f64::from(draw.1[at]), f64::from(expected), "gradient");
        }
    }
}

proptest! {
    /// AUC and AP depend on the ranking alone: a strictly increasing function leaves them unchanged, ties
    /// included.
    #[test]
    fn auc_and_ap_depend_on_order_only(
        rows in prop::collection::vec((-40i32..40, any::<bool>()), 2..200),
    ) {
        let labels: Vec<bool> = rows.iter().map(|row| row.1).collect();
        prop_assume!(labels.contains(&true) && labels.contains(&false));
        let logits: Vec<f64> = rows.iter().map(|row| f64::from(row.0) / 8.0).collect();
        let grown: [fn(f64) -> f64; 4] =
            [|x| 3.0 * x + 100.0, |x| x.powi(3), |x| 1.0 / (1.0 + (-x).exp()), |x| x.exp() - 1e6];
        for function in grown {
            let other: Vec<f64> = logits.iter().map(|&logit| function(logit)).collect();
            prop_assert_eq!(roc_auc(&logits, &labels).unwrap(), roc_auc(&other, &labels).unwrap());
            prop_assert_eq!(
                average_precision(&logits, &labels).unwrap(),
                average_precision(&other, &labels).unwrap()
            );
        }
        // Negated logits reverse the ranking.
        let turned: Vec<f64> = logits.iter().map(|&logit| -logit).collect();
        let sum = roc_auc(&logits, &labels).unwrap() + roc_auc(&turned, &labels).unwrap();
        prop_assert!((sum - 1.0).abs() < 1e-12);
    }
}
