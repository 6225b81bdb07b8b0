//! Scores edges and negatives once, and computes every metric from their logits.

use crate::error::{Error, Result};
use crate::evaluate::degrees::{self, DegreeMetrics};
use crate::evaluate::metrics::{self, Calibration, Curves, Intervals, LinkRanks, Metrics, Ranks};
use crate::evaluate::negatives::NegativeLists;
use crate::graph::Pair;
use crate::model::score::{Score, probability};
use crate::split::HeldOut;

/// The edges of one part and their negatives, scored once for all metrics.
///
/// AUC, AP, calibration and the metrics by degree use the negatives of all lists together, or those that the edges of
/// a split share. Ranks use the negatives of the edge's own list if it has one.
pub struct Scored {
    /// The edges, then the negatives, list after list.
    pairs: Vec<Pair>,
    logits: Vec<f64>,
    labels: Vec<bool>,
    lists: Lists,
}

/// The negatives that an edge is ranked among.
enum Lists {
    /// All of them.
    Shared,
    /// Consecutive ones; the number of each edge.
    Consecutive(Vec<usize>),
    /// Further ones; the logits of each edge.
    Further(Vec<Vec<f64>>),
}

impl Scored {
    /// Scores m `edges` and their `negatives`, which takes one logit for each of them.
    ///
    /// # Panics
    /// Panics if the negatives are per edge and the number of lists is not m.
    pub fn new(score: &(impl Score + ?Sized), edges: &[Pair], negatives: &NegativeLists) -> Self {
        let lists = match negatives {
            NegativeLists::Shared(_) => Lists::Shared,
            NegativeLists::PerEdge(lists) => {
                assert_eq!(lists.len(), edges.len(), "each edge needs a list");
                Lists::Consecutive(lists.iter().map(Vec::len).collect())
            }
        };
        let pairs = [edges, &negatives.pairs()].concat();
        let logits = score.logits(&pairs);
        let labels = (0..pairs.len()).map(|at| at < edges.len()).collect();
        Scored { pairs, logits, labels, lists }
    }

    /// Scores the edges of `part`, the negatives that they share, and the negatives of each edge, if there are any:
    /// edges are then ranked among these.
    pub fn of_part(score: &(impl Score + ?Sized), part: &HeldOut) -> Self {
        let (pairs, labels) = (part.pairs(), part.labels());
        let logits = score.logits(&pairs);
        let lists = match &part.by_link {
            None => Lists::Shared,
            Some(lists) => {
                let mut further = score.logits(&lists.concat()).into_iter();
                Lists::Further(lists.iter().map(|list| further.by_ref().take(list.len()).collect()).collect())
            }
        };
        Scored { pairs, logits, labels, lists }
    }

    /// Returns the number of edges, m.
    pub fn num_edges(&self) -> usize {
        self.labels.iter().filter(|&&label| label).count()
    }

    /// Returns the number of negatives in all lists; a pair in two lists counts twice.
    pub fn num_negatives(&self) -> usize {
        self.pairs.len() - self.num_edges()
    }

    /// Computes the AUC and AP, and the ranks among the negatives of each edge of a part that has them.
    ///
    /// # Errors
    /// Returns the errors of [`metrics::evaluate`] and [`Scored::ranks`].
    pub fn metrics(&self) -> Result<Metrics> {
        let metrics = metrics::evaluate(&self.logits, &self.labels)?;
        let by_link = match &self.lists {
            Lists::Further(_) => Some(LinkRanks::new(&self.ranks()?)),
            Lists::Shared | Lists::Consecutive(_) => None,
        };
        Ok(Metrics { by_link, ..metrics })
    }

    /// Returns the logits of the edges and those of the negatives.
    pub fn logits(&self) -> (&[f64], &[f64]) {
        self.logits.split_at(self.num_edges())
    }

    /// Computes the ROC and precision–recall curves.
    ///
    /// # Errors
    /// Returns the errors of [`Curves::compute`].
    pub fn curves(&self) -> Result<Curves> {
        Curves::compute(&self.logits, &self.labels)
    }

    /// Ranks each edge among all negatives, or among those of its own list if it has one.
    ///
    /// # Errors
    /// Returns the errors of [`Ranks::pooled`] or [`Ranks::per_edge`].
    pub fn ranks(&self) -> Result<Ranks> {
        let (edges, mut negatives) = self.logits();
        let lists: Vec<&[f64]> = match &self.lists {
            Lists::Shared => return Ranks::pooled(edges, negatives),
            Lists::Further(lists) => lists.iter().map(Vec::as_slice).collect(),
            Lists::Consecutive(lengths) => {
                let mut list = |&length: &usize| {
                    let (list, rest) = negatives.split_at(length);
                    negatives = rest;
                    list
                };
                lengths.iter().map(&mut list).collect()
            }
        };
        Ranks::per_edge(edges, &lists)
    }

    /// Computes bootstrap intervals of the AUC and AP; see [`metrics::bootstrap`].
    ///
    /// # Errors
    /// Returns the errors of [`metrics::bootstrap`].
    pub fn intervals(&self, num_resamples: usize, seed: u64) -> Result<Intervals> {
        metrics::bootstrap(&self.logits, &self.labels, num_resamples, seed)
    }

    /// Measures how far sigmoid(logit) is from the actual share of edges among pairs with that probability.
    /// The result depends on the number of negatives per edge.
    ///
    /// # Errors
    /// Returns the errors of [`metrics::calibration`].
    pub fn calibration(&self) -> Result<Calibration> {
        if let Some(index) = self.logits.iter().position(|logit| logit.is_nan()) {
            return Err(Error::NotANumber { index });
        }
        let probabilities: Vec<f64> = self.logits.iter().map(|&logit| probability(logit)).collect();
        metrics::calibration(&probabilities, &self.labels)
    }

    /// Computes the AUC and AP of the edges in each of [`crate::evaluate::BUCKETS`] against the negatives in
    /// the same bucket. `degrees`, \[n\], should be those of the training edges. O(m log m) time for m pairs.
    ///
    /// # Errors
    /// [`Error::NotANumber`] if the model has diverged.
    pub fn by_degree(&self, degrees: &[usize]) -> Result<Vec<DegreeMetrics>> {
        degrees::by_degree(&self.pairs, &self.logits, &self.labels, degrees)
    }
}
