//! Settings without effect: a setting that the chosen model ignores is an error.

use crate::config::{
    Config, DecoderKind, DeviceChoice, KlWeight, Likelihood, LossKind, ModelKind, Objective, TrainConfig,
};
use crate::error::{Error, Result};

impl Config {
    /// Refuses settings without effect.
    pub(super) fn validate_relevance(&self) -> Result<()> {
        let kind = self.model.model;
        if kind != ModelKind::Best {
            let is_set = self.train.objective != Objective::default();
            refuse(is_set.then_some("train.objective"), kind, "is not fitted to an objective as best is")?;
        }
        if !kind.is_network() {
            let what = match kind {
                ModelKind::Best => "has networks of its own settings",
                _ => "needs no training",
            };
            let set = self.first_network_setting().or(match kind {
                ModelKind::Best => None,
                _ => first(&[
                    (self.train.epochs.is_some(), "train.epochs"),
                    (self.train.checkpoint_every.is_some(), "train.checkpoint_every"),
                ]),
            });
            return refuse(set, kind, what);
        }
        if !kind.is_gaussian() {
            refuse(self.first_gaussian_setting(), kind, "has points and no KL term")?;
        }
        if !kind.has_hidden_layers() {
            refuse(self.model.hidden.map(|_| "model.hidden"), kind, "has no hidden layer")?;
        }
        let has_own = matches!(kind, ModelKind::Gnae | ModelKind::Vgnae | ModelKind::Vae);
        refuse((self.model.bias && has_own).then_some("model.bias"), kind, "has biases already")?;
        if kind == ModelKind::Vae {
            refuse(self.first_pair_setting(), kind, "learns from rows alone")?;
        } else {
            refuse(self.first_row_setting(), kind, "gives no features back")?;
            let loss = self.loss();
            let is_set = self.train.negatives_per_edge != TrainConfig::default().negatives_per_edge;
            let is_idle = is_set && matches!(loss, LossKind::Exact | LossKind::Subgraph);
            refuse(
                is_idle.then_some("train.negatives_per_edge"),
                kind,
                &format!("with `train.loss = {loss}` draws none"),
            )?;
            let is_set = self.train.subgraph_nodes != TrainConfig::default().subgraph_nodes;
            let is_idle = is_set && loss != LossKind::Subgraph;
            let what = format!("with `train.loss = {loss}` looks at all nodes");
            refuse(is_idle.then_some("train.subgraph_nodes"), kind, &what)?;
        }
        let is_set = self.model.gravity_lambda != 1.0 && !kind.is_directed();
        refuse(is_set.then_some("model.gravity_lambda"), kind, "has no masses")
    }

    /// Refuses settings without effect for a graph of `num_nodes`.
    ///
    /// # Errors
    /// [`Error::Config`] with the setting.
    pub fn validate_for(&self, num_nodes: usize) -> Result<()> {
        let is_set = self.train.negatives_per_edge != TrainConfig::default().negatives_per_edge;
        let is_exact = self.loss().for_graph(num_nodes) == LossKind::Exact;
        let is_idle = is_set && is_exact && self.model.model.is_network();
        let what = format!(
            "with `train.loss = auto` looks at all pairs of {num_nodes} nodes; add `train.loss = reweighted`, or"
        );
        match is_idle {
            true => Err(Error::config(
                "train.negatives_per_edge",
                format!("`train.negatives_per_edge` has no effect: {} {what} leave it out", self.model.model),
            )),
            false => Ok(()),
        }
    }

    /// Returns the first setting of auto-encoders, except the number of epochs, that is not at its default.
    fn first_network_setting(&self) -> Option<&'static str> {
        let model = &self.model;
        let train = &self.train;
        let of_model = first(&[
            (model.hidden.is_some(), "model.hidden"),
            (model.latent.is_some(), "model.latent"),
            (model.layers.is_some(), "model.layers"),
            (model.bias, "model.bias"),
            (model.dropout != 0.0, "model.dropout"),
            (model.feature_transform.is_some(), "model.feature_transform"),
            (model.normalize_embeddings, "model.normalize_embeddings"),
            (model.gravity_lambda != 1.0, "model.gravity_lambda"),
            (train.learning_rate.is_some(), "train.learning_rate"),
            (train.select.is_some(), "train.select"),
            (train.patience.is_some(), "train.patience"),
            (train.validate_every != 1, "train.validate_every"),
            (!matches!(train.device, DeviceChoice::Auto | DeviceChoice::Cpu), "train.device"),
        ]);
        of_model.or(self.first_pair_setting()).or(self.first_row_setting()).or(self.first_gaussian_setting())
    }

    fn first_pair_setting(&self) -> Option<&'static str> {
        first(&[
            (!matches!(self.train.device, DeviceChoice::Auto | DeviceChoice::Cpu), "train.device"),
            (self.model.decoder != DecoderKind::default(), "model.decoder"),
            (self.train.loss.is_some(), "train.loss"),
            (self.train.mask_edges != 0.0, "train.mask_edges"),
            (self.train.weighted_loss, "train.weighted_loss"),
            (
                self.train.negatives_per_edge != TrainConfig::default().negatives_per_edge,
                "train.negatives_per_edge",
            ),
            (self.train.subgraph_nodes != TrainConfig::default().subgraph_nodes, "train.subgraph_nodes"),
        ])
    }

    fn first_row_setting(&self) -> Option<&'static str> {
        first(&[(self.model.likelihood != Likelihood::default(), "model.likelihood")])
    }

    fn first_gaussian_setting(&self) -> Option<&'static str> {
        first(&[
            (self.train.kl_weight != KlWeight::default(), "train.kl_weight"),
            (self.train.kl_warmup != 0, "train.kl_warmup"),
            (self.train.free_bits != 0.0, "train.free_bits"),
        ])
    }
}

fn first(settings: &[(bool, &'static str)]) -> Option<&'static str> {
    settings.iter().find(|(is_set, _)| *is_set).map(|(_, setting)| *setting)
}

/// Returns an error if `setting` is given: it has no effect, because the model `kind` is what `reason` says.
fn refuse(setting: Option<&'static str>, kind: ModelKind, reason: &str) -> Result<()> {
    match setting {
        None => Ok(()),
        Some(setting) => {
            let problem = format!("`{setting}` has no effect: {kind} {reason}; leave it out");
            Err(Error::config(setting, problem))
        }
    }
}
