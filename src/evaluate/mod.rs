//! The metrics of held-out links, the negatives they are ranked against, and calibrated probabilities. Uses
//! `config`, `error`, `graph`, `kernels`, `model` and `split`.
//!
//! # Examples
//! ```
//! use vgae::model::baseline::Baseline;
//! use vgae::config::{BaselineKind, Config};
//! use vgae::evaluate::{self, BUCKETS, PartMetrics, Scored};
//! use vgae::progress::Progress;
//! use vgae::{read, split};
//! use vgae::evaluate::negatives;
//!
//! let config = Config::default();
//! let graph = read::data("datasets/karate".as_ref(), &config.read, &Progress::default())?;
//! let split = split::edges(&graph, &config.split, config.seed)?;
//! let score = Baseline::new(BaselineKind::AdamicAdar, &split.train, None, 0)?;
//! let metrics = PartMetrics::compute(&score, &split)?;
//! assert_eq!(metrics.test, Some(evaluate::part(&score, &split.test)?));
//!
//! let hard = negatives::draw(negatives::Negatives::Hard { per_edge: 5 }, &graph, &split, 0)?;
//! let scored = Scored::new(&score, split.test.edges.pairs(), &hard.test);
//! assert_eq!(scored.num_edges(), split.test.edges.len());
//! assert!(scored.num_negatives() > scored.num_edges());
//! assert!(scored.ranks()?.mean_reciprocal_rank() > 0.0 && scored.metrics()?.roc_auc > 0.0);
//! let (intervals, calibration) = (scored.intervals(50, 0)?, scored.calibration()?);
//! assert!(intervals.roc_auc.lower <= intervals.roc_auc.upper && calibration.brier <= 1.0);
//! let by_degree = scored.by_degree(&split.train.degrees())?;
//! assert!(by_degree.len() == BUCKETS.len() && BUCKETS[3].contains(4));
//! # Ok::<(), vgae::Error>(())
//! ```

pub mod calibrate;
mod degrees;
mod ends;
pub mod metrics;
pub mod negatives;
pub mod ranking;
mod scored;

use std::hash::{BuildHasher, Hasher};

use hashbrown::DefaultHashBuilder;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::error::Result;
use crate::evaluate::metrics::Metrics;
use crate::graph::Features;
use crate::graph::transform::transform;
use crate::kernels::sort::sort_by;
use crate::model::network::Embeddings;
use crate::model::score::Score;
use crate::model::vae::{RowMetrics, Vae};
use crate::model::{Model, rows_of};
use crate::split::{self, HeldOut, Split};

pub use degrees::{BUCKETS, DegreeBucket, DegreeMetrics};
pub use scored::Scored;

/// The metrics of both held-out parts; `None` for an empty part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct PartMetrics {
    /// The metrics of the validation part.
    pub validation: Option<Metrics>,
    /// The metrics of the test part.
    pub test: Option<Metrics>,
}

impl PartMetrics {
    /// Computes the metrics of both parts of `split` from the logits of `score`, with the ranks of each link among
    /// negatives of its own, if the split has them.
    ///
    /// # Errors
    /// [`crate::Error::NotANumber`] if the model has diverged.
    pub fn compute(score: &(impl Score + ?Sized), split: &Split) -> Result<Self> {
        let evaluate = |held_out: &HeldOut| match held_out.is_empty() {
            true => Ok(None),
            false => Scored::of_part(score, held_out).metrics().map(Some),
        };
        Ok(PartMetrics { validation: evaluate(&split.validation)?, test: evaluate(&split.test)? })
    }
}

/// The metrics of held-out feature rows; `None` for a part without rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PartRowMetrics {
    /// The metrics of the validation rows.
    pub validation: Option<RowMetrics>,
    /// The metrics of the test rows.
    pub test: Option<RowMetrics>,
}

/// The contents of `metrics.json`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RunMetrics {
    /// The metrics of held-out links.
    #[serde(flatten)]
    pub links: PartMetrics,
    /// The metrics of held-out rows, for a model that learns from rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<PartRowMetrics>,
}

impl RunMetrics {
    /// Computes the metrics of a model on its graph, whose feature matrix X is `features`: those of the parts
    /// of `split` from the logits of `score` and, for a VAE, those of the rows that `config` holds out.
    ///
    /// # Errors
    /// Returns the errors of [`PartMetrics::compute`] and [`Model::encode`].
    pub fn compute(
        model: &Model,
        score: &(impl Score + ?Sized),
        split: &Split,
        features: Option<&Features>,
        config: &Config,
    ) -> Result<Self> {
        let rows = match model {
            Model::Vae(vae) => Some(PartRowMetrics::compute(vae, rows_of(features)?, config)),
            _ => None,
        };
        Ok(RunMetrics { links: PartMetrics::compute(score, split)?, rows })
    }
}

impl PartRowMetrics {
    /// Computes the metrics of the rows of X = `features` that [`crate::split::rows`] holds out.
    fn compute(vae: &Vae, features: &Features, config: &Config) -> Self {
        let features = transform(features, vae.config().feature_transform());
        let split = split::rows(features.rows(), &config.split, config.seed);
        let evaluate = |rows: &[usize]| {
            let metrics = || vae.evaluate(&features, rows, RowMetrics::NUM_SAMPLES, config.seed);
            (!rows.is_empty()).then(metrics)
        };
        PartRowMetrics { validation: evaluate(&split.validation), test: evaluate(&split.test) }
    }
}

/// Computes the AUC and AP of one held-out part. Takes m logits and O(m log m) time for its m pairs.
///
/// # Errors
/// [`crate::Error::OneClass`] for a part without edges or negatives; [`crate::Error::NotANumber`] if the
/// model has diverged.
pub fn part(score: &(impl Score + ?Sized), part: &HeldOut) -> Result<Metrics> {
    metrics::evaluate(&score.logits(&part.pairs()), &part.labels())
}

/// Returns the share of the nodes, in [0, 1], that have exactly the most common mean. A share near 1 means
/// that most pairs get the same score and the model has learned nothing: its hidden layer has died. O(n·d + n
/// log n) time on all threads, O(n) memory.
///
/// # Examples
/// ```
/// use vgae::evaluate::share_of_equal_means;
/// use vgae::model::network::Embeddings;
///
/// let mean = ndarray::array![[1f32, 2.0], [1.0, 2.0], [1.0, 2.0], [0.0, 2.0]];
/// assert_eq!(share_of_equal_means(&Embeddings { mean, log_variance: None }), 0.75);
/// ```
pub fn share_of_equal_means(embeddings: &Embeddings) -> f64 {
    let mean = &embeddings.mean;
    let n = mean.nrows();
    let bits = |row: usize| mean.row(row).into_iter().map(|value| value.to_bits());
    // Equal rows have equal hashes, so only rows with equal hashes are compared.
    let state = DefaultHashBuilder::default();
    let hash = |row: usize| {
        let mut hasher = state.build_hasher();
        bits(row).for_each(|value| hasher.write_u32(value));
        (hasher.finish(), row)
    };
    let mut rows: Vec<(u64, usize)> = (0..n).into_par_iter().map(hash).collect();
    sort_by(&mut rows, Ord::cmp);
    let mut most = 0;
    for same_hash in rows.chunk_by(|a, b| a.0 == b.0) {
        let mut rows: Vec<usize> = same_hash.iter().map(|&(_, row)| row).collect();
        while rows.len() > most {
            let first = rows[0];
            let num_rows = rows.len();
            rows.retain(|&row| !bits(row).eq(bits(first)));
            most = most.max(num_rows - rows.len());
        }
    }
    most as f64 / n.max(1) as f64
}
