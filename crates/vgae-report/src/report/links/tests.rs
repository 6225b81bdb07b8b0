//! The links of the report and the predictions of the explorer, against all ordered pairs one by one.

use ndarray::Array2;

use super::*;
use crate::explore::Explorer;
use vgae::config::{Config, DecoderKind, SplitConfig};
use vgae::evaluate::RunMetrics;
use vgae::graph::{EdgeList, Features, Graph};
use vgae::run::{RunDir, Timings};
use vgae::write::Existing;
use vgae::{split, train};

const NUM_NODES: u32 = 14;
const NUM_SOURCES: usize = 6;

/// Returns a graph of each kind: undirected, directed and bipartite.
fn graphs() -> Vec<Graph> {
    let n = NUM_NODES;
    // Some multiplicative generator; a third of the pairs or so are edges.
    let is_edge = |u: u32, v: u32| (u * 31 + v * 17 + u * v * 7) % 11 < 4;
    let pairs = |wanted: &dyn Fn(u32, u32) -> bool| -> Vec<Pair> {
        let all = (0..n).flat_map(|u| (0..n).map(move |v| (u, v)));
        all.filter(|&(u, v)| u != v && wanted(u, v) && is_edge(u, v)).collect()
    };
    let is_across = |u: u32, v: u32| (u as usize) < NUM_SOURCES && (v as usize) >= NUM_SOURCES;
    let edge_lists = [
        EdgeList::new(n as usize, pairs(&|u, v| u < v), None).0,
        EdgeList::with_direction(Direction::Directed, n as usize, pairs(&|_, _| true), None).0,
        EdgeList::new(n as usize, pairs(&is_across), None).0.across_kinds(NUM_SOURCES).unwrap(),
    ];
    let graph = |edges| {
        let mut graph = Graph { edges, ..Graph::default() };
        (0..n).for_each(|node| {
            graph.nodes.intern(&format!("n{node}"));
        });
        let x = Array2::from_shape_fn((n as usize, 3), |(node, k)| ((node * (k + 2)) as f32).sin());
        graph.features = Some(Features::from(x));
        graph
    };
    edge_lists.into_iter().map(graph).collect()
}

fn trained(graph: &Graph, model: &str, decoder: DecoderKind) -> (tempfile::TempDir, Run) {
    let mut config = Config {
        split: SplitConfig { val_fraction: 0.2, test_fraction: 0.2, ..SplitConfig::default() },
        ..Config::default()
    };
    (config.model.model, config.model.decoder) = (model.parse().unwrap(), Some(decoder));
    config.read.directed = graph.edges.direction() == Direction::Directed;
    config.read.bipartite = graph.edges.num_sources().is_some();
    if !matches!(config.model.model, ModelKind::Baseline(_)) {
        config.train.epochs = Some(2);
    }
    let split = split::edges(graph, &config.split, 0).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run");
    let making = RunDir::create(&path, &config, graph, &split, Existing::Keep).unwrap();
    let trained = train::fit(graph.features(), &split, &config, |_| {}).unwrap();
    let encoded = trained.model.encode(&split.train, graph.features()).unwrap();
    let metrics =
        RunMetrics::compute(&trained.model, &*encoded.score, &split, graph.features(), &config).unwrap();
    making.finish(graph, &trained, &encoded, &metrics, Timings::default()).unwrap();
    let run = Run::open(&path).unwrap();
    (directory, run)
}

/// Returns the pairs that are not edges, straight from the definition.
fn candidates(graph: &Graph) -> Vec<Pair> {
    let edges = &graph.edges;
    let is_edge = |pair: &Pair| edges.pairs().contains(pair);
    let is_candidate = |&(u, v): &Pair| match (edges.num_sources(), edges.direction()) {
        (Some(num_sources), _) => (u as usize) < num_sources && (v as usize) >= num_sources,
        (None, Direction::Directed) => u != v,
        (None, Direction::Undirected) => u < v,
    };
    let all = (0..NUM_NODES).flat_map(|u| (0..NUM_NODES).map(move |v| (u, v)));
    all.filter(|pair| is_candidate(pair) && !is_edge(pair)).collect()
}

fn share_neighbour(graph: &Graph, (u, v): Pair) -> bool {
    let are_linked =
        |u: u32, v: u32| graph.edges.pairs().iter().any(|&pair| pair == (u, v) || pair == (v, u));
    (0..NUM_NODES).any(|other| are_linked(u, other) && are_linked(v, other))
}

#[test]
fn links_are_those_of_brute_force() {
    use DecoderKind::{HadamardMlp, InnerProduct};
    for graph in graphs() {
        let is_directed = graph.edges.direction() == Direction::Directed;
        for (model, decoder) in [
            ("vgae", InnerProduct),
            ("gae", HadamardMlp),
            ("gravity-gae", InnerProduct),
            ("best", InnerProduct),
            ("jaccard", InnerProduct),
            ("katz", InnerProduct),
            ("feature-cosine", InnerProduct),
        ] {
            let is_bipartite = graph.edges.num_sources().is_some();
            // A source and a target have no common neighbours.
            if (model == "gravity-gae" && !is_directed) || (model == "jaccard" && is_bipartite) {
                continue;
            }
            let (_directory, run) = trained(&graph, model, decoder);
            let encoded = run.encode().unwrap();
            let sample: Vec<u32> = (0..NUM_NODES).collect();
            let links = Links::find(&LinkBuilder::new(&run), &encoded, &sample, 1000);
            let mut expected = candidates(&graph);
            match links.scope {
                Scope::AllPairs | Scope::AtNodes(_) => {}
                Scope::TwoHop => expected.retain(|&pair| share_neighbour(&graph, pair)),
                other => panic!("{model}: {other:?}"),
            }
            let logit = |pair: Pair| encoded.score.logits(&[pair])[0];
            expected.sort_by(|&a, &b| logit(b).total_cmp(&logit(a)).then(a.cmp(&b)));
            let found: Vec<Pair> = links.best.iter().map(|link| link.pair).collect();
            assert_eq!(found, expected, "{model}, {:?}", links.scope);

            let explorer = Explorer::new("run".into(), run, None).unwrap();
            for node in 0..NUM_NODES {
                let partner = |&(u, v): &Pair| match is_directed {
                    _ if u == node => Some(v),
                    false if v == node => Some(u),
                    _ => None,
                };
                let mut expected: Vec<u32> = candidates(&graph).iter().filter_map(partner).collect();
                expected.sort_by(|&a, &b| logit((node, b)).total_cmp(&logit((node, a))).then(a.cmp(&b)));
                let id = format!("n{node}");
                let predictions = explorer.predict(&id, 1000).unwrap().predictions;
                let found: Vec<&str> = predictions.iter().map(|prediction| prediction.named.node).collect();
                let expected: Vec<String> = expected.iter().map(|node| format!("n{node}")).collect();
                assert_eq!(found, expected, "{model}, node {node}");
            }
        }
    }
}
