//! Counts the pairs at an end that are scored above a link, or as high.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

use super::RankedEnd;
use crate::evaluate::ends::{End, Neighbours};
use crate::evaluate::metrics::Rank;
use crate::graph::{EdgeList, Pair};
use crate::model::decoder::{decode_pair, slack};
use crate::model::score::{Score, rows_at_once};

/// The number of ends whose inner products are found together: the rows of a block of logits.
const ROWS: usize = 64;
/// The columns of a block of logits.
const COLUMNS: usize = 1024;

/// Ranks the links at each end of `groups`, which holds an end and the indices of its links, among the pairs
/// that are not in `known`, whose lists are `neighbours`.
pub(super) fn count(
    score: &(impl Score + ?Sized),
    known: &EdgeList,
    neighbours: &Neighbours,
    links: &[Pair],
    groups: &[&[(End, usize)]],
) -> Vec<Vec<RankedEnd>> {
    match score.factors() {
        Some(z) => {
            let products = Products::new(z, known, neighbours);
            groups.par_chunks(ROWS).flat_map_iter(|groups| products.count(links, groups)).collect()
        }
        None => groups
            .par_chunks(rows_at_once(known.num_nodes()))
            .flat_map_iter(|groups| count_all(score, known, neighbours, links, groups))
            .collect(),
    }
}

/// Returns the other node of a link that has `end`.
fn partner(end: End, (u, v): Pair) -> u32 {
    if u == end.node() { v } else { u }
}

/// Scores every pair of a few ends.
fn count_all(
    score: &(impl Score + ?Sized),
    known: &EdgeList,
    neighbours: &Neighbours,
    links: &[Pair],
    groups: &[&[(End, usize)]],
) -> Vec<Vec<RankedEnd>> {
    let mut is_known = vec![false; known.num_nodes()];
    // For each end its links' partners, then its candidates.
    let mut ends_and_others: Vec<(End, u32)> = Vec::new();
    let mut lengths = Vec::new();
    for group in groups {
        let end = group[0].0;
        let before = ends_and_others.len();
        ends_and_others.extend(group.iter().map(|&(end, link)| (end, partner(end, links[link]))));
        let excluded = || neighbours.of(end).iter().copied().chain([end.node()]);
        excluded().for_each(|node| is_known[node as usize] = true);
        let candidates = known.partners_of(end.node()).filter(|&other| !is_known[other as usize]);
        ends_and_others.extend(candidates.map(|other| (end, other)));
        excluded().for_each(|node| is_known[node as usize] = false);
        lengths.push(ends_and_others.len() - before);
    }
    let nodes: Vec<u32> = groups.iter().map(|group| group[0].0.node()).collect();
    let logits: Vec<f64> = match score.rows(&nodes) {
        Some(rows) => {
            let mut rows = rows.chunks_exact(known.num_nodes());
            let mut of_end = ends_and_others.chunk_by(|a, b| a.0 == b.0);
            let pick = |(row, others): (&[f64], &[(End, u32)])| {
                others.iter().map(|&(_, other)| row[other as usize]).collect::<Vec<f64>>()
            };
            rows.by_ref().zip(of_end.by_ref()).flat_map(pick).collect()
        }
        None => {
            let pair = |&(end, other): &(End, u32)| end.pair_with(other);
            score.logits(&ends_and_others.iter().map(pair).collect::<Vec<_>>())
        }
    };
    let mut rest = logits.as_slice();
    let mut ranked = Vec::with_capacity(groups.len());
    for (group, length) in groups.iter().zip(lengths) {
        let (logits, further) = rest.split_at(length);
        rest = further;
        let (links, candidates) = logits.split_at(group.len());
        let rank = |(&(end, link), &logit): (&(End, usize), &f64)| {
            let num_above = candidates.iter().filter(|&&other| other > logit).count();
            let num_tied = candidates.iter().filter(|&&other| other == logit).count();
            let rank = Rank { num_above, num_tied, num_negatives: candidates.len() };
            RankedEnd { link, node: end.node(), logit, rank }
        };
        ranked.push(group.iter().zip(links).map(rank).collect());
    }
    ranked
}

/// Inner products of rows of z, [n, d], counted in f32 and, where rounding leaves doubt, in f64.
struct Products<'a> {
    z: ArrayView2<'a, f32>,
    largest_norm: f64,
    known: &'a EdgeList,
    neighbours: &'a Neighbours,
}

/// A link, and the logits in f32 between which another one may be on either side of the link's.
struct Threshold {
    logit: f64,
    low: f32,
    high: f32,
    num_above: usize,
    num_tied: usize,
}

impl<'a> Products<'a> {
    fn new(z: ArrayView2<'a, f32>, known: &'a EdgeList, neighbours: &'a Neighbours) -> Self {
        let norms = (0..z.nrows() as u32).into_par_iter().map(|node| norm(z, node));
        let largest_norm = norms.reduce(|| 0.0, f64::max);
        Products { z, largest_norm, known, neighbours }
    }

    fn count(&self, links: &[Pair], groups: &[&[(End, usize)]]) -> Vec<Vec<RankedEnd>> {
        let nodes: Vec<usize> = groups.iter().map(|group| group[0].0.node() as usize).collect();
        let left = self.z.select(Axis(0), &nodes);
        let mut thresholds: Vec<Vec<Threshold>> = groups
            .iter()
            .map(|group| {
                let end = group[0].0;
                let slack = slack(norm(self.z, end.node()) * self.largest_norm, self.z.ncols());
                let threshold = |&(_, link): &(End, usize)| {
                    let logit = decode_pair(self.z, links[link]);
                    // The conversions to f32 may round towards the logit.
                    let (low, high) = ((logit - slack) as f32, (logit + slack) as f32);
                    let (low, high) = (low.next_down(), high.next_up());
                    Threshold { logit, low, high, num_above: 0, num_tied: 0 }
                };
                group.iter().map(threshold).collect()
            })
            .collect();
        let mut logits = Array2::zeros((groups.len(), COLUMNS));
        for first in (0..self.z.nrows()).step_by(COLUMNS) {
            let last = (first + COLUMNS).min(self.z.nrows());
            let mut logits = logits.slice_mut(s![.., ..last - first]);
            general_mat_mul(1.0, &left, &self.z.slice(s![first..last, ..]).t(), 0.0, &mut logits);
            for ((group, thresholds), logits) in groups.iter().zip(&mut thresholds).zip(logits.rows()) {
                let end = group[0].0;
                let range = self.known.partners_of(end.node());
                let start = (range.start as usize).clamp(first, last);
                let stop = (range.end as usize).clamp(start, last);
                let logits = &logits.to_slice().unwrap_or_default()[start - first..stop - first];
                for threshold in thresholds {
                    self.count_row(end.node(), start, logits, threshold);
                }
            }
        }
        let mut ranked = Vec::with_capacity(groups.len());
        for (group, thresholds) in groups.iter().zip(thresholds) {
            let end = group[0].0;
            let range = self.known.partners_of(end.node());
            // The row holds the node itself and its neighbours, which are no candidates.
            let excluded =
                || self.neighbours.of(end).iter().copied().chain([end.node()]).filter(|v| range.contains(v));
            let rank = |(&(end, link), mut threshold): (&(End, usize), Threshold)| {
                for other in excluded() {
                    let logit = decode_pair(self.z, (end.node(), other));
                    threshold.num_above -= usize::from(logit > threshold.logit);
                    threshold.num_tied -= usize::from(logit == threshold.logit);
                }
                let Threshold { logit, num_above, num_tied, .. } = threshold;
                let num_negatives = range.len() - excluded().count();
                let rank = Rank { num_above, num_tied, num_negatives };
                RankedEnd { link, node: end.node(), logit, rank }
            };
            ranked.push(group.iter().zip(thresholds).map(rank).collect());
        }
        ranked
    }

    /// Adds the counts of the pairs of `node` with the nodes from `first` on, whose logits in f32 are `logits`.
    fn count_row(&self, node: u32, first: usize, logits: &[f32], threshold: &mut Threshold) {
        let Threshold { low, high, .. } = *threshold;
        let num_above: u32 = logits.iter().map(|&logit| u32::from(logit > high)).sum();
        let num_below: u32 = logits.iter().map(|&logit| u32::from(logit < low)).sum();
        threshold.num_above += num_above as usize;
        if num_above as usize + num_below as usize == logits.len() {
            return;
        }
        for (other, &logit) in logits.iter().enumerate() {
            if !(logit > high || logit < low) {
                let exact = decode_pair(self.z, (node, (first + other) as u32));
                threshold.num_above += usize::from(exact > threshold.logit);
                threshold.num_tied += usize::from(exact == threshold.logit);
            }
        }
    }
}

fn norm(z: ArrayView2<f32>, node: u32) -> f64 {
    decode_pair(z, (node, node)).sqrt()
}
