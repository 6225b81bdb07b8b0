//! A list of negatives for each held-out edge, as HeaRT and OGB have them.

use std::path::{Path, PathBuf};

use hashbrown::HashSet;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{HeldOut, Split, sample_negatives};
use crate::config::NodeColumns;
use crate::error::{Error, Result};
use crate::graph::{EdgeList, Graph, NodeIds, Pair};
use crate::progress::Progress;
use crate::read::{PairReader, Unknown, check_file, is_array, negative_array};

/// The names of the held-out parts.
pub(crate) const PARTS: [&str; 2] = ["validation", "test"];

/// The lists of the links of a part, as in its files.
pub(super) struct ListsOfLinks {
    /// The file of the lists.
    pub(super) file: PathBuf,
    /// The m links, in the order and direction of their own file.
    pub(super) links: Vec<Pair>,
    /// A list for each of them.
    pub(super) lists: Vec<Vec<Pair>>,
}

/// Returns the file of this program for the lists of `part`, with rows `link,source,target`.
pub(crate) fn own_file(directory: &Path, part: &str) -> PathBuf {
    directory.join(format!("{part}_negatives_by_link.csv"))
}

/// The files with the negatives of a part.
pub struct NegativeFiles {
    /// The file with a list for each link, if there is one.
    pub by_link: Option<PathBuf>,
    /// The file with the negatives that all links share, which is missing if neither exists; `None` if the part has only
    /// a list for each link.
    pub shared: Option<PathBuf>,
}

impl NegativeFiles {
    /// Finds the negatives of `part`, `validation` or `test`, in `directory`. The lists of the links are in the first of
    /// these: `PART_negatives_by_link.csv`, `PART_negatives.npy`, `valid_negatives.npy`, HeaRT's
    /// `heart_valid_samples.npy` or `heart_test_samples.npy`, and `PART_negatives.csv` with a column `link`; in a run
    /// directory, arrays do not count. The shared negatives are in `PART_negatives.csv` without such a column.
    ///
    /// # Errors
    /// [`Error::Foreign`] for a link, a pipe or a device; [`Error::Io`] if the CSV file cannot be read.
    pub fn find(directory: &Path, part: &str, nodes: &NodeIds) -> Result<Self> {
        let short = if part == PARTS[0] { "valid" } else { part };
        let arrays = [
            format!("{part}_negatives.npy"),
            format!("{short}_negatives.npy"),
            format!("heart_{short}_samples.npy"),
        ];
        let shared = directory.join(format!("{part}_negatives.csv"));
        check_file(&shared)?;
        let has_links = shared.is_file() && open(&shared, nodes)?.has_link_column();
        // A run directory holds only what this program wrote.
        let arrays = arrays.iter().filter(|_| !is_of_run(directory)).map(|name| directory.join(name));
        let mut by_link = None;
        for file in [own_file(directory, part)].into_iter().chain(arrays) {
            check_file(&file)?;
            if file.is_file() {
                by_link = Some(file);
                break;
            }
        }
        let is_shared = !has_links && (by_link.is_none() || shared.is_file());
        let by_link = by_link.or_else(|| has_links.then(|| shared.clone()));
        Ok(NegativeFiles { by_link, shared: is_shared.then_some(shared) })
    }
}

/// Returns `true` if `directory` is the split of a run directory.
pub(super) fn is_of_run(directory: &Path) -> bool {
    directory.parent().is_some_and(|run| directory.ends_with("split") && run.join("run.json").is_file())
}

/// Reads the lists in `file`, one for each of the m `links`, which are in the order and direction of their own file.
/// The pairs of a list are as written. O(m·K) memory for K negatives each.
///
/// # Errors
/// The errors of [`PairReader::read_by_link`] and [`negative_array`]; [`Error::Input`] for a file without a column
/// `link`.
pub(crate) fn read(file: &Path, nodes: &NodeIds, links: &[Pair]) -> Result<Vec<Vec<Pair>>> {
    if is_array(file) {
        return negative_array(file, nodes, links);
    }
    let reader = open(file, nodes)?;
    if !reader.has_link_column() {
        let problem = "has no column link; expected rows of link,source,target".into();
        return Err(Error::Input { path: file.to_path_buf(), problem });
    }
    match reader.read_by_link(file, links.len()) {
        Ok((lists, _)) => Ok(lists),
        // Pairs of unknown nodes cannot be left out here.
        Err(Error::UnknownNode { path, line, node }) => {
            let problem = format!("names {node}, which is not a node of the graph");
            Err(Error::Row { path, line, problem })
        }
        Err(error) => Err(error),
    }
}

fn open<'a>(file: &Path, nodes: &'a NodeIds) -> Result<PairReader<'a>> {
    PairReader::open(file, &NodeColumns::default(), nodes, Unknown::Refuse, &Progress::default())
}

/// Gives `part` the `lists` of its `links`, which are in the order of `lists`. The lists were read from `file`.
///
/// A list must not contain its own link or a training edge. It may contain other held-out edges, as the
/// lists of HeaRT do, and the same pair again. Returns a note on these, if there are any.
///
/// # Errors
/// [`Error::Split`], which names the first offending pair.
pub(super) fn attach(
    part: &mut HeldOut,
    ListsOfLinks { file, links, lists }: ListsOfLinks,
    graph: &Graph,
    train: &EdgeList,
) -> Result<Option<String>> {
    let edges = &graph.edges;
    let name = |(u, v): Pair| format!("{},{}", graph.nodes.id(u), graph.nodes.id(v));
    let mut placed = vec![Vec::new(); part.edges.len()];
    let (mut num_pairs, mut num_edges, mut num_again) = (0, 0, 0);
    for (link, mut list) in links.iter().zip(lists) {
        let error = |problem: String| {
            let problem = format!("{problem}, for the link {}", name(*link));
            Error::Split { path: file.clone(), problem }
        };
        let mut seen = HashSet::with_capacity(list.len());
        for pair in &mut list {
            let written = *pair;
            *pair = edges.direction().orient(written);
            let problem = match () {
                () if pair.0 == pair.1 => "joins a node to itself",
                () if !edges.can_join(*pair) => "joins two nodes of one kind; the graph is bipartite",
                () if *pair == edges.direction().orient(*link) => "is the link itself",
                () if train.contains(*pair) => "is a training edge",
                () => {
                    num_edges += usize::from(edges.contains(*pair));
                    num_again += usize::from(!seen.insert(*pair));
                    continue;
                }
            };
            return Err(error(format!("{} {problem}", name(written))));
        }
        let Some(at) = part.edges.position(*link) else {
            return Err(error("is not a link of the part".into()));
        };
        num_pairs += list.len();
        placed[at] = list;
    }
    part.by_link = Some(placed);
    let counts = [("held-out edges", num_edges), ("repeated in their list", num_again)];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| format!("{what}: {count}"))
        .collect();
    let note = || format!("{}: {num_pairs} negatives of links; {}", file.display(), counts.join("; "));
    Ok((!counts.is_empty()).then(note))
}

/// Draws the shared negatives of the parts that have only a list for each link, as many as the part has edges. They are
/// no edges of `graph` and in no other part.
///
/// # Errors
/// [`Error::TooFewNonEdges`] if the graph has too few.
pub(super) fn draw_shared(split: &mut Split, graph: &Graph, seed: u64) -> Result<Vec<String>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut taken: HashSet<Pair> =
        [&split.validation, &split.test].iter().flat_map(|part| part.negatives.iter().copied()).collect();
    let mut notes = Vec::new();
    for (name, part) in PARTS.into_iter().zip([&mut split.validation, &mut split.test]) {
        if !part.negatives.is_empty() || part.by_link.is_none() {
            continue;
        }
        let count = part.edges.len();
        let drawn = sample_negatives(&graph.edges, count + taken.len(), &mut rng)?;
        part.negatives = drawn.into_iter().filter(|pair| !taken.contains(pair)).take(count).collect();
        taken.extend(&part.negatives);
        notes.push(format!(
            "the {name} part has a list of negatives for each link and no others: AUC and AP are measured on {count} \
             random non-edges"
        ));
    }
    Ok(notes)
}
