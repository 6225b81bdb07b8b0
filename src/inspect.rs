//! What a trained model made of its latent dimensions, and what each part of a stack contributes. Uses
//! `config`, `error`, `evaluate`, `graph`, `model`, `split` and `train`.
//!
//! # Examples
//! ```
//! use ndarray::array;
//! use vgae::inspect::dimensions;
//! use vgae::model::network::Embeddings;
//!
//! // The second dimension equals the prior: it carries no information about a node.
//! let mean = array![[1f32, 0.0], [-1.0, 0.0]];
//! let log_variance = Some(array![[-2f32, 0.0], [-2.0, 0.0]]);
//! let [first, second] = dimensions(&Embeddings { mean, log_variance })[..] else { unreachable!() };
//! assert!(first.is_active && first.mean_variance == 1.0);
//! assert!(!second.is_active && second.kl == Some(0.0) && second.mean_sigma == Some(1.0));
//! ```

use ndarray::{ArrayView1, ArrayView2, Axis};
use serde::Serialize;

use crate::config::Config;
use crate::error::Result;
use crate::evaluate::metrics::{self, Metrics};
use crate::graph::Features;
use crate::model::network::Embeddings;
use crate::model::stack::{Combiner, Stack};
use crate::split::Split;
use crate::train::stack::{CombinerFit, fitting};

/// A dimension is active if the variance of its mean over the nodes is above this (Burda, Grosse &
/// Salakhutdinov 2016, *Importance Weighted Autoencoders*, section 5.3).
pub const ACTIVE_VARIANCE: f64 = 0.01;

/// The statistics of one latent dimension over the n nodes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Dimension {
    /// The mean of ½ (μ² + σ² − log σ² − 1), in nats; `None` for a latent without variance.
    pub kl: Option<f64>,
    /// The variance of μ.
    pub mean_variance: f64,
    /// The mean of σ; `None` for a latent without variance.
    pub mean_sigma: Option<f64>,
    /// `true` if `mean_variance` is above [`ACTIVE_VARIANCE`].
    pub is_active: bool,
}

/// The contribution of one part of a stack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartReport {
    /// The name of a network or a closed-form score.
    pub name: &'static str,
    /// The weight in the combiner, which takes standardised scores.
    pub weight: f64,
    /// The test metrics of this part alone; `None` without a test part.
    pub alone: Option<Metrics>,
    /// The test metrics of the other parts with a newly fitted combiner; `None` without a test part.
    pub without: Option<Metrics>,
}

/// The metrics of a stack and its parts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StackReport {
    /// The test metrics of the whole stack; `None` without a test part.
    pub test: Option<Metrics>,
    /// The parts, in the order of the stack.
    pub parts: Vec<PartReport>,
}

/// Returns the dimensions of `embeddings`, [n, d], in order. If nodes have a mass, it is the last dimension.
/// O(n·d) time.
pub fn dimensions(embeddings: &Embeddings) -> Vec<Dimension> {
    let average = |values: ArrayView1<f32>, function: &dyn Fn(f64) -> f64| {
        values.iter().map(|&value| function(f64::from(value))).sum::<f64>() / values.len().max(1) as f64
    };
    let dimension = |k: usize| {
        let means = embeddings.mean.column(k);
        let center = average(means, &|mean| mean);
        let mean_variance = average(means, &|mean| (mean - center).powi(2));
        let log_variances = embeddings.log_variance.as_ref().map(|matrix| matrix.column(k));
        Dimension {
            kl: log_variances.map(|log_variances| {
                let variance_term = average(log_variances, &|log_variance| log_variance.exp() - log_variance);
                0.5 * (average(means, &|mean| mean * mean) + variance_term - 1.0)
            }),
            mean_variance,
            mean_sigma: log_variances
                .map(|log_variances| average(log_variances, &|log_variance| (0.5 * log_variance).exp())),
            is_active: mean_variance > ACTIVE_VARIANCE,
        }
    };
    (0..embeddings.mean.ncols()).map(dimension).collect()
}

/// Measures the parts of `stack`, which was trained on `split` with `config` and the features X = `features`:
/// their weights, their metrics alone, and the metrics of the stack without them. A combiner without a part
/// is fitted to the same pairs as that of the stack, for the same objective. Takes O(k) fits of the combiner for k
/// parts.
///
/// # Errors
/// Returns the errors of [`Stack::parts`] and [`metrics::evaluate`].
pub fn parts(
    stack: &Stack,
    split: &Split,
    features: Option<&Features>,
    config: &Config,
) -> Result<StackReport> {
    let fitting = fitting(split, config.seed)?;
    let fit = CombinerFit::new(&stack.parts(&fitting.chosen_on.train, features)?, &fitting, split, config);
    let parts = stack.parts(&split.train, features)?;
    let test = parts.scores(&split.test.pairs());
    let test_labels = split.test.labels();
    let has_test = !split.test.is_empty();
    let evaluate = |combiner: &Combiner, scores: ArrayView2<f64>| {
        let logits: Vec<f64> = scores.rows().into_iter().map(|row| combiner.logit(row)).collect();
        metrics::evaluate(&logits, &test_labels)
    };
    let report = |(k, name): (usize, &'static str)| {
        let others: Vec<usize> = (0..test.ncols()).filter(|&other| other != k).collect();
        let alone =
            has_test.then(|| metrics::evaluate(&test.column(k).to_vec(), &test_labels)).transpose()?;
        let combine = || {
            let combiner = fit.combiner_of(&others);
            evaluate(&combiner, test.select(Axis(1), &others).view())
        };
        let without = has_test.then(combine).transpose()?;
        Ok(PartReport { name, weight: stack.combiner().weights[k], alone, without })
    };
    Ok(StackReport {
        test: has_test.then(|| evaluate(stack.combiner(), test.view())).transpose()?,
        parts: parts.names().into_iter().enumerate().map(report).collect::<Result<_>>()?,
    })
}
