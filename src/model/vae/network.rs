//! The network of a VAE: its weights and what they are called.

use ndarray::{Array2, ArrayView2};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::likelihood::Observation;
use crate::config::{Likelihood, ModelConfig};
use crate::error::{Error, Result, WeightError};
use crate::graph::Features;
use crate::model::encoder::{glorot, zero_bias};
use crate::model::network::{Weights, are_finite, check_weights};

/// The names of the weights that only a Gaussian generator has, [1, 1] each: log s², and the unit of the
/// features. Both networks work on x / unit, so that training does not depend on the scale of the features.
/// The unit is a constant that training does not change.
pub(super) const LOG_VARIANCE: &str = "generator.log_variance";
const UNIT: &str = "unit";
/// The layer that gives the parameters of p(x | z).
pub(super) const OUTPUT: &str = "generator.output";
/// The layers that give μ and log σ².
pub(super) const HEADS: [&str; 2] = ["encoder.mean", "encoder.log_variance"];

/// A variational auto-encoder with its weights.
pub struct Vae {
    pub(super) weights: Weights,
    pub(super) config: ModelConfig,
}

impl Vae {
    /// Builds a network with fresh weights for the rows of X, [n, f]. If `config` leaves p(x | z) open, the
    /// features decide it. Their standard deviation is the unit and the first value of s.
    ///
    /// # Errors
    /// [`Error::Config`] if the likelihood is Bernoulli and a feature lies outside [0, 1].
    pub fn new(config: &ModelConfig, features: &Features, rng: &mut impl Rng) -> Result<Self> {
        let outside = features.values().find(|value| !(0.0..=1.0).contains(value));
        let is_binary = features.values().all(|value| value == 0.0 || value == 1.0);
        let unit = match (config.likelihood, outside, is_binary) {
            (Likelihood::Bernoulli, Some(value), _) => {
                let problem = format!(
                    "`model.likelihood = bernoulli` needs features in [0, 1]; found {value}; hint: \
                     `model.likelihood = gaussian`"
                );
                return Err(Error::config("model.likelihood", problem));
            }
            (Likelihood::Bernoulli, None, _) | (Likelihood::Auto, _, true) => None,
            (Likelihood::Gaussian, ..) | (Likelihood::Auto, _, false) => Some(standard_deviation(features)),
        };
        Ok(Self::build(config, features.cols(), unit, rng))
    }

    /// Builds a network from `weights`, which have the form of [`Vae::weights`], for rows of `num_features`
    /// features.
    ///
    /// # Errors
    /// [`WeightError`] names the first weight that does not fit.
    pub fn from_weights(
        config: &ModelConfig,
        num_features: usize,
        weights: &Weights,
        rng: &mut impl Rng,
    ) -> std::result::Result<Self, WeightError> {
        let unit = weights.contains_key(LOG_VARIANCE).then_some(1.0);
        let mut vae = Self::build(config, num_features, unit, rng);
        vae.set_weights(weights.clone())?;
        Ok(vae)
    }

    /// Builds a network with fresh weights. The generator is Gaussian if `unit` is the standard deviation of
    /// the features, which is also the first value of s, and Bernoulli if it is `None`.
    fn build(config: &ModelConfig, num_features: usize, unit: Option<f32>, rng: &mut impl Rng) -> Self {
        let mut weights = Weights::new();
        let mut add = |name: &str, rows: usize, columns: usize| {
            weights.insert(weight_name(name), glorot(rows, columns, rng));
            weights.insert(bias_name(name), zero_bias(columns));
        };
        let (hidden, d, num_hidden) = (config.hidden(), config.latent(), config.layers() - 1);
        for (network, inputs) in [("encoder", num_features), ("generator", d)] {
            for at in 0..num_hidden {
                add(&hidden_name(network, at), if at == 0 { inputs } else { hidden }, hidden);
            }
        }
        let last = |inputs: usize| if num_hidden == 0 { inputs } else { hidden };
        HEADS.iter().for_each(|head| add(head, last(num_features), d));
        add(OUTPUT, last(d), num_features);
        if let Some(unit) = unit {
            weights.insert(LOG_VARIANCE.into(), Array2::from_elem((1, 1), 2.0 * unit.ln()));
            weights.insert(UNIT.into(), Array2::from_elem((1, 1), unit));
        }
        Vae { weights, config: config.clone() }
    }

    /// Returns the settings of the network.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Returns the kind of p(x | z), which is never [`Likelihood::Auto`].
    pub fn likelihood(&self) -> Likelihood {
        match self.observation() {
            Observation::Bernoulli => Likelihood::Bernoulli,
            Observation::Gaussian { .. } => Likelihood::Gaussian,
        }
    }

    /// Returns the weights by name, such as `encoder.layer1.weight`, [f, h].
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Replaces the weights; see [`crate::model::network::Network::set_weights`].
    pub(crate) fn set_weights(&mut self, weights: Weights) -> std::result::Result<(), WeightError> {
        check_weights(&weights, &self.weights, "vae of this likelihood")?;
        let by_rows = |weight: Array2<f32>| match weight.is_standard_layout() {
            true => weight,
            false => weight.as_standard_layout().into_owned(),
        };
        self.weights = weights.into_iter().map(|(name, weight)| (name, by_rows(weight))).collect();
        Ok(())
    }

    /// Returns `true` if every weight is a finite number.
    pub(crate) fn is_finite(&self) -> bool {
        are_finite(&self.weights)
    }

    /// Returns the distribution p(x | z).
    pub(super) fn observation(&self) -> Observation {
        let number = |name| self.weights.get(name).map(|weight| weight[[0, 0]]);
        match (number(LOG_VARIANCE), number(UNIT)) {
            (Some(log_variance), Some(unit)) => Observation::Gaussian { log_variance, unit },
            _ => Observation::Bernoulli,
        }
    }

    /// Returns the unit of the features.
    pub(crate) fn unit(&self) -> f32 {
        self.observation().unit()
    }

    /// Returns the weight of the layer called `name`, [inputs, outputs].
    pub(super) fn weight(&self, name: &str) -> ArrayView2<'_, f32> {
        self.weights[&weight_name(name)].view()
    }

    /// Returns the bias of the layer called `name`, [outputs].
    pub(super) fn bias(&self, name: &str) -> &[f32] {
        self.weights[&bias_name(name)].as_slice().expect("weights are stored row by row")
    }

    /// Returns the number of features.
    pub(super) fn num_features(&self) -> usize {
        self.bias(OUTPUT).len()
    }
}

/// Returns the name of a hidden layer of the encoder or the generator, counted from 0.
pub(super) fn hidden_name(network: &str, at: usize) -> String {
    format!("{network}.layer{}", at + 1)
}

pub(super) fn weight_name(layer: &str) -> String {
    format!("{layer}.weight")
}

pub(super) fn bias_name(layer: &str) -> String {
    format!("{layer}.bias")
}

/// Draws standard normal numbers, [rows, columns].
pub(crate) fn normal(rows: usize, columns: usize, rng: &mut impl Rng) -> Array2<f32> {
    let values: Vec<f32> = StandardNormal.sample_iter(rng).take(rows * columns).collect();
    Array2::from_shape_vec((rows, columns), values).expect("there are rows · columns numbers")
}

/// Returns the standard deviation of all entries of X, zeros included, or 1 if all are equal.
fn standard_deviation(features: &Features) -> f32 {
    let count = (features.rows() * features.cols()).max(1) as f64;
    let sum = |power: i32| features.values().map(|x| f64::from(x).powi(power)).sum::<f64>() / count;
    let deviation = (sum(2) - sum(1).powi(2)).max(0.0).sqrt() as f32;
    if deviation > 0.0 { deviation } else { 1.0 }
}
