//! Checks that a run directory consists of its own files and directories only. A run may come from an
//! untrusted source: a link in it would cause files elsewhere to be read, overwritten or removed, and a pipe
//! or a device would block a reader for ever.

use std::fs::FileType;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::error::{Error, Result};

/// Fails if `path` is anything other than a file. A missing path is accepted.
///
/// # Errors
/// [`Error::Foreign`], which says what was found.
pub(crate) fn check_file(path: &Path) -> Result<()> {
    check(path, "file", FileType::is_file)
}

/// Fails if `path` is anything other than a directory. A missing path is accepted.
///
/// # Errors
/// [`Error::Foreign`], which says what was found.
pub(crate) fn check_directory(path: &Path) -> Result<()> {
    check(path, "directory", FileType::is_dir)
}

fn check(path: &Path, expected: &'static str, is_expected: fn(&FileType) -> bool) -> Result<()> {
    // A path without readable metadata cannot be opened either; opening it reports the error.
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
    let kind = match found {
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
    kind.into()
}
