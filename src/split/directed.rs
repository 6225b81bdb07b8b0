//! The three tasks of directed link prediction (Salha et al. 2019, *Gravity-Inspired Graph Autoencoders for
//! Directed Link Prediction*, section 4.1). An edge goes *one way* if its reverse is no edge of the graph; two
//! nodes with an edge each way make a pair that goes *both ways*.
//!
//! | task | held-out edges | negatives |
//! |---|---|---|
//! | general | random edges | as many random absent ordered pairs |
//! | biased | random one-way edges | their own reverses |
//! | bidirectional | one edge, chosen at random, of every pair that goes both ways | as many reverses of random one-way edges, all of which are training edges |
//!
//! Departures from the authors' code: validation parts are made for every task, just as the test parts are, where
//! the code has one for the general task alone; the biased task keeps the edges that go both ways in training, as
//! the paper's text has it, where the code drops them; and of a pair that goes both ways a random edge is held
//! out, as in the text, where the code takes the one from the lower index.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Part, Split, edges};
use crate::config::{DirectedTask, SplitConfig};
use crate::error::{Error, Result};
use crate::graph::{Direction, EdgeList, Graph, Pair};

/// The split of `graph` for `task`.
///
/// **General**: [`edges`](super::edges), which is also the split of an undirected graph. **Biased**: each part
/// holds out ⌊one-way edges · its fraction⌋. **Bidirectional**: all pairs that go both ways lose an edge, so that
/// training has one-way edges alone; validation and test share the lost edges in the proportion of their
/// fractions, validation getting the floor. With a validation fraction of 0 the test gets them all, as in the paper.
///
/// O(m log m) time, O(m) memory. The same seed gives the same split on every machine.
///
/// # Errors
/// [`Error::Config`] if a task other than the general one is asked of an undirected graph;
/// [`Error::TooFewTaskEdges`] if a part that was asked for, or training, would be empty, or the negatives do not
/// suffice; for the general task those of [`edges`](super::edges).
pub fn directed(graph: &Graph, task: DirectedTask, config: &SplitConfig, seed: u64) -> Result<Split> {
    if task == DirectedTask::General {
        return edges(graph, config, seed);
    }
    if graph.edges.direction() == Direction::Undirected {
        let problem =
            format!("the task {task} asks which way edges go; pass --directed, or choose the task general");
        return Err(Error::Config(problem));
    }
    let kinds = Kinds::of(&graph.edges);
    let rng = ChaCha8Rng::seed_from_u64(seed);
    match task {
        DirectedTask::Bidirectional => bidirectional(&graph.edges, kinds, config, rng),
        _ => biased(&graph.edges, kinds, config, rng),
    }
}

/// The places, in an edge list, of the edges of either kind.
struct Kinds {
    /// Edges whose reverse is no edge.
    one_way: Vec<usize>,
    /// Pairs that go both ways: the places of (u, v) and of (v, u), u < v.
    both_ways: Vec<(usize, usize)>,
}

impl Kinds {
    fn of(all: &EdgeList) -> Self {
        let mut kinds = Kinds { one_way: Vec::new(), both_ways: Vec::new() };
        for (at, &(u, v)) in all.pairs().iter().enumerate() {
            match all.position((v, u)) {
                None => kinds.one_way.push(at),
                Some(reverse) if u < v => kinds.both_ways.push((at, reverse)),
                Some(_) => {}
            }
        }
        kinds
    }

    /// Fails unless each part that is asked for, and training, gets an edge, and the negatives suffice.
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

fn biased(all: &EdgeList, mut kinds: Kinds, config: &SplitConfig, mut rng: ChaCha8Rng) -> Result<Split> {
    let count = |fraction: f64| (kinds.one_way.len() as f64 * fraction).floor() as usize;
    let (num_validation, num_test) = (count(config.val_fraction), count(config.test_fraction));
    let num_train = all.len().saturating_sub(num_validation + num_test);
    kinds.check(DirectedTask::Biased, config, [num_train, num_validation, num_test])?;
    let (held_out, _) = kinds.one_way.partial_shuffle(&mut rng, num_validation + num_test);
    let (validation, test) = held_out.split_at(num_validation);
    let part = |held_out: &[usize]| {
        let edges = select(all, held_out);
        let negatives = reverses(edges.pairs());
        Part { edges, negatives }
    };
    Ok(Split { train: without(all, held_out), validation: part(validation), test: part(test) })
}

fn bidirectional(
    all: &EdgeList,
    mut kinds: Kinds,
    config: &SplitConfig,
    mut rng: ChaCha8Rng,
) -> Result<Split> {
    let held_out_fraction = config.val_fraction + config.test_fraction;
    let num_held_out = if held_out_fraction > 0.0 { kinds.both_ways.len() } else { 0 };
    // A share that rounding brings below a whole number is meant to be that number.
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
    let part = |held_out: &[usize], one_way: &[usize]| Part {
        edges: select(all, held_out),
        negatives: reverses(select(all, one_way).pairs()),
    };
    let (validation, test) = held_out.split_at(num_validation);
    let (validation_one_way, test_one_way) = one_way.split_at(num_validation);
    Ok(Split {
        train: without(all, &held_out),
        validation: part(validation, validation_one_way),
        test: part(test, test_one_way),
    })
}

/// The edges at `positions`, which may come in any order.
fn select(all: &EdgeList, positions: &[usize]) -> EdgeList {
    let mut positions = positions.to_vec();
    positions.sort_unstable();
    all.select(&positions)
}

/// All edges but those at `positions`.
fn without(all: &EdgeList, positions: &[usize]) -> EdgeList {
    let mut stays = vec![true; all.len()];
    positions.iter().for_each(|&at| stays[at] = false);
    all.filter(|at| stays[at])
}

fn reverses(pairs: &[Pair]) -> Vec<Pair> {
    pairs.iter().map(|&(u, v)| (v, u)).collect()
}
