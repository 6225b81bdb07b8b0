//! Repeats a run from its record and its inputs, and compares the result with the original bit by bit.
//!
//! On one machine the numbers are the same for any number of threads. On another machine they may differ;
//! [`reasons`] lists the recorded differences that can explain it.
//!
//! # Examples
//! ```
//! use vgae::config::Config;
//! use vgae::pipeline::{self, Evaluated};
//! use vgae_cli::reproduce::{self, MovedInputs};
//! use vgae::run::{RunDir, Timings};
//! use vgae::write::Existing;
//! use vgae::train;
//! use vgae::progress::Progress;
//!
//! let directory = tempfile::tempdir().unwrap();
//! let (run, again) = (directory.path().join("run"), directory.path().join("again"));
//! let (mut config, progress) = (Config::default(), Progress::default());
//! config.train.epochs = Some(3);
//! let graph = pipeline::read("../../datasets/karate".as_ref(), &config, &progress)?;
//! let split = pipeline::split(&graph, &config, None)?;
//! let making = RunDir::create(&run, &config, &graph, &split, Existing::Keep)?;
//! let trained = train::fit(None, &split, &config, |_| {})?;
//! let Evaluated { encoded, metrics, .. } = pipeline::evaluate(&trained.model, &graph, &split, &config, &progress)?;
//! making.finish(&graph, &trained, &encoded, &metrics, Timings::default())?;
//!
//! let record = reproduce::check(&run, &MovedInputs::default())?;
//! reproduce::repeat(&run, &record, &MovedInputs::default(), &again, Existing::Keep, &progress, |_| {})?;
//! let files = reproduce::compare(&run, &again)?;
//! assert!(files.iter().all(|file| file.difference.is_none()));
//! let reasons = reproduce::reasons(&record, &again)?;
//! reproduce::verdict(&run, &files, &reasons)?;
//! # Ok::<(), vgae_cli::Error>(())
//! ```

mod compare;

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::{Error, Result};
use vgae::config::{Config, FeatureSource, ModelKind};
use vgae::graph::{Graph, InputFile};
use vgae::pipeline::{self, Evaluated};
use vgae::progress::Progress;
use vgae::run::{self, Record, RunDir, Status, Timings};
use vgae::train::{self, Epoch, Moment};
use vgae::write::Existing;

pub use compare::{Compared, compare};

/// The new paths of inputs that have moved since the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MovedInputs {
    /// The path that replaces DATA of `vgae train`.
    pub data: Option<PathBuf>,
    /// The path that replaces `--features`.
    pub features: Option<PathBuf>,
}

/// Reads the record of the run at `path`, and checks that the run and its inputs are unchanged.
///
/// # Errors
/// [`vgae::Error::Run`] if the run is not finished, was changed or cannot be repeated by one command. Unless
/// `moved_inputs` gives another path: [`vgae::Error::Input`] for an input that is missing or was changed, and
/// [`vgae::Error::Config`] for an input that was read from stdin.
pub fn check(path: &Path, moved_inputs: &MovedInputs) -> Result<Record> {
    let (record, changed) = match run::read_record(path)? {
        record if record.status == Status::Complete => run::changed_files(path)?,
        _ => {
            let problem = "says that training is not finished; there is nothing to compare with";
            return Err(vgae::Error::Run { path: path.join("run.json"), problem: problem.into() }.into());
        }
    };
    if let Some(file) = changed.into_iter().next() {
        let problem = "has changed since the run wrote it: its SHA-256 is not the one in run.json".into();
        return Err(vgae::Error::Run { path: file, problem }.into());
    }
    let has_embeddings = !matches!(record.config.model.model, ModelKind::Baseline(_));
    let written =
        ["metrics.json", "history.csv"].into_iter().chain(has_embeddings.then_some("embeddings.csv"));
    if let Some(missing) = written.map(|file| path.join(file)).find(|file| !file.exists()) {
        return Err(vgae::Error::Run {
            path: missing,
            problem: "is missing, although the run wrote it".into(),
        }
        .into());
    }
    if let Some((epoch, learning_rate)) = record.earlier_learning_rates.first() {
        let problem = format!(
            "says that the learning rate was changed after epoch {epoch} (before: {learning_rate}); a single \
             command cannot reproduce that"
        );
        return Err(vgae::Error::Run { path: path.join("run.json"), problem }.into());
    }
    if record.inputs.is_empty() {
        let problem = "names no input, so the run cannot be reproduced".into();
        return Err(vgae::Error::Run { path: path.join("run.json"), problem }.into());
    }
    let features = features_file(&record.config);
    for input in &record.inputs {
        let (moved, flag) = match features == Some(&input.path) {
            true => (&moved_inputs.features, "--features"),
            false => (&moved_inputs.data, "--data"),
        };
        if moved.is_none() {
            check_input(input, flag)?;
        }
    }
    Ok(record)
}

/// Repeats the run at `path`, whose record is `record`, and writes it to the run directory `to`. Uses the
/// recorded settings and seed, the stored split if the run reused one, and all threads. Calls `on_epoch`
/// after each epoch.
///
/// # Errors
/// [`vgae::Error::Input`] if the input differs from that of the run; otherwise the errors of training.
pub fn repeat(
    path: &Path,
    record: &Record,
    moved_inputs: &MovedInputs,
    to: &Path,
    existing: Existing,
    progress: &Progress,
    mut on_epoch: impl FnMut(&Epoch),
) -> Result<()> {
    let mut config = record.config.clone();
    if let (Some(file), FeatureSource::File(_)) = (&moved_inputs.features, &config.read.features) {
        config.read.features = FeatureSource::File(file.clone());
    }
    config.validate()?;
    train::check_device(&config)?;
    RunDir::check(to, existing)?;
    let start = Instant::now();
    let graph =
        pipeline::read(&moved_inputs.data.clone().unwrap_or_else(|| data(record)), &config, progress)?;
    check_read(&graph, record)?;
    let read_seconds = start.elapsed().as_secs_f64();

    let start = Instant::now();
    let own_split = record.split_from.as_ref().map(|_| path);
    let split = pipeline::split(&graph, &config, own_split)?;
    let split_seconds = start.elapsed().as_secs_f64();

    progress.begin("training");
    let mut run = RunDir::create(to, &config, &graph, &split, existing)?;
    if let Some(directory) = &record.split_from {
        run.set_split_from(directory);
    }
    let start = Instant::now();
    let on_epoch = &mut |epoch: &Epoch, _: &Moment| {
        on_epoch(epoch);
        Ok(())
    };
    let trained = train::fit_from(graph.features(), &split, &config, progress, None, on_epoch)?;
    let train_seconds = start.elapsed().as_secs_f64();

    progress.begin("evaluating");
    let start = Instant::now();
    let Evaluated { encoded, metrics, calibrator } =
        pipeline::evaluate(&trained.model, &graph, &split, &config, progress)?;
    if let Some(calibrator) = calibrator {
        run.set_calibrator(calibrator);
    }
    let evaluate_seconds = start.elapsed().as_secs_f64();
    let timings = Timings { read_seconds, split_seconds, train_seconds, evaluate_seconds };
    Ok(run.finish(&graph, &trained, &encoded, &metrics, timings).map(|_| ())?)
}

/// Lists the reasons in the records why the run of `record` and the one at `again` may differ, one sentence
/// each.
///
/// # Errors
/// Returns the errors of [`run::read_record`].
pub fn reasons(record: &Record, again: &Path) -> Result<Vec<String>> {
    let again = run::read_record(again)?;
    let lanes = |record: &Record| record.num_simd_lanes.map(|count| count.to_string());
    let device = |record: &Record| Some(record.config.train.device.to_string());
    let pairs = [
        ("vgae", Some(record.vgae_version.clone()), Some(again.vgae_version.clone())),
        ("libtorch", record.libtorch_version.clone(), again.libtorch_version.clone()),
        ("processor", record.processor.clone(), again.processor.clone()),
        ("f32 lanes of a vector", lanes(record), lanes(&again)),
        ("device", device(record), device(&again)),
    ];
    let is_processor_unknown = record.num_simd_lanes.is_none();
    let known = pairs.into_iter().filter_map(|(what, was, is)| {
        let (was, is) = (was?, is?);
        (was != is).then(|| format!("{what}: {was} then, {is} now"))
    });
    let unknown = is_processor_unknown.then(|| "the record does not name the processor".to_string());
    Ok(known.chain(unknown).collect())
}

/// Fails if any of the `files` of the run at `path` differ. `reasons` is the result of [`reasons`].
///
/// # Errors
/// [`Error::Differs`] if a file differs.
pub fn verdict(path: &Path, files: &[Compared], reasons: &[String]) -> Result<()> {
    let num_different = files.iter().filter(|file| file.difference.is_some()).count();
    if num_different == 0 {
        return Ok(());
    }
    let why = match reasons {
        [] => "the records do not explain why: version, processor and device are the same".to_string(),
        reasons => format!("possible reasons: {}", reasons.join("; ")),
    };
    let summary = format!("{num_different} of {} files differ; {why}", files.len());
    Err(Error::Differs { path: path.to_path_buf(), summary })
}

fn features_file(config: &Config) -> Option<&PathBuf> {
    match &config.read.features {
        FeatureSource::File(file) => Some(file),
        FeatureSource::Auto | FeatureSource::None => None,
    }
}

/// Fails if `input` is missing or was changed; `flag` is the flag that gives another path.
fn check_input(input: &InputFile, flag: &str) -> Result<()> {
    let path = &input.path;
    if path == Path::new("-") {
        return Err(Error::Usage(format!(
            "the run was trained on data from stdin, which is not kept; hint: if you have it in a file, give {flag} FILE \
             (expected SHA-256: {})",
            input.sha256
        )));
    }
    if !path.is_file() {
        let problem = format!(
            "does not exist, but the run was trained on it; the path is relative to the directory where vgae \
             train ran; hint: give {flag} PATH if it has moved"
        );
        return Err(vgae::Error::Input { path: path.clone(), problem }.into());
    }
    let found = run::sha256(path)?;
    if found == input.sha256 { Ok(()) } else { Err(changed(path, &found, &input.sha256)) }
}

fn changed(path: &Path, found: &str, expected: &str) -> Error {
    let problem = format!("is not what the run was trained on: its SHA-256 is {found}; expected {expected}");
    vgae::Error::Input { path: path.to_path_buf(), problem }.into()
}

/// Fails unless `graph` was read from the same bytes as the graph of `record`.
fn check_read(graph: &Graph, record: &Record) -> Result<()> {
    for (found, expected) in graph.inputs.iter().zip(&record.inputs) {
        if found.sha256 != expected.sha256 {
            return Err(changed(&found.path, &found.sha256, &expected.sha256));
        }
    }
    let (found, expected) = (graph.inputs.len(), record.inputs.len());
    match (found == expected, graph.inputs.last()) {
        (false, Some(last)) => {
            let problem =
                format!("is the last of {found} files that were read; the run was trained on {expected}");
            Err(vgae::Error::Input { path: last.path.clone(), problem }.into())
        }
        _ => Ok(()),
    }
}

/// Returns the DATA argument of `vgae train`: the file, or the directory of several files.
fn data(record: &Record) -> PathBuf {
    let features = features_file(&record.config);
    let own: Vec<&InputFile> = record.inputs.iter().filter(|input| features != Some(&input.path)).collect();
    let first = own.first().map_or(record.inputs[0].path.as_path(), |input| input.path.as_path());
    match (own.len() > 1, first.parent()) {
        (true, Some(parent)) if parent != Path::new("") => parent.to_path_buf(),
        (true, _) => PathBuf::from("."),
        (false, _) => first.to_path_buf(),
    }
}
