//! `vgae reproduce`: repeats a run and compares the results.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::Result;
use crate::reproduce::{self, Compared, MovedInputs};
use serde::Serialize;
use vgae::write::Existing;

use super::progress::Reporter;
use super::stdout;

/// Repeat a run from its run.json and compare the results bit by bit
///
/// Uses the same settings, seed and split as the run; the number of threads may differ. The inputs must have
/// the SHA-256 that the run recorded. The printed table shows for each file whether it is the same and, if
/// not, the first difference and how large the differences are. The exit code is 0 if all files are the same,
/// and 1 otherwise.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directory
    run: PathBuf,
    /// Path of DATA of `vgae train`, if it has moved or came from stdin
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    /// Path of the file of `vgae train --features`, if it has moved or came from stdin
    #[arg(long, value_name = "FILE")]
    features: Option<PathBuf>,
    /// Keep the repeated run in this directory
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Replace the output directory if it is a run
    #[arg(long)]
    force: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, reporter: &Reporter) -> Result<()> {
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let moved_inputs = MovedInputs { data: args.data.clone(), features: args.features.clone() };
    let record = reproduce::check(&args.run, &moved_inputs)?;
    let temporary =
        tempfile::tempdir().map_err(|source| vgae::Error::io("create", &std::env::temp_dir(), source))?;
    let again = args.output.clone().unwrap_or_else(|| temporary.path().join("run"));
    let progress = reporter.epochs(record.config.model.model);
    reproduce::repeat(&args.run, &record, &moved_inputs, &again, existing, &progress, |epoch| {
        progress.show(epoch)
    })?;
    drop(progress);
    let files = reproduce::compare(&args.run, &again)?;
    let is_same = files.iter().all(|file| file.difference.is_none());
    let reasons = if is_same { Vec::new() } else { reproduce::reasons(&record, &again)? };
    stdout::print(|output| match args.json {
        true => stdout::write_json(output, &Outcome { is_same, files: &files, reasons: &reasons }),
        false => write(output, &files),
    })?;
    reproduce::verdict(&args.run, &files, &reasons)?;
    reporter.info(format!("{}: the repeated run is bit-identical", args.run.display()));
    Ok(())
}

/// The output of `--json`.
#[derive(Serialize)]
struct Outcome<'a> {
    is_same: bool,
    files: &'a [Compared],
    reasons: &'a [String],
}

fn write(output: &mut impl Write, files: &[Compared]) -> io::Result<()> {
    let width = files.iter().map(|file| file.file.len()).max().unwrap_or(0);
    files.iter().try_for_each(|Compared { file, difference }| match difference {
        None => writeln!(output, "{file:<width$}  same"),
        Some(difference) => writeln!(output, "{file:<width$}  different: {difference}"),
    })
}
