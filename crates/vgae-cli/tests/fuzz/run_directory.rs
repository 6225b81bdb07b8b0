//! Targets for the readers of files that `vgae` writes.

use std::path::Path;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};
use vgae::Error;
use vgae::run::{self, Run};
use vgae_cli::benchmark::Runs;

use crate::read::refused;
use crate::target::{Files, Outcome, Verdict};

/// Usually updates the hashes in `run.json`, so that damage is not detected by the hashes alone.
pub fn vouch(files: &mut Files, rng: &mut ChaCha8Rng) {
    if rng.random_bool(0.1) {
        return;
    }
    let Some(mut record) = files.get("run.json").and_then(|text| String::from_utf8(text.clone()).ok()) else {
        return;
    };
    for (name, bytes) in &*files {
        let key = format!("\"{name}\": \"");
        if let Some(start) =
            record.find(&key).map(|at| at + key.len()).filter(|start| record.is_char_boundary(start + 64))
        {
            let hash: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            record.replace_range(start..start + 64, &hash);
        }
    }
    files.insert("run.json".into(), record.into_bytes());
}

/// Opens the run and uses its model.
pub fn open(directory: &Path, _: &Files) -> Verdict {
    for error in
        [run::changed_files(directory).err(), run::read_history(directory).err()].into_iter().flatten()
    {
        refused(directory, &error)?;
    }
    let run = match Run::open(directory) {
        Ok(run) => run,
        Err(error) => return refused(directory, &error),
    };
    let n = run.graph.num_nodes() as u32;
    let encoded = match run.encode() {
        Ok(encoded) => encoded,
        Err(error) => return Err(format!("a run that was opened is not encoded: {error}")),
    };
    let logits = encoded.score.logits(&[(0, n - 1), (n - 1, 0)]);
    if logits.iter().any(|logit| !logit.is_finite()) {
        // Weights of 1e38 are finite, but the logits may not be.
        return Ok(Outcome::Read);
    }
    match run.evaluate(&*encoded.score) {
        // The damage may have removed the negatives.
        Ok(_) | Err(Error::OneClass { .. }) => Ok(Outcome::Read),
        Err(error) => Err(format!("a run that was opened is not evaluated: {error}")),
    }
}

/// Opens the runs of a benchmark.
pub fn benchmark(directory: &Path, files: &Files) -> Verdict {
    match Runs::open(&directory.join(files.keys().next().unwrap())) {
        Ok(_) => Ok(Outcome::Read),
        Err(error) => refused(directory, &error),
    }
}
