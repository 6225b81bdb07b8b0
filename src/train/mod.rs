//! Training. It returns values and writes nothing.

mod checkpoint;
mod engine;
mod kept;
mod network;
mod rows;
pub(crate) mod stack;

pub(crate) use checkpoint::Tensors;
pub use checkpoint::{Checkpoint, Moment};
use kept::Kept;

use serde::{Deserialize, Serialize};

use crate::config::{Config, ModelKind};
use crate::error::{Error, Result};
use crate::graph::{Direction, Features};
use crate::model::baseline::Baseline;
use crate::model::{Model, rows_of};
use crate::progress::Watch;
use crate::split::Split;

/// One epoch: a row of `history.csv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: usize,
    /// What was minimised: reconstruction + weight · KL, before this epoch's step.
    pub loss: f64,
    /// The reconstruction term; see [`crate::model::loss`] for its scale.
    pub reconstruction: f64,
    /// The mean over the nodes of their KL, in nats, without its weight; 0 for a point latent.
    pub kl: f64,
    /// ROC AUC on the validation part, after this epoch's step.
    pub validation_roc_auc: Option<f64>,
    /// Average precision on the validation part, after this epoch's step.
    pub validation_average_precision: Option<f64>,
    /// The evidence lower bound of the validation rows, in nats, after this epoch, by one draw a row; a vae's.
    pub validation_elbo: Option<f64>,
    /// Seconds that the epoch's step took, without the look at the validation part.
    pub train_seconds: f64,
    /// Seconds since training began.
    pub elapsed_seconds: f64,
    /// What is being trained: the model, or a part of it.
    pub network: String,
    /// How many epochs there are at most; 0 where they were read back.
    #[serde(skip)]
    pub num_epochs: usize,
}

/// A trained model and how it came about.
pub struct Trained {
    /// The model, with the weights of [`Trained::selected_epoch`].
    pub model: Model,
    /// Every epoch.
    pub history: Vec<Epoch>,
    /// The epoch whose weights were kept, counted from 1; none for a model of several networks or of none.
    pub selected_epoch: Option<usize>,
}

/// Trains on the training edges of `split`, with X = `features`, [n, f], or I. Beside them only the validation
/// part is looked at. Each epoch, one step of Adam, ends with a call of `on_epoch`.
///
/// With the exact loss O(n²·d) time an epoch, O(n·(f̄ + h + d) + m) memory, f̄ being the nonzeros of a row of X.
/// Equal seeds give equal weights, to the bit, on any number of threads: [`crate::system::threads`] says what that covers.
///
/// # Examples
/// ```
/// use vgae::config::Config;
/// use vgae::{read, split, train};
///
/// let mut config = Config::default();
/// config.train.epochs = Some(3);
/// train::check_device(&config)?;
/// let graph = read::data("datasets/karate".as_ref(), &config.read)?;
/// let split = split::edges(&graph, &config.split, config.seed)?;
/// let trained = train::fit(graph.features(), &split, &config, |epoch| println!("{}", epoch.loss))?;
/// assert_eq!((trained.history.len(), trained.selected_epoch), (3, Some(3)));
/// # Ok::<(), vgae::Error>(())
/// ```
///
/// # Errors
/// [`crate::Error::Config`] for settings out of range, [`crate::Error::Diverged`] if the loss is not finite.
pub fn fit(
    features: Option<&Features>,
    split: &Split,
    config: &Config,
    mut on_epoch: impl FnMut(&Epoch),
) -> Result<Trained> {
    let on_epoch = &mut |epoch: &Epoch, _: &Moment| {
        on_epoch(epoch);
        Ok(())
    };
    fit_from(features, split, config, &Watch::default(), None, on_epoch)
}

/// What is called after an epoch; its error ends the training.
pub type OnEpoch<'a> = dyn for<'b> FnMut(&Epoch, &Moment<'b>) -> Result<()> + 'a;

/// As [`fit`], from a checkpoint of a training with the same features, split and config, to the same weights, to the bit,
/// as that training. `watch` sees what is done beside the epochs: a stack's weighing of its parts. Each epoch ends with a
/// call of `on_epoch`, which can take a checkpoint, and whose error ends the training.
///
/// # Examples
/// ```
/// use vgae::config::Config;
/// use vgae::progress::Watch;
/// use vgae::{Error, read, split, train};
///
/// let mut config = Config::default();
/// config.train.epochs = Some(6);
/// let graph = read::data("datasets/karate".as_ref(), &config.read)?;
/// let split = split::edges(&graph, &config.split, config.seed)?;
/// let whole = train::fit(None, &split, &config, |_| {})?;
///
/// let directory = tempfile::tempdir().unwrap();
/// let path = directory.path().join("checkpoint.safetensors");
/// let stopped = train::fit_from(None, &split, &config, &Watch::default(), None, &mut |epoch, moment| {
///     match epoch.epoch {
///         4 => {
///             vgae::run::write_checkpoint(&path, &config, &moment.checkpoint())?;
///             Err(Error::Config("enough".into()))
///         }
///         _ => Ok(()),
///     }
/// });
/// assert!(stopped.is_err());
/// let checkpoint = vgae::run::read_checkpoint(&path, &config)?;
/// assert_eq!(checkpoint.epoch(), 4);
/// let rest = train::fit_from(None, &split, &config, &Watch::default(), Some(&checkpoint), &mut |_, _| Ok(()))?;
/// assert_eq!(rest.model.weights(), whole.model.weights());
/// # Ok::<(), vgae::Error>(())
/// ```
///
/// # Errors
/// As [`fit`]; [`Error::Checkpoint`] for a checkpoint of another training.
pub fn fit_from(
    features: Option<&Features>,
    split: &Split,
    config: &Config,
    watch: &Watch,
    from: Option<&Checkpoint>,
    on_epoch: &mut OnEpoch,
) -> Result<Trained> {
    config.validate()?;
    config.validate_for(split.train.num_nodes())?;
    if config.train.weighted_loss && split.train.weights().is_none() {
        let problem = "--weighted-loss needs edge weights and the graph has none; hint: a column headed weight, or \
                       --weights COLUMN";
        return Err(Error::Config(problem.into()));
    }
    let model = config.model.model;
    let undirected;
    let split = match (model.is_directed(), split.train.direction()) {
        (true, Direction::Undirected) => {
            return Err(Error::Config(format!(
                "{model} is for directed graphs: pass --directed if the rows of the edge list go from source to target"
            )));
        }
        // The other models see the undirected graph, and are evaluated on the ordered pairs.
        (false, Direction::Directed) => {
            undirected = Split { train: split.train.undirected(), ..split.clone() };
            &undirected
        }
        _ => split,
    };
    match model {
        ModelKind::Baseline(kind) => {
            // Whether it can be had is known now, not only when it is asked for scores.
            Baseline::new(kind, &split.train, features, config.seed)?;
            let model = Model::Baseline(kind, config.seed);
            Ok(Trained { model, history: Vec::new(), selected_epoch: None })
        }
        ModelKind::Best => {
            let (stack, history) = stack::fit(features, split, config, watch, from, on_epoch)?;
            Ok(Trained { model: Model::Stack(Box::new(stack)), history, selected_epoch: None })
        }
        ModelKind::Vae => {
            let run = rows::fit(rows_of(features)?, config, from, on_epoch)?;
            Ok(Trained {
                model: Model::Vae(Box::new(run.vae)),
                history: run.history,
                selected_epoch: Some(run.selected_epoch),
            })
        }
        _ => {
            let run = network::fit(features, split, config, "", from, on_epoch)?;
            Ok(Trained {
                model: Model::Network(Box::new(run.network)),
                history: run.history,
                selected_epoch: Some(run.selected_epoch),
            })
        }
    }
}

/// Whether the device that `config` names is there and does what is asked of it, before anything is read for it.
///
/// # Errors
/// [`Error::Config`] if not.
pub fn check_device(config: &Config) -> Result<()> {
    crate::kernels::device::choose(config, 0).map(|_| ())
}

#[cfg(test)]
mod tests;
