//! Applies a trained VAE to whole feature matrices, a batch of rows at a time.

use ndarray::Array2;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Kind, Tensor};

use super::network::{Observation, Vae, normal};
use super::{Draw, ROWS_AT_A_TIME, RowMetrics, kl};
use crate::graph::Features;
use crate::kernels::tensor::{from_rows, to_matrix, to_vec};
use crate::model::network::Embeddings;

/// The random stream of the evaluation, separate from those of the split and of training.
const EVALUATION_STREAM: u64 = 4;

impl Vae {
    /// Returns the latent of each row of X, [n, f]. O(n·h·(f + h + d)) time.
    pub fn encode(&self, features: &Features) -> Embeddings {
        let (mut mean, mut log_variance) = (Vec::new(), Vec::new());
        for rows in chunks(features.rows()) {
            let [batch_mean, batch_log_variance] = tch::no_grad(|| self.heads(&dense(features, rows), None));
            mean.extend(to_vec(&batch_mean));
            log_variance.extend(to_vec(&batch_log_variance));
        }
        let shape = (features.rows(), self.config.latent());
        let matrix = |values| Array2::from_shape_vec(shape, values).expect("each row has d numbers");
        Embeddings { mean: matrix(mean), log_variance: Some(matrix(log_variance)) }
    }

    /// Returns the mean of p(x | z = μ) for `rows` of X, as a dense matrix, [b, f].
    pub fn reconstruct(&self, features: &Features, rows: std::ops::Range<usize>) -> Array2<f32> {
        tch::no_grad(|| {
            let [mean, _] = self.heads(&dense(features, rows), None);
            to_matrix(&self.expected(&self.generator_output(&mean, None)))
        })
    }

    /// Generates `count` new rows from z ~ N(0, I), as a dense matrix, [count, f]. O(count · h · (d + h + f))
    /// time.
    pub fn generate(&self, count: usize, draw: Draw, rng: &mut impl Rng) -> Array2<f32> {
        tch::no_grad(|| {
            let z = normal(count, self.config.latent(), rng);
            let mut rows = to_matrix(&self.expected(&self.generator_output(&z, None)));
            match (&self.observation, draw) {
                (_, Draw::Mean) => {}
                (Observation::Bernoulli, Draw::Sample) => {
                    rows.mapv_inplace(|probability| f32::from(u8::from(rng.random::<f32>() < probability)));
                }
                (Observation::Gaussian { log_variance, .. }, Draw::Sample) => {
                    let deviation = (0.5 * to_vec(log_variance)[0]).exp();
                    let noise = to_matrix(&normal(rows.nrows(), rows.ncols(), rng));
                    rows.scaled_add(deviation, &noise);
                }
            }
            rows
        })
    }

    /// Evaluates the model on `rows` of X, [n, f], with `num_samples` draws of z per row from `seed`. The
    /// same rows and seed give the same bits.
    pub fn evaluate(&self, features: &Features, rows: &[usize], num_samples: usize, seed: u64) -> RowMetrics {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(EVALUATION_STREAM);
        let (mut reconstruction, mut divergence, mut squares) = (0.0, 0.0, 0.0);
        for rows in rows.chunks(ROWS_AT_A_TIME) {
            let x = dense(features, rows.iter().copied());
            tch::no_grad(|| {
                let [mean, log_variance] = self.heads(&x, None);
                divergence += kl(&mean, &log_variance).double_value(&[]) * rows.len() as f64;
                for _ in 0..num_samples {
                    let noise = normal(rows.len(), self.config.latent(), &mut rng);
                    let z = &mean + (&log_variance * 0.5).exp() * noise;
                    let output = self.generator_output(&z, None);
                    let per_row = self.negative_log_likelihood(&x, &output);
                    reconstruction += per_row.sum(Kind::Double).double_value(&[]) / num_samples as f64;
                }
                let expected = self.expected(&self.generator_output(&mean, None));
                squares += (x - expected).square().mean(Kind::Double).double_value(&[]) * rows.len() as f64;
            });
        }
        let mean = |sum: f64| sum / rows.len().max(1) as f64;
        RowMetrics {
            elbo: -mean(reconstruction) - mean(divergence),
            reconstruction: mean(reconstruction),
            kl: mean(divergence),
            mean_squared_error: mean(squares),
            num_rows: rows.len(),
        }
    }
}

/// Returns `rows` of X as a dense matrix, [b, f].
pub(crate) fn dense(features: &Features, rows: impl IntoIterator<Item = usize>) -> Tensor {
    let num_columns = features.cols();
    let mut values = Vec::new();
    for (at, row) in rows.into_iter().enumerate() {
        values.resize((at + 1) * num_columns, 0f32);
        for (column, value) in features.row_entries(row) {
            values[at * num_columns + column] = value;
        }
    }
    let num_rows = values.len() / num_columns.max(1);
    from_rows(&values, num_rows, num_columns)
}

/// Divides the rows 0 to n − 1 into ranges of at most [`ROWS_AT_A_TIME`].
fn chunks(num_rows: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..num_rows).step_by(ROWS_AT_A_TIME).map(move |start| start..(start + ROWS_AT_A_TIME).min(num_rows))
}
