//! What is said on stderr: notes, and the progress of training as a bar or as plain lines.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use vgae::config::ModelKind;
use vgae::train::Epoch;

/// Seconds between two plain lines.
const LINE_SECONDS: u64 = 5;

/// Speaks on stderr, or, with `--quiet`, does not.
pub(super) struct Voice {
    loudness: Loudness,
}

#[derive(PartialEq)]
enum Loudness {
    Quiet,
    Plain,
    Terminal,
}

impl Voice {
    pub(super) fn new(quiet: bool) -> Self {
        let loudness = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Loudness::Quiet,
            (false, true) => Loudness::Terminal,
            (false, false) => Loudness::Plain,
        };
        Voice { loudness }
    }

    /// Says a line.
    pub(super) fn say(&self, text: impl std::fmt::Display) {
        if self.loudness != Loudness::Quiet {
            eprintln!("{text}");
        }
    }

    /// Shows the epochs of `model` as they come.
    pub(super) fn epochs(&self, model: ModelKind) -> EpochProgress<'_> {
        let bar = match self.loudness {
            Loudness::Terminal => ProgressBar::new(0),
            _ => ProgressBar::hidden(),
        };
        // Within 80 columns.
        let template = "{bar:12} {pos}/{len}, {eta} left: {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        EpochProgress { voice: self, bar, last_line: None, network: model.to_string(), model }
    }
}

/// The progress of training.
pub(super) struct EpochProgress<'a> {
    voice: &'a Voice,
    bar: ProgressBar,
    last_line: Option<Instant>,
    /// What was trained last.
    network: String,
    model: ModelKind,
}

impl EpochProgress<'_> {
    /// Shows that `epoch` has ended.
    pub(super) fn show(&mut self, epoch: &Epoch) {
        let &Epoch { loss, reconstruction, kl, num_epochs, .. } = epoch;
        // Rounding may put a KL of 0 below 0.
        let kl = kl.max(0.0);
        let mut text = format!("loss {loss:.4} (rec. {reconstruction:.4}, KL {kl:.2})");
        if let Some(auc) = epoch.validation_roc_auc {
            text.push_str(&format!(", val. AUC {auc:.4}"));
        }
        if let Some(elbo) = epoch.validation_elbo {
            text.push_str(&format!(", val. ELBO {elbo:.3}"));
        }
        let is_next = epoch.network != self.network;
        if is_next {
            self.network.clone_from(&epoch.network);
        }
        let part = match self.network == self.model.to_string() {
            true => String::new(),
            false => format!("{}, ", self.network),
        };
        if self.voice.loudness != Loudness::Plain {
            self.bar.set_length(num_epochs as u64);
            self.bar.set_message(part + &text);
            self.bar.set_position(epoch.epoch as u64);
            return;
        }
        let is_due = self.last_line.is_none_or(|last| last.elapsed() >= Duration::from_secs(LINE_SECONDS));
        if is_due || is_next || epoch.epoch == num_epochs {
            self.last_line = Some(Instant::now());
            // A part of a larger model stops where it gets no better.
            let most = if part.is_empty() { "" } else { "at most " };
            let left = epoch.elapsed_seconds / epoch.epoch as f64 * (num_epochs - epoch.epoch) as f64;
            self.voice
                .say(format!("{part}epoch {}/{num_epochs}: {text}, {most}{left:.0} s left", epoch.epoch));
        }
    }
}

impl Drop for EpochProgress<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
