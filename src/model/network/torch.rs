//! Training with libtorch on any of its devices.

use std::collections::BTreeMap;

use tch::{Device, Tensor};

use super::{Network, Pass, Seeds, Terms};
use crate::error::WeightError;
use crate::kernels::tape::{AdamState, TorchAdam, TorchOperator, TorchTape, Weights, on_host};
use crate::kernels::tensor::{from_matrix, to_matrix};
use crate::model::encoder::Inputs;
use crate::model::loss::TorchLoss;

/// The weights, the inputs and the optimiser of a network on a device.
pub(crate) struct TorchTrainer {
    device: Device,
    weights: BTreeMap<String, Tensor>,
    adam: TorchAdam,
    adj_norm: TorchOperator,
    features: Option<TorchOperator>,
    /// The loss on the device; `None` if the host computes it.
    loss: Option<TorchLoss>,
}

impl TorchTrainer {
    /// Copies the weights of `network` and the inputs to `device`. If `loss` is given, passes ignore their
    /// target.
    pub(crate) fn new(
        network: &Network,
        inputs: &Inputs,
        loss: Option<TorchLoss>,
        learning_rate: f64,
        device: Device,
    ) -> Self {
        let on_device = |weight| from_matrix(weight).to_device(device).set_requires_grad(true);
        let weights = network.weights().iter();
        TorchTrainer {
            device,
            weights: weights.map(|(name, weight)| (name.clone(), on_device(weight))).collect(),
            adam: TorchAdam::new(learning_rate),
            adj_norm: TorchOperator::new(&inputs.adj_norm, device),
            features: inputs.features.as_ref().map(|features| TorchOperator::new(features, device)),
            loss,
        }
    }

    /// Returns the state of Adam, for a checkpoint.
    pub(crate) fn adam_state<'a>(&self) -> AdamState<'a> {
        self.adam.state()
    }

    /// Restores the state of Adam, whose moments must belong to `weights`.
    ///
    /// # Errors
    /// [`WeightError`] names the first weight whose moments do not fit.
    pub(crate) fn restore(&mut self, state: AdamState, weights: &Weights) -> Result<(), WeightError> {
        self.adam.restore(state, weights, self.device)
    }

    /// Copies the weights to the host.
    pub(crate) fn weights(&self) -> Weights {
        self.weights.iter().map(|(name, tensor)| (name.clone(), to_matrix(tensor))).collect()
    }

    /// Does the same as [`Network::pass`], but keeps the gradients on the device.
    pub(crate) fn pass(&mut self, network: &Network, pass: Pass) -> Terms {
        let Pass { masked, inputs, draws, kl: kl_term, target } = pass;
        let Seeds { loss: seed, .. } = draws;
        TorchAdam::zero_grad(self.weights.values());
        let masked = masked.map(|adj_norm| TorchOperator::new(adj_norm, self.device));
        let dropped = match (&inputs.features, network.dropout(draws)) {
            (Some(features), Some(dropout)) => {
                Some(TorchOperator::new(&features.with_dropout(dropout), self.device))
            }
            _ => None,
        };
        let adj_norm = masked.as_ref().unwrap_or(&self.adj_norm);
        let features = dropped.as_ref().or(self.features.as_ref());
        let mut tape = TorchTape::new(&self.weights, adj_norm, features);
        let heads = network.encoder.forward(&mut tape, network.dropout(draws));
        let (z, kl) = network.latent(&mut tape, heads, draws.noise, kl_term);
        let (reconstruction, gradient) = match &self.loss {
            Some(loss) => loss.value_and_gradient(&z, seed),
            None => on_host(&z, |z, d| {
                let mut gradient = vec![0f32; z.len()];
                (target.value_and_gradient(z, d, &mut gradient), gradient)
            }),
        };
        tape.backward(&z, &gradient);
        Terms::new(reconstruction, &kl, kl_term)
    }

    /// Takes one step of Adam with the gradients of the last pass.
    pub(crate) fn step(&mut self) {
        self.adam.step(&self.weights);
    }

    /// Returns the gradients of the last pass, for each weight that has one.
    #[cfg(test)]
    pub(crate) fn gradients(&self) -> Weights {
        let trained = self.weights.iter().filter(|(_, tensor)| tensor.grad().defined());
        trained.map(|(name, tensor)| (name.clone(), to_matrix(&tensor.grad()))).collect()
    }
}
