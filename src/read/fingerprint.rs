//! The hash and the size of a file, computed while it is read, so that recording the input needs no second pass.

use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::graph::{InputFile, hex};

/// The hash of the bytes so far.
#[derive(Default)]
pub(super) struct Fingerprint {
    sha256: Sha256,
    num_bytes: u64,
}

impl Fingerprint {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.num_bytes += bytes.len() as u64;
    }

    pub(super) fn input(&self, path: &Path) -> InputFile {
        let sha256 = hex(&self.sha256.clone().finalize());
        InputFile { path: path.to_path_buf(), sha256, num_bytes: self.num_bytes }
    }
}

/// A counter of the bytes of a file, as stored on disk, read so far. It stays up to date.
#[derive(Clone)]
pub(super) struct BytesRead(Arc<Mutex<Fingerprint>>);

impl BytesRead {
    pub(super) fn of(fingerprint: Arc<Mutex<Fingerprint>>) -> Self {
        BytesRead(fingerprint)
    }

    /// Returns the count so far.
    pub(super) fn count(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).num_bytes
    }
}

/// Hashes what passes through.
pub(super) struct Hashing<R> {
    inner: R,
    fingerprint: Arc<Mutex<Fingerprint>>,
}

impl<R> Hashing<R> {
    pub(super) fn new(inner: R, fingerprint: Arc<Mutex<Fingerprint>>) -> Self {
        Hashing { inner, fingerprint }
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.fingerprint.lock().unwrap_or_else(PoisonError::into_inner).add(&buffer[..length]);
        Ok(length)
    }
}
