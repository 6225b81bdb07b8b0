//! The default settings of each model, which are its authors'.

use crate::config::{FeatureTransform, LossKind, ModelKind};

/// The default settings of a model.
pub(super) struct Recipe {
    pub(super) hidden: usize,
    pub(super) latent: usize,
    pub(super) layers: usize,
    pub(super) feature_transform: FeatureTransform,
    pub(super) epochs: usize,
    pub(super) learning_rate: f64,
    pub(super) loss: LossKind,
}

/// The settings of Kipf & Welling 2016, section 3.
const KIPF: Recipe = Recipe {
    hidden: 32,
    latent: 16,
    layers: 2,
    feature_transform: FeatureTransform::None,
    epochs: 200,
    learning_rate: 0.01,
    loss: LossKind::Auto,
};

impl Recipe {
    pub(super) fn of(model: ModelKind) -> Recipe {
        match model {
            ModelKind::Gae | ModelKind::Vgae | ModelKind::Best | ModelKind::Baseline(_) => KIPF,
            // Salha et al. 2019, "Keep It Simple", section 4: as Kipf & Welling, without the hidden layer.
            ModelKind::LinearGae | ModelKind::LinearVgae => Recipe { layers: 1, ..KIPF },
            // Ahn & Kim 2021, and their code.
            ModelKind::Gnae | ModelKind::Vgnae => Recipe {
                latent: 128,
                layers: 1,
                feature_transform: FeatureTransform::Row,
                epochs: 300,
                learning_rate: 0.005,
                loss: LossKind::Sampled,
                ..KIPF
            },
            ModelKind::Vae => Recipe { hidden: 256, epochs: 100, learning_rate: 0.001, ..KIPF },
            // Salha et al. 2019, "Gravity-Inspired", section 4.1.
            ModelKind::GravityGae | ModelKind::GravityVgae => {
                Recipe { hidden: 64, latent: 32, learning_rate: 0.1, loss: LossKind::Exact, ..KIPF }
            }
        }
    }
}
