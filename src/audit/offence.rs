//! What an audit reports.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::{Error, Result};
use crate::write::Output;

const COLUMNS: [&str; 8] =
    ["rule", "file", "line", "source", "target", "other_file", "other_line", "problem"];

/// What must not be.
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
    /// An edge of a list is none of the graph.
    AbsentEdge,
    /// An edge of the graph is in no list.
    MissingEdge,
    /// A file is not the one that the run wrote.
    ChangedFile,
    /// A node's embedding is not what message passing over the training edges gives.
    Embeddings,
    /// A metric is not what the embeddings give.
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
            Rule::ChangedFile => "changed-file",
            Rule::Embeddings => "embeddings",
            Rule::Metrics => "metrics",
        })
    }
}

/// A line of a file, or a file as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file; for the graph itself, the data's path.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: Option<u64>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

/// One offence. It shows as `FILE:LINE: problem`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offence {
    /// The rule that it breaks.
    pub rule: Rule,
    /// Where it stands.
    pub place: Place,
    /// The pair, as it stands there.
    pub pair: Option<(String, String)>,
    /// What it offends against, if that is another place.
    pub other: Option<Place>,
    /// The offence in words.
    pub problem: String,
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

/// What an audit found.
#[derive(Debug, Clone)]
pub struct Report {
    path: PathBuf,
    num_pairs: usize,
    limit: usize,
    counts: BTreeMap<Rule, usize>,
    offences: Vec<Offence>,
}

impl Report {
    pub(super) fn new(path: &Path, num_pairs: usize, limit: usize) -> Self {
        let (counts, offences) = (BTreeMap::new(), Vec::new());
        Report { path: path.to_path_buf(), num_pairs, limit, counts, offences }
    }

    /// Counts an offence against `rule`, and keeps it while there are few of them.
    pub(super) fn push(&mut self, rule: Rule, offence: impl FnOnce() -> Offence) {
        let count = self.counts.entry(rule).or_default();
        *count += 1;
        if *count <= self.limit {
            self.offences.push(offence());
        }
    }

    /// The offences, rule by rule and line by line, no more of a rule than the limit.
    pub fn offences(&self) -> &[Offence] {
        &self.offences
    }

    /// How many offences there are against `rule`, those beyond the limit among them.
    pub fn num_of(&self, rule: Rule) -> usize {
        self.counts.get(&rule).copied().unwrap_or(0)
    }

    /// How many offences there are, those beyond the limit among them.
    pub fn num_offences(&self) -> usize {
        self.counts.values().sum()
    }

    /// Whether there is none.
    pub fn is_clean(&self) -> bool {
        self.counts.is_empty()
    }

    /// Nothing where the audit found nothing; what it found in one line, else.
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

    /// Writes `rule,file,line,source,target,other_file,other_line,problem` rows, one per offence that was kept.
    ///
    /// # Errors
    /// [`Error::Io`].
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

    /// The audit's outcome in one line.
    pub fn summary(&self) -> String {
        if self.is_clean() {
            return format!("clean; pairs looked at: {}", self.num_pairs);
        }
        let count = |(rule, &count): (&Rule, &usize)| match count > self.limit {
            false => format!("{rule} {count}"),
            true => format!("{rule} {count} (the first {} shown)", self.limit),
        };
        let counts: Vec<String> = self.counts.iter().map(count).collect();
        format!("leaks or is damaged: {}; pairs looked at: {}", counts.join(", "), self.num_pairs)
    }
}
