//! Shows the progress of training, epoch by epoch.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use indicatif::ProgressBar;
use vgae::config::ModelKind;
use vgae::progress::{Progress, Snapshot};
use vgae::train::Epoch;

use super::format::{self, memory, speed, time};
use super::stage::{BAR_PERIOD, CHECK_PERIOD, LINE_PERIOD, Ticker};
use super::{Reporter, Verbosity};

/// The template of the bar; the text stays within 80 columns, however long the numbers are.
const TEMPLATE: &str = "{bar} {prefix}\n{msg}";

/// The seconds after which the time of the current epoch is shown too.
const LONG_EPOCH_SECONDS: f64 = 2.0;

/// The progress of training, shown until it is dropped. It dereferences to the [`Progress`] that the work between the
/// epochs updates.
pub(crate) struct EpochProgress {
    display: Arc<Mutex<Display>>,
    progress: Progress,
    ticker: Option<Ticker>,
}

/// The state of the display, shared with the thread that refreshes it.
struct Display {
    reporter: Reporter,
    model: ModelKind,
    progress: Progress,
    start: Instant,
    last: Option<Last>,
    last_line: Instant,
    bar: Option<ProgressBar>,
}

/// The epoch that ended last.
struct Last {
    epoch: Epoch,
    ended: Instant,
    /// `true` if a line was printed for it.
    is_printed: bool,
}

impl EpochProgress {
    pub(super) fn start(model: ModelKind, reporter: &Reporter) -> Self {
        let progress = Progress::default();
        let display = Arc::new(Mutex::new(Display {
            reporter: reporter.clone(),
            model,
            progress: progress.clone(),
            start: Instant::now(),
            last: None,
            last_line: Instant::now(),
            bar: None,
        }));
        let period = match reporter.verbosity {
            Verbosity::Quiet | Verbosity::Notes => None,
            Verbosity::Lines => Some(CHECK_PERIOD),
            Verbosity::Bars => Some(BAR_PERIOD),
        };
        let ticker = period.map(|period| {
            let display = display.clone();
            let tick = move || display.lock().unwrap_or_else(PoisonError::into_inner).tick();
            Ticker::start(period, period, tick)
        });
        EpochProgress { display, progress, ticker }
    }

    /// Shows that `epoch` has ended. This is cheap: most drawing is done by the other thread.
    pub(crate) fn show(&self, epoch: &Epoch) {
        if self.ticker.is_some() {
            self.display.lock().unwrap_or_else(PoisonError::into_inner).update(epoch);
        }
    }
}

impl Deref for EpochProgress {
    type Target = Progress;

    fn deref(&self) -> &Progress {
        &self.progress
    }
}

impl Drop for EpochProgress {
    fn drop(&mut self) {
        self.ticker = None;
        self.display.lock().unwrap_or_else(PoisonError::into_inner).finish_network();
    }
}

impl Display {
    fn update(&mut self, epoch: &Epoch) {
        let is_new_network = self.last.as_ref().is_none_or(|last| last.epoch.network != epoch.network);
        if is_new_network {
            self.finish_network();
            self.bar = None;
        }
        let mut epoch = epoch.clone();
        if let Some(last) = &self.last {
            // Not every epoch evaluates the validation part; show the latest values.
            epoch.validation_roc_auc = epoch.validation_roc_auc.or(last.epoch.validation_roc_auc);
            epoch.validation_elbo = epoch.validation_elbo.or(last.epoch.validation_elbo);
        }
        let is_end = epoch.epoch == epoch.num_epochs;
        self.last = Some(Last { epoch, ended: Instant::now(), is_printed: false });
        match self.reporter.verbosity {
            Verbosity::Lines if is_new_network || is_end => self.print_line(Remaining::Estimated),
            Verbosity::Bars if is_new_network || is_end => self.draw(),
            _ => {}
        }
    }

    fn tick(&mut self) {
        let other = self.progress.look();
        if other.is_some() {
            self.finish_network();
        }
        match (self.reporter.verbosity, other) {
            (Verbosity::Bars, Some(snapshot)) => {
                let bar = self.bar.get_or_insert_with(|| self.reporter.bar(format::UNCOUNTED));
                format::draw(bar, &snapshot, 0, &self.reporter);
            }
            (Verbosity::Bars, None) => self.draw(),
            (Verbosity::Lines, _) if self.last_line.elapsed() < LINE_PERIOD => {}
            (Verbosity::Lines, Some(snapshot)) => {
                self.reporter.info(format::line(&snapshot, 0));
                self.last_line = Instant::now();
            }
            (Verbosity::Lines, None) => self.print_line(Remaining::Estimated),
            (Verbosity::Quiet | Verbosity::Notes, _) => {}
        }
    }

    /// Ends the display of the current network; in plain lines, its last epoch always has one.
    fn finish_network(&mut self) {
        if self.reporter.verbosity == Verbosity::Lines
            && self.last.as_ref().is_some_and(|last| !last.is_printed)
        {
            self.print_line(Remaining::Stopped);
        }
        if self.last.take().is_some() {
            self.bar = None;
        }
    }

    /// Prints a line.
    fn print_line(&mut self, remaining: Remaining) {
        let text = match &mut self.last {
            None => format::line(&self.beginning(), 0),
            Some(last) => {
                last.is_printed = true;
                let at = last.at(self.model);
                let current = last.current_epoch();
                [format!("{at}: {}", last.losses()), last.resources(self.model, remaining)]
                    .into_iter()
                    .chain(current)
                    .collect::<Vec<String>>()
                    .join(", ")
            }
        };
        self.reporter.info(text);
        self.last_line = Instant::now();
    }

    /// Returns the progress to show before the first epoch has ended, or for a model without epochs.
    fn beginning(&self) -> Snapshot {
        let elapsed_seconds = self.start.elapsed().as_secs_f64();
        Snapshot { stage: "training".into(), unit: None, num_done: 0, num_total: None, elapsed_seconds }
    }

    /// Draws the bar.
    fn draw(&mut self) {
        let Some(last) = &self.last else {
            let beginning = self.beginning();
            let bar = self.bar.get_or_insert_with(|| self.reporter.bar(format::UNCOUNTED));
            return format::draw(bar, &beginning, 0, &self.reporter);
        };
        let bar = self.bar.get_or_insert_with(|| self.reporter.bar(TEMPLATE));
        bar.set_prefix(format!(
            "{}, {}",
            last.at(self.model),
            last.resources(self.model, Remaining::Estimated)
        ));
        bar.set_message(
            [last.losses()].into_iter().chain(last.current_epoch()).collect::<Vec<String>>().join(", "),
        );
        bar.update(|state| {
            state.set_len(last.epoch.num_epochs as u64);
            state.set_pos(last.epoch.epoch as u64);
        });
    }
}

/// The remaining time as shown.
#[derive(Clone, Copy)]
enum Remaining {
    /// An estimate.
    Estimated,
    /// Nothing remains: training stopped at this epoch.
    Stopped,
}

impl Last {
    /// Formats the position in the training, as in `normalised, epoch 3/500`.
    fn at(&self, model: ModelKind) -> String {
        let Epoch { network, epoch, num_epochs, .. } = &self.epoch;
        let part = if self.is_part(model) { format!("{network}, ") } else { String::new() };
        format!("{part}epoch {epoch}/{num_epochs}")
    }

    fn losses(&self) -> String {
        let &Epoch { loss, reconstruction, kl, .. } = &self.epoch;
        // Rounding may turn a KL of 0 into a tiny negative number.
        let mut text = format!("loss {loss:.4} (rec. {reconstruction:.4}, KL {:.2})", kl.max(0.0));
        if let Some(auc) = self.epoch.validation_roc_auc {
            text.push_str(&format!(", val. AUC {auc:.4}"));
        }
        if let Some(elbo) = self.epoch.validation_elbo {
            text.push_str(&format!(", val. ELBO {elbo:.3}"));
        }
        text
    }

    /// Formats the speed, the remaining time and the memory.
    fn resources(&self, model: ModelKind, remaining: Remaining) -> String {
        let &Epoch { epoch, num_epochs, elapsed_seconds, .. } = &self.epoch;
        let per_epoch = elapsed_seconds / epoch as f64;
        let seconds = per_epoch * (num_epochs - epoch) as f64 - self.ended.elapsed().as_secs_f64();
        let left = match remaining {
            Remaining::Stopped => "stopped".to_string(),
            // A part of a larger model stops early when it no longer improves.
            Remaining::Estimated if self.is_part(model) && epoch < num_epochs => {
                format!("at most {} left", time(seconds))
            }
            Remaining::Estimated => format!("{} left", time(seconds)),
        };
        [speed(1.0 / per_epoch), left].into_iter().chain(memory()).collect::<Vec<String>>().join(", ")
    }

    /// Formats the current epoch and its time so far, if it takes long.
    fn current_epoch(&self) -> Option<String> {
        let seconds = self.ended.elapsed().as_secs_f64();
        let Epoch { epoch, num_epochs, .. } = self.epoch;
        let is_long = seconds >= LONG_EPOCH_SECONDS && epoch < num_epochs;
        is_long.then(|| format!("epoch {} for {}", epoch + 1, time(seconds)))
    }

    /// Returns `true` if the network is a part of a larger model.
    fn is_part(&self, model: ModelKind) -> bool {
        self.epoch.network != model.to_string()
    }
}
