//! Generates new graphs from a trained model.
//!
//! The model gives each pair of nodes its own probability, learnt with edges and negatives in balance.
//! Drawing each pair with this probability would make the graph many times too dense. A new graph therefore
//! consists of the most probable pairs, as many as asked for.

use ndarray::Array2;
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::error::{Error, Result};
use crate::graph::{EdgeList, Pair};
use crate::model::decoder::EmbeddingScorer;
use crate::model::network::{Embeddings, Network};
use crate::model::score::Score;

/// The distribution that the latents of a new graph's nodes are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Source {
    /// Each node's z from N(0, I), the same distribution for every node.
    Prior,
    /// Each node's z from its own q(z), given the training edges and the node's features.
    Posterior,
}

/// Seeds z for each node from `source`, and returns the `num_edges` most probable edges, best first.
///
/// `embeddings` are those that `network` gives the nodes of the run's graph. `edges` is the edge list of that
/// graph; it determines whether edges have directions and which nodes they may join. O(n²·d) time, O(n·d +
/// edges) memory.
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
/// [`Error::Config`] if the latent is a point, which has no distribution.
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
            "{} embeds nodes as points, with no distribution to draw from; hint: train a v{0}",
            network.config().model
        )));
    };
    let mut z = Array2::from_shape_fn(log_variance.dim(), |_| StandardNormal.sample(rng));
    if source == Source::Posterior {
        z.zip_mut_with(log_variance, |z: &mut f32, log_variance| *z *= (0.5 * log_variance).exp());
        z += &embeddings.mean;
    }
    let no_edges = edges.with_edges(Vec::new());
    let best = EmbeddingScorer::new(z, network.decoder()).top_pairs(num_edges, &no_edges);
    Ok(best.into_iter().map(|scored| scored.pair).collect())
}
