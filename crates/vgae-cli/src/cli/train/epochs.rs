//! Trains epoch by epoch, and writes checkpoints.

use std::time::Instant;

use crate::Result;
use vgae::config::{CheckpointPeriod, Config, Select};
use vgae::run::{RunDir, Unfinished};
use vgae::train::{self, Trained};

use crate::cli::progress::Reporter;
use crate::cli::signals::StopSignal;

/// The seconds since the last checkpoint above which one is written after the last epoch.
const END_SECONDS: f64 = 1.0;

/// Trains from the current state of `unfinished`. Writes a checkpoint whenever one is due, and before it
/// stops because of a signal.
pub(super) fn fit(
    unfinished: &mut Unfinished,
    config: &Config,
    stop: &StopSignal,
    reporter: &Reporter,
) -> Result<Trained> {
    let Unfinished { run, graph, split, checkpoint } = unfinished;
    let period = config.train.checkpoint_every.unwrap_or_default();
    let progress = reporter.epochs(config.model.model);
    let (mut num_epochs, mut last) = (0, Instant::now());
    stop.begin_checks();
    let on_epoch = &mut |epoch: &train::Epoch, moment: &train::Moment| {
        progress.show(epoch);
        num_epochs += 1;
        let signal = stop.received();
        let seconds = last.elapsed().as_secs_f64();
        // The work after the last epoch may take long, and a signal would then end the process at once.
        let is_end = moment.is_last() && period != CheckpointPeriod::Never && seconds > END_SECONDS;
        if moment.is_last() && signal.is_none() {
            stop.end_checks()
        } else {
            stop.begin_checks()
        }
        if signal.is_none() && !period.is_due(num_epochs, seconds) && !is_end {
            return Ok(());
        }
        let written = run.write_checkpoint(&moment.checkpoint());
        (num_epochs, last) = (0, Instant::now());
        match (signal, written) {
            (None, Ok(())) => Ok(()),
            (None, Err(error)) => {
                reporter.warn(format!(
                    "could not write the checkpoint after epoch {}: {error}; training continues",
                    epoch.epoch
                ));
                Ok(())
            }
            (Some(_), Err(error)) => Err(error),
            (Some(signal), Ok(())) => {
                Err(vgae::Error::Interrupted { signal, epoch: epoch.epoch, path: run.path().to_path_buf() })
            }
        }
    };
    let features = graph.features();
    let trained = train::fit_from(features, split, config, &progress, checkpoint.as_ref(), on_epoch);
    drop(progress);
    if let Err(error) = &trained {
        note_resumable(error, run, reporter);
    }
    if trained.is_ok() {
        stop.end_checks();
        run.keep();
    }
    Ok(trained?)
}

/// After `error`, prints how to resume the run, if that is possible.
pub(super) fn note_resumable(error: &vgae::Error, run: &RunDir, reporter: &Reporter) {
    let path = run.path().display();
    match error {
        _ if !run.is_resumable() => {}
        vgae::Error::Interrupted { .. } => {}
        vgae::Error::Diverged { .. } => reporter.note(format!(
            "the last good checkpoint is kept; `vgae train --resume {path} --learning-rate RATE` resumes \
             from it with a smaller learning rate"
        )),
        _ => reporter
            .note(format!("the run directory is kept; `vgae train --resume {path}` resumes the training")),
    }
}

/// Returns a note if the weights of an earlier epoch than the last are kept although nobody asked for the best one.
pub(super) fn earlier_is_kept(trained: &Trained, config: &Config) -> Option<String> {
    let kept = trained.history.get(trained.selected_epoch?.checked_sub(1)?)?;
    let last = trained.history.last()?;
    (config.select() == Select::Auto && kept.epoch < last.epoch).then(|| {
        let auc = |epoch: &train::Epoch| epoch.validation_roc_auc.unwrap_or_default();
        format!(
            "epoch {} was clearly better than the last one and is kept: validation AUC {:.4}, not {:.4}; \
             `--select last` keeps the last epoch, as the paper does",
            kept.epoch,
            auc(kept),
            auc(last)
        )
    })
}
