//! A run made again from its record and its inputs, and compared with what it was, bit by bit.
//!
//! On one machine the numbers are the same for any number of threads. What another machine may do otherwise, and may not,
//! [`reasons`] tells.
//!
//! # Examples
//! ```
//! use vgae::config::Config;
//! use vgae::pipeline::{self, Evaluated};
//! use vgae_cli::reproduce::{self, Place};
//! use vgae::run::{RunDir, Timings};
//! use vgae::write::Existing;
//! use vgae::train;
//! use vgae::progress::Watch;
//!
//! let directory = tempfile::tempdir().unwrap();
//! let (run, again) = (directory.path().join("run"), directory.path().join("again"));
//! let (mut config, watch) = (Config::default(), Watch::default());
//! config.train.epochs = Some(3);
//! let graph = pipeline::read("datasets/karate".as_ref(), &config, &watch)?;
//! let split = pipeline::split(&graph, &config, None)?;
//! let making = RunDir::create(&run, &config, &graph, &split, Existing::Keep)?;
//! let trained = train::fit(None, &split, &config, |_| {})?;
//! let Evaluated { encoded, metrics, .. } = pipeline::evaluate(&trained.model, &graph, &split, &config, &watch)?;
//! making.finish(&graph, &trained, &encoded, &metrics, Timings::default())?;
//!
//! let record = reproduce::check(&run, &Place::default())?;
//! reproduce::make(&run, &record, &Place::default(), &again, Existing::Keep, &watch, |_| {})?;
//! let files = reproduce::compare(&run, &again)?;
//! assert!(files.iter().all(|file| file.difference.is_none()));
//! let reasons = reproduce::reasons(&record, &again)?;
//! reproduce::verdict(&run, &files, &reasons)?;
//! # Ok::<(), vgae::Error>(())
//! ```

mod compare;

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::config::{Config, FeatureSource, ModelKind};
use crate::error::{Error, Result};
use crate::graph::{Graph, InputFile};
use crate::pipeline::{self, Evaluated};
use crate::progress::Watch;
use crate::run::{self, Record, RunDir, Status, Timings};
use crate::train::{self, Epoch, Moment};
use crate::write::Existing;

pub use compare::{Compared, compare};

/// Where the inputs of a run are, if not where its record says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// What `vgae train` got as DATA.
    pub data: Option<PathBuf>,
    /// What it got as `--features`.
    pub features: Option<PathBuf>,
}

/// The record of the run at `path`, if the run is what it wrote and its inputs are what they were.
///
/// # Errors
/// [`Error::Run`] if the run is not finished or was changed since; [`Error::Input`] for an input that is gone or holds
/// something else, [`Error::Config`] for one that came through stdin, unless `place` says where it is.
pub fn check(path: &Path, place: &Place) -> Result<Record> {
    let (record, changed) = match run::read_record(path)? {
        record if record.status == Status::Complete => run::changed_files(path)?,
        _ => {
            let problem = "says that its training did not come to an end; there is nothing to compare with";
            return Err(Error::Run { path: path.join("run.json"), problem: problem.into() });
        }
    };
    if let Some(file) = changed.into_iter().next() {
        let problem = "is not what the run wrote: its SHA-256 is not the one in run.json".into();
        return Err(Error::Run { path: file, problem });
    }
    let has_embeddings = !matches!(record.config.model.model, ModelKind::Baseline(_));
    let written =
        ["metrics.json", "history.csv"].into_iter().chain(has_embeddings.then_some("embeddings.csv"));
    if let Some(missing) = written.map(|file| path.join(file)).find(|file| !file.exists()) {
        return Err(Error::Run { path: missing, problem: "is missing; the run wrote one".into() });
    }
    if let Some((epoch, learning_rate)) = record.earlier_learning_rates.first() {
        let problem = format!(
            "says that training went on with another learning rate after epoch {epoch} (before: {learning_rate}); one \
             command does not make it again"
        );
        return Err(Error::Run { path: path.join("run.json"), problem });
    }
    if record.inputs.is_empty() {
        let problem = "names no input; there is nothing to make the run of".into();
        return Err(Error::Run { path: path.join("run.json"), problem });
    }
    let features = file_of_features(&record.config);
    for input in &record.inputs {
        let (moved, flag) = match features == Some(&input.path) {
            true => (&place.features, "--features"),
            false => (&place.data, "--data"),
        };
        if moved.is_none() {
            check_input(input, flag)?;
        }
    }
    Ok(record)
}

/// Makes the run of `record`, which is at `path`, again as the run directory `to`: with its settings and seed, on its own
/// split where it did not draw one, on as many threads as there are. `on_epoch` sees each epoch.
///
/// # Errors
/// [`Error::Input`] if what was read is not what the run was made of; else as `vgae train`.
pub fn make(
    path: &Path,
    record: &Record,
    place: &Place,
    to: &Path,
    existing: Existing,
    watch: &Watch,
    mut on_epoch: impl FnMut(&Epoch),
) -> Result<()> {
    let mut config = record.config.clone();
    if let (Some(file), FeatureSource::File(_)) = (&place.features, &config.read.features) {
        config.read.features = FeatureSource::File(file.clone());
    }
    config.validate()?;
    train::check_device(&config)?;
    RunDir::check(to, existing)?;
    let start = Instant::now();
    let graph = pipeline::read(&place.data.clone().unwrap_or_else(|| data(record)), &config, watch)?;
    check_read(&graph, record)?;
    let read_seconds = start.elapsed().as_secs_f64();

    let start = Instant::now();
    let own_split = record.split_from.as_ref().map(|_| path);
    let split = pipeline::split(&graph, &config, own_split)?;
    let split_seconds = start.elapsed().as_secs_f64();

    watch.begin("training");
    let mut run = RunDir::create(to, &config, &graph, &split, existing)?;
    if let Some(directory) = &record.split_from {
        run.set_split_from(directory);
    }
    let start = Instant::now();
    let on_epoch = &mut |epoch: &Epoch, _: &Moment| {
        on_epoch(epoch);
        Ok(())
    };
    let trained = train::fit_from(graph.features(), &split, &config, watch, None, on_epoch)?;
    let train_seconds = start.elapsed().as_secs_f64();

    watch.begin("evaluating");
    let start = Instant::now();
    let Evaluated { encoded, metrics, calibrator } =
        pipeline::evaluate(&trained.model, &graph, &split, &config, watch)?;
    if let Some(calibrator) = calibrator {
        run.set_calibrator(calibrator);
    }
    let evaluate_seconds = start.elapsed().as_secs_f64();
    let timings = Timings { read_seconds, split_seconds, train_seconds, evaluate_seconds };
    run.finish(&graph, &trained, &encoded, &metrics, timings).map(|_| ())
}

/// Why the run of `record` and the one at `again` may differ, as far as their records tell: a sentence each.
///
/// # Errors
/// As [`run::read_record`].
pub fn reasons(record: &Record, again: &Path) -> Result<Vec<String>> {
    let again = run::read_record(again)?;
    let lanes = |record: &Record| record.num_simd_lanes.map(|count| count.to_string());
    let device = |record: &Record| Some(record.config.train.device.to_string());
    let pairs = [
        ("vgae", Some(record.vgae_version.clone()), Some(again.vgae_version.clone())),
        ("libtorch", Some(record.libtorch_version.clone()), Some(again.libtorch_version.clone())),
        ("processor", record.processor.clone(), again.processor.clone()),
        ("f32 lanes of a vector", lanes(record), lanes(&again)),
        ("device", device(record), device(&again)),
    ];
    let is_unknown = record.num_simd_lanes.is_none();
    let known = pairs.into_iter().filter_map(|(what, was, is)| {
        let (was, is) = (was?, is?);
        (was != is).then(|| format!("{what}: {was} then, {is} now"))
    });
    let unknown = is_unknown.then(|| "the record does not say which processor it was".to_string());
    Ok(known.chain(unknown).collect())
}

/// Whether all `files` of the run at `path` came out the same; `reasons` is what [`reasons`] gave.
///
/// # Errors
/// [`Error::Differs`] if not.
pub fn verdict(path: &Path, files: &[Compared], reasons: &[String]) -> Result<()> {
    let num_different = files.iter().filter(|file| file.difference.is_some()).count();
    if num_different == 0 {
        return Ok(());
    }
    let why = match reasons {
        [] => "nothing in the records tells why: version, processor and device are the same".to_string(),
        reasons => format!("what else is not the same: {}", reasons.join("; ")),
    };
    let summary = format!("{num_different} of {} files came out otherwise; {why}", files.len());
    Err(Error::Differs { path: path.to_path_buf(), summary })
}

fn file_of_features(config: &Config) -> Option<&PathBuf> {
    match &config.read.features {
        FeatureSource::File(file) => Some(file),
        FeatureSource::Auto | FeatureSource::None => None,
    }
}

/// Whether `input` is what it was; `flag` says where it is otherwise.
fn check_input(input: &InputFile, flag: &str) -> Result<()> {
    let path = &input.path;
    if path == Path::new("-") {
        return Err(Error::Config(format!(
            "the run was trained on what came through stdin, which is not kept; hint: if it is in a file, give {flag} FILE \
             (expected SHA-256: {})",
            input.sha256
        )));
    }
    if !path.is_file() {
        let problem = format!(
            "is not there; the run was trained on it, and its path starts from the directory that vgae train ran in. Hint: \
             {flag} PATH for what has moved"
        );
        return Err(Error::Input { path: path.clone(), problem });
    }
    let found = run::sha256(path)?;
    if found == input.sha256 { Ok(()) } else { Err(changed(path, &found, &input.sha256)) }
}

fn changed(path: &Path, found: &str, expected: &str) -> Error {
    let problem = format!("is not what the run was trained on: its SHA-256 is {found}; expected {expected}");
    Error::Input { path: path.to_path_buf(), problem }
}

/// Whether `graph` was read from the same bytes as that of `record`.
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
            Err(Error::Input { path: last.path.clone(), problem })
        }
        _ => Ok(()),
    }
}

/// What `vgae train` got as DATA: the file, or the directory of several.
fn data(record: &Record) -> PathBuf {
    let features = file_of_features(&record.config);
    let own: Vec<&InputFile> = record.inputs.iter().filter(|input| features != Some(&input.path)).collect();
    let first = own.first().map_or(record.inputs[0].path.as_path(), |input| input.path.as_path());
    match (own.len() > 1, first.parent()) {
        (true, Some(parent)) if parent != Path::new("") => parent.to_path_buf(),
        (true, _) => PathBuf::from("."),
        (false, _) => first.to_path_buf(),
    }
}
