//! The real binary, in a directory that goes away after the test.

#![allow(dead_code)]

pub mod explorer;

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use assert_cmd::Command;

pub struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        Place { directory: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

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

    /// `vgae` with `arguments`, split at blanks, in this directory.
    pub fn vgae(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vgae"));
        command.current_dir(self.directory.path()).args(arguments.split_ascii_whitespace());
        command
    }

    /// The stdout of a `vgae` that must succeed.
    pub fn stdout(&self, arguments: &str) -> String {
        text(self.vgae(arguments).assert().success().get_output().stdout.clone())
    }

    /// The stderr of a `vgae` that must fail with the exit code `code`, leaving stdout empty.
    pub fn failure(&self, arguments: &str, code: i32) -> String {
        let assert = self.vgae(arguments).assert().code(code);
        let output = assert.get_output();
        assert_eq!(text(output.stdout.clone()), "", "{arguments}");
        text(output.stderr.clone())
    }

    /// Trains for a moment on the karate club into `run`.
    pub fn train_karate(&self, more: &str) -> &Self {
        self.stdout(&format!("train {} --output run --epochs 20 --quiet {more}", karate()));
        self
    }
}

/// `vgae` as if from a terminal: whoever runs the tests in the background of a script ignores SIGINT, and what it starts would.
pub fn heeding_signals() -> std::process::Command {
    let mut command = std::process::Command::new("env");
    command.args(["--default-signal=INT", env!("CARGO_BIN_EXE_vgae")]);
    command
}

pub fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn karate() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/datasets/karate")
}

/// A ring of `n` nodes called a0, a1, … with a chord from each to the third next: 2n edges.
pub fn ring(n: usize) -> Vec<(String, String)> {
    let node = |at: usize| format!("a{}", at % n);
    (0..n).flat_map(|at| [(node(at), node(at + 1)), (node(at), node(at + 3))]).collect()
}

/// Rows with `separator` between source and target.
pub fn rows(pairs: &[(String, String)], separator: &str) -> String {
    pairs.iter().map(|(u, v)| format!("{u}{separator}{v}\n")).collect()
}
