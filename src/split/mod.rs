//! Splits: the edges for training, validation and test, and as many negatives. Uses `config`, `error`,
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

pub(crate) mod files;
mod rows;
mod task;

use std::path::Path;

use hashbrown::{HashMap, HashSet};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::config::SplitConfig;
use crate::error::{Error, Result};
use crate::graph::{Direction, EdgeList, Graph, Pair};

pub use files::read_split;
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

/// Holds out ⌊m · fraction⌋ of the m edges for each part, at random, and samples as many negatives. The
/// negatives are drawn uniformly from the pairs of distinct nodes that are not edges of the graph; in a
/// bipartite graph, from such pairs of a source and a target.
///
/// O(m log m) time, O(m) memory. The same seed gives the same split on every machine.
///
/// # Errors
/// [`Error::TooFewEdges`] if a part with a fraction above 0, or the training part, would be empty;
/// [`Error::TooFewNonEdges`] if the graph is so dense that there are not enough negatives.
pub fn edges(graph: &Graph, config: &SplitConfig, seed: u64) -> Result<Split> {
    let all = &graph.edges;
    let num_edges = all.len();
    let count = |fraction: f64| (num_edges as f64 * fraction).floor() as usize;
    let (num_validation, num_test) = (count(config.val_fraction), count(config.test_fraction));
    let num_train = num_edges.saturating_sub(num_validation + num_test);
    let is_short = |fraction: f64, count: usize| fraction > 0.0 && count == 0;
    if is_short(config.val_fraction, num_validation)
        || is_short(config.test_fraction, num_test)
        || num_train == 0
    {
        let SplitConfig { val_fraction, test_fraction, .. } = *config;
        return Err(Error::TooFewEdges {
            num_edges,
            val_fraction,
            test_fraction,
            num_train,
            num_validation,
            num_test,
        });
    }

    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<usize> = (0..num_edges).collect();
    let (held_out, _) = order.partial_shuffle(&mut rng, num_validation + num_test);
    let mut list_of_edge = vec![TRAIN; num_edges];
    let (validation, test) = held_out.split_at(num_validation);
    for (part, list) in [(validation, VALIDATION), (test, TEST)] {
        part.iter().for_each(|&at| list_of_edge[at] = list);
    }
    let mut negatives = sample_negatives(all, num_validation + num_test, &mut rng)?;
    let test_negatives = negatives.split_off(num_validation);
    Ok(Split::from_edge_lists(all, &list_of_edge, negatives, test_negatives))
}

/// Samples `count` distinct pairs of distinct nodes that are not in `edges`, uniformly among all such pairs.
/// In a directed graph the pairs are ordered, so the reverse of a negative may be an edge. In a bipartite
/// graph each pair joins a source and a target.
///
/// O(count · log m) expected time if fewer than about half of all pairs are edges; otherwise O(n²), which is
/// then O(m).
///
/// # Errors
/// [`Error::TooFewNonEdges`] if there are fewer than `count` such pairs.
pub fn sample_negatives(edges: &EdgeList, count: usize, rng: &mut impl rand::Rng) -> Result<Vec<Pair>> {
    let n = edges.num_nodes() as u32;
    let direction = edges.direction();
    let num_pairs = edges.num_pairs();
    let available = num_pairs - edges.len() as u64;
    if count as u64 > available {
        return Err(Error::TooFewNonEdges { needed: count as u64, available });
    }
    // Rejection sampling is slow when most draws are rejected. In a dense graph, list the absent pairs
    // instead.
    if (edges.len() + 2 * count) as u64 > num_pairs / 2 {
        let mut absent: Vec<Pair> = Vec::with_capacity(available as usize);
        for u in 0..n {
            absent.extend(edges.candidates_from(u));
        }
        let (chosen, _) = absent.partial_shuffle(rng, count);
        return Ok(chosen.to_vec());
    }
    let mut taken: HashSet<Pair> = HashSet::with_capacity(count);
    let mut negatives = Vec::with_capacity(count);
    // A batch draws at most the number of missing pairs. This leaves the generator in the same state as
    // drawing one pair at a time.
    while negatives.len() < count {
        let draws: Vec<Pair> = (negatives.len()..count.min(negatives.len() + PAIRS_PER_BATCH))
            .map(|_| edges.random_pair(rng))
            .collect();
        let is_absent = |&pair: &Pair| edges.is_candidate(pair);
        let absent: Vec<Pair> =
            draws.into_par_iter().filter(is_absent).map(|pair| direction.orient(pair)).collect();
        negatives.extend(absent.into_iter().filter(|&pair| taken.insert(pair)));
    }
    Ok(negatives)
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
            validation: HeldOut { edges: edges(VALIDATION), negatives: validation_negatives },
            test: HeldOut { edges: edges(TEST), negatives: test_negatives },
            notes: Vec::new(),
        }
    }

    /// Returns the five lists of this split, in the order of [`LISTS`].
    pub fn lists(&self) -> [&[Pair]; 5] {
        let Split { train, validation, test, .. } = self;
        [train.pairs(), validation.edges.pairs(), &validation.negatives, test.edges.pairs(), &test.negatives]
    }
}
