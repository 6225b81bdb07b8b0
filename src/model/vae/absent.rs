//! Replaces the network in builds without libtorch by a type without values, so that no other code needs a
//! `cfg`.

use ndarray::Array2;
use rand::Rng;

use super::{Draw, RowMetrics};
use crate::config::{Likelihood, ModelConfig};
use crate::error::not_built_in;
use crate::graph::Features;
use crate::model::network::{Embeddings, Weights};

/// A variational auto-encoder with its weights. It needs the feature `torch`; in this build the type has no
/// values.
pub enum Vae {}

impl Vae {
    /// Always fails.
    ///
    /// # Errors
    /// A sentence that names the feature `torch`.
    pub fn from_weights(
        _config: &ModelConfig,
        _num_features: usize,
        _weights: &Weights,
        _rng: &mut impl Rng,
    ) -> std::result::Result<Self, String> {
        Err(not_built_in("the model vae", "torch").to_string())
    }

    /// Returns the settings of the network.
    pub fn config(&self) -> &ModelConfig {
        match *self {}
    }

    /// Returns the kind of p(x | z).
    pub fn likelihood(&self) -> Likelihood {
        match *self {}
    }

    /// Returns the weights by name.
    pub fn weights(&self) -> Weights {
        match *self {}
    }

    /// Encodes the rows of X, [n, f].
    pub fn encode(&self, _features: &Features) -> Embeddings {
        match *self {}
    }

    /// Encodes and decodes `rows` of X.
    pub fn reconstruct(&self, _features: &Features, _rows: std::ops::Range<usize>) -> Array2<f32> {
        match *self {}
    }

    /// Generates `count` rows, [count, f].
    pub fn generate(&self, _count: usize, _draw: Draw, _rng: &mut impl Rng) -> Array2<f32> {
        match *self {}
    }

    /// Evaluates the model on `rows` of X.
    pub fn evaluate(
        &self,
        _features: &Features,
        _rows: &[usize],
        _num_samples: usize,
        _seed: u64,
    ) -> RowMetrics {
        match *self {}
    }
}
