//! `vgae reproduce`: a run made again, and compared.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;
use vgae::write::Existing;
use vgae::{Error, Result};
use vgae_cli::reproduce::{self, Compared, Place};

use super::progress::Voice;
use super::stdout;

/// Make a run again from what its run.json records, and compare bit by bit
///
/// The inputs must be what they were, by their SHA-256. Settings, seed and split are the run's, the number of threads is
/// free. The table says of each file whether it came out the same, and if not, what differs first and by how much. The
/// exit code is 0 if all did, else 1.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directory
    run: PathBuf,
    /// Where the data is, if it has moved or came through stdin: DATA of `vgae train`
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    /// Where the file of --features is, if it has moved or came through stdin
    #[arg(long, value_name = "FILE")]
    features: Option<PathBuf>,
    /// Keep the second run as this directory
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Replace that directory if it is a run
    #[arg(long)]
    force: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, voice: &Voice) -> Result<()> {
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let place = Place { data: args.data.clone(), features: args.features.clone() };
    let record = reproduce::check(&args.run, &place)?;
    let temporary = tempfile::tempdir().map_err(|source| Error::Io {
        action: "create",
        path: std::env::temp_dir(),
        source,
    })?;
    let again = args.output.clone().unwrap_or_else(|| temporary.path().join("run"));
    let progress = voice.epochs(record.config.model.model);
    reproduce::make(&args.run, &record, &place, &again, existing, &progress.watch(), |epoch| {
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
    voice.say(format!("{}: the same to the bit", args.run.display()));
    Ok(())
}

/// What `--json` prints.
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
