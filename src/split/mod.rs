//! Splits: the edges for training, validation and test, and their negatives. Uses `config`, `error`,
//! `graph`, `progress` and `read`.
//!
//! A split cannot leak by construction: the parts share no pair, a negative is not an edge of any part, and
//! message passing sees only the training edges. In an undirected graph, (u, v) and (v, u) are the same pair.
//!
//! In a **directed** graph, (u, v) and (v, u) are different pairs, and either may be an edge without the
//! other. The reverse of a held-out edge or of a negative may therefore be a training edge. This is inherent
//! in directed link prediction (Salha et al. 2019, section 4.1), whose tasks ask which way an edge goes.
//!
//! # Examples
//! ```
//! use vgae::config::{DirectedTask, ReadConfig, SplitConfig};
//! use vgae::split::{self, Split};
//! use vgae::progress::Progress;
//! use vgae::read;
//!
//! let graph = read::data("datasets/karate".as_ref(), &ReadConfig::default(), &Progress::default())?;
//! let config = SplitConfig::default();
//! let split = split::edges(&graph, &config, 0)?;
//! assert_eq!((split.train.len(), split.validation.edges.len(), split.test.edges.len()), (68, 3, 7));
//! assert_eq!(split.test.pairs().len(), split.test.labels().len());
//! assert!(split.test.negatives.iter().all(|&pair| !graph.edges.contains(pair)));
//! assert_eq!(Split::from_lists(split.lists(), &graph, "split".as_ref())?, split);
//! assert_eq!(split::with_task(&graph, DirectedTask::General, &config, 0)?, split);
//!
//! let mut rng = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(0);
//! assert_eq!(split::sample_negatives(&graph.edges, 5, &mut rng)?.len(), 5);
//! let rows = split::rows(100, &config, 0);
//! assert_eq!((rows.train.len(), rows.validation.len(), rows.test.len()), (85, 5, 10));
//! # Ok::<(), vgae::Error>(())
//! ```

pub(crate) mod by_link;
pub(crate) mod files;
mod folds;
mod negatives;
mod rows;
mod spare;
mod task;

use std::path::Path;

use hashbrown::HashMap;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::config::SplitConfig;
use crate::error::{Error, Result};
use crate::graph::{Direction, EdgeList, Graph, Pair};
use by_link::ListsOfLinks;

pub use by_link::NegativeFiles;
pub use files::{read_split, split_directory};
pub use negatives::sample_negatives;
pub use rows::{RowSplit, rows};
pub use task::with_task;

/// The edges and negatives of each part.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Split {
    /// The edges that message passing and the loss see.
    pub train: EdgeList,
    /// The part used to choose an epoch, a setting or a threshold.
    pub validation: HeldOut,
    /// The part used once, for the final metrics.
    pub test: HeldOut,
    /// Notes on what reading the split changed, one sentence each.
    pub notes: Vec<String>,
}

/// Held-out edges and their sampled negatives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HeldOut {
    /// The held-out edges.
    pub edges: EdgeList,
    /// The pairs that are not edges: (source, target) in a directed graph, else the lower node first.
    pub negatives: Vec<Pair>,
    /// Further negatives for each edge, in the order of the edges, that it is ranked among; `None` if there are none.
    pub by_link: Option<Vec<Vec<Pair>>>,
}

/// The names of the five lists of pairs that make up a split, in the order of [`Split::lists`].
pub const LISTS: [&str; 5] = ["train", "validation", "validation_negatives", "test", "test_negatives"];

impl HeldOut {
    /// Returns the m edges followed by the m negatives.
    pub fn pairs(&self) -> Vec<Pair> {
        [self.edges.pairs(), self.negatives.as_slice()].concat()
    }

    /// Returns one label for each of [`HeldOut::pairs`]: `true` if the pair is an edge.
    pub fn labels(&self) -> Vec<bool> {
        let mut labels = vec![true; self.edges.len()];
        labels.resize(self.edges.len() + self.negatives.len(), false);
        labels
    }

    /// Returns `true` if nothing was held out.
    pub fn is_empty(&self) -> bool {
        self.edges.is_empty() && self.negatives.is_empty()
    }
}

/// Holds out edges of `graph` for each part, at random, and samples `negatives_ratio` negatives for each of them.
/// The negatives are drawn uniformly from the pairs of distinct nodes that are not edges of the graph; in a
/// bipartite graph, from such pairs of a source and a target.
///
/// - Each part gets ⌊m · fraction⌋ of the m edges.
/// - With a `fold`, the m edges are cut into k folds whose sizes differ by at most 1. The fold is the test part;
///   ⌊m · `val_fraction`⌋ edges of other folds are the validation part. The same seed cuts the same folds, so
///   that each edge is in the test part of one of them. Each fold has negatives of its own.
/// - With `keep_connected`, a random spanning forest stays in the training part, and the parts are drawn from
///   the other edges. The directions of edges do not matter to it.
///
/// O(m log m) time, O(m) memory for a fixed number of negatives per edge. The same seed gives the same split on
/// every machine.
///
/// # Errors
/// [`Error::TooFewEdges`] if a part with a fraction above 0, or the training part, would be empty;
/// [`Error::TooFewSpareEdges`] if `keep_connected` leaves too few edges for the parts; [`Error::Config`] if there
/// are fewer edges than folds, or not enough pairs for `negatives_ratio`; [`Error::TooFewNonEdges`] if the graph is so
/// dense that there is not even one negative for each held-out edge.
pub fn edges(graph: &Graph, config: &SplitConfig, seed: u64) -> Result<Split> {
    let all = &graph.edges;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (validation, test) = match config.fold {
        Some(fold) => folds::hold_out(all.len(), fold, config, &mut rng)?,
        None => hold_out(all, config, &mut rng)?,
    };
    let mut list_of_edge = vec![TRAIN; all.len()];
    for (part, list) in [(&validation, VALIDATION), (&test, TEST)] {
        part.iter().for_each(|&at| list_of_edge[at] = list);
    }
    let ratio = config.negatives_ratio;
    let num_held_out = validation.len() + test.len();
    let negatives = sample_negatives(all, num_held_out * ratio, &mut rng);
    let mut negatives = negatives.map_err(|error| match error {
        Error::TooFewNonEdges { needed, available } if available >= num_held_out as u64 => {
            let problem = format!(
                "`split.negatives_ratio = {ratio}` needs {needed} negatives for {num_held_out} held-out edges, but the \
                 graph has only {available} non-edges: at most {} for each",
                available / num_held_out as u64
            );
            Error::config("split.negatives_ratio", problem)
        }
        other => other,
    })?;
    let test_negatives = negatives.split_off(validation.len() * ratio);
    Ok(Split::from_edge_lists(all, &list_of_edge, negatives, test_negatives))
}

/// Returns the positions of the edges of the validation and of the test part.
fn hold_out(all: &EdgeList, config: &SplitConfig, rng: &mut ChaCha8Rng) -> Result<(Vec<usize>, Vec<usize>)> {
    let num_edges = all.len();
    let SplitConfig { val_fraction, test_fraction, .. } = *config;
    let count = |fraction: f64| (num_edges as f64 * fraction).floor() as usize;
    let (num_validation, num_test) = (count(val_fraction), count(test_fraction));
    let num_train = num_edges.saturating_sub(num_validation + num_test);
    let is_short = |fraction: f64, count: usize| fraction > 0.0 && count == 0;
    if is_short(val_fraction, num_validation) || is_short(test_fraction, num_test) || num_train == 0 {
        return Err(Error::TooFewEdges {
            num_edges,
            val_fraction,
            test_fraction,
            num_train,
            num_validation,
            num_test,
        });
    }
    let mut order: Vec<usize> = (0..num_edges).collect();
    if config.keep_connected {
        order = spare::edges(all, order, rng);
        spare::check("edges", num_edges, order.len(), config, [num_validation, num_test])?;
    }
    let (held_out, _) = order.partial_shuffle(rng, num_validation + num_test);
    let (validation, test) = held_out.split_at(num_validation);
    Ok((validation.to_vec(), test.to_vec()))
}

/// The number of pairs that are looked up together, on all threads.
const PAIRS_PER_BATCH: usize = 1 << 18;

// The positions of the edge lists in [`LISTS`].
const TRAIN: u8 = 0;
const VALIDATION: u8 = 1;
const TEST: u8 = 3;
/// Marks a pair that has not been found in any list.
const NO_LIST: u8 = u8::MAX;

impl Split {
    /// Builds a split of `graph` from five `lists` of pairs, in the order of [`LISTS`], which were read from
    /// `path`. O(m log m) time.
    ///
    /// The split must not leak: every edge of the graph is in exactly one list of edges, no negative is an
    /// edge or is listed twice, no pair joins a node to itself, and in a bipartite graph no pair joins two
    /// nodes of one kind. In an undirected graph either node of a pair may come first.
    ///
    /// # Errors
    /// [`Error::Split`], which names the first offending pair.
    pub fn from_lists(lists: [&[Pair]; 5], graph: &Graph, path: &Path) -> Result<Split> {
        let error = |problem: String| Error::Split { path: path.to_path_buf(), problem };
        let direction = graph.edges.direction();
        let either_way = if direction == Direction::Directed { "" } else { ", one way or the other" };
        let name = |(u, v): Pair| format!("{},{}", graph.nodes.id(u), graph.nodes.id(v));
        let mut list_of_edge = vec![NO_LIST; graph.edges.len()];
        let mut list_of_absent = HashMap::with_capacity(lists[2].len() + lists[4].len());
        for (list, pairs) in (0u8..).zip(lists) {
            let list_name = LISTS[list as usize];
            let must_be_edge = !list_name.ends_with("negatives");
            for pairs in pairs.chunks(PAIRS_PER_BATCH) {
                let positions: Vec<Option<usize>> =
                    pairs.par_iter().map(|&pair| graph.edges.position(pair)).collect();
                for (&(u, v), position) in pairs.iter().zip(positions) {
                    let pair = direction.orient((u, v));
                    if u == v {
                        return Err(error(format!("{} in {list_name} joins a node to itself", name(pair))));
                    }
                    if !graph.edges.can_join(pair) {
                        let problem = "joins two nodes of one kind; the graph is bipartite";
                        return Err(error(format!("{} in {list_name} {problem}", name(pair))));
                    }
                    let earlier_list = match position {
                        Some(at) => std::mem::replace(&mut list_of_edge[at], list),
                        None => list_of_absent.insert(pair, list).unwrap_or(NO_LIST),
                    };
                    if earlier_list != NO_LIST {
                        let place = match earlier_list == list {
                            true => format!("twice in {list_name}"),
                            false => format!("in both {} and {list_name}", LISTS[earlier_list as usize]),
                        };
                        return Err(error(format!("{} is {place}{either_way}", name(pair))));
                    }
                    match (position.is_some(), must_be_edge) {
                        (false, true) => {
                            let problem =
                                format!("{} in {list_name} is not an edge of the graph", name(pair));
                            return Err(error(problem));
                        }
                        (true, false) => {
                            let problem = format!("{} in {list_name} is an edge of the graph", name(pair));
                            return Err(error(problem));
                        }
                        _ => {}
                    }
                }
            }
        }
        if let Some(at) = list_of_edge.iter().position(|&list| list == NO_LIST) {
            let missing = name(graph.edges.pairs()[at]);
            return Err(error(format!("the graph's edge {missing} is in no list")));
        }
        let [_, _, validation_negatives, _, test_negatives] = lists;
        let negatives = (validation_negatives.to_vec(), test_negatives.to_vec());
        Ok(Split::from_edge_lists(&graph.edges, &list_of_edge, negatives.0, negatives.1))
    }

    /// Builds a split from the list (`TRAIN`, `VALIDATION` or `TEST`) of each edge of `all`.
    fn from_edge_lists(
        all: &EdgeList,
        list_of_edge: &[u8],
        validation_negatives: Vec<Pair>,
        test_negatives: Vec<Pair>,
    ) -> Split {
        let edges = |list: u8| all.filter(|at| list_of_edge[at] == list);
        Split {
            train: edges(TRAIN),
            validation: HeldOut { edges: edges(VALIDATION), negatives: validation_negatives, by_link: None },
            test: HeldOut { edges: edges(TEST), negatives: test_negatives, by_link: None },
            notes: Vec::new(),
        }
    }

    /// Gives the validation and the test part the negatives of each of their links.
    fn attach(&mut self, by_link: [Option<ListsOfLinks>; 2], graph: &Graph) -> Result<()> {
        let Split { train, validation, test, notes } = self;
        for (part, lists) in [validation, test].into_iter().zip(by_link) {
            if let Some(lists) = lists {
                notes.extend(by_link::attach(part, lists, graph, train)?);
            }
        }
        Ok(())
    }

    /// Returns the number of negatives for each held-out edge, if it is a whole number and the same in both parts.
    pub fn negatives_ratio(&self) -> Option<usize> {
        let parts = [&self.validation, &self.test].into_iter().filter(|part| !part.is_empty());
        let mut ratios = parts.map(|part| {
            let (num_edges, num_negatives) = (part.edges.len(), part.negatives.len());
            num_negatives.is_multiple_of(num_edges).then(|| num_negatives / num_edges.max(1))
        });
        let first = ratios.next()??;
        ratios.all(|ratio| ratio == Some(first)).then_some(first)
    }

    /// Returns the five lists of this split, in the order of [`LISTS`].
    pub fn lists(&self) -> [&[Pair]; 5] {
        let Split { train, validation, test, .. } = self;
        [train.pairs(), validation.edges.pairs(), &validation.negatives, test.edges.pairs(), &test.negatives]
    }
}
