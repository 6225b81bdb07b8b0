//! What a run directory may be made of: files and directories of its own. A run may come from a stranger, and a link in
//! it would have other files read, overwritten or removed; a pipe or a device in it would keep a reader waiting for ever.

use std::fs::FileType;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::error::{Error, Result};

/// Refuses what is at `path` if it is anything but a file; that there is nothing is no error here.
///
/// # Errors
/// [`Error::Foreign`].
pub(crate) fn check_file(path: &Path) -> Result<()> {
    check(path, "file", FileType::is_file)
}

/// Refuses what is at `path` if it is anything but a directory; that there is nothing is no error here.
///
/// # Errors
/// [`Error::Foreign`].
pub(crate) fn check_directory(path: &Path) -> Result<()> {
    check(path, "directory", FileType::is_dir)
}

fn check(path: &Path, expected: &'static str, is_expected: fn(&FileType) -> bool) -> Result<()> {
    // What cannot be looked at cannot be opened either, and says so then.
    let Ok(found) = path.symlink_metadata().map(|metadata| metadata.file_type()) else { return Ok(()) };
    match is_expected(&found) {
        true => Ok(()),
        false => {
            let problem = format!("is {}; expected a {expected}", describe(path, found));
            Err(Error::Foreign { path: path.to_path_buf(), problem })
        }
    }
}

fn describe(path: &Path, found: FileType) -> String {
    let is = match found {
        found if found.is_symlink() => {
            let target = path.read_link().map_or_else(|_| "?".into(), |target| target.display().to_string());
            return format!("a link to {target}");
        }
        found if found.is_dir() => "a directory",
        found if found.is_fifo() => "a named pipe",
        found if found.is_socket() => "a socket",
        found if found.is_block_device() || found.is_char_device() => "a device",
        _ => "a file",
    };
    is.into()
}
