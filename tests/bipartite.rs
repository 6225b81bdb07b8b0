//! Bipartite graphs: non-edges, negatives and predictions are pairs of a source and a target alone.

mod common;

use std::collections::HashSet;

use common::Place;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use vgae::config::{ReadConfig, SplitConfig};
use vgae::evaluate::negatives::{self, Negatives};
use vgae::graph::{Direction, EdgeList, Graph, Pair};
use vgae::{read, split};

/// 30 users who bought 4 or 5 of 20 items each, in a file that names items before some users.
fn shop() -> String {
    let mut rows = String::from("user,item\n");
    for user in 0..30 {
        for at in 0..4 + user % 2 {
            rows += &format!("u{user},i{}\n", (user * 3 + at * at + at) % 20);
        }
    }
    rows
}

fn is_across(line: &str) -> bool {
    let fields: Vec<&str> = line.split(',').collect();
    fields[0].starts_with('u') && fields[1].starts_with('i')
}

fn config() -> ReadConfig {
    ReadConfig { bipartite: true, ..ReadConfig::default() }
}

#[test]
fn sources_come_first_and_each_node_keeps_what_is_its() {
    let place = Place::new();
    place
        .write("data/edges.csv", "a,x,2\na,y,3\nb,y,5\na,x,7\n")
        .write("data/features.csv", "y,1,0\nnobody,9,9\nb,2,0\nx,3,0\na,4,0\n")
        .write("data/labels.csv", "x,thing\na,person\n");
    let weights = ReadConfig { weights: Some("3".into()), ..config() };
    let graph = read::data(&place.path("data"), &weights).unwrap();
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

#[test]
fn a_run_holds_out_and_predicts_pairs_of_a_source_and_a_target_alone() {
    let place = Place::new();
    place.write("shop.csv", shop());
    place.stdout("train shop.csv --bipartite --epochs 30 --output run --quiet");
    for list in ["train", "validation", "validation_negatives", "test", "test_negatives"] {
        let rows = place.read(&format!("run/split/{list}.csv"));
        assert!(rows.lines().count() > 1 && rows.lines().skip(1).all(is_across), "{list}: {rows}");
    }
    assert_eq!(place.json("run/run.json")["counts"]["num_sources"], 30);
    let nodes = place.read("run/nodes.csv");
    assert!(nodes.lines().skip(1).take(30).all(|node| node.starts_with('u')), "{nodes}");
    let num_edges = shop().lines().collect::<HashSet<_>>().len() - 1;

    // Every candidate, and not one pair more.
    let predicted = place.stdout("predict run --top 1000 --quiet");
    let pairs: HashSet<&str> = predicted.lines().skip(1).collect();
    assert_eq!(pairs.len(), 30 * 20 - num_edges);
    assert!(predicted.lines().skip(1).all(is_across), "{predicted}");
    let of_item = place.stdout("predict run --top 1000 --node i7 --quiet");
    let of_item: Vec<&str> = of_item.lines().skip(1).collect();
    assert!(!of_item.is_empty() && of_item.iter().all(|row| row.starts_with("i7,u")), "{of_item:?}");

    for negatives in ["degree", "hard"] {
        place.stdout(&format!("evaluate run --negatives {negatives} --quiet"));
    }
    let made = place.stdout("generate run --edges 200 --quiet");
    assert!(made.lines().count() > 150 && made.lines().skip(1).all(is_across), "{made}");
    place.stdout("inspect run --quiet");
    place.stdout("embed run --quiet");
    place.stdout("audit run --quiet");
    // Who asks for a pair within a kind by name gets its score.
    place.write("pairs.csv", "u0,u1\nu0,i9\n");
    assert_eq!(place.stdout("score run --pairs pairs.csv --quiet").lines().count(), 3);
    // Another model on the same split, and the models that need no auto-encoder.
    place.stdout("train shop.csv --bipartite --split run --model katz --output katz --quiet");
    let best = "train shop.csv --bipartite --split run --model best --epochs 5 --output best --quiet";
    place.stdout(best);
    assert!(place.stdout("predict best --top 1000 --quiet").lines().skip(1).all(is_across));
}

#[test]
fn a_run_of_before_there_were_kinds_and_weights_opens() {
    let place = Place::new();
    place.train_karate("");
    let mut record = place.json("run/run.json");
    for (part, key) in [("read", "bipartite"), ("train", "weighted_loss")] {
        assert_eq!(record["config"][part].as_object_mut().unwrap().remove(key), Some(false.into()));
    }
    place.write("run/run.json", record.to_string());
    place.stdout("evaluate run --quiet");
}

#[test]
fn where_every_pair_is_an_edge_a_loss_that_draws_others_is_refused() {
    let place = Place::new();
    let rows: String = (0..24).map(|at| format!("u{},i{}\n", at / 4, at % 4)).collect();
    place.write("full.csv", rows);
    let train =
        "train full.csv --bipartite --val-fraction 0 --test-fraction 0 --epochs 2 --output run --quiet";
    let error = place.failure(&format!("{train} --loss sampled"), 2);
    assert_eq!(
        error,
        "error: --loss sampled draws pairs that are no edges, and every pair of nodes is one; hint: --loss exact\n"
    );
    place.stdout(train);
}

#[test]
fn every_loss_trains() {
    let place = Place::new();
    place.write("shop.csv", shop());
    for (at, loss) in ["exact", "sampled", "reweighted", "subgraph"].iter().enumerate() {
        let run = format!("train shop.csv --bipartite --loss {loss} --epochs 3 --output run{at} --quiet");
        place.stdout(&run);
    }
}

#[test]
fn what_is_not_bipartite_is_refused() {
    let place = Place::new();
    place.write("mixed.csv", "user,item\na,x\n# a comment\nb,y\nx,b\n").write("loop.csv", "a,x\nb,b\nb,x\n");
    let error = place.failure("train mixed.csv --bipartite --output run --quiet", 1);
    assert_eq!(
        error,
        "error: mixed.csv:5: node x is a target and a source (the target on line 2); expected two kinds of nodes with \
         --bipartite; hint: give the ids of one kind a prefix\n"
    );
    let error = place.failure("train loop.csv --bipartite --output run --quiet", 1);
    assert!(
        error.starts_with("error: loop.csv:2: node b is a target and a source (the source here)"),
        "{error}"
    );

    place.write("shop.csv", shop());
    place.failure("train shop.csv --bipartite --directed --quiet", 2);
    let error = place.failure("train shop.csv --bipartite --model gravity-gae --quiet", 2);
    assert_eq!(
        error,
        "error: --bipartite leaves edges without directions, which gravity-gae is for: choose another model\n"
    );
    let error = place.failure("train shop.csv --bipartite --task biased --quiet", 2);
    assert_eq!(
        error,
        "error: --bipartite leaves edges without directions, which --task biased asks for: leave it out\n"
    );
    let error = place.failure("train shop.csv --bipartite --model adamic-adar --quiet", 2);
    assert_eq!(
        error,
        "error: --bipartite leaves nothing to adamic-adar: a source and a target have no common neighbours; choose one \
         of preferential-attachment, katz, personalized-pagerank, spectral, feature-cosine, propagated-cosine\n"
    );
    assert!(!place.exists("run"));
}

#[test]
fn a_split_with_a_negative_within_a_kind_is_refused() {
    let place = Place::new();
    place.write("shop.csv", shop());
    place.stdout("train shop.csv --bipartite --epochs 1 --output run --quiet");
    let negatives = place.read("run/split/test_negatives.csv");
    let first = negatives.lines().nth(1).unwrap();
    place.write("run/split/test_negatives.csv", negatives.replace(first, "u0,u1"));
    let error = place.failure("train shop.csv --bipartite --split run --output other --quiet", 1);
    assert_eq!(
        error,
        "error: run/split: the split does not hold: u0,u1 in test_negatives joins two nodes of one kind; the graph is \
         bipartite\n"
    );
    place.vgae("audit run --quiet").assert().code(1);
}

/// A bipartite graph of some of the pairs of `num_sources` and `num_targets` nodes, and whether each is an edge.
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
    fn negatives_of_every_kind_are_absent_pairs_across_kinds(
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
        // All of them, half of them, and one more than there are.
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
