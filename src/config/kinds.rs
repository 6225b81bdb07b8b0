//! The settings that a bipartite graph allows.

use crate::config::{BaselineKind, Config, DirectedTask, ModelKind, ReadConfig};
use crate::error::{Error, Result};

impl Config {
    /// Refuses settings that make no sense for a bipartite graph.
    pub(super) fn validate_kinds(&self) -> Result<()> {
        let (model, task) = (self.model.model, self.split.task);
        let ReadConfig { bipartite, directed, .. } = self.read;
        let problem = match model {
            _ if !bipartite => return Ok(()),
            _ if directed => {
                "and `read.directed` exclude each other: every edge goes from a source to a target".into()
            }
            _ if task != DirectedTask::General => {
                format!("leaves edges without directions, which `split.task = {task}` asks for: leave it out")
            }
            _ if model.is_directed() => {
                format!("leaves edges without directions, which {model} is for: choose another model")
            }
            ModelKind::Baseline(kind) if kind.counts_common_neighbours() => {
                let others: Vec<&str> = BaselineKind::ALL
                    .iter()
                    .filter(|kind| !kind.counts_common_neighbours())
                    .map(|kind| kind.name())
                    .collect();
                format!(
                    "leaves nothing to {model}: a source and a target have no common neighbours; choose one of {}",
                    others.join(", ")
                )
            }
            _ => return Ok(()),
        };
        Err(Error::Config(format!("`read.bipartite` {problem}")))
    }
}
