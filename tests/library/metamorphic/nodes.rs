//! Relabelled nodes, an additional node, and reversed pairs.

use ndarray::{Array2, Axis, concatenate};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vgae::config::{BaselineKind, Config, DecoderKind, ModelKind};
use vgae::evaluate::metrics::roc_auc;
use vgae::graph::{Direction, EdgeList, Features, Pair};
use vgae::model::baseline::Baseline;
use vgae::model::network::{Embeddings, Network, Weights};
use vgae::model::{Encoded, Model};

const NUM_NODES: usize = 60;
const NUM_FEATURES: usize = 7;

/// Returns every network: its settings, the direction of its edges, and `true` if it has features.
fn networks() -> Vec<(Config, Direction, bool)> {
    let mut all = Vec::new();
    let mut add = |model, direction, has_features, decoder| {
        let mut config = Config::default();
        (config.model.model, config.model.decoder) = (model, decoder);
        (config.model.hidden, config.model.latent) = (Some(9), Some(6));
        all.push((config, direction, has_features));
    };
    use ModelKind::*;
    for has_features in [true, false] {
        for model in [Gae, Vgae, LinearGae, LinearVgae, TunedGae, Gnae, Vgnae] {
            add(model, Direction::Undirected, has_features, None);
        }
        for model in [GravityGae, GravityVgae] {
            add(model, Direction::Directed, has_features, None);
        }
        add(Gae, Direction::Undirected, has_features, Some(DecoderKind::HadamardMlp));
    }
    all
}

pub fn random_pairs(num_nodes: usize, count: usize, seed: u64) -> Vec<Pair> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let n = num_nodes as u32;
    (0..count).map(|_| (rng.random_range(0..n), rng.random_range(0..n))).filter(|(u, v)| u != v).collect()
}

fn edges(direction: Direction, num_nodes: usize, pairs: Vec<Pair>) -> EdgeList {
    EdgeList::with_direction(direction, num_nodes, pairs, None).0
}

fn random_features(num_nodes: usize, seed: u64) -> Array2<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array2::from_shape_fn((num_nodes, NUM_FEATURES), |_| rng.random_range(-1.0..1.0))
}

/// Returns the weights of a freshly initialised network.
fn weights(config: &Config, num_inputs: usize) -> Weights {
    Network::new(&config.model, num_inputs, &mut ChaCha8Rng::seed_from_u64(4)).weights().clone()
}

fn encode(config: &Config, edges: &EdgeList, x: Option<Array2<f32>>, weights: &Weights) -> Encoded {
    let features = x.map(Features::from);
    let num_features = if features.is_some() { NUM_FEATURES } else { 0 };
    let model = Model::from_weights(config, edges.num_nodes(), num_features, weights).unwrap();
    model.encode(edges, features.as_ref()).unwrap()
}

fn permutation(num_nodes: usize, seed: u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..num_nodes as u32).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    order
}

fn relabelled(pairs: &[Pair], names: &[u32]) -> Vec<Pair> {
    pairs.iter().map(|&(u, v)| (names[u as usize], names[v as usize])).collect()
}

/// Moves each row of `matrix` to the index given by `names`.
fn relabelled_rows(matrix: &Array2<f32>, names: &[u32]) -> Array2<f32> {
    let mut rows = matrix.clone();
    for (node, &name) in names.iter().enumerate() {
        rows.row_mut(name as usize).assign(&matrix.row(node));
    }
    rows
}

fn assert_near(found: &Array2<f32>, expected: &Array2<f32>, what: &str) {
    let size = expected.iter().fold(0f32, |most, value| most.max(value.abs()));
    assert_eq!(found.dim(), expected.dim(), "{what}");
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= 1e-5 * size, "{what}[{at}]: {found}, expected {expected}");
    }
}

#[test]
fn relabelling_permutes_embeddings() {
    for (at, (config, direction, has_features)) in networks().into_iter().enumerate() {
        let what = format!("{} {}", config.model.model, has_features);
        let pairs = random_pairs(NUM_NODES, 200, at as u64);
        let names = permutation(NUM_NODES, 100 + at as u64);
        let x = has_features.then(|| random_features(NUM_NODES, 1));
        let weights = weights(&config, if has_features { NUM_FEATURES } else { NUM_NODES });
        // If X = I, one weight has a row for each node.
        let renamed_weights = match has_features {
            true => weights.clone(),
            false => weights
                .iter()
                .map(|(name, weight)| match weight.nrows() == NUM_NODES {
                    true => (name.clone(), relabelled_rows(weight, &names)),
                    false => (name.clone(), weight.clone()),
                })
                .collect(),
        };
        assert!(has_features || renamed_weights != weights, "{what}");
        let renamed_x = x.as_ref().map(|x| relabelled_rows(x, &names));
        let graph = edges(direction, NUM_NODES, pairs.clone());
        let renamed = edges(direction, NUM_NODES, relabelled(&pairs, &names));
        let before = encode(&config, &graph, x, &weights);
        let after = encode(&config, &renamed, renamed_x, &renamed_weights);

        let [old, new] = [&before, &after].map(|encoded| encoded.embeddings.as_ref().unwrap());
        assert_near(&new.mean, &relabelled_rows(&old.mean, &names), &what);
        if let (Some(old), Some(new)) = (&old.log_variance, &new.log_variance) {
            assert_near(new, &relabelled_rows(old, &names), &what);
        }
        let asked = random_pairs(NUM_NODES, 300, 50);
        let logits = before.score.logits(&asked);
        let renamed_logits = after.score.logits(&relabelled(&asked, &names));
        let size = logits.iter().fold(0f64, |most, logit| most.max(logit.abs()));
        for (found, expected) in renamed_logits.iter().zip(&logits) {
            assert!((found - expected).abs() <= 2e-5 * size, "{what}: {found}, expected {expected}");
        }
        let labels: Vec<bool> = asked.iter().map(|&pair| graph.contains(pair)).collect();
        let [old, new] = [&logits, &renamed_logits].map(|logits| roc_auc(logits, &labels).unwrap());
        // Nearly tied pairs may have swapped.
        assert!((old - new).abs() < 1e-3, "{what}: {new}, expected {old}");
    }
}

#[test]
fn relabelling_keeps_baseline_scores() {
    let (pairs, names) = (random_pairs(NUM_NODES, 200, 3), permutation(NUM_NODES, 4));
    let x = random_features(NUM_NODES, 5);
    let renamed_x = Features::from(relabelled_rows(&x, &names));
    let x = Features::from(x);
    let graph = edges(Direction::Undirected, NUM_NODES, pairs.clone());
    let renamed = edges(Direction::Undirected, NUM_NODES, relabelled(&pairs, &names));
    let asked = random_pairs(NUM_NODES, 300, 50);
    for kind in BaselineKind::ALL {
        let old = Baseline::new(kind, &graph, Some(&x), 0).unwrap().scores(&asked);
        let new = Baseline::new(kind, &renamed, Some(&renamed_x), 0).unwrap();
        for (found, expected) in new.scores(&relabelled(&asked, &names)).iter().zip(&old) {
            assert!(
                (found - expected).abs() <= 1e-4 * expected.abs().max(1e-2),
                "{kind:?}: {found}, {expected}"
            );
        }
    }
}

#[test]
fn isolated_node_keeps_embeddings() {
    for (at, (config, direction, has_features)) in networks().into_iter().enumerate() {
        let what = format!("{} {}", config.model.model, has_features);
        let pairs = random_pairs(NUM_NODES, 200, at as u64);
        let x = has_features.then(|| random_features(NUM_NODES, 1));
        let more_x = x.as_ref().map(|x| with_row(x, 0.5));
        let weights = weights(&config, if has_features { NUM_FEATURES } else { NUM_NODES });
        let more_weights = match has_features {
            true => weights.clone(),
            false => weights
                .iter()
                .map(|(name, weight)| match weight.nrows() == NUM_NODES {
                    true => (name.clone(), with_row(weight, 0.25)),
                    false => (name.clone(), weight.clone()),
                })
                .collect(),
        };
        let before = encode(&config, &edges(direction, NUM_NODES, pairs.clone()), x, &weights);
        let after = encode(&config, &edges(direction, NUM_NODES + 1, pairs), more_x, &more_weights);
        let [old, new] = [before, after].map(|encoded| encoded.embeddings.unwrap());
        let others = |embeddings: &Embeddings| -> Vec<f32> {
            embeddings.mean.iter().chain(embeddings.log_variance.iter().flatten()).copied().collect()
        };
        let cut = |matrix: Array2<f32>| matrix.slice_move(ndarray::s![..NUM_NODES, ..]);
        let new = Embeddings { mean: cut(new.mean), log_variance: new.log_variance.map(cut) };
        assert_eq!(others(&new), others(&old), "{what}: to the bit");
    }
}

fn with_row(matrix: &Array2<f32>, value: f32) -> Array2<f32> {
    let row = Array2::from_elem((1, matrix.ncols()), value);
    concatenate(Axis(0), &[matrix.view(), row.view()]).unwrap()
}

#[test]
fn isolated_node_keeps_baseline_scores() {
    let pairs = random_pairs(NUM_NODES, 200, 3);
    let asked = random_pairs(NUM_NODES, 300, 50);
    // Tf-idf depends on all rows of features, so the scores of features are excluded.
    for kind in BaselineKind::ALL.into_iter().filter(|kind| !format!("{kind:?}").ends_with("Cosine")) {
        let scores = |num_nodes| {
            let graph = edges(Direction::Undirected, num_nodes, pairs.clone());
            Baseline::new(kind, &graph, None, 0).unwrap().scores(&asked)
        };
        for (found, expected) in scores(NUM_NODES + 1).iter().zip(scores(NUM_NODES)) {
            assert!(
                (found - expected).abs() <= 1e-4 * expected.abs().max(1e-2),
                "{kind:?}: {found}, {expected}"
            );
        }
    }
}

#[test]
fn undirected_scores_are_symmetric() {
    let pairs = random_pairs(NUM_NODES, 200, 7);
    let asked = random_pairs(NUM_NODES, 300, 8);
    let reversed: Vec<Pair> = asked.iter().map(|&(u, v)| (v, u)).collect();
    for (config, direction, has_features) in networks() {
        let x = has_features.then(|| random_features(NUM_NODES, 1));
        let weights = weights(&config, if has_features { NUM_FEATURES } else { NUM_NODES });
        let encoded = encode(&config, &edges(direction, NUM_NODES, pairs.clone()), x, &weights);
        let [one_way, other_way] = [&asked, &reversed].map(|pairs| encoded.score.logits(pairs));
        match direction {
            Direction::Undirected => assert_eq!(one_way, other_way, "{}", config.model.model),
            Direction::Directed => assert_ne!(one_way, other_way, "{}", config.model.model),
        }
    }
    let x = Features::from(random_features(NUM_NODES, 5));
    let graph = edges(Direction::Undirected, NUM_NODES, pairs);
    for kind in BaselineKind::ALL {
        // Walks from either end are summed in another order.
        let baseline = Baseline::new(kind, &graph, Some(&x), 0).unwrap();
        for (one_way, other_way) in baseline.scores(&asked).iter().zip(baseline.scores(&reversed)) {
            assert!((one_way - other_way).abs() <= 1e-12 * one_way.abs(), "{kind:?}: {one_way}, {other_way}");
        }
    }
}
