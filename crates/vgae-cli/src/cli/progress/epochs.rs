//! The progress of training.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use indicatif::ProgressBar;
use vgae::config::ModelKind;
use vgae::progress::{Progress, Watch};
use vgae::train::Epoch;

use super::figures::{memory, pace, time};
use super::stage::{self, BAR_PERIOD, LINE_PERIOD, LOOK_PERIOD};
use super::ticker::Ticker;
use super::{Loudness, Voice};

/// Within 80 columns, whatever the figures are.
const TEMPLATE: &str = "{bar} {prefix}\n{msg}";

/// Seconds after which an epoch is a long one, whose own time is shown.
const LONG_EPOCH_SECONDS: f64 = 2.0;

/// The epochs of training, shown until it is dropped.
pub(crate) struct EpochProgress {
    display: Arc<Mutex<Display>>,
    watch: Watch,
    ticker: Option<Ticker>,
}

/// What is shown, and what it is shown on.
struct Display {
    voice: Voice,
    model: ModelKind,
    watch: Watch,
    start: Instant,
    last: Option<Last>,
    last_line: Instant,
    bar: Option<ProgressBar>,
}

/// The epoch that ended last.
struct Last {
    epoch: Epoch,
    ended: Instant,
    /// Whether a line was said of it.
    is_said: bool,
}

impl EpochProgress {
    pub(super) fn start(model: ModelKind, voice: &Voice) -> Self {
        let watch = Watch::default();
        let display = Arc::new(Mutex::new(Display {
            voice: voice.clone(),
            model,
            watch: watch.clone(),
            start: Instant::now(),
            last: None,
            last_line: Instant::now(),
            bar: None,
        }));
        let period = match voice.loudness {
            Loudness::Quiet | Loudness::Notes => None,
            Loudness::Lines => Some(LOOK_PERIOD),
            Loudness::Bars => Some(BAR_PERIOD),
        };
        let ticker = period.map(|period| {
            let display = display.clone();
            let tick = move || display.lock().unwrap_or_else(PoisonError::into_inner).tick();
            Ticker::start(period, period, tick)
        });
        EpochProgress { display, watch, ticker }
    }

    /// What is done beside the epochs.
    pub(crate) fn watch(&self) -> Watch {
        self.watch.clone()
    }

    /// Shows that `epoch` has ended. It costs next to nothing: drawing is the other thread's.
    pub(crate) fn show(&self, epoch: &Epoch) {
        if self.ticker.is_some() {
            self.display.lock().unwrap_or_else(PoisonError::into_inner).take(epoch);
        }
    }
}

impl Drop for EpochProgress {
    fn drop(&mut self) {
        self.ticker = None;
        self.display.lock().unwrap_or_else(PoisonError::into_inner).close();
    }
}

impl Display {
    fn take(&mut self, epoch: &Epoch) {
        let is_next = self.last.as_ref().is_none_or(|last| last.epoch.network != epoch.network);
        if is_next {
            self.close();
            self.bar = None;
        }
        let mut epoch = epoch.clone();
        if let Some(last) = &self.last {
            // Not every epoch is followed by a look at the validation part.
            epoch.validation_roc_auc = epoch.validation_roc_auc.or(last.epoch.validation_roc_auc);
            epoch.validation_elbo = epoch.validation_elbo.or(last.epoch.validation_elbo);
        }
        let is_end = epoch.epoch == epoch.num_epochs;
        self.last = Some(Last { epoch, ended: Instant::now(), is_said: false });
        match self.voice.loudness {
            Loudness::Lines if is_next || is_end => self.say(Left::Estimated),
            Loudness::Bars if is_next || is_end => self.draw(),
            _ => {}
        }
    }

    fn tick(&mut self) {
        let other = self.watch.look();
        if other.is_some() {
            self.close();
        }
        match (self.voice.loudness, other) {
            (Loudness::Bars, Some(progress)) => {
                let bar = self.bar.get_or_insert_with(|| self.voice.bar(stage::UNCOUNTED));
                stage::draw(bar, &progress, 0, &self.voice);
            }
            (Loudness::Bars, None) => self.draw(),
            (Loudness::Lines, _) if self.last_line.elapsed() < LINE_PERIOD => {}
            (Loudness::Lines, Some(progress)) => {
                self.voice.say(stage::line(&progress, 0));
                self.last_line = Instant::now();
            }
            (Loudness::Lines, None) => self.say(Left::Estimated),
            (Loudness::Quiet | Loudness::Notes, _) => {}
        }
    }

    /// Ends with the network that was trained last, of which the last line tells.
    fn close(&mut self) {
        if self.voice.loudness == Loudness::Lines && self.last.as_ref().is_some_and(|last| !last.is_said) {
            self.say(Left::Stopped);
        }
        if self.last.take().is_some() {
            self.bar = None;
        }
    }

    /// Says a line.
    fn say(&mut self, left: Left) {
        let text = match &mut self.last {
            None => stage::line(&self.beginning(), 0),
            Some(last) => {
                last.is_said = true;
                let at = last.at(self.model);
                let now = last.now();
                [format!("{at}: {}", last.losses()), last.figures(self.model, left)]
                    .into_iter()
                    .chain(now)
                    .collect::<Vec<String>>()
                    .join(", ")
            }
        };
        self.voice.say(text);
        self.last_line = Instant::now();
    }

    /// What is shown before the first epoch has ended, or of a model that has none.
    fn beginning(&self) -> Progress {
        let elapsed_seconds = self.start.elapsed().as_secs_f64();
        Progress { stage: "training".into(), unit: None, num_done: 0, num_total: None, elapsed_seconds }
    }

    /// Draws the bar.
    fn draw(&mut self) {
        let Some(last) = &self.last else {
            let beginning = self.beginning();
            let bar = self.bar.get_or_insert_with(|| self.voice.bar(stage::UNCOUNTED));
            return stage::draw(bar, &beginning, 0, &self.voice);
        };
        let bar = self.bar.get_or_insert_with(|| self.voice.bar(TEMPLATE));
        bar.set_prefix(format!("{}, {}", last.at(self.model), last.figures(self.model, Left::Estimated)));
        bar.set_message([last.losses()].into_iter().chain(last.now()).collect::<Vec<String>>().join(", "));
        bar.update(|state| {
            state.set_len(last.epoch.num_epochs as u64);
            state.set_pos(last.epoch.epoch as u64);
        });
    }
}

/// What is said of the time that is left.
#[derive(Clone, Copy)]
enum Left {
    Estimated,
    /// Nothing is left: training stopped there.
    Stopped,
}

impl Last {
    /// Where training is, as in `normalised, epoch 3/500`.
    fn at(&self, model: ModelKind) -> String {
        let Epoch { network, epoch, num_epochs, .. } = &self.epoch;
        let part = if self.is_part(model) { format!("{network}, ") } else { String::new() };
        format!("{part}epoch {epoch}/{num_epochs}")
    }

    fn losses(&self) -> String {
        let &Epoch { loss, reconstruction, kl, .. } = &self.epoch;
        // Rounding may put a KL of 0 below 0.
        let mut text = format!("loss {loss:.4} (rec. {reconstruction:.4}, KL {:.2})", kl.max(0.0));
        if let Some(auc) = self.epoch.validation_roc_auc {
            text.push_str(&format!(", val. AUC {auc:.4}"));
        }
        if let Some(elbo) = self.epoch.validation_elbo {
            text.push_str(&format!(", val. ELBO {elbo:.3}"));
        }
        text
    }

    /// Speed, time left, memory.
    fn figures(&self, model: ModelKind, left: Left) -> String {
        let &Epoch { epoch, num_epochs, elapsed_seconds, .. } = &self.epoch;
        let per_epoch = elapsed_seconds / epoch as f64;
        let remaining = per_epoch * (num_epochs - epoch) as f64 - self.ended.elapsed().as_secs_f64();
        let left = match left {
            Left::Stopped => "stopped".to_string(),
            // A part of a larger model stops where it gets no better.
            Left::Estimated if self.is_part(model) && epoch < num_epochs => {
                format!("at most {} left", time(remaining))
            }
            Left::Estimated => format!("{} left", time(remaining)),
        };
        [pace(1.0 / per_epoch), left].into_iter().chain(memory()).collect::<Vec<String>>().join(", ")
    }

    /// The epoch that is on its way, where it takes long.
    fn now(&self) -> Option<String> {
        let seconds = self.ended.elapsed().as_secs_f64();
        let Epoch { epoch, num_epochs, .. } = self.epoch;
        let is_long = seconds >= LONG_EPOCH_SECONDS && epoch < num_epochs;
        is_long.then(|| format!("epoch {} for {}", epoch + 1, time(seconds)))
    }

    fn is_part(&self, model: ModelKind) -> bool {
        self.epoch.network != model.to_string()
    }
}
