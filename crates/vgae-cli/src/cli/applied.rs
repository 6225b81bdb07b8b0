//! The run that a verb applies, to its own graph or to another one.

use std::path::PathBuf;

use vgae::config::{FeatureSource, ReadConfig};
use vgae::run::Run;
use vgae::{Result, read};

use super::progress::Voice;

#[derive(clap::Args)]
pub(super) struct Applied {
    /// The run directory
    run: PathBuf,
    /// Apply the model to this graph, which may have nodes that it never saw, instead of the run's: anything that
    /// `vgae train` reads
    #[arg(long, value_name = "DATA", help_heading = "Another graph")]
    graph: Option<PathBuf>,
    /// The other graph's features, if DATA does not hold them: the columns of those that the model was trained with, by
    /// their names, or by their places where there are none
    #[arg(long, value_name = "FILE", requires = "graph", help_heading = "Another graph")]
    features: Option<PathBuf>,
}

impl Applied {
    /// Opens the run, and puts the other graph, if there is one, in the place of its own.
    pub(super) fn open(&self, voice: &Voice) -> Result<Run> {
        let stage = voice.stage("opening the run");
        let run = Run::open(&self.run)?;
        let Some(path) = &self.graph else { return Ok(run) };
        let features = match &self.features {
            None => FeatureSource::Auto,
            Some(file) => FeatureSource::File(file.clone()),
        };
        let config = ReadConfig { features, ..run.record.config.read.clone() };
        let run = run.on_graph(read::data_watched(path, &config, &stage)?)?;
        drop(stage);
        for note in &run.graph.notes {
            voice.say(format!("note: {note}"));
        }
        Ok(run)
    }
}
