//! Compares the gradients of the tape and the KL with PyTorch's (tests/golden/make.py).

use ndarray::{Array2, Axis, concatenate, s};
use serde_json::Value;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tch::Device;

use super::*;
use crate::config::{DecoderKind, KlWeight, ModelConfig, ModelKind, Select};
use crate::error::Error;
use crate::graph::{Csr, EdgeList, Graph, Pair};
use crate::kernels::operator::Operator;
use crate::kernels::tape::{Buffers, HostTape, KlTerm, Noise, Tape};
use crate::model::decoder::EmbeddingScorer;
use crate::model::encoder::Inputs;
use crate::model::loss::{ExactReconstruction, SampledEdges, Target, Weighting, kl_weight};
use crate::model::network::{Network, Pass, Seeds, TorchTrainer, Weights};
use crate::model::score::Score;
use crate::split;

fn golden() -> Value {
    serde_json::from_str(include_str!("../../tests/golden/golden.json")).unwrap()
}

fn matrix(value: &Value) -> Array2<f32> {
    let rows: Vec<Vec<f32>> = serde_json::from_value(value.clone()).unwrap();
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
}

fn edges(golden: &Value) -> EdgeList {
    EdgeList::new(7, serde_json::from_value(golden["edges"].clone()).unwrap(), None).0
}

fn assert_close(found: &[f32], expected: &Value, what: &str) {
    let expected: Vec<Vec<f64>> = serde_json::from_value(expected.clone()).unwrap();
    let expected = expected.concat();
    let size = expected.iter().fold(0f64, |most, value| most.max(value.abs()));
    assert_eq!(found.len(), expected.len());
    for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert!(
            (*found as f64 - expected).abs() <= 2e-6 * size,
            "{what}[{at}]: {found}, expected {expected}"
        );
    }
}

/// The network of `case`, with its weights.
fn network(config: &ModelConfig, num_features: usize, case: &Value) -> Network {
    let mut network = Network::new(config, num_features, &mut ChaCha8Rng::seed_from_u64(1));
    let weights = case["weights"].as_object().unwrap();
    let weights = weights.iter().map(|(name, value)| (name.clone(), matrix(value))).collect();
    network.set_weights(weights).unwrap();
    network
}

/// X of `case`, if it has one.
fn features(case: &Value) -> Option<Features> {
    (!case["features"].is_null()).then(|| Features::from(matrix(&case["features"])))
}

/// Compares the heads, the loss + 0.3 KL at ε = 0, and the gradient of each weight.
fn check(network: &Network, inputs: &Inputs, case: &Value, target: &Target, free: f64) {
    let embeddings = network.embed(inputs);
    assert_close(embeddings.mean.as_slice().unwrap(), &case["mean"], "mean");
    if let Some(log_variance) = embeddings.log_variance {
        assert_close(log_variance.as_slice().unwrap(), &case["log_variance"], "log_variance");
    }
    let draws = Seeds { dropout: 1, noise: Noise::Zero, loss: 1 };
    let kl = KlTerm { weight: 0.3, free };
    let pass = || Pass { masked: None, inputs, draws, kl, target };
    let mut buffers = Buffers::default();
    let (terms, gradients) = network.pass(pass(), None, &mut buffers);
    // Reusing buffers, and starting a pass from an existing encoding, do not change the result.
    let encoded = network.begin(inputs, &mut buffers).1;
    let (again, same) = network.pass(pass(), Some(encoded), &mut buffers);
    assert_eq!((again.loss, &same), (terms.loss, &gradients), "{}", case["name"]);
    let (loss, expected) = (terms.loss, case["loss"].as_f64().unwrap());
    assert!((loss - expected).abs() < 1e-6 * expected, "{}: {loss}, expected {expected}", case["name"]);
    assert_eq!(gradients.len(), case["gradients"].as_object().unwrap().len());
    for (name, gradient) in &gradients {
        assert_close(gradient.as_slice().unwrap(), &case["gradients"][name], name);
    }
    if network.config().decoder() != DecoderKind::InnerProduct {
        return;
    }
    // The same through libtorch, as on its other devices.
    let mut trainer = TorchTrainer::new(network, inputs, None, 0.01, Device::Cpu);
    let terms = trainer.pass(network, pass());
    assert!((terms.loss - expected).abs() < 1e-6 * expected, "{}: {}", case["name"], terms.loss);
    let torch_gradients = trainer.gradients();
    assert_eq!(torch_gradients.keys().collect::<Vec<_>>(), gradients.keys().collect::<Vec<_>>());
    for (name, gradient) in torch_gradients {
        assert_close(gradient.as_slice().unwrap(), &case["gradients"][&name], &name);
    }
}

#[test]
fn gradients_equal_pytorch() {
    let golden = golden();
    let exact = ExactReconstruction::new(&edges(&golden));
    for case in ["gcn", "featureless_gcn"] {
        let config = ModelConfig { hidden: Some(4), latent: Some(3), ..Default::default() };
        let features = features(&golden[case]);
        let inputs = Inputs::new(&edges(&golden), features.as_ref(), &config);
        let network = network(&config, inputs.num_features(), &golden[case]);
        check(&network, &inputs, &golden[case], &Target::Exact(&exact), 0.0);
    }
}

#[test]
fn every_encoder_and_decoder_equals_pytorch() {
    let golden: Value = serde_json::from_str(include_str!("../../tests/golden/networks.json")).unwrap();
    let exact = ExactReconstruction::new(&edges(&golden));
    let list = |name: &str| -> Vec<Pair> { serde_json::from_value(golden[name].clone()).unwrap() };
    let edges_of_sample =
        SampledEdges::new(EdgeList::new(7, list("sample_edges"), None).0, Weighting::Balanced);
    for case in golden["cases"].as_array().unwrap() {
        let config: ModelConfig = serde_json::from_value(case["config"].clone()).unwrap();
        let features = features(case);
        let inputs = Inputs::new(&edges(&golden), features.as_ref(), &config);
        let network = network(&config, inputs.num_features(), case);
        let target = match case["loss_kind"].as_str().unwrap() {
            "exact" => Target::Exact(&exact),
            _ => Target::Sampled(edges_of_sample.with(list("sample_negatives"))),
        };
        check(&network, &inputs, case, &target, case["free_bits"].as_f64().unwrap());

        let pairs: Vec<Pair> = (0..7).flat_map(|u| (0..7).map(move |v| (u, v))).collect();
        let logits = EmbeddingScorer::new(network.embed(&inputs).mean, network.decoder()).logits(&pairs);
        let expected: Vec<f64> = serde_json::from_value(case["all_pairs"].clone()).unwrap();
        let size = expected.iter().fold(0f64, |most, value| most.max(value.abs()));
        for (found, expected) in logits.iter().zip(&expected) {
            assert!((found - expected).abs() < 2e-6 * size, "{}: {found}, expected {expected}", case["name"]);
        }
    }
}

#[test]
fn kl_equals_torch_distributions() {
    let golden = golden();
    let case = &golden["kl"];
    let (mean, log_variance) = (matrix(&case["mean"]), matrix(&case["log_variance"]));
    let heads = concatenate(Axis(1), &[mean.view(), log_variance.view()]).unwrap();
    let weights = Weights::from([("heads".to_string(), heads.as_standard_layout().into_owned())]);
    let adj_norm = Operator::symmetric(Csr::eye(mean.nrows()));
    let mut buffers = Buffers::default();
    let mut tape = HostTape::new(&weights, &adj_norm, None, &mut buffers);
    let heads = tape.weight("heads");
    let (z, kl) = tape.sample(heads, Noise::Zero, KlTerm { weight: 1.0, free: 0.0 });
    assert_eq!(tape.value(&z), mean);
    let (value, expected) = (kl.iter().sum::<f64>(), case["value"].as_f64().unwrap());
    assert!((value - expected).abs() < 1e-6 * expected);
    let gradient = &tape.backward(&z, |_, gradient| gradient.fill(0.0)).1["heads"];
    let columns = |columns| gradient.slice(s![.., columns]).iter().copied().collect::<Vec<_>>();
    let d = mean.ncols();
    assert_close(&columns(0..d), &case["mean_gradient"], "mean");
    assert_close(&columns(d..2 * d), &case["log_variance_gradient"], "log_variance");
}

fn karate() -> Graph {
    crate::read::data("datasets/karate".as_ref(), &Default::default(), &Default::default()).unwrap()
}

#[test]
fn the_sample_has_the_mean_and_the_variance_of_the_posterior() {
    let (mean, deviation) = (0.7f32, 1.5f32);
    let heads = Array2::from_shape_fn(
        (7000, 32),
        |(_, column)| {
            if column < 16 { mean } else { 2.0 * deviation.ln() }
        },
    );
    let weights = Weights::from([("heads".to_string(), heads)]);
    let adj_norm = Operator::symmetric(Csr::eye(7000));
    let sample = |seed| {
        let mut buffers = Buffers::default();
        let mut tape = HostTape::new(&weights, &adj_norm, None, &mut buffers);
        let heads = tape.weight("heads");
        let (z, _) = tape.sample(heads, Noise::Drawn { seed }, KlTerm { weight: 1.0, free: 0.0 });
        tape.value(&z).to_owned()
    };
    let z = sample(5);
    assert_eq!(z, sample(5));
    assert_ne!(z, sample(6));
    // No two rows have the same noise.
    assert_ne!(z.row(0), z.row(256));
    let standardised: Vec<f64> = z.iter().map(|&z| f64::from((z - mean) / deviation)).collect();
    let count = standardised.len() as f64;
    // Five standard errors of 112,000 normal numbers.
    assert!(standardised.iter().sum::<f64>().abs() / count < 5.0 / count.sqrt());
    let square = standardised.iter().map(|value| value * value).sum::<f64>() / count;
    assert!((square - 1.0).abs() < 5.0 * (2.0 / count).sqrt(), "{square}");
}

#[test]
fn kl_weights_are_as_documented() {
    let edges = edges(&golden());
    assert_eq!(kl_weight(KlWeight::Kipf, &edges), 1.0 / 7.0);
    assert_eq!(kl_weight(KlWeight::Elbo, &edges), 7.0 / (49.0 - 10.0));
    assert_eq!(kl_weight(KlWeight::Value(0.25), &edges), 0.25);
    // There are 12 pairs of a source and a target, and two of them are edges.
    let across = EdgeList::new(7, vec![(0, 3), (2, 6)], None).0.across_kinds(3).unwrap();
    assert_eq!(kl_weight(KlWeight::Elbo, &across), 7.0 / (2.0 * (12.0 - 2.0)));
}

fn fit_karate(change: impl FnOnce(&mut Config)) -> Result<Trained> {
    let mut config = Config::default();
    config.train.epochs = Some(30);
    change(&mut config);
    let graph = karate();
    let split = split::edges(&graph, &config.split, config.seed)?;
    fit(None, &split, &config, |_| {})
}

#[test]
fn dropout_changes_training_but_not_encoding() {
    let plain = fit_karate(|_| {}).unwrap();
    let dropped = fit_karate(|config| config.model.dropout = Some(0.5)).unwrap();
    assert_ne!(plain.history[5].loss, dropped.history[5].loss);
    let embed = || dropped.model.encode(&karate().edges, None).unwrap().embeddings;
    assert_eq!(embed(), embed());
}

#[test]
fn the_best_epoch_has_the_highest_validation_auc_plus_ap() {
    let trained = fit_karate(|config| config.train.select = Some(Select::Best)).unwrap();
    let score = |row: &Epoch| row.validation_roc_auc.unwrap() + row.validation_average_precision.unwrap();
    let best = trained.history.iter().map(score).fold(0.0, f64::max);
    let selected = &trained.history[trained.selected_epoch.unwrap() - 1];
    assert_eq!(score(selected), best);
    let config = Config::default();
    let split = split::edges(&karate(), &config.split, config.seed).unwrap();
    let encoded = trained.model.encode(&split.train, None).unwrap();
    let metrics = crate::evaluate::part(&*encoded.score, &split.validation).unwrap();
    assert_eq!(metrics.roc_auc, selected.validation_roc_auc.unwrap());
}

#[test]
fn a_non_finite_loss_is_an_error_with_the_epoch() {
    let error = fit_karate(|config| {
        config.train.learning_rate = Some(1e30);
        config.model.model = ModelKind::Vgae;
    })
    .err()
    .unwrap();
    assert!(matches!(error, Error::Diverged { epoch: 1..=2, .. }), "{error}");
}

#[test]
fn non_finite_weights_after_the_last_step_are_an_error() {
    let error = fit_karate(|config| {
        config.train.learning_rate = Some(f64::MAX);
        config.train.epochs = Some(1);
        config.split.val_fraction = 0.0;
    })
    .err()
    .unwrap();
    assert!(matches!(error, Error::Diverged { epoch: 1, .. }), "{error}");
}
