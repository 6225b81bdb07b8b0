//! Decoders: from the embeddings of two nodes to the logit of their edge.

pub mod gravity;

mod hadamard;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

use crate::graph::{Direction, EdgeList, Pair};
use crate::score::{Best, Score, ScoredPair};

pub use hadamard::HadamardMlp;

/// Rows of the block of logits that [`top_pairs`] holds at a time, per thread.
const BLOCK_ROWS: usize = 64;
/// Columns of that block.
const BLOCK_COLUMNS: usize = 1024;

/// The fewest pairs that are worth a task of their own.
const PAIRS_PER_TASK: usize = 1024;

/// What gives two embeddings a logit.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoder {
    /// z_u · z_v (Kipf & Welling 2016, eq. 2).
    InnerProduct,
    /// The cosine of z_u and z_v, times this learnt temperature.
    Cosine {
        /// Above 0.
        temperature: f64,
    },
    /// A perceptron on z_u ∘ z_v.
    HadamardMlp(HadamardMlp),
    /// The mass of v less the distance of u and v; see [`gravity`].
    Gravity {
        /// How much distance counts.
        lambda: f64,
        /// What is done to the coordinates first.
        coordinates: Coordinates,
    },
}

/// What is done to the coordinates of embeddings that have a mass too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coordinates {
    /// Nothing.
    Free,
    /// They are brought to the length 1.
    Unit,
}

/// Embeddings and what decodes them.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    z: Array2<f32>,
    decoder: Decoder,
}

impl Decoded {
    /// For embeddings `z` of [n, d].
    pub fn new(mut z: Array2<f32>, decoder: Decoder) -> Self {
        match decoder {
            // With rows of the length √temperature, the inner product is the logit.
            Decoder::Cosine { temperature } => set_length(z.view_mut(), temperature.sqrt()),
            Decoder::Gravity { coordinates: Coordinates::Unit, .. } => {
                let mass = z.ncols() - 1;
                set_length(z.slice_mut(s![.., ..mass]), 1.0);
            }
            _ => {}
        }
        Decoded { z, decoder }
    }
}

impl Score for Decoded {
    /// O(m·d) time; O(m·d·h) for a perceptron.
    fn logits(&self, pairs: &[Pair]) -> Vec<f64> {
        match &self.decoder {
            Decoder::InnerProduct | Decoder::Cosine { .. } => decode_pairs(self.z.view(), pairs),
            Decoder::HadamardMlp(perceptron) => perceptron.logits(self.z.view(), pairs),
            Decoder::Gravity { lambda, .. } => gravity::decode_pairs(self.z.view(), pairs, *lambda),
        }
    }

    fn top_pairs(&self, k: usize, known: &EdgeList) -> Vec<ScoredPair> {
        match &self.decoder {
            Decoder::InnerProduct | Decoder::Cosine { .. } => top_pairs(self.z.view(), k, known),
            Decoder::HadamardMlp(_) => crate::score::top_pairs(self, k, known),
            Decoder::Gravity { lambda, .. } => gravity::top_pairs(self.z.view(), k, known, *lambda),
        }
    }
}

/// Gives each row `length`; rows of zeros stay.
fn set_length(mut rows: ArrayViewMut2<f32>, length: f64) {
    for mut row in rows.rows_mut() {
        let old = row.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
        let factor = if old > 0.0 { length / old } else { 0.0 };
        row.mapv_inplace(|value| (f64::from(value) * factor) as f32);
    }
}

/// The logits of m pairs, from embeddings `z` of [n, d], summed in f64. O(m·d) time, on all threads.
pub fn decode_pairs(z: ArrayView2<f32>, pairs: &[Pair]) -> Vec<f64> {
    let (z, d) = (z.as_standard_layout(), z.ncols());
    let entries = z.as_slice().expect("the rows stand one after the other");
    let row = |node: u32| &entries[node as usize * d..][..d];
    let logit = |&(u, v): &Pair| row(u).iter().zip(row(v)).map(|(&a, &b)| a as f64 * b as f64).sum();
    pairs.par_iter().with_min_len(PAIRS_PER_TASK).map(logit).collect()
}

/// The logit of one pair.
pub fn decode_pair(z: ArrayView2<f32>, (u, v): Pair) -> f64 {
    z.row(u as usize).iter().zip(z.row(v as usize)).map(|(&a, &b)| a as f64 * b as f64).sum()
}

/// The `k` pairs of distinct nodes with the highest logits that are not in `known`, highest first, ties in
/// the order of the pairs. Where `known` has directions these are ordered pairs, of which both ways round have
/// the same logit. Exact: O(n²·d) time, O(n·d + k) memory.
pub fn top_pairs(z: ArrayView2<f32>, k: usize, known: &EdgeList) -> Vec<ScoredPair> {
    let n = z.nrows();
    if k == 0 {
        return Vec::new();
    }
    let starts: Vec<usize> = (0..n).step_by(BLOCK_ROWS).collect();
    let norms: Vec<f64> = (0..n as u32).map(|node| decode_pair(z, (node, node)).sqrt()).collect();
    // A logit that f32 arithmetic gives is off by at most d·2⁻²⁴·|z_u|·|z_v| to first order (Higham 2002,
    // eq. 3.5); twice that decides which pairs are worth a sum in f64.
    let slack = 2.0 * z.ncols() as f64 / f64::from(1 << 24);
    let num_ways = if known.direction() == Direction::Directed { 2 } else { 1 };
    let best = starts
        .into_par_iter()
        .fold(
            || Best::new(k),
            |mut best, start| {
                let rows = start..(start + BLOCK_ROWS).min(n);
                for first in (start..n).step_by(BLOCK_COLUMNS) {
                    let columns = first..(first + BLOCK_COLUMNS).min(n);
                    let mut logits = Array2::<f32>::zeros((rows.len(), columns.len()));
                    let (left, right) = (z.slice(s![rows.clone(), ..]), z.slice(s![columns.clone(), ..]));
                    general_mat_mul(1.0, &left, &right.t(), 0.0, &mut logits);
                    for (u, logits) in rows.clone().zip(logits.axis_iter(Axis(0))) {
                        for (v, &logit) in columns.clone().zip(logits).skip((u + 1).saturating_sub(first)) {
                            let most = f64::from(logit) + slack * norms[u] * norms[v];
                            let (u, v) = (u as u32, v as u32);
                            for &pair in &[(u, v), (v, u)][..num_ways] {
                                if best.could_take(most) && known.is_candidate(pair) {
                                    best.add(ScoredPair { pair, logit: decode_pair(z, pair) });
                                }
                            }
                        }
                    }
                }
                best
            },
        )
        .reduce(|| Best::new(k), Best::merge);
    best.into_sorted()
}
