//! Bipartite graphs: how they are read, and that negatives are pairs of a source and a target.

use std::collections::HashSet;

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use vgae::config::{ReadConfig, SplitConfig};
use vgae::evaluate::negatives::{self, Negatives};
use vgae::graph::{Direction, EdgeList, Graph, Pair};
use vgae::progress::Progress;
use vgae::{read, split};

use crate::shared::Workspace;

fn config() -> ReadConfig {
    ReadConfig { bipartite: true, ..ReadConfig::default() }
}

#[test]
fn sources_precede_targets() {
    let workspace = Workspace::new();
    workspace
        .write("data/edges.csv", "a,x,2\na,y,3\nb,y,5\na,x,7\n")
        .write("data/features.csv", "y,1,0\nnobody,9,9\nb,2,0\nx,3,0\na,4,0\n")
        .write("data/labels.csv", "x,thing\na,person\n");
    let weights = ReadConfig { weight_column: Some("3".into()), ..config() };
    let graph = read::data(&workspace.path("data"), &weights, &Progress::default()).unwrap();
    assert_eq!(graph.nodes.iter().collect::<Vec<_>>(), ["a", "b", "x", "y"]);
    assert_eq!(graph.edges.num_sources(), Some(2));
    assert_eq!(graph.edges.direction(), Direction::Undirected);
    assert_eq!(graph.edges.pairs(), [(0, 2), (0, 3), (1, 3)]);
    assert_eq!(graph.edges.weights(), Some(&[7.0, 3.0, 5.0][..]));
    let column: Vec<f32> = graph.features.unwrap().to_dense().column(0).to_vec();
    assert_eq!(column, [4.0, 2.0, 3.0, 1.0]);
    assert_eq!(graph.labels.unwrap(), ["person", "", "thing", ""]);
    let note = "nodes of no edge, left out as their kind is unknown: 1; first: nobody";
    assert_eq!(graph.notes.last().unwrap(), note);
}

/// Builds a bipartite graph whose possible edges are taken where `is_edge`, repeated as needed, is `true`.
fn graph(num_sources: usize, num_targets: usize, is_edge: &[bool]) -> Graph {
    let mut graph = Graph::default();
    for node in 0..num_sources + num_targets {
        graph.nodes.intern(&format!("n{node}"));
    }
    let pairs: Vec<Pair> = (0..num_sources * num_targets)
        .filter(|&at| is_edge[at % is_edge.len()])
        .map(|at| ((at / num_targets) as u32, (num_sources + at % num_targets) as u32))
        .collect();
    let edges = EdgeList::new(num_sources + num_targets, pairs, None).0;
    graph.edges = edges.across_kinds(num_sources).unwrap();
    graph
}

proptest! {
    #[test]
    fn negatives_join_sources_and_targets(
        (num_sources, num_targets) in (1usize..12, 1usize..12),
        is_edge in prop::collection::vec(any::<bool>(), 7..31),
        seed in any::<u64>(),
    ) {
        let graph = graph(num_sources, num_targets, &is_edge);
        let (s, num_edges) = (num_sources as u32, graph.edges.len());
        let check = |pairs: &[Pair]| {
            pairs.iter().all(|&(u, v)| u < s && v >= s && !graph.edges.contains((u, v)))
        };
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // All available pairs, half of them, and a ninth.
        let available = num_sources * num_targets - num_edges;
        for count in [available, available / 2, available / 9] {
            let negatives = split::sample_negatives(&graph.edges, count, &mut rng).unwrap();
            prop_assert!(check(&negatives));
            prop_assert_eq!(negatives.iter().collect::<HashSet<_>>().len(), count);
        }
        prop_assert!(split::sample_negatives(&graph.edges, available + 1, &mut rng).is_err());
        let fractions = SplitConfig { val_fraction: 0.2, test_fraction: 0.3, ..SplitConfig::default() };
        let Ok(split) = split::edges(&graph, &fractions, seed) else { return Ok(()) };
        prop_assert!(check(&split.validation.negatives) && check(&split.test.negatives));
        for kind in [Negatives::Degree, Negatives::Hard { per_edge: 5 }] {
            if let Ok(drawn) = negatives::draw(kind, &graph, &split, seed) {
                prop_assert!(check(&drawn.validation.pairs()) && check(&drawn.test.pairs()));
            }
        }
    }
}
