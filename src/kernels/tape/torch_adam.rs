//! The Adam optimiser on libtorch's tensors.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ndarray::Array2;
use tch::{Device, Tensor};

use super::Weights;
use super::adam::{AdamState, BETAS, EPSILON};
use crate::kernels::tensor::{from_matrix, to_matrix};

/// [`super::Adam`] on any device. It is written by hand because libtorch's own Adam does not expose its state
/// through tch.
pub(crate) struct TorchAdam {
    learning_rate: f64,
    num_steps: i32,
    moments: BTreeMap<String, [Tensor; 2]>,
}

impl TorchAdam {
    pub(crate) fn new(learning_rate: f64) -> Self {
        TorchAdam { learning_rate, num_steps: 0, moments: BTreeMap::new() }
    }

    /// Sets the gradients of `weights` to zero.
    pub(crate) fn zero_grad<'a>(weights: impl IntoIterator<Item = &'a Tensor>) {
        for mut gradient in weights.into_iter().map(Tensor::grad).filter(Tensor::defined) {
            let _ = gradient.detach_().zero_();
        }
    }

    /// Updates each weight that has a gradient.
    pub(crate) fn step<'a>(&mut self, weights: impl IntoIterator<Item = (&'a String, &'a Tensor)>) {
        self.num_steps += 1;
        let betas = BETAS.map(f64::from);
        let [bias, square_bias] = betas.map(|beta| 1.0 - beta.powi(self.num_steps));
        let step_size = self.learning_rate / bias;
        tch::no_grad(|| {
            for (name, weight) in weights {
                let gradient = weight.grad();
                if !gradient.defined() {
                    continue;
                }
                let fresh = || [weight.zeros_like(), weight.zeros_like()];
                let [first, second] = self.moments.entry(name.clone()).or_insert_with(fresh);
                *first *= betas[0];
                *first += &gradient * (1.0 - betas[0]);
                *second *= betas[1];
                *second += gradient.square() * (1.0 - betas[1]);
                let scale = second.sqrt() / square_bias.sqrt() + f64::from(EPSILON);
                let _ = weight.shallow_clone().g_sub_(&(&*first / scale * step_size));
            }
        });
    }

    /// Returns the state, for a checkpoint.
    pub(crate) fn state<'a>(&self) -> AdamState<'a> {
        let own = |(name, moments): (&String, &[Tensor; 2])| {
            (name.clone(), moments.each_ref().map(|moment| Cow::Owned(to_matrix(moment))))
        };
        AdamState { num_steps: self.num_steps, moments: self.moments.iter().map(own).collect() }
    }

    /// Continues from `state`, whose moments must belong to `weights`, and copies them to `device`.
    ///
    /// # Errors
    /// Returns a sentence that names the first weight whose moments do not fit.
    pub(crate) fn restore(
        &mut self,
        state: AdamState,
        weights: &Weights,
        device: Device,
    ) -> std::result::Result<(), String> {
        state.check(weights)?;
        let own = |(name, moments): (String, [Cow<Array2<f32>>; 2])| {
            (name, moments.map(|moment| from_matrix(&moment).to_device(device)))
        };
        (self.num_steps, self.moments) = (state.num_steps, state.moments.into_iter().map(own).collect());
        Ok(())
    }
}
