//! What is said on stderr: notes, and the progress of what takes long, as a bar or as plain lines.

mod epochs;
mod figures;
mod stage;
mod ticker;

use std::env;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use clap::ValueEnum;
use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use vgae::config::ModelKind;
use vgae::error::printable;

use epochs::EpochProgress;
use stage::Stage;

/// What is said on stderr.
#[derive(clap::Args)]
pub(super) struct Speech {
    /// Say nothing on stderr but errors
    #[arg(long, short, global = true)]
    quiet: bool,
    /// How progress is shown on stderr, of what takes longer than a moment
    #[arg(long, global = true, value_enum, default_value_t, value_name = "HOW")]
    progress: How,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum How {
    /// A bar on a terminal, else plain lines
    #[default]
    Auto,
    /// A bar, whatever stderr is
    Bar,
    /// A line every five seconds
    Plain,
    /// Not at all; notes are still said
    None,
}

/// Speaks on stderr.
#[derive(Clone)]
pub(super) struct Voice {
    loudness: Loudness,
    /// The bar, if one is drawn.
    bars: MultiProgress,
}

#[derive(Clone, Copy, PartialEq)]
enum Loudness {
    Quiet,
    Notes,
    Lines,
    Bars,
}

/// Redraws a second, at most.
const REDRAWS: u8 = 20;

impl Voice {
    pub(super) fn new(speech: &Speech) -> Self {
        let loudness = match speech.progress {
            _ if speech.quiet => Loudness::Quiet,
            How::None => Loudness::Notes,
            How::Bar => Loudness::Bars,
            How::Auto if io::stderr().is_terminal() && !console::is_dumb() => Loudness::Bars,
            How::Auto | How::Plain => Loudness::Lines,
        };
        let target = match loudness {
            // Left to itself, the library draws on a terminal alone.
            Loudness::Bars => {
                ProgressDrawTarget::term_like_with_hz(Box::new(Term::buffered_stderr()), REDRAWS)
            }
            _ => ProgressDrawTarget::hidden(),
        };
        Voice { loudness, bars: MultiProgress::with_draw_target(target) }
    }

    /// Says a line, as [`printable`] has it.
    pub(super) fn say(&self, text: impl std::fmt::Display) {
        if self.loudness != Loudness::Quiet {
            // Where nobody listens any more, the work goes on.
            let text = text.to_string();
            self.bars.suspend(|| drop(writeln!(io::stderr(), "{}", printable(&text))));
        }
    }

    /// Shows how far work has come, until the stage is dropped.
    pub(super) fn stage(&self, name: &str) -> Stage {
        Stage::start(name, self)
    }

    /// As [`Voice::stage`], of work that writes to `output` meanwhile: where that is the same terminal, it shows by itself how
    /// far it has come.
    pub(super) fn stage_beside(&self, output: &Path, name: &str) -> Stage {
        let is_shown = output == Path::new("-") && io::stdout().is_terminal() && io::stderr().is_terminal();
        match is_shown {
            true => Stage::start(name, &Voice { loudness: Loudness::Notes, ..self.clone() }),
            false => self.stage(name),
        }
    }

    /// Shows the epochs of `model` as they come.
    pub(super) fn epochs(&self, model: ModelKind) -> EpochProgress {
        EpochProgress::start(model, self)
    }

    /// A bar below what was said, in the style of `template`, that goes when it is dropped.
    fn bar(&self, template: &str) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::no_length().with_finish(ProgressFinish::AndClear));
        self.set_style(&bar, template);
        bar
    }

    fn set_style(&self, bar: &ProgressBar, template: &str) {
        // See no-color.org.
        let is_plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let template =
            template.replace("{bar}", if is_plain { "{wide_bar}" } else { "{wide_bar:.cyan/dim}" });
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("━╸─"));
        }
    }
}
