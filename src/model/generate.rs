//! New graphs from what a model has learnt.
//!
//! The model gives each pair of nodes a probability by itself, with edges and negatives in balance: pairs drawn by
//! these would make a graph many times too dense. The edges of a new graph are therefore the most probable pairs, as
//! many as asked for.

use ndarray::Array2;
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::error::{Error, Result};
use crate::graph::{EdgeList, Pair};
use crate::model::decoder::Decoded;
use crate::model::network::{Embeddings, Network};
use crate::model::score::Score;

/// Where the latent of a new graph's nodes comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Source {
    /// Each node's z from N(0, I): the nodes are all alike before the draw.
    Prior,
    /// Each node's z from its own q(z), given the training edges and its features.
    Posterior,
}

/// The `num_edges` most probable edges between nodes whose z is drawn from `source`, best first; `embeddings` are what
/// `network` says of the run's graph, and `edges` that graph's list, which tells whether edges have directions, and which
/// nodes they may join.
/// O(n²·d) time, O(n·d + edges) memory.
///
/// # Examples
/// ```
/// use rand::SeedableRng;
/// use vgae::model::generate::{Source, edges};
/// use vgae::{config::ModelConfig, graph::EdgeList};
/// use vgae::model::network::Network;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
/// let known = EdgeList::new(4, vec![(0, 1), (1, 2), (2, 3)], None).0;
/// let network = Network::new(&ModelConfig::default(), 4, &mut rng);
/// let embeddings = network.encode(&known, None);
/// let pairs = edges(&network, &embeddings, Source::Posterior, 3, &known, &mut rng)?;
/// assert!(pairs.len() == 3 && pairs.iter().all(|&(u, v)| u < v && v < 4));
/// # Ok::<(), vgae::Error>(())
/// ```
///
/// # Errors
/// [`Error::Config`] for a point latent, which has no distribution.
pub fn edges(
    network: &Network,
    embeddings: &Embeddings,
    source: Source,
    num_edges: usize,
    edges: &EdgeList,
    rng: &mut impl Rng,
) -> Result<Vec<Pair>> {
    let Some(log_variance) = &embeddings.log_variance else {
        return Err(Error::Config(format!(
            "{} has points and no distribution to draw from; hint: train a v{0}",
            network.config().model
        )));
    };
    let mut z = Array2::from_shape_fn(log_variance.dim(), |_| StandardNormal.sample(rng));
    if source == Source::Posterior {
        z.zip_mut_with(log_variance, |z: &mut f32, log_variance| *z *= (0.5 * log_variance).exp());
        z += &embeddings.mean;
    }
    let none = edges.with_edges(Vec::new());
    let best = Decoded::new(z, network.decoder()).top_pairs(num_edges, &none);
    Ok(best.into_iter().map(|scored| scored.pair).collect())
}
