//! Encoders: from Â and X to what describes each node's latent.

use rand::{Rng, RngExt};
use tch::{Tensor, nn};

use crate::config::ModelConfig;
use crate::graph::Csr;
use crate::tensor::{SparseOperator, Tape, dropout_factor, from_rows};

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
    /// O(nonzeros of Â and X) time and memory, for copies.
    pub(crate) fn new(adj_norm: &Csr, features: Option<&Csr>) -> Self {
        Inputs {
            num_nodes: adj_norm.rows(),
            adj_norm: SparseOperator::symmetric(adj_norm.clone()),
            features: features.map(|features| SparseOperator::general(features.clone())),
        }
    }

    /// f, the width of X, which is n for X = I.
    pub(crate) fn num_features(&self) -> usize {
        self.features.as_ref().map_or(self.num_nodes, SparseOperator::num_columns)
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

/// The two-layer graph convolutional network of Kipf & Welling 2016, section 2: Â relu(Â X W₀) W, without
/// biases. For a Gaussian latent the second layer gives mean and log-variance side by side, out of one
/// product with Â; the paper's code gives the logarithm of σ where this gives that of σ².
pub(crate) struct Gcn {
    /// W₀, [f, h].
    hidden: Tensor,
    /// W of each head, [h, d]: the mean, then perhaps the log-variance.
    heads: Vec<Tensor>,
}

/// The names of the second layer's heads in the weight file.
const HEADS: [&str; 2] = ["mean", "log_variance"];

impl Gcn {
    /// Weights drawn as Glorot & Bengio 2010 (eq. 16) do: uniform within ±√(6 / (rows + columns)).
    pub(crate) fn new(
        path: &nn::Path,
        num_features: usize,
        num_heads: usize,
        config: &ModelConfig,
        rng: &mut impl Rng,
    ) -> Self {
        let mut glorot = |path: nn::Path, rows: usize, columns: usize| {
            let limit = (6.0 / (rows + columns) as f64).sqrt() as f32;
            let values: Vec<f32> = (0..rows * columns).map(|_| rng.random_range(-limit..limit)).collect();
            path.var_copy("weight", &from_rows(&values, rows, columns))
        };
        let hidden = glorot(path / "gcn1", num_features, config.hidden);
        let heads = HEADS[..num_heads]
            .iter()
            .map(|&head| glorot(path / head, config.hidden, config.latent))
            .collect();
        Gcn { hidden, heads }
    }

    /// The heads' outputs, [n, d] each, from Â and X (`None` for I). With `dropout`, part of the hidden layer
    /// is left out, and of X = I; entries of another X are left out beforehand, by
    /// [`SparseOperator::with_dropout`]. O(nonzeros of X · h + m·(h + d) + n·h·d) time.
    pub(crate) fn forward<'a>(
        &self,
        adj_norm: &'a SparseOperator,
        features: Option<&'a SparseOperator>,
        dropout: Option<Dropout>,
        tape: &mut Tape<'a>,
    ) -> Vec<Tensor> {
        let projected = match (features, dropout) {
            (Some(features), _) => tape.apply(features, &self.hidden),
            (None, None) => self.hidden.shallow_clone(),
            // X = I has one entry in each row, so that dropout leaves out whole rows of W₀.
            (None, Some(dropout)) => &self.hidden * mask(dropout, self.hidden.size()[0] as usize, 1),
        };
        let hidden = tape.apply(adj_norm, &projected).relu();
        let hidden = match dropout {
            None => hidden,
            Some(Dropout { fraction, seed }) => {
                let [n, h] = [0, 1].map(|side| hidden.size()[side] as usize);
                // Not in place: autograd still needs what came out of the ReLU.
                hidden * mask(Dropout { fraction, seed: !seed }, n, h)
            }
        };
        let weight = Tensor::cat(&self.heads, 1);
        let output = tape.apply(adj_norm, &hidden.matmul(&weight));
        output.chunk(self.heads.len() as i64, 1)
    }
}

fn mask(dropout: Dropout, rows: usize, columns: usize) -> Tensor {
    let factors: Vec<f32> = (0..(rows * columns) as u64)
        .map(|place| dropout_factor(dropout.fraction, dropout.seed, place))
        .collect();
    from_rows(&factors, rows, columns)
}
