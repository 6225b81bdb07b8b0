//! What one step of training minimises.

use tch::{Kind, Tensor};

use crate::decoder::{Coordinates, HadamardMlp};
use crate::loss::{ExactReconstruction, GravityReconstruction, Sample, kl, kl_above};
use crate::network::{DecoderWeights, Pass, with_temperature, with_unit_coordinates};
use crate::tensor::{from_rows, to_vec};

/// What the reconstruction is compared with.
pub(super) enum Target<'a> {
    /// The whole graph.
    Exact(&'a ExactReconstruction),
    /// Edges and sampled negatives.
    Sampled(&'a Sample),
    /// A whole directed graph.
    Gravity(&'a GravityReconstruction),
}

/// How the KL of a Gaussian latent enters.
pub(super) struct KlTerm {
    /// Its factor.
    pub(super) weight: f64,
    /// Nats that each dimension has without cost.
    pub(super) free: f64,
}

/// The loss and its two terms.
pub(super) struct Terms {
    pub(super) loss: f64,
    pub(super) reconstruction: f64,
    pub(super) kl: f64,
}

/// What autograd is to minimise, and its terms: reconstruction of the graph from `z`, plus the weighted KL of
/// a Gaussian latent. The returned tensor has the loss's gradient, not its value.
pub(super) fn objective(
    pass: &Pass,
    z: &Tensor,
    decoder: &DecoderWeights,
    target: &Target,
    kl_term: &KlTerm,
) -> (Tensor, Terms) {
    let (surrogate, reconstruction) = match decoder {
        DecoderWeights::InnerProduct => by_rows(z, target),
        DecoderWeights::Gravity { coordinates: Coordinates::Free, .. } => by_rows(z, target),
        DecoderWeights::Gravity { coordinates: Coordinates::Unit, .. } => {
            by_rows(&with_unit_coordinates(z), target)
        }
        DecoderWeights::Cosine { log_temperature } => by_rows(&with_temperature(z, log_temperature), target),
        DecoderWeights::HadamardMlp { hidden, hidden_bias, output, output_bias } => {
            perceptron(z, [hidden, hidden_bias, output, output_bias], target)
        }
    };
    let Some(log_variance) = &pass.log_variance else {
        return (surrogate, Terms { loss: reconstruction, reconstruction, kl: 0.0 });
    };
    let kl = kl(&pass.mean, log_variance);
    let value = kl.double_value(&[]);
    let charged = match kl_term.free > 0.0 {
        true => kl_above(&pass.mean, log_variance, kl_term.free),
        false => kl,
    };
    let loss = reconstruction + kl_term.weight * charged.double_value(&[]);
    (surrogate + charged * kl_term.weight, Terms { loss, reconstruction, kl: value })
}

/// A loss that takes the rows of z and gives their gradient.
fn by_rows(z: &Tensor, target: &Target) -> (Tensor, f64) {
    let d = z.size()[1] as usize;
    let (value, gradient) = match target {
        Target::Exact(exact) => exact.value_and_gradient(&to_vec(z), d),
        Target::Sampled(sample) => sample.value_and_gradient(&to_vec(z), d),
        Target::Gravity(exact) => exact.value_and_gradient(&to_vec(z), d),
    };
    (surrogate(z, &gradient), value)
}

fn perceptron(z: &Tensor, weights: [&Tensor; 4], target: &Target) -> (Tensor, f64) {
    let Target::Sampled(sample) = target else {
        unreachable!("the settings were validated: a perceptron's loss is sampled");
    };
    let d = z.size()[1] as usize;
    let perceptron = HadamardMlp::from_rows(weights.map(to_vec));
    let (value, z_gradient, gradient) = sample.perceptron_value_and_gradient(&to_vec(z), d, &perceptron);
    let sums = weights.iter().zip(gradient.into_rows()).map(|(weight, rows)| surrogate(weight, &rows));
    (sums.fold(surrogate(z, &z_gradient), |sum, term| sum + term), value)
}

/// Σ x · g, which has the gradient g: autograd takes over where a loss of our own ends.
fn surrogate(x: &Tensor, gradient: &[f32]) -> Tensor {
    let size = x.size();
    (x * from_rows(gradient, size[0] as usize, size[1] as usize)).sum(Kind::Float)
}
