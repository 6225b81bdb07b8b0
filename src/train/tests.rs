//! Gradients through the tape, and the KL, against PyTorch's (tests/golden/make.py).

use ndarray::Array2;
use serde_json::Value;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tch::{Kind, Tensor};

use super::objective::{KlTerm, Target, Terms, objective};
use super::*;
use crate::config::{KlWeight, ModelConfig, ModelKind, Select};
use crate::decoder::Decoded;
use crate::encoder::Inputs;
use crate::error::Error;
use crate::graph::{EdgeList, Graph, Pair};
use crate::loss::{ExactReconstruction, Sample, kl, kl_weight};
use crate::network::Network;
use crate::score::Score;
use crate::split;
use crate::tensor::{from_rows, to_vec};

fn golden() -> Value {
    serde_json::from_str(include_str!("../../tests/golden/golden.json")).unwrap()
}

fn matrix(value: &Value) -> Array2<f32> {
    let rows: Vec<Vec<f32>> = serde_json::from_value(value.clone()).unwrap();
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
}

fn tensor(value: &Value) -> Tensor {
    let matrix = matrix(value);
    from_rows(&matrix.iter().copied().collect::<Vec<_>>(), matrix.nrows(), matrix.ncols())
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

/// A network with the weights of `case`, and what it works on.
fn network(config: &ModelConfig, golden: &Value, case: &Value) -> (Network, Inputs) {
    let features = (!case["features"].is_null()).then(|| {
        let dense = matrix(&case["features"]);
        Csr::csr_from_dense(dense.view(), 0.0)
    });
    let inputs = Inputs::new(&edges(golden), features.as_ref(), config);
    let mut network = Network::new(config, inputs.num_features(), &mut ChaCha8Rng::seed_from_u64(1));
    let weights = case["weights"].as_object().unwrap();
    network
        .set_weights(&weights.iter().map(|(name, value)| (name.clone(), matrix(value))).collect())
        .unwrap();
    (network, inputs)
}

/// Compares the heads, the loss + 0.3 KL at ε = 0, and the gradient of each weight.
fn check(network: &Network, inputs: &Inputs, case: &Value, target: &Target, free: f64) {
    let embeddings = network.embed(inputs);
    assert_close(embeddings.mean.as_slice().unwrap(), &case["mean"], "mean");
    if let Some(log_variance) = embeddings.log_variance {
        assert_close(log_variance.as_slice().unwrap(), &case["log_variance"], "log_variance");
    }
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let kl = KlTerm { weight: 0.3, free };
    let Terms { loss, .. } = network.train_pass(&inputs.adj_norm, inputs, &mut rng, |pass| {
        objective(pass, &pass.mean, network.decoder_weights(), target, &kl)
    });
    let expected = case["loss"].as_f64().unwrap();
    assert!((loss - expected).abs() < 1e-6 * expected, "{}: {loss}, expected {expected}", case["name"]);
    let gradients = network.gradients();
    assert_eq!(gradients.len(), case["gradients"].as_object().unwrap().len());
    for (name, gradient) in gradients {
        assert_close(&gradient, &case["gradients"][&name], &name);
    }
}

#[test]
fn the_gradient_of_every_weight_is_that_of_pytorch() {
    let golden = golden();
    let exact = ExactReconstruction::new(&edges(&golden));
    for case in ["gcn", "featureless_gcn"] {
        let config = ModelConfig { hidden: Some(4), latent: Some(3), ..Default::default() };
        let (network, inputs) = network(&config, &golden, &golden[case]);
        check(&network, &inputs, &golden[case], &Target::Exact(&exact), 0.0);
    }
}

#[test]
fn every_encoder_and_decoder_and_its_gradient_is_that_of_pytorch() {
    let golden: Value = serde_json::from_str(include_str!("../../tests/golden/networks.json")).unwrap();
    let exact = ExactReconstruction::new(&edges(&golden));
    let list = |name: &str| -> Vec<Pair> { serde_json::from_value(golden[name].clone()).unwrap() };
    let sample = Sample::of(list("sample_edges"), list("sample_negatives"), 7);
    for case in golden["cases"].as_array().unwrap() {
        let config: ModelConfig = serde_json::from_value(case["config"].clone()).unwrap();
        let (network, inputs) = network(&config, &golden, case);
        let target = match case["loss_kind"].as_str().unwrap() {
            "exact" => Target::Exact(&exact),
            _ => Target::Sampled(&sample),
        };
        check(&network, &inputs, case, &target, case["free_bits"].as_f64().unwrap());

        let pairs: Vec<Pair> = (0..7).flat_map(|u| (0..7).map(move |v| (u, v))).collect();
        let logits = Decoded::new(network.embed(&inputs).mean, network.decoder()).logits(&pairs);
        let expected: Vec<f64> = serde_json::from_value(case["all_pairs"].clone()).unwrap();
        let size = expected.iter().fold(0f64, |most, value| most.max(value.abs()));
        for (found, expected) in logits.iter().zip(&expected) {
            assert!((found - expected).abs() < 2e-6 * size, "{}: {found}, expected {expected}", case["name"]);
        }
    }
}

#[test]
fn kl_is_that_of_torch_distributions() {
    let golden = golden();
    let case = &golden["kl"];
    let mean = tensor(&case["mean"]).set_requires_grad(true);
    let log_variance = tensor(&case["log_variance"]).set_requires_grad(true);
    let value = kl(&mean, &log_variance);
    value.backward();
    let expected = case["value"].as_f64().unwrap();
    assert!((value.double_value(&[]) - expected).abs() < 1e-6 * expected);
    assert_close(&to_vec(&mean.grad()), &case["mean_gradient"], "mean");
    assert_close(&to_vec(&log_variance.grad()), &case["log_variance_gradient"], "log_variance");
}

fn karate() -> Graph {
    crate::read::data("datasets/karate".as_ref(), &Default::default()).unwrap()
}

#[test]
fn the_sample_has_the_mean_and_the_variance_of_the_posterior() {
    let inputs = Inputs::new(&karate().edges, None, &Default::default());
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let network = Network::new(&Default::default(), inputs.num_features(), &mut rng);
    let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
    for _ in 0..200 {
        let standardised = network.train_pass(&inputs.adj_norm, &inputs, &mut rng, |pass| {
            let deviation = (pass.log_variance.as_ref().unwrap() * 0.5).exp();
            (pass.z.sum(Kind::Float), to_vec(&((&pass.z - &pass.mean) / deviation)))
        });
        sum += standardised.iter().map(|&value| value as f64).sum::<f64>();
        squares += standardised.iter().map(|&value| (value as f64).powi(2)).sum::<f64>();
        count += standardised.len() as f64;
    }
    // 108,800 normals: five standard errors.
    assert!((sum / count).abs() < 5.0 / count.sqrt());
    assert!((squares / count - 1.0).abs() < 5.0 * (2.0 / count).sqrt());
}

#[test]
fn kl_weights_are_the_documented_ones() {
    let edges = edges(&golden());
    assert_eq!(kl_weight(KlWeight::Kipf, &edges), 1.0 / 7.0);
    assert_eq!(kl_weight(KlWeight::Elbo, &edges), 7.0 / (49.0 - 10.0));
    assert_eq!(kl_weight(KlWeight::Value(0.25), &edges), 0.25);
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
fn dropout_changes_training_and_not_the_embedding() {
    let plain = fit_karate(|_| {}).unwrap();
    let dropped = fit_karate(|config| config.model.dropout = 0.5).unwrap();
    assert_ne!(plain.history[5].loss, dropped.history[5].loss);
    let embed = || dropped.model.encode(&karate().edges, None).unwrap().embeddings;
    assert_eq!(embed(), embed());
}

#[test]
fn the_best_epoch_is_the_one_with_the_highest_validation_auc_plus_ap() {
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
fn a_loss_that_is_not_finite_is_an_error_with_the_epoch() {
    let error = fit_karate(|config| {
        config.train.learning_rate = Some(1e30);
        config.model.model = ModelKind::Vgae;
    })
    .err()
    .unwrap();
    assert!(matches!(error, Error::Diverged { epoch: 1..=2, .. }), "{error}");
}

#[test]
fn weights_that_are_not_finite_after_the_last_step_are_an_error_too() {
    let error = fit_karate(|config| {
        config.train.learning_rate = Some(f64::MAX);
        config.train.epochs = Some(1);
        config.split.val_fraction = 0.0;
    })
    .err()
    .unwrap();
    assert!(matches!(error, Error::Diverged { epoch: 1, .. }), "{error}");
}
