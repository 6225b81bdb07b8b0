//! Stands in for the network where libtorch is left out: a type without values, so that nothing else needs to ask.

use ndarray::Array2;
use rand::Rng;

use super::{Draw, RowMetrics};
use crate::config::{Likelihood, ModelConfig};
use crate::error::not_built_in;
use crate::graph::Features;
use crate::model::network::{Embeddings, Weights};

/// A variational auto-encoder with its weights. This build has none: it needs the feature `torch`.
pub enum Vae {}

impl Vae {
    /// Fails.
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

    /// The settings of the network.
    pub fn config(&self) -> &ModelConfig {
        match *self {}
    }

    /// The distribution p(x | z).
    pub fn likelihood(&self) -> Likelihood {
        match *self {}
    }

    /// The weights by name.
    pub fn weights(&self) -> Weights {
        match *self {}
    }

    /// Encodes the rows of X = `features`, [n, f].
    pub fn encode(&self, _features: &Features) -> Embeddings {
        match *self {}
    }

    /// Encodes and decodes `rows` of X = `features`.
    pub fn reconstruct(&self, _features: &Features, _rows: std::ops::Range<usize>) -> Array2<f32> {
        match *self {}
    }

    /// Generates `count` rows, [count, f].
    pub fn generate(&self, _count: usize, _draw: Draw, _rng: &mut impl Rng) -> Array2<f32> {
        match *self {}
    }

    /// Evaluates `rows` of X = `features`.
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
