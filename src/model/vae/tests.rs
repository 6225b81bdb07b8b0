//! Compares the forward pass and the gradients with PyTorch's (tests/golden/make_vae.py), and checks their
//! consequences.

use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::*;
use crate::config::{Likelihood, ModelConfig, ModelKind};
use crate::graph::Features;
use crate::kernels::tape::{Dropout, KlTerm};
use crate::model::network::{Terms, Weights};

fn matrix(value: &Value) -> Array2<f32> {
    let rows: Vec<Vec<f32>> = serde_json::from_value(value.clone()).unwrap();
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
}

fn assert_close<'a>(found: impl IntoIterator<Item = &'a f32>, expected: &Value, what: &str) {
    let expected: Vec<Vec<f64>> = serde_json::from_value(expected.clone()).unwrap();
    let expected = expected.concat();
    let found: Vec<f32> = found.into_iter().copied().collect();
    let size = expected.iter().fold(0f64, |most, value| most.max(value.abs()));
    assert_eq!(found.len(), expected.len(), "{what}");
    for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let difference = (f64::from(*found) - expected).abs();
        assert!(difference <= 3e-6 * size, "{what}[{at}]: {found}, expected {expected}");
    }
}

/// Returns the loss of all rows of X, and its gradient: Adam's first moment after a step, divided by the share
/// of a gradient in it.
fn loss_and_gradients(
    vae: Vae,
    features: &Features,
    noise: &Array2<f32>,
    dropout: Option<Dropout>,
    term: KlTerm,
) -> (Terms, Weights) {
    let rows = 0..features.rows();
    let batch = Batch::new(features, rows, vae.unit());
    let mut trainer = Trainer::new(vae, 0.01);
    let terms = trainer.step(&batch, &RowDraws { noise: noise.clone(), dropout }, term);
    let moments = trainer.adam_state().moments.into_iter();
    let gradients = moments.map(|(name, [first, _])| (name, first.into_owned() / (1.0 - 0.9f32)));
    (terms, gradients.collect())
}

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

fn config(latent: usize) -> ModelConfig {
    ModelConfig { model: ModelKind::Vae, hidden: Some(4), latent: Some(latent), ..ModelConfig::default() }
}

#[test]
fn loss_and_gradients_equal_pytorch() {
    let golden: Value = serde_json::from_str(include_str!("../../../tests/golden/vae.json")).unwrap();
    for case in golden["cases"].as_array().unwrap() {
        let layers = serde_json::from_value(case["layers"].clone()).unwrap();
        let x = matrix(&case["x"]);
        let features = Features::from(x);
        let weights: Weights = case["weights"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), matrix(value)))
            .collect();
        let vae = Vae::from_weights(&ModelConfig { layers, ..config(3) }, 5, &weights, &mut rng()).unwrap();
        assert_eq!(serde_json::to_value(vae.likelihood()).unwrap(), case["likelihood"]);
        assert_eq!(vae.weights(), &weights);

        let embeddings = vae.encode(&features);
        assert_close(&embeddings.mean, &case["mean"], "mean");
        assert_close(&embeddings.log_variance.unwrap(), &case["log_variance"], "log_variance");
        assert_close(&vae.reconstruct(&features, 0..6), &case["expected"], "expected");

        let noise = matrix(&case["noise"]);
        let term = KlTerm { weight: golden["kl_weight"].as_f64().unwrap(), free: 0.0 };
        let (terms, gradients) = loss_and_gradients(vae, &features, &noise, None, term);
        let Terms { loss, reconstruction, kl } = terms;
        for (name, found) in [("reconstruction", reconstruction), ("kl", kl), ("loss", loss)] {
            let expected = case[name].as_f64().unwrap();
            assert!((found - expected).abs() < 2e-6 * expected.abs(), "{name}: {found}, expected {expected}");
        }
        assert_eq!(gradients.len(), case["gradients"].as_object().unwrap().len());
        for (name, gradient) in gradients {
            assert_close(&gradient, &case["gradients"][&name], &name);
        }
    }
}

/// Returns a matrix whose rows are all zeros and all ones in turn.
fn zeros_and_ones(num_rows: usize, num_columns: usize) -> Features {
    let x = Array2::from_shape_fn((num_rows, num_columns), |(row, _)| (row % 2) as f32);
    Features::from(x)
}

#[test]
fn elbo_is_the_negative_mean_loss() {
    let features = zeros_and_ones(20, 3);
    let vae = Vae::new(&config(2), &features, &mut rng()).unwrap();
    let rows: Vec<usize> = (0..20).collect();
    let metrics = vae.evaluate(&features, &rows, 4000, 7);
    assert!((metrics.elbo + metrics.reconstruction + metrics.kl).abs() < 1e-9);
    // The mean of the training loss over many draws of the noise is the negative ELBO.
    let mut noise = rng();
    let losses = (0..4000).map(|_| {
        let vae = Vae::from_weights(vae.config(), 3, vae.weights(), &mut rng()).unwrap();
        let term = KlTerm { weight: 1.0, free: 0.0 };
        loss_and_gradients(vae, &features, &normal(20, 2, &mut noise), None, term).0.loss
    });
    let mean = losses.sum::<f64>() / 4000.0;
    assert!((mean + metrics.elbo).abs() < 0.02, "{mean} and {}", metrics.elbo);
    assert_eq!(metrics, vae.evaluate(&features, &rows, 4000, 7));
}

#[test]
fn the_likelihood_is_chosen_by_the_features() {
    let build = |values: [f32; 4], likelihood| {
        let features = Features::from(Array2::from_shape_vec((2, 2), values.to_vec()).unwrap());
        Vae::new(&ModelConfig { likelihood, ..config(2) }, &features, &mut rng())
    };
    let chosen = |values, likelihood| build(values, likelihood).unwrap().likelihood();
    assert_eq!(chosen([0.0, 1.0, 1.0, 0.0], Likelihood::Auto), Likelihood::Bernoulli);
    assert_eq!(chosen([0.0, 1.0, 0.5, 0.0], Likelihood::Auto), Likelihood::Gaussian);
    assert_eq!(chosen([0.0, 1.0, 0.5, 0.0], Likelihood::Bernoulli), Likelihood::Bernoulli);
    assert_eq!(chosen([0.0, 1.0, 1.0, 0.0], Likelihood::Gaussian), Likelihood::Gaussian);
    let error = build([0.0, 1.0, 2.5, 0.0], Likelihood::Bernoulli).err().unwrap().to_string();
    assert!(error.contains("`model.likelihood = bernoulli`") && error.contains("2.5"), "{error}");
}

#[test]
fn rows_are_drawn_from_the_prior() {
    let features = zeros_and_ones(4, 3);
    let vae = Vae::new(&config(2), &features, &mut rng()).unwrap();
    let mean = vae.generate(20_000, Draw::Mean, &mut rng());
    let sample = vae.generate(20_000, Draw::Sample, &mut rng());
    assert!(mean.iter().all(|&value| 0.0 < value && value < 1.0));
    assert!(sample.iter().all(|&value| value == 0.0 || value == 1.0));
    let average =
        |rows: &Array2<f32>| rows.iter().map(|&value| f64::from(value)).sum::<f64>() / rows.len() as f64;
    assert!((average(&mean) - average(&sample)).abs() < 0.01);
    assert_eq!(sample, vae.generate(20_000, Draw::Sample, &mut rng()));
}
