//! Output on stderr: notes, and the progress of slow work as a bar or as plain lines.

mod epochs;
mod format;
mod stage;

use std::env;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use clap::ValueEnum;
use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use vgae::config::ModelKind;
use vgae::error::printable;

use crate::flags::in_flags;
use epochs::EpochProgress;
use stage::Stage;

/// The flags that control stderr.
#[derive(clap::Args)]
pub(super) struct OutputArgs {
    /// Print only errors to stderr
    #[arg(long, short, global = true)]
    quiet: bool,
    /// How to show the progress of slow work on stderr
    #[arg(long, global = true, value_enum, default_value_t, value_name = "STYLE")]
    progress: ProgressMode,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum ProgressMode {
    /// A bar if stderr is a terminal, otherwise plain lines
    #[default]
    Auto,
    /// A bar, even if stderr is not a terminal
    Bar,
    /// A line every five seconds
    Plain,
    /// No progress; notes are still printed
    None,
}

/// Prints to stderr, within the limits of [`OutputArgs`].
#[derive(Clone)]
pub(super) struct Reporter {
    verbosity: Verbosity,
    /// The bar, if one is drawn.
    bars: MultiProgress,
}

#[derive(Clone, Copy, PartialEq)]
enum Verbosity {
    Quiet,
    Notes,
    Lines,
    Bars,
}

/// The largest number of redraws per second.
const REDRAWS: u8 = 20;

impl Reporter {
    pub(super) fn new(args: &OutputArgs) -> Self {
        let verbosity = match args.progress {
            _ if args.quiet => Verbosity::Quiet,
            ProgressMode::None => Verbosity::Notes,
            ProgressMode::Bar => Verbosity::Bars,
            ProgressMode::Auto if io::stderr().is_terminal() && !console::is_dumb() => Verbosity::Bars,
            ProgressMode::Auto | ProgressMode::Plain => Verbosity::Lines,
        };
        let target = match verbosity {
            // By default, the library draws on terminals only.
            Verbosity::Bars => {
                ProgressDrawTarget::term_like_with_hz(Box::new(Term::buffered_stderr()), REDRAWS)
            }
            _ => ProgressDrawTarget::hidden(),
        };
        Reporter { verbosity, bars: MultiProgress::with_draw_target(target) }
    }

    /// Prints a line, made [`printable`].
    pub(super) fn info(&self, text: impl Display) {
        if self.verbosity != Verbosity::Quiet {
            let text = text.to_string();
            // If stderr is closed, the work goes on.
            self.bars.suspend(|| drop(writeln!(io::stderr(), "{}", printable(&text))));
        }
    }

    /// Prints a note: something to know about the input or the result.
    pub(super) fn note(&self, text: impl Display) {
        self.info(format_args!("note: {}", in_flags(&text.to_string())));
    }

    /// Prints a warning: something that probably needs attention.
    pub(super) fn warn(&self, text: impl Display) {
        self.info(format_args!("warning: {}", in_flags(&text.to_string())));
    }

    /// Shows the progress of the stage `name` until the result is dropped.
    pub(super) fn stage(&self, name: &str) -> Stage {
        Stage::start(name, self)
    }

    /// Like [`Reporter::stage`], for work that writes to `output` meanwhile. If `output` and stderr are both the
    /// terminal, the output shows the progress itself, and no bar or line is added.
    pub(super) fn stage_beside(&self, output: &Path, name: &str) -> Stage {
        let is_on_terminal =
            output == Path::new("-") && io::stdout().is_terminal() && io::stderr().is_terminal();
        match is_on_terminal {
            true => Stage::start(name, &Reporter { verbosity: Verbosity::Notes, ..self.clone() }),
            false => self.stage(name),
        }
    }

    /// Shows the epochs of training `model` until the result is dropped.
    pub(super) fn epochs(&self, model: ModelKind) -> EpochProgress {
        EpochProgress::start(model, self)
    }

    /// Adds a bar in the style of `template`, which is cleared when it is dropped.
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
