//! Who takes the steps of training: this crate's kernels, or libtorch.

use std::borrow::Cow;

use ndarray::Array2;

use crate::config::Config;
use crate::kernels::tape::{Adam, AdamState, Buffers};
use crate::model::encoder::Inputs;
use crate::model::network::{Encoding, Network, Pass, Terms, TorchTrainer};

/// What computes.
pub(super) enum Engine {
    /// This crate's kernels.
    Host {
        adam: Adam,
        buffers: Buffers,
        /// Whether every pass begins with all of Â and X.
        begins_alike: bool,
        /// The beginning of the next pass, if it was made already.
        encoded: Option<Encoding>,
    },
    /// libtorch, which has weights of its own.
    Torch(TorchTrainer),
}

impl Engine {
    /// This crate's kernels, for `config`.
    pub(super) fn host(config: &Config) -> Self {
        Engine::Host {
            adam: Adam::new(config.learning_rate()),
            buffers: Buffers::default(),
            begins_alike: config.model.dropout == 0.0 && config.train.mask_edges == 0.0,
            encoded: None,
        }
    }

    /// One step, unless the loss is not finite, and beside it what `other` gives.
    pub(super) fn step<T: Send>(
        &mut self,
        network: &mut Network,
        pass: Pass,
        other: impl FnOnce() -> T + Send,
    ) -> (Terms, T) {
        match self {
            Engine::Host { adam, buffers, encoded, .. } => {
                let step = || {
                    let (terms, gradients) = network.pass(pass, encoded.take(), buffers);
                    if terms.loss.is_finite() {
                        adam.step(network.weights_mut(), &gradients);
                    }
                    gradients.into_values().for_each(|gradient| buffers.give(gradient));
                    terms
                };
                rayon::join(step, other)
            }
            Engine::Torch(trainer) => {
                let terms = trainer.pass(network, pass);
                if terms.loss.is_finite() {
                    trainer.step();
                }
                (terms, other())
            }
        }
    }

    /// The weights, which `network` may have of an earlier epoch.
    pub(super) fn weights<'a>(&self, network: &'a Network) -> Vec<(String, Cow<'a, Array2<f32>>)> {
        match self {
            Engine::Host { .. } => {
                network.weights().iter().map(|(name, weight)| (name.clone(), Cow::Borrowed(weight))).collect()
            }
            Engine::Torch(trainer) => {
                trainer.weights().into_iter().map(|(name, weight)| (name, Cow::Owned(weight))).collect()
            }
        }
    }

    /// What Adam remembers.
    pub(super) fn adam_state(&self) -> AdamState<'_> {
        match self {
            Engine::Host { adam, .. } => adam.state(),
            Engine::Torch(trainer) => trainer.adam_state(),
        }
    }

    /// Goes on from what Adam remembered, with the weights that `network` has.
    ///
    /// # Errors
    /// A sentence that names what does not fit.
    pub(super) fn restore(&mut self, state: AdamState, network: &Network) -> Result<(), String> {
        match self {
            Engine::Host { adam, .. } => adam.restore(state, network.weights()),
            Engine::Torch(trainer) => trainer.restore(state, network.weights()),
        }
    }

    /// The mean of each node, [n, d], by all of Â and X. Where a pass begins with the same, it is kept for the next one.
    pub(super) fn encode(&mut self, network: &Network, inputs: &Inputs) -> Array2<f32> {
        match self {
            Engine::Host { buffers, begins_alike: true, encoded, .. } => {
                let (embeddings, encoding) = network.begin(inputs, buffers);
                *encoded = Some(encoding);
                embeddings.mean
            }
            _ => network.embed(inputs).mean,
        }
    }
}
