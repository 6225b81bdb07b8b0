//! Splits that keep components, folds, and several negatives for each edge: nothing leaks, everything is held out
//! that should be, and the seed determines it.

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use vgae::Error;
use vgae::config::{Config, DirectedTask, Fold, ReadConfig, SplitConfig};
use vgae::graph::{Direction, Graph};
use vgae::pipeline;
use vgae::split::{self, Split};

use crate::negatives::graph;

/// Generates undirected, directed and bipartite graphs of 2 to 30 nodes, from nearly empty to nearly complete.
fn graphs() -> impl Strategy<Value = Graph> {
    let kinds = prop::sample::select(vec!["undirected", "directed", "bipartite"]);
    (2usize..30, kinds).prop_flat_map(|(n, kind)| {
        let pair = (0..n as u32, 0..n as u32);
        prop::collection::vec(pair, 1..n * n).prop_map(move |mut pairs| {
            let half = (n / 2) as u32;
            if kind == "bipartite" {
                pairs.retain(|&(u, v)| (u < half) != (v < half));
            }
            let direction = if kind == "directed" { Direction::Directed } else { Direction::Undirected };
            let mut graph = graph(direction, n, pairs);
            if kind == "bipartite" {
                graph.edges = graph.edges.across_kinds(n / 2).unwrap();
            }
            graph
        })
    })
}

/// Fails unless the lists of `split` share no pair, hold every edge, and have `ratio` negatives for each held-out edge.
fn check(split: &Split, graph: &Graph, ratio: usize) -> TestCaseResult {
    let mut seen = HashSet::new();
    for (at, list) in split.lists().into_iter().enumerate() {
        let is_negative = at == 2 || at == 4;
        for &pair in list {
            prop_assert!(seen.insert(pair), "{pair:?} is in two places");
            prop_assert_eq!(graph.edges.contains(pair), !is_negative);
            prop_assert_eq!(graph.edges.is_candidate(pair), is_negative);
        }
    }
    prop_assert!(graph.edges.pairs().iter().all(|pair| seen.contains(pair)));
    for part in [&split.validation, &split.test] {
        prop_assert_eq!(part.negatives.len(), ratio * part.edges.len());
    }
    if !(split.validation.is_empty() && split.test.is_empty()) {
        prop_assert_eq!(split.negatives_ratio(), Some(ratio));
    }
    prop_assert_eq!(&Split::from_lists(split.lists(), graph, "split".as_ref()).unwrap(), split);
    Ok(())
}

proptest! {
    #[test]
    fn folds_test_every_edge_once(
        graph in graphs(),
        count in 2usize..12,
        ratio in 1usize..4,
        val_fraction in 0.0..0.4f64,
        seed: u64,
    ) {
        let num_edges = graph.edges.len();
        let (mut tested, mut sizes) = (HashSet::new(), Vec::new());
        for fold in Fold::all(count) {
            let fractions = SplitConfig { val_fraction, negatives_ratio: ratio, ..SplitConfig::default() };
            let config = SplitConfig { fold: Some(fold), ..fractions };
            let split = match split::edges(&graph, &config, seed) {
                Ok(split) => split,
                Err(Error::TooFewNonEdges { .. }) => return Ok(()),
                // Every fold is refused, or none, unless the larger folds lack negatives.
                Err(Error::Config { setting, .. }) => {
                    prop_assert!(tested.is_empty() || setting == "split.negatives_ratio");
                    return Ok(());
                }
                Err(other) => return Err(TestCaseError::fail(other.to_string())),
            };
            check(&split, &graph, ratio)?;
            prop_assert_eq!(split.validation.edges.len(), (num_edges as f64 * val_fraction) as usize);
            prop_assert!(split.test.edges.pairs().iter().all(|&pair| tested.insert(pair)), "tested twice");
            sizes.push(split.test.edges.len());
            prop_assert_eq!(split::edges(&graph, &config, seed).unwrap(), split);
        }
        prop_assert_eq!(tested.len(), num_edges);
        prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
    }

    #[test]
    fn components_are_kept(
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
        let task = match graph.edges.direction() {
            Direction::Directed => task,
            Direction::Undirected => DirectedTask::General,
        };
        let config = SplitConfig { val_fraction, test_fraction, keep_connected: true, task, ..SplitConfig::default() };
        match split::with_task(&graph, task, &config, seed) {
            Ok(split) => {
                check(&split, &graph, 1)?;
                prop_assert_eq!(split.train.num_components(), graph.edges.num_components());
                prop_assert_eq!(split::with_task(&graph, task, &config, seed).unwrap(), split);
            }
            Err(Error::TooFewEdges { .. } | Error::TooFewNonEdges { .. } | Error::TooFewTaskEdges { .. }) => {}
            Err(Error::TooFewSpareEdges {
                num_edges, num_spare, num_validation, num_test, largest_fraction, ..
            }) => {
                prop_assert!(num_validation + num_test > num_spare);
                if task == DirectedTask::General {
                    // The edges beside a spanning forest.
                    let num_forest = graph.num_nodes() - graph.edges.num_components();
                    prop_assert_eq!((num_edges, num_spare), (graph.edges.len(), num_edges - num_forest));
                }
                // What the error says is possible: all of it, for one part.
                prop_assert!(largest_fraction <= num_spare as f64 / num_edges as f64);
                let config = SplitConfig { val_fraction: 0.0, test_fraction: largest_fraction, ..config };
                let again = split::with_task(&graph, task, &config, seed);
                prop_assert!(!matches!(again, Err(Error::TooFewSpareEdges { .. })), "{again:?}");
            }
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        }
    }

    #[test]
    fn several_negatives_for_each_edge(graph in graphs(), ratio in 1usize..9, seed: u64) {
        let fractions = SplitConfig { val_fraction: 0.1, test_fraction: 0.2, ..SplitConfig::default() };
        let config = SplitConfig { negatives_ratio: ratio, ..fractions };
        match split::edges(&graph, &config, seed) {
            Ok(split) => {
                check(&split, &graph, ratio)?;
                prop_assert_eq!(&split::edges(&graph, &config, seed).unwrap(), &split);
                // The edges are those of any other ratio.
                let one = split::edges(&graph, &SplitConfig { negatives_ratio: 1, ..config }, seed).unwrap();
                prop_assert_eq!(one.lists()[3], split.lists()[3]);
            }
            Err(Error::TooFewEdges { .. } | Error::TooFewNonEdges { .. }) => {}
            Err(Error::Config { problem, .. }) => {
                prop_assert!(ratio > 1 && problem.contains("at most "), "{}", problem);
                let most: usize = problem.split("at most ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
                prop_assert!(most >= 1 && most < ratio);
                let most = SplitConfig { negatives_ratio: most, ..config };
                check(&split::edges(&graph, &most, seed).unwrap(), &graph, most.negatives_ratio)?;
            }
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        }
    }

    #[test]
    fn folds_of_rows_test_every_row_once(num_rows in 0usize..60, count in 2usize..9, seed: u64) {
        let mut tested = HashSet::new();
        for fold in Fold::all(count) {
            let config = SplitConfig { val_fraction: 0.1, fold: Some(fold), ..SplitConfig::default() };
            let rows = split::rows(num_rows, &config, seed);
            prop_assert!(rows.test.iter().all(|&row| tested.insert(row)), "tested twice");
            let mut all = [rows.train, rows.validation, rows.test].concat();
            all.sort_unstable();
            prop_assert!(all.into_iter().eq(0..num_rows));
        }
        prop_assert_eq!(tested.len(), num_rows);
    }
}

#[test]
fn every_spare_edge_is_held_out_sometimes() {
    // A triangle with a tail: one edge of the triangle is spare, any of the three; the tail never is.
    let graph = graph(Direction::Undirected, 5, vec![(0, 1), (1, 2), (0, 2), (2, 3), (3, 4)]);
    let fractions = SplitConfig { val_fraction: 0.0, test_fraction: 0.2, ..SplitConfig::default() };
    let config = SplitConfig { keep_connected: true, ..fractions };
    let mut times = [0; 3];
    for seed in 0..3000 {
        let split = split::edges(&graph, &config, seed).unwrap();
        let at = [(0, 1), (0, 2), (1, 2)].iter().position(|pair| split.test.edges.pairs() == [*pair]);
        times[at.expect("an edge of the triangle")] += 1;
    }
    // 1000 each, within five standard deviations of √(3000 · ⅓ · ⅔).
    assert!(times.iter().all(|&times: &i32| (times - 1000).abs() < 130), "{times:?}");

    let more = SplitConfig { val_fraction: 0.2, ..config };
    assert_eq!(
        split::edges(&graph, &more, 0).unwrap_err().to_string(),
        "`split.keep_connected` can hold out 1 of the 5 edges; the others hold the graph together. `split.val_fraction = \
         0.2` and `split.test_fraction = 0.2` ask for 1 and 1; together they can be at most 0.2"
    );
}

#[test]
fn one_way_edges_beside_those_that_stay_are_spare() {
    // 0 and 1 are joined both ways, which the biased task leaves alone: both edges 2→0 and 2→1 cannot go, one can.
    let graph = graph(Direction::Directed, 3, vec![(0, 1), (1, 0), (2, 0), (2, 1)]);
    let config =
        SplitConfig { val_fraction: 0.0, test_fraction: 0.5, keep_connected: true, ..SplitConfig::default() };
    let split = split::with_task(&graph, DirectedTask::Biased, &config, 0).unwrap();
    assert_eq!((split.train.num_components(), split.test.edges.len()), (1, 1));
    let more = SplitConfig { val_fraction: 0.5, test_fraction: 0.5, ..config };
    let error = split::with_task(&graph, DirectedTask::Biased, &more, 0).unwrap_err().to_string();
    assert!(error.starts_with("`split.keep_connected` can hold out 1 of the 2 one-way edges; "), "{error}");
}

#[test]
fn too_few_edges_for_folds() {
    let path = graph(Direction::Undirected, 4, vec![(0, 1), (1, 2), (2, 3)]);
    let config = |fold: &str, val_fraction| SplitConfig {
        val_fraction,
        fold: Some(fold.parse().unwrap()),
        ..SplitConfig::default()
    };
    assert_eq!(
        split::edges(&path, &config("2/4", 0.0), 0).unwrap_err().to_string(),
        "too few edges (3) for `split.fold = 2/4` and `split.val_fraction = 0`: over the folds, train, validation and test \
         would get at least 2, 0 and 0; each needs at least 1. Hint: another number of folds, or `split.val_fraction = 0` \
         to validate nothing"
    );
    assert!(split::edges(&path, &config("1/3", 0.05), 0).is_err(), "nothing to validate on");
    assert!(split::edges(&path, &config("3/3", 0.4), 0).is_ok());
    // One half has 1 edge, the other 2: the second leaves none to train on, so that both are refused.
    assert!((1..=2).all(|half| split::edges(&path, &config(&format!("{half}/2"), 0.4), 0).is_err()));
}

#[test]
fn settings_that_exclude_each_other_are_refused() {
    let fold = Some("1/2".parse().unwrap());
    let default = SplitConfig::default;
    let cases = [
        (
            SplitConfig { fold, val_fraction: 0.5, ..default() },
            "`split.val_fraction = 0.5` and `split.fold = 1/2` add up",
        ),
        (
            SplitConfig { fold, test_fraction: 0.2, ..default() },
            "`split.fold = 1/2` and `split.test_fraction = 0.2` exclude",
        ),
        (
            SplitConfig { fold, keep_connected: true, ..default() },
            "`split.fold = 1/2` and `split.keep_connected` exclude",
        ),
        (
            SplitConfig { fold, task: DirectedTask::Biased, ..default() },
            "`split.fold = 1/2` and `split.task = biased` exclude",
        ),
        (SplitConfig { negatives_ratio: 0, ..default() }, "`split.negatives_ratio` is 0; expected 1 to 1000"),
        (
            SplitConfig { negatives_ratio: 2, task: DirectedTask::Bidirectional, ..default() },
            "`split.negatives_ratio = 2` has no effect: ",
        ),
    ];
    for (split, expected) in cases {
        let read = ReadConfig { directed: true, ..ReadConfig::default() };
        let error = Config { read, split, ..Config::default() }.validate().unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    // Rows without a graph have no edges to hold out.
    let rows = Graph::default();
    for (split, setting) in [
        (SplitConfig { keep_connected: true, ..default() }, "split.keep_connected"),
        (SplitConfig { negatives_ratio: 2, ..default() }, "split.negatives_ratio"),
    ] {
        let config = Config { split, ..Config::default() };
        let Err(Error::Config { setting: found, .. }) = pipeline::split(&rows, &config, None) else {
            panic!("{setting} has no effect and was not refused")
        };
        assert_eq!(found, setting);
    }
}
