//! The period of checkpoints.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::ParseError;

/// The period of the checkpoints, from which training can resume.
///
/// # Examples
/// ```
/// use vgae::config::CheckpointPeriod;
///
/// assert_eq!("50".parse(), Ok(CheckpointPeriod::Epochs(50)));
/// assert_eq!("30s".parse(), Ok(CheckpointPeriod::Seconds(30.0)));
/// assert!(CheckpointPeriod::Epochs(50).is_due(50, 0.1) && !CheckpointPeriod::Never.is_due(50, 1e6));
/// assert!("0".parse::<CheckpointPeriod>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum CheckpointPeriod {
    /// Only when training is stopped.
    Never,
    /// After this number of epochs.
    Epochs(usize),
    /// After the first epoch that ends this many seconds after the last checkpoint.
    Seconds(f64),
}

impl Default for CheckpointPeriod {
    fn default() -> Self {
        CheckpointPeriod::Seconds(60.0)
    }
}

impl CheckpointPeriod {
    /// Returns `true` if a checkpoint is due this many epochs and seconds after the last one.
    pub fn is_due(self, num_epochs: usize, seconds: f64) -> bool {
        match self {
            CheckpointPeriod::Never => false,
            CheckpointPeriod::Epochs(period) => num_epochs >= period,
            CheckpointPeriod::Seconds(period) => seconds >= period,
        }
    }
}

impl FromStr for CheckpointPeriod {
    type Err = ParseError;
    fn from_str(text: &str) -> std::result::Result<Self, ParseError> {
        let seconds = text.strip_suffix('s').and_then(|number| number.parse::<f64>().ok());
        match (text, text.parse(), seconds) {
            ("never", ..) => Ok(CheckpointPeriod::Never),
            (_, Ok(count), _) if count > 0 => Ok(CheckpointPeriod::Epochs(count)),
            (.., Some(seconds)) if seconds.is_finite() && seconds >= 0.0 => {
                Ok(CheckpointPeriod::Seconds(seconds))
            }
            _ => Err(ParseError::new(text, "a number of epochs, as in 50, seconds, as in 30s, or `never`")),
        }
    }
}

impl fmt::Display for CheckpointPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CheckpointPeriod::Never => f.write_str("never"),
            CheckpointPeriod::Epochs(count) => write!(f, "{count}"),
            CheckpointPeriod::Seconds(seconds) => write!(f, "{seconds}s"),
        }
    }
}

impl TryFrom<String> for CheckpointPeriod {
    type Error = ParseError;
    fn try_from(text: String) -> std::result::Result<Self, ParseError> {
        text.parse()
    }
}

impl From<CheckpointPeriod> for String {
    fn from(period: CheckpointPeriod) -> Self {
        period.to_string()
    }
}
