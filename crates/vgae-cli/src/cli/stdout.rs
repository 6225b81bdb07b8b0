//! Prints results to stdout: text, tables, JSON and bytes.

use std::io::{self, Write};
use std::path::Path;

use crate::{Error, Result};
use serde::Serialize;
use vgae::write::{Existing, Output};

/// Prints what `fill` writes.
pub(super) fn print(fill: impl FnOnce(&mut Output) -> io::Result<()>) -> Result<()> {
    let mut output = Output::create(Path::new("-"), Existing::Keep)?;
    fill(&mut output).map_err(|source| write_error(&output, source))?;
    Ok(output.finish()?)
}

/// Prints `bytes`.
pub(super) fn print_bytes(bytes: &[u8]) -> Result<()> {
    print(|output| output.write_all(bytes))
}

/// Writes `value` as one JSON object on one line.
pub(super) fn write_json(output: &mut Output, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *output, value)?;
    writeln!(output)
}

/// Formats rows as columns that are as wide as their widest cell; the first two columns are left-aligned.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| match column {
            0 | 1 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ") + "\n"
    };
    rows.iter().map(line).collect()
}

/// Returns the error for a failed write to `output`.
pub(super) fn write_error(output: &Output, source: io::Error) -> Error {
    vgae::Error::Io { action: "write", path: output.path().to_path_buf(), source }.into()
}
