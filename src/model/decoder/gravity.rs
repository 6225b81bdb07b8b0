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
//! use vgae::model::decoder::gravity::{decode_pair, decode_pairs, top_of_nodes, top_pairs};
//! use vgae::graph::EdgeList;
//!
//! // Two nodes at distance 1; the second has mass 3.
//! let z = ndarray::array![[0f32, 0.0], [1.0, 3.0]];
//! let logit = decode_pair(z.view(), (0, 1), 1.0);
//! assert!((logit - (3.0 - 1.01f64.ln())).abs() < 1e-6);
//! assert_eq!(decode_pairs(z.view(), &[(0, 1)], 1.0), [logit]);
//! let known = EdgeList::new(2, vec![], None).0;
//! assert_eq!(top_pairs(z.view(), 1, &known, 1.0)[0].pair, (0, 1));
//! assert_eq!(top_of_nodes(z.view(), &[1], 1, &known, 1.0)[0][0].pair, (1, 0));
//! ```

mod search;

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::PAIRS_PER_TASK;
use crate::graph::Pair;

pub use search::{top_of_nodes, top_pairs};

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
