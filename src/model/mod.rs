//! The models: encoders, latents, decoders and their losses, the stack, scores without training,
//! recommendations and generated graphs. Uses `config`, `error`, `graph` and `kernels`.
//!
//! # Examples
//! ```
//! use vgae::config::{BaselineKind, Config, ModelConfig, ModelKind};
//! use vgae::graph::EdgeList;
//! use vgae::model::Model;
//!
//! let model = ModelKind::Baseline(BaselineKind::CommonNeighbours);
//! let config = Config { model: ModelConfig { model, ..ModelConfig::default() }, ..Config::default() };
//! let model = Model::from_weights(&config, 3, 0, &Default::default()).unwrap();
//! let encoded = model.encode(&EdgeList::new(3, vec![(0, 1), (1, 2)], None).0, None)?;
//! assert_eq!(encoded.score.logits(&[(0, 2), (0, 1)]), [1.0, 0.0]);
//! assert!(encoded.embeddings.is_none() && model.weights().is_empty());
//! # Ok::<(), vgae::Error>(())
//! ```

pub mod baseline;
pub mod decoder;
pub(crate) mod encoder;
pub mod generate;
pub mod loss;
pub mod network;
pub mod recommend;
pub mod score;
pub mod stack;
pub mod vae;

use std::borrow::Cow;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::config::{BaselineKind, Config, ModelConfig, ModelKind};
use crate::error::{Error, Result, WeightError};
use crate::graph::transform::transform;
use crate::graph::{EdgeList, Features, Pair};
use crate::model::baseline::Baseline;
use crate::model::decoder::{Decoder, EmbeddingScorer, Posterior};
use crate::model::network::{Embeddings, Network, Weights};
use crate::model::score::{MANY_PAIRS, Score};
use crate::model::stack::Stack;
use crate::model::vae::Vae;

/// A trained model, or one that needs no training.
pub enum Model {
    /// A graph auto-encoder.
    Network(Box<Network>),
    /// An auto-encoder of the features alone.
    Vae(Box<Vae>),
    /// Two graph auto-encoders and closed-form scores.
    Stack(Box<Stack>),
    /// A score that needs no training, with the seed for a score that starts at random.
    Baseline(BaselineKind, u64),
}

/// A model applied to a graph: the embeddings of the nodes, and the scores of pairs.
pub struct Encoded {
    /// The embeddings of the nodes; `None` for a score that needs no training.
    pub embeddings: Option<Embeddings>,
    /// The logits of pairs.
    pub score: Box<dyn Score>,
}

impl Model {
    /// Builds a model from `weights`, for a graph of `num_nodes` nodes and `num_features` features, which is
    /// 0 for X = I.
    ///
    /// # Errors
    /// [`WeightError`] names the first weight that does not fit.
    pub fn from_weights(
        config: &Config,
        num_nodes: usize,
        num_features: usize,
        weights: &Weights,
    ) -> std::result::Result<Model, WeightError> {
        let num_features = if num_features == 0 { num_nodes } else { num_features };
        check_sizes(&config.model, num_features, weights)?;
        // All random weights are replaced, so any seed will do.
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        match config.model.model {
            ModelKind::Baseline(kind) => Ok(Model::Baseline(kind, config.seed)),
            ModelKind::Best => {
                let stack = Stack::from_weights(config, num_features, weights, &mut rng)?;
                Ok(Model::Stack(Box::new(stack)))
            }
            ModelKind::Vae => {
                let vae = Vae::from_weights(&config.model, num_features, weights, &mut rng)?;
                Ok(Model::Vae(Box::new(vae)))
            }
            _ => {
                let mut network = Network::new(&config.model, num_features, &mut rng);
                network.set_weights(weights.clone())?;
                Ok(Model::Network(Box::new(network)))
            }
        }
    }

    fn is_directed(&self) -> bool {
        matches!(self, Model::Network(network) if network.config().model.is_directed())
    }

    /// Returns every weight by its name.
    pub fn weights(&self) -> Weights {
        match self {
            Model::Network(network) => network.weights().clone(),
            Model::Vae(vae) => vae.weights().clone(),
            Model::Stack(stack) => stack.weights(),
            Model::Baseline(..) => Weights::new(),
        }
    }

    /// Returns the posterior of the inner products of `embeddings`, which must come from this model, for
    /// intervals of the probability `level`.
    ///
    /// # Errors
    /// [`Error::Argument`] if `level` is not between 0 and 1; [`Error::Config`] if the latent is a point, or the
    /// model does not score pairs by inner products.
    pub fn posterior<'a>(&self, embeddings: &'a Embeddings, level: f64) -> Result<Posterior<'a>> {
        if !(level > 0.0 && level < 1.0) {
            let problem =
                format!("the probability of an interval is {level}; expected a number above 0 and below 1");
            return Err(Error::argument("level", problem));
        }
        let is_product = match self {
            Model::Network(network) => network.decoder() == Decoder::InnerProduct,
            Model::Vae(vae) => !vae.config().normalize_embeddings,
            Model::Stack(_) | Model::Baseline(..) => false,
        };
        match &embeddings.log_variance {
            Some(log_variance) if is_product => {
                Ok(Posterior::new(embeddings.mean.view(), log_variance.view(), level))
            }
            _ => {
                let problem = "an interval needs a model that scores pairs by the inner product of two Gaussians: \
                               vgae, linear-vgae, vgnae or vae, without `model.normalize_embeddings` or \
                               `model.decoder`";
                Err(Error::config("model.model", problem))
            }
        }
    }

    /// Applies the model to the graph whose messages go along `edges`, which should be the training edges,
    /// and whose X is `features`, [n, f], or I. For a network, this takes O((nonzeros of X and Â) · h) time.
    ///
    /// # Errors
    /// [`crate::Error::Config`] if the model needs features and there are none.
    pub fn encode(&self, edges: &EdgeList, features: Option<&Features>) -> Result<Encoded> {
        let edges = &*if self.is_directed() { Cow::Borrowed(edges) } else { edges.undirected() };
        match self {
            Model::Network(network) => {
                let embeddings = network.encode(edges, features);
                let score = Box::new(EmbeddingScorer::new(embeddings.mean.clone(), network.decoder()));
                Ok(Encoded { embeddings: Some(embeddings), score })
            }
            Model::Vae(vae) => {
                let features = transform(rows_of(features)?, vae.config().feature_transform());
                let embeddings = vae.encode(&features);
                // A vae is trained without pairs, so it has no learnt temperature.
                let decoder = match vae.config().normalize_embeddings {
                    true => Decoder::Cosine { temperature: 1.0 },
                    false => Decoder::InnerProduct,
                };
                let score = Box::new(EmbeddingScorer::new(embeddings.mean.clone(), decoder));
                Ok(Encoded { embeddings: Some(embeddings), score })
            }
            Model::Stack(stack) => {
                let (embeddings, score) = stack.encode(edges, features)?;
                Ok(Encoded { embeddings: Some(embeddings), score })
            }
            Model::Baseline(kind, seed) => {
                let score = Box::new(Baseline::new(*kind, edges, features, *seed)?);
                Ok(Encoded { embeddings: None, score })
            }
        }
    }
}

/// The most numbers that are allocated beyond those of the weight file.
const FREE_NUMBERS: usize = 1 << 24;

/// Rejects settings that need many more numbers than `weights` holds. It runs before a network is allocated,
/// which happens before the shapes of the weights are compared.
fn check_sizes(
    config: &ModelConfig,
    num_features: usize,
    weights: &Weights,
) -> std::result::Result<(), WeightError> {
    if !config.model.is_network() {
        return Ok(());
    }
    let (hidden, latent, layers) = (config.hidden(), config.latent(), config.layers());
    let is_deep = config.model.has_hidden_layers() && layers > 1;
    let first = num_features.saturating_mul(if is_deep { hidden } else { latent });
    let between = if is_deep { hidden.saturating_mul(hidden).saturating_mul(layers - 2) } else { 0 };
    let last = if is_deep { hidden.saturating_mul(latent) } else { 0 };
    let expected = first.max(between).max(last);
    let found = weights.values().map(|weight| weight.len()).sum::<usize>();
    match expected > found.saturating_add(FREE_NUMBERS) {
        true => Err(WeightError::TooFew { found, expected }),
        false => Ok(()),
    }
}

/// Returns the features, which a model of rows needs.
pub(crate) fn rows_of(features: Option<&Features>) -> Result<&Features> {
    let problem = "a vae learns from features, but there are none; hint: give `read.features = FILE`";
    features.ok_or_else(|| Error::config("read.features", problem))
}

impl Score for Baseline {
    fn logits(&self, pairs: &[Pair]) -> Vec<f64> {
        // The same orientation for (u, v) and (v, u), so that both give the same bits.
        let pairs: Vec<Pair> = pairs.iter().map(|&(u, v)| (u.min(v), u.max(v))).collect();
        self.scores(&pairs)
    }

    fn rows(&self, sources: &[u32]) -> Option<Vec<f64>> {
        Some(Baseline::rows(self, sources))
    }

    fn pairs_at_once(&self) -> usize {
        MANY_PAIRS
    }
}
