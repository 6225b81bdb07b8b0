//! The bytes of a file, or of stdin, as they are stored: counted and hashed while they are read, but not
//! unpacked.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::graph::{InputFile, hex};
use crate::progress::Progress;

/// A file or stdin, read from beginning to end. Hashing the bytes as they pass saves a second pass over the
/// file.
pub(super) struct RawFile {
    bytes: Box<dyn Read + Send>,
    progress: Progress,
    fingerprint: Fingerprint,
}

/// The hash and the number of the bytes read so far. All clones share one state, which stays up to date.
#[derive(Clone, Default)]
pub(super) struct Fingerprint {
    shared: Arc<Mutex<Hash>>,
}

#[derive(Default)]
struct Hash {
    sha256: Sha256,
    num_bytes: u64,
}

impl RawFile {
    /// Opens `path`, or stdin for `-`, and begins a stage of `progress` that counts its bytes.
    pub(super) fn open(path: &Path, progress: &Progress) -> Result<Self> {
        if path == Path::new("-") {
            progress.begin_counted("reading stdin", "bytes", None);
            return Ok(RawFile::new(io::stdin(), progress));
        }
        if path.is_dir() {
            let problem = "is a directory; expected a file".to_string();
            return Err(Error::Input { path: path.to_path_buf(), problem });
        }
        let file = File::open(path).map_err(|error| Error::io("read", path, error))?;
        // The size of a pipe is unknown.
        let num_bytes =
            file.metadata().ok().filter(|metadata| metadata.is_file()).map(|metadata| metadata.len());
        let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
        progress.begin_counted(format!("reading {name}"), "bytes", num_bytes);
        Ok(RawFile::new(file, progress))
    }

    fn new(bytes: impl Read + Send + 'static, progress: &Progress) -> Self {
        RawFile { bytes: Box::new(bytes), progress: progress.clone(), fingerprint: Fingerprint::default() }
    }

    /// Returns the fingerprint of the bytes read so far, which stays up to date.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.fingerprint.clone()
    }
}

impl Read for RawFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.bytes.read(buffer)?;
        self.progress.add(length as u64);
        self.fingerprint.add(&buffer[..length]);
        Ok(length)
    }
}

impl Fingerprint {
    /// Returns the number of bytes read so far.
    pub(super) fn num_bytes(&self) -> u64 {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).num_bytes
    }

    /// Returns the description of the file at `path`, after all its bytes were read.
    pub(super) fn input_file(&self, path: &Path) -> InputFile {
        let hash = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let sha256 = hex(&hash.sha256.clone().finalize());
        InputFile { path: path.to_path_buf(), sha256, num_bytes: hash.num_bytes }
    }

    fn add(&self, bytes: &[u8]) {
        let mut hash = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        hash.sha256.update(bytes);
        hash.num_bytes += bytes.len() as u64;
    }
}

/// Reads all bytes of `path`, or of stdin for `-`, without unpacking them.
pub(super) fn read_whole(path: &Path, progress: &Progress) -> Result<(Vec<u8>, InputFile)> {
    let mut file = RawFile::open(path, progress)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|error| Error::io("read", path, error))?;
    Ok((bytes, file.fingerprint.input_file(path)))
}
