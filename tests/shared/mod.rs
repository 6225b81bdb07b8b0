//! Files and graphs that the library's tests and the program's tests both use. Each test program includes this module.

#![allow(dead_code)]

pub mod edge_cases;
pub mod thread_data;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Returns the path of a file or directory of the repository. The root module of each test program defines `REPOSITORY`.
pub fn repository(path: &str) -> PathBuf {
    Path::new(crate::REPOSITORY).join(path)
}

/// Returns the path of the karate club: 34 nodes, 78 edges, with labels and without features.
pub fn karate() -> String {
    repository("datasets/karate").display().to_string()
}

/// A temporary directory of files, deleted at the end of the test.
pub struct Workspace {
    directory: tempfile::TempDir,
}

impl Workspace {
    pub fn new() -> Self {
        Workspace { directory: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file, and creates its directory if necessary.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    pub fn write_gz(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        self.write(name, gzip(bytes.as_ref()))
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    pub fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Returns the edges of a ring of `n` nodes called a0, a1, … in which each node is also joined to the third next: 2n edges.
pub fn ring(n: usize) -> Vec<(String, String)> {
    let node = |at: usize| format!("a{}", at % n);
    (0..n).flat_map(|at| [(node(at), node(at + 1)), (node(at), node(at + 3))]).collect()
}

/// Returns one row per pair, with `separator` between source and target.
pub fn rows(pairs: &[(String, String)], separator: &str) -> String {
    pairs.iter().map(|(u, v)| format!("{u}{separator}{v}\n")).collect()
}
