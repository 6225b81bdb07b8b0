//! The gravity model's parts against PyTorch and scipy (tests/golden/make_gravity.py), and by hand.

use ndarray::{Array2, array};
use proptest::prelude::*;
use serde_json::Value;
use vgae::graph::normalize;
use vgae::graph::{Direction, EdgeList, Pair};
use vgae::model::decoder::gravity;
use vgae::model::loss::GravityReconstruction;

fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/gravity.json")).unwrap()
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    serde_json::from_value(value.clone()).unwrap()
}

fn directed(num_nodes: usize, pairs: Vec<Pair>, weights: Option<Vec<f32>>) -> EdgeList {
    EdgeList::with_direction(Direction::Directed, num_nodes, pairs, weights).0
}

fn edges(golden: &Value, weights: Option<Vec<f32>>) -> EdgeList {
    directed(7, serde_json::from_value(golden["edges"].clone()).unwrap(), weights)
}

#[test]
fn row_stochastic_adj_norm_matches_scipy() {
    let golden = golden();
    let weights = serde_json::from_value(golden["weights"].clone()).unwrap();
    for (edges, name) in
        [(edges(&golden, None), "adj_norm"), (edges(&golden, Some(weights)), "weighted_adj_norm")]
    {
        let found = normalize::row_stochastic(&edges).to_dense();
        for (u, row) in rows(&golden[name]).iter().enumerate() {
            for (v, expected) in row.iter().enumerate() {
                assert!((found[[u, v]] as f64 - expected).abs() < 1e-7, "{name}[{u}, {v}]");
            }
        }
    }
}

#[test]
fn normalisation_by_hand() {
    // 0 → 1, 0 → 2, 2 → 0: node 0 receives from itself, 1 and 2; node 1 from itself; node 2 from itself and
    // 0.
    let edges = directed(3, vec![(0, 1), (0, 2), (2, 0)], None);
    let third = 1.0 / 3.0;
    let expected = array![[third, third, third], [0.0, 1.0, 0.0], [0.5, 0.0, 0.5]];
    assert_eq!(normalize::row_stochastic(&edges).to_dense(), expected);
    // Without directions each edge appears in both rows.
    let undirected = edges.undirected();
    assert_eq!(undirected.pairs(), [(0, 1), (0, 2)]);
    let expected = array![[third, third, third], [0.5, 0.5, 0.0], [0.5, 0.0, 0.5]];
    assert_eq!(normalize::row_stochastic(&undirected).to_dense(), expected);
    // The symmetric Â is that of the undirected version.
    assert_eq!(normalize::symmetric(&edges), normalize::symmetric(&undirected));
}

#[test]
fn blocked_loss_and_gradient_match_autograd() {
    let golden = golden();
    for case in golden["losses"].as_array().unwrap() {
        let z = rows(&case["z"]);
        let width = z[0].len();
        let z: Vec<f32> = z.concat().iter().map(|&value| value as f32).collect();
        let lambda = case["lambda"].as_f64().unwrap();
        let (value, gradient) =
            GravityReconstruction::new(&edges(&golden, None), lambda).value_and_gradient(&z, width);
        let expected = case["value"].as_f64().unwrap();
        assert!((value - expected).abs() < 1e-6 * expected, "{value}, expected {expected}");
        let expected = rows(&case["gradient"]).concat();
        let size = expected.iter().fold(0f64, |most, value| most.max(value.abs()));
        for (found, expected) in gradient.iter().zip(&expected) {
            assert!((*found as f64 - expected).abs() < 1e-6 * size, "{found}, expected {expected}");
        }
        let z = Array2::from_shape_vec((7, width), z).unwrap();
        for (u, row) in rows(&case["logits"]).iter().enumerate() {
            for (v, expected) in row.iter().enumerate() {
                let found = gravity::decode_pair(z.view(), (u as u32, v as u32), lambda);
                assert!((found - expected).abs() < 1e-12 * expected.abs().max(1.0), "{u} → {v}: {found}");
            }
        }
    }
}

#[test]
fn decoding_by_hand() {
    // Nodes 0 and 1 are 5 apart; 2 lies on 0. The masses are 1, −2 and 0.
    let z = array![[0f32, 0.0, 1.0], [3.0, 4.0, -2.0], [0.0, 0.0, 0.0]];
    let logits = gravity::decode_pairs(z.view(), &[(0, 1), (1, 0), (0, 2), (2, 0)], 2.0);
    let (far, near) = (2.0 * 25.01f64.ln(), 2.0 * 0.01f64.ln());
    assert_eq!(logits, [-2.0 - far, 1.0 - far, -near, 1.0 - near]);
    // 2 → 0 has the highest logit; 1 → 2 is known, 2 → 1 is not.
    let known = directed(3, vec![(1, 2), (0, 2)], None);
    let best: Vec<Pair> = gravity::top_pairs(z.view(), 9, &known, 2.0).iter().map(|best| best.pair).collect();
    assert_eq!(best, [(2, 0), (1, 0), (0, 1), (2, 1)]);
}

/// Scores and sorts all ordered pairs.
fn sorted_pairs(z: &Array2<f32>, known: &EdgeList, lambda: f64, k: usize) -> Vec<(f64, Pair)> {
    let n = z.nrows() as u32;
    let mut all: Vec<(f64, Pair)> = (0..n)
        .flat_map(|u| (0..n).map(move |v| (u, v)))
        .filter(|&(u, v)| u != v && !known.contains((u, v)))
        .map(|pair| (gravity::decode_pair(z.view(), pair, lambda), pair))
        .collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    all.truncate(k);
    all
}

fn top_pairs(z: &Array2<f32>, known: &EdgeList, lambda: f64, k: usize) -> Vec<(f64, Pair)> {
    let best = gravity::top_pairs(z.view(), k, known, lambda);
    best.iter().map(|best| (best.logit, best.pair)).collect()
}

#[test]
fn blocked_top_pairs_match_sorting() {
    let known = directed(1100, (0..1099).map(|u| (u, u + 1)).collect(), None);
    for (scale, lambda) in [(1.0, 1.0), (0.05, 0.05), (30.0, 10.0)] {
        let z = Array2::from_shape_fn((1100, 5), |(i, j)| {
            let hash = ((5 * i + j + 1) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            scale * ((hash % 10007) as f32 / 5000.0 - 1.0)
        });
        assert_eq!(top_pairs(&z, &known, lambda, 300), sorted_pairs(&z, &known, lambda, 300));
    }
}

proptest! {
    #[test]
    fn top_pairs_match_sorting(
        n in 1usize..90,
        pairs in prop::collection::vec((0u32..90, 0u32..90), 0..200),
        k in 0usize..50,
        lambda in prop::sample::select(vec![0.0, 0.05, 1.0, 10.0]),
        is_tied: bool,
        seed: u64,
    ) {
        let known = pairs.into_iter().map(|(u, v)| (u % n as u32, v % n as u32)).collect();
        let known = directed(n, known, None);
        // Small whole numbers produce ties.
        let value = |at: usize| {
            let hash = (at as u64 + 1).wrapping_mul(seed | 1) >> 40;
            if is_tied { (hash % 3) as f32 } else { (hash % 10007) as f32 / 3000.0 }
        };
        let z = Array2::from_shape_fn((n, 4), |(i, j)| value(4 * i + j));
        prop_assert_eq!(top_pairs(&z, &known, lambda, k), sorted_pairs(&z, &known, lambda, k));
        // The best of each node are its pairs in the order of all.
        let all = sorted_pairs(&z, &known, lambda, n * n);
        let nodes: Vec<u32> = (0..n as u32).rev().step_by(2).collect();
        let found = gravity::top_of_nodes(z.view(), &nodes, k, &known, lambda);
        for (node, found) in nodes.into_iter().zip(found) {
            let found: Vec<(f64, Pair)> = found.iter().map(|best| (best.logit, best.pair)).collect();
            let own = all.iter().copied().filter(|(_, pair)| pair.0 == node).take(k);
            prop_assert_eq!(found, own.collect::<Vec<_>>());
        }
    }
}
