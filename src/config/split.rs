//! The settings of the split, and the prediction tasks on a directed graph.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::config::Fold;

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
    /// Cross-validation: cut the edges into K folds by --seed and hold out fold I for testing, as in 3/10,
    /// instead of --test-fraction
    #[cfg_attr(feature = "clap", arg(long, value_name = "I/K", conflicts_with = "test_fraction"))]
    #[serde(default)]
    pub fold: Option<Fold>,
    /// Hold out only edges without which the training graph still has as many connected components as the
    /// whole graph
    #[cfg_attr(feature = "clap", arg(long))]
    #[serde(default)]
    pub keep_connected: bool,
    /// Number of negatives for each held-out edge, from 1 to 1000
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "COUNT", default_value_t = Self::default().negatives_ratio))]
    #[serde(default = "SplitConfig::one_negative")]
    pub negatives_ratio: usize,
    /// The prediction task on a directed graph
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t))]
    pub task: DirectedTask,
}

impl SplitConfig {
    /// Returns the share of the edges that is tested: that of a fold, or else `test_fraction`.
    pub fn tested_fraction(&self) -> f64 {
        self.fold.map_or(self.test_fraction, Fold::fraction)
    }

    /// Returns the number of negatives of runs that were made before it was a setting.
    fn one_negative() -> usize {
        1
    }
}

impl Default for SplitConfig {
    /// Returns the fractions of Kipf & Welling 2016, 85/5/10, with one negative for each held-out edge.
    fn default() -> Self {
        SplitConfig {
            val_fraction: 0.05,
            test_fraction: 0.1,
            fold: None,
            keep_connected: false,
            negatives_ratio: 1,
            task: DirectedTask::General,
        }
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
