//! Splits for the three tasks of directed link prediction (Salha et al. 2019, *Gravity-Inspired Graph
//! Autoencoders for Directed Link Prediction*, section 4.1). An edge goes *one way* if its reverse is not an
//! edge of the graph; two nodes with an edge in each direction form a pair that goes *both ways*.
//!
//! | task | held-out edges | negatives |
//! |---|---|---|
//! | general | random edges | as many random absent ordered pairs |
//! | biased | random one-way edges | their own reverses |
//! | bidirectional | one edge, chosen at random, of every pair that goes both ways | as many reverses of random one-way edges, all of which are training edges |
//!
//! Differences from the authors' code:
//! - Every task has a validation part, made like the test part; the authors' code has one for the general
//!   task only.
//! - The biased task keeps the edges that go both ways in training, as the paper says; the authors' code
//!   drops them.
//! - A random edge of each pair that goes both ways is held out, as the paper says; the authors' code always
//!   takes the edge from the lower index.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{HeldOut, Split, edges, spare};
use crate::config::{DirectedTask, SplitConfig};
use crate::error::{Error, Result};
use crate::graph::{Direction, EdgeList, Graph, Pair};

/// Splits `graph` for `task`.
///
/// - **General**: calls [`edges`](super::edges), which also splits undirected graphs.
/// - **Biased**: holds out ⌊one-way edges · fraction⌋ edges for each part; with `keep_connected`, none that a
///   random spanning forest of the graph needs.
/// - **Bidirectional**: holds out one edge of every pair that goes both ways, so only one-way edges remain
///   for training. That divides no connected component. Validation and test share the held-out edges in proportion to their fractions; the share
///   of validation is rounded down. With a validation fraction of 0 the test gets them all, as in the paper.
///
/// These two tasks ignore `fold` and `negatives_ratio`: [`crate::config::Config::validate`] refuses them. O(m log m)
/// time, O(m) memory. The same seed gives the same split on every machine.
///
/// # Errors
/// [`Error::Config`] for a task other than the general one on an undirected graph; [`Error::TooFewTaskEdges`]
/// if a part with a fraction above 0, or the training part, would be empty, or if there are not enough
/// negatives; [`Error::TooFewSpareEdges`] if `keep_connected` leaves too few edges. For the general task, returns the errors of [`edges`](super::edges).
pub fn with_task(graph: &Graph, task: DirectedTask, config: &SplitConfig, seed: u64) -> Result<Split> {
    if task == DirectedTask::General {
        return edges(graph, config, seed);
    }
    if graph.edges.direction() == Direction::Undirected {
        let problem = format!(
            "the task {task} needs a directed graph; pass `read.directed`, or choose the task general"
        );
        return Err(Error::config("split.task", problem));
    }
    let kinds = EdgeKinds::find(&graph.edges);
    let rng = ChaCha8Rng::seed_from_u64(seed);
    match task {
        DirectedTask::Bidirectional => bidirectional(&graph.edges, kinds, config, rng),
        _ => biased(&graph.edges, kinds, config, rng),
    }
}

/// The positions, in an edge list, of one-way edges and of pairs that go both ways.
struct EdgeKinds {
    /// The edges whose reverse is not an edge.
    one_way: Vec<usize>,
    /// The pairs that go both ways: the positions of (u, v) and (v, u), with u < v.
    both_ways: Vec<(usize, usize)>,
}

impl EdgeKinds {
    fn find(all: &EdgeList) -> Self {
        let mut kinds = EdgeKinds { one_way: Vec::new(), both_ways: Vec::new() };
        for (at, &(u, v)) in all.pairs().iter().enumerate() {
            match all.position((v, u)) {
                None => kinds.one_way.push(at),
                Some(reverse) if u < v => kinds.both_ways.push((at, reverse)),
                Some(_) => {}
            }
        }
        kinds
    }

    /// Fails if training, or a part with a fraction above 0, gets no edge, or if there are not enough
    /// negatives.
    fn check(
        &self,
        task: DirectedTask,
        config: &SplitConfig,
        [num_train, num_validation, num_test]: [usize; 3],
    ) -> Result<()> {
        let is_short = |fraction: f64, count: usize| fraction > 0.0 && count == 0;
        let num_negatives = num_validation + num_test;
        if num_train > 0
            && !is_short(config.val_fraction, num_validation)
            && !is_short(config.test_fraction, num_test)
            && num_negatives <= self.one_way.len()
        {
            return Ok(());
        }
        Err(Error::TooFewTaskEdges {
            task: task.name(),
            num_one_way: self.one_way.len(),
            num_both_ways: self.both_ways.len(),
            num_train,
            num_validation,
            num_test,
            num_negatives,
        })
    }
}

fn biased(all: &EdgeList, mut kinds: EdgeKinds, config: &SplitConfig, mut rng: ChaCha8Rng) -> Result<Split> {
    let count = |fraction: f64| (kinds.one_way.len() as f64 * fraction).floor() as usize;
    let (num_validation, num_test) = (count(config.val_fraction), count(config.test_fraction));
    let num_train = all.len().saturating_sub(num_validation + num_test);
    kinds.check(DirectedTask::Biased, config, [num_train, num_validation, num_test])?;
    if config.keep_connected {
        let num_one_way = kinds.one_way.len();
        kinds.one_way = spare::edges(all, kinds.one_way, &mut rng);
        let num_spare = kinds.one_way.len();
        spare::check("one-way edges", num_one_way, num_spare, config, [num_validation, num_test])?;
    }
    let (held_out, _) = kinds.one_way.partial_shuffle(&mut rng, num_validation + num_test);
    let (validation, test) = held_out.split_at(num_validation);
    let part = |held_out: &[usize]| {
        let edges = select(all, held_out);
        let negatives = reverses(edges.pairs());
        HeldOut { edges, negatives, by_link: None }
    };
    Ok(Split {
        train: without(all, held_out),
        validation: part(validation),
        test: part(test),
        ..Split::default()
    })
}

fn bidirectional(
    all: &EdgeList,
    mut kinds: EdgeKinds,
    config: &SplitConfig,
    mut rng: ChaCha8Rng,
) -> Result<Split> {
    let held_out_fraction = config.val_fraction + config.test_fraction;
    let num_held_out = if held_out_fraction > 0.0 { kinds.both_ways.len() } else { 0 };
    // 1e-9 keeps floating-point error from pushing a whole number just below itself, where `floor` would lose
    // one.
    let share = config.val_fraction / held_out_fraction.max(f64::MIN_POSITIVE);
    let num_validation = (num_held_out as f64 * share + 1e-9).floor() as usize;
    let num_test = num_held_out - num_validation;
    let num_train = all.len() - num_held_out;
    kinds.check(DirectedTask::Bidirectional, config, [num_train, num_validation, num_test])?;
    let mut held_out: Vec<usize> = kinds.both_ways[..num_held_out]
        .iter()
        .map(|&(there, back)| if rng.random() { there } else { back })
        .collect();
    held_out.shuffle(&mut rng);
    let (one_way, _) = kinds.one_way.partial_shuffle(&mut rng, num_held_out);
    let part = |held_out: &[usize], one_way: &[usize]| HeldOut {
        edges: select(all, held_out),
        negatives: reverses(select(all, one_way).pairs()),
        by_link: None,
    };
    let (validation, test) = held_out.split_at(num_validation);
    let (validation_one_way, test_one_way) = one_way.split_at(num_validation);
    Ok(Split {
        train: without(all, &held_out),
        validation: part(validation, validation_one_way),
        test: part(test, test_one_way),
        ..Split::default()
    })
}

/// Returns the edges at `positions`, which may be in any order.
fn select(all: &EdgeList, positions: &[usize]) -> EdgeList {
    let mut positions = positions.to_vec();
    positions.sort_unstable();
    all.select(&positions)
}

/// Returns all edges except those at `positions`.
fn without(all: &EdgeList, positions: &[usize]) -> EdgeList {
    let mut is_kept = vec![true; all.len()];
    positions.iter().for_each(|&at| is_kept[at] = false);
    all.filter(|at| is_kept[at])
}

fn reverses(pairs: &[Pair]) -> Vec<Pair> {
    pairs.iter().map(|&(u, v)| (v, u)).collect()
}
