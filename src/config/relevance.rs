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
            // Runs of other models once recorded auc.
            let is_set = matches!(self.train.objective, Some(Objective::Ranking | Objective::Hard));
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
        if kind == ModelKind::TunedGae {
            let set = first(&[
                (self.model.average_layers, "model.average_layers"),
                (self.model.layer_norm, "model.layer_norm"),
            ]);
            refuse(set, kind, "always normalises its layers and averages their embeddings")?;
        }
        let is_layered = matches!(kind, ModelKind::LinearGae | ModelKind::TunedGae);
        let set = (self.model.average_layers && !is_layered).then_some("model.average_layers");
        refuse(set, kind, "takes what its last layer gives")?;
        let is_normalised = is_layered || matches!(kind, ModelKind::Gae | ModelKind::Vgae);
        let set = (self.model.layer_norm && !is_normalised).then_some("model.layer_norm");
        refuse(set, kind, "has no layers to normalise between")?;
        let is_deep = self.model.decoder() == DecoderKind::ResidualMlp;
        let set = self.model.decoder_layers.filter(|_| !is_deep).map(|_| "model.decoder_layers");
        refuse(set, kind, &format!("with `model.decoder = {}` has none to count", self.model.decoder()))?;
        let has_own = matches!(kind, ModelKind::Gnae | ModelKind::Vgnae | ModelKind::Vae);
        refuse((self.model.bias && has_own).then_some("model.bias"), kind, "has biases already")?;
        if kind == ModelKind::Vae {
            refuse(self.first_pair_setting(), kind, "learns from rows alone")?;
        } else {
            refuse(self.first_row_setting(), kind, "gives no features back")?;
            let loss = self.loss();
            let is_idle =
                self.sets_negatives_per_edge() && matches!(loss, LossKind::Exact | LossKind::Subgraph);
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
        let is_set = self.sets_negatives_per_edge();
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
            (model.layer_norm, "model.layer_norm"),
            (model.average_layers, "model.average_layers"),
            (model.dropout.is_some_and(|fraction| fraction != 0.0), "model.dropout"),
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
            (self.model.decoder.is_some_and(|decoder| decoder != DecoderKind::InnerProduct), "model.decoder"),
            (self.model.decoder_layers.is_some(), "model.decoder_layers"),
            (self.train.loss.is_some(), "train.loss"),
            (self.train.mask_edges.is_some_and(|fraction| fraction != 0.0), "train.mask_edges"),
            (self.train.weighted_loss, "train.weighted_loss"),
            (self.sets_negatives_per_edge(), "train.negatives_per_edge"),
            (self.train.subgraph_nodes != TrainConfig::default().subgraph_nodes, "train.subgraph_nodes"),
        ])
    }

    fn sets_negatives_per_edge(&self) -> bool {
        self.train.negatives_per_edge.is_some_and(|count| count != 1)
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
