//! The methods that turn logits into calibrated probabilities.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The function fitted to the logits of the validation part; see [`crate::evaluate::calibrate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum Calibration {
    /// Any non-decreasing function: for hundreds of validation edges and more
    Isotonic,
    /// A sigmoid with two parameters: for few validation edges
    Platt,
}

impl fmt::Display for Calibration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Calibration::Isotonic => "isotonic",
            Calibration::Platt => "platt",
        })
    }
}
