//! Arguments that several verbs share.

use std::path::{Path, PathBuf};

use crate::Result;
use vgae::config::{Calibration, FeatureSource, NodeColumns, ReadConfig};
use vgae::evaluate::calibrate::{Calibrator, Population};
use vgae::graph::NodeIds;
use vgae::model::score::Score;
use vgae::progress::Progress;
use vgae::read::{self, PairReader, Unknown};
use vgae::run::Run;

use super::progress::Reporter;

/// The run to use, and the graph to apply it to.
#[derive(clap::Args)]
pub(super) struct RunArgs {
    /// The run directory
    run: PathBuf,
    /// Apply the model to this graph instead of the graph of the run. It may contain nodes that the model was
    /// not trained on, and have any format that `vgae train` reads
    #[arg(long, value_name = "DATA", help_heading = "Another graph")]
    graph: Option<PathBuf>,
    /// The features of the other graph, if DATA does not include them. The columns must be those the model
    /// was trained with; they are matched by name, or by position if they have no names
    #[arg(long, value_name = "FILE", requires = "graph", help_heading = "Another graph")]
    features: Option<PathBuf>,
}

impl RunArgs {
    /// Opens the run and, if `--graph` is given, replaces its graph.
    pub(super) fn open(&self, reporter: &Reporter) -> Result<Run> {
        let stage = reporter.stage("opening the run");
        let run = Run::open(&self.run)?;
        let Some(path) = &self.graph else { return Ok(run) };
        let features = match &self.features {
            None => FeatureSource::Auto,
            Some(file) => FeatureSource::File(file.clone()),
        };
        let config = ReadConfig { features, ..run.record.config.read.clone() };
        let run = run.on_graph(read::data(path, &config, &stage)?)?;
        drop(stage);
        for note in &run.graph.notes {
            reporter.note(note);
        }
        Ok(run)
    }
}

/// The treatment of files of pairs.
#[derive(clap::Args)]
pub(super) struct PairsArgs {
    #[command(flatten)]
    columns: NodeColumns,
    /// Skip pairs with a node that is not in the run
    #[arg(long)]
    pub(super) skip_unknown: bool,
}

impl PairsArgs {
    /// Opens a file of pairs of these nodes, and notes how its columns were found.
    pub(super) fn open<'a>(
        &self,
        path: &Path,
        nodes: &'a NodeIds,
        progress: &Progress,
        reporter: &Reporter,
    ) -> Result<PairReader<'a>> {
        let unknown = if self.skip_unknown { Unknown::Skip } else { Unknown::Refuse };
        let reader = PairReader::open(path, &self.columns, nodes, unknown, progress)?;
        if let Some(note) = reader.note() {
            reporter.note(format!("{}: {note}", path.display()));
        }
        Ok(reader)
    }

    /// Returns the flags that were given, which need a file of pairs.
    pub(super) fn given(&self) -> Option<&'static str> {
        let NodeColumns { source, target } = &self.columns;
        let flags = [
            ("--source", source.is_some()),
            ("--target", target.is_some()),
            ("--skip-unknown", self.skip_unknown),
        ];
        flags.into_iter().find(|(_, is_given)| *is_given).map(|(flag, _)| flag)
    }
}

/// Notes the number of pairs that were left out, if any.
pub(super) fn note_skipped(num_skipped: u64, reporter: &Reporter) {
    if num_skipped > 0 {
        reporter.note(format!("skipped pairs with an unknown node: {num_skipped}"));
    }
}

/// The calibration of the probabilities.
#[derive(clap::Args)]
pub(super) struct CalibrateArgs {
    /// Calibrate the probabilities on the validation part of the run, at the edge density of the graph
    /// [default: the calibration of the run, if any]
    #[arg(long, value_enum, value_name = "METHOD")]
    calibrate: Option<Calibration>,
}

impl CalibrateArgs {
    /// Fits the calibrator that turns logits into probabilities; `None` for the plain sigmoid.
    pub(super) fn calibrator(&self, run: &Run, score: &dyn Score) -> Result<Option<Calibrator>> {
        Ok(run.calibrator(score, self.calibrate)?)
    }

    /// Like [`CalibrateArgs::calibrator`], on a population that was already drawn.
    pub(super) fn calibrator_by(&self, run: &Run, population: &Population) -> Result<Option<Calibrator>> {
        Ok(run.calibrator_by(population, self.calibrate)?)
    }

    /// Returns the requested method, if any.
    pub(super) fn method(&self) -> Option<Calibration> {
        self.calibrate
    }
}
