//! One process at a time writes to a run directory.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process;

use crate::error::{Error, Result};
use crate::read::check_file;
use crate::system;

/// The file that is locked. It tells who did so.
pub(super) const LOCK: &str = ".lock";

/// A run directory that this process alone writes to. The system lets go of it however the process ends.
pub(super) struct Lock {
    path: PathBuf,
    /// Locked as long as it is open.
    _file: File,
}

impl Lock {
    /// Of `directory`, which is there.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process has it.
    pub(super) fn acquire(directory: &Path) -> Result<Lock> {
        Self::take(directory, |file| match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            // Some network file systems have no locks; there is no sense in refusing to work on them.
            Err(TryLockError::Error(source)) if source.kind() == ErrorKind::Unsupported => Ok(true),
            Err(TryLockError::Error(source)) => Err(source),
        })
    }

    /// As [`Lock::acquire`], when whoever has it is done.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn wait(directory: &Path) -> Result<Lock> {
        Self::take(directory, |file| file.lock().map(|()| true))
    }

    /// Fails if another process has `directory`, and does not keep it.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub(super) fn check(directory: &Path) -> Result<()> {
        let path = directory.join(LOCK);
        check_file(&path)?;
        match File::open(&path) {
            Ok(file) if matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) => {
                Err(locked(directory, file))
            }
            // What cannot be opened is found out by who wants to write.
            _ => Ok(()),
        }
    }

    fn take(directory: &Path, lock: impl Fn(&File) -> std::io::Result<bool>) -> Result<Lock> {
        let path = directory.join(LOCK);
        let error = |source: std::io::Error| Error::io("lock", &path, source);
        loop {
            check_file(&path)?;
            let mut options = File::options();
            let mut file =
                options.create(true).truncate(false).read(true).write(true).open(&path).map_err(error)?;
            if !lock(&file).map_err(error)? {
                return Err(locked(directory, file));
            }
            // Whoever had it may have taken the file away meanwhile, and others would lock another one.
            let inode = file.metadata().map_err(error)?.ino();
            if !fs::metadata(&path).is_ok_and(|now| now.ino() == inode) {
                continue;
            }
            file.set_len(0).and_then(|()| file.write_all(this_process().as_bytes())).map_err(error)?;
            return Ok(Lock { path, _file: file });
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A lock that stays is one of nobody.
        let _ = fs::remove_file(&self.path);
    }
}

/// As in `process 1234 on host`.
fn this_process() -> String {
    match system::host_name().as_str() {
        "" => format!("process {}", process::id()),
        host => format!("process {} on {host}", process::id()),
    }
}

fn locked(directory: &Path, file: File) -> Error {
    let mut holder = String::new();
    // It may be about to say who it is.
    let _ = file.take(256).read_to_string(&mut holder);
    let holder = if holder.is_empty() { "another process".into() } else { holder };
    Error::Locked { path: directory.to_path_buf(), holder }
}
