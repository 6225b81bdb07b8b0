//! What is said on stderr: notes, and the progress of training as a bar or as plain lines.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
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

    /// Shows `num_epochs` epochs as they come.
    pub(super) fn epochs(&self, num_epochs: usize) -> EpochProgress<'_> {
        let bar = match self.loudness {
            Loudness::Terminal => ProgressBar::new(num_epochs as u64),
            _ => ProgressBar::hidden(),
        };
        // Within 80 columns.
        let template = "{bar:12} {pos}/{len}, {eta} left: {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        EpochProgress { voice: self, bar, num_epochs, last_line: None }
    }
}

/// The progress of training.
pub(super) struct EpochProgress<'a> {
    voice: &'a Voice,
    bar: ProgressBar,
    num_epochs: usize,
    last_line: Option<Instant>,
}

impl EpochProgress<'_> {
    /// Shows that `epoch` has ended.
    pub(super) fn show(&mut self, epoch: &Epoch) {
        let Epoch { loss, reconstruction, kl, .. } = epoch;
        let mut text = format!("loss {loss:.4} (rec. {reconstruction:.4}, KL {kl:.2})");
        if let Some(auc) = epoch.validation_roc_auc {
            text.push_str(&format!(", val. AUC {auc:.4}"));
        }
        if self.voice.loudness != Loudness::Plain {
            self.bar.set_message(text);
            self.bar.set_position(epoch.epoch as u64);
            return;
        }
        let is_due = self.last_line.is_none_or(|last| last.elapsed() >= Duration::from_secs(LINE_SECONDS));
        if is_due || epoch.epoch == self.num_epochs {
            self.last_line = Some(Instant::now());
            let left = epoch.elapsed_seconds / epoch.epoch as f64 * (self.num_epochs - epoch.epoch) as f64;
            self.voice.say(format!("epoch {}/{}: {text}, {left:.0} s left", epoch.epoch, self.num_epochs));
        }
    }
}

impl Drop for EpochProgress<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
