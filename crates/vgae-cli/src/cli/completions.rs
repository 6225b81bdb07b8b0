//! `vgae completions`: what a shell needs to complete the command line.

use std::io::Write;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use vgae::write::{Existing, Output};
use vgae::{Error, Result};

use super::Cli;

/// Print completions for a shell
///
/// For bash, for example: vgae completions bash > ~/.local/share/bash-completion/completions/vgae
#[derive(clap::Args)]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "vgae", &mut script);
    write(&script)
}

/// Writes all of `bytes` to stdout.
pub(super) fn write(bytes: &[u8]) -> Result<()> {
    let mut output = Output::create(Path::new("-"), Existing::Keep)?;
    let error = |source| Error::Io { action: "write", path: "-".into(), source };
    output.write_all(bytes).map_err(error)?;
    output.finish()
}
