//! Runs the `vgae` program in a temporary directory.

pub mod explorer;

use assert_cmd::Command;

pub use crate::shared::{Workspace, edge_cases, gzip, karate, repository, ring, rows, thread_data};

/// `true` if the program under test is built with libtorch, which GPUs need.
///
/// libtorch takes 0.15 s of each start of the program, so the tests run far sooner without it.
pub const HAS_TORCH: bool = cfg!(feature = "torch");

/// The path of the program under test.
pub const VGAE: &str = env!("CARGO_BIN_EXE_vgae");

impl Workspace {
    /// Returns a command that runs `vgae` in this directory with `arguments`, which are separated by white space.
    pub fn vgae(&self, arguments: &str) -> Command {
        let mut command = Command::new(VGAE);
        command.current_dir(self.path("")).args(arguments.split_ascii_whitespace());
        command
    }

    /// Runs `vgae`, which must succeed, and returns its stdout.
    pub fn stdout(&self, arguments: &str) -> String {
        text(self.vgae(arguments).assert().success().get_output().stdout.clone())
    }

    /// Runs `vgae`, which must fail with the exit code `code` and print nothing to stdout, and returns its stderr.
    pub fn failure(&self, arguments: &str, code: i32) -> String {
        let assert = self.vgae(arguments).assert().code(code);
        let output = assert.get_output();
        assert_eq!(text(output.stdout.clone()), "", "{arguments}");
        text(output.stderr.clone())
    }

    /// Trains on the karate club for 20 epochs into `run`.
    pub fn train_karate(&self, more: &str) -> &Self {
        self.stdout(&format!("train {} --output run --epochs 20 --quiet {more}", karate()));
        self
    }
}

/// Returns a command that runs `vgae` with the default handling of SIGINT. A shell that runs the tests in the background
/// ignores SIGINT, and its children inherit that.
pub fn vgae_with_default_signals() -> std::process::Command {
    let mut command = std::process::Command::new("env");
    command.args(["--default-signal=INT", VGAE]);
    command
}

pub fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}
