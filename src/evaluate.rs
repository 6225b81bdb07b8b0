//! Held-out links, ranked against the negatives.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::metrics::{self, Metrics};
use crate::network::Embeddings;
use crate::score::Score;
use crate::split::{Part, Split};

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

/// AUC and AP of one held-out part. m logits and O(m log m) time for its m pairs.
///
/// # Errors
/// As [`metrics::evaluate`]: [`crate::Error::OneClass`] for a part without edges or negatives,
/// [`crate::Error::NotANumber`] if the model has diverged.
pub fn part(score: &(impl Score + ?Sized), part: &Part) -> Result<Metrics> {
    metrics::evaluate(&score.logits(&part.pairs()), &part.labels())
}

/// The share of the nodes, in [0, 1], whose mean is exactly the most common one. Near 1 most pairs score alike,
/// and the model says nothing: its hidden layer has died. O(n·d) time and memory.
pub fn share_of_equal_means(embeddings: &Embeddings) -> f64 {
    let mut counts: HashMap<Vec<u32>, usize> = HashMap::new();
    for row in embeddings.mean.rows() {
        *counts.entry(row.iter().map(|value| value.to_bits()).collect()).or_default() += 1;
    }
    let most = counts.values().max().copied().unwrap_or(0);
    most as f64 / embeddings.mean.nrows().max(1) as f64
}
