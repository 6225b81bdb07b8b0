//! The best pairs by inner products, exactly, without looking at most pairs one by one.
//!
//! No inner product is above the product of the two lengths (Cauchy–Schwarz). Nodes are therefore taken by descending
//! length: once enough pairs are found, whatever is left of a node's row, or of all rows, cannot be among the best.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

use crate::graph::{Direction, EdgeList, Pair};
use crate::model::decoder::decode_pair;
use crate::model::score::{Best, ScoredPair};

/// Rows of the block of logits that a thread holds at a time.
pub(super) const BLOCK_ROWS: usize = 64;
/// Columns of that block.
pub(super) const BLOCK_COLUMNS: usize = 1024;
/// Logits that are compared with the least one that counts before any is looked at by itself.
const CHUNK: usize = 32;

/// The `k` pairs of distinct nodes with the highest logits that are candidates of `known`, highest first, ties in
/// the order of the pairs. Where `known` has directions these are ordered pairs, of which both ways round have
/// the same logit. Exact: O(n²·d) time at most, O(n·d + k) memory.
pub fn top_pairs(z: ArrayView2<f32>, k: usize, known: &EdgeList) -> Vec<ScoredPair> {
    if k == 0 {
        return Vec::new();
    }
    let rows = ByLength::new(z);
    let num_ways = if known.direction() == Direction::Directed { 2 } else { 1 };
    // The greatest of the threads' k-th best logits: no pair below it is among the best of all.
    let least_of_all = Least::default();
    (0..z.nrows())
        .step_by(BLOCK_ROWS)
        // The next block goes to whichever thread is free, so that the longest rows come first.
        .par_bridge()
        .fold(
            || Best::new(k),
            |mut best, start| {
                let block = start..(start + BLOCK_ROWS).min(z.nrows());
                for columns in rows.blocks(start) {
                    let least = best.least().max(least_of_all.get());
                    if rows.bound(block.start, columns.start) < least {
                        break;
                    }
                    let logits = rows.logits(rows.z.slice(s![block.clone(), ..]), columns.clone());
                    for (row, logits) in block.clone().zip(logits.axis_iter(Axis(0))) {
                        let skipped = (row + 1).saturating_sub(columns.start).min(columns.len());
                        let logits = &logits.to_slice().unwrap_or_default()[skipped..];
                        let first = columns.start + skipped;
                        rows.visit(rows.lengths[row], first, logits, least, |column, most| {
                            let (u, v) = (rows.nodes[row], rows.nodes[column]);
                            let (u, v) = (u.min(v), u.max(v));
                            for &pair in &[(u, v), (v, u)][..num_ways] {
                                if best.could_take(most) && known.is_candidate(pair) {
                                    best.add(ScoredPair { pair, logit: decode_pair(z, pair) });
                                }
                            }
                            best.least()
                        });
                    }
                    least_of_all.raise(best.least());
                }
                best
            },
        )
        .reduce(|| Best::new(k), Best::merge)
        .into_sorted()
}

/// For each of `nodes`, as the source, its `k` pairs with the highest logits that are candidates of `known`, highest
/// first, ties in the order of the nodes. Exact: O(n·d) time at most for each of them, O(n·d) memory.
///
/// ```
/// use ndarray::array;
/// use vgae::model::decoder::{top_of_nodes, top_pairs};
/// use vgae::graph::EdgeList;
///
/// let z = array![[1f32, 0.0], [2.0, 0.0], [0.0, 3.0], [1.0, 1.0]];
/// let known = EdgeList::new(4, vec![(0, 1)], None).0;
/// let best = top_of_nodes(z.view(), &[3, 0], 1, &known);
/// assert_eq!((best[0][0].pair, best[1][0].pair), ((3, 2), (0, 3)));
/// assert_eq!(top_pairs(z.view(), 1, &known)[0].pair, (2, 3));
/// ```
pub fn top_of_nodes(z: ArrayView2<f32>, nodes: &[u32], k: usize, known: &EdgeList) -> Vec<Vec<ScoredPair>> {
    if k == 0 {
        return vec![Vec::new(); nodes.len()];
    }
    let rows = ByLength::new(z);
    let best_of = |nodes: &[u32]| {
        let places: Vec<usize> = nodes.iter().map(|&node| node as usize).collect();
        let left = z.select(Axis(0), &places);
        let lengths: Vec<f64> = nodes.iter().map(|&node| length(z, node)).collect();
        let mut best: Vec<Best> = nodes.iter().map(|_| Best::new(k)).collect();
        for columns in rows.blocks(0) {
            let bound = |at: usize| slacked(lengths[at] * rows.lengths[columns.start], z.ncols());
            if (0..nodes.len()).all(|at| bound(at) < best[at].least()) {
                break;
            }
            let logits = rows.logits(left.view(), columns.clone());
            for (at, logits) in logits.axis_iter(Axis(0)).enumerate() {
                let best = &mut best[at];
                let least = best.least();
                let logits = logits.to_slice().unwrap_or_default();
                rows.visit(lengths[at], columns.start, logits, least, |column, most| {
                    let pair: Pair = (nodes[at], rows.nodes[column]);
                    if best.could_take(most) && known.is_candidate(pair) {
                        best.add(ScoredPair { pair, logit: decode_pair(z, pair) });
                    }
                    best.least()
                });
            }
        }
        best.into_iter().map(Best::into_sorted).collect::<Vec<_>>()
    };
    nodes.par_chunks(BLOCK_ROWS).flat_map_iter(best_of).collect()
}

/// The rows of z, the longest first.
struct ByLength {
    /// The node of each row.
    nodes: Vec<u32>,
    /// \[n, d\].
    z: Array2<f32>,
    /// \[n\], descending.
    lengths: Vec<f64>,
}

impl ByLength {
    fn new(z: ArrayView2<f32>) -> Self {
        let mut nodes: Vec<u32> = (0..z.nrows() as u32).collect();
        let lengths: Vec<f64> = nodes.par_iter().map(|&node| length(z, node)).collect();
        let key = |node: u32| lengths[node as usize];
        nodes.par_sort_unstable_by(|&a, &b| key(b).total_cmp(&key(a)).then(a.cmp(&b)));
        let places: Vec<usize> = nodes.iter().map(|&node| node as usize).collect();
        let sorted = z.select(Axis(0), &places);
        let lengths = nodes.iter().map(|&node| key(node)).collect();
        ByLength { nodes, z: sorted, lengths }
    }

    /// The rows from `first` on, a block after the other.
    fn blocks(&self, first: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let n = self.nodes.len();
        (first..n).step_by(BLOCK_COLUMNS).map(move |start| start..(start + BLOCK_COLUMNS).min(n))
    }

    /// What no logit of two rows from these on is above.
    fn bound(&self, row: usize, column: usize) -> f64 {
        slacked(self.lengths[row] * self.lengths[column], self.z.ncols())
    }

    /// The logits of `left`, [a, d], with a block of rows, in f32; [a, block].
    fn logits(&self, left: ArrayView2<f32>, columns: Range<usize>) -> Array2<f32> {
        let mut logits = Array2::zeros((left.nrows(), columns.len()));
        general_mat_mul(1.0, &left, &self.z.slice(s![columns, ..]).t(), 0.0, &mut logits);
        logits
    }

    /// Calls `look` with each column, from `first` on, whose logit in f32 could stand for one of at least `least`, and
    /// with the most that it could be; `look` returns what is the least from then on.
    fn visit(
        &self,
        length: f64,
        first: usize,
        logits: &[f32],
        mut least: f64,
        mut look: impl FnMut(usize, f64) -> f64,
    ) {
        let Some(&longest) = self.lengths.get(first) else { return };
        let slack = slack(length * longest, self.z.ncols());
        for (start, chunk) in (first..).step_by(CHUNK).zip(logits.chunks(CHUNK)) {
            let threshold = (least - slack) as f32;
            // Rounding may have raised it.
            let threshold = threshold.next_down();
            if chunk.iter().map(|&logit| u32::from(logit >= threshold)).sum::<u32>() == 0 {
                continue;
            }
            for (column, &logit) in (start..).zip(chunk) {
                if logit >= threshold {
                    least = least.max(look(column, f64::from(logit) + slack));
                }
            }
        }
    }
}

/// How far a logit that f32 arithmetic gives may be off, for rows whose lengths have this product: at most d·2⁻²⁴ of it
/// to first order (Higham 2002, eq. 3.5), here twice that.
fn slack(lengths: f64, d: usize) -> f64 {
    lengths * 2.0 * d as f64 / f64::from(1 << 24)
}

/// The most that a logit of rows with this product of lengths can be, rounding allowed for.
fn slacked(lengths: f64, d: usize) -> f64 {
    lengths + slack(lengths, d)
}

fn length(z: ArrayView2<f32>, node: u32) -> f64 {
    decode_pair(z, (node, node)).sqrt()
}

/// A number that only rises.
struct Least(AtomicU64);

impl Default for Least {
    fn default() -> Self {
        Least(AtomicU64::new(f64::NEG_INFINITY.to_bits()))
    }
}

impl Least {
    fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    fn raise(&self, least: f64) {
        let higher = |bits| (least > f64::from_bits(bits)).then_some(least.to_bits());
        // That nothing was raised is no failure.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, higher);
    }
}
