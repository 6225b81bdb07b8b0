//! Encoders, which compute the parameters of each node's latent from Â and X.

mod gcn;
mod gnae;

use std::borrow::Cow;

use ndarray::Array2;
use rand::{Rng, RngExt};

use crate::config::{ModelConfig, ModelKind};
use crate::graph::normalize;
use crate::graph::transform::transform;
use crate::graph::{EdgeList, Features};
use crate::kernels::operator::Operator;
use crate::kernels::tape::{Dropout, Tape, Weights};

use gcn::Gcn;
use gnae::Gnae;

/// The inputs of an encoder, built once per graph.
pub(crate) struct Inputs<'a> {
    /// Â, [n, n].
    pub(crate) adj_norm: Operator<'a>,
    /// X, [n, f]; `None` for X = I.
    pub(crate) features: Option<Operator<'a>>,
    /// n.
    pub(crate) num_nodes: usize,
}

impl<'a> Inputs<'a> {
    /// Builds the inputs for message passing over the training edges `edges`, with X transformed according to
    /// `config`. O(n + m + nonzeros of X) time and memory.
    pub(crate) fn new(edges: &EdgeList, features: Option<&'a Features>, config: &ModelConfig) -> Self {
        let operator = |features: &'a Features| match transform(features, config.feature_transform()) {
            Cow::Borrowed(Features::Sparse(matrix)) => Operator::sparse(Cow::Borrowed(matrix)),
            Cow::Borrowed(Features::Dense(matrix)) => Operator::dense(Cow::Borrowed(matrix)),
            Cow::Owned(Features::Sparse(matrix)) => Operator::sparse(Cow::Owned(matrix)),
            Cow::Owned(Features::Dense(matrix)) => Operator::dense(Cow::Owned(matrix)),
        };
        Inputs {
            num_nodes: edges.num_nodes(),
            adj_norm: adj_norm(edges, config),
            features: features.map(operator),
        }
    }

    /// Returns f, the number of columns of X, which is n for X = I.
    pub(crate) fn num_features(&self) -> usize {
        self.features.as_ref().map_or(self.num_nodes, Operator::num_columns)
    }
}

/// Returns Â of `edges`, [n, n], in the normalisation that the model of `config` uses.
pub(crate) fn adj_norm(edges: &EdgeList, config: &ModelConfig) -> Operator<'static> {
    match config.model.is_directed() {
        true => Operator::sparse(Cow::Owned(normalize::row_stochastic(edges))),
        false => Operator::symmetric(normalize::symmetric(edges)),
    }
}

/// An encoder.
pub(crate) enum Encoder {
    /// The encoder of Kipf & Welling 2016; without hidden layers, the linear encoder of Salha et al. 2019.
    Gcn(Gcn),
    /// The encoder of Ahn & Kim 2021.
    Gnae(Gnae),
}

/// The names of the heads in the weight file: the mean, then the log-variance of a Gaussian latent.
const HEADS: [&str; 2] = ["mean", "log_variance"];

/// The sizes of an encoder.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    /// f, the number of columns of X.
    pub(crate) num_features: usize,
    /// The number of heads: 1 for a point latent, 2 for a Gaussian.
    pub(crate) num_heads: usize,
    /// The width of a head.
    pub(crate) width: usize,
}

impl Encoder {
    /// Builds the encoder of `config` and adds its initial weights to `weights`.
    pub(crate) fn new(sizes: Sizes, config: &ModelConfig, weights: &mut Weights, rng: &mut impl Rng) -> Self {
        match config.model {
            ModelKind::Gnae | ModelKind::Vgnae => {
                Encoder::Gnae(Gnae::new(sizes, config.layers(), weights, rng))
            }
            ModelKind::LinearGae | ModelKind::LinearVgae | ModelKind::TunedGae => {
                Encoder::Gcn(Gcn::linear(sizes, config.layers(), config, weights, rng))
            }
            _ => Encoder::Gcn(Gcn::new(sizes, config, weights, rng)),
        }
    }

    /// Computes the heads side by side, [n, heads · width], from the Â and X of `tape`. `dropout` drops a
    /// fraction of each layer's input.
    pub(crate) fn forward<T: Tape>(&self, tape: &mut T, dropout: Option<Dropout>) -> T::Matrix {
        match self {
            Encoder::Gcn(gcn) => gcn.forward(tape, dropout),
            Encoder::Gnae(gnae) => gnae.forward(tape, dropout),
        }
    }
}

/// Seeds a matrix of weights as in Glorot & Bengio 2010 (eq. 16): uniform within ±√(6 / (rows + columns)).
pub(crate) fn glorot(rows: usize, columns: usize, rng: &mut impl Rng) -> Array2<f32> {
    let limit = (6.0 / (rows + columns) as f64).sqrt() as f32;
    Array2::from_shape_simple_fn((rows, columns), || rng.random_range(-limit..limit))
}

/// Returns a bias of zeros, [1, columns].
pub(crate) fn zero_bias(columns: usize) -> Array2<f32> {
    Array2::zeros((1, columns))
}

/// Returns the name of a layer's weight in the weight file.
fn weight_name(layer: &str) -> String {
    format!("encoder.{layer}.weight")
}

/// Returns the name of a layer's bias in the weight file.
fn bias_name(layer: &str) -> String {
    format!("encoder.{layer}.bias")
}
