//! One pass of training, there and back.

use ndarray::{Array2, ArrayView2};
use rand::{Rng, RngExt};

use super::{DecoderKind, Embeddings, Latent, Network};
use crate::kernels::operator::Operator;
use crate::kernels::tape::{Buffers, Dropout, HostTape, KlTerm, Noise, Recorded, Recording, Tape, Weights};
use crate::model::decoder::Coordinates;
use crate::model::encoder::Inputs;
use crate::model::loss::Target;

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

/// What a pass is given.
pub(crate) struct Pass<'a> {
    /// The Â to encode over, where it lacks edges.
    pub(crate) masked: Option<&'a Operator<'a>>,
    pub(crate) inputs: &'a Inputs<'a>,
    pub(crate) draws: Draws,
    pub(crate) kl: KlTerm,
    pub(crate) target: &'a Target<'a>,
}

impl Draws {
    pub(crate) fn new(rng: &mut impl Rng) -> Self {
        Draws { dropout: rng.random(), noise: Noise::Drawn { seed: rng.random() }, loss: rng.random() }
    }
}

/// The heads of a network, [n, heads · width], and how they came about, so that a pass can go on from there.
pub(crate) struct Encoding {
    recording: Recording,
    heads: Recorded,
}

impl Network {
    /// Encodes, samples, and compares the reconstruction with the target: the loss and the gradient of each weight. An
    /// `encoded` is taken for the first of this: it must be of these weights, all of Â, and a network without dropout.
    pub(crate) fn pass(
        &self,
        pass: Pass,
        encoded: Option<Encoding>,
        buffers: &mut Buffers,
    ) -> (Terms, Weights) {
        let Pass { masked, inputs, draws, kl: kl_term, target } = pass;
        let dropout = self.dropout(draws);
        let dropped = match (&inputs.features, dropout) {
            (Some(features), Some(Dropout { fraction, seed })) => Some(features.with_dropout(fraction, seed)),
            _ => None,
        };
        let features = dropped.as_ref().or(inputs.features.as_ref());
        let adj_norm = masked.unwrap_or(&inputs.adj_norm);
        let mut tape = HostTape::new(&self.weights, adj_norm, features, buffers);
        let heads = match encoded {
            Some(Encoding { recording, heads }) => {
                tape.resume(recording);
                heads
            }
            None => self.encoder.forward(&mut tape, dropout),
        };
        let (z, kl) = self.latent(&mut tape, heads, draws.noise, kl_term);
        let ((reconstruction, of_decoder), mut gradients) =
            tape.backward(&z, |z, gradient| self.reconstruct(z, target, gradient));
        gradients.extend(of_decoder);
        (Terms::new(reconstruction, &kl, kl_term), gradients)
    }

    /// Encodes all that `inputs` describes: the embeddings, and the beginning of a pass.
    pub(crate) fn begin(&self, inputs: &Inputs, buffers: &mut Buffers) -> (Embeddings, Encoding) {
        let features = inputs.features.as_ref();
        let mut tape = HostTape::new(&self.weights, &inputs.adj_norm, features, buffers);
        let heads = self.encoder.forward(&mut tape, None);
        let embeddings = self.embeddings(tape.value(&heads));
        (embeddings, Encoding { recording: tape.pause(), heads })
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
        heads: T::Matrix,
        noise: Noise,
        kl_term: KlTerm,
    ) -> (T::Matrix, Vec<f64>) {
        let (z, kl) = match self.latent {
            Latent::Point => (heads, Vec::new()),
            Latent::Gaussian => tape.sample(heads, noise, kl_term),
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

    /// The reconstruction term at `z`, [n, d], its gradient, into `gradient`, [n, d], and that of the decoder's own
    /// weights.
    fn reconstruct(&self, z: ArrayView2<f32>, target: &Target, gradient: &mut Array2<f32>) -> (f64, Weights) {
        let d = z.ncols();
        let values = z.to_slice().expect("a tape's matrices are in standard layout");
        let numbers = gradient.as_slice_mut().expect("a gradient is as z is");
        if self.decoder != DecoderKind::HadamardMlp {
            return (target.value_and_gradient(values, d, numbers), Weights::new());
        }
        let Target::Sampled(sample) = target else {
            unreachable!("the settings were validated: a perceptron's loss is sampled");
        };
        let (value, of_z, of_decoder) = sample.perceptron_value_and_gradient(values, d, &self.perceptron());
        numbers.copy_from_slice(&of_z);
        let rows = super::PERCEPTRON.iter().zip(of_decoder.into_rows());
        let of_decoder = rows.map(|(&name, rows)| {
            let shape = self.weights[name].raw_dim();
            (name.to_string(), Array2::from_shape_vec(shape, rows).expect("a gradient is as its weight is"))
        });
        (value, of_decoder.collect())
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
