//! Edges and negatives with their logits, and every figure that they give.

use crate::error::{Error, Result};
use crate::evaluate::degrees::{self, DegreeMetrics};
use crate::evaluate::metrics::{self, Calibration, Curves, Intervals, Metrics, Ranks};
use crate::evaluate::negatives::NegativeLists;
use crate::graph::Pair;
use crate::model::score::{Score, probability};

/// The edges of one part and their negatives, scored once for all figures.
///
/// AUC, AP, calibration and the figures by degree pool the negatives of all lists; ranks are among the negatives of
/// an edge's own list where it has one.
pub struct Scored {
    /// The edges, then the negatives, list after list.
    pairs: Vec<Pair>,
    logits: Vec<f64>,
    labels: Vec<bool>,
    /// The number of negatives of each edge; none where all edges share one list.
    list_lengths: Option<Vec<usize>>,
}

impl Scored {
    /// Scores m `edges` and their `negatives`. A logit for each of them.
    ///
    /// # Panics
    /// If there are lists for each edge, and not as many as edges.
    pub fn new(score: &(impl Score + ?Sized), edges: &[Pair], negatives: &NegativeLists) -> Self {
        let list_lengths = match negatives {
            NegativeLists::Shared(_) => None,
            NegativeLists::PerEdge(lists) => {
                assert_eq!(lists.len(), edges.len(), "each edge needs a list");
                Some(lists.iter().map(Vec::len).collect())
            }
        };
        let pairs = [edges, &negatives.pairs()].concat();
        let logits = score.logits(&pairs);
        let labels = (0..pairs.len()).map(|at| at < edges.len()).collect();
        Scored { pairs, logits, labels, list_lengths }
    }

    /// The number of edges, m.
    pub fn num_edges(&self) -> usize {
        self.labels.iter().filter(|&&label| label).count()
    }

    /// The number of negatives in all lists, a pair that is in two of them counted twice.
    pub fn num_negatives(&self) -> usize {
        self.pairs.len() - self.num_edges()
    }

    /// AUC and AP.
    ///
    /// # Errors
    /// As [`metrics::evaluate`].
    pub fn metrics(&self) -> Result<Metrics> {
        metrics::evaluate(&self.logits, &self.labels)
    }

    /// The logits of the edges, and those of the negatives.
    pub fn logits(&self) -> (&[f64], &[f64]) {
        self.logits.split_at(self.num_edges())
    }

    /// The ROC and the precision–recall curve.
    ///
    /// # Errors
    /// As [`Curves::of`].
    pub fn curves(&self) -> Result<Curves> {
        Curves::of(&self.logits, &self.labels)
    }

    /// Where each edge stands: among all negatives, or among those of its own list.
    ///
    /// # Errors
    /// As [`Ranks::pooled`] and [`Ranks::per_edge`].
    pub fn ranks(&self) -> Result<Ranks> {
        let (edges, mut negatives) = self.logits();
        let Some(lengths) = &self.list_lengths else { return Ranks::pooled(edges, negatives) };
        let mut list = |&length: &usize| {
            let (list, rest) = negatives.split_at(length);
            negatives = rest;
            list
        };
        let lists: Vec<&[f64]> = lengths.iter().map(&mut list).collect();
        Ranks::per_edge(edges, &lists)
    }

    /// Bootstrap intervals of AUC and AP; see [`metrics::bootstrap`].
    ///
    /// # Errors
    /// As [`metrics::bootstrap`].
    pub fn intervals(&self, num_resamples: usize, seed: u64) -> Result<Intervals> {
        metrics::bootstrap(&self.logits, &self.labels, num_resamples, seed)
    }

    /// How far sigmoid(logit) is from the share of edges among the pairs that have it, which depends on how many
    /// negatives there are for an edge.
    ///
    /// # Errors
    /// As [`metrics::calibration`].
    pub fn calibration(&self) -> Result<Calibration> {
        if let Some(index) = self.logits.iter().position(|logit| logit.is_nan()) {
            return Err(Error::NotANumber { index });
        }
        let probabilities: Vec<f64> = self.logits.iter().map(|&logit| probability(logit)).collect();
        metrics::calibration(&probabilities, &self.labels)
    }

    /// AUC and AP of the edges of each of [`crate::evaluate::BUCKETS`] against the negatives of the same bucket.
    /// `degrees`, \[n\], should be those of the training edges. O(m log m) time for m pairs.
    ///
    /// # Errors
    /// [`Error::NotANumber`] if the model has diverged.
    pub fn by_degree(&self, degrees: &[usize]) -> Result<Vec<DegreeMetrics>> {
        degrees::by_degree(&self.pairs, &self.logits, &self.labels, degrees)
    }
}
