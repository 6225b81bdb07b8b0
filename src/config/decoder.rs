//! The decoders by name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The decoder, which gives a pair its logit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum DecoderKind {
    /// The inner product z_u · z_v.
    #[default]
    InnerProduct,
    /// A perceptron with one hidden layer on the Hadamard product z_u ∘ z_v.
    HadamardMlp,
    /// A deep perceptron on the Hadamard product, with residuals and layer normalisation.
    ResidualMlp,
}

impl fmt::Display for DecoderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DecoderKind::InnerProduct => "inner-product",
            DecoderKind::HadamardMlp => "hadamard-mlp",
            DecoderKind::ResidualMlp => "residual-mlp",
        })
    }
}
