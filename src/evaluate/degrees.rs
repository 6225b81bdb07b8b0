//! Computes metrics by the training degrees of the ends of a pair.

use std::fmt;

use serde::Serialize;

use crate::error::Result;
use crate::evaluate::metrics::{self, Metrics};
use crate::graph::Pair;

/// A range of the smaller training degree of a pair's two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DegreeBucket {
    least: usize,
    /// The upper bound; `None` if there is no bound.
    most: Option<usize>,
}

/// The buckets; every pair is in exactly one. The first holds the pairs with a node that has no training
/// edge.
pub const BUCKETS: [DegreeBucket; 6] = [
    DegreeBucket { least: 0, most: Some(0) },
    DegreeBucket { least: 1, most: Some(1) },
    DegreeBucket { least: 2, most: Some(2) },
    DegreeBucket { least: 3, most: Some(5) },
    DegreeBucket { least: 6, most: Some(10) },
    DegreeBucket { least: 11, most: None },
];

/// The contents of a bucket, and how well its edges are ranked above its negatives.
///
/// The edges are compared with the negatives of the same bucket. Compared with all negatives, an edge between
/// well-connected nodes would rank high by its degrees alone, and that is the effect the buckets remove.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DegreeMetrics {
    /// The bucket: a range of the smaller training degree of a pair's two ends.
    pub smaller_degree: DegreeBucket,
    /// The number of edges in the bucket.
    pub num_edges: usize,
    /// The number of negatives in the bucket.
    pub num_negatives: usize,
    /// The AUC and AP; `None` unless the bucket has both edges and negatives.
    pub metrics: Option<Metrics>,
}

impl DegreeBucket {
    /// Returns `true` if `degree` is within the bounds.
    pub fn contains(&self, degree: usize) -> bool {
        degree >= self.least && self.most.is_none_or(|most| degree <= most)
    }
}

impl fmt::Display for DegreeBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.most {
            Some(most) if most == self.least => write!(f, "{most}"),
            Some(most) => write!(f, "{}-{most}", self.least),
            None => write!(f, ">{}", self.least - 1),
        }
    }
}

impl Serialize for DegreeBucket {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Computes the metrics of `pairs` in each bucket, given the `degrees` of all nodes.
pub(super) fn by_degree(
    pairs: &[Pair],
    logits: &[f64],
    labels: &[bool],
    degrees: &[usize],
) -> Result<Vec<DegreeMetrics>> {
    let smaller_degree = |(u, v): Pair| degrees[u as usize].min(degrees[v as usize]);
    let bucket_metrics = |bucket: DegreeBucket| {
        let positions = (0..pairs.len()).filter(|&at| bucket.contains(smaller_degree(pairs[at])));
        let (logits, labels): (Vec<f64>, Vec<bool>) = positions.map(|at| (logits[at], labels[at])).unzip();
        let num_edges = labels.iter().filter(|&&label| label).count();
        let num_negatives = labels.len() - num_edges;
        let metrics = match num_edges > 0 && num_negatives > 0 {
            true => Some(metrics::evaluate(&logits, &labels)?),
            false => None,
        };
        Ok(DegreeMetrics { smaller_degree: bucket, num_edges, num_negatives, metrics })
    };
    BUCKETS.into_iter().map(bucket_metrics).collect()
}
