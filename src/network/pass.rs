//! One pass of training, there and back.

use ndarray::{Array2, ArrayView2};
use rand::{Rng, RngExt};

use super::{DecoderKind, Latent, Network};
use crate::decoder::Coordinates;
use crate::encoder::Inputs;
use crate::loss::Target;
use crate::operator::Operator;
use crate::tape::{Dropout, HostTape, KlTerm, Noise, Tape, Weights};

/// The loss and its two terms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) loss: f64,
    pub(crate) reconstruction: f64,
    /// The mean over the nodes, in nats; 0 for a point latent.
    pub(crate) kl: f64,
}

/// The random numbers of a pass.
#[derive(Clone, Copy)]
pub(crate) struct Draws {
    pub(crate) dropout: u64,
    pub(crate) noise: Noise,
    /// Of a loss that draws for itself.
    pub(crate) loss: u64,
}

impl Draws {
    pub(crate) fn new(rng: &mut impl Rng) -> Self {
        Draws { dropout: rng.random(), noise: Noise::Drawn { seed: rng.random() }, loss: rng.random() }
    }
}

impl Network {
    /// Encodes over `adj_norm`, which may lack edges that `inputs` has, samples, and compares the reconstruction
    /// with `target`: the loss and the gradient of each weight.
    pub(crate) fn pass(
        &self,
        adj_norm: &Operator,
        inputs: &Inputs,
        draws: Draws,
        kl_term: KlTerm,
        target: &Target,
    ) -> (Terms, Weights) {
        let dropout = self.dropout(draws);
        let dropped = match (&inputs.features, dropout) {
            (Some(features), Some(Dropout { fraction, seed })) => Some(features.with_dropout(fraction, seed)),
            _ => None,
        };
        let features = dropped.as_ref().or(inputs.features.as_ref());
        let mut tape = HostTape::new(&self.weights, adj_norm, features);
        let (z, kl) = self.latent(&mut tape, draws, kl_term);
        let (reconstruction, gradient, of_decoder) = self.reconstruct(tape.value(&z), target);
        let mut gradients = tape.backward(gradient);
        gradients.extend(of_decoder);
        (Terms::new(reconstruction, &kl, kl_term), gradients)
    }

    /// What a pass leaves out.
    pub(super) fn dropout(&self, draws: Draws) -> Option<Dropout> {
        let fraction = self.config.dropout;
        (fraction > 0.0).then_some(Dropout { fraction, seed: draws.dropout })
    }

    /// The sample in the form in which the loss takes it, and the KL of each dimension, none for a point latent.
    pub(super) fn latent<T: Tape>(
        &self,
        tape: &mut T,
        draws: Draws,
        kl_term: KlTerm,
    ) -> (T::Matrix, Vec<f64>) {
        let heads = self.encoder.forward(tape, self.dropout(draws));
        let (z, kl) = match self.latent {
            Latent::Point => (heads, Vec::new()),
            Latent::Gaussian => tape.sample(heads, draws.noise, kl_term),
        };
        let d = self.config.latent();
        let z = match self.decoder {
            DecoderKind::InnerProduct | DecoderKind::HadamardMlp => z,
            DecoderKind::Gravity { coordinates: Coordinates::Free, .. } => z,
            DecoderKind::Gravity { coordinates: Coordinates::Unit, .. } => tape.with_length(z, 0..d, 1.0),
            // Rows of the length √temperature: their inner products are the logits.
            DecoderKind::Cosine => {
                let unit = tape.with_length(z, 0..d, 1.0);
                let log_temperature = tape.weight(super::LOG_TEMPERATURE);
                tape.scale(unit, log_temperature)
            }
        };
        (z, kl)
    }

    /// The reconstruction term at `z`, [n, d], its gradient, [n, d], and that of the decoder's own weights.
    pub(super) fn reconstruct(&self, z: ArrayView2<f32>, target: &Target) -> (f64, Array2<f32>, Weights) {
        let (n, d) = z.dim();
        let values = z.to_slice().expect("a tape's matrices are in standard layout");
        let matrix = |gradient| Array2::from_shape_vec((n, d), gradient).expect("a gradient is as z is");
        if self.decoder != DecoderKind::HadamardMlp {
            let (value, gradient) = target.value_and_gradient(values, d);
            return (value, matrix(gradient), Weights::new());
        }
        let Target::Sampled(sample) = target else {
            unreachable!("the settings were validated: a perceptron's loss is sampled");
        };
        let (value, gradient, of_decoder) =
            sample.perceptron_value_and_gradient(values, d, &self.perceptron());
        let rows = super::PERCEPTRON.iter().zip(of_decoder.into_rows());
        let of_decoder = rows.map(|(&name, rows)| {
            let shape = self.weights[name].raw_dim();
            (name.to_string(), Array2::from_shape_vec(shape, rows).expect("a gradient is as its weight is"))
        });
        (value, matrix(gradient), of_decoder.collect())
    }
}

impl Terms {
    /// From the reconstruction term and the KL of each dimension.
    pub(super) fn new(reconstruction: f64, kl: &[f64], KlTerm { weight, free }: KlTerm) -> Self {
        let charged: f64 = match free > 0.0 {
            true => kl.iter().map(|&kl| kl.max(free)).sum(),
            false => kl.iter().sum(),
        };
        Terms { loss: reconstruction + weight * charged, reconstruction, kl: kl.iter().sum() }
    }
}
