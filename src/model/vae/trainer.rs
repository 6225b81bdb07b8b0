//! Training: steps of Adam along the gradient of a batch, which is computed by hand.

mod first;

use ndarray::Array2;
use rayon::prelude::*;
use std::borrow::Cow;

use super::batch::Batch;
use super::chunk::{CHUNK_ROWS, Chunk};
use super::layers::Layers;
use super::likelihood::BlockSums;
use super::network::{LOG_VARIANCE, OUTPUT, Vae, bias_name, weight_name};
use super::output::{OutputStep, Share};
use crate::error::WeightError;
use crate::kernels::gemm::blocks::Packed;
use crate::kernels::tape::{Adam, AdamState, Dropout, KlTerm, kl_weights};
use crate::model::network::{Terms, Weights};

/// A VAE in training.
pub(crate) struct Trainer {
    /// The network, whose last weight is as old as the last call of [`Trainer::copy_weights`].
    vae: Vae,
    /// The optimiser, without the moments of the last weight.
    adam: Adam,
    /// The weight of the last layer and its two moments.
    output: [Packed; 3],
    /// The memory of a step, kept for the next.
    chunks: Vec<Chunk>,
    shares: Vec<Share>,
    first_gradient: Vec<f32>,
}

/// The random parts of a step.
pub(crate) struct RowDraws {
    /// ε, [b, d].
    pub(crate) noise: Array2<f32>,
    /// The dropout, which zeroes part of each layer's input.
    pub(crate) dropout: Option<Dropout>,
}

impl Trainer {
    pub(crate) fn new(vae: Vae, learning_rate: f64) -> Self {
        let weight = Packed::new(&[vae.weight(OUTPUT)]);
        let (rows, columns) = vae.weight(OUTPUT).dim();
        Trainer {
            vae,
            adam: Adam::new(learning_rate),
            output: [weight, Packed::zeros(rows, columns), Packed::zeros(rows, columns)],
            chunks: Vec::new(),
            shares: Vec::new(),
            first_gradient: Vec::new(),
        }
    }

    /// Continues from `weights` and the `state` of Adam.
    ///
    /// # Errors
    /// [`WeightError`] names the first weight that does not fit.
    pub(crate) fn restore(
        &mut self,
        weights: Weights,
        state: AdamState,
    ) -> std::result::Result<(), WeightError> {
        self.adam.restore(state, &weights)?;
        self.vae.set_weights(weights)?;
        self.output[0] = Packed::new(&[self.vae.weight(OUTPUT)]);
        if let Some(moments) = self.adam.take_moments(&weight_name(OUTPUT)) {
            let [first, second] = moments.map(|moment| Packed::new(&[moment.view()]));
            (self.output[1], self.output[2]) = (first, second);
        }
        Ok(())
    }

    /// Returns the network.
    pub(crate) fn vae(&self) -> &Vae {
        &self.vae
    }

    /// Returns the network, which takes no more steps.
    pub(crate) fn into_vae(mut self) -> Vae {
        self.copy_weights();
        self.vae
    }

    /// Copies the last weight to the network.
    pub(crate) fn copy_weights(&mut self) {
        let weight = self.vae.weights.get_mut(&weight_name(OUTPUT)).expect("the last layer exists");
        self.output[0].write_to(weight);
    }

    /// Returns the state of Adam.
    pub(crate) fn adam_state(&self) -> AdamState<'_> {
        let mut state = self.adam.state();
        let shape = self.vae.weight(OUTPUT).dim();
        let moments = [&self.output[1], &self.output[2]].map(|moment| {
            let mut matrix = Array2::zeros(shape);
            moment.write_to(&mut matrix);
            Cow::Owned(matrix)
        });
        state.moments.insert(weight_name(OUTPUT), moments);
        state
    }

    /// Takes a step along the gradient of the loss of a batch, [b, f], and returns the loss before it.
    /// O(b·h·(f + h·layers + d)) time. The result is bit-identical for any number of threads.
    pub(crate) fn step(&mut self, batch: &Batch, draws: &RowDraws, term: KlTerm) -> Terms {
        let Trainer { vae, adam, output, chunks, shares, first_gradient } = self;
        let observation = vae.observation();
        let layers = Layers::new(vae);
        let (num_rows, d) = (batch.num_rows, layers.latent);
        let noise = draws.noise.as_slice().expect("the noise is stored row by row");
        let dropout = draws.dropout;
        let dropped = dropout.map(|dropout| batch.with_dropout(dropout));
        let input = dropped.as_ref().unwrap_or(batch);

        chunks.resize_with(num_rows.div_ceil(CHUNK_ROWS), Chunk::default);
        let tasks = chunks.par_iter_mut().zip(noise.par_chunks(CHUNK_ROWS * d)).enumerate();
        tasks.for_each(|(at, (chunk, noise))| {
            chunk.encode(&layers, input, at * CHUNK_ROWS, dropout);
            chunk.sample(&layers, noise);
            chunk.decode(&layers, at * CHUNK_ROWS, dropout);
            chunk.transpose();
        });
        let kl = mean_kl(chunks, d, num_rows);

        let rates = adam.begin_step();
        OutputStep { chunks, target: batch, bias: vae.bias(OUTPUT), observation, rates }.take(output, shares);

        let kl_weights = kl_weights(&kl, term, num_rows);
        let stride = layers.encoder[0].stride();
        first_gradient.resize(num_rows * stride, 0.0);
        let height = layers.width() * CHUNK_ROWS;
        let tasks = chunks.par_iter_mut().zip(first_gradient.par_chunks_mut(CHUNK_ROWS * stride)).enumerate();
        tasks.for_each(|(at, (chunk, gradient))| {
            let parts: Vec<&[f32]> =
                shares.iter().map(|share| &share.rows[at * height..][..height]).collect();
            chunk.back(&layers, &parts, &kl_weights, dropout, gradient);
        });

        let mut gradients = sum_of_gradients(&layers, chunks);
        let of_bias = shares.iter().flat_map(|share| &share.bias).copied().take(batch.num_columns);
        gradients.insert(bias_name(OUTPUT), row(of_bias));
        let sums: BlockSums = shares.iter().map(|share| share.sums).sum();
        let num_entries = (num_rows * batch.num_columns) as f64;
        if let Some(derivative) = observation.loss_by_log_variance(sums, num_entries) {
            gradients.insert(LOG_VARIANCE.into(), row([(derivative / num_rows as f64) as f32]));
        }
        let first_names: Vec<String> = layers.encoder[0].parts.iter().map(|(name, _)| name.clone()).collect();
        let mut column = 0;
        for name in first_names {
            let gradient = first::Gradient { input, output: first_gradient, stride, column };
            let weight = vae.weights.get_mut(&weight_name(&name)).expect("the first layer exists");
            let moments = adam.moments(&weight_name(&name), weight.dim());
            gradient.take_step(weight, moments, rates);
            column += weight.ncols();
            gradients.insert(bias_name(&name), row(gradient.of_bias(weight.ncols())));
        }
        for (name, gradient) in &gradients {
            let weight = vae.weights.get_mut(name).expect("every gradient belongs to a weight");
            adam.update(rates, name, weight, gradient);
        }
        Terms::new(observation.loss(sums, num_entries) / num_rows as f64, &kl, term)
    }
}

/// Returns the mean over the rows of the KL of each dimension.
fn mean_kl(chunks: &[Chunk], d: usize, num_rows: usize) -> Vec<f64> {
    let mut kl = vec![0f64; d];
    for chunk in chunks {
        kl.iter_mut().zip(&chunk.twice_kl).for_each(|(kl, &twice)| *kl += 0.5 * f64::from(twice));
    }
    kl.iter_mut().for_each(|kl| *kl /= num_rows as f64);
    kl
}

/// Returns the gradients of the layers between the first and the last, summed over `chunks`.
fn sum_of_gradients(layers: &Layers, chunks: &[Chunk]) -> Weights {
    let mut gradients = Weights::new();
    for (at, layer) in layers.encoder.iter().skip(1).chain(&layers.generator).enumerate() {
        let mut parts = chunks.iter().map(|chunk| &chunk.gradients[at]);
        let Some(first) = parts.next() else { continue };
        let (mut weight, mut bias) = (first.weight.clone(), first.bias.clone());
        for part in parts {
            weight.iter_mut().zip(&part.weight).for_each(|(sum, value)| *sum += value);
            bias.iter_mut().zip(&part.bias).for_each(|(sum, value)| *sum += value);
        }
        let mut first = 0;
        for (name, matrix) in &layer.parts {
            let columns = first..first + matrix.ncols();
            let rows = weight.chunks_exact(layer.stride()).flat_map(|row| &row[columns.clone()]);
            let part = Array2::from_shape_vec(matrix.dim(), rows.copied().collect());
            gradients.insert(weight_name(name), part.expect("the part has the shape of the weight"));
            gradients.insert(bias_name(name), row(bias[columns.clone()].iter().copied()));
            first = columns.end;
        }
    }
    gradients
}

/// Returns a matrix of one row.
fn row(values: impl IntoIterator<Item = f32>) -> Array2<f32> {
    let values: Vec<f32> = values.into_iter().collect();
    Array2::from_shape_vec((1, values.len()), values).expect("a row has one row")
}
