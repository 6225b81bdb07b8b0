//! The settings of the split, and the prediction tasks on a directed graph.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The settings of the split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "clap", command(next_help_heading = "Split"))]
#[serde(deny_unknown_fields)]
pub struct SplitConfig {
    /// Fraction of the edges held out for validation
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "FRACTION", default_value_t = Self::default().val_fraction))]
    pub val_fraction: f64,
    /// Fraction of the edges held out for testing
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "FRACTION", default_value_t = Self::default().test_fraction))]
    pub test_fraction: f64,
    /// The prediction task on a directed graph
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t))]
    pub task: DirectedTask,
}

impl Default for SplitConfig {
    /// Returns the fractions of Kipf & Welling 2016: 85/5/10.
    fn default() -> Self {
        SplitConfig { val_fraction: 0.05, test_fraction: 0.1, task: DirectedTask::General }
    }
}

/// The prediction task on a directed graph (Salha et al. 2019, section 4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum DirectedTask {
    /// Random edges against random pairs that are not edges.
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
