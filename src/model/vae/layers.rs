//! The layers of both networks, except the last, in the form in which passes use them.

use std::sync::OnceLock;

use ndarray::ArrayView2;

use super::network::{HEADS, Vae, hidden_name};
use crate::kernels::gemm::blocks::{BLOCK_COLUMNS, Packed};

/// The layers that map a row to its heads and z to the argument of the last layer.
pub(super) struct Layers<'a> {
    /// The layers of the encoder; the last gives [μ | log σ²].
    pub(super) encoder: Vec<Layer<'a>>,
    /// The hidden layers of the generator.
    pub(super) generator: Vec<Layer<'a>>,
    /// d.
    pub(super) latent: usize,
}

/// A dense layer, or two dense layers side by side.
pub(super) struct Layer<'a> {
    /// Their names, and their weights, [inputs, columns] each.
    pub(super) parts: Vec<(String, ArrayView2<'a, f32>)>,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// The bias, and zeros to a multiple of [`BLOCK_COLUMNS`].
    pub(super) bias: Vec<f32>,
    pub(super) activation: Activation,
    packed: OnceLock<Packed>,
    transposed: OnceLock<Packed>,
}

/// What happens to a layer's output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Activation {
    /// max(x, 0), and dropout with its own random pattern at each `place` in the two networks.
    Rectified {
        place: usize,
    },
    None,
}

impl<'a> Layers<'a> {
    pub(super) fn new(vae: &'a Vae) -> Self {
        let num_hidden = vae.config.layers() - 1;
        let hidden = |network: &str, at: usize, place: usize| {
            Layer::new(vae, vec![hidden_name(network, at)], Activation::Rectified { place })
        };
        // Place 0 is the input. z itself gets no dropout: its noise already regularises.
        let mut encoder: Vec<Layer> = (0..num_hidden).map(|at| hidden("encoder", at, at + 1)).collect();
        encoder.push(Layer::new(vae, HEADS.map(String::from).into(), Activation::None));
        let generator = (0..num_hidden).map(|at| hidden("generator", at, num_hidden + 1 + at)).collect();
        Layers { encoder, generator, latent: vae.config.latent() }
    }

    /// Returns the distance between two z in memory: a multiple of [`BLOCK_COLUMNS`].
    pub(super) fn latent_stride(&self) -> usize {
        self.latent.next_multiple_of(BLOCK_COLUMNS)
    }

    /// Returns the number of columns of the last layer's argument.
    pub(super) fn width(&self) -> usize {
        self.generator.last().map_or(self.latent, |layer| layer.outputs)
    }
}

impl<'a> Layer<'a> {
    fn new(vae: &'a Vae, names: Vec<String>, activation: Activation) -> Self {
        let mut bias: Vec<f32> = names.iter().flat_map(|name| vae.bias(name)).copied().collect();
        let outputs = bias.len();
        bias.resize(outputs.next_multiple_of(BLOCK_COLUMNS), 0.0);
        let parts: Vec<_> = names
            .into_iter()
            .map(|name| {
                let weight = vae.weight(&name);
                (name, weight)
            })
            .collect();
        let inputs = parts[0].1.nrows();
        let (packed, transposed) = (OnceLock::new(), OnceLock::new());
        Layer { parts, inputs, outputs, bias, activation, packed, transposed }
    }

    /// Returns the distance between rows of the output: a multiple of [`BLOCK_COLUMNS`].
    pub(super) fn stride(&self) -> usize {
        self.bias.len()
    }

    /// Returns the weight, [inputs, outputs].
    pub(super) fn packed(&self) -> &Packed {
        self.packed.get_or_init(|| Packed::new(&self.matrices()))
    }

    /// Returns the transposed weight, [outputs, inputs].
    pub(super) fn transposed(&self) -> &Packed {
        self.transposed.get_or_init(|| Packed::transposed(&self.matrices()))
    }

    fn matrices(&self) -> Vec<ArrayView2<'a, f32>> {
        self.parts.iter().map(|(_, weight)| *weight).collect()
    }
}
