//! Held-out links, ranked against the negatives.
//!
//! # Examples
//! ```
//! use vgae::model::baseline::Baseline;
//! use vgae::config::{BaselineKind, Config};
//! use vgae::evaluate::{self, BUCKETS, PartMetrics, Scored};
//! use vgae::{read, split};
//! use vgae::evaluate::negatives;
//!
//! let config = Config::default();
//! let graph = read::data("datasets/karate".as_ref(), &config.read)?;
//! let split = split::edges(&graph, &config.split, config.seed)?;
//! let score = Baseline::new(BaselineKind::AdamicAdar, &split.train, None, 0)?;
//! let metrics = PartMetrics::of(&score, &split)?;
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

mod degrees;
mod scored;

use std::hash::{BuildHasher, Hasher};

use hashbrown::DefaultHashBuilder;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::error::Result;
use crate::evaluate::metrics::{self, Metrics};
use crate::graph::Features;
use crate::graph::transform::transform;
use crate::kernels::sort::sort_by;
use crate::model::network::Embeddings;
use crate::model::score::Score;
use crate::model::vae::{RowMetrics, Vae};
use crate::model::{Model, rows_of};
use crate::split::{self, Part, Split};

pub use degrees::{BUCKETS, DegreeBucket, DegreeMetrics};
pub use scored::Scored;

/// The metrics of both held-out parts; none for a part of no edges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct PartMetrics {
    /// On the validation part.
    pub validation: Option<Metrics>,
    /// On the test part.
    pub test: Option<Metrics>,
}

impl PartMetrics {
    /// The metrics of `split`'s parts, by the logits of `score`.
    ///
    /// # Errors
    /// [`crate::Error::NotANumber`] if the model has diverged.
    pub fn of(score: &(impl Score + ?Sized), split: &Split) -> Result<Self> {
        let evaluate = |held_out: &Part| match held_out.is_empty() {
            true => Ok(None),
            false => part(score, held_out).map(Some),
        };
        Ok(PartMetrics { validation: evaluate(&split.validation)?, test: evaluate(&split.test)? })
    }
}

/// How well held-out rows are described; none for a part of no rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PartRowMetrics {
    /// On the validation rows.
    pub validation: Option<RowMetrics>,
    /// On the test rows.
    pub test: Option<RowMetrics>,
}

/// What `metrics.json` holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RunMetrics {
    /// Of held-out links.
    #[serde(flatten)]
    pub links: PartMetrics,
    /// Of held-out rows, for a model of rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<PartRowMetrics>,
}

impl RunMetrics {
    /// The metrics of a model over its graph, X being `features`: of `split`'s parts by the logits of `score`, and,
    /// of a VAE, of the rows that `config` holds out.
    ///
    /// # Errors
    /// As [`PartMetrics::of`] and [`Model::encode`].
    pub fn of(
        model: &Model,
        score: &(impl Score + ?Sized),
        split: &Split,
        features: Option<&Features>,
        config: &Config,
    ) -> Result<Self> {
        let rows = match model {
            Model::Vae(vae) => Some(PartRowMetrics::of(vae, rows_of(features)?, config)),
            _ => None,
        };
        Ok(RunMetrics { links: PartMetrics::of(score, split)?, rows })
    }
}

impl PartRowMetrics {
    /// The metrics of the rows of X = `features` that [`crate::split::rows`] holds out.
    fn of(vae: &Vae, features: &Features, config: &Config) -> Self {
        let features = transform(features, vae.config().feature_transform());
        let split = split::rows(features.rows(), &config.split, config.seed);
        let evaluate = |rows: &[usize]| {
            let metrics = || vae.evaluate(&features, rows, RowMetrics::NUM_SAMPLES, config.seed);
            (!rows.is_empty()).then(metrics)
        };
        PartRowMetrics { validation: evaluate(&split.validation), test: evaluate(&split.test) }
    }
}

/// AUC and AP of one held-out part. m logits and O(m log m) time for its m pairs.
///
/// # Errors
/// As [`metrics::evaluate`]: [`crate::Error::OneClass`] for a part without edges or negatives,
/// [`crate::Error::NotANumber`] if the model has diverged.
pub fn part(score: &(impl Score + ?Sized), part: &Part) -> Result<Metrics> {
    metrics::evaluate(&score.logits(&part.pairs()), &part.labels())
}

/// The share of the nodes, in [0, 1], whose mean is exactly the most common one. Near 1 most pairs score alike,
/// and the model says nothing: its hidden layer has died. O(n·d + n log n) time on all threads, O(n) memory.
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
    // Equal rows have equal hashes, so that rows are compared only where hashes are equal.
    let state = DefaultHashBuilder::default();
    let hash = |row: usize| {
        let mut hasher = state.build_hasher();
        bits(row).for_each(|value| hasher.write_u32(value));
        (hasher.finish(), row)
    };
    let mut rows: Vec<(u64, usize)> = (0..n).into_par_iter().map(hash).collect();
    sort_by(&mut rows, Ord::cmp);
    let mut most = 0;
    for alike in rows.chunk_by(|a, b| a.0 == b.0) {
        let mut rows: Vec<usize> = alike.iter().map(|&(_, row)| row).collect();
        while rows.len() > most {
            let first = rows[0];
            let num_rows = rows.len();
            rows.retain(|&row| !bits(row).eq(bits(first)));
            most = most.max(num_rows - rows.len());
        }
    }
    most as f64 / n.max(1) as f64
}
