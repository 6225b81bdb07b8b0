//! Directed graphs: how they are read, and what their splits hold out.

use std::collections::HashSet;

use crate::shared::Workspace;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use vgae::Error;
use vgae::config::{Config, DirectedTask, ReadConfig, SplitConfig};
use vgae::graph::{Direction, EdgeList, Graph, Pair};
use vgae::model::decoder;
use vgae::progress::Progress;
use vgae::read;
use vgae::run::RunDir;
use vgae::split::read_split;
use vgae::split::{self, Split};
use vgae::write::Existing;

fn directed() -> ReadConfig {
    ReadConfig { directed: true, ..ReadConfig::default() }
}

fn graph(num_nodes: usize, pairs: Vec<Pair>) -> Graph {
    let mut graph = Graph::default();
    (0..num_nodes).for_each(|node| {
        graph.nodes.intern(&format!("n{node}"));
    });
    graph.edges = EdgeList::with_direction(Direction::Directed, num_nodes, pairs, None).0;
    graph
}

/// Generates graphs of 2 to 30 nodes, from nearly empty to nearly complete.
fn graphs() -> impl Strategy<Value = Graph> {
    (2usize..30).prop_flat_map(|n| {
        let pair = (0..n as u32, 0..n as u32);
        prop::collection::vec(pair, 1..n * n).prop_map(move |pairs| graph(n, pairs))
    })
}

#[test]
fn directions_are_read() {
    let workspace = Workspace::new();
    workspace.write("edges.csv", "source,target,weight\nb,a,1\na,b,2\nb,a,3\nc,c,1\nc,a,1\n");
    let graph = read::data(&workspace.path("edges.csv"), &directed(), &Progress::default()).unwrap();
    assert_eq!(graph.nodes.iter().collect::<Vec<_>>(), ["b", "a", "c"]);
    assert_eq!(graph.edges.pairs(), [(0, 1), (1, 0), (2, 1)]);
    assert_eq!(graph.edges.weights(), Some([3.0, 2.0, 1.0].as_slice()));
    assert_eq!(graph.notes, ["rows: 5; duplicate, merged: 1; self-loops, dropped: 1; edges left: 3"]);
    assert!(graph.edges.contains((2, 1)) && !graph.edges.contains((1, 2)));
    assert_eq!(graph.edges.degrees(), [2, 3, 1]);
    assert_eq!(graph.edges.num_components(), 1);
    assert_eq!(graph.edges.restrict(&[(2, 1), (1, 2), (0, 1)]).pairs(), [(0, 1), (2, 1)]);
    let undirected = graph.edges.undirected();
    assert_eq!(undirected.pairs(), [(0, 1), (1, 2)]);
    assert_eq!(undirected.weights(), Some([3.0, 1.0].as_slice()));
    assert_eq!(
        *undirected,
        read::data(&workspace.path("edges.csv"), &ReadConfig::default(), &Progress::default()).unwrap().edges
    );
}

#[test]
fn citations_point_to_cited_paper() {
    let workspace = Workspace::new();
    workspace.write("small/small.content", "p1\t1\t0\tTheory\np2\t0\t1\tRules\np3\t1\t1\tTheory\n");
    workspace.write("small/small.cites", "p1\tp2\np1\tp3\np3\tp1\np1\tp2\n");
    let graph = read::data(&workspace.path("small"), &directed(), &Progress::default()).unwrap();
    // p2 and p3 cite p1, which cites p3.
    assert_eq!(graph.edges.pairs(), [(0, 2), (1, 0), (2, 0)]);
    assert_eq!(graph.notes, ["citations: 4; duplicate, merged: 1; self-loops, dropped: 0; edges left: 3"]);
}

proptest! {
    #[test]
    fn every_task_holds_out_its_edges(
        graph in graphs(),
        task in prop::sample::select(vec![
            DirectedTask::General,
            DirectedTask::Biased,
            DirectedTask::Bidirectional,
        ]),
        val_fraction in 0.0..0.4f64,
        test_fraction in 0.0..0.4f64,
        seed: u64,
    ) {
        let all = &graph.edges;
        let is_one_way = |&(u, v): &Pair| all.contains((u, v)) && !all.contains((v, u));
        let num_one_way = all.pairs().iter().filter(|pair| is_one_way(pair)).count();
        let num_both_ways = (all.len() - num_one_way) / 2;
        let config = SplitConfig { val_fraction, test_fraction, ..SplitConfig::default() };
        let split = match split::with_task(&graph, task, &config, seed) {
            Ok(split) => split,
            Err(Error::TooFewEdges { .. } | Error::TooFewNonEdges { .. }) => {
                prop_assert_eq!(task, DirectedTask::General);
                return Ok(());
            }
            Err(Error::TooFewTaskEdges { num_train, num_validation, num_test, num_negatives, .. }) => {
                prop_assert!(num_train * num_validation * num_test == 0 || num_negatives > num_one_way);
                return Ok(());
            }
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        };
        // Nothing leaks and nothing is lost.
        let mut seen = HashSet::new();
        for (at, list) in split.lists().into_iter().enumerate() {
            let is_negative = at == 2 || at == 4;
            for &(u, v) in list {
                prop_assert!(u != v && seen.insert((u, v)), "({}, {}) is in two places", u, v);
                prop_assert_eq!(all.contains((u, v)), !is_negative);
            }
        }
        prop_assert!(all.pairs().iter().all(|pair| seen.contains(pair)));
        let (validation, test) = (&split.validation, &split.test);
        let counts = (validation.edges.len(), test.edges.len());
        let floors = |whole: usize| {
            let floor = |fraction: f64| (whole as f64 * fraction).floor() as usize;
            (floor(val_fraction), floor(test_fraction))
        };
        for part in [validation, test] {
            prop_assert_eq!(part.edges.len(), part.negatives.len());
            match task {
                DirectedTask::General => prop_assert_eq!(counts, floors(all.len())),
                DirectedTask::Biased => {
                    prop_assert_eq!(counts, floors(num_one_way));
                    for (&(u, v), &negative) in part.edges.pairs().iter().zip(&part.negatives) {
                        prop_assert!(is_one_way(&(u, v)));
                        prop_assert_eq!(negative, (v, u));
                    }
                }
                DirectedTask::Bidirectional => {
                    prop_assert_eq!(counts.0 + counts.1, num_both_ways);
                    // The training graph has the reverse of every pair, and each training edge goes one way
                    // only.
                    prop_assert!(part.pairs().iter().all(|&(u, v)| split.train.contains((v, u))));
                    prop_assert!(part.negatives.iter().all(|&(u, v)| is_one_way(&(v, u))));
                    prop_assert!(split.train.pairs().iter().all(|&(u, v)| !split.train.contains((v, u))));
                }
            }
        }
        // The lists reconstruct the split, and the seed alone determines it.
        prop_assert_eq!(&Split::from_lists(split.lists(), &graph, "split".as_ref()).unwrap(), &split);
        prop_assert_eq!(split::with_task(&graph, task, &config, seed).unwrap(), split);
    }

    #[test]
    fn inner_product_top_pairs_match_sorting(graph in graphs(), k in 0usize..50) {
        let n = graph.num_nodes();
        let z = ndarray::Array2::from_shape_fn((n, 2), |(i, j)| ((i * 7 + j * 3) % 5) as f32 - 2.0);
        let mut all: Vec<(f64, Pair)> = (0..n as u32)
            .flat_map(|u| (0..n as u32).map(move |v| (u, v)))
            .filter(|&(u, v)| u != v && !graph.edges.contains((u, v)))
            .map(|pair| (decoder::decode_pair(z.view(), pair), pair))
            .collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        all.truncate(k);
        let found: Vec<(f64, Pair)> =
            decoder::top_pairs(z.view(), k, &graph.edges).iter().map(|best| (best.logit, best.pair)).collect();
        prop_assert_eq!(found, all);
    }
}

#[test]
fn directed_negatives_are_uniform() {
    // Spokes of 8 nodes, outwards: 49 absent ordered pairs, among them the 7 reverses. 3 of them are drawn
    // 7,000 times by rejection, 30 by enumeration.
    let spokes = graph(8, (1..8).map(|leaf| (0, leaf)).collect()).edges;
    for count in [3, 30] {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut times = std::collections::HashMap::new();
        for _ in 0..7000 {
            for pair in split::sample_negatives(&spokes, count, &mut rng).unwrap() {
                *times.entry(pair).or_insert(0u32) += 1;
            }
        }
        assert_eq!(times.len(), 49);
        assert!(times.contains_key(&(3, 0)));
        let chance = count as f64 / 49.0;
        let deviation = (7000.0 * chance * (1.0 - chance)).sqrt();
        for (pair, times) in times {
            assert!((times as f64 - 7000.0 * chance).abs() < 5.0 * deviation, "{pair:?}: {times} times");
        }
    }
}

#[test]
fn impossible_task_is_refused() {
    let config = SplitConfig { val_fraction: 0.25, test_fraction: 0.25, ..SplitConfig::default() };
    let cycle = graph(4, vec![(0, 1), (1, 2), (2, 3), (3, 0)]);
    let error = split::with_task(&cycle, DirectedTask::Bidirectional, &config, 0).unwrap_err().to_string();
    let expected = "too few edges for the task bidirectional: 4 go one way only and 0 pairs both ways; train, \
                    validation and test would get 4, 0 and 0 edges";
    assert!(error.starts_with(expected), "{error}");
    // Two pairs go both ways, but only one edge has a reverse that could be a negative.
    let short = graph(4, vec![(0, 1), (1, 0), (2, 3), (3, 2), (1, 2)]);
    let error = split::with_task(&short, DirectedTask::Bidirectional, &config, 0).unwrap_err().to_string();
    assert!(error.ends_with("and 2 reverses of one-way edges are needed as negatives"), "{error}");
    let mut undirected = graph(3, vec![(0, 1), (1, 2)]);
    undirected.edges = undirected.edges.undirected().into_owned();
    let error = split::with_task(&undirected, DirectedTask::Biased, &config, 0).unwrap_err();
    assert!(matches!(error, Error::Config { setting: "split.task", .. }));
    assert!(error.to_string().contains("pass `read.directed`"), "{error}");
}

#[test]
fn leaking_directed_split_is_refused() {
    let graph = graph(4, vec![(0, 1), (1, 0), (2, 1)]);
    let split = |lists: [&[Pair]; 5]| Split::from_lists(lists, &graph, "s".as_ref());
    let refused = |lists: [&[Pair]; 5]| {
        let error = split(lists).unwrap_err().to_string();
        error.strip_prefix("s: the split does not hold: ").unwrap().to_string()
    };
    let accepted = split([&[(0, 1), (2, 1)], &[], &[], &[(1, 0)], &[(1, 2)]]).unwrap();
    assert_eq!(accepted.test.edges.pairs(), [(1, 0)]);
    assert_eq!(refused([&[(0, 1), (2, 1)], &[], &[], &[(0, 1)], &[]]), "n0,n1 is in both train and test");
    assert_eq!(
        refused([&[(0, 1), (1, 2)], &[], &[], &[], &[]]),
        "n1,n2 in train is not an edge of the graph"
    );
    assert_eq!(
        refused([&[(0, 1), (2, 1)], &[], &[], &[], &[(1, 0)]]),
        "n1,n0 in test_negatives is an edge of the graph"
    );
    assert_eq!(refused([&[(0, 1), (2, 1)], &[], &[], &[], &[]]), "the graph's edge n1,n0 is in no list");
}

#[test]
fn directed_split_round_trips() {
    let workspace = Workspace::new();
    let pairs = (0..12u32).flat_map(|u| [(u, (u + 5) % 12), ((u + 1) % 12, u), (u, (u + 1) % 12)]).collect();
    let graph = graph(12, pairs);
    for task in [DirectedTask::General, DirectedTask::Biased, DirectedTask::Bidirectional] {
        let config = Config { read: directed(), ..Config::default() };
        let fractions = SplitConfig { val_fraction: 0.2, test_fraction: 0.3, ..SplitConfig::default() };
        let split = split::with_task(&graph, task, &fractions, 3).unwrap();
        let path = workspace.path(&task.to_string());
        let _run = RunDir::create(&path, &config, &graph, &split, Existing::Keep).unwrap();
        assert_eq!(read_split(&path, &graph, 3).unwrap(), split);
    }
}
