//! The prediction tasks on a directed graph.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The prediction task on a directed graph (Salha et al. 2019, section 4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum DirectedTask {
    /// Random edges against random absent pairs.
    #[default]
    General,
    /// One-way edges against their own reverses.
    Biased,
    /// One direction of two-way edges against the reverses of one-way edges.
    Bidirectional,
}

impl DirectedTask {
    /// Returns the name on the command line and in `run.json`.
    pub fn name(self) -> &'static str {
        match self {
            DirectedTask::General => "general",
            DirectedTask::Biased => "biased",
            DirectedTask::Bidirectional => "bidirectional",
        }
    }
}

impl fmt::Display for DirectedTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
