//! A run directory whose training was stopped.

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

/// A run whose training did not come to its end, and what is known of it.
pub struct Unfinished {
    /// The directory.
    pub run: RunDir,
    /// The graph, as it was read.
    pub graph: Graph,
    /// Its split.
    pub split: Split,
    /// Where training stood; none where it had hardly begun.
    pub checkpoint: Option<Checkpoint<'static>>,
}

impl RunDir {
    /// Opens the unfinished run in the directory at `path`, or the one that was to replace a finished run there.
    ///
    /// # Errors
    /// [`Error::Run`] if it is finished, or if there is too little or something else in it than what was written;
    /// [`Error::Locked`] if another process writes to it.
    pub fn resume(path: &Path) -> Result<Unfinished> {
        layout::read_record(path)?;
        let lock = Lock::acquire(path)?;
        let replacement = path.join(REPLACEMENT);
        let work = if replacement.exists() { replacement } else { path.to_path_buf() };
        let record = layout::read_record(&work)?;
        let error = |problem: &str| Error::Run { path: work.join("run.json"), problem: problem.into() };
        if record.status == Status::Complete {
            return Err(error("says that its training came to its end; there is nothing to go on with"));
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

/// Adds what can be done about a checkpoint that is damaged.
fn hint(error: Error) -> Error {
    match error {
        Error::Run { path, problem } => {
            Error::Run { path, problem: format!("{problem}; hint: without this file, training begins anew") }
        }
        other => other,
    }
}
