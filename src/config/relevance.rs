//! Which settings a model has no use for: to set them is a mistake, not a wish.

use crate::config::{
    Config, DecoderKind, DeviceChoice, KlWeight, Likelihood, LossKind, ModelKind, TrainConfig,
};
use crate::error::{Error, Result};

impl Config {
    /// Refuses settings that would change nothing.
    pub(super) fn validate_relevance(&self) -> Result<()> {
        let kind = self.model.model;
        if !kind.is_network() {
            let what = match kind {
                ModelKind::Best => "has networks of its own settings",
                _ => "needs no training",
            };
            let set = self.of_networks().or(match kind {
                ModelKind::Best => None,
                _ => first(&[
                    (self.train.epochs.is_some(), "--epochs"),
                    (self.train.checkpoint_every.is_some(), "--checkpoint-every"),
                ]),
            });
            return refuse(set, kind, what);
        }
        if !kind.is_gaussian() {
            refuse(self.of_gaussians(), kind, "has points and no KL term")?;
        }
        if !kind.has_hidden_layers() {
            refuse(self.model.hidden.map(|_| "--hidden"), kind, "has no hidden layer")?;
        }
        let has_own = matches!(kind, ModelKind::Gnae | ModelKind::Vgnae | ModelKind::Vae);
        refuse((self.model.bias && has_own).then_some("--bias"), kind, "has biases already")?;
        if kind == ModelKind::Vae {
            refuse(self.of_pairs(), kind, "learns from rows alone")?;
        } else {
            refuse(self.of_rows(), kind, "gives no features back")?;
            let loss = self.loss();
            let is_set = self.train.negatives_per_edge != TrainConfig::default().negatives_per_edge;
            let is_idle = is_set && matches!(loss, LossKind::Exact | LossKind::Subgraph);
            refuse(
                is_idle.then_some("--negatives-per-edge"),
                kind,
                &format!("with --loss {loss} draws none"),
            )?;
            let is_set = self.train.subgraph_nodes != TrainConfig::default().subgraph_nodes;
            let is_idle = is_set && loss != LossKind::Subgraph;
            let what = format!("with --loss {loss} looks at all nodes");
            refuse(is_idle.then_some("--subgraph-nodes"), kind, &what)?;
        }
        let is_set = self.model.gravity_lambda != 1.0 && !kind.is_directed();
        refuse(is_set.then_some("--gravity-lambda"), kind, "has no masses")
    }

    /// Refuses settings that would change nothing for a graph of `num_nodes`.
    ///
    /// # Errors
    /// [`Error::Config`] with the flag.
    pub fn validate_for(&self, num_nodes: usize) -> Result<()> {
        let is_set = self.train.negatives_per_edge != TrainConfig::default().negatives_per_edge;
        let is_exact = self.loss().for_graph(num_nodes) == LossKind::Exact;
        let is_idle = is_set && is_exact && self.model.model.is_network();
        let what =
            format!("with --loss auto looks at all pairs of {num_nodes} nodes; add --loss reweighted, or");
        match is_idle {
            true => Err(Error::Config(format!(
                "--negatives-per-edge has no effect: {} {what} leave it out",
                self.model.model
            ))),
            false => Ok(()),
        }
    }

    /// The first setting of auto-encoders, the number of epochs apart, that is not at its default.
    fn of_networks(&self) -> Option<&'static str> {
        let model = &self.model;
        let train = &self.train;
        let of_model = first(&[
            (model.hidden.is_some(), "--hidden"),
            (model.latent.is_some(), "--latent"),
            (model.layers.is_some(), "--layers"),
            (model.bias, "--bias"),
            (model.dropout != 0.0, "--dropout"),
            (model.feature_transform.is_some(), "--feature-transform"),
            (model.normalize_embeddings, "--normalize-embeddings"),
            (model.gravity_lambda != 1.0, "--gravity-lambda"),
            (train.learning_rate.is_some(), "--learning-rate"),
            (train.select.is_some(), "--select"),
            (train.patience.is_some(), "--patience"),
            (train.validate_every != 1, "--validate-every"),
            (!matches!(train.device, DeviceChoice::Auto | DeviceChoice::Cpu), "--device"),
        ]);
        of_model.or(self.of_pairs()).or(self.of_rows()).or(self.of_gaussians())
    }

    fn of_pairs(&self) -> Option<&'static str> {
        first(&[
            (!matches!(self.train.device, DeviceChoice::Auto | DeviceChoice::Cpu), "--device"),
            (self.model.decoder != DecoderKind::default(), "--decoder"),
            (self.train.loss.is_some(), "--loss"),
            (self.train.mask_edges != 0.0, "--mask-edges"),
            (self.train.weighted_loss, "--weighted-loss"),
            (
                self.train.negatives_per_edge != TrainConfig::default().negatives_per_edge,
                "--negatives-per-edge",
            ),
            (self.train.subgraph_nodes != TrainConfig::default().subgraph_nodes, "--subgraph-nodes"),
        ])
    }

    fn of_rows(&self) -> Option<&'static str> {
        first(&[(self.model.likelihood != Likelihood::default(), "--likelihood")])
    }

    fn of_gaussians(&self) -> Option<&'static str> {
        first(&[
            (self.train.kl_weight != KlWeight::default(), "--kl-weight"),
            (self.train.kl_warmup != 0, "--kl-warmup"),
            (self.train.free_bits != 0.0, "--free-bits"),
        ])
    }
}

fn first(settings: &[(bool, &'static str)]) -> Option<&'static str> {
    settings.iter().find(|(is_set, _)| *is_set).map(|(_, flag)| *flag)
}

fn refuse(flag: Option<&str>, kind: ModelKind, what: &str) -> Result<()> {
    match flag {
        None => Ok(()),
        Some(flag) => Err(Error::Config(format!("{flag} has no effect: {kind} {what}; leave it out"))),
    }
}
