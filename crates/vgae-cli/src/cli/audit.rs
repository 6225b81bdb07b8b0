//! `vgae audit`: leaks in a run, a split or files of pairs.

use std::path::{Path, PathBuf};

use vgae::audit::{Audit, Direction, Report};
use vgae::config::{FeatureSource, ReadConfig};
use vgae::write::{Existing, Output};
use vgae::{Error, Result, read};

use super::progress::Voice;

/// Check a split for leaks: rule,file,line,… rows, one per offence
///
/// RUN is a run directory; SPLIT is a directory with train.csv, validation.csv, validation_negatives.csv, test.csv
/// and test_negatives.csv, made by any program. Looked for are pairs in two lists or twice in one, either way round,
/// negatives that are edges, and self-loops. Of a run it is also checked that its files are those that it wrote,
/// that its embeddings are what the training edges alone give, and that its metrics are what its embeddings give.
/// The exit code is 0 if there is no offence, else 1.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directory, or the directory of a split
    #[arg(value_name = "RUN|SPLIT")]
    path: PathBuf,
    /// Files of pairs meant for evaluation: none may be a training edge, nor be in two of the files
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pairs: Vec<PathBuf>,
    /// Files of pairs meant to be no edges
    #[arg(long, value_name = "FILE", num_args = 1..)]
    negatives: Vec<PathBuf>,
    /// The graph: negatives that are edges of it, its edges that are in no list, and listed edges that it does not
    /// have are offences too
    #[arg(long)]
    data: Option<PathBuf>,
    /// Take u,v and v,u for two pairs; a run says itself whether they are
    #[arg(long)]
    directed: bool,
    /// How many offences against a rule are shown; all are counted; 0 for no limit
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: usize,
}

pub(super) fn run(args: &Args, voice: &Voice) -> Result<()> {
    let files = [&args.pairs, &args.negatives].into_iter().flatten().chain(&args.data);
    if files.filter(|file| file.as_path() == Path::new("-")).count() > 1 {
        return Err(Error::Config("more than one file is -; stdin can be only one of them".into()));
    }
    let direction = if args.directed { Direction::Directed } else { Direction::Undirected };
    let stage = voice.stage("auditing");
    let mut audit = Audit::read(&args.path, direction)?;
    for file in &args.pairs {
        audit = audit.with_pairs(file)?;
    }
    for file in &args.negatives {
        audit = audit.with_negatives(file)?;
    }
    if let Some(data) = &args.data {
        // The features do not matter here, and their file may be gone.
        let config = ReadConfig { features: FeatureSource::None, ..audit.read_config() };
        audit = audit.with_graph(&read::data_watched(data, &config, &stage)?, data);
        stage.begin("auditing");
    }
    let report = audit.check(if args.limit == 0 { usize::MAX } else { args.limit })?;
    drop(stage);
    match write(&report) {
        // Whoever reads the rows has seen enough; the verdict stands.
        Err(error) if error.is_broken_pipe() => {}
        result => result?,
    }
    report.verdict()?;
    voice.say(format!("{}: {}", args.path.display(), report.summary()));
    Ok(())
}

fn write(report: &Report) -> Result<()> {
    let mut output = Output::create(Path::new("-"), Existing::Keep)?;
    report.write_csv(&mut output)?;
    output.finish()
}
