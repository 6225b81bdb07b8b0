//! The graph convolutional network, and the linear encoder that it is without hidden layers.

use rand::Rng;
use tch::{Tensor, nn};

use crate::config::ModelConfig;
use crate::encoder::{Dropout, HEADS, Sizes, glorot, mask, project};
use crate::tensor::{SparseOperator, Tape};

/// Kipf & Welling 2016, section 2: Â relu(Â X W₀) W, without biases, or with more hidden layers of the same
/// kind. For a Gaussian latent the last layer gives mean and log-variance side by side, out of one product with
/// Â; the paper's code gives the logarithm of σ where this gives that of σ².
///
/// Without hidden layers it is the linear encoder Âᴷ X W of Salha, Hennequin & Vazirgiannis 2019, *Keep It
/// Simple: Graph Autoencoders Without Graph Convolutional Networks*, eq. 3.
pub(crate) struct Gcn {
    /// W of each hidden layer: [f, h], then [h, h].
    hidden: Vec<Tensor>,
    /// W of each head, [h, d], or [f, d] without hidden layers: the mean, then perhaps the log-variance.
    heads: Vec<Tensor>,
    /// K: how often the last layer multiplies with Â.
    num_propagations: usize,
}

impl Gcn {
    /// `config.layers()` convolutions, the last one of which gives the heads.
    pub(super) fn new(path: &nn::Path, sizes: Sizes, config: &ModelConfig, rng: &mut impl Rng) -> Self {
        let mut num_inputs = sizes.num_features;
        let mut hidden = Vec::new();
        for layer in 1..config.layers() {
            hidden.push(glorot(path / format!("gcn{layer}"), num_inputs, config.hidden(), rng));
            num_inputs = config.hidden();
        }
        let heads = HEADS[..sizes.num_heads]
            .iter()
            .map(|&head| glorot(path / head, num_inputs, sizes.width, rng))
            .collect();
        Gcn { hidden, heads, num_propagations: 1 }
    }

    /// No hidden layer, `num_propagations` products with Â.
    pub(super) fn linear(path: &nn::Path, sizes: Sizes, num_propagations: usize, rng: &mut impl Rng) -> Self {
        let heads = HEADS[..sizes.num_heads]
            .iter()
            .map(|&head| glorot(path / head, sizes.num_features, sizes.width, rng))
            .collect();
        Gcn { hidden: Vec::new(), heads, num_propagations }
    }

    /// O(nonzeros of X · h + m·(h + d) + n·h·d) time.
    pub(super) fn forward<'a>(
        &self,
        adj_norm: &'a SparseOperator,
        features: Option<&'a SparseOperator>,
        dropout: Option<Dropout>,
        tape: &mut Tape<'a>,
    ) -> Vec<Tensor> {
        let last = Tensor::cat(&self.heads, 1);
        let mut weights = self.hidden.iter().chain([&last]);
        let mut output = project(features, weights.next().unwrap_or(&last), dropout, tape);
        for (layer, weight) in weights.enumerate() {
            let hidden = tape.apply(adj_norm, &output).relu();
            let hidden = match dropout {
                None => hidden,
                Some(Dropout { fraction, seed }) => {
                    let [n, h] = [0, 1].map(|side| hidden.size()[side] as usize);
                    let seed = (!seed).wrapping_add(layer as u64);
                    // Not in place: autograd still needs what came out of the ReLU.
                    hidden * mask(Dropout { fraction, seed }, n, h)
                }
            };
            output = hidden.matmul(weight);
        }
        for _ in 0..self.num_propagations {
            output = tape.apply(adj_norm, &output);
        }
        output.chunk(self.heads.len() as i64, 1)
    }
}
