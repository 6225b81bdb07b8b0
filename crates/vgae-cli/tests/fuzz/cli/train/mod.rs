//! The target of `--config` files. Their reader is private to the program and is compiled in here.

use std::path::Path;

use clap::Command;
use vgae::config::Config;

use crate::read::refused;
use crate::target::{Files, Outcome, Verdict};

#[allow(dead_code)]
#[path = "../../../../src/cli/train/config_file.rs"]
mod config_file;

/// Reads a file of settings.
pub fn config(directory: &Path, files: &Files) -> Verdict {
    let mut command = <Config as clap::Args>::augment_args(
        Command::new("train").no_binary_name(true).arg(clap::Arg::new("data")),
    );
    command.build();
    let path = directory.join(files.keys().next().unwrap());
    let file = match config_file::ConfigFile::read(&path, &command) {
        Ok(file) => file,
        Err(error) => return refused(directory, &error),
    };
    let given = command.clone().try_get_matches_from([""; 0]).unwrap();
    match command.clone().try_get_matches_from(file.flags(&command, &given)) {
        Ok(_) => Ok(Outcome::Read),
        Err(error) => refused(directory, &file.usage_error(&error)),
    }
}
