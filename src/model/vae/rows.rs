//! Applies a trained VAE to whole feature matrices, a batch of rows at a time.

use ndarray::{Array2, ArrayView2, s};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::batch::Batch;
use super::chunk::{CHUNK_ROWS, Chunk};
use super::layers::Layers;
use super::likelihood::Observation;
use super::network::{OUTPUT, Vae, normal};
use super::output::Output;
use super::{Draw, ROWS_AT_A_TIME, RowMetrics};
use crate::graph::Features;
use crate::kernels::gemm::blocks::Packed;
use crate::model::network::Embeddings;

/// The random stream of the evaluation, separate from those of the split and of training.
const EVALUATION_STREAM: u64 = 4;

impl Vae {
    /// Returns the latent of each row of X, [n, f]. O(n·h·(f + h + d)) time.
    pub fn encode(&self, features: &Features) -> Embeddings {
        let d = self.config.latent();
        let mut heads = Array2::zeros((features.rows(), 2 * d));
        let rows: Vec<usize> = (0..features.rows()).collect();
        let mut places = heads.rows_mut().into_iter();
        let layers = Layers::new(self);
        for rows in rows.chunks(ROWS_AT_A_TIME) {
            let chunks = self.encoded(&layers, &self.batch(features, rows));
            for row in chunks.iter().flat_map(|chunk| chunk.heads(&layers)) {
                places.next().expect("there are n rows").assign(&ndarray::ArrayView1::from(row));
            }
        }
        let part = |columns| heads.slice(s![.., columns]).to_owned();
        Embeddings { mean: part(0..d), log_variance: Some(part(d..2 * d)) }
    }

    /// Returns the mean of p(x | z = μ) for `rows` of X, as a dense matrix, [b, f].
    pub fn reconstruct(&self, features: &Features, rows: std::ops::Range<usize>) -> Array2<f32> {
        let layers = Layers::new(self);
        let rows: Vec<usize> = rows.collect();
        let mut chunks = self.encoded(&layers, &self.batch(features, &rows));
        self.decode(&layers, &mut chunks, Array2::zeros((rows.len(), self.config.latent())).view());
        self.output().expected(&chunks)
    }

    /// Generates `count` new rows from z ~ N(0, I), as a dense matrix, [count, f]. O(count · h · (d + h + f))
    /// time.
    pub fn generate(&self, count: usize, draw: Draw, rng: &mut impl Rng) -> Array2<f32> {
        let layers = Layers::new(self);
        let d = self.config.latent();
        let z = normal(count, d, rng);
        let z = z.as_slice().expect("the draws are stored row by row");
        let mut chunks: Vec<Chunk> = z.chunks(CHUNK_ROWS * d).map(|z| Chunk::of_latent(&layers, z)).collect();
        chunks.par_iter_mut().for_each(|chunk| chunk.decode(&layers, 0, None));
        let mut rows = self.output().expected(&chunks);
        match (self.observation(), draw) {
            (_, Draw::Mean) => {}
            (Observation::Bernoulli, Draw::Sample) => {
                rows.mapv_inplace(|probability| f32::from(u8::from(rng.random::<f32>() < probability)));
            }
            (Observation::Gaussian { log_variance, .. }, Draw::Sample) => {
                let noise = normal(rows.nrows(), rows.ncols(), rng);
                rows.scaled_add((0.5 * log_variance).exp(), &noise);
            }
        }
        rows
    }

    /// Evaluates the model on `rows` of X, [n, f], with `num_samples` draws of z per row from `seed`. The
    /// same rows and seed give the same bits.
    pub fn evaluate(&self, features: &Features, rows: &[usize], num_samples: usize, seed: u64) -> RowMetrics {
        let output = self.output();
        let unit = f64::from(output.observation.unit());
        let mut squares = 0.0;
        let visit = |layers: &Layers, batch: &Batch, chunks: &mut [Chunk]| {
            self.decode(layers, chunks, Array2::zeros((batch.num_rows, layers.latent)).view());
            squares += output.sums(chunks, batch).squares * unit * unit;
        };
        let (reconstruction, divergence) = self.bound(&output, features, rows, (num_samples, seed), visit);
        let mean = |sum: f64| sum / rows.len().max(1) as f64;
        RowMetrics {
            elbo: -mean(reconstruction) - mean(divergence),
            reconstruction: mean(reconstruction),
            kl: mean(divergence),
            mean_squared_error: mean(squares) / self.num_features().max(1) as f64,
            num_rows: rows.len(),
        }
    }

    /// Returns the ELBO of [`Vae::evaluate`] from one draw per row.
    pub(crate) fn elbo(&self, features: &Features, rows: &[usize], seed: u64) -> f64 {
        let (reconstruction, divergence) =
            self.bound(&self.output(), features, rows, (1, seed), |_, _, _| {});
        (-reconstruction - divergence) / rows.len().max(1) as f64
    }

    /// Returns the sums over `rows` of the expectation of −log p(x | z), from `num_samples` draws, and of the
    /// KL. Calls `visit` with each batch of rows and its encoded chunks.
    fn bound(
        &self,
        output: &Output,
        features: &Features,
        rows: &[usize],
        (num_samples, seed): (usize, u64),
        mut visit: impl FnMut(&Layers, &Batch, &mut [Chunk]),
    ) -> (f64, f64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(EVALUATION_STREAM);
        let layers = Layers::new(self);
        let (mut reconstruction, mut divergence) = (0.0, 0.0);
        for rows in rows.chunks(ROWS_AT_A_TIME) {
            let batch = self.batch(features, rows);
            let num_entries = (batch.num_rows * batch.num_columns) as f64;
            let mut chunks = self.encoded(&layers, &batch);
            for sample in 0..num_samples {
                let noise = normal(rows.len(), layers.latent, &mut rng);
                self.decode(&layers, &mut chunks, noise.view());
                if sample == 0 {
                    let twice: f64 =
                        chunks.iter().flat_map(|chunk| &chunk.twice_kl).map(|&twice| f64::from(twice)).sum();
                    divergence += 0.5 * twice;
                }
                let sums = output.sums(&chunks, &batch);
                reconstruction += output.observation.loss(sums, num_entries) / num_samples as f64;
            }
            visit(&layers, &batch, &mut chunks);
        }
        (reconstruction, divergence)
    }

    /// Returns `rows` of X as a batch.
    fn batch(&self, features: &Features, rows: &[usize]) -> Batch {
        Batch::new(features, rows.iter().copied(), self.unit())
    }

    fn output(&self) -> Output<'_> {
        Output {
            weight: Packed::new(&[self.weight(OUTPUT)]),
            bias: self.bias(OUTPUT),
            observation: self.observation(),
        }
    }

    /// Computes the heads of a batch.
    fn encoded(&self, layers: &Layers, batch: &Batch) -> Vec<Chunk> {
        let first_rows = (0..batch.num_rows).into_par_iter().step_by(CHUNK_ROWS);
        first_rows
            .map(|first| {
                let mut chunk = Chunk::default();
                chunk.encode(layers, batch, first, None);
                chunk
            })
            .collect()
    }

    /// Computes z from the heads and `noise`, [b, d], and from z the argument of the last layer.
    fn decode(&self, layers: &Layers, chunks: &mut [Chunk], noise: ArrayView2<f32>) {
        let noise = noise.to_slice().expect("the noise is stored row by row");
        chunks.par_iter_mut().zip(noise.par_chunks(CHUNK_ROWS * layers.latent)).for_each(|(chunk, noise)| {
            chunk.sample(layers, noise);
            chunk.decode(layers, 0, None);
        });
    }
}
