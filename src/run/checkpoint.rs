//! A checkpoint as a safetensors file: the matrices as tensors, and in the header's metadata the rest.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::graph::hex;
use crate::run::tensors::{self, Stored};
use crate::train::{Checkpoint, Tensors};

/// What the header's metadata hold: the state and the settings as JSON, and the SHA-256 of those and of all tensors.
const STATE: &str = "state";
const CONFIG: &str = "config";
const SHA256: &str = "sha256";

/// Writes `checkpoint` of a training by `config` to the file at `path`, which holds the one before or this one, whole, whenever the process, the
/// system or the power should end.
///
/// # Errors
/// [`Error::Io`].
pub fn write_checkpoint(path: &Path, config: &Config, checkpoint: &Checkpoint) -> Result<()> {
    let error = |source| Error::io("write", path, std::io::Error::from(source));
    let state = serde_json::to_string(&checkpoint.state).map_err(error)?;
    let config = serde_json::to_string(&lasting(config)).map_err(error)?;
    let sha256 = digest([&state, &config], &checkpoint.tensors);
    let tensors = checkpoint.tensors.iter().map(|(name, tensor)| Stored::matrix(name, tensor)).collect();
    let metadata =
        [(STATE, state), (CONFIG, config), (SHA256, sha256)].map(|(name, text)| (name.to_string(), text));
    tensors::write(path, tensors, Some(HashMap::from(metadata)))
}

/// Reads the checkpoint in the file at `path` of a training by `config`.
///
/// # Errors
/// [`Error::Io`] if there is none; [`Error::Run`] if it is not what was written, or of a training by other settings.
pub fn read_checkpoint(path: &Path, config: &Config) -> Result<Checkpoint<'static>> {
    let error = |problem: String| Error::Run { path: path.to_path_buf(), problem };
    let (weights, metadata) = tensors::read_with_metadata(path)?;
    let of =
        |name: &str| metadata.get(name).ok_or_else(|| error(format!("is no checkpoint: {name} is missing")));
    let (state, settings, sha256) = (of(STATE)?, of(CONFIG)?, of(SHA256)?);
    let tensors: Tensors = weights.into_iter().map(|(name, weight)| (name, Cow::Owned(weight))).collect();
    if digest([state, settings], &tensors) != *sha256 {
        return Err(error("is not what was written: its SHA-256 is not the one in its header".into()));
    }
    if serde_json::from_str::<Config>(settings).is_ok_and(|settings| settings != lasting(config)) {
        return Err(error("is of a training by other settings than those in run.json".into()));
    }
    let state = serde_json::from_str(state).map_err(|source| error(format!("is no checkpoint: {source}")))?;
    let checkpoint = Checkpoint { state, tensors };
    match checkpoint.is_finite() {
        true => Ok(checkpoint),
        false => Err(error("holds a number that is not finite".into())),
    }
}

/// The settings that stay from the beginning of a training to its end.
fn lasting(config: &Config) -> Config {
    let mut config = config.clone();
    config.train.learning_rate = None;
    config
}

/// The SHA-256 of all that a checkpoint holds, in hexadecimal.
fn digest(texts: [&String; 2], tensors: &Tensors) -> String {
    let mut hasher = Sha256::new();
    texts.iter().for_each(|text| hasher.update(format!("{}\n{text}\n", text.len())));
    let mut bytes = Vec::new();
    for (name, tensor) in tensors {
        hasher.update(format!("\n{name} {:?}\n", tensor.dim()));
        for row in tensor.rows() {
            bytes.clear();
            bytes.extend(row.iter().flat_map(|value| value.to_le_bytes()));
            hasher.update(&bytes);
        }
    }
    hex(&hasher.finalize())
}
