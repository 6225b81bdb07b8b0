//! Opens a run directory whose training was stopped.

use std::path::Path;

use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::run::checkpoint::read_checkpoint;
use crate::run::directory::State;
use crate::run::layout::{self, CHECKPOINT, REPLACEMENT};
use crate::run::lock::Lock;
use crate::run::record::Status;
use crate::run::{RunDir, read_graph};
use crate::split::Split;
use crate::train::Checkpoint;

/// An unfinished run, ready to resume.
pub struct Unfinished {
    /// The run directory.
    pub run: RunDir,
    /// The graph.
    pub graph: Graph,
    /// The split of the graph.
    pub split: Split,
    /// The last checkpoint; `None` if training was stopped before the first one.
    pub checkpoint: Option<Checkpoint<'static>>,
}

impl RunDir {
    /// Opens the unfinished run at `path`, or the unfinished replacement of a finished run there.
    ///
    /// # Errors
    /// [`Error::Run`] if the run is finished, was stopped too early or has been changed; [`Error::Locked`] if
    /// another process writes to it.
    pub fn resume(path: &Path) -> Result<Unfinished> {
        layout::read_record(path)?;
        let lock = Lock::acquire(path)?;
        let replacement = path.join(REPLACEMENT);
        let work = if replacement.exists() { replacement } else { path.to_path_buf() };
        let record = layout::read_record(&work)?;
        let error = |problem: &str| Error::Run { path: work.join("run.json"), problem: problem.into() };
        if record.status == Status::Complete {
            return Err(error("says that training is finished; there is nothing to resume"));
        }
        if record.files.is_empty() {
            let problem = "says that the run was stopped before its graph and its split were written; it must be \
                           trained again";
            return Err(error(problem));
        }
        layout::remove_partial_files(&work);
        let (graph, split) = read_graph(&work, &record)?;
        let checkpoint = work.join(CHECKPOINT);
        let checkpoint = match checkpoint.exists() {
            true => Some(read_checkpoint(&checkpoint, &record.config).map_err(hint)?),
            false => None,
        };
        let run =
            RunDir { path: path.to_path_buf(), work, record, state: State::Resumable, lock: Some(lock) };
        Ok(Unfinished { run, graph, split, checkpoint })
    }
}

/// Adds a hint to the error of a damaged checkpoint.
fn hint(error: Error) -> Error {
    match error {
        Error::Run { path, problem } => {
            let problem = format!("{problem}; hint: without this file, training starts from the beginning");
            Error::Run { path, problem }
        }
        other => other,
    }
}
