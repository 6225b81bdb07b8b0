//! `vgae audit`: finds leaks in a run, a split or files of pairs.

use std::path::{Path, PathBuf};

use crate::{Error, Result};
use vgae::audit::{Audit, Direction, Report};
use vgae::config::{FeatureSource, NodeColumns, ReadConfig};
use vgae::read;
use vgae::write::{Existing, Output};

use super::progress::Reporter;

/// Check a run, a split or files of pairs for leaks
///
/// RUN is a run directory. SPLIT is a directory with train.csv, validation.csv, validation_negatives.csv,
/// test.csv and test_negatives.csv, written by any program. These are offences: a pair that occurs in two
/// lists or twice in one list (in either direction), a negative that is an edge, and a self-loop. Negatives of
/// each link (.npy, or rows of link,source,target) may also be other held-out links, as in HeaRT. For a run,
/// the audit also checks that its files have not changed, that the embeddings can be computed from the
/// training edges alone, and that the metrics can be computed from the embeddings.
///
/// Prints one rule,file,line,… row per offence. The exit code is 0 if there are no offences, and 1 otherwise.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The run directory, or the directory of a split
    #[arg(value_name = "RUN|SPLIT")]
    path: PathBuf,
    /// Files of pairs to evaluate on. No pair may be a training edge or occur in two of the files
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pairs: Vec<PathBuf>,
    /// Files of negatives: no pair may be an edge. A .npy, or rows of link,source,target, has negatives for each link
    /// of --pairs
    #[arg(long, value_name = "FILE", num_args = 1..)]
    negatives: Vec<PathBuf>,
    #[command(flatten)]
    columns: NodeColumns,
    /// The graph. With it, these are offences too: negatives that are edges of the graph, edges of the graph
    /// that are in no list, and listed edges that are not in the graph
    #[arg(long)]
    data: Option<PathBuf>,
    /// Treat u,v and v,u as different pairs. Not needed for a run, which records this
    #[arg(long)]
    directed: bool,
    /// Maximum number of offences to print per rule; 0 for no limit. All offences are counted
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: usize,
}

pub(super) fn run(args: &Args, reporter: &Reporter) -> Result<()> {
    let files = [&args.pairs, &args.negatives].into_iter().flatten().chain(&args.data);
    if files.filter(|file| file.as_path() == Path::new("-")).count() > 1 {
        return Err(Error::Usage("more than one file is -; stdin can be only one of them".into()));
    }
    if args.columns != NodeColumns::default() && args.pairs.is_empty() && args.negatives.is_empty() {
        let problem = "--source and --target are for files of pairs; add --pairs or --negatives";
        return Err(Error::Usage(problem.into()));
    }
    let direction = if args.directed { Direction::Directed } else { Direction::Undirected };
    let stage = reporter.stage("auditing");
    let mut audit = Audit::read(&args.path, direction)?;
    for file in &args.pairs {
        audit = audit.with_pairs(file, &args.columns)?;
    }
    for file in &args.negatives {
        audit = audit.with_negatives(file, &args.columns)?;
    }
    if let Some(data) = &args.data {
        // The features are irrelevant here, and their file may be gone.
        let config = ReadConfig { features: FeatureSource::None, ..audit.read_config() };
        audit = audit.with_graph(&read::data(data, &config, &stage)?, data);
        stage.begin("auditing");
    }
    let report = audit.check(if args.limit == 0 { usize::MAX } else { args.limit })?;
    drop(stage);
    report.notes().iter().for_each(|note| reporter.note(note));
    match write(&report) {
        // The reader of the rows stopped early; the verdict still counts.
        Err(error) if error.is_broken_pipe() => {}
        result => result?,
    }
    report.verdict()?;
    reporter.info(format!("{}: {}", args.path.display(), report.summary()));
    Ok(())
}

fn write(report: &Report) -> Result<()> {
    let mut output = Output::create(Path::new("-"), Existing::Keep)?;
    report.write_csv(&mut output)?;
    Ok(output.finish()?)
}
