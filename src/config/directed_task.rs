//! The tasks that a split of a directed graph can set.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which directed link prediction task a split sets (Salha et al. 2019, section 4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum DirectedTask {
    /// Random edges against random absent pairs.
    #[default]
    General,
    /// Edges that go one way only against their own reverses.
    Biased,
    /// The removed half of edges that go both ways against the reverses of edges that go one way only.
    Bidirectional,
}

impl DirectedTask {
    /// The name on the command line and in `run.json`.
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
