//! Edges held out for validation and test, and as many pairs that are no edges.
//!
//! No leak is possible by construction: the parts share no pair, the negatives are edges of no part, and only
//! the training edges are ever given to message passing. Without directions a pair is the same either way round.
//!
//! **With directions** (u, v) and (v, u) are different pairs, each an edge or none by itself. The reverse of a
//! held-out edge, or of a negative, may therefore be a training edge: that is the nature of directed link
//! prediction (Salha et al. 2019, section 4.1), whose tasks ask which way an edge goes.
//!
//! # Examples
//! ```
//! use vgae::config::{DirectedTask, ReadConfig, SplitConfig};
//! use vgae::split::{self, Split};
//! use vgae::read;
//!
//! let graph = read::data("datasets/karate".as_ref(), &ReadConfig::default())?;
//! let config = SplitConfig::default();
//! let split = split::edges(&graph, &config, 0)?;
//! assert_eq!((split.train.len(), split.validation.edges.len(), split.test.edges.len()), (68, 3, 7));
//! assert_eq!(split.test.pairs().len(), split.test.labels().len());
//! assert!(split.test.negatives.iter().all(|&pair| !graph.edges.contains(pair)));
//! assert_eq!(Split::from_lists(split.lists(), &graph, "split".as_ref())?, split);
//! assert_eq!(split::directed(&graph, DirectedTask::General, &config, 0)?, split);
//!
//! let mut rng = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(0);
//! assert_eq!(split::sample_negatives(&graph.edges, 5, &mut rng)?.len(), 5);
//! let rows = split::rows(100, &config, 0);
//! assert_eq!((rows.train.len(), rows.validation.len(), rows.test.len()), (85, 5, 10));
//! # Ok::<(), vgae::Error>(())
//! ```

mod directed;
mod rows;

use std::path::Path;

use hashbrown::{HashMap, HashSet};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::config::SplitConfig;
use crate::error::{Error, Result};
use crate::graph::{Direction, EdgeList, Graph, Pair};

pub use directed::directed;
pub use rows::{RowSplit, rows};

/// The edges and negatives of each part.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// The edges that message passing and the loss see.
    pub train: EdgeList,
    /// Held out for choosing: an epoch, a setting, a threshold.
    pub validation: Part,
    /// Held out for the one figure at the end.
    pub test: Part,
}

/// Held-out edges and sampled negatives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Part {
    /// Present pairs.
    pub edges: EdgeList,
    /// Absent pairs: (source, target), or lower node first where there are no directions.
    pub negatives: Vec<Pair>,
}

/// The names of the five lists of pairs that make a split, in the order of [`Split::lists`].
pub const LISTS: [&str; 5] = ["train", "validation", "validation_negatives", "test", "test_negatives"];

impl Part {
    /// The m edges, then the m negatives.
    pub fn pairs(&self) -> Vec<Pair> {
        [self.edges.pairs(), self.negatives.as_slice()].concat()
    }

    /// For each of [`Part::pairs`], whether it is an edge.
    pub fn labels(&self) -> Vec<bool> {
        let mut labels = vec![true; self.edges.len()];
        labels.resize(self.edges.len() + self.negatives.len(), false);
        labels
    }

    /// Whether nothing was held out.
    pub fn is_empty(&self) -> bool {
        self.edges.is_empty() && self.negatives.is_empty()
    }
}

/// Holds out ⌊m · fraction⌋ of the m edges for each part, at random, and samples as many negatives, uniform
/// among the pairs of distinct nodes, of a bipartite graph of a source and a target, that are edges nowhere in the
/// graph.
///
/// O(m log m) time, O(m) memory. The same seed gives the same split on every machine.
///
/// # Errors
/// [`Error::TooFewEdges`] if a part that was asked for would be empty, [`Error::TooFewNonEdges`] if the graph
/// is so dense that there are not enough negatives.
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
    Ok(Split::of_lists(all, &list_of_edge, negatives, test_negatives))
}

/// `count` distinct pairs of distinct nodes, none an edge of `edges`, uniform among all such pairs: ordered ones
/// where `edges` have directions, so that the reverse of a negative may be an edge; of a bipartite graph those of a
/// source and a target.
///
/// O(count · log m) expected time where less than half of all pairs are edges; else O(n²), which then is O(m).
///
/// # Errors
/// [`Error::TooFewNonEdges`] if there are not as many.
pub fn sample_negatives(edges: &EdgeList, count: usize, rng: &mut impl rand::Rng) -> Result<Vec<Pair>> {
    let n = edges.num_nodes() as u32;
    let direction = edges.direction();
    let num_pairs = edges.num_pairs();
    let available = num_pairs - edges.len() as u64;
    if count as u64 > available {
        return Err(Error::TooFewNonEdges { needed: count as u64, available });
    }
    // Rejection needs a fair chance at each draw: at most half of the pairs edges, at most half of the rest taken.
    if (edges.len() + 2 * count) as u64 > num_pairs / 2 {
        let mut absent: Vec<Pair> = Vec::with_capacity(available as usize);
        for u in 0..n {
            let pairs = edges.candidates_of(u).map(|v| (u, v));
            absent.extend(pairs.filter(|&pair| direction.orient(pair) == pair));
        }
        let (chosen, _) = absent.partial_shuffle(rng, count);
        return Ok(chosen.to_vec());
    }
    let mut taken: HashSet<Pair> = HashSet::with_capacity(count);
    let mut negatives = Vec::with_capacity(count);
    // As many draws at a time as pairs are missing: never more than one after the other would take, so that the
    // generator is left where it would be then.
    while negatives.len() < count {
        let draws: Vec<Pair> = (negatives.len()..count.min(negatives.len() + DRAWS_AT_A_TIME))
            .map(|_| edges.random_pair(rng))
            .collect();
        let is_absent = |&pair: &Pair| edges.is_candidate(pair);
        let absent: Vec<Pair> =
            draws.into_par_iter().filter(is_absent).map(|pair| direction.orient(pair)).collect();
        negatives.extend(absent.into_iter().filter(|&pair| taken.insert(pair)));
    }
    Ok(negatives)
}

/// Draws that are looked up together, on all threads.
const DRAWS_AT_A_TIME: usize = 1 << 18;

/// The places of the lists of edges among [`LISTS`].
const TRAIN: u8 = 0;
const VALIDATION: u8 = 1;
const TEST: u8 = 3;
/// That of an edge which is in no list.
const NO_LIST: u8 = u8::MAX;

impl Split {
    /// The split of `graph` that consists of five `lists` of pairs, in the order of [`LISTS`], which came from
    /// `path`. It must leak nothing: the graph's edges are in the lists of edges, each in one; the negatives
    /// are edges nowhere, each in one list; no pair joins a node to itself, nor, of a bipartite graph, two nodes of one
    /// kind. Without directions each pair may
    /// stand either way round. O(m log m) time.
    ///
    /// # Errors
    /// [`Error::Split`] names the first offending pair.
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
            for pairs in pairs.chunks(DRAWS_AT_A_TIME) {
                let places: Vec<Option<usize>> =
                    pairs.par_iter().map(|&pair| graph.edges.position(pair)).collect();
                for (&(u, v), place) in pairs.iter().zip(places) {
                    let pair = direction.orient((u, v));
                    if u == v {
                        return Err(error(format!("{} in {list_name} joins a node to itself", name(pair))));
                    }
                    if !graph.edges.can_join(pair) {
                        let problem = "joins two nodes of one kind; the graph is bipartite";
                        return Err(error(format!("{} in {list_name} {problem}", name(pair))));
                    }
                    let known = match place {
                        Some(at) => std::mem::replace(&mut list_of_edge[at], list),
                        None => list_of_absent.insert(pair, list).unwrap_or(NO_LIST),
                    };
                    if known != NO_LIST {
                        let place = match known == list {
                            true => format!("twice in {list_name}"),
                            false => format!("in both {} and {list_name}", LISTS[known as usize]),
                        };
                        return Err(error(format!("{} is {place}{either_way}", name(pair))));
                    }
                    match (place.is_some(), must_be_edge) {
                        (false, true) => {
                            let problem = format!("{} in {list_name} is no edge of the graph", name(pair));
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
        Ok(Split::of_lists(&graph.edges, &list_of_edge, negatives.0, negatives.1))
    }

    /// The split whose lists of edges are those that `list_of_edge` says of each of `all`.
    fn of_lists(
        all: &EdgeList,
        list_of_edge: &[u8],
        validation_negatives: Vec<Pair>,
        test_negatives: Vec<Pair>,
    ) -> Split {
        let edges = |list: u8| all.filter(|at| list_of_edge[at] == list);
        Split {
            train: edges(TRAIN),
            validation: Part { edges: edges(VALIDATION), negatives: validation_negatives },
            test: Part { edges: edges(TEST), negatives: test_negatives },
        }
    }

    /// The five lists that make this split, in the order of [`LISTS`].
    pub fn lists(&self) -> [&[Pair]; 5] {
        let Split { train, validation, test } = self;
        [train.pairs(), validation.edges.pairs(), &validation.negatives, test.edges.pairs(), &test.negatives]
    }
}
