//! The gravity-inspired decoder of directed edges (Salha et al. 2019, *Gravity-Inspired Graph Autoencoders
//! for Directed Link Prediction*, section 3.5): a target attracts a source more strongly the heavier and the
//! nearer it is.
//!
//! ```text
//! logit(u → v) = mass_v − λ · ln(‖z_u − z_v‖² + 0.01)
//! ```
//!
//! Embeddings are [n, d + 1]: d coordinates and, in the last column, the mass, which is a logarithm and may
//! be negative. λ weighs nearness against mass.
//!
//! Departure from the paper's equation: the 0.01, taken from the authors' code, keeps the logarithm finite
//! for nodes with equal coordinates. (The authors' code trains with ‖z_u − z_v‖² + 0.01 and evaluates with
//! (‖z_u − z_v‖ + 0.01)²; this crate uses the first form for both.)
//!
//! # Examples
//! ```
//! use vgae::model::decoder::gravity::{decode_pair, decode_pairs, top_pairs};
//! use vgae::graph::EdgeList;
//!
//! // Two nodes at distance 1; the second has mass 3.
//! let z = ndarray::array![[0f32, 0.0], [1.0, 3.0]];
//! let logit = decode_pair(z.view(), (0, 1), 1.0);
//! assert!((logit - (3.0 - 1.01f64.ln())).abs() < 1e-6);
//! assert_eq!(decode_pairs(z.view(), &[(0, 1)], 1.0), [logit]);
//! assert_eq!(top_pairs(z.view(), 1, &EdgeList::new(2, vec![], None).0, 1.0)[0].pair, (0, 1));
//! ```

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, s};
use rayon::prelude::*;

use super::PAIRS_PER_TASK;
use super::top::{BLOCK_COLUMNS, BLOCK_ROWS};
use crate::graph::{EdgeList, Pair};
use crate::model::score::{ScoredPair, TopK};

/// The constant added to every squared distance.
pub const DISTANCE_OFFSET: f64 = 0.01;

/// Returns the logits of m ordered pairs from embeddings `z`, [n, d + 1], in f64. O(m·d) time, on all
/// threads.
pub fn decode_pairs(z: ArrayView2<f32>, pairs: &[Pair], lambda: f64) -> Vec<f64> {
    pairs.par_iter().with_min_len(PAIRS_PER_TASK).map(|&pair| decode_pair(z, pair, lambda)).collect()
}

/// Returns the logit of the edge from the first to the second node of the pair.
pub fn decode_pair(z: ArrayView2<f32>, (u, v): Pair, lambda: f64) -> f64 {
    let d = z.ncols() - 1;
    let (source, target) = (z.row(u as usize), z.row(v as usize));
    let difference = |(&a, &b): (&f32, &f32)| (a as f64 - b as f64).powi(2);
    let squared_distance: f64 = source.iter().zip(target).take(d).map(difference).sum();
    target[d] as f64 - lambda * (squared_distance + DISTANCE_OFFSET).ln()
}

/// Returns the `k` ordered pairs of distinct nodes with the highest logits that are not in `known`, highest
/// first, ties in the order of the pairs. `lambda` must be at least 0. If `known` is undirected, each of its
/// edges excludes both ordered pairs. The result is exact. O(n²·d) time, O(n·d + k) memory.
pub fn top_pairs(z: ArrayView2<f32>, k: usize, known: &EdgeList, lambda: f64) -> Vec<ScoredPair> {
    let n = z.nrows();
    if k == 0 {
        return Vec::new();
    }
    let d = z.ncols() - 1;
    let coordinates = z.slice(s![.., ..d]);
    let square = |row: ndarray::ArrayView1<f32>| row.iter().map(|&a| (a as f64).powi(2)).sum::<f64>();
    let squares: Vec<f64> = coordinates.rows().into_iter().map(square).collect();
    let largest = squares.iter().fold(0f64, |most, &square| most.max(square));
    // The squared distance is ‖u‖² + ‖v‖² − 2u·v with u·v in f32, whose error is at most d·2⁻²⁴·|u|·|v| to
    // first order (Higham 2002, eq. 3.5). Twice that bound, for each of the two products, decides which pairs
    // need a sum in f64.
    let slack = |u: usize| 4.0 * d as f64 / f64::from(1 << 24) * (squares[u] * largest).sqrt();
    let starts: Vec<usize> = (0..n).step_by(BLOCK_ROWS).collect();
    starts
        .into_par_iter()
        .fold(
            || TopK::new(k),
            |mut best, start| {
                let rows = start..(start + BLOCK_ROWS).min(n);
                for first in (0..n).step_by(BLOCK_COLUMNS) {
                    let columns = first..(first + BLOCK_COLUMNS).min(n);
                    let mut products = Array2::<f32>::zeros((rows.len(), columns.len()));
                    let (left, right) =
                        (coordinates.slice(s![rows.clone(), ..]), coordinates.slice(s![columns.clone(), ..]));
                    general_mat_mul(1.0, &left, &right.t(), 0.0, &mut products);
                    let least = best.least();
                    let limits: Vec<f64> =
                        columns.clone().map(|v| distance_limit(z[[v, d]] as f64, least, lambda)).collect();
                    for (u, products) in rows.clone().zip(products.rows()) {
                        let slack = slack(u);
                        for ((v, &product), &limit) in columns.clone().zip(products).zip(&limits) {
                            let squared_distance = squares[u] + squares[v] - 2.0 * product as f64;
                            let pair = (u as u32, v as u32);
                            if squared_distance - slack > limit || !known.is_candidate(pair) {
                                continue;
                            }
                            let logit = decode_pair(z, pair, lambda);
                            if best.could_take(logit) {
                                best.add(ScoredPair { pair, logit });
                            }
                        }
                    }
                }
                best
            },
        )
        .reduce(|| TopK::new(k), TopK::merge)
        .into_sorted()
}

/// Returns a squared distance from a node of mass `mass` beyond which no logit reaches `least`, with a margin
/// for rounding errors.
fn distance_limit(mass: f64, least: f64, lambda: f64) -> f64 {
    if least == f64::NEG_INFINITY || lambda == 0.0 {
        return f64::INFINITY;
    }
    let room = mass - least + 1e-12 * (mass.abs() + least.abs() + 1.0);
    (room / lambda).exp() * (1.0 + 1e-9)
}
