//! The variational auto-encoder for plain feature rows, without a graph (Kingma & Welling 2014).
//!
//! The encoder is a perceptron with `layers` − 1 hidden layers of h rectified units. It maps each row x of f
//! features to a mean μ and a log-variance log σ², of d numbers each, and z = μ + σ·ε. The generator is a
//! perceptron with as many hidden layers; it maps z to the parameters of p(x | z). The loss of a row, in
//! nats, is the negative ELBO (their eq. 10):
//!
//! ```text
//! −log p(x | z) + weight · ½ Σ_d (μ² + σ² − log σ² − 1)
//! Bernoulli: −log p(x | z) = Σ_f softplus(l_f) − x_f l_f                           l: the generator's output
//! Gaussian:  −log p(x | z) = ½ Σ_f ((x_f − y_f)² / s² + log s² + log 2π)           y: the generator's output
//! ```
//!
//! The loss of a batch is the mean over its rows. s² is one learnt number for all features (Rybkin,
//! Daniilidis & Levine 2021, *Simple and Effective VAE Training with Calibrated Decoders*); Kingma & Welling
//! give each feature its own from a second head. It is learnt because with a fixed s² the scale of the
//! features would set the weight of the KL.
//!
//! The gradient is computed by hand. The first layer multiplies sparse rows; the last, whose products take
//! nearly all of the time, is fused with the loss and with Adam.

mod batch;
mod chunk;
mod layers;
mod likelihood;
mod network;
mod output;
mod rows;
mod trainer;

use serde::{Deserialize, Serialize};

pub(crate) use batch::Batch;
pub use network::Vae;
pub(crate) use network::normal;
pub(crate) use trainer::{RowDraws, Trainer};

/// Rows that are evaluated at a time.
pub(crate) const ROWS_AT_A_TIME: usize = 512;

/// The way to turn p(x | z) into a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draw {
    /// A sample from p(x | z).
    Sample,
    /// The mean of p(x | z).
    Mean,
}

/// The metrics of a VAE on rows. Each is a mean over the rows.
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
/// let again = Vae::from_weights(&config, 3, vae.weights(), &mut rng).unwrap();
/// assert_eq!(again.encode(&features), vae.encode(&features));
/// # Ok::<(), vgae::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RowMetrics {
    /// The evidence lower bound of log p(x), in nats: −`reconstruction` − `kl`.
    pub elbo: f64,
    /// The expectation of −log p(x | z) over q(z | x), in nats, estimated from [`RowMetrics::NUM_SAMPLES`]
    /// draws per row.
    pub reconstruction: f64,
    /// KL(q(z | x) ‖ N(0, I)), in nats.
    pub kl: f64,
    /// (x − the mean of p(x | z = μ))², averaged over the features too.
    pub mean_squared_error: f64,
    /// The number of rows.
    pub num_rows: usize,
}

impl RowMetrics {
    /// The number of draws of z per row for the expectation.
    pub const NUM_SAMPLES: usize = 16;
}

#[cfg(test)]
mod tests;
