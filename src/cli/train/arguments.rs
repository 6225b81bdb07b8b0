//! What the command line and a `--config` file say together.

use std::ffi::OsString;
use std::path::Path;

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
            ("DATA", Some(self.data.as_path())),
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
pub(in crate::cli) fn parse(arguments: &[OsString]) -> Result<(Config, Vec<String>)> {
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
