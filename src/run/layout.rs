//! Lists, hashes, replaces and removes the files of a run directory.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::read::{check_directory, check_file};
use crate::run::files;
use crate::run::lock::Lock;
use crate::run::record::{Record, Status, read_only_record};
use crate::split::by_link::{PARTS, own_file};
use crate::split::files::paths;
use crate::write::output::PARTIAL;

/// The names of the features, if they have any.
pub(super) const FEATURE_NAMES: &str = "feature_names.csv";

/// The feature matrix X.
pub(super) const FEATURES: &str = "features.safetensors";

/// The weights of the trained model.
pub(super) const WEIGHTS: &str = "weights.safetensors";

/// The state of an unfinished training.
pub(super) const CHECKPOINT: &str = "checkpoint.safetensors";

/// The subdirectory of a new run that will replace the run around it.
pub(super) const REPLACEMENT: &str = ".replacement";

/// The name of that subdirectory once the new run is finished and its files are moved over the old ones.
const MOVING: &str = ".replacing";

/// The report, a page for reading that no command reads back.
pub const REPORT: &str = "report.html";

const FILES: [&str; 11] = [
    REPORT,
    "metrics.json",
    "history.csv",
    "embeddings.csv",
    "nodes.csv",
    "rows.csv",
    FEATURE_NAMES,
    FEATURES,
    WEIGHTS,
    CHECKPOINT,
    "run.json",
];

/// Returns the files of the graph and its split, from which training can start.
pub(super) fn files_of_graph(path: &Path, has_features: bool) -> Vec<PathBuf> {
    let mut files = vec![path.join("nodes.csv")];
    if has_features {
        files.push(path.join(FEATURES));
    }
    files.extend(Some(path.join(FEATURE_NAMES)).filter(|file| file.exists()));
    files.extend(paths(&path.join("split")));
    files.extend(files_by_link(path).filter(|file| file.exists()));
    files
}

/// Returns the files with negatives of each link, which most runs do not have.
fn files_by_link(path: &Path) -> impl Iterator<Item = PathBuf> {
    PARTS.into_iter().map(move |part| own_file(&path.join("split"), part))
}

/// Returns the SHA-256 of `files`, by their names in the run directory at `path`.
pub(super) fn hashes(path: &Path, files: &[PathBuf]) -> Result<BTreeMap<String, String>> {
    let name = |file: &Path| file.strip_prefix(path).unwrap_or(file).display().to_string();
    files.iter().map(|file| Ok((name(file), files::sha256(file)?))).collect()
}

/// Returns all files that a run directory at `path` may contain, `run.json` last.
pub(super) fn files_of(path: &Path) -> Vec<PathBuf> {
    let mut files = paths(&path.join("split")).to_vec();
    files.extend(files_by_link(path));
    files.extend(FILES.iter().map(|file| path.join(file)));
    files
}

/// Reads and checks the `run.json` of the run directory at `path`. Of the other files it only checks that they are
/// regular files. A replacement that was interrupted is completed first.
///
/// # Errors
/// [`Error::Foreign`] if something in the directory is a link, a pipe or a device: every reader of a run begins here.
/// [`Error::Run`] if `path` is not a run directory, or has another version of the format.
pub fn read_record(path: &Path) -> Result<Record> {
    if path.join("run.json").symlink_metadata().is_ok() {
        check_own(path)?;
        if is_unsettled(path) {
            let _lock = Lock::wait(path)?;
            settle(path)?;
        }
    }
    read_only_record(path)
}

/// Fails if a file or directory of the run directory at `path` is something else, such as a link. Everything
/// that is read, written or removed by name after this is inside the directory. The directory itself may be a
/// link.
///
/// # Errors
/// [`Error::Foreign`] for the first such entry.
fn check_own(path: &Path) -> Result<()> {
    for directory in [path.to_path_buf(), path.join(REPLACEMENT), path.join(MOVING)] {
        check_directory(&directory.join("split"))?;
        if directory != path {
            check_directory(&directory)?;
        }
    }
    files_of(path).iter().try_for_each(|file| check_file(file))
}

/// Returns `true` if a finished run is replacing the one at `path`, or was when the process was killed.
fn is_unsettled(path: &Path) -> bool {
    path.join(MOVING).exists() || is_complete(&path.join(REPLACEMENT))
}

fn is_complete(path: &Path) -> bool {
    read_only_record(path).is_ok_and(|record| record.status == Status::Complete)
}

/// Replaces the run at `path`, which is locked, with its finished replacement. Every step can be interrupted
/// and repeated: first the files that the new run lacks are removed, then the replacement is renamed, then
/// its files move.
pub(super) fn settle(path: &Path) -> Result<()> {
    let (work, moving) = (path.join(REPLACEMENT), path.join(MOVING));
    if !moving.exists() {
        if !is_complete(&work) {
            return Ok(());
        }
        for (new, old) in files_of(&work).iter().zip(files_of(path)) {
            if !new.exists() {
                remove(&old)?;
            }
        }
        fs::rename(&work, &moving).map_err(|source| Error::io("write", &moving, source))?;
    }
    for (new, old) in files_of(&moving).iter().zip(files_of(path)) {
        if new.exists() {
            fs::rename(new, &old).map_err(|source| Error::io("write", &old, source))?;
        }
    }
    sync_directory(path)?;
    remove_files(&moving)
}

/// Flushes the files of the run directory at `path` to disk, so that they survive a power failure.
pub(super) fn sync(path: &Path) -> Result<()> {
    for file in files_of(path) {
        match File::open(&file) {
            Ok(open) => open.sync_all().map_err(|source| Error::io("write", &file, source))?,
            Err(source) if source.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(Error::io("read", &file, source)),
        }
    }
    sync_directory(&path.join("split"))?;
    sync_directory(path)
}

/// Flushes the names in a directory to disk.
pub(super) fn sync_directory(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(|source| Error::io("write", path, source))
}

/// Removes the partially written files of a process that was killed.
pub(super) fn remove_partial_files(path: &Path) {
    for directory in [path.to_path_buf(), path.join("split")] {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
                // A file that cannot be removed does no harm.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn remove(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", file, source)),
        _ => Ok(()),
    }
}

/// Removes the files of a run directory, and the directory itself if nothing else is in it.
pub(super) fn remove_files(path: &Path) -> Result<()> {
    files_of(path).iter().try_for_each(|file| remove(file))?;
    remove_partial_files(path);
    // A directory with other contents stays, which is not an error.
    let _ = fs::remove_dir(path.join("split"));
    let _ = fs::remove_dir(path);
    Ok(())
}
