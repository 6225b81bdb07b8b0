//! Compares the forward pass and the gradients with PyTorch's (tests/golden/make_vae.py) and with differences of
//! the loss, and checks their consequences.

use std::collections::BTreeMap;

use ndarray::Array2;
use rand::{RngExt, SeedableRng};
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

/// The loss of all rows of X in f64, straight from the formulas at the top of the parent module. Dropout leaves
/// out what [`Dropout::factor`] says.
fn reference_loss(
    weights: &BTreeMap<String, Vec<Vec<f64>>>,
    num_hidden: usize,
    x: &Array2<f32>,
    noise: &Array2<f32>,
    dropout: Option<Dropout>,
    term: KlTerm,
) -> f64 {
    let number = |name: &str| weights.get(name).map(|weight| weight[0][0]);
    let unit = number("unit").unwrap_or(1.0);
    let drop_out = |row: usize, values: Vec<f64>, place: u64| -> Vec<f64> {
        let Some(Dropout { fraction, seed }) = dropout else { return values };
        let first = row * values.len();
        let dropout = Dropout { fraction, seed: seed.wrapping_add(place) };
        let factor = |at: usize| dropout.factor((first + at) as u64);
        values.iter().enumerate().map(|(at, value)| value * f64::from(factor(at))).collect()
    };
    let apply = |name: &str, input: &[f64]| -> Vec<f64> {
        let (weight, bias) = (&weights[&format!("{name}.weight")], &weights[&format!("{name}.bias")][0]);
        let column = |at: usize| input.iter().zip(weight).map(|(value, row)| value * row[at]).sum::<f64>();
        bias.iter().enumerate().map(|(at, bias)| bias + column(at)).collect()
    };
    let hidden = |name: &str, row: usize, mut values: Vec<f64>, first: u64| -> Vec<f64> {
        for at in 0..num_hidden {
            values = apply(&format!("{name}.layer{}", at + 1), &values);
            values.iter_mut().for_each(|value| *value = value.max(0.0));
            values = drop_out(row, values, first + at as u64);
        }
        values
    };
    let num_rows = x.nrows() as f64;
    let (mut reconstruction, mut kl) = (0.0, vec![0.0; noise.ncols()]);
    for (row, (x, noise)) in x.rows().into_iter().zip(noise.rows()).enumerate() {
        let input = drop_out(row, x.iter().map(|&x| f64::from(x) / unit).collect(), 0);
        let input = hidden("encoder", row, input, 1);
        let (mean, log_variance) = (apply("encoder.mean", &input), apply("encoder.log_variance", &input));
        let z = mean.iter().zip(&log_variance).zip(noise);
        let z = z.map(|((mean, log_variance), &noise)| mean + (0.5 * log_variance).exp() * f64::from(noise));
        let output = apply("generator.output", &hidden("generator", row, z.collect(), num_hidden as u64 + 1));
        for (&x, output) in x.iter().zip(output) {
            let x = f64::from(x);
            reconstruction += match number("generator.log_variance") {
                None => output.exp().ln_1p() - x * output,
                Some(log_variance) => {
                    let square = (x - output * unit).powi(2) / log_variance.exp();
                    0.5 * (square + log_variance + (2.0 * std::f64::consts::PI).ln())
                }
            };
        }
        for (kl, (mean, log_variance)) in kl.iter_mut().zip(mean.iter().zip(&log_variance)) {
            *kl += 0.5 * (mean * mean + log_variance.exp() - log_variance - 1.0) / num_rows;
        }
    }
    reconstruction / num_rows + term.weight * kl.iter().map(|kl| kl.max(term.free)).sum::<f64>()
}

#[test]
fn gradients_equal_differences_of_the_loss() {
    let mut rng = rng();
    // Rows and columns of more than one block, and of parts of one.
    let (num_rows, num_columns) = (45, 70);
    for (likelihood, layers, fraction, is_sparse) in [
        (Likelihood::Bernoulli, 2, 0.0, true),
        (Likelihood::Bernoulli, 3, 0.3, true),
        (Likelihood::Bernoulli, 1, 0.2, false),
        (Likelihood::Gaussian, 1, 0.0, true),
        (Likelihood::Gaussian, 2, 0.2, false),
    ] {
        let share = if is_sparse { 0.05 } else { 0.7 };
        let x = Array2::from_shape_simple_fn((num_rows, num_columns), || {
            f32::from(u8::from(rng.random_bool(share)))
        });
        let x = if likelihood == Likelihood::Gaussian { x * 7.0 } else { x };
        let config = ModelConfig {
            hidden: Some(37),
            layers: Some(layers),
            likelihood,
            dropout: Some(fraction),
            ..config(5)
        };
        let features = Features::from(x.clone());
        let mut weights = Vae::new(&config, &features, &mut rng).unwrap().weights().clone();
        for (_, bias) in weights.iter_mut().filter(|(name, _)| name.ends_with("bias")) {
            // With a bias of 0, a row of zeros would be where rectified units have no derivative.
            bias.mapv_inplace(|_| rng.random_range(-0.3..0.3));
        }
        let vae = Vae::from_weights(&config, num_columns, &weights, &mut rng).unwrap();
        let names: Vec<String> = vae.weights().keys().filter(|name| *name != "unit").cloned().collect();
        let mut weights: BTreeMap<String, Vec<Vec<f64>>> = vae
            .weights()
            .iter()
            .map(|(name, weight)| {
                let row = |row: ndarray::ArrayView1<f32>| row.iter().map(|&number| number.into()).collect();
                (name.clone(), weight.rows().into_iter().map(row).collect())
            })
            .collect();
        let noise = normal(num_rows, 5, &mut rng);
        let dropout = (fraction > 0.0).then_some(Dropout { fraction, seed: 9 });
        let term = KlTerm { weight: 0.7, free: 1e-3 };
        let (terms, gradients) = loss_and_gradients(vae, &features, &noise, dropout, term);
        let loss = |weights: &_| reference_loss(weights, layers - 1, &x, &noise, dropout, term);
        let expected = loss(&weights);
        let what = format!("{likelihood:?}, {layers} layers, dropout {fraction}");
        assert!((terms.loss - expected).abs() < 1e-5 * expected, "{what}: {} and {expected}", terms.loss);
        assert_eq!(gradients.keys().collect::<Vec<_>>(), names.iter().collect::<Vec<_>>());
        for name in &names {
            let gradient = &gradients[name];
            let largest = gradient.iter().fold(0f32, |most, value| most.max(value.abs()));
            assert!(largest > 0.0, "{what}: {name} has no gradient");
            for _ in 0..12 {
                let (row, column) =
                    (rng.random_range(0..gradient.nrows()), rng.random_range(0..gradient.ncols()));
                let mut moved = |step: f64| {
                    let number = weights.get_mut(name).map(|weight| &mut weight[row][column]).unwrap();
                    *number += step;
                    loss(&weights)
                };
                // So small that no unit is switched on or off.
                let (above, below) = (moved(1e-7), moved(-2e-7));
                moved(1e-7);
                let (found, expected) = (f64::from(gradient[[row, column]]), (above - below) / 2e-7);
                let error = (found - expected).abs() / f64::from(largest);
                assert!(error < 2e-4, "{what}: {name} [{row}, {column}]: {found}, expected {expected}");
            }
        }
    }
}
