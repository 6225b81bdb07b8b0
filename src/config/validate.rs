//! Checks the range of each setting, and the settings that depend on each other.

use std::fmt;

use crate::config::{
    BaselineKind, Config, DecoderKind, DirectedTask, LossKind, ModelConfig, ModelKind, ReadConfig, Select,
    SplitConfig, TrainConfig,
};
use crate::error::{Error, Result};

impl Config {
    /// Checks the range of each setting and the settings that depend on each other.
    ///
    /// # Errors
    /// [`Error::Config`] names the setting, its value and its range.
    pub fn validate(&self) -> Result<()> {
        self.validate_split()?;
        if let (Some(method), true) = (self.calibrate, self.split.val_fraction == 0.0) {
            let problem = format!("`calibrate = {method}` needs validation edges; `split.val_fraction` is 0");
            return Err(Error::config("calibrate", problem));
        }
        self.validate_relevance()?;
        self.validate_kinds()?;
        self.validate_model()?;
        self.validate_training()
    }

    fn validate_split(&self) -> Result<()> {
        let SplitConfig { val_fraction, test_fraction, fold, keep_connected, negatives_ratio, task } =
            self.split;
        for (setting, value) in [("split.val_fraction", val_fraction), ("split.test_fraction", test_fraction)]
        {
            require((0.0..1.0).contains(&value), setting, value, "a fraction of at least 0 and below 1")?;
        }
        let sum = val_fraction + self.split.tested_fraction();
        if sum >= 1.0 {
            let tested = match fold {
                Some(fold) => format!("`split.fold = {fold}`"),
                None => format!("`split.test_fraction = {test_fraction}`"),
            };
            let problem = format!(
                "`split.val_fraction = {val_fraction}` and {tested} add up to {sum}; must stay below 1"
            );
            return Err(Error::config("split.val_fraction", problem));
        }
        let fits = (1..=1000).contains(&negatives_ratio);
        require(fits, "split.negatives_ratio", negatives_ratio, "1 to 1000")?;
        if negatives_ratio > 1 && task != DirectedTask::General {
            let problem = format!(
                "`split.negatives_ratio = {negatives_ratio}` has no effect: the negatives of `split.task = {task}` are \
                 the reverses of edges, one for each; leave it out"
            );
            return Err(Error::config("split.negatives_ratio", problem));
        }
        let Some(fold) = fold else { return Ok(()) };
        let problem = if test_fraction != SplitConfig::default().test_fraction {
            format!(
                "and `split.test_fraction = {test_fraction}` exclude each other: the fold is what is tested"
            )
        } else if keep_connected {
            "and `split.keep_connected` exclude each other: the folds test every edge, also those that hold the \
             graph together"
                .into()
        } else if task != DirectedTask::General {
            format!(
                "and `split.task = {task}` exclude each other: the folds test every edge, the task only some"
            )
        } else {
            return Ok(());
        };
        Err(Error::config("split.fold", format!("`split.fold = {fold}` {problem}")))
    }

    fn validate_model(&self) -> Result<()> {
        let ModelConfig { gravity_lambda, normalize_embeddings, .. } = self.model;
        let (dropout, decoder) = (self.model.dropout(), self.model.decoder());
        let model = self.model.model;
        let width = |value: usize| (1..=65536).contains(&value);
        require(width(self.model.hidden()), "model.hidden", self.model.hidden(), "1 to 65536")?;
        require(width(self.model.latent()), "model.latent", self.model.latent(), "1 to 65536")?;
        let layers = self.model.layers();
        require((1..=64).contains(&layers), "model.layers", layers, "1 to 64")?;
        require(
            (0.0..1.0).contains(&dropout),
            "model.dropout",
            dropout,
            "a fraction of at least 0 and below 1",
        )?;
        let is_fit = gravity_lambda.is_finite() && gravity_lambda > 0.0;
        require(is_fit, "model.gravity_lambda", gravity_lambda, "a number above 0")?;
        let decoder_layers = self.model.decoder_layers();
        require((2..=16).contains(&decoder_layers), "model.decoder_layers", decoder_layers, "2 to 16")?;
        if decoder != DecoderKind::InnerProduct {
            let clash = match (self.loss(), normalize_embeddings, model) {
                (loss, ..) if loss != LossKind::Sampled => {
                    "needs `train.loss = sampled`: over all pairs it is out of reach"
                }
                (_, true, _) => "takes the embeddings as they are: leave out `model.normalize_embeddings`",
                (_, _, ModelKind::GravityGae | ModelKind::GravityVgae) => {
                    "scores both directions alike: gravity-* have a decoder of their own"
                }
                _ => return Ok(()),
            };
            return Err(Error::config("model.decoder", format!("`model.decoder = {decoder}` {clash}")));
        }
        if model.is_directed() && self.loss() == LossKind::Subgraph {
            let problem = format!(
                "{model} trains on all nodes: `train.loss = subgraph` is for inner products; expected auto, exact, \
                 sampled or reweighted"
            );
            return Err(Error::config("train.loss", problem));
        }
        Ok(())
    }

    fn validate_training(&self) -> Result<()> {
        let TrainConfig { subgraph_nodes, free_bits, validate_every, .. } = self.train;
        let (negatives_per_edge, mask_edges) = (self.negatives_per_edge(), self.mask_edges());
        let patience = self.patience();
        let (epochs, learning_rate) = (self.epochs(), self.learning_rate());
        require(epochs >= 1, "train.epochs", epochs, "at least 1")?;
        require(validate_every >= 1, "train.validate_every", validate_every, "at least 1")?;
        let rate_fits = learning_rate.is_finite() && learning_rate > 0.0;
        require(rate_fits, "train.learning_rate", learning_rate, "a number above 0")?;
        let count = (1..=1000).contains(&negatives_per_edge);
        require(count, "train.negatives_per_edge", negatives_per_edge, "1 to 1000")?;
        require(subgraph_nodes >= 2, "train.subgraph_nodes", subgraph_nodes, "at least 2")?;
        let fraction = "a fraction of at least 0 and below 1";
        require((0.0..1.0).contains(&mask_edges), "train.mask_edges", mask_edges, fraction)?;
        let is_fit = free_bits.is_finite() && free_bits >= 0.0;
        require(is_fit, "train.free_bits", free_bits, "a number of at least 0")?;
        if let Some(patience) = patience {
            require(patience >= 1, "train.patience", patience, "at least 1")?;
        }
        if self.split.val_fraction == 0.0 && self.select() == Select::Best {
            let (setting, chosen) = match patience {
                Some(_) => ("train.patience", "`train.patience`"),
                None => ("train.select", "`train.select = best`"),
            };
            let problem = format!("{chosen} needs validation edges; `split.val_fraction` is 0");
            return Err(Error::config(setting, problem));
        }
        Ok(())
    }

    /// Refuses settings that make no sense for a bipartite graph.
    fn validate_kinds(&self) -> Result<()> {
        let (model, task) = (self.model.model, self.split.task);
        let ReadConfig { bipartite, directed, .. } = self.read;
        let problem = match model {
            _ if !bipartite => return Ok(()),
            _ if directed => {
                "and `read.directed` exclude each other: every edge goes from a source to a target".into()
            }
            _ if task != DirectedTask::General => {
                format!("leaves edges without directions, which `split.task = {task}` asks for: leave it out")
            }
            _ if model.is_directed() => {
                format!("leaves edges without directions, which {model} is for: choose another model")
            }
            ModelKind::Baseline(kind) if kind.counts_common_neighbours() => {
                let others: Vec<&str> = BaselineKind::ALL
                    .iter()
                    .filter(|kind| !kind.counts_common_neighbours())
                    .map(|kind| kind.name())
                    .collect();
                format!(
                    "leaves nothing to {model}: a source and a target have no common neighbours; choose one of {}",
                    others.join(", ")
                )
            }
            _ => return Ok(()),
        };
        Err(Error::config("read.bipartite", format!("`read.bipartite` {problem}")))
    }
}

fn require(holds: bool, setting: &'static str, value: impl fmt::Display, expected: &str) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(Error::config(setting, format!("`{setting}` is {value}; expected {expected}")))
}
