//! Finds what makes an evaluation dishonest in a split, a run or a file of pairs, and shows the lines that
//! prove it. Uses `config`, `error`, `evaluate`, `graph`, `model`, `progress`, `read`, `run`, `split` and `write`.
//!
//! An audit trusts only the files themselves, which another program may have written. For a run it checks
//! every step: the files have the hashes in `run.json`, the embeddings follow from the training edges alone,
//! and the metrics follow from the embeddings. It cannot detect weights that were trained on further edges
//! and then used to encode the right ones; only training again with the same seed reveals that.
//!
//! # Examples
//! ```
//! use vgae::audit::{Audit, Direction, Rule};
//!
//! let directory = tempfile::tempdir().unwrap();
//! for (list, pair) in [("train", "a,b"), ("validation", "b,c"), ("validation_negatives", "a,d"), ("test", "b,a"),
//!     ("test_negatives", "c,d")] {
//!     std::fs::write(directory.path().join(format!("{list}.csv")), format!("source,target\n{pair}\n")).unwrap();
//! }
//! let report = Audit::read(directory.path(), Direction::Undirected)?.check(10)?;
//! // The test edge b,a is the training edge a,b.
//! assert!(!report.is_clean() && report.verdict().is_err());
//! assert_eq!((report.num_offences(), report.num_of(Rule::TrainedOn)), (1, 1));
//! println!("{}: {}", report.offences()[0].rule, report.offences()[0]);
//! # Ok::<(), vgae::Error>(())
//! ```

mod by_link;
mod lists;
mod offence;
mod recheck;

use std::path::{Path, PathBuf};

use hashbrown::HashSet;

use crate::config::{Header, NodeColumns, ReadConfig};
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeIds};
use crate::progress::Progress;
use crate::read::{PairColumns, RowReader, class, is_array, link_column};
use crate::run::{self, Record};
use crate::split;
use crate::split::by_link::PARTS;
use crate::split::{LISTS, NegativeFiles};

pub use offence::{Offence, Place, Report, Rule};

use by_link::LinkNegatives;
use lists::{Found, List, Role, Row};

/// The direction of pairs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    /// (u, v) and (v, u) are the same pair.
    #[default]
    Undirected,
    /// (u, v) and (v, u) are different pairs.
    Directed,
}

/// The lists of pairs to compare.
pub struct Audit {
    path: PathBuf,
    run: Option<RunFiles>,
    direction: Direction,
    nodes: NodeIds,
    lists: Vec<List>,
    rows: Vec<Row>,
    by_link: Vec<LinkNegatives>,
    /// The nodes of the graph, if it was added.
    graph_nodes: Option<HashSet<u32>>,
    notes: Vec<String>,
}

/// The record of a run directory and the files that no longer match it.
struct RunFiles {
    record: Record,
    changed: Vec<PathBuf>,
}

impl Audit {
    /// Reads the five lists of the run directory or the directory of split files at `path`, and the negatives of each
    /// link where it has them (see [`split::read_split`]). The lists are
    /// separated by commas, tabs or white space, with or without a header. The record of a run says whether
    /// it is directed; `direction` applies to a directory of split files only. O(m) time and memory.
    ///
    /// # Errors
    /// [`Error::Input`] if `path` is neither kind of directory; [`Error::Run`] for a damaged `run.json`;
    /// [`Error::Foreign`] for a link or a pipe in it; [`Error::Io`] or [`Error::Row`] for a list that cannot
    /// be read.
    pub fn read(path: &Path, direction: Direction) -> Result<Audit> {
        let split = split::files::split_directory(path)?;
        let files = LISTS.map(|list| split.join(format!("{list}.csv")));
        if !files.iter().any(|file| file.is_file()) {
            let expected =
                files.each_ref().map(|file| file.file_name().unwrap_or_default().to_string_lossy());
            let problem = format!("is neither a run directory nor a directory with {}", expected.join(", "));
            return Err(Error::Input { path: path.to_path_buf(), problem });
        }
        let run = match path.join("run.json").exists() {
            false => None,
            true => {
                let (record, changed) = run::changed_files(path)?;
                Some(RunFiles { record, changed })
            }
        };
        let direction = match &run {
            None => direction,
            Some(run) if run.record.config.read.directed => Direction::Directed,
            Some(_) => Direction::Undirected,
        };
        let mut audit = Audit {
            path: path.to_path_buf(),
            run,
            direction,
            nodes: NodeIds::default(),
            lists: Vec::new(),
            rows: Vec::new(),
            by_link: Vec::new(),
            graph_nodes: None,
            notes: Vec::new(),
        };
        let roles =
            [Role::Train, Role::HeldOut, Role::HeldOutNegatives, Role::HeldOut, Role::HeldOutNegatives];
        let [validation, test] = PARTS.map(|part| NegativeFiles::find(&split, part, &audit.nodes));
        let (validation, test) = (validation?, test?);
        for (file, role) in files.iter().zip(roles) {
            // A part may have no negatives but those of its links.
            let has_file = role != Role::HeldOutNegatives
                || [&validation, &test].iter().any(|part| part.shared.as_ref() == Some(file));
            match has_file {
                true => audit.read_list(file, role, &NodeColumns::default())?,
                false => audit.lists.push(List { path: file.clone(), role }),
            }
        }
        for (part, of) in [(validation, 1), (test, 3)] {
            if let Some(file) = part.by_link {
                audit.read_by_link(&file, of)?;
            }
        }
        Ok(audit)
    }

    /// Returns how the run read its graph, or the default for a directory of split files.
    pub fn read_config(&self) -> ReadConfig {
        let default = ReadConfig { directed: self.direction == Direction::Directed, ..ReadConfig::default() };
        self.run.as_ref().map_or(default, |run| run.record.config.read.clone())
    }

    /// Adds a file of pairs for evaluation; `-` is stdin. `columns` chooses the columns of the two nodes. Rows
    /// with 0 in a column headed `label`, `y`, `is_edge` or `target` are negatives.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Row`] if it cannot be read; [`Error::Input`] if it has no column that
    /// `columns` names.
    pub fn with_pairs(mut self, file: &Path, columns: &NodeColumns) -> Result<Audit> {
        self.read_list(file, Role::Pairs, columns)?;
        Ok(self)
    }

    /// Adds a file of negatives, which must not be edges; `-` is stdin. `columns` chooses the columns of the two
    /// nodes. A NumPy array, or rows with a column `link`, holds negatives for each link of the file of pairs that was
    /// added before, and a negative of one link may be another link.
    ///
    /// # Errors
    /// The errors of [`Audit::with_pairs`].
    pub fn with_negatives(mut self, file: &Path, columns: &NodeColumns) -> Result<Audit> {
        if is_array(file) {
            self.read_array_of_pairs(file)?;
            return Ok(self);
        }
        let (reader, found) = open_pairs(file, columns)?;
        match link_column(&found).is_some() {
            true => self.read_rows_of_pairs(reader, &found, file)?,
            false => self.read_rows(reader, &found, file, Role::Negatives)?,
        }
        Ok(self)
    }

    /// Adds the graph, read from `path`, that the split is expected to cover. Call it once, after adding
    /// every list.
    pub fn with_graph(mut self, graph: &Graph, path: &Path) -> Audit {
        let list = self.lists.len() as u16;
        self.lists.push(List { path: path.to_path_buf(), role: Role::Graph });
        let indices: Vec<u32> = graph.nodes.iter().map(|id| self.nodes.intern(id)).collect();
        self.graph_nodes = Some(indices.iter().copied().collect());
        let pairs = graph.edges.pairs().iter();
        self.rows
            .extend(pairs.map(|&(u, v)| {
                Row::new((indices[u as usize], indices[v as usize]), self.direction, list, 0)
            }));
        self
    }

    /// Checks every [`Rule`] and keeps the first `limit` offences against each. O(m log m) time for m pairs
    /// in total; for a run, also the time to open it and encode once.
    ///
    /// # Errors
    /// Returns the errors of [`run::Run::open`] for a run that has no offence and still cannot be opened.
    pub fn check(mut self, limit: usize) -> Result<Report> {
        self.rows.sort_unstable();
        let both_directions = lists::drop_reversed(&self.lists, &mut self.rows, self.direction);
        let mut report = Report::new(&self.path, self.num_pairs(), limit);
        self.notes.into_iter().for_each(|note| report.add_note(note));
        for negatives in &self.by_link {
            negatives.note_directions(&both_directions, &self.lists, &mut report);
        }
        for list in both_directions {
            let path = self.lists[list].path.display();
            report.add_note(format!(
                "{path}: both directions of each pair are listed, and were checked as one"
            ));
        }
        let mut found = Vec::new();
        for negatives in &self.by_link {
            found.append(&mut negatives.check(&self.lists, &self.rows, &mut report));
        }
        if let Some(nodes) = &self.graph_nodes {
            let by_link = self.by_link.iter().flat_map(LinkNegatives::rows);
            // An edge of an unknown node is an absent edge.
            let may_be_unknown =
                |row: &Row| !matches!(self.lists[row.list as usize].role, Role::Train | Role::HeldOut);
            let is_unknown =
                |row: &&Row| may_be_unknown(row) && !row.ends().iter().all(|node| nodes.contains(node));
            let unknown = self.rows.iter().chain(by_link).filter(is_unknown);
            found.extend(unknown.map(|&row| Found { rule: Rule::UnknownNode, row, other: None }));
        }
        lists::check(&self.lists, &self.rows, found, &self.nodes, &mut report);
        let Some(RunFiles { changed, .. }) = &self.run else { return Ok(report) };
        for file in changed {
            report.push(Rule::ChangedFile, || Offence {
                rule: Rule::ChangedFile,
                place: Place { file: file.clone(), line: None },
                pair: None,
                other: Some(Place { file: self.path.join("run.json"), line: None }),
                problem: "its SHA-256 is not the one in run.json".into(),
            });
        }
        match recheck::check(&self.path, &mut report) {
            // A run that leaks or was changed may fail to open, but its offences are reported already.
            Err(_) if !report.is_clean() => {}
            result => result?,
        }
        Ok(report)
    }

    /// Returns the number of pairs in all lists except that of the graph.
    fn num_pairs(&self) -> usize {
        let shared = self.rows.iter().filter(|row| self.lists[row.list as usize].role != Role::Graph);
        shared.count() + self.by_link.iter().map(LinkNegatives::len).sum::<usize>()
    }

    /// Reads a list. Of further pairs, those that a column marks as non-links are negatives.
    fn read_list(&mut self, path: &Path, role: Role, columns: &NodeColumns) -> Result<()> {
        let (reader, columns) = open_pairs(path, columns)?;
        self.read_rows(reader, &columns, path, role)
    }

    /// Reads the rows of a list from `reader`, which is before the header.
    fn read_rows(
        &mut self,
        mut reader: RowReader,
        columns: &PairColumns,
        path: &Path,
        role: Role,
    ) -> Result<()> {
        if columns.has_header() {
            reader.advance()?;
        }
        self.notes.extend(columns.note("").map(|note| format!("{}: {note}", path.display())));
        let label = if role == Role::Pairs { columns.label() } else { None };
        let list = self.lists.len() as u16;
        let (mut links, mut negatives, mut is_labelled) = (Vec::new(), Vec::new(), true);
        while reader.advance()? {
            let (source, target) = reader.pair(columns.nodes)?;
            let pair = (self.nodes.intern(source), self.nodes.intern(target));
            let class = label.map(|at| reader.fields().nth(at).and_then(class));
            is_labelled &= class != Some(None);
            let (list, rows) = match class {
                Some(Some(false)) => (list + 1, &mut negatives),
                _ => (list, &mut links),
            };
            rows.push(Row::new(pair, self.direction, list, reader.line_number()));
        }
        self.lists.push(List { path: path.to_path_buf(), role });
        self.rows.append(&mut links);
        if negatives.is_empty() {
            return Ok(());
        }
        match is_labelled {
            true => self.lists.push(List { path: path.to_path_buf(), role: Role::Negatives }),
            false => negatives.iter_mut().for_each(|row| row.list = list),
        }
        self.rows.append(&mut negatives);
        Ok(())
    }
}

/// Opens a file of pairs and finds its columns.
fn open_pairs(path: &Path, columns: &NodeColumns) -> Result<(RowReader, PairColumns)> {
    let mut reader = RowReader::open(path, &Progress::default())?;
    let rows = reader.look_ahead()?;
    let columns = PairColumns::find(&rows, Header::Auto, columns, |problem| reader.file_error(problem))?;
    Ok((reader, columns))
}
