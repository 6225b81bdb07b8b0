//! Compares the files of two run directories and finds their first differences.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::Result;
use vgae::run::{self, Run};
use vgae::split::LISTS;
use vgae::train::Epoch;

/// A file of two runs, and how it differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// The name of the file in the run directory.
    pub file: String,
    /// The first difference and the size of the largest; `None` if the files are bit-identical.
    pub difference: Option<String>,
}

/// Compares the finished runs at `first` and `second`: the split, features, weights, embeddings and metrics
/// byte by byte, the history except for its times, and the calibration. O(size of the files) time; holds one
/// file of each run in memory at a time.
///
/// # Errors
/// [`vgae::Error::Io`] if a file cannot be read; the errors of [`Run::open`] if the weights differ.
pub fn compare(first: &Path, second: &Path) -> Result<Vec<Compared>> {
    let both = [first, second];
    let by_link = ["validation_negatives_by_link", "test_negatives_by_link"];
    let lists = LISTS.iter().chain(&by_link).map(|list| format!("split/{list}.csv"));
    let others = ["nodes.csv", "rows.csv", "feature_names.csv", "features.safetensors"].map(String::from);
    let mut files = Vec::new();
    let mut add = |file: &str, difference: Option<String>| {
        files.push(Compared { file: file.to_string(), difference });
    };
    for file in lists.chain(others) {
        if let Some(texts) = unequal(both, &file)? {
            add(&file, texts.map(|texts| first_line(&texts)));
        }
    }
    if let Some(texts) = unequal(both, WEIGHTS)? {
        add(WEIGHTS, texts.map(|_| weights(both)).transpose()?);
    }
    if let Some(texts) = unequal(both, EMBEDDINGS)? {
        add(EMBEDDINGS, texts.map(|texts| embeddings(&texts)));
    }
    if let Some(texts) = unequal(both, METRICS)? {
        add(METRICS, texts.map(|texts| metrics(&texts)));
    }
    let [one, other] = both.map(run::read_history);
    add("history.csv (without times)", history(&one?, &other?));
    let [one, other] = both.map(run::read_record);
    let (one, other) = (one?, other?);
    if one.calibration.is_some() || other.calibration.is_some() {
        let differs = one.calibration != other.calibration;
        add("run.json (calibration)", differs.then(|| "the calibration differs".into()));
    }
    Ok(files)
}

const WEIGHTS: &str = "weights.safetensors";
const EMBEDDINGS: &str = "embeddings.csv";
const METRICS: &str = "metrics.json";

/// Reads a file of both runs. Returns `None` if neither run has it, `Some(None)` if the bytes are equal, and
/// both byte strings if they differ.
#[allow(clippy::type_complexity)]
fn unequal(runs: [&Path; 2], file: &str) -> Result<Option<Option<[Vec<u8>; 2]>>> {
    let read = |run: &Path| {
        let path = run.join(file);
        match path.exists() {
            true => fs::read(&path).map(Some).map_err(|source| vgae::Error::io("read", &path, source)),
            false => Ok(None),
        }
    };
    let [first, second] = runs.map(read);
    Ok(match (first?, second?) {
        (None, None) => None,
        (first, second) if first == second => Some(None),
        (first, second) => Some(Some([first.unwrap_or_default(), second.unwrap_or_default()])),
    })
}

/// A count of the differences between named numbers.
#[derive(Default)]
struct Differences {
    first: Option<String>,
    num_different: usize,
    num_all: usize,
    largest: f64,
}

impl Differences {
    fn add(&mut self, name: impl FnOnce() -> String, was: f64, is: f64) {
        self.num_all += 1;
        if was.to_bits() == is.to_bits() {
            return;
        }
        self.num_different += 1;
        self.largest = self.largest.max((was - is).abs());
        self.first.get_or_insert_with(|| format!("{}: {was} became {is}", name()));
    }

    fn describe(self) -> Option<String> {
        let Differences { first, num_different, num_all, largest } = self;
        let first = first?;
        Some(format!("{first}; {num_different} of {num_all} numbers differ, by {largest:.1e} at most"))
    }
}

/// The description if the bytes differ but no number does.
const OTHER_BYTES: &str = "the numbers are equal but the bytes differ";

fn weights(runs: [&Path; 2]) -> Result<String> {
    let [first, second] = runs.map(|run| Run::open(run).map(|run| run.model.weights()));
    let (first, second) = (first?, second?);
    let mut differences = Differences::default();
    for (name, was) in &first {
        let Some(is) = second.get(name) else { return Ok(format!("{name} is missing")) };
        if was.dim() != is.dim() {
            return Ok(format!("{name} is {:?}; it was {:?}", is.dim(), was.dim()));
        }
        for (((row, column), &was), &is) in was.indexed_iter().zip(is) {
            differences.add(|| format!("{name}[{row}, {column}]"), was.into(), is.into());
        }
    }
    Ok(differences.describe().unwrap_or_else(|| OTHER_BYTES.into()))
}

fn embeddings(texts: &[Vec<u8>; 2]) -> String {
    let [mut first, mut second] = texts.each_ref().map(|text| csv::Reader::from_reader(text.as_slice()));
    let header = first.headers().cloned().unwrap_or_default();
    let mut differences = Differences::default();
    let (mut first, mut second) = (first.records(), second.records());
    loop {
        let (was, is) = match (first.next(), second.next()) {
            (None, None) => break,
            (Some(Ok(was)), Some(Ok(is))) if was.len() == is.len() && was.get(0) == is.get(0) => (was, is),
            _ => return first_line(texts),
        };
        for at in 1..was.len() {
            let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
            let name = || format!("{} of node {}", header.get(at).unwrap_or_default(), &was[0]);
            differences.add(name, number(&was[at]), number(&is[at]));
        }
    }
    differences.describe().unwrap_or_else(|| OTHER_BYTES.into())
}

fn metrics(texts: &[Vec<u8>; 2]) -> String {
    let [was, is] = texts.each_ref().map(|text| {
        let mut numbers = BTreeMap::new();
        flatten("", &serde_json::from_slice(text).unwrap_or_default(), &mut numbers);
        numbers
    });
    let mut differences = Differences::default();
    for (name, &was) in &was {
        let Some(&is) = is.get(name) else { return format!("{name} is missing") };
        differences.add(|| name.clone(), was, is);
    }
    differences.describe().unwrap_or_else(|| OTHER_BYTES.into())
}

/// Collects the numbers in `value` by their paths, such as `test.roc_auc`.
fn flatten(name: &str, value: &Value, numbers: &mut BTreeMap<String, f64>) {
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| {
            let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
            flatten(&name, value, numbers);
        }),
        _ => {
            numbers.extend(value.as_f64().map(|number| (name.to_string(), number)));
        }
    }
}

fn history(was: &[Epoch], is: &[Epoch]) -> Option<String> {
    if was.len() != is.len() {
        return Some(format!("{} epochs instead of {}", is.len(), was.len()));
    }
    let mut differences = Differences::default();
    for (was, is) in was.iter().zip(is) {
        let numbers = |row: &Epoch| {
            let optional = [row.validation_roc_auc, row.validation_average_precision, row.validation_elbo];
            let [auc, precision, elbo] = optional.map(|number| number.unwrap_or(0.0));
            [row.epoch as f64, row.loss, row.reconstruction, row.kl, auc, precision, elbo]
        };
        for ((name, was_number), is_number) in NAMES.iter().zip(numbers(was)).zip(numbers(is)) {
            differences.add(
                || format!("{name} of epoch {} of {}", was.epoch, was.network),
                was_number,
                is_number,
            );
        }
    }
    differences.describe()
}

const NAMES: [&str; 7] = [
    "epoch",
    "loss",
    "reconstruction",
    "kl",
    "validation_roc_auc",
    "validation_average_precision",
    "validation_elbo",
];

/// Describes the first line that differs.
fn first_line(texts: &[Vec<u8>; 2]) -> String {
    let [first, second] = texts.each_ref().map(|text| String::from_utf8_lossy(text));
    let (mut was, mut is) = (first.lines(), second.lines());
    for line in 1.. {
        let show = |text: Option<&str>| match text {
            None => "the end of the file".to_string(),
            Some(text) => text.chars().take(60).collect(),
        };
        match (was.next(), is.next()) {
            (None, None) => break,
            (was, is) if was != is => return format!("line {line}: {} became {}", show(was), show(is)),
            _ => {}
        }
    }
    "the bytes differ".into()
}
