//! The training loop. It returns values and writes nothing.

use std::time::Instant;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::config::{Config, Select};
use crate::encoder::Inputs;
use crate::error::{Error, Result};
use crate::evaluate;
use crate::graph::Csr;
use crate::loss::{ExactReconstruction, kl, kl_weight};
use crate::model::{Embeddings, Model, Pass, Weights};
use crate::split::Split;
use crate::tensor::{from_rows, to_vec};

/// The random numbers of training are another stream than those of the split with the same seed.
const TRAINING_STREAM: u64 = 1;

/// One epoch: a row of `history.csv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: usize,
    /// What was minimised: reconstruction + weight · KL, before this epoch's step.
    pub loss: f64,
    /// The reconstruction term; see [`crate::loss`] for its scale.
    pub reconstruction: f64,
    /// The mean over the nodes of their KL, in nats, without its weight; 0 for a point latent.
    pub kl: f64,
    /// ROC AUC on the validation part, after this epoch's step.
    pub validation_roc_auc: Option<f64>,
    /// Average precision on the validation part, after this epoch's step.
    pub validation_average_precision: Option<f64>,
    /// Seconds since training began.
    pub elapsed_seconds: f64,
}

/// A trained model and how it came about.
pub struct Trained {
    /// The model, with the weights of [`Trained::selected_epoch`].
    pub model: Model,
    /// Every epoch.
    pub history: Vec<Epoch>,
    /// The epoch whose weights were kept, counted from 1.
    pub selected_epoch: usize,
}

impl Trained {
    /// As [`Model::embed`].
    pub fn embed(&self, adj_norm: &Csr, features: Option<&Csr>) -> Embeddings {
        self.model.embed(adj_norm, features)
    }
}

/// Trains on the graph whose Â is `adj_norm`, [n, n], made of the training edges alone, and whose X is
/// `features`, [n, f], or I. Of `split` only the validation part is looked at. Each epoch, one step of Adam
/// on all pairs, ends with a call of `on_epoch`.
///
/// O(n²·d) time an epoch, O(n·(f̄ + h + d) + m) memory, f̄ being the nonzeros of a row of X. Equal seeds give
/// equal weights, to the bit, on one machine.
///
/// # Errors
/// [`Error::Config`] for settings out of range, [`Error::Diverged`] if the loss is not finite.
pub fn fit(
    adj_norm: &Csr,
    features: Option<&Csr>,
    split: &Split,
    config: &Config,
    mut on_epoch: impl FnMut(&Epoch),
) -> Result<Trained> {
    config.validate()?;
    let start = Instant::now();
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    rng.set_stream(TRAINING_STREAM);
    let inputs = Inputs::new(adj_norm, features);
    let model = Model::new(&config.model, inputs.num_features(), &mut rng);
    let mut optimizer = model.optimizer(config.train.learning_rate)?;
    let reconstruction = ExactReconstruction::new(adj_norm);
    let kl_weight = kl_weight(config.train.kl_weight, adj_norm);
    let mut trained = Trained { model, history: Vec::new(), selected_epoch: config.train.epochs };
    let mut best: Option<(f64, usize, Weights)> = None;
    let learning_rate = config.train.learning_rate;
    let values = features.map_or(&[] as &[f32], |features| features.data());
    let largest_feature = values.iter().fold(0f32, |most, value| most.max(value.abs()));
    let diverged = |loss, epoch| Error::Diverged { loss, epoch, learning_rate, largest_feature };

    for epoch in 1..=config.train.epochs {
        optimizer.zero_grad();
        let Terms { reconstruction, kl } = trained
            .model
            .train_pass(&inputs, &mut rng, |pass| objective(pass, &pass.z, &reconstruction, kl_weight));
        let loss = reconstruction + kl_weight * kl;
        if !loss.is_finite() {
            return Err(diverged(loss, epoch));
        }
        optimizer.step();
        // The next epoch's loss would tell, but there may be none.
        if epoch == config.train.epochs && !trained.model.is_finite() {
            return Err(diverged(f64::NAN, epoch));
        }

        let is_look = epoch % config.train.validate_every == 0 || epoch == config.train.epochs;
        let validation = match is_look && !split.validation.is_empty() {
            true => {
                let metrics = evaluate::part(&trained.model.embed_inputs(&inputs), &split.validation);
                Some(metrics.map_err(|error| match error {
                    Error::NotANumber { .. } => diverged(f64::NAN, epoch),
                    other => other,
                })?)
            }
            false => None,
        };
        if let (Select::Best, Some(metrics)) = (config.train.select, validation) {
            let score = metrics.roc_auc + metrics.average_precision;
            if best.as_ref().is_none_or(|(highest, ..)| score > *highest) {
                best = Some((score, epoch, trained.model.weights()));
            }
        }
        let row = Epoch {
            epoch,
            loss,
            reconstruction,
            kl,
            validation_roc_auc: validation.map(|metrics| metrics.roc_auc),
            validation_average_precision: validation.map(|metrics| metrics.average_precision),
            elapsed_seconds: start.elapsed().as_secs_f64(),
        };
        on_epoch(&row);
        trained.history.push(row);
    }
    if let Some((_, epoch, weights)) = best {
        // These names and shapes are the model's own: only numbers that are not finite are refused.
        trained.model.set_weights(&weights).map_err(|_| diverged(f64::NAN, epoch))?;
        trained.selected_epoch = epoch;
    }
    Ok(trained)
}

/// The two terms of the loss, apart.
struct Terms {
    reconstruction: f64,
    kl: f64,
}

/// What autograd is to minimise, and its terms: reconstruction of the graph from `z`, plus the weighted KL of
/// a Gaussian latent. The returned tensor has the loss's gradient, not its value.
fn objective(
    pass: &Pass,
    z: &Tensor,
    reconstruction: &ExactReconstruction,
    kl_weight: f64,
) -> (Tensor, Terms) {
    let size = z.size();
    let (n, d) = (size[0] as usize, size[1] as usize);
    let (value, gradient) = reconstruction.value_and_gradient(&to_vec(z), d);
    // Σ z · g has the gradient g: autograd takes over where the fused loss ends.
    let surrogate = (z * from_rows(&gradient, n, d)).sum(Kind::Float);
    match &pass.log_variance {
        None => (surrogate, Terms { reconstruction: value, kl: 0.0 }),
        Some(log_variance) => {
            let kl = kl(&pass.mean, log_variance);
            let terms = Terms { reconstruction: value, kl: kl.double_value(&[]) };
            (surrogate + kl * kl_weight, terms)
        }
    }
}

#[cfg(test)]
mod tests;
