//! Metrics by how much of the training graph there is at the ends of a pair.

use std::fmt;

use serde::Serialize;

use crate::error::Result;
use crate::evaluate::metrics::{self, Metrics};
use crate::graph::Pair;

/// The pairs whose end of fewer training edges has a number of them within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DegreeBucket {
    least: usize,
    /// None if there is no bound.
    most: Option<usize>,
}

/// The buckets, which every pair is in one of. The first is that of pairs with a node that training has seen no edge
/// of.
pub const BUCKETS: [DegreeBucket; 6] = [
    DegreeBucket { least: 0, most: Some(0) },
    DegreeBucket { least: 1, most: Some(1) },
    DegreeBucket { least: 2, most: Some(2) },
    DegreeBucket { least: 3, most: Some(5) },
    DegreeBucket { least: 6, most: Some(10) },
    DegreeBucket { least: 11, most: None },
];

/// What a bucket holds, and how well its edges are ranked above its negatives.
///
/// The negatives are those of the same bucket, not all of them: against all, an edge between well-connected nodes
/// would be praised for the degrees that it shares with few negatives, which is what buckets are to take out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DegreeMetrics {
    /// The smaller training degree of a pair's two ends.
    pub smaller_degree: DegreeBucket,
    /// The edges in the bucket.
    pub num_edges: usize,
    /// The negatives in the bucket.
    pub num_negatives: usize,
    /// AUC and AP; none unless there are both edges and negatives.
    pub metrics: Option<Metrics>,
}

impl DegreeBucket {
    /// Whether `degree` is within the bounds.
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

/// The metrics of each bucket of `pairs`, whose ends have `degrees`, one for each node.
pub(super) fn by_degree(
    pairs: &[Pair],
    logits: &[f64],
    labels: &[bool],
    degrees: &[usize],
) -> Result<Vec<DegreeMetrics>> {
    let smaller_degree = |(u, v): Pair| degrees[u as usize].min(degrees[v as usize]);
    let of_bucket = |bucket: DegreeBucket| {
        let places = (0..pairs.len()).filter(|&at| bucket.contains(smaller_degree(pairs[at])));
        let (logits, labels): (Vec<f64>, Vec<bool>) = places.map(|at| (logits[at], labels[at])).unzip();
        let num_edges = labels.iter().filter(|&&label| label).count();
        let num_negatives = labels.len() - num_edges;
        let metrics = match num_edges > 0 && num_negatives > 0 {
            true => Some(metrics::evaluate(&logits, &labels)?),
            false => None,
        };
        Ok(DegreeMetrics { smaller_degree: bucket, num_edges, num_negatives, metrics })
    };
    BUCKETS.into_iter().map(of_bucket).collect()
}
