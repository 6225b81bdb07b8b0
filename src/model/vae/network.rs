//! The network of a VAE, and its pass over a batch of rows, in libtorch.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use tch::{Device, Kind, Tensor, nn};

use crate::config::{Likelihood, ModelConfig};
use crate::error::{Error, Result, WeightError};
use crate::graph::Features;
use crate::kernels::operator::dropout_factor;
use crate::kernels::tape::{Dropout, TorchAdam};
use crate::kernels::tensor::{from_matrix, from_rows, to_matrix};
use crate::model::encoder::{glorot, zero_bias};
use crate::model::network::{Weights, are_finite, check_weights};

/// The names of the weights that only a Gaussian generator has, [1, 1] each: log s², and the unit of the
/// features.
const LOG_VARIANCE: &str = "generator.log_variance";
const UNIT: &str = "unit";

/// The distribution p(x | z), with its own weights.
pub(super) enum Observation {
    Bernoulli,
    /// Both networks work on x / unit, so that training does not depend on the scale of the features.
    Gaussian {
        log_variance: Tensor,
        unit: Tensor,
    },
}

/// A dense layer: W, [rows, columns], and b, [1, columns].
struct Dense {
    weight: Tensor,
    bias: Tensor,
}

/// A variational auto-encoder with its weights.
pub struct Vae {
    variables: nn::VarStore,
    encoder: Vec<Dense>,
    mean: Dense,
    log_variance: Dense,
    generator: Vec<Dense>,
    output: Dense,
    pub(super) observation: Observation,
    pub(super) config: ModelConfig,
}

/// The result of a pass over a batch of b rows, as autograd tensors.
pub(crate) struct RowPass {
    /// The mean over the rows of −log p(x | z), in nats.
    pub(crate) reconstruction: Tensor,
    /// μ, [b, d].
    pub(crate) mean: Tensor,
    /// log σ², [b, d].
    pub(crate) log_variance: Tensor,
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
        let vae = Self::build(config, num_features, unit, rng);
        vae.set_weights(weights)?;
        Ok(vae)
    }

    /// Builds a network with fresh weights. The generator is Gaussian if `unit` is the standard deviation of
    /// the features, which is also the first value of s, and Bernoulli if it is `None`.
    fn build(config: &ModelConfig, num_features: usize, unit: Option<f32>, rng: &mut impl Rng) -> Self {
        let variables = nn::VarStore::new(Device::Cpu);
        let root = variables.root();
        let (hidden, d) = (config.hidden(), config.latent());
        let mut dense = |path: nn::Path, rows: usize, columns: usize| Dense {
            weight: path.var_copy("weight", &from_matrix(&glorot(rows, columns, rng))),
            bias: path.var_copy("bias", &from_matrix(&zero_bias(columns))),
        };
        let num_hidden = config.layers() - 1;
        let mut layers = |name: &str, inputs: usize| -> Vec<Dense> {
            let path = &root / name;
            (0..num_hidden)
                .map(|at| {
                    dense(&path / format!("layer{}", at + 1), if at == 0 { inputs } else { hidden }, hidden)
                })
                .collect()
        };
        let (encoder, generator) = (layers("encoder", num_features), layers("generator", d));
        let last = |inputs: usize| if num_hidden == 0 { inputs } else { hidden };
        let path = &root / "encoder";
        let mean = dense(&path / "mean", last(num_features), d);
        let log_variance = dense(&path / "log_variance", last(num_features), d);
        let path = &root / "generator";
        let output = dense(&path / "output", last(d), num_features);
        let observation = match unit {
            None => Observation::Bernoulli,
            Some(unit) => Observation::Gaussian {
                log_variance: path.var_copy("log_variance", &from_rows(&[2.0 * unit.ln()], 1, 1)),
                // A constant that training does not change.
                unit: root.var_copy(UNIT, &from_rows(&[unit], 1, 1)).set_requires_grad(false),
            },
        };
        Vae { variables, encoder, mean, log_variance, generator, output, observation, config: config.clone() }
    }

    /// Returns the settings of the network.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Returns the kind of p(x | z), which is never [`Likelihood::Auto`].
    pub fn likelihood(&self) -> Likelihood {
        match self.observation {
            Observation::Bernoulli => Likelihood::Bernoulli,
            Observation::Gaussian { .. } => Likelihood::Gaussian,
        }
    }

    /// Returns the weights by name, such as `encoder.layer1.weight`, [f, h].
    pub fn weights(&self) -> Weights {
        let variables = self.variables.variables();
        variables.iter().map(|(name, tensor)| (name.clone(), to_matrix(tensor))).collect()
    }

    /// Replaces the weights; see [`crate::model::network::Network::set_weights`].
    pub(crate) fn set_weights(&self, weights: &Weights) -> std::result::Result<(), WeightError> {
        check_weights(weights, &self.weights(), "vae of this likelihood")?;
        tch::no_grad(|| {
            for (name, mut variable) in self.variables.variables() {
                variable.copy_(&from_matrix(&weights[&name]));
            }
        });
        Ok(())
    }

    /// Returns `true` if every weight is a finite number.
    pub(crate) fn is_finite(&self) -> bool {
        are_finite(&self.weights())
    }

    /// Takes a step of `adam` along the gradient of `objective`.
    pub(crate) fn step(&self, objective: &Tensor, adam: &mut TorchAdam) {
        let weights = self.variables.variables();
        TorchAdam::zero_grad(weights.values());
        objective.backward();
        adam.step(&weights);
    }

    /// Computes the terms of the loss for a batch `x`, [b, f], and the noise ε, [b, d]. `dropout` zeroes part
    /// of each layer's input. O(b·h·(f + h·layers + d)) time.
    pub(crate) fn pass(&self, x: &Tensor, noise: &Tensor, dropout: Option<Dropout>) -> RowPass {
        let [mean, log_variance] = self.heads(x, dropout);
        let z = &mean + (&log_variance * 0.5).exp() * noise;
        let output = self.generator_output(&z, dropout);
        let reconstruction = self.negative_log_likelihood(x, &output).mean(Kind::Float);
        RowPass { reconstruction, mean, log_variance }
    }

    /// Returns μ and log σ², [b, d] each.
    pub(super) fn heads(&self, x: &Tensor, dropout: Option<Dropout>) -> [Tensor; 2] {
        let x = match &self.observation {
            Observation::Bernoulli => x.shallow_clone(),
            Observation::Gaussian { unit, .. } => x / unit,
        };
        let inputs = apply_hidden(&self.encoder, &x, dropout);
        let inputs = drop_out(&inputs, dropout, self.encoder.len());
        [&self.mean, &self.log_variance].map(|head| head.apply(&inputs))
    }

    /// l or y, [b, f], from z, [b, d].
    pub(super) fn generator_output(&self, z: &Tensor, dropout: Option<Dropout>) -> Tensor {
        // z itself gets no dropout: its noise already regularises.
        let mut hidden = z.shallow_clone();
        for (at, layer) in self.generator.iter().enumerate() {
            hidden = drop_out(&layer.apply(&hidden).relu(), dropout, self.encoder.len() + 1 + at);
        }
        let output = self.output.apply(&hidden);
        match &self.observation {
            Observation::Bernoulli => output,
            Observation::Gaussian { unit, .. } => output * unit,
        }
    }

    /// Returns −log p(x | z) of each row, [b].
    pub(super) fn negative_log_likelihood(&self, x: &Tensor, output: &Tensor) -> Tensor {
        let per_feature = match &self.observation {
            Observation::Bernoulli => output.softplus() - x * output,
            Observation::Gaussian { log_variance, .. } => {
                let scaled = (x - output).square() * (-log_variance).exp();
                (scaled + log_variance + (2.0 * std::f64::consts::PI).ln()) * 0.5
            }
        };
        per_feature.sum_dim_intlist([1i64].as_slice(), false, Kind::Float)
    }

    /// Returns the mean of p(x | z), [b, f], from the generator's output.
    pub(super) fn expected(&self, output: &Tensor) -> Tensor {
        match self.observation {
            Observation::Bernoulli => output.sigmoid(),
            Observation::Gaussian { .. } => output.shallow_clone(),
        }
    }

    /// Returns the gradient of each weight after the last backward pass, row by row.
    #[cfg(test)]
    pub(crate) fn gradients(&self) -> std::collections::BTreeMap<String, Vec<f32>> {
        let trained = self.variables.variables().into_iter().filter(|(_, tensor)| tensor.requires_grad());
        trained.map(|(name, tensor)| (name, crate::kernels::tensor::to_vec(&tensor.grad()))).collect()
    }
}

impl Dense {
    fn apply(&self, input: &Tensor) -> Tensor {
        input.matmul(&self.weight) + &self.bias
    }
}

/// Applies rectified layers, each after dropout of its input.
fn apply_hidden(layers: &[Dense], x: &Tensor, dropout: Option<Dropout>) -> Tensor {
    let mut hidden = x.shallow_clone();
    for (at, layer) in layers.iter().enumerate() {
        hidden = layer.apply(&drop_out(&hidden, dropout, at)).relu();
    }
    hidden
}

/// Zeroes part of `input` and scales the rest. Each `place` in the network has its own random pattern.
fn drop_out(input: &Tensor, dropout: Option<Dropout>, place: usize) -> Tensor {
    let Some(Dropout { fraction, seed }) = dropout else { return input.shallow_clone() };
    let [rows, columns] = [0, 1].map(|side| input.size()[side] as usize);
    let seed = seed.wrapping_add(place as u64);
    let factors: Vec<f32> =
        (0..(rows * columns) as u64).map(|place| dropout_factor(fraction, seed, place)).collect();
    input * from_rows(&factors, rows, columns)
}

/// Seeds standard normal numbers, [rows, columns].
pub(crate) fn normal(rows: usize, columns: usize, rng: &mut impl Rng) -> Tensor {
    let values: Vec<f32> = StandardNormal.sample_iter(rng).take(rows * columns).collect();
    from_rows(&values, rows, columns)
}

/// Returns the standard deviation of all entries of X, zeros included, or 1 if all are equal.
fn standard_deviation(features: &Features) -> f32 {
    let count = (features.rows() * features.cols()).max(1) as f64;
    let sum = |power: i32| features.values().map(|x| f64::from(x).powi(power)).sum::<f64>() / count;
    let deviation = (sum(2) - sum(1).powi(2)).max(0.0).sqrt() as f32;
    if deviation > 0.0 { deviation } else { 1.0 }
}

/// Returns the mean over the n rows of KL(q(z) ‖ N(0, I)), in nats, for `mean` and `log_variance`, [n, d].
pub(crate) fn kl(mean: &Tensor, log_variance: &Tensor) -> Tensor {
    let num_rows = mean.size()[0] as f64;
    (mean.square() + log_variance.exp() - log_variance - 1.0).sum(Kind::Float) * (0.5 / num_rows)
}

/// Returns [`kl`] with free bits: a dimension whose mean over the rows is below `free` nats counts as `free`,
/// without a gradient; see [`crate::kernels::tape::KlTerm`].
pub(crate) fn kl_above(mean: &Tensor, log_variance: &Tensor, free: f64) -> Tensor {
    let num_rows = mean.size()[0] as f64;
    let terms = mean.square() + log_variance.exp() - log_variance - 1.0;
    let per_dimension = terms.sum_dim_intlist([0i64].as_slice(), false, Kind::Float) * (0.5 / num_rows);
    per_dimension.clamp_min(free).sum(Kind::Float)
}
