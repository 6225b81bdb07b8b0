//! Settings files.

use std::path::Path;

use vgae::config::Config;
use vgae_cli::settings_file::SettingsFile;

use crate::read::refused;
use crate::target::{Files, Outcome, Verdict};

/// Reads the settings in the one file.
pub fn settings(directory: &Path, files: &Files) -> Verdict {
    let path = directory.join(files.keys().next().unwrap());
    let read = SettingsFile::read(&path);
    match read.and_then(|file| file.lay_under(&Config::default(), |_| false)) {
        Ok(_) => Ok(Outcome::Read),
        Err(error) => refused(directory, &error),
    }
}
