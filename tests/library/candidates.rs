//! Every path that enumerates pairs, for every model and kind of graph, against all ordered pairs one by one.

use std::collections::BTreeSet;

use clap::ValueEnum;
use ndarray::Array2;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use vgae::config::{Config, DecoderKind, ModelKind, SplitConfig};
use vgae::evaluate::negatives::{by_degree, hard};
use vgae::graph::{Direction, EdgeList, Features, Graph, Pair};
use vgae::model::generate::{Source, edges};
use vgae::model::recommend::Candidates;
use vgae::model::score::{Score, ScoredPair};
use vgae::model::{Encoded, Model};
use vgae::{Error, split, train};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Undirected,
    Directed,
    Bipartite,
}

/// Returns the pairs that could be edges but are not, straight from the definition.
pub(super) fn candidates(known: &EdgeList, kind: Kind, num_sources: usize) -> Vec<Pair> {
    let n = known.num_nodes() as u32;
    let edges: BTreeSet<Pair> = known.pairs().iter().copied().collect();
    let is_candidate = |&(u, v): &Pair| match kind {
        Kind::Directed => u != v && !edges.contains(&(u, v)),
        Kind::Undirected => u < v && !edges.contains(&(u, v)),
        Kind::Bipartite => {
            (u as usize) < num_sources && (v as usize) >= num_sources && !edges.contains(&(u, v))
        }
    };
    (0..n).flat_map(|u| (0..n).map(move |v| (u, v))).filter(is_candidate).collect()
}

/// Returns the best `k` of `pairs`, each scored alone.
fn best_of(score: &dyn Score, k: usize, pairs: &[Pair]) -> Vec<ScoredPair> {
    let mut all: Vec<ScoredPair> =
        pairs.iter().map(|&pair| ScoredPair { pair, logit: score.logits(&[pair])[0] }).collect();
    all.sort_by(|a, b| b.logit.total_cmp(&a.logit).then(a.pair.cmp(&b.pair)));
    all.truncate(k);
    all
}

/// Returns `true` if both nodes of a pair are neighbours of some node, ignoring directions.
fn share_neighbour(known: &EdgeList, (u, v): Pair) -> bool {
    let are_linked = |u: u32, v: u32| known.pairs().iter().any(|&pair| pair == (u, v) || pair == (v, u));
    (0..known.num_nodes() as u32).any(|other| are_linked(u, other) && are_linked(v, other))
}

pub(super) fn model_kinds(kind: Kind) -> Vec<(ModelKind, DecoderKind)> {
    let mut all: Vec<_> = ModelKind::value_variants()
        .iter()
        // The logits of a vae are inner products like those of a vgae.
        .filter(|&&model| model != ModelKind::Vae && (!model.is_directed() || kind == Kind::Directed))
        .map(|&model| (model, DecoderKind::InnerProduct))
        .collect();
    all.push((ModelKind::Gae, DecoderKind::HadamardMlp));
    all
}

fn check_model(graph: &Graph, kind: Kind, encoded: &Encoded, k: usize) {
    let (known, score) = (&graph.edges, &*encoded.score);
    let num_sources = known.num_sources().unwrap_or(0);
    let all = candidates(known, kind, num_sources);
    assert_eq!(score.top_pairs(k, known), best_of(score, k, &all));
    let best = best_of(score, usize::MAX, &all);
    for logit in [best.get(k), best.last()].into_iter().flatten().map(|scored| scored.logit) {
        let num_above = best.iter().filter(|scored| scored.logit >= logit).count();
        assert_eq!(score.num_above(logit, known), num_above as u64);
    }
    assert_eq!(Candidates::All.top_pairs(score, k, known), best_of(score, k, &all));
    let n = known.num_nodes() as u32;
    let listed = (0..n).flat_map(|u| (0..n).map(move |v| (u, v))).collect();
    assert_eq!(Candidates::Listed(listed).top_pairs(score, k, known), best_of(score, k, &all));
    let two_hop: Vec<Pair> = all.iter().copied().filter(|&pair| share_neighbour(known, pair)).collect();
    if kind != Kind::Bipartite {
        assert_eq!(Candidates::TwoHop.top_pairs(score, k, known), best_of(score, k, &two_hop));
    }
    let nodes: Vec<u32> = (0..n).collect();
    // Without directions a node may also be the second of a pair.
    let of_node = |pairs: &[Pair], node: u32| -> Vec<Pair> {
        let as_source = |&(u, v): &Pair| match kind {
            _ if u == node => Some((u, v)),
            Kind::Undirected | Kind::Bipartite if v == node => Some((v, u)),
            _ => None,
        };
        pairs.iter().filter_map(as_source).collect()
    };
    let expected: Vec<Vec<ScoredPair>> =
        nodes.iter().map(|&node| best_of(score, k, &of_node(&all, node))).collect();
    assert_eq!(score.top_of_nodes(&nodes, k, known), expected);
    if kind != Kind::Bipartite {
        let expected: Vec<Vec<ScoredPair>> =
            nodes.iter().map(|&node| best_of(score, k, &of_node(&two_hop, node))).collect();
        assert_eq!(Candidates::TwoHop.top_of_nodes(score, &nodes, k, known), expected);
    }
    #[cfg(feature = "approximate")]
    if let Some(z) = score.factors() {
        // With so few nodes, the index searches them all.
        let index = vgae::model::recommend::Approximate::new(z).unwrap();
        assert_eq!(index.top_pairs(k, known).unwrap(), best_of(score, k, &all));
    }
}

/// Checks the pairs that are drawn, which do not depend on a model.
fn check_draws(graph: &Graph, kind: Kind, seed: u64) {
    let known = &graph.edges;
    let all = candidates(known, kind, known.num_sources().unwrap_or(0));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let is_candidate = |pair: &Pair| all.binary_search(pair).is_ok();
    let mut drawn = split::sample_negatives(known, all.len(), &mut rng).unwrap();
    drawn.sort_unstable();
    assert_eq!(drawn, all);
    // As many hard negatives as there are: every candidate at an end of an edge.
    let n = known.num_nodes();
    for (&(u, v), list) in
        known.pairs().iter().zip(hard(graph, known, known.pairs(), 2 * n, &mut rng).unwrap())
    {
        let shares_end = |&(a, b): &Pair| match kind {
            Kind::Undirected => [a, b].iter().any(|end| [u, v].contains(end)),
            Kind::Directed | Kind::Bipartite => a == u || b == v,
        };
        let expected: BTreeSet<Pair> = all.iter().copied().filter(shares_end).collect();
        assert_eq!(list.into_iter().collect::<BTreeSet<_>>(), expected);
    }
    match by_degree(known, known, known.len().min(all.len()), &mut rng) {
        Ok(drawn) => assert!(drawn.iter().all(is_candidate)),
        Err(error) => assert!(matches!(error, Error::TooFewDegreeNegatives { .. }), "{error}"),
    }
}

/// Generates graphs of 6 to 11 nodes; the features have three columns.
pub(super) fn graphs() -> impl Strategy<Value = (Graph, Kind)> {
    let kinds = prop::sample::select(vec![Kind::Undirected, Kind::Directed, Kind::Bipartite]);
    (6usize..12, kinds).prop_flat_map(|(n, kind)| {
        let num_sources = n / 2;
        let (first, second) = match kind {
            Kind::Bipartite => (0..num_sources as u32, num_sources as u32..n as u32),
            _ => (0..n as u32, 0..n as u32),
        };
        let values = prop::collection::vec(-1f32..1.0, 3 * n);
        (prop::collection::vec((first, second), n..3 * n), values).prop_map(move |(pairs, values)| {
            let mut graph = Graph::default();
            (0..n).for_each(|node| {
                graph.nodes.intern(&format!("n{node}"));
            });
            let direction = if kind == Kind::Directed { Direction::Directed } else { Direction::Undirected };
            graph.edges = EdgeList::with_direction(direction, n, pairs, None).0;
            if kind == Kind::Bipartite {
                graph.edges = graph.edges.across_kinds(num_sources).unwrap();
            }
            graph.features = Some(Features::from(Array2::from_shape_vec((n, 3), values).unwrap()));
            (graph, kind)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn enumerated_pairs_are_those_of_brute_force(
        (graph, kind) in graphs(),
        (other, other_kind) in graphs(),
        k in 1usize..150,
        seed in any::<u64>(),
    ) {
        let fractions = SplitConfig { val_fraction: 0.2, test_fraction: 0.2, ..SplitConfig::default() };
        prop_assume!(split::edges(&graph, &fractions, seed).is_ok());
        let split = split::edges(&graph, &fractions, seed).unwrap();
        check_draws(&graph, kind, seed);
        for (model, decoder) in model_kinds(kind) {
            let mut config = Config { split: fractions.clone(), seed, ..Config::default() };
            (config.model.model, config.model.decoder) = (model, Some(decoder));
            config.train.epochs = (model.is_network() || model == ModelKind::Best).then_some(2);
            let trained = train::fit(graph.features(), &split, &config, |_| {})
                .unwrap_or_else(|error| panic!("{model}: {error}"));
            let encoded = trained.model.encode(&split.train, graph.features()).unwrap();
            check_model(&graph, kind, &encoded, k);
            if kind == other_kind {
                let encoded = trained.model.encode(&other.edges, other.features()).unwrap();
                check_model(&other, kind, &encoded, k);
            }
            if let (Model::Network(network), Some(embeddings)) = (&trained.model, &encoded.embeddings)
                && embeddings.log_variance.is_some()
            {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                let made = edges(network, embeddings, Source::Posterior, k, &graph.edges, &mut rng).unwrap();
                let no_edges = graph.edges.with_edges(Vec::new());
                let possible = candidates(&no_edges, kind, no_edges.num_sources().unwrap_or(0));
                prop_assert_eq!(made.len(), k.min(possible.len()));
                let made: BTreeSet<Pair> = made.into_iter().collect();
                prop_assert_eq!(made.len(), k.min(possible.len()));
                prop_assert!(made.iter().all(|pair| possible.binary_search(pair).is_ok()));
            }
        }
    }
}
