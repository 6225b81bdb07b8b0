//! Which files a run directory consists of, and how they are hashed, replaced and removed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::run::record::{self, Status};
use crate::run::{files, own, split_files};
use crate::write::output::PARTIAL;

/// The names of the features, where they have any.
pub(super) const FEATURE_NAMES: &str = "feature_names.csv";

/// X.
pub(super) const FEATURES: &str = "features.safetensors";

/// The weights of the trained model.
pub(super) const WEIGHTS: &str = "weights.safetensors";

/// Where training stands.
pub(super) const CHECKPOINT: &str = "checkpoint.safetensors";

/// Where, in a run directory, the run that is to replace it is made.
pub(super) const REPLACEMENT: &str = ".replacement";

/// The same, when all that is left to do is to move its files over those of the run that it replaces.
const MOVING: &str = ".replacing";

/// The page to look at, which nothing is read back from.
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

/// The files of the graph and its split, from which training can begin.
pub(super) fn files_of_graph(path: &Path, has_features: bool) -> Vec<PathBuf> {
    let mut files = vec![path.join("nodes.csv")];
    if has_features {
        files.push(path.join(FEATURES));
    }
    files.extend(Some(path.join(FEATURE_NAMES)).filter(|file| file.exists()));
    files.extend(split_files::paths(&path.join("split")));
    files
}

/// The SHA-256 of `files`, by their names in the run directory at `path`.
pub(super) fn hashes(path: &Path, files: &[PathBuf]) -> Result<BTreeMap<String, String>> {
    let name = |file: &Path| file.strip_prefix(path).unwrap_or(file).display().to_string();
    files.iter().map(|file| Ok((name(file), files::sha256(file)?))).collect()
}

/// The files that a run directory at `path` may hold, `run.json` last.
pub(super) fn files_of(path: &Path) -> Vec<PathBuf> {
    let mut files = split_files::paths(&path.join("split")).to_vec();
    files.extend(FILES.iter().map(|file| path.join(file)));
    files
}

/// Refuses the run directory at `path` if a file or directory that it may hold is something else, such as a link, so that
/// what is read, written or removed by its name from here on is in it. The directory itself may be reached by a link.
///
/// # Errors
/// [`Error::Foreign`].
pub(super) fn check_own(path: &Path) -> Result<()> {
    for directory in [path.to_path_buf(), path.join(REPLACEMENT), path.join(MOVING)] {
        own::check_directory(&directory.join("split"))?;
        if directory != path {
            own::check_directory(&directory)?;
        }
    }
    files_of(path).iter().try_for_each(|file| own::check_file(file))
}

/// Whether the run directory at `path` is being replaced by a finished run, or was when that was cut off.
pub(super) fn is_unsettled(path: &Path) -> bool {
    path.join(MOVING).exists() || is_complete(&path.join(REPLACEMENT))
}

fn is_complete(path: &Path) -> bool {
    record::read_record(path).is_ok_and(|record| record.status == Status::Complete)
}

/// Puts a finished replacement in the place of the run at `path`, which is locked. Each step can be cut off and taken again:
/// first what the new run lacks is removed, then the replacement has another name, under which its files only move.
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

/// Waits until the files of the run directory at `path` are where a power cut leaves them.
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

/// The same of the names in a directory.
pub(super) fn sync_directory(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(|source| Error::io("write", path, source))
}

/// Takes away what a process that was cut off had not yet written whole.
pub(super) fn remove_partial_files(path: &Path) {
    for directory in [path.to_path_buf(), path.join("split")] {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
                // It is in nobody's way.
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

/// Takes away what a run directory is made of, and the directory if nothing else is in it.
pub(super) fn remove_files(path: &Path) -> Result<()> {
    files_of(path).iter().try_for_each(|file| remove(file))?;
    remove_partial_files(path);
    // A directory that holds something else stays, which is no error.
    let _ = fs::remove_dir(path.join("split"));
    let _ = fs::remove_dir(path);
    Ok(())
}
