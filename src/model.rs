//! A model: an encoder, a latent (point or Gaussian) and the inner-product decoder, composed.

use std::collections::BTreeMap;

use ndarray::Array2;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use tch::{Device, Tensor, nn};

use crate::config::{ModelConfig, ModelKind};
use crate::encoder::{Dropout, Gcn, Inputs};
use crate::error::Result;
use crate::graph::Csr;
use crate::tensor::{Tape, from_rows, to_vec};

/// What the encoder says of the n nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Embeddings {
    /// μ, [n, d]: what links are decoded from. For a point latent, the point.
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

/// A graph auto-encoder with its weights.
pub struct Model {
    variables: nn::VarStore,
    encoder: Gcn,
    latent: Latent,
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

impl Model {
    /// A model with fresh weights for `num_features` features (n of them where X = I).
    pub fn new(config: &ModelConfig, num_features: usize, rng: &mut impl Rng) -> Self {
        let variables = nn::VarStore::new(Device::Cpu);
        let (latent, num_heads) = match config.model {
            ModelKind::Gae => (Latent::Point, 1),
            ModelKind::Vgae => (Latent::Gaussian, 2),
        };
        let encoder = Gcn::new(&(variables.root() / "encoder"), num_features, num_heads, config, rng);
        Model { variables, encoder, latent, config: config.clone() }
    }

    /// The embeddings of the graph whose Â is `adj_norm`, [n, n], and whose X is `features`, [n, f], or I.
    /// O(nonzeros · h) time.
    pub fn embed(&self, adj_norm: &Csr, features: Option<&Csr>) -> Embeddings {
        self.embed_inputs(&Inputs::new(adj_norm, features))
    }

    pub(crate) fn embed_inputs(&self, inputs: &Inputs) -> Embeddings {
        let matrix = |tensor: &Tensor| {
            let shape = (inputs.num_nodes, self.config.latent);
            Array2::from_shape_vec(shape, to_vec(tensor)).expect("each head is [n, d]")
        };
        tch::no_grad(|| {
            let Inputs { adj_norm, features, .. } = inputs;
            let heads = self.encoder.forward(adj_norm, features.as_ref(), None, &mut Tape::default());
            Embeddings { mean: matrix(&heads[0]), log_variance: heads.get(1).map(matrix) }
        })
    }

    /// The weights by name, such as `encoder.gcn1.weight`, [f, h].
    pub fn weights(&self) -> Weights {
        let variables = self.variables.variables();
        let matrix = |tensor: &Tensor| {
            let size = tensor.size();
            let shape = (size[0] as usize, size[1] as usize);
            Array2::from_shape_vec(shape, to_vec(tensor)).expect("each weight is a matrix")
        };
        variables.iter().map(|(name, tensor)| (name.clone(), matrix(tensor))).collect()
    }

    /// Replaces the weights by those of `weights`, which must have exactly the names and shapes of
    /// [`Model::weights`] and hold finite numbers only.
    ///
    /// # Errors
    /// A sentence that names the first weight that does not fit, what was found and what was expected.
    pub fn set_weights(&mut self, weights: &Weights) -> std::result::Result<(), String> {
        let variables: BTreeMap<String, Tensor> = self.variables.variables().into_iter().collect();
        if let Some(name) = weights.keys().find(|name| !variables.contains_key(*name)) {
            return Err(format!("{name} is unknown; a {} has no such weight", self.config.model));
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

    /// Whether every weight is a finite number.
    pub(crate) fn is_finite(&self) -> bool {
        self.weights().values().flatten().all(|value| value.is_finite())
    }

    /// Adam (Kingma & Ba 2015) on the weights, with its usual β = (0.9, 0.999), ε = 1e-8.
    pub(crate) fn optimizer(&self, learning_rate: f64) -> Result<nn::Optimizer> {
        use nn::OptimizerConfig;
        Ok(nn::Adam::default().build(&self.variables, learning_rate)?)
    }

    /// Encodes, samples, and hands the pass to `loss`, whose gradient goes back to the weights.
    pub(crate) fn train_pass<T>(
        &self,
        inputs: &Inputs,
        rng: &mut impl Rng,
        loss: impl FnOnce(&Pass) -> (Tensor, T),
    ) -> T {
        let Inputs { adj_norm, features, .. } = inputs;
        // Drawn in any case, so that the sample's noise is the same with dropout and without.
        let seed = rng.random();
        let fraction = self.config.dropout;
        let dropout = (fraction > 0.0).then_some(Dropout { fraction, seed });
        let dropped = match (features, dropout) {
            (Some(features), Some(Dropout { fraction, seed })) => Some(features.with_dropout(fraction, seed)),
            _ => None,
        };
        let features = dropped.as_ref().or(features.as_ref());
        let mut tape = Tape::default();
        let mut heads = self.encoder.forward(adj_norm, features, dropout, &mut tape).into_iter();
        let mean = heads.next().expect("an encoder has a head for the mean");
        let log_variance = heads.next();
        let z = match (self.latent, &log_variance) {
            (Latent::Gaussian, Some(log_variance)) => {
                let (n, d) = (inputs.num_nodes, self.config.latent);
                let noise: Vec<f32> = StandardNormal.sample_iter(rng).take(n * d).collect();
                &mean + (log_variance * 0.5).exp() * from_rows(&noise, n, d)
            }
            _ => mean.shallow_clone(),
        };
        let (loss, value) = loss(&Pass { mean, log_variance, z });
        tape.backward(&loss);
        value
    }

    /// The gradient of each weight, row by row, as the last [`Model::train_pass`] left it.
    #[cfg(test)]
    pub(crate) fn gradients(&self) -> BTreeMap<String, Vec<f32>> {
        let variables = self.variables.variables();
        variables.into_iter().map(|(name, tensor)| (name, to_vec(&tensor.grad()))).collect()
    }
}
