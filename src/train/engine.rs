//! Takes the steps of training, with this crate's kernels or with libtorch.

use std::borrow::Cow;

use ndarray::Array2;

use crate::config::Config;
use crate::error::WeightError;
use crate::kernels::tape::{Adam, AdamState, Buffers};
use crate::model::encoder::Inputs;
#[cfg(feature = "torch")]
use crate::model::network::TorchTrainer;
use crate::model::network::{Network, Pass, StartedPass, Terms};

/// The implementation that computes a training step.
pub(super) enum Engine {
    /// This crate's kernels.
    Host {
        adam: Adam,
        buffers: Buffers,
        /// `true` if every pass encodes with all of Â and X, so that the encoding for a validation can start
        /// the next pass.
        reuses_encoding: bool,
        /// The next pass, if it has encoded already.
        started: Option<StartedPass>,
    },
    /// libtorch, which keeps its own copy of the weights.
    #[cfg(feature = "torch")]
    Torch(TorchTrainer),
}

impl Engine {
    /// Uses this crate's kernels, with the settings of `config`.
    pub(super) fn host(config: &Config) -> Self {
        Engine::Host {
            adam: Adam::new(config.learning_rate()),
            buffers: Buffers::default(),
            reuses_encoding: config.model.dropout() == 0.0 && config.mask_edges() == 0.0,
            started: None,
        }
    }

    /// Takes one step, unless the loss is not finite, and runs `other`: in parallel on the host, afterwards
    /// on a device.
    pub(super) fn step<T: Send>(
        &mut self,
        network: &mut Network,
        pass: Pass,
        other: impl FnOnce() -> T + Send,
    ) -> (Terms, T) {
        match self {
            Engine::Host { adam, buffers, started, .. } => {
                let step = || {
                    let (terms, gradients) = network.pass(pass, started.take(), buffers);
                    if terms.loss.is_finite() {
                        adam.step(network.weights_mut(), &gradients);
                    }
                    gradients.into_values().for_each(|gradient| buffers.give(gradient));
                    terms
                };
                rayon::join(step, other)
            }
            #[cfg(feature = "torch")]
            Engine::Torch(trainer) => {
                let terms = trainer.pass(network, pass);
                if terms.loss.is_finite() {
                    trainer.step();
                }
                (terms, other())
            }
        }
    }

    /// Returns the current weights. Those in `network` may be from an earlier epoch.
    pub(super) fn weights<'a>(&self, network: &'a Network) -> Vec<(String, Cow<'a, Array2<f32>>)> {
        match self {
            Engine::Host { .. } => {
                network.weights().iter().map(|(name, weight)| (name.clone(), Cow::Borrowed(weight))).collect()
            }
            #[cfg(feature = "torch")]
            Engine::Torch(trainer) => {
                trainer.weights().into_iter().map(|(name, weight)| (name, Cow::Owned(weight))).collect()
            }
        }
    }

    /// Copies the weights from a device to `network`.
    pub(super) fn copy_weights(&self, network: &mut Network) {
        match self {
            Engine::Host { .. } => _ = network,
            #[cfg(feature = "torch")]
            Engine::Torch(trainer) => *network.weights_mut() = trainer.weights(),
        }
    }

    /// Returns the state of Adam.
    pub(super) fn adam_state(&self) -> AdamState<'_> {
        match self {
            Engine::Host { adam, .. } => adam.state(),
            #[cfg(feature = "torch")]
            Engine::Torch(trainer) => trainer.adam_state(),
        }
    }

    /// Restores the state of Adam, and the weights from `network`.
    ///
    /// # Errors
    /// [`WeightError`] names the first weight whose moments do not fit.
    pub(super) fn restore(&mut self, state: AdamState, network: &Network) -> Result<(), WeightError> {
        match self {
            Engine::Host { adam, .. } => adam.restore(state, network.weights()),
            #[cfg(feature = "torch")]
            Engine::Torch(trainer) => trainer.restore(state, network.weights()),
        }
    }

    /// Returns the mean of each node, [n, d], from all of Â and X. If every pass starts with the same
    /// encoding, it is kept for the next one.
    pub(super) fn encode(&mut self, network: &Network, inputs: &Inputs) -> Array2<f32> {
        match self {
            Engine::Host { buffers, reuses_encoding: true, started, .. } => {
                let (embeddings, pass) = network.begin(inputs, buffers);
                *started = Some(pass);
                embeddings.mean
            }
            _ => network.embed(inputs).mean,
        }
    }
}
