//! Training: the loop, early stopping, checkpoints and the memory plan; it returns values and writes
//! nothing. Uses `config`, `error`, `evaluate`, `graph`, `kernels`, `model`, `progress`, `split` and
//! `system`.

mod checkpoint;
mod early_stopping;
mod engine;
mod network;
pub mod plan;
mod rows;
pub(crate) mod stack;

pub(crate) use checkpoint::Tensors;
pub use checkpoint::{Checkpoint, Moment};
use early_stopping::EarlyStopping;

use serde::{Deserialize, Serialize};

use crate::config::{Config, ModelKind};
use crate::error::{Error, Result};
use crate::graph::{Direction, Features};
use crate::model::Model;
use crate::model::baseline::Baseline;
use crate::progress::Progress;
use crate::split::Split;

/// One epoch: a row of `history.csv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// The number of the epoch, counted from 1.
    pub epoch: usize,
    /// The minimised loss before this epoch's step: reconstruction + weight · KL.
    pub loss: f64,
    /// The reconstruction term; see [`crate::model::loss`] for its scale.
    pub reconstruction: f64,
    /// The mean KL over the nodes, in nats, without its weight; 0 for a point latent.
    pub kl: f64,
    /// ROC AUC on the validation part, after this epoch's step.
    pub validation_roc_auc: Option<f64>,
    /// Average precision on the validation part, after this epoch's step.
    pub validation_average_precision: Option<f64>,
    /// The evidence lower bound of the validation rows, in nats, after this epoch, from one draw per row;
    /// only for a vae.
    pub validation_elbo: Option<f64>,
    /// Seconds that the epoch's step took, without the validation.
    pub train_seconds: f64,
    /// Seconds since training began.
    pub elapsed_seconds: f64,
    /// The network being trained: the model, or a part of it.
    pub network: String,
    /// The largest number of epochs; 0 if the epoch was read from a file.
    #[serde(skip)]
    pub num_epochs: usize,
}

/// A trained model and the history of its training.
pub struct Trained {
    /// The model, with the weights of [`Trained::selected_epoch`].
    pub model: Model,
    /// Every epoch.
    pub history: Vec<Epoch>,
    /// The epoch whose weights were kept, counted from 1; `None` for a model of several networks or without a
    /// network.
    pub selected_epoch: Option<usize>,
}

/// Trains on the training edges of `split`, with X = `features`, [n, f], or I. It also uses the validation
/// part, but never the test part. Each epoch is one step of Adam and ends with a call of `on_epoch`.
///
/// With the exact loss an epoch takes O(n²·d) time, and training O(n·(f̄ + h + d) + m) memory, where f̄ is
/// the number of nonzeros per row of X. Equal seeds give bit-identical weights on any number of threads;
/// [`crate::system::threads`] states the limits of this guarantee.
///
/// # Examples
/// ```
/// use vgae::config::Config;
/// use vgae::progress::Progress;
/// use vgae::{read, split, train};
///
/// let mut config = Config::default();
/// config.train.epochs = Some(3);
/// train::check_device(&config)?;
/// let graph = read::data("datasets/karate".as_ref(), &config.read, &Progress::default())?;
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
    fit_from(features, split, config, &Progress::default(), None, on_epoch)
}

/// The callback after each epoch. An error from it ends the training.
pub type OnEpoch<'a> = dyn for<'b> FnMut(&Epoch, &Moment<'b>) -> Result<()> + 'a;

/// Trains like [`fit`], and can continue from a checkpoint of a training with the same features, split and
/// config. The weights are bit-identical to those of the uninterrupted training. `progress` shows the work
/// outside the epochs: fitting the combiner of a stack. Each epoch ends with a call of `on_epoch`, which can
/// take a checkpoint, and whose error ends the training.
///
/// # Examples
/// ```
/// use vgae::config::Config;
/// use vgae::progress::Progress;
/// use vgae::{read, split, train};
/// use vgae::Error;
///
/// let mut config = Config::default();
/// config.train.epochs = Some(6);
/// let graph = read::data("datasets/karate".as_ref(), &config.read, &Progress::default())?;
/// let split = split::edges(&graph, &config.split, config.seed)?;
/// let whole = train::fit(None, &split, &config, |_| {})?;
///
/// let directory = tempfile::tempdir().unwrap();
/// let path = directory.path().join("checkpoint.safetensors");
/// let stopped = train::fit_from(None, &split, &config, &Progress::default(), None, &mut |epoch, moment| {
///     match epoch.epoch {
///         4 => {
///             vgae::run::write_checkpoint(&path, &config, &moment.checkpoint())?;
///             Err(Error::Interrupted { signal: 2, epoch: 4, path: path.clone() })
///         }
///         _ => Ok(()),
///     }
/// });
/// assert!(stopped.is_err());
/// let checkpoint = vgae::run::read_checkpoint(&path, &config)?;
/// assert_eq!(checkpoint.epoch(), 4);
/// let rest = train::fit_from(None, &split, &config, &Progress::default(), Some(&checkpoint), &mut |_, _| Ok(()))?;
/// assert_eq!(rest.model.weights(), whole.model.weights());
/// # Ok::<(), vgae::Error>(())
/// ```
///
/// # Errors
/// Returns the errors of [`fit`], and [`Error::Checkpoint`] for a checkpoint of another training.
pub fn fit_from(
    features: Option<&Features>,
    split: &Split,
    config: &Config,
    progress: &Progress,
    from: Option<&Checkpoint>,
    on_epoch: &mut OnEpoch,
) -> Result<Trained> {
    config.validate()?;
    config.validate_for(split.train.num_nodes())?;
    let config = &config.resolved(split.train.num_nodes());
    if config.train.weighted_loss && split.train.weights().is_none() {
        let problem = "`train.weighted_loss` needs edge weights, but the graph has none; hint: add a column named \
                       weight, or give `read.weight_column = COLUMN`";
        return Err(Error::config("train.weighted_loss", problem));
    }
    let model = config.model.model;
    let undirected;
    let split = match (model.is_directed(), split.train.direction()) {
        (true, Direction::Undirected) => {
            let problem = format!(
                "{model} needs a directed graph: pass `read.directed` if the rows of the edge list go from source \
                 to target"
            );
            return Err(Error::config("read.directed", problem));
        }
        // The other models train on the undirected graph, and are evaluated on the ordered pairs.
        (false, Direction::Directed) => {
            undirected = Split { train: split.train.undirected().into_owned(), ..split.clone() };
            &undirected
        }
        _ => split,
    };
    match model {
        ModelKind::Baseline(kind) => {
            // Built once here so that an error shows in training, not only when scores are computed.
            Baseline::new(kind, &split.train, features, config.seed)?;
            let model = Model::Baseline(kind, config.seed);
            Ok(Trained { model, history: Vec::new(), selected_epoch: None })
        }
        ModelKind::Best => {
            let (stack, history) = stack::fit(features, split, config, progress, from, on_epoch)?;
            Ok(Trained { model: Model::Stack(Box::new(stack)), history, selected_epoch: None })
        }
        ModelKind::Vae => {
            let run = rows::fit(crate::model::rows_of(features)?, config, from, on_epoch)?;
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

/// Checks, before any data is read, that the device of `config` exists and can train the model.
///
/// # Errors
/// [`Error::Config`] if it does not exist or cannot train the model.
pub fn check_device(config: &Config) -> Result<()> {
    crate::kernels::device::choose(config, 0).map(|_| ())
}

#[cfg(all(test, feature = "torch"))]
mod tests;
