//! Trains a VAE on feature rows.

use std::borrow::Cow;
use std::time::Instant;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::checkpoint::{Checkpoint, Last, Moment};
use super::network::TRAINING_STREAM;
use super::{EarlyStopping, Epoch, OnEpoch};
use crate::config::{Config, KlWeight, ModelConfig, Select};
use crate::error::{Error, Result};
use crate::graph::Features;
use crate::graph::transform::{largest, transform};
use crate::kernels::tape::{Dropout, KlTerm};
use crate::model::network::Terms;
use crate::model::vae::{Batch, RowDraws, Trainer, Vae, normal};
use crate::split;

/// Rows per step.
const BATCH_ROWS: usize = 128;

/// A trained VAE and the history of its training.
pub(super) struct RowsRun {
    pub(super) vae: Vae,
    pub(super) history: Vec<Epoch>,
    pub(super) selected_epoch: usize,
}

/// Trains the VAE of `config`, which must be validated, on the training rows of [`split::rows`] of X, [n, f],
/// in batches. An epoch is a pass over all of them and takes O(n·h·(f + h + d)) time.
pub(super) fn fit(
    features: &Features,
    config: &Config,
    from: Option<&Checkpoint>,
    on_epoch: &mut OnEpoch,
) -> Result<RowsRun> {
    let start = Instant::now();
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    rng.set_stream(TRAINING_STREAM);
    let features = &*transform(features, config.model.feature_transform());
    let split = split::rows(features.rows(), &config.split, config.seed);
    let learning_rate = config.learning_rate();
    let mut trainer = Trainer::new(Vae::new(&config.model, features, &mut rng)?, learning_rate);
    let full_weight = match config.train.kl_weight {
        KlWeight::Kipf | KlWeight::Elbo => 1.0,
        KlWeight::Value(value) => value,
    };
    let diverged = |loss, epoch| Error::Diverged {
        part: String::new(),
        loss,
        epoch,
        learning_rate,
        largest_feature: largest(features),
    };
    let (mut kept, mut history) = (EarlyStopping::new(), Vec::new());
    let name = config.model.model.to_string();
    if let Some(checkpoint) = from {
        let resumed = checkpoint.resume(&name)?;
        trainer.restore(resumed.weights, resumed.adam).map_err(Error::Checkpoint)?;
        rng.set_word_pos(resumed.word_position.into());
        (kept, history) = (resumed.kept, resumed.history);
    }
    let seconds_before = history.last().map_or(0.0, |epoch: &Epoch| epoch.elapsed_seconds);
    let num_epochs = config.epochs();

    for epoch in history.len() + 1..=num_epochs {
        if kept.is_out_of_patience(&config.train) {
            break;
        }
        let epoch_start = Instant::now();
        let weight = full_weight * config.train.kl_share(epoch);
        let kl = KlTerm { weight, free: config.train.free_bits };
        let mut order = split.train.clone();
        order.shuffle(&mut rng);
        let Terms { loss, reconstruction, kl } =
            pass(&mut trainer, features, &order, &config.model, kl, &mut rng);
        if !loss.is_finite() {
            return Err(diverged(loss, epoch));
        }

        trainer.copy_weights();
        let train_seconds = epoch_start.elapsed().as_secs_f64();
        let vae = trainer.vae();
        let is_validated = epoch % config.train.validate_every == 0 || epoch == num_epochs;
        let validation_elbo = match is_validated && !split.validation.is_empty() {
            true => Some(vae.elbo(features, &split.validation, config.seed)),
            false => None,
        };
        if validation_elbo.is_some_and(f64::is_nan) {
            return Err(diverged(f64::NAN, epoch));
        }
        let row = Epoch {
            epoch,
            loss,
            reconstruction,
            kl,
            validation_roc_auc: None,
            validation_average_precision: None,
            validation_elbo,
            train_seconds,
            elapsed_seconds: seconds_before + start.elapsed().as_secs_f64(),
            network: name.clone(),
            num_epochs,
        };
        history.push(row);
        if let Some(elbo) = validation_elbo {
            kept.record(elbo, epoch, &config.train, || vae.weights().clone());
        }
        let random = (rng.get_word_pos() as u64, None);
        let checkpoint = || {
            let weights = vae.weights().iter().map(|(name, weight)| (name.clone(), Cow::Borrowed(weight)));
            Checkpoint::new(&name, weights, trainer.adam_state(), &kept, random, &history)
        };
        on_epoch(&history[history.len() - 1], &Moment::new(&checkpoint, Last::new(epoch, &kept, config)))?;
    }
    let mut vae = trainer.into_vae();
    let mut selected_epoch = history.len();
    if let (Select::Best, Some((epoch, weights))) = (config.select(), kept.into_best()) {
        vae.set_weights(weights).map_err(|_| diverged(f64::NAN, epoch))?;
        selected_epoch = epoch;
    }
    if !vae.is_finite() {
        return Err(diverged(f64::NAN, selected_epoch));
    }
    Ok(RowsRun { vae, history, selected_epoch })
}

/// Takes a step for each batch of the rows of X in `order`. Returns the means over the rows of the terms of the
/// loss, each before its step.
fn pass(
    trainer: &mut Trainer,
    features: &Features,
    order: &[usize],
    config: &ModelConfig,
    kl: KlTerm,
    rng: &mut ChaCha8Rng,
) -> Terms {
    let unit = trainer.vae().unit();
    let mut prepare = |rows: &[usize]| {
        let noise = normal(rows.len(), config.latent(), rng);
        let (fraction, seed) = (config.dropout(), rng.random());
        let dropout = (fraction > 0.0).then_some(Dropout { fraction, seed });
        (Batch::new(features, rows.iter().copied(), unit), RowDraws { noise, dropout })
    };
    let mut batches = order.chunks(BATCH_ROWS);
    let mut next = batches.next().map(&mut prepare);
    let mut means = Terms { loss: 0.0, reconstruction: 0.0, kl: 0.0 };
    while let Some((batch, draws)) = next {
        let following = batches.next();
        // Another thread prepares the next batch.
        let step = || trainer.step(&batch, &draws, kl);
        let (terms, prepared) = rayon::join(step, || following.map(&mut prepare));
        let share = batch.num_rows() as f64 / order.len() as f64;
        means.loss += share * terms.loss;
        means.reconstruction += share * terms.reconstruction;
        means.kl += share * terms.kl;
        next = prepared;
    }
    means
}
