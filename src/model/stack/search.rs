//! Searches for the highest pairs of a stack by whole rows of logits, which cost far less than one pair after another.
//!
//! Rows differ from single logits by rounding. So more pairs are kept than are asked for, and those near a border are
//! scored again, one by one, which gives the result of a search by single logits.

use rayon::prelude::*;

use crate::graph::{EdgeList, Pair};
use crate::model::score::{Score, ScoredPair, TopK, rows_at_once};

/// The number of pairs beyond twice those asked for that are scored again.
const SPARE: usize = 64;
/// A bound, far above rounding, of the error of a logit in a row, relative to 1 + |logit|.
const ROW_ERROR: f64 = 1e-3;

/// A score that always has whole rows.
pub(super) trait RowScore: Score {
    /// Returns the logits of `sources` with all n nodes, as [`Score::rows`] does.
    fn whole_rows(&self, sources: &[u32]) -> Vec<f64>;
}

/// Implements [`Score::top_pairs`].
pub(super) fn top_pairs(score: &impl RowScore, k: usize, known: &EdgeList) -> Vec<ScoredPair> {
    let best_of = |sources: &[u32]| {
        let mut best = TopK::new(with_spare(k));
        for (row, &source) in score.whole_rows(sources).chunks_exact(known.num_nodes()).zip(sources) {
            add(&mut best, row, known.candidates_from(source));
        }
        best
    };
    let nodes: Vec<u32> = (0..known.num_nodes() as u32).collect();
    let best = nodes
        .par_chunks(rows_at_once(known.num_nodes()))
        .map(best_of)
        .reduce(|| TopK::new(with_spare(k)), TopK::merge);
    rescored(score, k, best)
}

/// Implements [`Score::top_of_nodes`].
pub(super) fn top_of_nodes(
    score: &impl RowScore,
    nodes: &[u32],
    k: usize,
    known: &EdgeList,
) -> Vec<Vec<ScoredPair>> {
    let best_of = |sources: &[u32]| {
        let rows = score.whole_rows(sources);
        let best_of_row = |(row, &source): (&[f64], &u32)| {
            let mut best = TopK::new(with_spare(k));
            add(&mut best, row, known.candidates_of(source).map(|other| (source, other)));
            rescored(score, k, best)
        };
        rows.chunks_exact(known.num_nodes()).zip(sources).map(best_of_row).collect::<Vec<_>>()
    };
    nodes.par_chunks(rows_at_once(known.num_nodes())).flat_map_iter(best_of).collect()
}

/// Implements [`Score::num_above`].
pub(super) fn num_above(score: &impl RowScore, logit: f64, known: &EdgeList) -> u64 {
    let error = ROW_ERROR * (1.0 + logit.abs());
    let num_of = |sources: &[u32]| {
        let (mut num_above, mut close) = (0, Vec::new());
        for (row, &source) in score.whole_rows(sources).chunks_exact(known.num_nodes()).zip(sources) {
            for pair in known.candidates_from(source) {
                let found = row[pair.1 as usize];
                if found > logit + error {
                    num_above += 1;
                } else if found >= logit - error {
                    close.push(pair);
                }
            }
        }
        num_above + score.logits(&close).iter().filter(|&&other| other >= logit).count() as u64
    };
    let nodes: Vec<u32> = (0..known.num_nodes() as u32).collect();
    nodes.par_chunks(rows_at_once(known.num_nodes())).map(num_of).sum()
}

fn with_spare(k: usize) -> usize {
    k.saturating_mul(2).saturating_add(SPARE)
}

/// Adds `pairs`, whose second nodes index the row of the first.
fn add(best: &mut TopK, row: &[f64], pairs: impl Iterator<Item = Pair>) {
    for pair in pairs {
        let logit = row[pair.1 as usize];
        if best.could_take(logit) {
            best.add(ScoredPair { pair, logit });
        }
    }
}

/// Returns the `k` highest of `best` by their own logits.
fn rescored(score: &impl Score, k: usize, best: TopK) -> Vec<ScoredPair> {
    let pairs: Vec<Pair> = best.into_sorted().iter().map(|scored| scored.pair).collect();
    TopK::best_of(k, &pairs, &score.logits(&pairs)).into_sorted()
}
