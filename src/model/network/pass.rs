//! One training pass: the forward pass, the loss, and back-propagation.

use ndarray::{Array2, ArrayView2};
use rand::{Rng, RngExt};

use super::{Embeddings, Latent, Network, width};
use crate::kernels::operator::Operator;
use crate::kernels::tape::{Buffers, Dropout, HostTape, KlTerm, MatrixId, Noise, PausedTape, Tape, Weights};
use crate::model::decoder::{Decoder, LOG_TEMPERATURE};
use crate::model::encoder::Inputs;
use crate::model::loss::{Perceptron, Target};

/// The loss and its two terms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) loss: f64,
    pub(crate) reconstruction: f64,
    /// The mean KL over the nodes, in nats; 0 for a point latent.
    pub(crate) kl: f64,
}

/// The seeds of the random numbers in a pass.
#[derive(Clone, Copy)]
pub(crate) struct Seeds {
    pub(crate) dropout: u64,
    pub(crate) noise: Noise,
    /// The seed of a loss that draws its own samples.
    pub(crate) loss: u64,
}

/// The arguments of a pass.
pub(crate) struct Pass<'a> {
    /// The Â to encode with if some edges are masked; otherwise that of `inputs` is used.
    pub(crate) masked: Option<&'a Operator<'a>>,
    pub(crate) inputs: &'a Inputs<'a>,
    pub(crate) draws: Seeds,
    pub(crate) kl: KlTerm,
    pub(crate) target: &'a Target<'a>,
}

impl Seeds {
    /// Seeds the seeds of a pass.
    pub(crate) fn new(rng: &mut impl Rng) -> Self {
        Seeds { dropout: rng.random(), noise: Noise::Drawn { seed: rng.random() }, loss: rng.random() }
    }
}

/// A pass that has only encoded so far: the heads of the network, [n, heads · width], and the tape that computed them.
pub(crate) struct StartedPass {
    tape: PausedTape,
    heads: MatrixId,
}

impl Network {
    /// Encodes the graph, samples the latents and evaluates the loss against the target; returns the terms of
    /// the loss and the gradient of each weight. If a `started` pass is given, it replaces the encoding: it must
    /// come from the current weights, the whole Â, and a network without dropout.
    pub(crate) fn pass(
        &self,
        pass: Pass,
        started: Option<StartedPass>,
        buffers: &mut Buffers,
    ) -> (Terms, Weights) {
        let Pass { masked, inputs, draws, kl: kl_term, target } = pass;
        let dropout = self.dropout(draws);
        let dropped = match (&inputs.features, dropout) {
            (Some(features), Some(dropout)) => Some(features.with_dropout(dropout)),
            _ => None,
        };
        let features = dropped.as_ref().or(inputs.features.as_ref());
        let adj_norm = masked.unwrap_or(&inputs.adj_norm);
        let mut tape = HostTape::new(&self.weights, adj_norm, features, buffers);
        let heads = match started {
            Some(StartedPass { tape: paused, heads }) => {
                tape.resume(paused);
                heads
            }
            None => self.encoder.forward(&mut tape, dropout),
        };
        let (z, kl) = self.latent(&mut tape, heads, draws.noise, kl_term);
        let ((reconstruction, decoder_gradient), mut gradients) =
            tape.backward(&z, |z, gradient| self.reconstruct(z, target, dropout, gradient));
        gradients.extend(decoder_gradient);
        (Terms::new(reconstruction, &kl, kl_term), gradients)
    }

    /// Encodes `inputs` without masking or dropout; returns the embeddings and a pass that can
    /// continue from them.
    pub(crate) fn begin(&self, inputs: &Inputs, buffers: &mut Buffers) -> (Embeddings, StartedPass) {
        let features = inputs.features.as_ref();
        let mut tape = HostTape::new(&self.weights, &inputs.adj_norm, features, buffers);
        let heads = self.encoder.forward(&mut tape, None);
        let embeddings = self.embeddings(tape.value(&heads));
        (embeddings, StartedPass { tape: tape.pause(), heads })
    }

    /// Returns the dropout of a pass; `None` if the network has no dropout.
    pub(super) fn dropout(&self, draws: Seeds) -> Option<Dropout> {
        let fraction = self.config.dropout();
        (fraction > 0.0).then_some(Dropout { fraction, seed: draws.dropout })
    }

    /// Samples z and transforms it for the loss; returns it with the KL of each dimension, which is empty for
    /// a point latent.
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
        let decoder = self.decoder();
        let z = match decoder.unit_columns(width(&self.config)) {
            Some(columns) => tape.normalize_rows(z, columns, 1.0),
            None => z,
        };
        let z = match decoder {
            // With rows of norm √temperature, inner products are the logits.
            Decoder::Cosine { .. } => {
                let log_temperature = tape.weight(LOG_TEMPERATURE);
                tape.scale(z, log_temperature)
            }
            _ => z,
        };
        (z, kl)
    }

    /// Computes the reconstruction term at `z`, [n, d], and writes its gradient to `gradient`, [n, d].
    /// Returns the term and the gradient of the decoder's weights.
    fn reconstruct(
        &self,
        z: ArrayView2<f32>,
        target: &Target,
        dropout: Option<Dropout>,
        gradient: &mut Array2<f32>,
    ) -> (f64, Weights) {
        let d = z.ncols();
        let values = z.to_slice().expect("a tape's matrices are in standard layout");
        let numbers = gradient.as_slice_mut().expect("the gradient is in standard layout");
        let decoder = self.decoder();
        let (sample, perceptron) = match (&decoder, target) {
            (Decoder::HadamardMlp(perceptron), Target::Sampled(sample)) => {
                (sample, Perceptron::Shallow(perceptron))
            }
            (Decoder::ResidualMlp(perceptron), Target::Sampled(sample)) => {
                (sample, Perceptron::Deep(perceptron, dropout))
            }
            (Decoder::HadamardMlp(_) | Decoder::ResidualMlp(_), _) => {
                unreachable!("validated settings give a perceptron a sampled loss")
            }
            (Decoder::Gravity { lambda, .. }, Target::Sampled(sample)) => {
                let value = sample.gravity_value_and_gradient_into(values, d, *lambda, numbers);
                return (value, Weights::new());
            }
            _ => return (target.value_and_gradient(values, d, numbers), Weights::new()),
        };
        let (value, z_gradient, decoder_gradient) =
            sample.perceptron_value_and_gradient(values, d, perceptron);
        numbers.copy_from_slice(&z_gradient);
        (value, decoder_gradient)
    }
}

impl Terms {
    /// Computes the loss from the reconstruction term and the KL of each dimension.
    pub(crate) fn new(reconstruction: f64, kl: &[f64], KlTerm { weight, free }: KlTerm) -> Self {
        let charged: f64 = match free > 0.0 {
            true => kl.iter().map(|&kl| kl.max(free)).sum(),
            false => kl.iter().sum(),
        };
        Terms { loss: reconstruction + weight * charged, reconstruction, kl: kl.iter().sum() }
    }
}
