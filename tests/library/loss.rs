//! The estimates of the exact reconstruction loss, compared with it.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use vgae::graph::{Direction, EdgeList, Pair};
use vgae::model::loss::{
    self, ExactReconstruction, GravityReconstruction, SampledEdges, SubgraphReconstruction, Weighting,
};

use crate::shared::repository;

/// Reads the karate club: 34 nodes, 78 edges, none isolated.
fn karate() -> EdgeList {
    vgae::read::data(&repository("datasets/karate"), &Default::default(), &Default::default()).unwrap().edges
}

fn z(n: usize, d: usize) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    (0..n * d).map(|_| rng.random_range(-1.0f32..1.0)).collect()
}

fn assert_same(found: &(f64, Vec<f32>), expected: &(f64, Vec<f32>)) {
    assert!((found.0 - expected.0).abs() < 1e-6 * expected.0, "{}, expected {}", found.0, expected.0);
    let size = expected.1.iter().fold(0f32, |most, value| most.max(value.abs()));
    for (found, expected) in found.1.iter().zip(&expected.1) {
        assert!((found - expected).abs() <= 1e-5 * size, "{found}, expected {expected}");
    }
}

#[test]
fn unbiased_loss_over_all_negatives_is_exact() {
    let edges = karate();
    let n = edges.num_nodes() as u32;
    let pairs = (0..n).flat_map(|u| (0..n).map(move |v| (u, v)));
    let absent: Vec<Pair> = pairs.filter(|&(u, v)| u != v && !edges.contains((u, v))).collect();
    for d in [1, 5, 16, 40] {
        let z = z(34, d);
        let exact = ExactReconstruction::new(&edges).value_and_gradient(&z, d);
        let sampled = SampledEdges::new(edges.clone(), Weighting::Unbiased);
        assert_same(&sampled.with(absent.clone()).value_and_gradient(&z, d), &exact);
        let balanced = SampledEdges::new(edges.clone(), Weighting::Balanced);
        let (value, _) = balanced.with(absent.clone()).value_and_gradient(&z, d);
        assert!((value - exact.0).abs() > 1e-3, "without the diagonal it is another loss");
    }
}

#[test]
fn unbiased_loss_is_exact_on_average() {
    let edges = karate();
    let z = z(34, 8);
    let exact = ExactReconstruction::new(&edges).value_and_gradient(&z, 8);
    let sampled = SampledEdges::new(edges.clone(), Weighting::Unbiased);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let values: Vec<f64> =
        (0..400).map(|_| sampled.draw(&edges, 5, &mut rng).value_and_gradient(&z, 8).0).collect();
    let mean = values.iter().sum::<f64>() / 400.0;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 399.0;
    assert!((mean - exact.0).abs() < 5.0 * (variance / 400.0).sqrt(), "{mean}, expected {}", exact.0);
}

#[test]
fn draws_depend_on_seed_only() {
    let edges = karate();
    let z = z(34, 8);
    let draw = |num_threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(num_threads).build().unwrap();
        pool.install(|| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let sampled = SampledEdges::new(edges.clone(), Weighting::Balanced);
            let subgraphs = SubgraphReconstruction::new(&edges, 10);
            // 78,000 negatives are split into many tasks.
            let of_sample = sampled.draw(&edges, 1000, &mut rng).value_and_gradient(&z, 8);
            (of_sample, subgraphs.draw(&mut rng).value_and_gradient(&z, 8))
        })
    };
    assert_eq!(draw(1, 1), draw(3, 1));
    assert_ne!(draw(1, 1), draw(1, 2));
}

#[test]
fn subgraph_loss_matches_exact_loss() {
    let edges = karate();
    let z = z(34, 16);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let all = SubgraphReconstruction::new(&edges, 100).draw(&mut rng);
    let exact = ExactReconstruction::new(&edges).value_and_gradient(&z, 16);
    assert_same(&all.value_and_gradient(&z, 16), &exact);

    let (_, gradient) = SubgraphReconstruction::new(&edges, 10).draw(&mut rng).value_and_gradient(&z, 16);
    let drawn: Vec<u32> = (0..34).filter(|&node| gradient[node as usize * 16] != 0.0).collect();
    assert_eq!(drawn.len(), 10);
    // The graph that the drawn nodes induce.
    let index_of = |node: u32| drawn.iter().position(|&other| other == node).map(|at| at as u32);
    let own: Vec<Pair> =
        edges.pairs().iter().filter_map(|&(u, v)| Some((index_of(u)?, index_of(v)?))).collect();
    let rows = |values: &[f32]| -> Vec<f32> {
        drawn.iter().flat_map(|&node| values[node as usize * 16..][..16].to_vec()).collect()
    };
    let (_, expected) =
        ExactReconstruction::new(&EdgeList::new(10, own, None).0).value_and_gradient(&rows(&z), 16);
    assert_eq!(rows(&gradient), expected);
}

#[test]
fn subgraph_nodes_are_drawn_by_degree() {
    // A star of 9 leaves, a separate edge, and an isolated node.
    let pairs = (1..10).map(|leaf| (0, leaf)).chain([(10, 11)]).collect();
    let edges = EdgeList::new(13, pairs, None).0;
    let subgraphs = SubgraphReconstruction::new(&edges, 1);
    let z = z(13, 4);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut counts = [0usize; 13];
    for _ in 0..4000 {
        let (_, gradient) = subgraphs.draw(&mut rng).value_and_gradient(&z, 4);
        counts[gradient.chunks(4).position(|row| row[0] != 0.0).unwrap()] += 1;
    }
    assert_eq!(counts[12], 0);
    // The hub has 9 of the 20 edge ends, each other node one; the bound is five standard errors.
    let error = |share: f64| 5.0 * (share * (1.0 - share) / 4000.0).sqrt();
    let share = |node: usize| counts[node] as f64 / 4000.0;
    assert!((share(0) - 0.45).abs() < error(0.45), "{counts:?}");
    assert!((1..12).all(|node| (share(node) - 0.05).abs() < error(0.05)), "{counts:?}");
}

#[test]
fn weighted_and_bipartite_losses_match_pytorch() {
    let golden: Value = serde_json::from_str(include_str!("../golden/losses.json")).unwrap();
    let list = |name: &str| -> Vec<Pair> { serde_json::from_value(golden[name].clone()).unwrap() };
    let weights: Vec<f32> = serde_json::from_value(golden["weights"].clone()).unwrap();
    let of = |direction| EdgeList::with_direction(direction, 7, list("edges"), Some(weights.clone())).0;
    let (undirected, directed) = (of(Direction::Undirected), of(Direction::Directed));
    let across = undirected.clone().across_kinds(golden["num_sources"].as_u64().unwrap() as usize).unwrap();
    let relative = loss::relative_weights(&undirected, &undirected).unwrap();
    for case in golden["cases"].as_array().unwrap() {
        let rows = |name: &str| -> Vec<f32> {
            serde_json::from_value::<Vec<Vec<f32>>>(case[name].clone()).unwrap().concat()
        };
        let (z, d) = (rows("z"), 4);
        let is_weighted = case["is_weighted"].as_bool().unwrap();
        let exact = |edges: &EdgeList| {
            let exact = match is_weighted {
                false => ExactReconstruction::new(edges),
                true => ExactReconstruction::weighted(edges, &relative),
            };
            exact.value_and_gradient(&z, d)
        };
        let sampled = |edges: &EdgeList, weighting| {
            let sampled = SampledEdges::new(edges.clone(), weighting);
            let sampled = if is_weighted { sampled.weighted(relative.clone()) } else { sampled };
            sampled.with(list("negatives")).value_and_gradient(&z, d)
        };
        let found = match case["loss"].as_str().unwrap() {
            "exact" => exact(&undirected),
            "bipartite" => exact(&across),
            "sampled" => {
                // On a bipartite graph the unbiased loss equals the balanced one.
                let balanced = sampled(&undirected, Weighting::Balanced);
                assert_same(&sampled(&across, Weighting::Unbiased), &balanced);
                balanced
            }
            _ => {
                let gravity = GravityReconstruction::new(&directed, golden["lambda"].as_f64().unwrap());
                let gravity = if is_weighted { gravity.weighted(relative.clone()) } else { gravity };
                gravity.value_and_gradient(&z, d)
            }
        };
        assert_same(&found, &(case["value"].as_f64().unwrap(), rows("gradient")));
    }
}

/// Returns a bipartite graph of 9 sources and 14 targets; a third of the pairs are edges, with various
/// weights.
fn shop() -> EdgeList {
    let pairs: Vec<Pair> =
        (0..126u32).map(|at| (at / 14, 9 + at % 14)).filter(|(u, v)| (u + v) % 3 == 0).collect();
    let weights = (0..pairs.len()).map(|at| 0.5 + (at * at % 7) as f32).collect();
    EdgeList::new(23, pairs, Some(weights)).0.across_kinds(9).unwrap()
}

#[test]
fn bipartite_unbiased_loss_is_exact() {
    let edges = shop();
    let weights = loss::relative_weights(&edges, &edges).unwrap();
    let absent: Vec<Pair> = (0..9).flat_map(|u| edges.candidates_of(u).map(move |v| (u, v))).collect();
    assert_eq!(absent.len(), 126 - edges.len());
    let z = z(23, 8);
    let exact = ExactReconstruction::weighted(&edges, &weights).value_and_gradient(&z, 8);
    let sampled = SampledEdges::new(edges.clone(), Weighting::Unbiased).weighted(weights);
    assert_same(&sampled.with(absent.clone()).value_and_gradient(&z, 8), &exact);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let values: Vec<f64> =
        (0..400).map(|_| sampled.draw(&edges, 5, &mut rng).value_and_gradient(&z, 8).0).collect();
    let mean = values.iter().sum::<f64>() / 400.0;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 399.0;
    assert!((mean - exact.0).abs() < 5.0 * (variance / 400.0).sqrt(), "{mean}, expected {}", exact.0);
}

#[test]
fn subgraph_keeps_weights_and_kinds() {
    let edges = shop();
    let weights = loss::relative_weights(&edges, &edges).unwrap();
    let z = z(23, 8);
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let all = SubgraphReconstruction::weighted(&edges, 100, &weights).draw(&mut rng);
    let exact = ExactReconstruction::weighted(&edges, &weights).value_and_gradient(&z, 8);
    assert_same(&all.value_and_gradient(&z, 8), &exact);
    // A subgraph may contain nodes of one kind only, or no absent pair.
    for num_drawn in 1..8 {
        let some = SubgraphReconstruction::weighted(&edges, num_drawn, &weights).draw(&mut rng);
        let (value, gradient) = some.value_and_gradient(&z, 8);
        assert!(value.is_finite() && gradient.iter().all(|value| value.is_finite()));
    }
}

proptest! {
    #[test]
    fn sampled_negatives_join_sources_and_targets(
        (num_sources, num_targets) in (1u32..9, 1u32..9), edge in any::<u32>(), seed in any::<u64>(),
    ) {
        prop_assume!(num_sources * num_targets > 1);
        let pair = (edge % num_sources, num_sources + edge % num_targets);
        let edges = EdgeList::new((num_sources + num_targets) as usize, vec![pair], None).0;
        let edges = edges.across_kinds(num_sources as usize).unwrap();
        // The gradient shows which nodes were drawn: a source's row is a multiple of the targets' vector, and
        // vice versa.
        let n = (num_sources + num_targets) as usize;
        let z: Vec<f32> = (0..n).flat_map(|node| if node < num_sources as usize { [1.0, 0.0] } else { [0.0, 1.0] }).collect();
        let sampled = SampledEdges::new(edges.clone(), Weighting::Unbiased);
        let sample = sampled.draw(&edges, 20, &mut ChaCha8Rng::seed_from_u64(seed));
        let (_, gradient) = sample.value_and_gradient(&z, 2);
        for (node, row) in gradient.chunks(2).enumerate() {
            prop_assert_eq!(row[usize::from(node >= num_sources as usize)], 0.0);
        }
    }
}
