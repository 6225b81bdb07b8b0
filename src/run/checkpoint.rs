//! Stores a checkpoint as a safetensors file: the matrices as tensors, and everything else in the header's
//! metadata.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::graph::hex;
use crate::run::tensors::{self, Stored};
use crate::train::{Checkpoint, Tensors};

/// The metadata key of the state, as JSON.
const STATE: &str = "state";
/// The metadata key of the settings, as JSON.
const CONFIG: &str = "config";
/// The metadata key of the SHA-256 of the state, the settings and all tensors.
const SHA256: &str = "sha256";

/// Writes a `checkpoint` of a training with `config` to the file at `path`. If the process, the system or the
/// power fails, the file contains either the previous checkpoint or this one, complete.
///
/// # Errors
/// [`Error::Io`] if the file cannot be written.
pub fn write_checkpoint(path: &Path, config: &Config, checkpoint: &Checkpoint) -> Result<()> {
    let error = |source| Error::io("write", path, std::io::Error::from(source));
    let state = serde_json::to_string(&checkpoint.state).map_err(error)?;
    let config = serde_json::to_string(&fixed_settings(config)).map_err(error)?;
    let sha256 = digest([&state, &config], &checkpoint.tensors);
    let tensors = checkpoint.tensors.iter().map(|(name, tensor)| Stored::matrix(name, tensor)).collect();
    let metadata =
        [(STATE, state), (CONFIG, config), (SHA256, sha256)].map(|(name, text)| (name.to_string(), text));
    tensors::write(path, tensors, Some(HashMap::from(metadata)))
}

/// Reads the checkpoint at `path` of a training with `config`.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; [`Error::Run`] if it has changed or was written with other
/// settings.
pub fn read_checkpoint(path: &Path, config: &Config) -> Result<Checkpoint<'static>> {
    let error = |problem: String| Error::Run { path: path.to_path_buf(), problem };
    let (weights, metadata) = tensors::read_with_metadata(path)?;
    let entry = |name: &str| {
        metadata.get(name).ok_or_else(|| error(format!("is not a checkpoint: {name} is missing")))
    };
    let (state, settings, sha256) = (entry(STATE)?, entry(CONFIG)?, entry(SHA256)?);
    let tensors: Tensors = weights.into_iter().map(|(name, weight)| (name, Cow::Owned(weight))).collect();
    if digest([state, settings], &tensors) != *sha256 {
        return Err(error(
            "has changed since it was written: its SHA-256 is not the one in its header".into(),
        ));
    }
    if serde_json::from_str::<Config>(settings).is_ok_and(|settings| settings != fixed_settings(config)) {
        return Err(error("was written with other settings than those in run.json".into()));
    }
    let state =
        serde_json::from_str(state).map_err(|source| error(format!("is not a checkpoint: {source}")))?;
    let checkpoint = Checkpoint { state, tensors };
    match checkpoint.is_finite() {
        true => Ok(checkpoint),
        false => Err(error("holds a number that is not finite".into())),
    }
}

/// Returns the settings that cannot change during training: all except the learning rate.
fn fixed_settings(config: &Config) -> Config {
    let mut config = config.clone();
    config.train.learning_rate = None;
    config
}

/// Returns the SHA-256 of the contents of a checkpoint, in hexadecimal.
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
