//! Stores a split as five CSV files with rows `source,target`; the edges of a weighted graph also have a
//! `weight`. A part with negatives of each link has a further file, with rows `link,source,target`.

use std::path::{Path, PathBuf};

use hashbrown::HashSet;

use crate::config::{Header, NodeColumns};
use crate::error::{Error, Result};
use crate::graph::{Direction, EdgeList, Graph, NodeIds, Pair};
use crate::progress::Progress;
use crate::read::{PairColumns, RowReader, check_directory, check_file, read_csv};
use crate::split::by_link::{self, ListsOfLinks, NegativeFiles};
use crate::split::{LISTS, Split};

pub(crate) const HEADERS: [&[&str]; 2] = [&["source", "target"], &["source", "target", "weight"]];

/// Reads the split of `graph` from `directory`, or from its `split` if it is a run directory. The lists may have
/// any form that a file of pairs may have. In an undirected graph, the training edges and other lists may hold
/// both directions of each of their pairs, as some programs write them.
///
/// A part may have a list of negatives for each of its links, in `PART_negatives_by_link.csv`, `PART_negatives.npy`,
/// `valid_negatives.npy`, HeaRT's `heart_valid_samples.npy` or `heart_test_samples.npy`, or `PART_negatives.csv` with
/// rows `link,source,target`; see [`crate::read::negative_array`]. If
/// it has no other negatives, as many as it has links are drawn with `seed`.
///
/// # Errors
/// [`crate::Error::Run`] or [`crate::Error::Io`] for a missing or damaged file; [`crate::Error::Foreign`] for
/// a link; [`crate::Error::Split`] if the split leaks or does not match the graph.
pub fn read_split(directory: &Path, graph: &Graph, seed: u64) -> Result<Split> {
    let directory = &split_directory(directory)?;
    let reading = if by_link::is_of_run(directory) { Reading::Own } else { Reading::Any };
    let (lists, by_link) = read_lists(directory, &graph.nodes, graph.edges.direction(), reading)?;
    let mut split = Split::from_lists(lists.each_ref().map(|rows| rows.pairs.as_slice()), graph, directory)?;
    let names = lists.iter().zip(LISTS).filter(|(rows, _)| rows.had_both_directions).map(|(_, name)| name);
    let names: Vec<&str> = names.collect();
    let note =
        || format!("lists with both directions of each pair, read as one pair each: {}", names.join(", "));
    split.notes.extend((!names.is_empty()).then(note));
    for at in [2, 4].into_iter().filter(|&at| lists[at].has_unnamed_columns) {
        split.notes.push(format!(
            "{}: its first two columns are read as source and target, for it has no header; under the header \
             link,source,target its rows are negatives of each link",
            paths(directory)[at].display()
        ));
    }
    split.attach(by_link, graph)?;
    let notes = by_link::draw_shared(&mut split, graph, seed)?;
    split.notes.extend(notes);
    Ok(split)
}

/// Returns the directory of the split: `split` in a run directory, else `directory` itself. The lists must
/// not be links, because a split may come from an untrusted source.
///
/// # Errors
/// [`crate::Error::Foreign`] for a link, a pipe or a device.
pub fn split_directory(directory: &Path) -> Result<PathBuf> {
    let inner = directory.join("split");
    check_directory(&inner)?;
    let split = if inner.is_dir() { inner } else { directory.to_path_buf() };
    paths(&split).iter().try_for_each(|file| check_file(file))?;
    Ok(split)
}

/// Reads the split of a run directory and the graph that it covers. The edges of the graph have `direction`;
/// the graph is bipartite if `num_sources` is given.
pub(crate) fn read_graph(
    directory: &Path,
    direction: Direction,
    num_sources: Option<usize>,
    nodes: NodeIds,
    labels: Option<Vec<String>>,
) -> Result<(Graph, Split)> {
    let (lists, by_link) = read_lists(directory, &nodes, direction, Reading::Own)?;
    let [train, validation, _, test, _] = &lists;
    let pairs = [train, validation, test].map(|rows| rows.pairs.as_slice()).concat();
    let weights: Option<Vec<&[f32]>> =
        [train, validation, test].map(|rows| rows.weights.as_deref()).into_iter().collect();
    let weights = weights.map(|weights| weights.concat());
    let (mut edges, _) = EdgeList::with_direction(direction, nodes.len(), pairs, weights);
    if let Some(num_sources) = num_sources {
        edges = edges.across_kinds(num_sources).map_err(|(u, v)| {
            let pair = format!("{},{}", nodes.id(u), nodes.id(v));
            let problem = format!(
                "the edge {pair} joins two nodes of one kind, but run.json says that the graph is bipartite"
            );
            Error::Split { path: directory.to_path_buf(), problem }
        })?;
    }
    let graph = Graph { nodes, edges, labels, ..Graph::default() };
    let mut split = Split::from_lists(lists.each_ref().map(|rows| rows.pairs.as_slice()), &graph, directory)?;
    split.attach(by_link, &graph)?;
    // The notes were for whoever made the run.
    split.notes.clear();
    Ok((graph, split))
}

/// Returns the paths of the five files in `directory`.
pub(crate) fn paths(directory: &Path) -> [PathBuf; 5] {
    LISTS.map(|list| directory.join(format!("{list}.csv")))
}

/// One file's rows.
#[derive(Default)]
struct Rows {
    pairs: Vec<Pair>,
    weights: Option<Vec<f32>>,
    /// `true` if the file held both directions of each pair of an undirected graph.
    had_both_directions: bool,
    /// `true` if the file has more than two columns and no header.
    has_unnamed_columns: bool,
}

/// The files of a split.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Those that this program wrote.
    Own,
    /// Those that this program or another one wrote.
    Any,
}

/// Reads the five lists and the negatives of each link of the validation and the test part.
fn read_lists(
    directory: &Path,
    nodes: &NodeIds,
    direction: Direction,
    reading: Reading,
) -> Result<([Rows; 5], [Option<ListsOfLinks>; 2])> {
    let files = paths(directory);
    let read = if reading == Reading::Own { read_list } else { read_any_list };
    let [validation, test] = by_link::PARTS.map(|part| NegativeFiles::find(directory, part, nodes));
    let found = [validation?, test?];
    let shared = |negatives: &NegativeFiles| {
        negatives.shared.as_ref().map_or_else(|| Ok(Rows::default()), |file| read(file, nodes))
    };
    let mut lists = [
        read(&files[0], nodes)?,
        read(&files[1], nodes)?,
        shared(&found[0])?,
        read(&files[3], nodes)?,
        shared(&found[1])?,
    ];
    if direction == Direction::Undirected && are_both_directions(&lists[0].pairs) {
        lists.iter_mut().filter(|rows| are_both_directions(&rows.pairs)).for_each(Rows::keep_one_direction);
    }
    let [validation, test] = found;
    let by_link = |negatives: NegativeFiles, links: &Rows| {
        let file = negatives.by_link.filter(|_| !links.pairs.is_empty());
        file.map(|file| links.with_negatives(file, nodes)).transpose()
    };
    let by_link = [by_link(validation, &lists[1])?, by_link(test, &lists[3])?];
    for rows in &mut lists {
        rows.pairs.iter_mut().for_each(|pair| *pair = direction.orient(*pair));
    }
    Ok((lists, by_link))
}

/// Reads a list that this program or another one wrote. Its columns are found as in any file of pairs.
fn read_any_list(path: &Path, nodes: &NodeIds) -> Result<Rows> {
    let mut reader = RowReader::open(path, &Progress::default())?;
    let first_rows = reader.look_ahead()?;
    if first_rows[0].as_ref().is_some_and(|first| HEADERS.iter().any(|header| first.iter().eq(header.iter())))
    {
        return read_list(path, nodes);
    }
    let error = |problem: String| reader.file_error(problem);
    let columns = PairColumns::find(&first_rows, Header::Auto, &NodeColumns::default(), error)?;
    if columns.has_header() {
        reader.advance()?;
    }
    let has_unnamed_columns =
        !columns.has_header() && first_rows[0].as_ref().is_some_and(|row| row.len() > 2);
    let mut pairs = Vec::new();
    while reader.advance()? {
        let (source, target) = reader.pair(columns.nodes)?;
        let node = |id: &str| {
            let problem = || format!("names {id}, which is not a node of the graph");
            nodes.index(id).ok_or_else(|| reader.error(problem()))
        };
        pairs.push((node(source)?, node(target)?));
    }
    Ok(Rows { pairs, has_unnamed_columns, ..Rows::default() })
}

/// Reads a list that this program wrote.
fn read_list(path: &Path, nodes: &NodeIds) -> Result<Rows> {
    let (mut pairs, mut weights) = (Vec::new(), Vec::new());
    let node =
        |id: &str| nodes.index(id).ok_or_else(|| format!("names {id}, which is not a node of the graph"));
    let num_columns = read_csv(path, &HEADERS, |record| {
        let (u, v) = (node(&record[0])?, node(&record[1])?);
        pairs.push((u, v));
        if let Some(text) = record.get(2) {
            let weight =
                crate::read::parse_finite(text).map_err(|found| format!("has the weight {found}"))?;
            weights.push(weight);
        }
        Ok(())
    })?;
    Ok(Rows { pairs, weights: (num_columns == 3).then_some(weights), ..Rows::default() })
}

impl Rows {
    /// Reads the negatives of each of these links from `file`.
    fn with_negatives(&self, file: PathBuf, nodes: &NodeIds) -> Result<ListsOfLinks> {
        if self.had_both_directions {
            let problem = "its links are listed in both directions; expected each link once".into();
            return Err(Error::Split { path: file, problem });
        }
        let lists = by_link::read(&file, nodes, &self.pairs)?;
        Ok(ListsOfLinks { file, links: self.pairs.clone(), lists })
    }

    /// Keeps one direction of each pair.
    fn keep_one_direction(&mut self) {
        let kept: Vec<usize> =
            (0..self.pairs.len()).filter(|&at| self.pairs[at].0 < self.pairs[at].1).collect();
        self.weights = self.weights.take().map(|weights| kept.iter().map(|&at| weights[at]).collect());
        self.pairs = kept.iter().map(|&at| self.pairs[at]).collect();
        self.had_both_directions = true;
    }
}

/// Returns `true` if `pairs` are both directions of each pair, once each.
fn are_both_directions(pairs: &[Pair]) -> bool {
    let reversed = |&(u, v): &Pair| (v, u);
    // Most lists hold each pair once, which the first pair shows.
    let Some(first) = pairs.first().filter(|first| pairs.contains(&reversed(first))) else { return false };
    let written: HashSet<Pair> = pairs.iter().copied().collect();
    first.0 != first.1
        && written.len() == pairs.len()
        && pairs.iter().all(|pair| pair.0 != pair.1 && written.contains(&reversed(pair)))
}
