//! Combines the command line with a `--config` file.

use std::ffi::OsString;
use std::path::Path;

use crate::{Error, Result};
use clap::parser::ValueSource;
use clap::{Command, CommandFactory, FromArgMatches};
use vgae::config::{Config, FeatureSource};
use vgae::train;

use super::Args;
use super::config_file::{ConfigFile, one_line};
use crate::cli::{Cli, renamed_flags};

/// Returns the arguments of this process, completed with the settings in `file`.
pub(super) fn with_config_file(file: &Path) -> Result<Args> {
    let mut program = Cli::command();
    // This adds the global flags to the verb.
    program.build();
    let command = program.find_subcommand("train").cloned().unwrap_or_else(command);
    let words: Vec<OsString> =
        std::env::args_os().skip(1).skip_while(|word| word != "train").skip(1).collect();
    complete(command, &words, file).map(|(args, _)| args)
}

/// The settings that can be changed when a run is resumed.
const CHANGEABLE: [&str; 2] = ["learning_rate", "checkpoint_every"];

/// Returns an error if a setting that cannot be changed is given with `--resume`.
pub(super) fn check_resumed() -> Result<()> {
    let mut program = Cli::command();
    program.build();
    let given = program.try_get_matches_from(std::env::args_os());
    let Some(given) = given.as_ref().ok().and_then(|given| given.subcommand_matches("train")) else {
        return Ok(());
    };
    let settings = <Config as clap::Args>::augment_args(Command::new("train"));
    for setting in settings.get_arguments() {
        let id = setting.get_id().as_str();
        let is_given = given.value_source(id) == Some(ValueSource::CommandLine);
        if is_given && !CHANGEABLE.contains(&id) {
            return Err(Error::Usage(format!(
                "--{} cannot be changed: --resume continues with the settings of the run; only \
                 --learning-rate and --checkpoint-every may differ",
                setting.get_long().unwrap_or(id)
            )));
        }
    }
    Ok(())
}

fn command() -> Command {
    <Args as clap::Args>::augment_args(Command::new("train"))
}

impl Args {
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

/// Parses `words`, the arguments after the verb, together with the settings in `file`. Returns the arguments
/// and the flags that came from the file.
fn complete(command: Command, words: &[OsString], file: &Path) -> Result<(Args, Vec<String>)> {
    let mut command = command.no_binary_name(true);
    command.build();
    let usage_error = |error: clap::Error| Error::Usage(one_line(&error));
    let given = command.clone().try_get_matches_from(words).map_err(usage_error)?;
    let file = ConfigFile::read(file, &command)?;
    let flags = file.flags(&command, &given);
    let all = flags.iter().map(OsString::from).chain(words.iter().cloned());
    let matches = command.try_get_matches_from(all).map_err(|error| file.usage_error(&error))?;
    let args = Args::from_arg_matches(&matches).map_err(usage_error)?;
    args.config.validate().map_err(|error| file.explain(error.into()))?;
    Ok((args, flags))
}

/// Parses arguments of the program that start with `train`. Returns the settings and the flags that came from
/// a `--config` file.
///
/// # Errors
/// [`vgae::Error::Config`] with a one-line message if the arguments or the file are invalid; [`vgae::Error::Io`] if the
/// file cannot be read.
pub(crate) fn parse(arguments: &[OsString]) -> Result<(Config, Vec<String>)> {
    let command = command().no_binary_name(true);
    let words = &arguments[1..];
    let args = command.clone().try_get_matches_from(words).and_then(|given| Args::from_arg_matches(&given));
    let args = args.map_err(|error| {
        let first_line =
            |text: String| text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_string();
        Error::Usage(renamed_flags::explain("train", &error).unwrap_or_else(|| first_line(error.to_string())))
    })?;
    let (args, flags) = match &args.config_file {
        Some(file) => complete(command, words, file)?,
        None => (args, Vec::new()),
    };
    args.config.validate()?;
    Ok((args.config, flags))
}
