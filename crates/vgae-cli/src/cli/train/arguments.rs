//! Combines the command line with a `--config` file.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::settings_file::SettingsFile;
use crate::{Error, Result};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args as _, Command, FromArgMatches};
use vgae::config::{Config, FeatureSource};
use vgae::train;

use super::Args;
use crate::renamed_flags;

/// The settings that can be changed when a run is resumed.
const CHANGEABLE: [&str; 2] = ["learning_rate", "checkpoint_every"];

/// Returns an error if a setting that cannot be changed is given with `--resume`.
pub(super) fn check_resumed(given: &ArgMatches) -> Result<()> {
    let settings = Config::augment_args(Command::new("train"));
    let fixed = settings
        .get_arguments()
        .find(|setting| is_given(given, setting) && !CHANGEABLE.contains(&setting.get_id().as_str()));
    match fixed.and_then(Arg::get_long) {
        None => Ok(()),
        Some(flag) => Err(Error::Usage(format!(
            "--{flag} cannot be changed: --resume continues with the settings of the run; only --learning-rate and \
             --checkpoint-every may differ"
        ))),
    }
}

/// Returns `true` if `argument` stands on the command line.
fn is_given(given: &ArgMatches, argument: &Arg) -> bool {
    given.value_source(argument.get_id().as_str()) == Some(ValueSource::CommandLine)
}

impl Args {
    /// Adds the settings of the `--config` file, if there is one, to those of the command line, `given`. A flag on the
    /// command line overrides the same key and every key that conflicts with it. Returns the settings that come from
    /// the file as flags.
    pub(super) fn add_settings_file(&mut self, given: &ArgMatches) -> Result<Vec<String>> {
        let Some(path) = &self.config_file else { return Ok(Vec::new()) };
        let file = SettingsFile::read(path)?;
        let command = Args::augment_args(Command::new("train"));
        let argument =
            |flag: &str| command.get_arguments().find(|argument| argument.get_long() == Some(flag));
        let excludes = |a: &Arg, b: &Arg| {
            let conflicts = |with: &Arg, other: &Arg| command.get_arg_conflicts_with(with).contains(&other);
            conflicts(a, b) || conflicts(b, a)
        };
        let given: Vec<&Arg> = command.get_arguments().filter(|argument| is_given(given, argument)).collect();
        let is_overridden = |flag: &str| {
            argument(flag).is_some_and(|own| given.iter().any(|given| *given == own || excludes(given, own)))
        };
        // `Config::validate` checks the other settings that exclude each other.
        let excluded_by_split = |flag: &str| match (argument("split"), argument(flag)) {
            (Some(split), Some(other)) => flag != "split" && excludes(split, other),
            _ => false,
        };
        let split = file.split().filter(|_| !is_overridden("split"));
        if let (Some(_), Some(flag)) =
            (&split, file.flags().find(|flag| !is_overridden(flag) && excluded_by_split(flag)))
        {
            return Err(file.explain(Error::Usage(format!("--split and --{flag} exclude each other"))));
        }
        self.config = file.lay_under(&self.config, is_overridden)?;
        self.split = split.or(self.split.take());
        self.config.validate().map_err(|error| file.explain(error.into()))?;
        Ok(file.words(is_overridden))
    }

    /// Checks everything that can be checked before reading the data.
    pub(super) fn check(&self) -> Result<()> {
        self.config.validate()?;
        train::check_device(&self.config)?;
        let dash = Path::new("-");
        let files = [
            ("DATA", self.data.as_deref()),
            ("--config", self.config_file.as_deref()),
            (
                "--features",
                match &self.config.read.features {
                    FeatureSource::File(file) => Some(file.as_path()),
                    _ => None,
                },
            ),
        ];
        let from_stdin: Vec<&str> =
            files.iter().filter(|(_, file)| *file == Some(dash)).map(|(name, _)| *name).collect();
        match from_stdin.as_slice() {
            [first, second, ..] => {
                Err(Error::Usage(format!("{first} and {second} are both -; stdin can be only one of them")))
            }
            _ => Ok(()),
        }
    }
}

/// The arguments of `vgae train`.
pub(crate) struct Parsed {
    pub(crate) config: Config,
    /// The directory of `--split`.
    pub(crate) split: Option<PathBuf>,
    /// The flags that stand in the file of `--config`.
    pub(crate) file_flags: Vec<String>,
}

/// Parses arguments of the program that start with `train`. Returns the settings and the flags that came from
/// a `--config` file.
///
/// # Errors
/// [`Error::Usage`] with a one-line message if the arguments or the file are invalid; [`vgae::Error::Io`] if the file
/// cannot be read.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Parsed> {
    let command = Args::augment_args(Command::new("train")).no_binary_name(true);
    let usage = |error: clap::Error| {
        let text = error.to_string();
        let first_line = || text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_string();
        Error::Usage(renamed_flags::explain("train", &error).unwrap_or_else(first_line))
    };
    let given = command.try_get_matches_from(&arguments[1..]).map_err(usage)?;
    let mut args = Args::from_arg_matches(&given).map_err(usage)?;
    let file_flags = args.add_settings_file(&given)?;
    args.config.validate()?;
    Ok(Parsed { config: args.config, split: args.split, file_flags })
}

/// Returns `words` without `--config FILE`.
pub(crate) fn without_config(words: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--config" => drop(words.next()),
            _ if word.starts_with("--config=") => {}
            _ => kept.push(word.clone()),
        }
    }
    kept
}
