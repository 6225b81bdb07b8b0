//! The rules of an audit and its report.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::{Error, Result};
use crate::write::Output;

const COLUMNS: [&str; 8] =
    ["rule", "file", "line", "source", "target", "other_file", "other_line", "problem"];

/// A kind of offence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A pair to be evaluated is a training edge: message passing saw it.
    TrainedOn,
    /// A negative is an edge of the graph.
    NegativeIsEdge,
    /// A pair is in two lists of the same kind.
    TwoLists,
    /// A pair is in one list twice.
    Duplicate,
    /// A pair joins a node to itself.
    SelfLoop,
    /// An edge of a list is not an edge of the graph.
    AbsentEdge,
    /// An edge of the graph is in no list.
    MissingEdge,
    /// A link has no negatives of its own, although others have.
    NoNegatives,
    /// A pair has a node that the graph does not have.
    UnknownNode,
    /// A file has changed since the run wrote it.
    ChangedFile,
    /// The split of a run is not as the settings in `run.json` say.
    SplitSettings,
    /// The embedding of a node does not follow from message passing over the training edges.
    Embeddings,
    /// A metric does not follow from the embeddings.
    Metrics,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::TrainedOn => "trained-on",
            Rule::NegativeIsEdge => "negative-is-edge",
            Rule::TwoLists => "two-lists",
            Rule::Duplicate => "duplicate",
            Rule::SelfLoop => "self-loop",
            Rule::AbsentEdge => "absent-edge",
            Rule::MissingEdge => "missing-edge",
            Rule::NoNegatives => "no-negatives",
            Rule::UnknownNode => "unknown-node",
            Rule::ChangedFile => "changed-file",
            Rule::SplitSettings => "split-settings",
            Rule::Embeddings => "embeddings",
            Rule::Metrics => "metrics",
        })
    }
}

/// A line of a file, or a file as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file; for the graph itself, the path of the data.
    pub file: PathBuf,
    /// The line, counted from 1; `None` for a file as a whole.
    pub line: Option<u64>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

/// One offence. It is displayed as `FILE:LINE: problem`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offence {
    /// The broken rule.
    pub rule: Rule,
    /// The place of the offence.
    pub place: Place,
    /// The pair as written there; `None` if the offence is not about a pair.
    pub pair: Option<(String, String)>,
    /// The place that it conflicts with, if any.
    pub other: Option<Place>,
    /// The description of the offence.
    pub problem: String,
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

/// The result of an audit.
#[derive(Debug, Clone)]
pub struct Report {
    path: PathBuf,
    num_pairs: usize,
    limit: usize,
    counts: BTreeMap<Rule, usize>,
    offences: Vec<Offence>,
    notes: Vec<String>,
}

impl Report {
    pub(super) fn new(path: &Path, num_pairs: usize, limit: usize) -> Self {
        let (counts, offences, notes) = (BTreeMap::new(), Vec::new(), Vec::new());
        Report { path: path.to_path_buf(), num_pairs, limit, counts, offences, notes }
    }

    pub(super) fn add_note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Returns notes on how the files were read, one sentence each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Counts an offence against `rule`, and keeps it unless the limit is reached.
    pub(super) fn push(&mut self, rule: Rule, offence: impl FnOnce() -> Offence) {
        let count = self.counts.entry(rule).or_default();
        *count += 1;
        if *count <= self.limit {
            self.offences.push(offence());
        }
    }

    /// Returns the offences that were kept, at most the limit for each rule, by rule and line.
    pub fn offences(&self) -> &[Offence] {
        &self.offences
    }

    /// Returns the number of offences against `rule`, including those beyond the limit.
    pub fn num_of(&self, rule: Rule) -> usize {
        self.counts.get(&rule).copied().unwrap_or(0)
    }

    /// Returns the number of all offences, including those beyond the limit.
    pub fn num_offences(&self) -> usize {
        self.counts.values().sum()
    }

    /// Returns `true` if there is no offence.
    pub fn is_clean(&self) -> bool {
        self.counts.is_empty()
    }

    /// Fails with a one-line summary if the audit found an offence.
    ///
    /// # Errors
    /// [`Error::Leak`] if there is an offence.
    pub fn verdict(&self) -> Result<()> {
        if self.is_clean() {
            Ok(())
        } else {
            Err(Error::Leak { path: self.path.clone(), summary: self.summary() })
        }
    }

    /// Writes a row `rule,file,line,source,target,other_file,other_line,problem` for each offence that was
    /// kept.
    ///
    /// # Errors
    /// [`Error::Io`] if the output cannot be written.
    pub fn write_csv(&self, output: &mut Output) -> Result<()> {
        let path = output.path().to_path_buf();
        let mut writer = csv::Writer::from_writer(output);
        let mut write = || -> csv::Result<()> {
            writer.write_record(COLUMNS)?;
            for Offence { rule, place, pair, other, problem } in &self.offences {
                let (source, target) = pair.clone().unwrap_or_default();
                let file = |place: &Place| place.file.display().to_string();
                let other_line = other.as_ref().and_then(|other| other.line);
                let other_file = other.as_ref().map(file);
                writer.serialize((
                    rule,
                    file(place),
                    place.line,
                    source,
                    target,
                    other_file,
                    other_line,
                    problem,
                ))?;
            }
            Ok(writer.flush()?)
        };
        write().map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(source) => Error::io("write", &path, source),
            kind => Error::io("write", &path, std::io::Error::other(format!("{kind:?}"))),
        })
    }

    /// Returns the result of the audit in one line.
    pub fn summary(&self) -> String {
        if self.is_clean() {
            return format!("clean; pairs checked: {}", self.num_pairs);
        }
        let count = |(rule, &count): (&Rule, &usize)| match count > self.limit {
            false => format!("{rule} {count}"),
            true => format!("{rule} {count} (the first {} shown)", self.limit),
        };
        let counts: Vec<String> = self.counts.iter().map(count).collect();
        format!("leaks or is damaged: {}; pairs checked: {}", counts.join(", "), self.num_pairs)
    }
}
