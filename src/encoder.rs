//! Encoders: from Â and X to what describes each node's latent.

mod gcn;
mod gnae;

use rand::{Rng, RngExt};
use tch::{Tensor, nn};

use crate::config::{ModelConfig, ModelKind};
use crate::graph::{Csr, EdgeList};
use crate::normalize;
use crate::tensor::{SparseOperator, Tape, dropout_factor, from_rows};
use crate::transform::transform;

use gcn::Gcn;
use gnae::Gnae;
pub(crate) use gnae::unit_rows;

/// What an encoder works on, made once per graph.
pub(crate) struct Inputs {
    /// Â, [n, n].
    pub(crate) adj_norm: SparseOperator,
    /// X, [n, f]; absent for X = I.
    pub(crate) features: Option<SparseOperator>,
    /// n.
    pub(crate) num_nodes: usize,
}

impl Inputs {
    /// For message passing over `edges`, the training edges, and X as `config` transforms it. O(n + m + nonzeros
    /// of X) time and memory.
    pub(crate) fn new(edges: &EdgeList, features: Option<&Csr>, config: &ModelConfig) -> Self {
        let features = features.map(|features| transform(features, config.feature_transform()));
        Inputs {
            num_nodes: edges.num_nodes(),
            adj_norm: adj_norm(edges, config),
            features: features.map(SparseOperator::general),
        }
    }

    /// f, the width of X, which is n for X = I.
    pub(crate) fn num_features(&self) -> usize {
        self.features.as_ref().map_or(self.num_nodes, SparseOperator::num_columns)
    }
}

/// Â of `edges`, [n, n], as the model of `config` takes it.
pub(crate) fn adj_norm(edges: &EdgeList, config: &ModelConfig) -> SparseOperator {
    match config.model.is_directed() {
        true => SparseOperator::general(normalize::row_stochastic(edges)),
        false => SparseOperator::symmetric(normalize::symmetric(edges)),
    }
}

/// What a training pass leaves out: a fraction of each layer's inputs, chosen by hashes of `seed`.
#[derive(Clone, Copy)]
pub(crate) struct Dropout {
    /// In [0, 1).
    pub(crate) fraction: f64,
    /// A new one for each pass.
    pub(crate) seed: u64,
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
    /// An encoder with fresh weights.
    pub(crate) fn new(path: &nn::Path, sizes: Sizes, config: &ModelConfig, rng: &mut impl Rng) -> Self {
        match config.model {
            ModelKind::Gnae | ModelKind::Vgnae => Encoder::Gnae(Gnae::new(path, sizes, config.layers(), rng)),
            ModelKind::LinearGae | ModelKind::LinearVgae => {
                Encoder::Gcn(Gcn::linear(path, sizes, config.layers(), rng))
            }
            _ => Encoder::Gcn(Gcn::new(path, sizes, config, rng)),
        }
    }

    /// The heads' outputs, [n, width] each, from Â and X (`None` for I). With `dropout`, part of each layer's
    /// input is left out, and of X = I; entries of another X are left out beforehand, by
    /// [`SparseOperator::with_dropout`].
    pub(crate) fn forward<'a>(
        &self,
        adj_norm: &'a SparseOperator,
        features: Option<&'a SparseOperator>,
        dropout: Option<Dropout>,
        tape: &mut Tape<'a>,
    ) -> Vec<Tensor> {
        match self {
            Encoder::Gcn(gcn) => gcn.forward(adj_norm, features, dropout, tape),
            Encoder::Gnae(gnae) => gnae.forward(adj_norm, features, dropout, tape),
        }
    }
}

/// Weights drawn as Glorot & Bengio 2010 (eq. 16) do: uniform within ±√(6 / (rows + columns)).
pub(crate) fn glorot(path: nn::Path, rows: usize, columns: usize, rng: &mut impl Rng) -> Tensor {
    let limit = (6.0 / (rows + columns) as f64).sqrt() as f32;
    let values: Vec<f32> = (0..rows * columns).map(|_| rng.random_range(-limit..limit)).collect();
    path.var_copy("weight", &from_rows(&values, rows, columns))
}

/// A row of zeros under the name `bias`.
pub(crate) fn zero_bias(path: nn::Path, columns: usize) -> Tensor {
    path.var_copy("bias", &from_rows(&vec![0f32; columns], 1, columns))
}

/// X · weight. X = I has one entry in each row, so that dropout leaves out whole rows of the weight.
fn project<'a>(
    features: Option<&'a SparseOperator>,
    weight: &Tensor,
    dropout: Option<Dropout>,
    tape: &mut Tape<'a>,
) -> Tensor {
    match (features, dropout) {
        (Some(features), _) => tape.apply(features, weight),
        (None, None) => weight.shallow_clone(),
        (None, Some(dropout)) => weight * mask(dropout, weight.size()[0] as usize, 1),
    }
}

/// Factors of 0 and 1 / (1 − fraction), [rows, columns].
pub(crate) fn mask(dropout: Dropout, rows: usize, columns: usize) -> Tensor {
    let factors: Vec<f32> = (0..(rows * columns) as u64)
        .map(|place| dropout_factor(dropout.fraction, dropout.seed, place))
        .collect();
    from_rows(&factors, rows, columns)
}
