//! Ensures that only one process at a time writes to a run directory.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process;

use crate::error::{Error, Result};
use crate::read::check_file;
use crate::system;

/// The lock file, which names the process that holds the lock.
pub(super) const LOCK: &str = ".lock";

/// A lock on a run directory. The system releases it when the process ends, for any reason.
pub(super) struct Lock {
    path: PathBuf,
    /// The open lock file, which is locked until it is closed.
    _file: File,
}

impl Lock {
    /// Locks the existing `directory`.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process holds the lock; [`Error::Foreign`] or [`Error::Io`] if the lock
    /// file cannot be opened.
    pub(super) fn acquire(directory: &Path) -> Result<Lock> {
        Self::take(directory, |file| match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            // Some network file systems have no locks; the run continues without one.
            Err(TryLockError::Error(source)) if source.kind() == ErrorKind::Unsupported => Ok(true),
            Err(TryLockError::Error(source)) => Err(source),
        })
    }

    /// Waits until no other process holds the lock, and locks `directory`.
    ///
    /// # Errors
    /// [`Error::Foreign`] or [`Error::Io`] if the lock file cannot be opened.
    pub(super) fn wait(directory: &Path) -> Result<Lock> {
        Self::take(directory, |file| file.lock().map(|()| true))
    }

    /// Fails if another process holds the lock of `directory`, without taking the lock.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process holds the lock; [`Error::Foreign`] if the lock file is not a
    /// file.
    pub(super) fn check(directory: &Path) -> Result<()> {
        let path = directory.join(LOCK);
        check_file(&path)?;
        match File::open(&path) {
            Ok(file) if matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) => {
                Err(locked(directory, file))
            }
            // A lock file that is missing or cannot be opened is reported by `acquire`, if at all.
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
            // The previous holder may have removed the file in the meantime; other processes would then lock
            // a new one.
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
        // A lock file that is left behind is not locked.
        let _ = fs::remove_file(&self.path);
    }
}

/// Returns the name of this process, such as `process 1234 on host`.
fn this_process() -> String {
    match system::host_name().as_str() {
        "" => format!("process {}", process::id()),
        host => format!("process {} on {host}", process::id()),
    }
}

fn locked(directory: &Path, file: File) -> Error {
    let mut holder = String::new();
    // The file is empty if the holder has not written its name yet.
    let _ = file.take(256).read_to_string(&mut holder);
    let holder = if holder.is_empty() { "another process".into() } else { holder };
    Error::Locked { path: directory.to_path_buf(), holder }
}
