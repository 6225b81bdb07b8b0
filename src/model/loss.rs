//! The training losses, with their reduction and scale.
//!
//! **Reconstruction** (Kipf & Welling 2016, section 2, with the weights of their code). With x_ij = z_i·z_j,
//! the targets y = A + I of the training graph, and S = 2·edges, the number of ones in A, the loss is
//!
//! ```text
//! norm / n² · Σ_ij [ pos_weight · y_ij · softplus(−x_ij) + (1 − y_ij) · softplus(x_ij) ]
//! pos_weight = (n² − S) / S        norm = n² / (2 (n² − S))
//! ```
//!
//! a mean over all n² ordered pairs, in nats. It is about (mean over edges + mean over non-edges) / 2.
//!
//! **Weighted edges** (`train.weighted_loss`). The term of the training edge e is multiplied by w_e / mean(w),
//! its weight divided by the mean weight of the training edges, in both directions:
//! pos_weight · w_e / mean(w) · softplus(−x_e). These factors sum to the number of edges, so that the loss
//! keeps its scale and pos_weight its meaning. The diagonal and the negatives keep the factor 1. All losses
//! below weight their edges in the same way.
//!
//! **Bipartite graphs.** In a graph with s sources and t targets only the N = s·t pairs of a source and a
//! target count: the other pairs, and the diagonal of A + I, are never predicted. With m edges the loss is
//!
//! ```text
//! norm / N · Σ_uv [ pos_weight · y_uv · softplus(−x_uv) + (1 − y_uv) · softplus(x_uv) ]   u a source, v a target
//! pos_weight = (N − m) / m         norm = N / (2 (N − m))
//! ```
//!
//! which is exactly (mean over edges + mean over non-edges) / 2. O(s·t·d) time.
//!
//! **Directed graphs.** [`GravityReconstruction`] is the same loss of the gravity decoder, where y is not
//! symmetric and S is the number of directed edges.
//!
//! Three other losses replace this one where n² pairs are too many: [`Sample`], balanced or unbiased, and
//! [`Subgraph`].
//!
//! **KL** (Kingma & Welling 2014, appendix B): KL(q(z) ‖ N(0, I)) = ½ Σ_d (μ² + σ² − log σ² − 1), as a mean
//! over the nodes, in nats.
//!
//! **Objective.** Training minimises reconstruction + weight · KL. The ELBO counts each unordered pair once
//! and sums the KL of the nodes. Multiplied by n² / (2·norm) = n² − S, the reconstruction is the sum over
//! unordered pairs (the diagonal at half) with edges up-weighted by pos_weight, and the KL, which is a mean,
//! must be multiplied by n to become a sum. The weight `elbo` is therefore n / (n² − S). The reference code's
//! 1/n (`kipf`) differs by the factor 1 − S/n², which matters only in a dense graph. In a bipartite graph
//! `elbo` is n / (2 (N − m)) by the same reasoning.
//!
//! # Examples
//! ```
//! use rand::SeedableRng;
//! use vgae::graph::EdgeList;
//! use vgae::model::loss::{ExactReconstruction, GravityReconstruction, SampledEdges, SubgraphReconstruction, Weighting};
//!
//! let train = EdgeList::new(4, vec![(0, 1), (1, 2)], None).0;
//! let z = vec![0f32; 4 * 2];
//! // If all logits are 0, each term is ln 2. The edges and the diagonal are 8 of the 16 pairs.
//! let (loss, gradient) = ExactReconstruction::new(&train).value_and_gradient(&z, 2);
//! assert!((loss - 2f64.ln() / 24.0 * (8.0 * 3.0 + 8.0)).abs() < 1e-6 && gradient == z);
//!
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
//! let edges = SampledEdges::new(train.clone(), Weighting::Balanced);
//! let (loss, _) = edges.draw(&train, 5, &mut rng).value_and_gradient(&z, 2);
//! assert!((loss - 2f64.ln()).abs() < 1e-6);
//! let (same, _) = edges.with(vec![(0, 3)]).value_and_gradient(&z, 2);
//! assert!((loss - same).abs() < 1e-6);
//! let subgraph = SubgraphReconstruction::new(&train, 2).draw(&mut rng);
//! assert_eq!(subgraph.value_and_gradient(&z, 2).1.len(), z.len());
//! let weighted = ExactReconstruction::weighted(&train, &[1.0, 1.0]).value_and_gradient(&z, 2);
//! assert!((weighted.0 - ExactReconstruction::new(&train).value_and_gradient(&z, 2).0).abs() < 1e-6);
//! // Each row of z is a coordinate and a mass.
//! assert!(GravityReconstruction::new(&train, 1.0).value_and_gradient(&z, 2).0 > 0.0);
//! ```

mod blocks;
mod dense;
mod exact;
mod gravity;
mod incidence;
mod neighbours;
mod sampled;
mod subgraph;
#[cfg(feature = "torch")]
mod torch;

use crate::config::KlWeight;
use crate::graph::{Direction, EdgeList};

pub use exact::ExactReconstruction;
pub use gravity::GravityReconstruction;
pub(crate) use sampled::Perceptron;
pub use sampled::{Sample, SampledEdges, Weighting};
pub use subgraph::{Subgraph, SubgraphReconstruction};
#[cfg(feature = "torch")]
pub(crate) use torch::TorchLoss;

/// The target of a reconstruction loss.
pub(crate) enum Target<'a> {
    /// The whole undirected or bipartite graph.
    Exact(&'a ExactReconstruction),
    /// The edges and sampled negatives.
    Sampled(Sample<'a>),
    /// A subgraph.
    Subgraph(Subgraph),
    /// A target held by a device, which computes the loss.
    Elsewhere,
    /// The whole directed graph.
    Gravity(&'a GravityReconstruction),
}

impl Target<'_> {
    /// Returns the loss at `z`, [n, d] row by row, and writes its gradient to `gradient`, [n, d].
    pub(crate) fn value_and_gradient(&self, z: &[f32], d: usize, gradient: &mut [f32]) -> f64 {
        match self {
            Target::Exact(exact) => exact.value_and_gradient_into(z, d, gradient),
            Target::Sampled(sample) => sample.value_and_gradient_into(z, d, gradient),
            Target::Subgraph(subgraph) => subgraph.value_and_gradient_into(z, d, gradient),
            Target::Elsewhere => unreachable!("the device computes this loss"),
            Target::Gravity(exact) => exact.value_and_gradient_into(z, d, gradient),
        }
    }
}

/// Returns the factors by which `train.weighted_loss` multiplies the terms of `edges`, which are some or all of
/// the training edges `train`: their weights divided by the mean weight of `train`. Returns `None` if the
/// edges have no weights. O(m) time.
pub fn relative_weights(edges: &EdgeList, train: &EdgeList) -> Option<Vec<f32>> {
    let (own, all) = (edges.weights()?, train.weights()?);
    let mean = all.iter().map(|&weight| f64::from(weight)).sum::<f64>() / all.len() as f64;
    Some(own.iter().map(|&weight| (f64::from(weight) / mean) as f32).collect())
}

/// Returns the factor of the KL in the loss for the training edges `train`.
pub(crate) fn kl_weight(weight: KlWeight, train: &EdgeList) -> f64 {
    let n = train.num_nodes() as f64;
    match (weight, train.direction()) {
        (KlWeight::Kipf, _) => 1.0 / n,
        (KlWeight::Elbo, _) if train.num_sources().is_some() => {
            n / (2.0 * (train.num_pairs() as f64 - train.len() as f64))
        }
        (KlWeight::Elbo, Direction::Undirected) => n / (n * n - 2.0 * train.len() as f64),
        // In a directed graph each ordered pair counts once.
        (KlWeight::Elbo, Direction::Directed) => n / (2.0 * (n * n - train.len() as f64)),
        (KlWeight::Value(value), _) => value,
    }
}
