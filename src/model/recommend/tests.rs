use ndarray::Array2;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::model::decoder::{Decoder, EmbeddingScorer, decode_pairs};

/// Returns n embeddings of d dimensions, with very different norms, and m edges.
fn example(n: u32, d: usize, m: usize, direction: Direction, seed: u64) -> (Array2<f32>, EdgeList) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut z = Array2::from_shape_fn((n as usize, d), |_| rng.random_range(-1.0f32..1.0));
    z.rows_mut().into_iter().for_each(|mut row| row *= rng.random_range(0.0f32..4.0).powi(2));
    let pairs = (0..m).map(|_| (rng.random_range(0..n), rng.random_range(0..n))).collect();
    (z, EdgeList::with_direction(direction, n as usize, pairs, None).0)
}

/// Returns the `k` best candidates of `pairs`, best first, by sorting all of them.
fn sorted(z: &Array2<f32>, mut pairs: Vec<Pair>, known: &EdgeList, k: usize) -> Vec<ScoredPair> {
    pairs.retain(|&pair| known.is_candidate(pair));
    let logits = decode_pairs(z.view(), &pairs);
    let mut scored: Vec<ScoredPair> =
        pairs.into_iter().zip(logits).map(|(pair, logit)| ScoredPair { pair, logit }).collect();
    scored.sort_by(|a, b| b.cmp(a));
    scored.truncate(k);
    scored
}

fn pairs_of(node: u32, n: u32) -> Vec<Pair> {
    (0..n).map(|other| (node, other)).collect()
}

proptest! {
    #[test]
    fn top_of_nodes_equals_sorting_all_pairs(
        n in 1u32..3000, d in 1usize..20, k in 0usize..40, seed in 0u64..1000, direction in 0..2,
    ) {
        let direction = if direction == 0 { Direction::Undirected } else { Direction::Directed };
        let (z, known) = example(n, d, 2 * n as usize, direction, seed);
        let nodes: Vec<u32> = (0..n).step_by(n as usize / 7 + 1).chain([n - 1]).collect();
        let score = EmbeddingScorer::new(z.clone(), Decoder::InnerProduct);
        let found = Candidates::All.top_of_nodes(&score, &nodes, k, &known);
        for (&node, found) in nodes.iter().zip(found) {
            prop_assert_eq!(found, sorted(&z, pairs_of(node, n), &known, k));
        }
    }

    #[test]
    fn two_hop_candidates_are_those_with_a_common_neighbour(n in 2u32..40, m in 1usize..80, seed in 0u64..1000) {
        let (z, known) = example(n, 3, m, Direction::Undirected, seed);
        let score = EmbeddingScorer::new(z.clone(), Decoder::InnerProduct);
        let share = |(u, v): Pair| (0..n).any(|w| known.contains((u, w)) && known.contains((w, v)));
        let all: Vec<Pair> = (0..n).flat_map(|u| (u + 1..n).map(move |v| (u, v))).collect();
        let two_hop: Vec<Pair> = all.into_iter().filter(|&pair| share(pair)).collect();
        prop_assert_eq!(
            Candidates::TwoHop.top_pairs(&score, 1000, &known), sorted(&z, two_hop.clone(), &known, 1000)
        );
        let listed = Candidates::Listed(two_hop);
        let nodes: Vec<u32> = (0..n).collect();
        prop_assert_eq!(
            Candidates::TwoHop.top_of_nodes(&score, &nodes, 5, &known),
            listed.top_of_nodes(&score, &nodes, 5, &known)
        );
    }
}

#[test]
fn a_list_counts_each_pair_once_and_skips_edges() {
    let (z, _) = example(5, 3, 0, Direction::Undirected, 1);
    let known = EdgeList::new(5, vec![(0, 1)], None).0;
    let score = EmbeddingScorer::new(z.clone(), Decoder::InnerProduct);
    let listed = Candidates::Listed(vec![(1, 0), (3, 2), (2, 3), (4, 4), (0, 4)]);
    let expected = sorted(&z, vec![(2, 3), (0, 4)], &known, 9);
    assert_eq!(listed.top_pairs(&score, 9, &known), expected);
    let lists = listed.top_of_nodes(&score, &[4, 2, 1], 9, &known);
    let pairs: Vec<Vec<Pair>> =
        lists.iter().map(|list| list.iter().map(|scored| scored.pair).collect()).collect();
    assert_eq!(pairs, [vec![(4, 0)], vec![(2, 3)], vec![]]);
}

#[cfg(feature = "approximate")]
#[test]
fn an_index_finds_most_pairs_and_estimates_its_recall() {
    for direction in [Direction::Undirected, Direction::Directed] {
        let (z, known) = example(2000, 8, 6000, direction, 3);
        let approximate = Approximate::new(z.view()).unwrap();
        let score = EmbeddingScorer::new(z.clone(), Decoder::InnerProduct);

        let found = approximate.top_pairs(500, &known).unwrap();
        let exact = score.top_pairs(500, &known);
        let hits = found.iter().filter(|found| exact.contains(found)).count();
        assert!(found.len() == 500 && hits >= 450, "{hits} of 500");
        assert!(found.is_sorted_by(|a, b| a > b), "highest first, each once");
        let recall = approximate.recall_of_pairs(&found, &known, 300, 1);
        let share = recall.share().unwrap();
        assert!((share - hits as f64 / 500.0).abs() < 0.1, "{recall:?}, {hits} hits");

        let nodes: Vec<u32> = (0..2000).collect();
        let found = approximate.top_of_nodes(&nodes, 10, &known).unwrap();
        for (node, list) in found.iter().enumerate() {
            assert!(list.len() == 10 && list.is_sorted_by(|a, b| a > b), "node {node}");
            assert!(
                list.iter().all(|scored| scored.pair.0 == node as u32 && known.is_candidate(scored.pair))
            );
        }
        let recall = approximate.recall_of_nodes(&nodes, &found, 10, &known, 200, 1);
        assert!(recall.num_exact == 2000 && recall.share().unwrap() > 0.8, "{recall:?}");
        let nothing = vec![Vec::new(); 2000];
        assert_eq!(approximate.recall_of_nodes(&nodes, &nothing, 10, &known, 200, 1).share(), Some(0.0));
    }
}
