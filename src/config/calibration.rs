//! How logits become probabilities that can be taken at their word.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is fitted to the validation part's logits; see [`crate::evaluate::calibrate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Calibration {
    /// Any function that never falls: for hundreds of validation edges and more.
    Isotonic,
    /// A sigmoid of two numbers: for few validation edges.
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
