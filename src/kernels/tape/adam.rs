//! The Adam optimiser on the host.

use crate::error::WeightError;
use std::borrow::Cow;
use std::collections::BTreeMap;

use ndarray::Array2;
use pulp::Simd;
use rayon::prelude::*;

use super::Weights;

/// The number of values that one task updates.
const CHUNK: usize = 1 << 14;
/// The number of values below which one thread finishes before another could start.
const FEW_NUMBERS: usize = 1 << 16;
pub(super) const BETAS: [f32; 2] = [0.9, 0.999];
pub(super) const EPSILON: f32 = 1e-8;
/// The magnitude below which a first moment becomes 0. The first moment of a weight without gradients halves
/// every seven steps, and processors are slow with the subnormal numbers that it would become.
const TINY: f32 = 1e-30;

/// Adam (Kingma & Ba 2015, algorithm 1) with the usual β = (0.9, 0.999) and ε = 1e-8. It is written by hand
/// because optimiser crates work on their own tensor types, and a checkpoint needs access to the moments.
pub(crate) struct Adam {
    learning_rate: f64,
    num_steps: i32,
    moments: BTreeMap<String, [Array2<f32>; 2]>,
}

/// The state that Adam carries from step to step.
pub(crate) struct AdamState<'a> {
    /// The number of steps taken so far.
    pub(crate) num_steps: i32,
    /// The first and the second moment of each weight that had a gradient, in the shape of the weight.
    pub(crate) moments: BTreeMap<String, [Cow<'a, Array2<f32>>; 2]>,
}

/// The factors of one step, which are the same for all weights.
#[derive(Clone, Copy)]
pub(crate) struct Rates {
    /// The learning rate over the bias of the first moment.
    step_size: f32,
    /// The inverse root of the bias of the second moment.
    square_scale: f32,
}

impl Adam {
    pub(crate) fn new(learning_rate: f64) -> Self {
        Adam { learning_rate, num_steps: 0, moments: BTreeMap::new() }
    }

    /// Returns the state, for a checkpoint.
    pub(crate) fn state(&self) -> AdamState<'_> {
        let moments = self.moments.iter();
        let moments = moments.map(|(name, pair)| (name.clone(), pair.each_ref().map(Cow::Borrowed)));
        AdamState { num_steps: self.num_steps, moments: moments.collect() }
    }

    /// Continues from `state`, whose moments must belong to `weights`.
    ///
    /// # Errors
    /// [`WeightError`] names the first weight whose moments do not fit.
    pub(crate) fn restore(
        &mut self,
        state: AdamState,
        weights: &Weights,
    ) -> std::result::Result<(), WeightError> {
        state.check(weights)?;
        let moments = state.moments.into_iter();
        let own = moments.map(|(name, pair)| (name, pair.map(Cow::into_owned)));
        (self.num_steps, self.moments) = (state.num_steps, own.collect());
        Ok(())
    }

    /// Updates each weight that has a gradient, in one pass over its values.
    pub(crate) fn step(&mut self, weights: &mut Weights, gradients: &Weights) {
        let rates = self.begin_step();
        for (name, gradient) in gradients {
            let weight = weights.get_mut(name).expect("every gradient belongs to a weight");
            self.update(rates, name, weight, gradient);
        }
    }

    /// Counts a step, and returns its factors. Each weight is to be updated once with them.
    pub(crate) fn begin_step(&mut self) -> Rates {
        self.num_steps += 1;
        self.rates(self.num_steps)
    }

    /// Updates the weight called `name`, in one pass over its values.
    pub(crate) fn update(
        &mut self,
        rates: Rates,
        name: &str,
        weight: &mut Array2<f32>,
        gradient: &Array2<f32>,
    ) {
        let moments = self.moments(name, gradient.dim()).map(Array2::as_slice_mut);
        let [Some(first), Some(second)] = moments else { unreachable!("moments are stored row by row") };
        let weight = weight.as_slice_mut().expect("weights are stored row by row");
        let gradient = gradient.as_slice().expect("gradients are stored row by row");
        if gradient.len() < FEW_NUMBERS {
            rates.update(weight, gradient, first, second);
            return;
        }
        let moments = first.par_chunks_mut(CHUNK).zip(second.par_chunks_mut(CHUNK));
        let numbers = weight.par_chunks_mut(CHUNK).zip(gradient.par_chunks(CHUNK));
        moments.zip(numbers).for_each(|((first, second), (weight, gradient))| {
            rates.update(weight, gradient, first, second);
        });
    }

    /// Returns the first and the second moment of the weight called `name`, whose shape is `shape`, for a
    /// caller that updates it part by part.
    pub(crate) fn moments(&mut self, name: &str, shape: (usize, usize)) -> [&mut Array2<f32>; 2] {
        if !self.moments.contains_key(name) {
            self.moments.insert(name.into(), std::array::from_fn(|_| Array2::zeros(shape)));
        }
        self.moments.get_mut(name).expect("the moments exist").each_mut()
    }

    /// Gives the moments of the weight called `name` away, if it has any.
    pub(crate) fn take_moments(&mut self, name: &str) -> Option<[Array2<f32>; 2]> {
        self.moments.remove(name)
    }

    /// Returns the factors of the `step`-th step, counted from 1.
    fn rates(&self, step: i32) -> Rates {
        let [bias, square_bias] = BETAS.map(|beta| 1.0 - f64::from(beta).powi(step));
        Rates {
            step_size: (self.learning_rate / bias) as f32,
            square_scale: square_bias.sqrt().recip() as f32,
        }
    }
}

impl Rates {
    /// Updates numbers of a weight and their moments, all of one length.
    pub(crate) fn update(self, weight: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
        step(weight, gradient, first, second, self.step_size, self.square_scale);
    }
}

impl AdamState<'_> {
    /// Checks that the moments have the names and shapes of `weights`.
    pub(super) fn check(&self, weights: &Weights) -> std::result::Result<(), WeightError> {
        for (name, moments) in &self.moments {
            let expected =
                weights.get(name).ok_or_else(|| WeightError::UnknownMoments { name: name.clone() })?;
            if let Some(moment) = moments.iter().find(|moment| moment.dim() != expected.dim()) {
                let [found, expected] = [moment.shape(), expected.shape()].map(<[usize]>::to_vec);
                return Err(WeightError::MomentShape { name: name.clone(), found, expected });
            }
        }
        Ok(())
    }
}

#[pulp::with_simd(step = pulp::Arch::new())]
#[inline(always)]
fn step_with_simd<'a, S: Simd>(
    _simd: S,
    weight: &'a mut [f32],
    gradient: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
    step_size: f32,
    square_scale: f32,
) {
    for ((m, v), (w, &g)) in first.iter_mut().zip(second).zip(weight.iter_mut().zip(gradient)) {
        let moment = BETAS[0] * *m + (1.0 - BETAS[0]) * g;
        *m = if moment.abs() < TINY { 0.0 } else { moment };
        *v = BETAS[1] * *v + (1.0 - BETAS[1]) * g * g;
        *w -= step_size * *m / (v.sqrt() * square_scale + EPSILON);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn the_first_steps_match_values_computed_by_hand() {
        let named = |values: [f32; 2]| {
            BTreeMap::from([("w".to_string(), Array2::from_shape_vec((1, 2), values.to_vec()).unwrap())])
        };
        let mut weights = named([1.0, -2.0]);
        let mut adam = Adam::new(0.1);
        // With bias correction, the first step is the learning rate times the sign of the gradient.
        adam.step(&mut weights, &named([4.0, -0.5]));
        assert!((weights["w"][[0, 0]] - 0.9).abs() < 1e-6 && (weights["w"][[0, 1]] + 1.9).abs() < 1e-6);
        // m = 0.36, v = 0.015984; m / 0.19 over √(v / 0.001999) is 0.670058.
        adam.step(&mut weights, &named([0.0, 0.0]));
        assert!((weights["w"][[0, 0]] - (0.9 - 0.067_005_8)).abs() < 1e-6, "{}", weights["w"]);
    }
}
