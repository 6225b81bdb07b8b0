//! Decoders, which turn the embeddings of two nodes into the logit of an edge between them.
//!
//! # Examples
//! ```
//! use ndarray::array;
//! use vgae::model::decoder::{EmbeddingScorer, Decoder, decode_pair, decode_pairs, top_pairs};
//! use vgae::graph::EdgeList;
//! use vgae::model::score::Score;
//!
//! let z = array![[1f32, 0.0], [2.0, 0.0], [0.0, 1.0]];
//! assert_eq!(decode_pairs(z.view(), &[(0, 1), (0, 2)]), [2.0, 0.0]);
//! assert_eq!(decode_pair(z.view(), (1, 1)), 4.0);
//! let known = EdgeList::new(3, vec![(0, 1)], None).0;
//! assert_eq!(top_pairs(z.view(), 1, &known)[0].pair, (0, 2));
//! let cosine = EmbeddingScorer::new(z, Decoder::Cosine { temperature: 5.0 });
//! assert!((cosine.logits(&[(0, 1)])[0] - 5.0).abs() < 1e-5);
//! ```

pub mod gravity;

mod hadamard;
mod posterior;
mod residual;
mod top;
mod weights;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

use crate::graph::{EdgeList, Pair};
use crate::model::score::{Score, ScoredPair};

pub use hadamard::HadamardMlp;
pub use posterior::Posterior;
pub use residual::ResidualMlp;
pub(crate) use top::slack;
pub use top::{top_of_nodes, top_pairs};
pub(crate) use weights::LOG_TEMPERATURE;

/// The smallest number of pairs worth a separate task.
const PAIRS_PER_TASK: usize = 1024;

/// The function that computes a logit from two embeddings.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoder {
    /// z_u · z_v (Kipf & Welling 2016, eq. 2).
    InnerProduct,
    /// The cosine of z_u and z_v, times a learnt temperature.
    Cosine {
        /// The temperature, above 0.
        temperature: f64,
    },
    /// A perceptron on z_u ∘ z_v.
    HadamardMlp(HadamardMlp),
    /// A deep perceptron on z_u ∘ z_v.
    ResidualMlp(ResidualMlp),
    /// The mass of v minus a multiple of the logarithm of the squared distance of u and v; see [`gravity`].
    Gravity {
        /// λ, the weight of the distance.
        lambda: f64,
        /// The treatment of the coordinates before distances are computed.
        coordinates: Coordinates,
    },
}

/// The treatment of the coordinates of embeddings whose last column is a mass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coordinates {
    /// Coordinates are used unchanged.
    Free,
    /// Each row of coordinates is scaled to norm 1.
    Unit,
}

/// Embeddings together with their decoder.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingScorer {
    z: Array2<f32>,
    decoder: Decoder,
}

impl EmbeddingScorer {
    /// Builds the score from embeddings `z`, [n, d] ([n, d + 1] with a mass), and their decoder.
    pub fn new(mut z: Array2<f32>, decoder: Decoder) -> Self {
        // With rows of norm √temperature, the inner product is the logit.
        let norm = if let Decoder::Cosine { temperature } = decoder { temperature.sqrt() } else { 1.0 };
        if let Some(columns) = decoder.unit_columns(z.ncols()) {
            normalize_rows(z.slice_mut(s![.., columns]), norm);
        }
        EmbeddingScorer { z, decoder }
    }
}

impl EmbeddingScorer {
    /// Returns the logits of some nodes with every node, in f32 where they are inner products.
    pub(crate) fn rows_of(&self, nodes: &[u32]) -> Vec<f64> {
        let n = self.z.nrows() as u32;
        match self.factors() {
            Some(z) => {
                let nodes: Vec<usize> = nodes.iter().map(|&node| node as usize).collect();
                z.select(Axis(0), &nodes).dot(&z.t()).iter().map(|&logit| f64::from(logit)).collect()
            }
            None => {
                let pairs: Vec<Pair> = nodes.iter().flat_map(|&u| (0..n).map(move |v| (u, v))).collect();
                self.logits(&pairs)
            }
        }
    }
}

impl Score for EmbeddingScorer {
    /// Returns the logits of m pairs. O(m·d) time; O(m·d·k) for a perceptron of width k, for each hidden layer.
    fn logits(&self, pairs: &[Pair]) -> Vec<f64> {
        match &self.decoder {
            Decoder::InnerProduct | Decoder::Cosine { .. } => decode_pairs(self.z.view(), pairs),
            Decoder::HadamardMlp(perceptron) => perceptron.logits(self.z.view(), pairs),
            Decoder::ResidualMlp(perceptron) => perceptron.logits(self.z.view(), pairs),
            Decoder::Gravity { lambda, .. } => gravity::decode_pairs(self.z.view(), pairs, *lambda),
        }
    }

    fn top_pairs(&self, k: usize, known: &EdgeList) -> Vec<ScoredPair> {
        match &self.decoder {
            Decoder::InnerProduct | Decoder::Cosine { .. } => top_pairs(self.z.view(), k, known),
            Decoder::HadamardMlp(_) | Decoder::ResidualMlp(_) => {
                crate::model::score::top_pairs(self, k, known)
            }
            Decoder::Gravity { lambda, .. } => gravity::top_pairs(self.z.view(), k, known, *lambda),
        }
    }

    fn top_of_nodes(&self, nodes: &[u32], k: usize, known: &EdgeList) -> Vec<Vec<ScoredPair>> {
        match &self.decoder {
            Decoder::InnerProduct | Decoder::Cosine { .. } => top_of_nodes(self.z.view(), nodes, k, known),
            Decoder::Gravity { lambda, .. } => gravity::top_of_nodes(self.z.view(), nodes, k, known, *lambda),
            Decoder::HadamardMlp(_) | Decoder::ResidualMlp(_) => {
                crate::model::score::top_of_nodes(self, nodes, k, known)
            }
        }
    }

    fn factors(&self) -> Option<ArrayView2<'_, f32>> {
        let are_factors = matches!(self.decoder, Decoder::InnerProduct | Decoder::Cosine { .. });
        are_factors.then(|| self.z.view())
    }
}

/// Scales each row to the given norm; rows of zeros stay zeros. Training does so in f32, with gradients, on its tape.
fn normalize_rows(mut rows: ArrayViewMut2<f32>, norm: f64) {
    for mut row in rows.rows_mut() {
        let old = row.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
        let factor = if old > 0.0 { norm / old } else { 0.0 };
        row.mapv_inplace(|value| (f64::from(value) * factor) as f32);
    }
}

/// Returns the logits of m pairs from embeddings `z`, [n, d], summed in f64. O(m·d) time, on all threads.
pub fn decode_pairs(z: ArrayView2<f32>, pairs: &[Pair]) -> Vec<f64> {
    let (z, d) = (z.as_standard_layout(), z.ncols());
    let entries = z.as_slice().expect("z is in standard layout");
    let row = |node: u32| &entries[node as usize * d..][..d];
    let logit = |&(u, v): &Pair| row(u).iter().zip(row(v)).map(|(&a, &b)| a as f64 * b as f64).sum();
    pairs.par_iter().with_min_len(PAIRS_PER_TASK).map(logit).collect()
}

/// Returns the logit of one pair.
pub fn decode_pair(z: ArrayView2<f32>, (u, v): Pair) -> f64 {
    z.row(u as usize).iter().zip(z.row(v as usize)).map(|(&a, &b)| a as f64 * b as f64).sum()
}
