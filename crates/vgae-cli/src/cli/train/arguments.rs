//! What the command line and a `--config` file say together.

use std::ffi::OsString;
use std::path::Path;

use clap::parser::ValueSource;
use clap::{Command, CommandFactory, FromArgMatches};
use vgae::config::{Config, FeatureSource};
use vgae::{Error, Result, train};

use super::Args;
use super::config_file::{ConfigFile, plain};
use crate::cli::Cli;

/// The arguments of this process, and the settings of `file` that they leave open.
pub(super) fn of_process(file: &Path) -> Result<Args> {
    let mut program = Cli::command();
    // This gives the verb the flags that every verb has.
    program.build();
    let command = program.find_subcommand("train").cloned().unwrap_or_else(command);
    let words: Vec<OsString> =
        std::env::args_os().skip(1).skip_while(|word| word != "train").skip(1).collect();
    complete(command, &words, file).map(|(args, _)| args)
}

/// Settings that may differ from those of a run that is resumed.
const CHANGEABLE: [&str; 2] = ["learning_rate", "checkpoint_every"];

/// Refuses a setting beside `--resume` that is the run's own.
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
            return Err(Error::Config(format!(
                "--{} cannot be changed: --resume goes on with the settings of the run, but for --learning-rate and \
                 --checkpoint-every",
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
    /// What can be known before anything is read.
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
        let of_stdin: Vec<&str> =
            files.iter().filter(|(_, file)| *file == Some(dash)).map(|(name, _)| *name).collect();
        match of_stdin.as_slice() {
            [first, second, ..] => {
                Err(Error::Config(format!("{first} and {second} are both -; stdin can be only one of them")))
            }
            _ => Ok(()),
        }
    }
}

/// What `words` after the verb mean with the settings of `file`, which `command` defines; and the flags of the file that
/// they leave open.
fn complete(command: Command, words: &[OsString], file: &Path) -> Result<(Args, Vec<String>)> {
    let mut command = command.no_binary_name(true);
    command.build();
    let refused = |error: clap::Error| Error::Config(plain(&error));
    let given = command.clone().try_get_matches_from(words).map_err(refused)?;
    let file = ConfigFile::read(file, &command)?;
    let flags = file.flags(&command, &given);
    let all = flags.iter().map(OsString::from).chain(words.iter().cloned());
    let matches = command.try_get_matches_from(all).map_err(|error| file.refused(&error))?;
    let args = Args::from_arg_matches(&matches).map_err(refused)?;
    args.config.validate().map_err(|error| file.explain(error))?;
    Ok((args, flags))
}

/// The settings that these arguments of the program mean, `train` first, and the flags that are in a `--config` file.
///
/// # Errors
/// What is wrong with them; of the arguments, in a line.
pub(crate) fn parse(arguments: &[OsString]) -> Result<(Config, Vec<String>)> {
    let command = command().no_binary_name(true);
    let words = &arguments[1..];
    let args = command.clone().try_get_matches_from(words).and_then(|given| Args::from_arg_matches(&given));
    let args = args.map_err(|error| {
        let text = error.to_string();
        Error::Config(text.lines().next().unwrap_or_default().trim_start_matches("error: ").into())
    })?;
    let (args, flags) = match &args.config_file {
        Some(file) => complete(command, words, file)?,
        None => (args, Vec::new()),
    };
    args.config.validate()?;
    Ok((args.config, flags))
}
