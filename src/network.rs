//! One auto-encoder: an encoder, a latent (point or Gaussian) and a decoder, composed.

use std::collections::BTreeMap;

use ndarray::Array2;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use tch::{Device, Tensor, nn};

use crate::config::{DecoderKind, ModelConfig, ModelKind};
use crate::decoder::{Coordinates, Decoder, HadamardMlp};
use crate::encoder::{Dropout, Encoder, Inputs, Sizes, glorot, unit_rows, zero_bias};
use crate::error::Result;
use crate::graph::{Csr, EdgeList};
use crate::tensor::{SparseOperator, Tape, from_rows, to_vec};

/// What an encoder says of the n nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Embeddings {
    /// μ, [n, d]: what links are decoded from. For a point latent, the point. Where nodes have a mass,
    /// [n, d + 1], the mass last.
    pub mean: Array2<f32>,
    /// log σ², [n, d]; none for a point latent.
    pub log_variance: Option<Array2<f32>>,
}

/// A weight matrix by its name: its shape and its values, row by row.
pub type Weights = BTreeMap<String, Array2<f32>>;

/// How a node's latent follows from the encoder's heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Latent {
    /// One head: z is the mean.
    Point,
    /// Two heads: z = μ + σ·ε (Kingma & Welling 2014, section 2.4).
    Gaussian,
}

/// A decoder's own weights.
pub(crate) enum DecoderWeights {
    /// It has none.
    InnerProduct,
    /// The logarithm of the temperature, [1, 1].
    Cosine { log_temperature: Tensor },
    /// It has none; the last column of z is the mass.
    Gravity { lambda: f64, coordinates: Coordinates },
    /// W, [d, k]; b, [1, k]; w, [k, 1]; c, [1, 1].
    HadamardMlp { hidden: Tensor, hidden_bias: Tensor, output: Tensor, output_bias: Tensor },
}

/// The temperature that a cosine decoder begins with.
const FIRST_TEMPERATURE: f32 = 5.0;

/// A graph auto-encoder with its weights.
pub struct Network {
    variables: nn::VarStore,
    encoder: Encoder,
    latent: Latent,
    decoder: DecoderWeights,
    config: ModelConfig,
}

/// One pass of training: the heads and the sample, in autograd.
pub(crate) struct Pass {
    /// μ, [n, d].
    pub(crate) mean: Tensor,
    /// log σ², [n, d].
    pub(crate) log_variance: Option<Tensor>,
    /// The sample, [n, d].
    pub(crate) z: Tensor,
}

impl Network {
    /// A network with fresh weights for `num_features` features (n of them where X = I).
    pub fn new(config: &ModelConfig, num_features: usize, rng: &mut impl Rng) -> Self {
        let variables = nn::VarStore::new(Device::Cpu);
        let root = variables.root();
        let (latent, num_heads) = match config.model {
            ModelKind::Vgae | ModelKind::LinearVgae | ModelKind::Vgnae | ModelKind::GravityVgae => {
                (Latent::Gaussian, 2)
            }
            _ => (Latent::Point, 1),
        };
        let width = config.latent() + usize::from(config.model.is_directed());
        let sizes = Sizes { num_features, num_heads, width };
        let encoder = Encoder::new(&(&root / "encoder"), sizes, config, rng);
        let path = &root / "decoder";
        let decoder = match (config.decoder, config.normalize_embeddings) {
            (_, normalize_embeddings) if config.model.is_directed() => DecoderWeights::Gravity {
                lambda: config.gravity_lambda,
                coordinates: if normalize_embeddings { Coordinates::Unit } else { Coordinates::Free },
            },
            (DecoderKind::InnerProduct, false) => DecoderWeights::InnerProduct,
            (DecoderKind::InnerProduct, true) => {
                let start = from_rows(&[FIRST_TEMPERATURE.ln()], 1, 1);
                DecoderWeights::Cosine { log_temperature: path.var_copy("log_temperature", &start) }
            }
            (DecoderKind::HadamardMlp, _) => {
                let (d, k) = (config.latent(), config.latent().div_ceil(2).max(8));
                DecoderWeights::HadamardMlp {
                    hidden: glorot(&path / "hidden", d, k, rng),
                    hidden_bias: zero_bias(&path / "hidden", k),
                    output: glorot(&path / "output", k, 1, rng),
                    output_bias: zero_bias(&path / "output", 1),
                }
            }
        };
        Network { variables, encoder, latent, decoder, config: config.clone() }
    }

    /// What the network is.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The embeddings of the graph whose messages go along `edges`, and whose X is `features`, [n, f], or I.
    /// O(nonzeros of X and Â · h) time.
    pub fn encode(&self, edges: &EdgeList, features: Option<&Csr>) -> Embeddings {
        self.embed(&Inputs::new(edges, features, &self.config))
    }

    /// The embeddings of the graph that `inputs` describes. O(nonzeros · h) time.
    pub(crate) fn embed(&self, inputs: &Inputs) -> Embeddings {
        tch::no_grad(|| {
            let Inputs { adj_norm, features, .. } = inputs;
            let heads = self.encoder.forward(adj_norm, features.as_ref(), None, &mut Tape::default());
            Embeddings { mean: matrix(&heads[0]), log_variance: heads.get(1).map(matrix) }
        })
    }

    /// The decoder, out of autograd.
    pub fn decoder(&self) -> Decoder {
        match &self.decoder {
            DecoderWeights::InnerProduct => Decoder::InnerProduct,
            &DecoderWeights::Gravity { lambda, coordinates } => Decoder::Gravity { lambda, coordinates },
            DecoderWeights::Cosine { log_temperature } => {
                Decoder::Cosine { temperature: f64::from(to_vec(log_temperature)[0]).exp() }
            }
            DecoderWeights::HadamardMlp { hidden, hidden_bias, output, output_bias } => {
                let weights = [hidden, hidden_bias, output, output_bias];
                Decoder::HadamardMlp(HadamardMlp::from_rows(weights.map(to_vec)))
            }
        }
    }

    /// The decoder's weights, in autograd.
    pub(crate) fn decoder_weights(&self) -> &DecoderWeights {
        &self.decoder
    }

    /// The weights by name, such as `encoder.gcn1.weight`, [f, h].
    pub fn weights(&self) -> Weights {
        weights_of(&self.variables)
    }

    /// Replaces the weights by those of `weights`, which must have exactly the names and shapes of
    /// [`Network::weights`] and hold finite numbers only.
    ///
    /// # Errors
    /// A sentence that names the first weight that does not fit, what was found and what was expected.
    pub fn set_weights(&mut self, weights: &Weights) -> std::result::Result<(), String> {
        replace_weights(&self.variables, weights, &self.config.model.to_string())
    }

    /// Whether every weight is a finite number.
    pub(crate) fn is_finite(&self) -> bool {
        are_finite(&self.weights())
    }

    /// Adam on the weights.
    pub(crate) fn optimizer(&self, learning_rate: f64) -> Result<nn::Optimizer> {
        optimizer(&self.variables, learning_rate)
    }

    /// Encodes over `adj_norm`, which may lack edges that `inputs` has, samples, and hands the pass to `loss`,
    /// whose gradient goes back to the weights.
    pub(crate) fn train_pass<T>(
        &self,
        adj_norm: &SparseOperator,
        inputs: &Inputs,
        rng: &mut impl Rng,
        loss: impl FnOnce(&Pass) -> (Tensor, T),
    ) -> T {
        // Drawn in any case, so that the sample's noise is the same with dropout and without.
        let seed = rng.random();
        let fraction = self.config.dropout;
        let dropout = (fraction > 0.0).then_some(Dropout { fraction, seed });
        let dropped = match (&inputs.features, dropout) {
            (Some(features), Some(Dropout { fraction, seed })) => Some(features.with_dropout(fraction, seed)),
            _ => None,
        };
        let features = dropped.as_ref().or(inputs.features.as_ref());
        let mut tape = Tape::default();
        let mut heads = self.encoder.forward(adj_norm, features, dropout, &mut tape).into_iter();
        let mean = heads.next().expect("an encoder has a head for the mean");
        let log_variance = heads.next();
        let z = match (self.latent, &log_variance) {
            (Latent::Gaussian, Some(log_variance)) => {
                let [n, d] = [0, 1].map(|side| mean.size()[side] as usize);
                let noise: Vec<f32> = StandardNormal.sample_iter(rng).take(n * d).collect();
                &mean + (log_variance * 0.5).exp() * from_rows(&noise, n, d)
            }
            _ => mean.shallow_clone(),
        };
        let (loss, value) = loss(&Pass { mean, log_variance, z });
        tape.backward(&loss);
        value
    }

    /// The gradient of each weight, row by row, as the last [`Network::train_pass`] left it.
    #[cfg(test)]
    pub(crate) fn gradients(&self) -> BTreeMap<String, Vec<f32>> {
        gradients_of(&self.variables)
    }
}

/// A sample, [n, d + 1], whose d coordinates have the length 1; the mass is left as it is.
pub(crate) fn with_unit_coordinates(z: &Tensor) -> Tensor {
    let d = z.size()[1] - 1;
    Tensor::cat(&[unit_rows(&z.narrow(1, 0, d)), z.narrow(1, d, 1)], 1)
}

/// A sample whose rows a cosine decoder compares by inner products: of the length √temperature.
pub(crate) fn with_temperature(z: &Tensor, log_temperature: &Tensor) -> Tensor {
    unit_rows(z) * (log_temperature * 0.5).exp()
}

/// The variables by name.
pub(crate) fn weights_of(variables: &nn::VarStore) -> Weights {
    variables.variables().iter().map(|(name, tensor)| (name.clone(), matrix(tensor))).collect()
}

/// Whether every weight is a finite number.
pub(crate) fn are_finite(weights: &Weights) -> bool {
    weights.values().flatten().all(|value| value.is_finite())
}

/// The gradient of each trained variable, row by row, as the last backward pass left it.
#[cfg(test)]
pub(crate) fn gradients_of(variables: &nn::VarStore) -> BTreeMap<String, Vec<f32>> {
    let trained = variables.variables().into_iter().filter(|(_, tensor)| tensor.requires_grad());
    trained.map(|(name, tensor)| (name, to_vec(&tensor.grad()))).collect()
}

/// Replaces the variables of a `model` by `weights`; see [`Network::set_weights`].
pub(crate) fn replace_weights(
    variables: &nn::VarStore,
    weights: &Weights,
    model: &str,
) -> std::result::Result<(), String> {
    let variables: BTreeMap<String, Tensor> = variables.variables().into_iter().collect();
    if let Some(name) = weights.keys().find(|name| !variables.contains_key(*name)) {
        return Err(format!("{name} is unknown; a {model} has no such weight"));
    }
    for (name, variable) in &variables {
        let Some(weight) = weights.get(name) else {
            return Err(format!("{name} is missing"));
        };
        let (found, expected) = (weight.shape(), variable.size());
        if found.iter().map(|&side| side as i64).ne(expected.iter().copied()) {
            return Err(format!("{name} is {found:?}; run.json expects {expected:?}"));
        }
        if let Some(at) = weight.iter().position(|value| !value.is_finite()) {
            let columns = weight.ncols();
            return Err(format!("{name}[{}, {}] is not finite", at / columns, at % columns));
        }
    }
    tch::no_grad(|| {
        for (name, mut variable) in variables {
            let weight = &weights[&name];
            let values: Vec<f32> = weight.iter().copied().collect();
            variable.copy_(&from_rows(&values, weight.nrows(), weight.ncols()));
        }
    });
    Ok(())
}

/// Adam (Kingma & Ba 2015) on the variables, with its usual β = (0.9, 0.999), ε = 1e-8.
pub(crate) fn optimizer(variables: &nn::VarStore, learning_rate: f64) -> Result<nn::Optimizer> {
    use nn::OptimizerConfig;
    Ok(nn::Adam::default().build(variables, learning_rate)?)
}

/// An [n, k] tensor as a matrix.
pub(crate) fn matrix(tensor: &Tensor) -> Array2<f32> {
    let size = tensor.size();
    let shape = (size[0] as usize, size[1] as usize);
    Array2::from_shape_vec(shape, to_vec(tensor)).expect("a matrix has rows and columns")
}
