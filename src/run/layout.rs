//! Which files a run directory consists of, and how they are hashed, replaced and removed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::run::{files, own, split_files};

/// The names of the features, where they have any.
pub(super) const FEATURE_NAMES: &str = "feature_names.csv";

/// Where, in a run directory, the run that is to replace it is made.
pub(super) const REPLACEMENT: &str = ".replacement";

/// The page to look at, which nothing is read back from.
pub const REPORT: &str = "report.html";

const FILES: [&str; 10] = [
    REPORT,
    "metrics.json",
    "history.csv",
    "embeddings.csv",
    "nodes.csv",
    "rows.csv",
    FEATURE_NAMES,
    "features.safetensors",
    "weights.safetensors",
    "run.json",
];

/// The SHA-256 of the files that [`Run::open`] reads, `run.json` apart.
pub(super) fn hashes(path: &Path, has_features: bool) -> Result<BTreeMap<String, String>> {
    let mut files = vec![path.join("nodes.csv"), path.join("weights.safetensors")];
    if has_features {
        files.push(path.join("features.safetensors"));
    }
    files.extend(Some(path.join(FEATURE_NAMES)).filter(|file| file.exists()));
    files.extend(split_files::paths(&path.join("split")));
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
    let replacement = path.join(REPLACEMENT);
    for directory in [path.join("split"), replacement.join("split"), replacement] {
        own::check_directory(&directory)?;
    }
    files_of(path).iter().try_for_each(|file| own::check_file(file))
}

/// Moves the run at `work` over the one at `path`. `run.json`, which holds the others' hashes, goes last: if this
/// is cut off in between, the run is known to be damaged.
pub(super) fn replace_files(work: &Path, path: &Path) -> Result<()> {
    for (new, old) in files_of(work).iter().zip(files_of(path)) {
        let result = if new.exists() { fs::rename(new, &old) } else { fs::remove_file(&old) };
        match result {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("write", &old, source));
            }
            _ => {}
        }
    }
    remove_files(work)
}

/// Takes away what a run directory is made of, and the directory if nothing else is in it.
pub(super) fn remove_files(path: &Path) -> Result<()> {
    let split = path.join("split");
    for file in files_of(path) {
        match fs::remove_file(&file) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("remove", &file, source));
            }
            _ => {}
        }
    }
    // A directory that holds something else stays, which is no error.
    let _ = fs::remove_dir(&split);
    let _ = fs::remove_dir(path);
    Ok(())
}
