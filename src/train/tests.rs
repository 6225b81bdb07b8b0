//! Gradients through the tape, and the KL, against PyTorch's (tests/golden/make.py).

use ndarray::Array2;
use serde_json::Value;

use super::*;
use crate::config::{KlWeight, ModelKind};
use crate::graph::{EdgeList, Graph};
use crate::normalize;
use crate::split;

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

fn adj_norm(golden: &Value) -> Csr {
    let edges = serde_json::from_value(golden["edges"].clone()).unwrap();
    normalize::symmetric(&EdgeList::new(7, edges, None).0)
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

#[test]
fn the_gradient_of_every_weight_is_that_of_pytorch() {
    let golden = golden();
    let adj_norm = adj_norm(&golden);
    for case in ["gcn", "featureless_gcn"] {
        let case = &golden[case];
        let features = (!case["features"].is_null()).then(|| {
            let dense = matrix(&case["features"]);
            Csr::csr_from_dense(dense.view(), 0.0)
        });
        let inputs = Inputs::new(&adj_norm, features.as_ref());
        let config = crate::config::ModelConfig { hidden: 4, latent: 3, ..Default::default() };
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut model = Model::new(&config, inputs.num_features(), &mut rng);
        let weights = case["weights"].as_object().unwrap();
        model
            .set_weights(&weights.iter().map(|(name, value)| (name.clone(), matrix(value))).collect())
            .unwrap();

        let embeddings = model.embed_inputs(&inputs);
        assert_close(embeddings.mean.as_slice().unwrap(), &case["mean"], "mean");
        let log_variance = embeddings.log_variance.unwrap();
        assert_close(log_variance.as_slice().unwrap(), &case["log_variance"], "log_variance");

        let reconstruction = ExactReconstruction::new(&adj_norm);
        let Terms { reconstruction, kl } =
            model.train_pass(&inputs, &mut rng, |pass| objective(pass, &pass.mean, &reconstruction, 0.3));
        let loss = case["loss"].as_f64().unwrap();
        assert!((reconstruction + 0.3 * kl - loss).abs() < 1e-6 * loss);
        for (name, gradient) in model.gradients() {
            assert_close(&gradient, &case["gradients"][&name], &name);
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
    let graph = karate();
    let adj_norm = normalize::symmetric(&graph.edges);
    let inputs = Inputs::new(&adj_norm, None);
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let model = Model::new(&Default::default(), inputs.num_features(), &mut rng);
    let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
    for _ in 0..200 {
        let standardised = model.train_pass(&inputs, &mut rng, |pass| {
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
    let adj_norm = adj_norm(&golden());
    assert_eq!(kl_weight(KlWeight::Kipf, &adj_norm), 1.0 / 7.0);
    assert_eq!(kl_weight(KlWeight::Elbo, &adj_norm), 7.0 / (49.0 - 10.0));
    assert_eq!(kl_weight(KlWeight::Value(0.25), &adj_norm), 0.25);
}

fn fit_karate(change: impl FnOnce(&mut Config)) -> Result<Trained> {
    let mut config = Config::default();
    config.train.epochs = 30;
    change(&mut config);
    let graph = karate();
    let split = split::edges(&graph, &config.split, config.seed)?;
    fit(&normalize::symmetric(&split.train), None, &split, &config, |_| {})
}

#[test]
fn dropout_changes_training_and_not_the_embedding() {
    let plain = fit_karate(|_| {}).unwrap();
    let dropped = fit_karate(|config| config.model.dropout = 0.5).unwrap();
    assert_ne!(plain.history[5].loss, dropped.history[5].loss);
    let adj_norm = normalize::symmetric(&karate().edges);
    assert_eq!(dropped.embed(&adj_norm, None), dropped.embed(&adj_norm, None));
}

#[test]
fn the_best_epoch_is_the_one_with_the_highest_validation_auc_plus_ap() {
    let trained = fit_karate(|config| config.train.select = Select::Best).unwrap();
    let score = |row: &Epoch| row.validation_roc_auc.unwrap() + row.validation_average_precision.unwrap();
    let best = trained.history.iter().map(score).fold(0.0, f64::max);
    let selected = &trained.history[trained.selected_epoch - 1];
    assert_eq!(score(selected), best);
    let config = Config::default();
    let split = split::edges(&karate(), &config.split, config.seed).unwrap();
    let embeddings = trained.embed(&normalize::symmetric(&split.train), None);
    let metrics = evaluate::part(&embeddings, &split.validation).unwrap();
    assert_eq!(metrics.roc_auc, selected.validation_roc_auc.unwrap());
}

#[test]
fn a_loss_that_is_not_finite_is_an_error_with_the_epoch() {
    let error = fit_karate(|config| {
        config.train.learning_rate = 1e30;
        config.model.model = ModelKind::Vgae;
    })
    .err()
    .unwrap();
    assert!(matches!(error, Error::Diverged { epoch: 1..=2, .. }), "{error}");
}

#[test]
fn weights_that_are_not_finite_after_the_last_step_are_an_error_too() {
    let error = fit_karate(|config| {
        config.train.learning_rate = f64::MAX;
        config.train.epochs = 1;
        config.split.val_fraction = 0.0;
    })
    .err()
    .unwrap();
    assert!(matches!(error, Error::Diverged { epoch: 1, .. }), "{error}");
}
