//! An exact search for the pairs with the highest inner products that skips most pairs.
//!
//! An inner product is at most the product of the two norms (Cauchy–Schwarz). Nodes are therefore visited in
//! order of descending norm: once enough pairs are found, the rest of a node's row, or all remaining rows,
//! cannot contain a better pair.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, Axis, s};
use rayon::prelude::*;

use crate::graph::{Direction, EdgeList, Pair};
use crate::model::decoder::decode_pair;
use crate::model::score::{ScoredPair, TopK};

/// The number of rows in the block of logits that a thread holds at a time.
pub(super) const BLOCK_ROWS: usize = 64;
/// The number of columns in that block.
pub(super) const BLOCK_COLUMNS: usize = 1024;
/// The number of logits that are compared with the threshold together; individual logits are examined only if
/// one of them reaches it.
const CHUNK: usize = 32;

/// Returns the `k` pairs of distinct nodes with the highest logits that are candidates of `known`, highest
/// first, ties in the order of the pairs. If `known` is directed, the pairs are ordered, and both directions
/// have the same logit. The result is exact. At most O(n²·d) time, O(n·d + k) memory.
pub fn top_pairs(z: ArrayView2<f32>, k: usize, known: &EdgeList) -> Vec<ScoredPair> {
    if k == 0 {
        return Vec::new();
    }
    let rows = RowsByNorm::new(z);
    let num_directions = if known.direction() == Direction::Directed { 2 } else { 1 };
    // The highest k-th best logit of any thread: no pair below it is among the overall best.
    let shared_least = RisingThreshold::default();
    (0..z.nrows())
        .step_by(BLOCK_ROWS)
        // Each free thread takes the next block, so that the rows with the largest norms come first.
        .par_bridge()
        .fold(
            || TopK::new(k),
            |mut best, start| {
                let block = start..(start + BLOCK_ROWS).min(z.nrows());
                for columns in rows.blocks(start) {
                    let least = best.least().max(shared_least.get());
                    if rows.bound(block.start, columns.start) < least {
                        break;
                    }
                    let logits = rows.logits(rows.z.slice(s![block.clone(), ..]), columns.clone());
                    for (row, logits) in block.clone().zip(logits.axis_iter(Axis(0))) {
                        let skipped = (row + 1).saturating_sub(columns.start).min(columns.len());
                        let logits = &logits.to_slice().unwrap_or_default()[skipped..];
                        let first = columns.start + skipped;
                        rows.visit(rows.norms[row], first, logits, least, |column, upper_bound| {
                            let (u, v) = (rows.nodes[row], rows.nodes[column]);
                            let (u, v) = (u.min(v), u.max(v));
                            for &pair in &[(u, v), (v, u)][..num_directions] {
                                if best.could_take(upper_bound) && known.is_candidate(pair) {
                                    best.add(ScoredPair { pair, logit: decode_pair(z, pair) });
                                }
                            }
                            best.least()
                        });
                    }
                    shared_least.raise(best.least());
                }
                best
            },
        )
        .reduce(|| TopK::new(k), TopK::merge)
        .into_sorted()
}

/// Returns, for each of `nodes` as the source, its `k` pairs with the highest logits that are candidates of
/// `known`, highest first, ties in the order of the nodes. The result is exact. At most O(n·d) time per node,
/// O(n·d) memory.
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
    let rows = RowsByNorm::new(z);
    let best_of = |nodes: &[u32]| {
        let indices: Vec<usize> = nodes.iter().map(|&node| node as usize).collect();
        let left = z.select(Axis(0), &indices);
        let norms: Vec<f64> = nodes.iter().map(|&node| norm(z, node)).collect();
        let mut best: Vec<TopK> = nodes.iter().map(|_| TopK::new(k)).collect();
        for columns in rows.blocks(0) {
            let bound = |at: usize| logit_bound(norms[at] * rows.norms[columns.start], z.ncols());
            if (0..nodes.len()).all(|at| bound(at) < best[at].least()) {
                break;
            }
            let logits = rows.logits(left.view(), columns.clone());
            for (at, logits) in logits.axis_iter(Axis(0)).enumerate() {
                let best = &mut best[at];
                let least = best.least();
                let logits = logits.to_slice().unwrap_or_default();
                rows.visit(norms[at], columns.start, logits, least, |column, upper_bound| {
                    let pair: Pair = (nodes[at], rows.nodes[column]);
                    if best.could_take(upper_bound) && known.is_candidate(pair) {
                        best.add(ScoredPair { pair, logit: decode_pair(z, pair) });
                    }
                    best.least()
                });
            }
        }
        best.into_iter().map(TopK::into_sorted).collect::<Vec<_>>()
    };
    nodes.par_chunks(BLOCK_ROWS).flat_map_iter(best_of).collect()
}

/// The rows of z in order of descending norm.
struct RowsByNorm {
    /// The node of each row.
    nodes: Vec<u32>,
    /// The sorted rows, \[n, d\].
    z: Array2<f32>,
    /// The norms of the rows, \[n\], descending.
    norms: Vec<f64>,
}

impl RowsByNorm {
    fn new(z: ArrayView2<f32>) -> Self {
        let mut nodes: Vec<u32> = (0..z.nrows() as u32).collect();
        let norms: Vec<f64> = nodes.par_iter().map(|&node| norm(z, node)).collect();
        let key = |node: u32| norms[node as usize];
        nodes.par_sort_unstable_by(|&a, &b| key(b).total_cmp(&key(a)).then(a.cmp(&b)));
        let indices: Vec<usize> = nodes.iter().map(|&node| node as usize).collect();
        let sorted = z.select(Axis(0), &indices);
        let norms = nodes.iter().map(|&node| key(node)).collect();
        RowsByNorm { nodes, z: sorted, norms }
    }

    /// Returns the blocks of rows from `first` on.
    fn blocks(&self, first: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let n = self.nodes.len();
        (first..n).step_by(BLOCK_COLUMNS).map(move |start| start..(start + BLOCK_COLUMNS).min(n))
    }

    /// Returns an upper bound of the logits of any row from `row` on with any row from `column` on.
    fn bound(&self, row: usize, column: usize) -> f64 {
        logit_bound(self.norms[row] * self.norms[column], self.z.ncols())
    }

    /// Returns the logits of `left`, [a, d], with a block of rows, in f32, [a, block].
    fn logits(&self, left: ArrayView2<f32>, columns: Range<usize>) -> Array2<f32> {
        let mut logits = Array2::zeros((left.nrows(), columns.len()));
        general_mat_mul(1.0, &left, &self.z.slice(s![columns, ..]).t(), 0.0, &mut logits);
        logits
    }

    /// Calls `examine` for each column from `first` on whose exact logit could be at least `least`, judging
    /// by the logit in f32. `examine` receives the column and an upper bound of its logit, and returns the
    /// new `least`.
    fn visit(
        &self,
        norm: f64,
        first: usize,
        logits: &[f32],
        mut least: f64,
        mut examine: impl FnMut(usize, f64) -> f64,
    ) {
        let Some(&largest_norm) = self.norms.get(first) else { return };
        let slack = slack(norm * largest_norm, self.z.ncols());
        for (start, chunk) in (first..).step_by(CHUNK).zip(logits.chunks(CHUNK)) {
            let threshold = (least - slack) as f32;
            // The conversion to f32 may have rounded the threshold up.
            let threshold = threshold.next_down();
            if chunk.iter().map(|&logit| u32::from(logit >= threshold)).sum::<u32>() == 0 {
                continue;
            }
            for (column, &logit) in (start..).zip(chunk) {
                if logit >= threshold {
                    least = least.max(examine(column, f64::from(logit) + slack));
                }
            }
        }
    }
}

/// Returns a bound of the rounding error of a logit in f32, given the product of the two norms: at most
/// d·2⁻²⁴ times the product to first order (Higham 2002, eq. 3.5); this returns twice that.
pub(crate) fn slack(norm_product: f64, d: usize) -> f64 {
    norm_product * 2.0 * d as f64 / f64::from(1 << 24)
}

/// Returns an upper bound of a logit in f32, given the product of the two norms, with a margin for rounding
/// errors.
fn logit_bound(norm_product: f64, d: usize) -> f64 {
    norm_product + slack(norm_product, d)
}

fn norm(z: ArrayView2<f32>, node: u32) -> f64 {
    decode_pair(z, (node, node)).sqrt()
}

/// A threshold shared by all threads, which can only rise.
pub(super) struct RisingThreshold(AtomicU64);

impl Default for RisingThreshold {
    fn default() -> Self {
        RisingThreshold(AtomicU64::new(f64::NEG_INFINITY.to_bits()))
    }
}

impl RisingThreshold {
    pub(super) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    pub(super) fn raise(&self, threshold: f64) {
        let higher = |bits| (threshold > f64::from_bits(bits)).then_some(threshold.to_bits());
        // An error only means that the threshold was already as high.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, higher);
    }
}
