//! The devices that train a network.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The device that trains a network.
///
/// # Examples
/// ```
/// use vgae::config::DeviceChoice;
///
/// assert_eq!("cuda:1".parse(), Ok(DeviceChoice::Cuda(1)));
/// assert_eq!(DeviceChoice::default().to_string(), "auto");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum DeviceChoice {
    /// The first CUDA device if there is one, the graph is large and the model can be trained there; otherwise the
    /// CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device with this number.
    Cuda(usize),
    /// An Apple GPU.
    Mps,
}

impl FromStr for DeviceChoice {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let index = text.strip_prefix("cuda").map(|rest| match rest {
            "" => Some(0),
            _ => rest.strip_prefix(':').and_then(|index| index.parse().ok()),
        });
        match (text, index) {
            ("auto", _) => Ok(DeviceChoice::Auto),
            ("cpu", _) => Ok(DeviceChoice::Cpu),
            ("mps", _) => Ok(DeviceChoice::Mps),
            (_, Some(Some(index))) => Ok(DeviceChoice::Cuda(index)),
            _ => Err("expected auto, cpu, cuda, cuda:NUMBER or mps".into()),
        }
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeviceChoice::Auto => f.write_str("auto"),
            DeviceChoice::Cpu => f.write_str("cpu"),
            DeviceChoice::Cuda(index) => write!(f, "cuda:{index}"),
            DeviceChoice::Mps => f.write_str("mps"),
        }
    }
}

impl From<DeviceChoice> for String {
    fn from(device: DeviceChoice) -> Self {
        device.to_string()
    }
}
