//! Negatives by degree and hard negatives: never edges, distributed by degree and ranked by the heuristics,
//! and determined by the seed alone.

use std::collections::HashSet;

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use vgae::Error;
use vgae::config::SplitConfig;
use vgae::evaluate::negatives::{self, NegativeLists, Negatives, PartNegatives};
use vgae::graph::{Csr, Direction, EdgeList, Features, Graph, Pair};
use vgae::split::{self, Split};

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn edges(num_nodes: usize, pairs: Vec<Pair>) -> EdgeList {
    EdgeList::new(num_nodes, pairs, None).0
}

pub(super) fn graph(direction: Direction, num_nodes: usize, pairs: Vec<Pair>) -> Graph {
    let mut graph = Graph::default();
    (0..num_nodes).for_each(|node| {
        graph.nodes.intern(&format!("n{node}"));
    });
    graph.edges = EdgeList::with_direction(direction, num_nodes, pairs, None).0;
    graph
}

/// Asserts that `num_true` of `times` trials with probability `chance` is within five standard deviations of
/// its mean.
fn assert_share(name: &str, num_true: usize, times: usize, chance: f64) {
    let deviation = (times as f64 * chance * (1.0 - chance)).sqrt();
    let expected = times as f64 * chance;
    assert!((num_true as f64 - expected).abs() < 5.0 * deviation, "{name}: {num_true}, expected {expected}");
}

#[test]
fn degree_negatives_follow_degree_products() {
    // Two stars of 20 leaves and an isolated node. The pair of hubs has the weight 20 · 20, each of the 40
    // pairs of a hub and a leaf of the other star 20, each of the 780 pairs of leaves 1: 400, 800 and 780 of
    // 1980.
    let pairs: Vec<Pair> = (2..42).map(|leaf| (u32::from(leaf >= 22), leaf)).collect();
    let stars = edges(43, pairs);
    let mut rng = rng(5);
    let mut num_hubs = [0; 3];
    for _ in 0..4000 {
        let negatives = negatives::by_degree(&stars, &stars, 1, &mut rng).unwrap();
        let (u, v) = negatives[0];
        num_hubs[usize::from(u < 2) + usize::from(v < 2)] += 1;
    }
    for (name, num_true, weight) in
        [("leaves", num_hubs[0], 780.0), ("hub and leaf", num_hubs[1], 800.0), ("hubs", num_hubs[2], 400.0)]
    {
        assert_share(name, num_true, 4000, weight / 1980.0);
    }
    // All of them, which rejection sampling would rarely find, and then one more than exist.
    let mut all = negatives::by_degree(&stars, &stars, 821, &mut rng).unwrap();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 821);
    assert!(all.iter().all(|&(u, v)| u < v && v < 42 && !stars.contains((u, v))));
    let error = negatives::by_degree(&stars, &stars, 822, &mut rng).unwrap_err();
    assert!(
        error.to_string().starts_with(
            "need 822 negatives between nodes of training edges, but only 821 such pairs are not edges"
        ),
        "{error}"
    );
    let none = edges(5, Vec::new());
    assert!(matches!(
        negatives::by_degree(&none, &none, 1, &mut rng),
        Err(Error::TooFewDegreeNegatives { needed: 1, available: 0 })
    ));
}

#[test]
fn degree_negatives_of_dense_graph() {
    // All pairs of 40 nodes but (0, 1), and a further node joined to the last of them. Few draws find an
    // absent pair. (0, 1) has the weight 38 · 38; with the further node, 0 and 1 have 38 each, and 37 others
    // 39 each.
    let mut pairs: Vec<Pair> = (0..40).flat_map(|u| (u + 1..40).map(move |v| (u, v))).collect();
    pairs.retain(|&pair| pair != (0, 1));
    pairs.push((39, 40));
    let dense = edges(41, pairs);
    let mut rng = rng(6);
    let found =
        (0..3000).filter(|_| negatives::by_degree(&dense, &dense, 1, &mut rng).unwrap() == [(0, 1)]).count();
    assert_share("0 and 1", found, 3000, 1444.0 / (1444.0 + 2.0 * 38.0 + 37.0 * 39.0));
}

/// Returns a path with two ways from 0 to 3, a branch to 4, and a separate edge; node 7 is isolated.
fn branches() -> Vec<Pair> {
    vec![(0, 1), (0, 2), (1, 3), (2, 3), (1, 4), (5, 6)]
}

#[test]
fn hard_negatives_follow_heuristics() {
    let train = edges(8, branches());
    let with = |held_out: &[Pair], features: Option<Features>| {
        let graph = graph(Direction::Undirected, 8, [branches(), held_out.to_vec()].concat());
        let graph = Graph { features, ..graph };
        negatives::hard(&graph, &train, &held_out[..1], 4, &mut rng(1)).unwrap().remove(0)
    };
    // Node 0's candidates are 3 (resource allocation 1/3 + 1/2), 4 (1/3), and 6 and 7 (0); PageRank orders
    // them alike. Node 5's candidates all have 0.
    let negatives = with(&[(0, 5)], None);
    assert_eq!(negatives[..2], [(0, 3), (0, 4)]);
    assert!(negatives[2..].iter().all(|pair| [(1, 5), (2, 5), (3, 5), (4, 5), (5, 7)].contains(pair)));
    assert_eq!(negatives.len(), 4);
    // Other held-out edges change which pairs are absent, but not the ranking.
    assert_eq!(with(&[(0, 5), (3, 7), (4, 6), (0, 7)], None)[..2], [(0, 3), (0, 4)]);
    assert_eq!(with(&[(0, 5), (0, 4)], None)[0], (0, 3));
    assert!(!with(&[(0, 5), (0, 4)], None).contains(&(0, 4)));
    // Node 7 has the features of node 0, the others none. It is first by a heuristic, so it precedes 4, which
    // is second.
    let features = Csr::new((8, 2), vec![0, 1, 1, 1, 1, 1, 1, 1, 2], vec![1, 1], vec![1.0, 1.0]);
    assert_eq!(with(&[(0, 5)], Some(features.into()))[..2], [(0, 3), (0, 7)]);
}

#[test]
fn directed_hard_negatives() {
    let pairs = [branches(), vec![(5, 0)]].concat();
    let graph = graph(Direction::Directed, 8, pairs);
    let train = graph.edges.restrict(&branches());
    let negatives = negatives::hard(&graph, &train, &[(5, 0)], 5, &mut rng(0)).unwrap().remove(0);
    // The only edge to 0 is held out, so 1 and 2 are candidates too. They follow 3, which has common
    // neighbours with it and is the nearest by PageRank.
    assert!(negatives[..3].iter().all(|&(u, v)| u == 5 && v != 0 && v != 6));
    assert_eq!(negatives.len(), 5);
    assert_eq!(negatives[3], (3, 0));
    assert!([(1, 0), (2, 0)].contains(&negatives[4]), "{negatives:?}");
}

#[test]
fn too_few_hard_negatives() {
    // In a complete graph of 5 nodes without (0, 1) and (0, 2), node 0 has these two candidates and 3 has
    // none.
    let mut pairs: Vec<Pair> = (0..5).flat_map(|u| (u + 1..5).map(move |v| (u, v))).collect();
    pairs.retain(|pair| ![(0, 1), (0, 2)].contains(pair));
    let graph = graph(Direction::Undirected, 5, pairs);
    let train = graph.edges.restrict(&graph.edges.pairs()[1..]);
    let mut lists = negatives::hard(&graph, &train, &[(0, 3)], 100, &mut rng(0)).unwrap();
    lists[0].sort_unstable();
    assert_eq!(lists, [[(0, 1), (0, 2)]]);
}

/// Generates directed and undirected graphs of 4 to 30 nodes, from nearly empty to nearly complete, each with
/// a split.
fn splits() -> impl Strategy<Value = (Graph, Split)> {
    (4usize..30, prop::bool::ANY)
        .prop_flat_map(|(n, is_directed)| {
            let pair = (0..n as u32, 0..n as u32);
            let direction = if is_directed { Direction::Directed } else { Direction::Undirected };
            prop::collection::vec(pair, 8..n * n).prop_map(move |pairs| graph(direction, n, pairs))
        })
        .prop_filter_map("a graph with too few edges, or too many", |graph| {
            let config = SplitConfig { val_fraction: 0.2, test_fraction: 0.2, ..SplitConfig::default() };
            split::edges(&graph, &config, 3).ok().map(|split| (graph, split))
        })
}

fn all(drawn: &PartNegatives) -> Vec<Pair> {
    [drawn.validation.pairs(), drawn.test.pairs()].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn negatives_are_absent_distinct_and_seeded((graph, split) in splits(), per_edge in 1usize..12) {
        let draw = |kind, seed| negatives::draw(kind, &graph, &split, seed);
        let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let is_absent = |&(u, v): &Pair| {
            u != v && !graph.edges.contains((u, v)) && graph.edges.direction().orient((u, v)) == (u, v)
        };
        prop_assert_eq!(draw(Negatives::Uniform, 1).unwrap(), draw(Negatives::Uniform, 2).unwrap());
        prop_assert_eq!(
            all(&draw(Negatives::Uniform, 1).unwrap()),
            [split.validation.negatives.clone(), split.test.negatives.clone()].concat()
        );

        let (mut leaves, mut reached) = (HashSet::new(), HashSet::new());
        for (u, v) in split.train.ordered_pairs() {
            leaves.insert(u);
            reached.insert(v);
        }
        match draw(Negatives::Degree, 1) {
            Err(Error::TooFewDegreeNegatives { .. }) => {}
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
            Ok(drawn) => {
                let pairs = all(&drawn);
                prop_assert!(pairs.iter().all(is_absent));
                prop_assert!(pairs.iter().all(|(u, v)| leaves.contains(u) && reached.contains(v)));
                prop_assert_eq!(pairs.iter().collect::<HashSet<_>>().len(), pairs.len());
                prop_assert_eq!(drawn.validation.pairs().len(), split.validation.edges.len());
                prop_assert_eq!(drawn.test.pairs().len(), split.test.edges.len());
                prop_assert_eq!(draw(Negatives::Degree, 1).unwrap(), drawn);
            }
        }

        let kind = Negatives::Hard { per_edge };
        let drawn = draw(kind, 1).unwrap();
        prop_assert_eq!(&one_thread.install(|| draw(kind, 1)).unwrap(), &drawn);
        for (part, lists) in [(&split.validation, &drawn.validation), (&split.test, &drawn.test)] {
            let NegativeLists::PerEdge(lists) = lists else { panic!("hard negatives have lists") };
            prop_assert_eq!(lists.len(), part.edges.len());
            for (&(u, v), list) in part.edges.pairs().iter().zip(lists) {
                prop_assert!(list.iter().all(is_absent));
                prop_assert_eq!(list.iter().collect::<HashSet<_>>().len(), list.len());
                let nodes = || 0..graph.num_nodes() as u32;
                let orient = |pair| graph.edges.direction().orient(pair);
                let kept_u: HashSet<Pair> = nodes().map(|w| orient((u, w))).filter(is_absent).collect();
                let kept_v: HashSet<Pair> = nodes().map(|w| orient((w, v))).filter(is_absent).collect();
                let of_u = kept_u.len().min(per_edge.div_ceil(2));
                let of_v = kept_v.len().min(per_edge / 2);
                prop_assert_eq!(list.len(), of_u + of_v);
                prop_assert!(list[..of_u].iter().all(|pair| kept_u.contains(pair)));
                prop_assert!(list[of_u..].iter().all(|pair| kept_v.contains(pair)));
            }
        }
        let none = draw(Negatives::Hard { per_edge: 0 }, 1);
        let is_refused = matches!(none, Err(Error::Argument { argument: "per_edge", .. }));
        prop_assert!(is_refused);
    }
}
