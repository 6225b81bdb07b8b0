//! Writes scores of pairs as CSV, JSON Lines or Parquet.

use std::iter;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;

use crate::config::format::{ending, unknown_ending};
use crate::error::{Error, Result};
use crate::evaluate::calibrate::Calibrator;
use crate::graph::{NodeIds, Pair};
use crate::model::decoder::Posterior;
use crate::model::score::{ScoredPair, probability};
use crate::read::PairBlock;
use crate::write::Output;
use crate::write::columns::{Column, ColumnKind};
use crate::write::parquet::ParquetWriter;
use crate::write::rows::{self, Row};

/// The format of scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum ScoreFormat {
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object per line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
}

impl ScoreFormat {
    /// Returns the format for a file name: JSON Lines for `.jsonl` and `.ndjson`, Parquet for `.parquet` and
    /// `.pq`, and CSV for `.csv`, `.txt` and names without an extension.
    ///
    /// # Errors
    /// [`Error::UnknownFormat`] for any other extension.
    pub fn from_path(path: &Path) -> Result<Self> {
        match ending(path).as_deref() {
            None | Some("csv" | "txt") => Ok(ScoreFormat::Csv),
            Some("jsonl" | "ndjson") => Ok(ScoreFormat::Jsonl),
            Some("parquet" | "pq") => Ok(ScoreFormat::Parquet),
            Some(_) => Err(unknown_ending(path, ".csv, .jsonl or .parquet")),
        }
    }
}

/// The columns of a row of scores besides `source`, `target` and `logit`.
#[derive(Default)]
pub struct ScoreColumns<'a> {
    /// The calibrator that computes `probability` from the logit; `None` for the sigmoid.
    pub calibrator: Option<&'a Calibrator>,
    /// The posterior that provides `logit_low`, `logit_high`, `probability_low` and `probability_high`;
    /// `None` to omit these columns.
    pub posterior: Option<&'a Posterior<'a>>,
    /// The names of the columns that are copied from a pair file.
    pub others: Vec<String>,
}

/// Writes rows `source,target,probability,logit`, followed by further columns.
pub struct ScoreWriter<'a> {
    path: PathBuf,
    nodes: &'a NodeIds,
    columns: ScoreColumns<'a>,
    /// The names of all columns.
    names: Vec<String>,
    sink: Sink,
}

enum Sink {
    Csv(Output),
    Jsonl(Output),
    Parquet(Box<ParquetWriter>),
}

/// The columns of every row.
const NAMES: [&str; 4] = ["source", "target", "probability", "logit"];
/// The columns of an interval.
const INTERVAL: [&str; 4] = ["logit_low", "logit_high", "probability_low", "probability_high"];

/// The numbers of a row.
struct Numbers {
    probability: f64,
    logit: f64,
    /// The numbers of the columns [`INTERVAL`].
    interval: Option<[f64; 4]>,
}

impl Numbers {
    fn each(&self) -> impl Iterator<Item = f64> {
        [self.probability, self.logit].into_iter().chain(self.interval.into_iter().flatten())
    }
}

impl<'a> ScoreWriter<'a> {
    /// Writes the header, if the format has one. The pairs are indices of `nodes`.
    ///
    /// # Errors
    /// [`Error::Argument`] if two columns would have the same name; [`Error::Io`] if the output cannot be
    /// written.
    pub fn new(
        output: Output,
        format: ScoreFormat,
        nodes: &'a NodeIds,
        columns: ScoreColumns<'a>,
    ) -> Result<Self> {
        let path = output.path().to_path_buf();
        let interval = INTERVAL.iter().filter(|_| columns.posterior.is_some());
        let mut names: Vec<String> = NAMES.iter().chain(interval).map(ToString::to_string).collect();
        for other in &columns.others {
            if names.contains(other) {
                let problem =
                    format!("two columns would be called {other:?}; rename the column of the pair file");
                return Err(Error::argument("columns", problem));
            }
            names.push(other.clone());
        }
        let sink = match format {
            ScoreFormat::Csv => Sink::Csv(output),
            ScoreFormat::Jsonl => Sink::Jsonl(output),
            ScoreFormat::Parquet => {
                let end_of_numbers = names.len() - columns.others.len();
                let kind = |at| {
                    if (2..end_of_numbers).contains(&at) { ColumnKind::Double } else { ColumnKind::Text }
                };
                let schema: Vec<_> =
                    names.iter().cloned().enumerate().map(|(at, name)| (name, kind(at))).collect();
                Sink::Parquet(Box::new(ParquetWriter::new(output, &schema)?))
            }
        };
        let mut writer = ScoreWriter { path, nodes, columns, names, sink };
        if let Sink::Csv(output) = &mut writer.sink {
            let header = rows::write_header(output, &writer.names);
            header.map_err(|source| Error::io("write", &writer.path, source))?;
        }
        Ok(writer)
    }

    /// Writes a row for each of m pairs, formatted on all threads. [`ScoreColumns::others`] must be empty.
    ///
    /// # Errors
    /// [`Error::Io`] if the output cannot be written.
    pub fn write(&mut self, pairs: &[ScoredPair]) -> Result<()> {
        let logits: Vec<f64> = pairs.iter().map(|scored| scored.logit).collect();
        let pairs: Vec<Pair> = pairs.iter().map(|scored| scored.pair).collect();
        self.write_rows(&pairs, &logits, |_| iter::empty())
    }

    /// Writes a row for each of the m pairs of `block`, with `logits`, \[m\], in the same order, and with the
    /// columns that the block keeps.
    ///
    /// # Errors
    /// [`Error::Io`] if the output cannot be written.
    pub fn write_block(&mut self, block: &PairBlock, logits: &[f64]) -> Result<()> {
        self.write_rows(block.pairs(), logits, |at| block.kept(at))
    }

    /// Writes the rest and calls [`Output::finish`].
    ///
    /// # Errors
    /// [`Error::Io`] if the output cannot be written.
    pub fn finish(self) -> Result<()> {
        match self.sink {
            Sink::Csv(output) | Sink::Jsonl(output) => output.finish(),
            Sink::Parquet(writer) => writer.finish(),
        }
    }

    fn write_rows<'b, I: Iterator<Item = &'b str>>(
        &mut self,
        pairs: &[Pair],
        logits: &[f64],
        others: impl Fn(usize) -> I + Sync,
    ) -> Result<()>
    where
        'a: 'b,
    {
        let ScoreWriter { path, columns, names, sink, .. } = self;
        let nodes: &NodeIds = self.nodes;
        if pairs.is_empty() {
            return Ok(());
        }
        let numbers = |at: usize| columns.numbers(pairs[at], logits[at]);
        let ids = |at: usize| [nodes.id(pairs[at].0), nodes.id(pairs[at].1)];
        let fill = |at: usize, row: &mut Row| {
            ids(at).into_iter().for_each(|id| row.field(id));
            numbers(at).each().for_each(|number| row.f64(number));
            others(at).for_each(|other| row.field(other));
        };
        let written = match sink {
            Sink::Csv(output) => rows::write_separated(output, b',', pairs.len(), fill),
            Sink::Jsonl(output) => rows::write_separated(output, b',', pairs.len(), |at, row| {
                write_object(row.text(), names, ids(at), numbers(at).each(), others(at));
            }),
            Sink::Parquet(writer) => {
                let numbers: Vec<Numbers> = (0..pairs.len()).into_par_iter().map(numbers).collect();
                let num_numbers = numbers[0].each().count();
                return writer.write_group(|column| match column {
                    0 | 1 => Column::Text((0..pairs.len()).map(|at| ids(at)[column]).collect()),
                    column if column < 2 + num_numbers => {
                        let number = |numbers: &Numbers| numbers.each().nth(column - 2);
                        Column::Double(numbers.iter().filter_map(number).collect())
                    }
                    column => {
                        let other = |at: usize| others(at).nth(column - 2 - num_numbers);
                        Column::Text((0..pairs.len()).filter_map(other).collect())
                    }
                });
            }
        };
        written.map_err(|source| Error::io("write", path, source))
    }
}

impl ScoreColumns<'_> {
    fn numbers(&self, pair: Pair, logit: f64) -> Numbers {
        let probability = |logit| match self.calibrator {
            Some(calibrator) => calibrator.probability(logit),
            None => probability(logit),
        };
        let interval = self.posterior.map(|posterior| {
            let (low, high) = posterior.interval(pair);
            [low, high, probability(low), probability(high)]
        });
        Numbers { probability: probability(logit), logit, interval }
    }
}

/// Writes a JSON object with the ids, numbers and other fields of a pair, which have these `names` in this
/// order.
fn write_object<'a>(
    text: &mut Vec<u8>,
    names: &[String],
    ids: [&'a str; 2],
    numbers: impl Iterator<Item = f64>,
    others: impl Iterator<Item = &'a str>,
) {
    let ids = ids.into_iter().map(Value::Text);
    let values = ids.chain(numbers.map(Value::Number)).chain(others.map(Value::Text));
    for ((name, value), separator) in names.iter().zip(values).zip(iter::once(b'{').chain(iter::repeat(b',')))
    {
        text.push(separator);
        write_json(text, name);
        text.push(b':');
        write_json(text, &value);
    }
    text.push(b'}');
}

/// A value of a JSON object.
#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Text(&'a str),
    Number(f64),
}

/// Writes a text or a number as JSON. An infinity, which JSON does not have, becomes `null`.
fn write_json(text: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(text, value);
}
