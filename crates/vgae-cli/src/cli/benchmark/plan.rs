//! Plans the runs of a benchmark and executes them.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::benchmark::{PlannedRun, SplitId, data_sha256};
use crate::{Error, Result};
use clap::ValueEnum;
use sha2::{Digest, Sha256};
use vgae::config::{Fold, ModelKind, ReadConfig};
use vgae::graph::{InputFile, hex};
use vgae::progress::Progress;
use vgae::{read, split};

use super::{Args, PARTIAL, io, remove};
use crate::cli::train::{self, Parsed};

/// All runs of a benchmark.
pub(super) struct Plan {
    pub(super) jobs: Vec<Job>,
    pub(super) reference: Option<String>,
    /// `true` if runs take the split of `--split`.
    pub(super) has_given_split: bool,
}

/// One run.
pub(super) struct Job {
    pub(super) cell: PlannedRun,
    data: PathBuf,
    flags: Vec<String>,
}

impl Plan {
    /// Checks the arguments, and reads each data set once to hash it.
    pub(super) fn new(args: &Args) -> Result<Plan> {
        let models: Vec<String> = args.models.iter().map(name).collect();
        if let Some(name) = first_duplicate(&models) {
            return Err(Error::Usage(format!("--models names {name} twice")));
        }
        let reference = args.reference.as_ref().map(name);
        if let Some(reference) = reference.as_ref().filter(|reference| !models.contains(reference)) {
            return Err(Error::Usage(format!("--reference {reference} is not among --models")));
        }
        if args.data.iter().any(|path| path == Path::new("-")) {
            return Err(Error::Usage(
                "DATA is -, but every run reads DATA, and stdin can be read only once".into(),
            ));
        }
        if let Some(ratio) = args.negatives_ratios.iter().find(|ratio| !(1..=1000).contains(*ratio)) {
            return Err(Error::Usage(format!("--negatives-ratios names {ratio}; expected 1 to 1000")));
        }
        let ratios: Vec<String> = args.negatives_ratios.iter().map(usize::to_string).collect();
        if let Some(ratio) = first_duplicate(&ratios) {
            return Err(Error::Usage(format!("--negatives-ratios names {ratio} twice")));
        }
        let data: Vec<String> = args.data.iter().map(|path| read::data_name(path)).collect();
        if let Some(name) = first_duplicate(&data) {
            return Err(Error::Usage(format!(
                "two data sets are named {name}; hint: rename one, or use a separate --output for each"
            )));
        }
        let splits = splits(args);
        let flags = flags_of(&models, splits[0], args)?;
        let mut hashes: HashMap<(usize, String), String> = HashMap::new();
        let mut jobs = Vec::new();
        for (at, (path, data)) in args.data.iter().zip(&data).enumerate() {
            for &split in &splits {
                for (model, flags) in models.iter().zip(&flags) {
                    let key = (at, format!("{:?} {:?}", flags.read, flags.split));
                    let data_sha256 = match hashes.get(&key) {
                        Some(hash) => hash.clone(),
                        None => {
                            let mut inputs = read::data(path, &flags.read, &Progress::default())?.inputs;
                            if let Some(directory) = &flags.split {
                                inputs.extend(split_files(directory)?);
                            }
                            data_sha256(&inputs)
                        }
                    };
                    hashes.insert(key, data_sha256.clone());
                    let cell = PlannedRun {
                        data: data.clone(),
                        model: model.clone(),
                        split,
                        flags: quoted(&flags.words),
                        vgae_version: env!("CARGO_PKG_VERSION").into(),
                        data_sha256,
                    };
                    jobs.push(Job { cell, data: path.clone(), flags: flags.words.clone() });
                }
            }
        }
        let has_given_split = flags.iter().any(|flags| flags.split.is_some());
        Ok(Plan { jobs, reference, has_given_split })
    }
}

/// Returns the splits, of which there is at least one.
fn splits(args: &Args) -> Vec<SplitId> {
    let splits: Vec<SplitId> = match args.folds {
        None => (0..args.splits).map(|seed| SplitId { seed, ..SplitId::default() }).collect(),
        Some(count) => {
            Fold::all(count as usize).map(|fold| SplitId { fold: Some(fold), ..SplitId::default() }).collect()
        }
    };
    let ratios = args.negatives_ratios.iter();
    match args.negatives_ratios.is_empty() {
        true => splits,
        false => ratios
            .flat_map(|&ratio| {
                splits.iter().map(move |split| SplitId { negatives_ratio: Some(ratio), ..*split })
            })
            .collect(),
    }
}

/// The `vgae train` flags of a model, and the read settings they result in.
struct Flags {
    words: Vec<String>,
    read: ReadConfig,
    /// The directory of `--split`.
    split: Option<PathBuf>,
}

/// Returns the flags of each model. `split` is any of the splits, to check that its flags fit the others.
fn flags_of(models: &[String], split: SplitId, args: &Args) -> Result<Vec<Flags>> {
    let mut own: HashMap<&str, Vec<String>> = HashMap::new();
    for argument in &args.model_args {
        let Some((model, flags)) =
            argument.split_once(':').filter(|(model, _)| models.iter().any(|m| m == model.trim()))
        else {
            let problem = format!(
                "--model-args {argument:?} does not begin with one of --models; expected 'MODEL: FLAGS'"
            );
            return Err(Error::Usage(problem));
        };
        own.entry(model.trim()).or_default().extend(flags.split_whitespace().map(String::from));
    }
    let flags = |model: &String| {
        let protocol: Vec<String> = args
            .protocol
            .iter()
            .flat_map(|protocol| protocol.train_flags())
            .map(|word| word.to_string())
            .collect();
        let own = own.get(model.as_str()).map_or(&[] as &[String], Vec::as_slice);
        let mut words = [protocol.as_slice(), args.train.as_slice(), own].concat();
        let is_objective = |word: &String| word == "--objective" || word.starts_with("--objective=");
        if let Some(protocol) = args.protocol
            && *model == name(&ModelKind::Best)
            && !words.iter().any(is_objective)
        {
            words.extend(protocol.flags_of_best().map(String::from));
        }
        let arguments = job_arguments(Path::new("DATA"), model, split, Path::new("DIR"), &words);
        let Parsed { config, split, file_flags } = train::parse(&arguments).map_err(|error| match error {
            Error::Usage(problem) => Error::Usage(format!("the `vgae train` flags for {model}: {problem}")),
            other => other,
        })?;
        // The file may change, so its contents are recorded and run instead of its path.
        let words = [file_flags, train::without_config(&words)].concat();
        Ok(Flags { words, read: config.read, split })
    };
    models.iter().map(flags).collect()
}

/// Returns the files of the split in `directory`, in the order of their names.
fn split_files(directory: &Path) -> Result<Vec<InputFile>> {
    let directory = &split::split_directory(directory)?;
    // The run that misses the directory says so.
    let Ok(entries) = fs::read_dir(directory) else { return Ok(Vec::new()) };
    let is_list = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "csv" || ending == "npy");
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_list).collect();
    paths.sort_unstable();
    let file = |path: PathBuf| {
        let bytes = fs::read(&path).map_err(|source| io("read", &path, source))?;
        let num_bytes = bytes.len() as u64;
        Ok(InputFile { path, sha256: hex(&Sha256::digest(&bytes)), num_bytes })
    };
    paths.into_iter().map(file).collect()
}

fn job_arguments(data: &Path, model: &str, split: SplitId, output: &Path, flags: &[String]) -> Vec<OsString> {
    let own = ["--model", model, "--json", "--output"];
    let mut arguments = vec!["train".into(), data.into()];
    arguments.extend(own.iter().map(|word| (*word).into()));
    arguments.push(output.into());
    arguments.extend(split.flags().into_iter().map(OsString::from));
    arguments.extend(flags.iter().map(|word| word.into()));
    arguments
}

impl Job {
    /// Trains into the run directory `to`, which is created completely or not at all. Returns the notes of the
    /// training. The inner error is the reason why it failed.
    pub(super) fn train(
        &self,
        to: &Path,
        num_threads: usize,
    ) -> Result<std::result::Result<Vec<String>, String>> {
        // A unique name avoids conflicts with a process that outlived an interrupted benchmark.
        let parent = to.parent().unwrap_or(Path::new("."));
        let work = tempfile::Builder::new()
            .prefix(PARTIAL)
            .tempdir_in(parent)
            .map_err(|source| io("create", parent, source))?;
        let run = work.path().join("run");
        let program = std::env::current_exe().map_err(|source| io("find", Path::new("vgae"), source))?;
        let PlannedRun { model, split, .. } = &self.cell;
        let output = Command::new(&program)
            .args(job_arguments(&self.data, model, *split, &run, &self.flags))
            .args(["--progress", "none", "--threads", &num_threads.to_string()])
            .stdin(Stdio::null())
            .output()
            .map_err(|source| io("run", &program, source))?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            let last = stderr.lines().rev().find(|line| !line.trim().is_empty());
            let problem = last.map_or_else(|| output.status.to_string(), String::from);
            return Ok(Err(problem.trim_start_matches("error: ").into()));
        }
        remove(to)?;
        fs::rename(&run, to).map_err(|source| io("write", to, source))?;
        Ok(Ok(stderr.lines().filter_map(|line| line.strip_prefix("note: ")).map(String::from).collect()))
    }
}

fn name(model: &ModelKind) -> String {
    model.to_possible_value().map_or_else(String::new, |value| value.get_name().to_string())
}

/// Returns the first name that occurs twice.
fn first_duplicate(names: &[String]) -> Option<&String> {
    names.iter().enumerate().find_map(|(at, name)| names[..at].contains(name).then_some(name))
}

/// Quotes and joins words for a shell.
fn quoted(words: &[String]) -> String {
    let is_plain = |word: &String| {
        !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_=+./,:@%".contains(c))
    };
    let quote = |word: &String| match is_plain(word) {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    };
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// Returns the command line of this process.
pub(super) fn command_line() -> String {
    let words: Vec<String> =
        std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    format!("vgae {}", quoted(&words))
}
