//! Properties of every split: nothing leaks, the counts are right, and the seed determines it.

use std::collections::HashSet;

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vgae::Error;
use vgae::config::SplitConfig;
use vgae::graph::normalize;
use vgae::graph::{EdgeList, Graph, Pair};
use vgae::model::decoder;
use vgae::split::{self, Split};

fn graph(num_nodes: usize, pairs: Vec<Pair>) -> Graph {
    let mut graph = Graph::default();
    (0..num_nodes).for_each(|node| {
        graph.nodes.intern(&format!("n{node}"));
    });
    graph.edges = EdgeList::new(num_nodes, pairs, None).0;
    graph
}

/// Generates graphs of 2 to 40 nodes, from nearly empty to nearly complete.
fn graphs() -> impl Strategy<Value = Graph> {
    (2usize..40).prop_flat_map(|n| {
        let pair = (0..n as u32, 0..n as u32);
        prop::collection::vec(pair, 1..n * n).prop_map(move |pairs| graph(n, pairs))
    })
}

proptest! {
    #[test]
    fn split_lists_are_disjoint(
        graph in graphs(),
        val_fraction in 0.0..0.4f64,
        test_fraction in 0.0..0.4f64,
        seed: u64,
    ) {
        let config = SplitConfig { val_fraction, test_fraction, ..SplitConfig::default() };
        let split = match split::edges(&graph, &config, seed) {
            Ok(split) => split,
            Err(Error::TooFewEdges { .. } | Error::TooFewNonEdges { .. }) => return Ok(()),
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        };
        let m = graph.edges.len();
        prop_assert_eq!(split.validation.edges.len(), (m as f64 * val_fraction) as usize);
        prop_assert_eq!(split.test.edges.len(), (m as f64 * test_fraction) as usize);
        for part in [&split.validation, &split.test] {
            prop_assert_eq!(part.edges.len(), part.negatives.len());
        }
        let mut seen = HashSet::new();
        for (at, list) in split.lists().into_iter().enumerate() {
            let is_negative = at == 2 || at == 4;
            for &(u, v) in list {
                prop_assert!(u < v, "a self-loop or a pair the wrong way round");
                prop_assert!(seen.insert((u, v)), "({u}, {v}) is in two places");
                prop_assert_eq!(graph.edges.contains((u, v)), !is_negative);
            }
        }
        prop_assert!(graph.edges.pairs().iter().all(|pair| seen.contains(pair)));
        // Â has an entry for each training edge and node, and no other.
        let adj_norm = normalize::symmetric(&split.train);
        prop_assert_eq!(adj_norm.nnz(), 2 * split.train.len() + graph.num_nodes());
        for &(u, v) in split.lists()[1..].concat().iter() {
            prop_assert!(adj_norm.get(u as usize, v as usize).is_none());
        }
        // The lists reconstruct the split, and the seed alone determines it.
        prop_assert_eq!(&Split::from_lists(split.lists(), &graph, "split".as_ref()).unwrap(), &split);
        prop_assert_eq!(split::edges(&graph, &config, seed).unwrap(), split);
    }

    #[test]
    fn top_pairs_match_sorting(
        graph in graphs(),
        k in 0usize..50,
        values in prop::collection::vec(-3i8..3, 40 * 3),
    ) {
        let n = graph.num_nodes();
        // Small whole numbers produce ties.
        let z = ndarray::Array2::from_shape_fn((n, 3), |(i, j)| f32::from(values[i * 3 + j]));
        let mut all: Vec<(f64, Pair)> = (0..n as u32)
            .flat_map(|u| (u + 1..n as u32).map(move |v| (u, v)))
            .filter(|&pair| !graph.edges.contains(pair))
            .map(|pair| (decoder::decode_pair(z.view(), pair), pair))
            .collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        all.truncate(k);
        let found: Vec<(f64, Pair)> =
            decoder::top_pairs(z.view(), k, &graph.edges).iter().map(|best| (best.logit, best.pair)).collect();
        prop_assert_eq!(found, all);
    }
}

/// Compares with a naive implementation, so the order in which threads finish must not show.
#[test]
fn large_graph_matches_naive_implementation() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let n = 5000u32;
    // A hub, an isolated node (n - 1), duplicates and self-loops.
    let mut rows: Vec<Pair> = (0..60_000)
        .map(|_| (rng.random_range(0..n - 1), rng.random_range(0..n - 1)))
        .chain((0..n - 1).map(|v| (17, v)))
        .collect();
    rows.extend_from_within(..1000);
    let weights: Vec<f32> = (0..rows.len()).map(|_| rng.random_range(1..9) as f32 / 8.0).collect();
    let mut expected = std::collections::BTreeMap::new();
    for (&(u, v), &weight) in rows.iter().zip(&weights).filter(|((u, v), _)| u != v) {
        let largest = expected.entry((u.min(v), u.max(v))).or_insert(weight);
        *largest = weight.max(*largest);
    }
    let num_self_loops = rows.iter().filter(|(u, v)| u == v).count();
    let (edges, merged) = EdgeList::new(n as usize, rows.clone(), Some(weights));
    assert!(edges.pairs().iter().eq(expected.keys()));
    assert!(edges.weights().unwrap().iter().eq(expected.values()));
    assert_eq!(merged.num_self_loops, num_self_loops);
    assert_eq!(merged.num_duplicates, rows.len() - num_self_loops - expected.len());
    assert_eq!(EdgeList::new(n as usize, rows, None).0.pairs(), edges.pairs());
    for _ in 0..10_000 {
        let pair = (rng.random_range(0..n), rng.random_range(0..n));
        let sorted = (pair.0.min(pair.1), pair.0.max(pair.1));
        let position = expected.contains_key(&sorted).then(|| expected.range(..sorted).count());
        assert_eq!(edges.contains(pair), position.is_some());
        if let Some(position) = position {
            assert_eq!(edges.position(pair), Some(position));
        }
    }
    assert!(!edges.contains((n, 0)) && !edges.contains((n + 5, n + 6)));

    // Sums of eighths are exact in any order.
    let mut degree = vec![1.0f64; n as usize];
    for (&(u, v), &weight) in &expected {
        degree[u as usize] += f64::from(weight);
        degree[v as usize] += f64::from(weight);
    }
    let adj_norm = normalize::symmetric(&edges);
    assert_eq!(adj_norm.nnz(), 2 * edges.len() + n as usize);
    for (&value, (row, column)) in &adj_norm {
        let pair = (row.min(column), row.max(column));
        let weight = if row == column { 1.0 } else { f64::from(expected[&pair]) };
        let scale = |node: usize| 1.0 / degree[node].sqrt();
        assert_eq!(value, (weight * scale(row as usize) * scale(column as usize)) as f32);
    }
}

#[test]
fn negatives_are_uniform() {
    // A star of 8 nodes has 21 absent pairs. 3 of them are drawn 7,000 times by rejection, 12 by enumeration.
    let star = EdgeList::new(8, (1..8).map(|leaf| (0, leaf)).collect(), None).0;
    for count in [3, 12] {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut times = std::collections::HashMap::new();
        for _ in 0..7000 {
            for pair in split::sample_negatives(&star, count, &mut rng).unwrap() {
                *times.entry(pair).or_insert(0u32) += 1;
            }
        }
        assert_eq!(times.len(), 21);
        let chance = count as f64 / 21.0;
        let deviation = (7000.0 * chance * (1.0 - chance)).sqrt();
        for (pair, times) in times {
            assert!((times as f64 - 7000.0 * chance).abs() < 5.0 * deviation, "{pair:?}: {times} times");
        }
    }
}

#[test]
fn too_few_non_edges() {
    let pairs = (0..6u32).flat_map(|u| (u + 1..6).map(move |v| (u, v))).collect();
    let complete = graph(6, pairs);
    let config = SplitConfig { val_fraction: 0.2, test_fraction: 0.2, ..SplitConfig::default() };
    let error = split::edges(&complete, &config, 0).unwrap_err();
    assert!(error.to_string().starts_with("need 6 negative pairs but the graph has only 0 non-edges"));
}

#[test]
fn too_few_edges() {
    let path = graph(4, vec![(0, 1), (1, 2), (2, 3)]);
    let error = split::edges(&path, &SplitConfig::default(), 0).unwrap_err();
    assert!(error.to_string().starts_with("too few edges (3) for `split.val_fraction = 0.05`"), "{error}");
    let nothing_held_out = SplitConfig { val_fraction: 0.0, test_fraction: 0.0, ..SplitConfig::default() };
    let split = split::edges(&path, &nothing_held_out, 0).unwrap();
    assert_eq!(split.train, path.edges);
    assert!(split.validation.is_empty() && split.test.is_empty());
}

#[test]
fn leaking_split_is_refused() {
    let graph = graph(5, vec![(0, 1), (1, 2), (2, 3)]);
    let refused = |lists: [&[Pair]; 5]| {
        let error = Split::from_lists(lists, &graph, "s".as_ref()).unwrap_err().to_string();
        error.strip_prefix("s: the split does not hold: ").unwrap().to_string()
    };
    let (a, b, c) = ((0, 1), (1, 2), (2, 3));
    assert_eq!(
        refused([&[a, b], &[(1, 0)], &[], &[c], &[]]),
        "n0,n1 is in both train and validation, one way or the other"
    );
    assert_eq!(refused([&[a, b, b], &[], &[], &[c], &[]]), "n1,n2 is twice in train, one way or the other");
    assert_eq!(
        refused([&[a, b], &[], &[(3, 2)], &[c], &[]]),
        "n2,n3 in validation_negatives is an edge of the graph"
    );
    assert_eq!(
        refused([&[a, b], &[], &[(0, 4)], &[c], &[(4, 0)]]),
        "n0,n4 is in both validation_negatives and test_negatives, one way or the other"
    );
    assert_eq!(
        refused([&[a, b], &[], &[(4, 4)], &[c], &[]]),
        "n4,n4 in validation_negatives joins a node to itself"
    );
    assert_eq!(
        refused([&[a, b], &[], &[(0, 4)], &[c, (0, 4)], &[]]),
        "n0,n4 is in both validation_negatives and test, one way or the other"
    );
    assert_eq!(
        refused([&[a, b], &[], &[(2, 1)], &[c], &[]]),
        "n1,n2 is in both train and validation_negatives, one way or the other"
    );
    assert_eq!(refused([&[a, b, (0, 4)], &[], &[], &[c], &[]]), "n0,n4 in train is not an edge of the graph");
    assert_eq!(refused([&[a, b], &[], &[], &[], &[]]), "the graph's edge n2,n3 is in no list");
}
