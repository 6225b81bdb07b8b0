//! The epochs of a training, with its checkpoints.

use std::time::Instant;

use vgae::config::{CheckpointPeriod, Config};
use vgae::run::{RunDir, Unfinished};
use vgae::train::{self, Trained};
use vgae::{Error, Result};

use super::stop::Stop;
use crate::cli::progress::Voice;

/// Seconds of training for which a checkpoint after the last epoch is worth its time.
const END_SECONDS: f64 = 1.0;

/// Trains from where `unfinished` stands, and writes a checkpoint whenever one is due, and before it stops because it was
/// told to.
pub(super) fn fit(
    unfinished: &mut Unfinished,
    config: &Config,
    stop: &Stop,
    voice: &Voice,
) -> Result<Trained> {
    let Unfinished { run, graph, split, checkpoint } = unfinished;
    let period = config.train.checkpoint_every.unwrap_or_default();
    let progress = voice.epochs(config.model.model);
    let (mut num_epochs, mut last) = (0, Instant::now());
    stop.begin();
    let on_epoch = &mut |epoch: &train::Epoch, moment: &train::Moment| {
        progress.show(epoch);
        num_epochs += 1;
        let signal = stop.signal();
        let seconds = last.elapsed().as_secs_f64();
        // What follows the last epoch may take long, and nothing looks at signals meanwhile.
        let is_end = moment.is_last() && period != CheckpointPeriod::Never && seconds > END_SECONDS;
        if moment.is_last() && signal.is_none() {
            stop.end()
        } else {
            stop.begin()
        }
        if signal.is_none() && !period.is_due(num_epochs, seconds) && !is_end {
            return Ok(());
        }
        let written = run.write_checkpoint(&moment.checkpoint());
        (num_epochs, last) = (0, Instant::now());
        match (signal, written) {
            (None, Ok(())) => Ok(()),
            (None, Err(error)) => {
                voice.say(format!(
                    "warning: no checkpoint after epoch {}: {error}; training goes on",
                    epoch.epoch
                ));
                Ok(())
            }
            (Some(_), Err(error)) => Err(error),
            (Some(signal), Ok(())) => {
                Err(Error::Interrupted { signal, epoch: epoch.epoch, path: run.path().to_path_buf() })
            }
        }
    };
    let features = graph.features();
    let trained = train::fit_from(features, split, config, &progress.watch(), checkpoint.as_ref(), on_epoch);
    drop(progress);
    if let Err(error) = &trained {
        tell(error, run, voice);
    }
    if trained.is_ok() {
        stop.end();
        run.keep();
    }
    trained
}

/// Says what is left after `error`, if there is something.
pub(super) fn tell(error: &Error, run: &RunDir, voice: &Voice) {
    let path = run.path().display();
    match error {
        _ if !run.is_resumable() => {}
        Error::Interrupted { .. } => {}
        Error::Diverged { .. } => voice.say(format!(
            "note: the last good checkpoint stays; `vgae train --resume {path} --learning-rate RATE` goes on from it with \
             smaller steps"
        )),
        _ => voice.say(format!("note: the run directory stays; `vgae train --resume {path}` goes on with it")),
    }
}
