//! The model `best`: two auto-encoders and closed-form scores, stacked by logistic regression.
//!
//! It follows Ghasemian, Hosseinmardi, Galstyan, Airoldi & Clauset 2020, *Stacking models for nearly optimal
//! link prediction in complex networks*. They use random forests, and stack only scores without embeddings.
//!
//! # Examples
//! ```
//! use vgae::config::{Config, ModelConfig, ModelKind};
//! use vgae::model::Model;
//! use vgae::progress::Progress;
//! use vgae::{read, split, train};
//! use vgae::model::stack;
//!
//! let model = ModelConfig { model: ModelKind::Best, ..ModelConfig::default() };
//! let mut config = Config { model, ..Config::default() };
//! config.train.epochs = Some(5);
//! assert_eq!(stack::networks(&config, 34)[0].0, "normalised");
//! let graph = read::data("datasets/karate".as_ref(), &config.read, &Progress::default())?;
//! let split = split::edges(&graph, &config.split, config.seed)?;
//! let Model::Stack(best) = train::fit(None, &split, &config, |_| {})?.model else { unreachable!() };
//! let parts = best.parts(&split.train, None)?;
//! let scores = parts.scores(&split.test.pairs());
//! let logit = best.combiner().logit(scores.row(0));
//! let (_, score) = best.encode(&split.train, None)?;
//! assert_eq!(score.logits(&split.test.pairs())[0], logit);
//! let report = vgae::inspect::parts(&best, &split, None, &config)?;
//! assert!(report.parts.iter().map(|part| part.name).eq(parts.names()));
//! # Ok::<(), vgae::Error>(())
//! ```

mod combiner;
mod search;

use ndarray::{Array1, Array2};
use rayon::prelude::*;

use crate::config::{Config, FeatureTransform, ModelConfig, ModelKind, Select, TrainConfig};
use crate::error::{Result, WeightError};
use crate::graph::{EdgeList, Features, Pair};
use crate::model::baseline::ClosedForm;
use crate::model::decoder::EmbeddingScorer;
use crate::model::network::{Embeddings, Network, Weights};
use crate::model::score::{MANY_PAIRS, Score, ScoredPair};

pub use combiner::Combiner;
use search::RowScore;

/// The names of the combiner's weights in the weight file.
const COMBINER: [&str; 4] = ["combiner.mean", "combiner.deviation", "combiner.weights", "combiner.intercept"];

/// Two trained networks, and the logistic regression on their logits and on closed-form scores.
pub struct Stack {
    networks: Vec<(&'static str, Network)>,
    combiner: Combiner,
    seed: u64,
}

/// The parts of a stack, applied to a graph.
pub struct Parts {
    networks: Vec<(&'static str, EmbeddingScorer)>,
    closed_form: ClosedForm,
    num_nodes: usize,
}

/// A stack, applied to a graph.
struct Stacked {
    parts: Parts,
    combiner: Combiner,
}

/// The most epochs of a network in a graph of usual size.
const MAX_EPOCHS: usize = 500;
/// The most epochs times nodes and ends of edges of a network, and the epochs that it may take all the same.
const MAX_WORK: usize = 300_000_000;
const MIN_EPOCHS: usize = 60;

/// Returns the most epochs that each network of a stack takes with the training edges `train`: those of `config`, or
/// otherwise at most 500, and fewer in a graph whose nodes and edges are hundreds of thousands.
pub fn max_epochs(config: &Config, train: &EdgeList) -> usize {
    let affordable = MAX_WORK / (train.num_nodes() + 2 * train.len()).max(1);
    config.train.epochs.unwrap_or(affordable.clamp(MIN_EPOCHS, MAX_EPOCHS))
}

/// The number of columns of X, n without features, above which the second network propagates once: each further
/// propagation keeps some more gigabytes with millions of nodes.
const MANY_COLUMNS: usize = 50_000;

/// Returns the names and settings of the two networks of a stack for X with `num_features` columns, n without
/// features, with the seed of `config` and at most its epochs, or 500; see [`max_epochs`].
pub fn networks(config: &Config, num_features: usize) -> [(&'static str, Config); 2] {
    let train = TrainConfig {
        epochs: Some(config.train.epochs.unwrap_or(MAX_EPOCHS)),
        validate_every: 5,
        patience: Some(12),
        select: Some(Select::Best),
        ..TrainConfig::default()
    };
    let tfidf = Some(FeatureTransform::Tfidf);
    let normalised = ModelConfig {
        model: ModelKind::Gnae,
        latent: Some(128),
        dropout: Some(0.5),
        feature_transform: tfidf,
        ..ModelConfig::default()
    };
    let perceptron = ModelConfig {
        model: ModelKind::TunedGae,
        latent: Some(64),
        layers: Some(if num_features > MANY_COLUMNS { 1 } else { 3 }),
        dropout: Some(0.5),
        feature_transform: tfidf,
        decoder_layers: Some(2),
        ..ModelConfig::default()
    };
    let part = |model, train| Config { model, train, ..config.clone() };
    // Fewer negatives and larger steps than alone: here it has to be good beside other scores, and fast.
    let fast = TrainConfig {
        learning_rate: Some(0.01),
        negatives_per_edge: Some(1),
        mask_edges: Some(0.7),
        ..train.clone()
    };
    [
        ("normalised", part(normalised, TrainConfig { mask_edges: Some(0.5), ..train })),
        ("perceptron", part(perceptron, fast)),
    ]
}

impl Stack {
    /// Joins trained networks, in the order of [`networks`], and their combiner.
    pub fn new(networks: Vec<(&'static str, Network)>, combiner: Combiner, seed: u64) -> Self {
        // Weight files hold f32. Rounding here makes a run give the same numbers before and after it is
        // saved.
        let stored = |values: &Array1<f64>| values.mapv(|value| f64::from(value as f32));
        let combiner = Combiner {
            mean: stored(&combiner.mean),
            deviation: stored(&combiner.deviation),
            weights: stored(&combiner.weights),
            intercept: f64::from(combiner.intercept as f32),
        };
        Stack { networks, combiner, seed }
    }

    /// Builds a stack from `weights`, which have the form of [`Stack::weights`], for X with `num_features`
    /// columns.
    ///
    /// # Errors
    /// [`WeightError`] names the first weight that does not fit.
    pub fn from_weights(
        config: &Config,
        num_features: usize,
        weights: &Weights,
        rng: &mut impl rand::Rng,
    ) -> std::result::Result<Self, WeightError> {
        let mut parts = Vec::new();
        for (name, config) in networks(config, num_features) {
            let prefix = format!("{name}.");
            let own = weights.iter().filter_map(|(key, weight)| Some((key.strip_prefix(&prefix)?, weight)));
            let own = own.map(|(key, weight)| (key.to_string(), weight.clone())).collect();
            let mut network = Network::new(&config.model, num_features, rng);
            network.set_weights(own).map_err(|error| error.within(&prefix))?;
            parts.push((name, network));
        }
        let row = |name: &str| {
            let row = weights.get(name).filter(|row| row.nrows() == 1);
            let row = row.ok_or_else(|| WeightError::Missing { name: name.into() })?;
            match row.iter().position(|value| !value.is_finite()) {
                Some(column) => Err(WeightError::NotFinite { name: name.into(), row: 0, column }),
                None => Ok(row.iter().map(|&value| f64::from(value)).collect::<Array1<f64>>()),
            }
        };
        let [mean, deviation, own, intercept] = COMBINER.map(row);
        let combiner =
            Combiner { mean: mean?, deviation: deviation?, weights: own?, intercept: intercept?[0] };
        // A run of before some of today's scores has too few weights.
        let lengths = [&combiner.mean, &combiner.deviation, &combiner.weights].map(Array1::len);
        let num_parts = ClosedForm::NUM_COLUMNS.map(|num_columns| parts.len() + num_columns);
        if lengths[0] != lengths[1] || lengths[0] != lengths[2] || !num_parts.contains(&lengths[0]) {
            return Err(WeightError::Missing { name: COMBINER[2].into() });
        }
        Ok(Stack { networks: parts, combiner, seed: config.seed })
    }

    /// Returns the weights of the networks, with the network's name as prefix, and those of the combiner.
    pub fn weights(&self) -> Weights {
        let mut weights = Weights::new();
        for (name, network) in &self.networks {
            weights.extend(
                network.weights().iter().map(|(key, weight)| (format!("{name}.{key}"), weight.clone())),
            );
        }
        let Combiner { mean, deviation, weights: own, intercept } = &self.combiner;
        let rows = [mean.to_vec(), deviation.to_vec(), own.to_vec(), vec![*intercept]];
        for (name, row) in COMBINER.iter().zip(rows) {
            let row = Array1::from(row).mapv(|value| value as f32);
            weights.insert(name.to_string(), row.insert_axis(ndarray::Axis(0)));
        }
        weights
    }

    /// Returns the logistic regression.
    pub fn combiner(&self) -> &Combiner {
        &self.combiner
    }

    /// Returns the network that gives the stack its embeddings.
    pub fn first_network(&self) -> &Network {
        &self.networks[0].1
    }

    /// Returns the embeddings of the first network, and the logits of the stack.
    ///
    /// # Errors
    /// Returns the errors of [`ClosedForm::new`].
    pub fn encode(
        &self,
        edges: &EdgeList,
        features: Option<&Features>,
    ) -> Result<(Embeddings, Box<dyn Score>)> {
        let (_, first) = &self.networks[0];
        let embeddings = first.encode(edges, features);
        let parts = self.parts(edges, features)?;
        Ok((embeddings, Box::new(Stacked { parts, combiner: self.combiner.clone() })))
    }

    /// Applies the parts to a graph whose messages go along `edges`.
    ///
    /// # Errors
    /// Returns the errors of [`ClosedForm::new`].
    pub fn parts(&self, edges: &EdgeList, features: Option<&Features>) -> Result<Parts> {
        Parts::new(&self.networks, edges, features, self.seed)
    }
}

impl Parts {
    /// Applies `networks` and the closed-form scores to a graph whose messages go along `edges`.
    pub(crate) fn new(
        networks: &[(&'static str, Network)],
        edges: &EdgeList,
        features: Option<&Features>,
        seed: u64,
    ) -> Result<Self> {
        let edges = &*edges.undirected();
        let decode = |(name, network): &(&'static str, Network)| {
            let embeddings = network.encode(edges, features);
            (*name, EmbeddingScorer::new(embeddings.mean, network.decoder()))
        };
        let networks = networks.iter().map(decode).collect();
        Ok(Parts {
            networks,
            closed_form: ClosedForm::new(edges, features, seed)?,
            num_nodes: edges.num_nodes(),
        })
    }

    /// Returns the names of the scores, in the order of the columns of [`Parts::scores`].
    pub fn names(&self) -> Vec<&'static str> {
        self.networks.iter().map(|(name, _)| *name).chain(self.closed_form.names().iter().copied()).collect()
    }

    /// Returns the closed-form scores.
    pub(crate) fn closed_form(&self) -> &ClosedForm {
        &self.closed_form
    }

    /// Returns the k scores of m pairs, [m, k]. They are the same for both directions of a pair.
    pub fn scores(&self, pairs: &[Pair]) -> Array2<f64> {
        let pairs = ordered(pairs);
        let closed_form = self.closed_form.scores(&pairs);
        let num_networks = self.networks.len();
        let mut scores = Array2::zeros((pairs.len(), num_networks + closed_form.ncols()));
        for (column, (_, decoded)) in self.networks.iter().enumerate() {
            scores.column_mut(column).assign(&Array1::from(decoded.logits(&pairs)));
        }
        scores.slice_mut(ndarray::s![.., num_networks..]).assign(&closed_form);
        scores
    }

    /// Returns the combined logits of m pairs: those of [`Parts::scores`].
    fn combined(&self, combiner: &Combiner, pairs: &[Pair]) -> Vec<f64> {
        let by_node = ordered(pairs);
        // In order, each score finds more of what it reads in the caches.
        let mut places: Vec<usize> = (0..pairs.len()).collect();
        places.par_sort_unstable_by_key(|&at| (by_node[at], at));
        let pairs: Vec<Pair> = places.iter().map(|&at| by_node[at]).collect();
        let networks: Vec<Vec<f64>> =
            self.networks.iter().map(|(_, decoded)| decoded.logits(&pairs)).collect();
        let combined = self.closed_form.combined(&pairs, |at, closed_form| {
            combiner.logit_of(networks.iter().map(|logits| logits[at]).chain(closed_form.iter().copied()))
        });
        let mut logits = vec![0.0; pairs.len()];
        places.iter().zip(combined).for_each(|(&at, logit)| logits[at] = logit);
        logits
    }

    /// Returns the combined logits of a few `sources` with all n nodes, source after source.
    fn combined_rows(&self, combiner: &Combiner, sources: &[u32]) -> Vec<f64> {
        let num_nodes = self.num_nodes;
        let mut logits = vec![combiner.intercept; sources.len() * num_nodes];
        let mut add = |column: usize, scores: Vec<f64>| {
            let Combiner { mean, deviation, weights, .. } = combiner;
            let (mean, factor) = (mean[column], weights[column] / deviation[column]);
            logits.iter_mut().zip(scores).for_each(|(logit, score)| *logit += factor * (score - mean));
        };
        for (column, (_, network)) in self.networks.iter().enumerate() {
            add(column, network.rows_of(sources));
        }
        for column in 0..self.closed_form.names().len() {
            add(self.networks.len() + column, self.closed_form.rows(column, sources, num_nodes));
        }
        logits
    }
}

/// Returns each pair with the lower node first.
fn ordered(pairs: &[Pair]) -> Vec<Pair> {
    pairs.iter().map(|&(u, v)| (u.min(v), u.max(v))).collect()
}

impl Score for Stacked {
    fn logits(&self, pairs: &[Pair]) -> Vec<f64> {
        self.parts.combined(&self.combiner, pairs)
    }

    fn pairs_at_once(&self) -> usize {
        MANY_PAIRS
    }

    fn top_pairs(&self, k: usize, known: &EdgeList) -> Vec<ScoredPair> {
        search::top_pairs(self, k, known)
    }

    fn num_above(&self, logit: f64, known: &EdgeList) -> u64 {
        search::num_above(self, logit, known)
    }

    fn top_of_nodes(&self, nodes: &[u32], k: usize, known: &EdgeList) -> Vec<Vec<ScoredPair>> {
        search::top_of_nodes(self, nodes, k, known)
    }

    fn rows(&self, sources: &[u32]) -> Option<Vec<f64>> {
        Some(self.whole_rows(sources))
    }
}

impl RowScore for Stacked {
    fn whole_rows(&self, sources: &[u32]) -> Vec<f64> {
        self.parts.combined_rows(&self.combiner, sources)
    }
}
