//! What a trained VAE says of whole feature matrices, a batch of rows at a time.

use ndarray::Array2;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::{Observation, Vae, kl, normal};
use crate::graph::Features;
use crate::kernels::tensor::{from_rows, to_matrix, to_vec};
use crate::model::network::Embeddings;

/// Rows that are held as a dense matrix at a time.
pub(crate) const ROWS_AT_A_TIME: usize = 512;
/// The random numbers of the evaluation are another stream than those of the split and of training.
const EVALUATION_STREAM: u64 = 4;

/// What is made of p(x | z).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draw {
    /// A draw from it.
    Sample,
    /// Its mean.
    Mean,
}

/// How well rows are described, each number a mean over the rows.
///
/// # Examples
/// ```
/// use rand::SeedableRng;
/// use vgae::config::{Likelihood, ModelConfig, ModelKind};
/// use vgae::graph::Features;
/// use vgae::model::vae::{Draw, Vae};
///
/// let features = Features::from(ndarray::array![[1f32, 0.0, 1.0], [0.0, 1.0, 0.0]]);
/// let config = ModelConfig { model: ModelKind::Vae, latent: Some(2), ..ModelConfig::default() };
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
/// let vae = Vae::new(&config, &features, &mut rng)?;
/// assert_eq!((vae.likelihood(), vae.config().latent()), (Likelihood::Bernoulli, 2));
/// assert_eq!(vae.encode(&features).mean.dim(), (2, 2));
/// assert_eq!(vae.reconstruct(&features, 0..1).dim(), (1, 3));
/// assert!(vae.generate(5, Draw::Sample, &mut rng).iter().all(|&x| x == 0.0 || x == 1.0));
/// let metrics = vae.evaluate(&features, &[0, 1], 16, 0);
/// assert!((metrics.elbo + metrics.reconstruction + metrics.kl).abs() < 1e-9);
/// let again = Vae::from_weights(&config, 3, &vae.weights(), &mut rng).unwrap();
/// assert_eq!(again.encode(&features), vae.encode(&features));
/// # Ok::<(), vgae::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RowMetrics {
    /// The evidence lower bound of log p(x), in nats: −`reconstruction` − `kl`.
    pub elbo: f64,
    /// The expectation of −log p(x | z) over q(z | x), in nats, by [`RowMetrics::NUM_SAMPLES`] draws a row.
    pub reconstruction: f64,
    /// KL(q(z | x) ‖ N(0, I)), in nats.
    pub kl: f64,
    /// (x − the mean of p(x | z = μ))², a mean over the features too.
    pub mean_squared_error: f64,
    /// How many rows these are.
    pub num_rows: usize,
}

impl RowMetrics {
    /// Draws of z for each row that the expectation is taken over.
    pub const NUM_SAMPLES: usize = 16;
}

impl Vae {
    /// The latent of each row of X, [n, f]. O(n·h·(f + h + d)) time.
    pub fn encode(&self, features: &Features) -> Embeddings {
        let (mut mean, mut log_variance) = (Vec::new(), Vec::new());
        for rows in chunks(features.rows()) {
            let [of_mean, of_log_variance] = tch::no_grad(|| self.heads(&dense(features, rows), None));
            mean.extend(to_vec(&of_mean));
            log_variance.extend(to_vec(&of_log_variance));
        }
        let shape = (features.rows(), self.config.latent());
        let matrix = |values| Array2::from_shape_vec(shape, values).expect("each row has d numbers");
        Embeddings { mean: matrix(mean), log_variance: Some(matrix(log_variance)) }
    }

    /// The mean of p(x | z = μ) for the rows `rows` of X, [b, f], dense.
    pub fn reconstruct(&self, features: &Features, rows: std::ops::Range<usize>) -> Array2<f32> {
        tch::no_grad(|| {
            let [mean, _] = self.heads(&dense(features, rows), None);
            to_matrix(&self.expected(&self.generator_output(&mean, None)))
        })
    }

    /// `count` new rows, [count, f], dense, for z ~ N(0, I). O(count · h · (d + h + f)) time.
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

    /// How well the rows `rows` of X, [n, f], are described; `num_samples` draws of z for each, by `seed`. The same
    /// to the bit for the same rows and seed.
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
                    let of_rows = self.negative_log_likelihood(&x, &output);
                    reconstruction += of_rows.sum(Kind::Double).double_value(&[]) / num_samples as f64;
                }
                let expected = self.expected(&self.generator_output(&mean, None));
                squares += (x - expected).square().mean(Kind::Double).double_value(&[]) * rows.len() as f64;
            });
        }
        let of_row = |sum: f64| sum / rows.len().max(1) as f64;
        RowMetrics {
            elbo: -of_row(reconstruction) - of_row(divergence),
            reconstruction: of_row(reconstruction),
            kl: of_row(divergence),
            mean_squared_error: of_row(squares),
            num_rows: rows.len(),
        }
    }
}

/// Rows of X as a dense matrix, [b, f].
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

/// The rows 0 to n in ranges of bounded length.
fn chunks(num_rows: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..num_rows).step_by(ROWS_AT_A_TIME).map(move |start| start..(start + ROWS_AT_A_TIME).min(num_rows))
}
