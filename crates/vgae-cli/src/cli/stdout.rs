//! Figures on standard output.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use vgae::write::{Existing, Output};
use vgae::{Error, Result};

/// Prints what `fill` writes.
pub(super) fn print(fill: impl FnOnce(&mut Output) -> io::Result<()>) -> Result<()> {
    let mut output = Output::create(Path::new("-"), Existing::Keep)?;
    fill(&mut output).map_err(|source| error(&output, source))?;
    output.finish()
}

/// Writes `value` as one JSON object on a line.
pub(super) fn write_json(output: &mut Output, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *output, value)?;
    writeln!(output)
}

/// What it means that nothing could be written.
pub(super) fn error(output: &Output, source: io::Error) -> Error {
    Error::Io { action: "write", path: output.path().to_path_buf(), source }
}
