//! Encoders: from Â and X to what describes each node's latent.

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

/// What an encoder works on, made once per graph.
pub(crate) struct Inputs<'a> {
    /// Â, [n, n].
    pub(crate) adj_norm: Operator<'a>,
    /// X, [n, f]; absent for X = I.
    pub(crate) features: Option<Operator<'a>>,
    /// n.
    pub(crate) num_nodes: usize,
}

impl<'a> Inputs<'a> {
    /// For message passing over `edges`, the training edges, and X as `config` transforms it. O(n + m + nonzeros
    /// of X) time and memory.
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

    /// f, the width of X, which is n for X = I.
    pub(crate) fn num_features(&self) -> usize {
        self.features.as_ref().map_or(self.num_nodes, Operator::num_columns)
    }
}

/// Â of `edges`, [n, n], as the model of `config` takes it.
pub(crate) fn adj_norm(edges: &EdgeList, config: &ModelConfig) -> Operator<'static> {
    match config.model.is_directed() {
        true => Operator::sparse(Cow::Owned(normalize::row_stochastic(edges))),
        false => Operator::symmetric(normalize::symmetric(edges)),
    }
}

/// The encoders of one interface.
pub(crate) enum Encoder {
    /// Kipf & Welling 2016; without hidden layers, the linear encoder of Salha et al. 2019.
    Gcn(Gcn),
    /// Ahn & Kim 2021.
    Gnae(Gnae),
}

/// The names of the heads in the weight file: the mean, then perhaps the log-variance.
const HEADS: [&str; 2] = ["mean", "log_variance"];

/// The sizes of an encoder.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    /// f.
    pub(crate) num_features: usize,
    /// 1 for a point latent, 2 for a Gaussian.
    pub(crate) num_heads: usize,
    /// The width of a head.
    pub(crate) width: usize,
}

impl Encoder {
    /// An encoder, whose fresh weights go into `weights`.
    pub(crate) fn new(sizes: Sizes, config: &ModelConfig, weights: &mut Weights, rng: &mut impl Rng) -> Self {
        match config.model {
            ModelKind::Gnae | ModelKind::Vgnae => {
                Encoder::Gnae(Gnae::new(sizes, config.layers(), weights, rng))
            }
            ModelKind::LinearGae | ModelKind::LinearVgae => {
                Encoder::Gcn(Gcn::linear(sizes, config.layers(), config, weights, rng))
            }
            _ => Encoder::Gcn(Gcn::new(sizes, config, weights, rng)),
        }
    }

    /// The heads side by side, [n, heads · width], from the Â and X of `tape`. With `dropout`, part of each layer's
    /// input is left out.
    pub(crate) fn forward<T: Tape>(&self, tape: &mut T, dropout: Option<Dropout>) -> T::Matrix {
        match self {
            Encoder::Gcn(gcn) => gcn.forward(tape, dropout),
            Encoder::Gnae(gnae) => gnae.forward(tape, dropout),
        }
    }
}

/// Weights drawn as Glorot & Bengio 2010 (eq. 16) do: uniform within ±√(6 / (rows + columns)).
pub(crate) fn glorot(rows: usize, columns: usize, rng: &mut impl Rng) -> Array2<f32> {
    let limit = (6.0 / (rows + columns) as f64).sqrt() as f32;
    Array2::from_shape_simple_fn((rows, columns), || rng.random_range(-limit..limit))
}

/// A row of zeros.
pub(crate) fn zero_bias(columns: usize) -> Array2<f32> {
    Array2::zeros((1, columns))
}

/// The name of a layer's weight in the weight file.
fn weight_of(layer: &str) -> String {
    format!("encoder.{layer}.weight")
}

/// The name of a layer's bias in the weight file.
fn bias_of(layer: &str) -> String {
    format!("encoder.{layer}.bias")
}
