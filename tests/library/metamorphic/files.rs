//! The same graph in another file.

use proptest::prelude::*;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vgae::graph::{EdgeList, Pair};

use crate::shared::{Workspace, ring, rows};

#[test]
fn row_order_only_reorders_nodes() {
    let workspace = Workspace::new();
    let mut pairs = ring(40);
    let read = |name: &str| {
        let graph =
            vgae::read::data(&workspace.path(name), &Default::default(), &Default::default()).unwrap();
        let nodes: Vec<String> = graph.nodes.iter().map(String::from).collect();
        let mut named: Vec<[String; 2]> = graph
            .edges
            .pairs()
            .iter()
            .map(|&(u, v)| {
                let mut ends = [u, v].map(|node| graph.nodes.id(node).to_string());
                ends.sort();
                ends
            })
            .collect();
        named.sort();
        (nodes, named)
    };
    workspace.write("rows.csv", rows(&pairs, ","));
    let (nodes, named) = read("rows.csv");
    pairs.shuffle(&mut ChaCha8Rng::seed_from_u64(1));
    workspace.write("shuffled.csv", rows(&pairs, ","));
    let (mut other_nodes, other_named) = read("shuffled.csv");
    assert_ne!(nodes, other_nodes);
    assert_eq!(named, other_named);
    let mut nodes = nodes;
    nodes.sort();
    other_nodes.sort();
    assert_eq!(nodes, other_nodes);
}

proptest! {
    /// Duplicated, reversed or shuffled rows are the same edges; the largest weight of each edge is kept.
    #[test]
    fn undirected_edge_list_is_a_set(
        pairs in prop::collection::vec((0u32..20, 0u32..20), 1..60),
        seed in any::<u64>(),
    ) {
        let weight = |&(u, v): &Pair| 1.0 + (u.min(v) * 20 + u.max(v)) as f32;
        let weights = |pairs: &[Pair]| Some(pairs.iter().map(weight).collect());
        let expected = EdgeList::new(20, pairs.clone(), weights(&pairs)).0;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut others = pairs.clone();
        others.extend(pairs.iter().filter(|_| rng.random()).map(|&(u, v)| (v, u)).collect::<Vec<_>>());
        others.shuffle(&mut rng);
        prop_assert_eq!(EdgeList::new(20, others.clone(), weights(&others)).0, expected);
    }
}
