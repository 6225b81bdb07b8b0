//! Scores that need no training. They measure how similar two nodes are by their neighbours, by the walks
//! between them, or by their features. They use the training edges without their weights, and no other edges.

mod adjacency;
mod by_degree;
mod by_source;
mod closed_form;
mod dense;
mod rows;
mod short_walks;
mod similar;
mod spectral;
mod spread;
mod topology;
mod walks;

use std::sync::Arc;

use crate::config::{BaselineKind, FeatureTransform};
use crate::error::{Error, Result};
use crate::graph::normalize;
use crate::graph::transform::transform;
use crate::graph::{Csr, EdgeList, Features, Pair};
pub use adjacency::Adjacency;
use by_degree::ByDegree;
use by_source::{BlockScore, score_by_source};
use rows::{RowProduct, Rows};
use spectral::Spectral;
use topology::{CommonNeighbours, NodeValues};
use walks::Walks;

pub use closed_form::ClosedForm;
pub(crate) use spread::MAX_ENTRIES;

/// A training-free score of pairs, ready to use. A higher score means a likelier link; each score has its own
/// scale.
///
/// A is the adjacency of the training edges without their weights, d its row sums, Â = D^-½ (A + I) D^-½ with
/// D the row sums of A + I, and N(u) the neighbours of u:
///
/// | kind | score of (u, v) |
/// |---|---|
/// | common neighbours | \|N(u) ∩ N(v)\| |
/// | Jaccard | \|N(u) ∩ N(v)\| / \|N(u) ∪ N(v)\|, 0 without neighbours |
/// | Adamic–Adar | Σ 1 / ln d_w over w in N(u) ∩ N(v) (Adamic & Adar 2003, *Friends and neighbors on the Web*) |
/// | resource allocation | Σ 1 / d_w over w in N(u) ∩ N(v) (Zhou, Lü & Zhang 2009, *Predicting missing links via local information*, eq. 11) |
/// | preferential attachment | d_u d_v |
/// | Katz | Σ 0.05ˡ (Aˡ)_uv over l = 1 … 6 (Katz 1953, with the infinite sum truncated) |
/// | personalised PageRank | w_v from u plus w_u from v, after 30 steps of w ← 0.15 e_u + 0.85 A D⁻¹ w (Page et al. 1999) |
/// | spectral | Σ max(w_i, 0)² (x_i)_u (x_i)_v over min(128, n − 2) leading eigenpairs of Â, and one more for each component beyond the first |
/// | feature cosine | cosine of the rows of X |
/// | propagated cosine | cosine of y, the rows of Y = Â · tfidf(X) (propagation as in Wu et al. 2019, *Simplifying graph convolutional networks*) |
/// | neighbourhood cosine | mean of cos(x_u, y_v) and cos(x_v, y_u), x the rows of tfidf(X) |
///
/// The cosine with a row of zeros is 0.
///
/// # Examples
/// ```
/// use vgae::model::baseline::Baseline;
/// use vgae::config::BaselineKind;
/// use vgae::graph::EdgeList;
///
/// let train = EdgeList::new(4, vec![(0, 1), (0, 2), (3, 1), (3, 2)], None).0;
/// let jaccard = Baseline::new(BaselineKind::Jaccard, &train, None, 0)?;
/// assert_eq!(jaccard.scores(&[(0, 3), (0, 1)]), [1.0, 0.0]);
/// # Ok::<(), vgae::Error>(())
/// ```
pub struct Baseline {
    score: Box<dyn BlockScore>,
    num_nodes: usize,
}

impl Baseline {
    /// Prepares the score `kind` from the training edges and, if it needs them, the raw features X, [n, f].
    /// Only the spectral score uses `seed`, for the random start of its iteration.
    ///
    /// Most scores take O(n + m log m) time, and the propagated cosine O(nonzeros · mean degree). The
    /// spectral score takes O(128 · (n + m)) time for each of a few hundred steps, and O(128 n) memory.
    ///
    /// # Errors
    /// [`Error::Config`] if the score compares features and there are none.
    pub fn new(kind: BaselineKind, train: &EdgeList, features: Option<&Features>, seed: u64) -> Result<Self> {
        let train = &*train.undirected();
        let adjacency = Arc::new(Adjacency::new(train));
        let features = || {
            features.ok_or_else(|| {
                let problem = format!(
                    "{kind} compares node features, but there are none; hint: give `read.features`, or choose a \
                     score of the graph alone, such as {}",
                    BaselineKind::AdamicAdar
                );
                Error::config("read.features", problem)
            })
        };
        let by_degree = || Arc::new(ByDegree::new(&adjacency));
        let score: Box<dyn BlockScore> = match kind {
            BaselineKind::CommonNeighbours => Box::new(common_neighbours(&adjacency)),
            BaselineKind::Jaccard => Box::new(jaccard(&adjacency)),
            BaselineKind::AdamicAdar => Box::new(adamic_adar(&adjacency)),
            BaselineKind::ResourceAllocation => Box::new(resource_allocation(&adjacency)),
            BaselineKind::PreferentialAttachment => Box::new(NodeValues::degrees(&adjacency, |u, v| u * v)),
            BaselineKind::Katz => Box::new(Walks::<f64>::katz(&by_degree(), 0.05, 6)),
            BaselineKind::PersonalizedPagerank => Box::new(Walks::<f64>::pagerank(&by_degree(), 0.15, 30)),
            BaselineKind::Spectral => Box::new(Spectral::new(&adjacency, seed)),
            BaselineKind::FeatureCosine => Box::new(RowProduct::within(&Arc::new(Rows::normalized(
                features()?.to_sparse().into_owned(),
            )))),
            BaselineKind::PropagatedCosine => {
                let propagated = &unweighted_adj_norm(train) * &tfidf(features()?);
                Box::new(RowProduct::within(&Arc::new(Rows::normalized(propagated))))
            }
            BaselineKind::NeighbourhoodCosine => {
                let own = tfidf(features()?);
                let propagated = &unweighted_adj_norm(train) * &own;
                let [own, propagated] = [own, propagated].map(|rows| Arc::new(Rows::normalized(rows)));
                Box::new(RowProduct::between(&own, &propagated))
            }
        };
        Ok(Baseline { score, num_nodes: train.num_nodes() })
    }

    /// Returns the scores of m `pairs`, in their order. A pair's score depends neither on the other pairs nor
    /// on the number of threads. The scores of (u, v) and (v, u) may differ by rounding.
    ///
    /// The work for a first node is done once for all pairs that share it. It takes O(steps · (n + m)) time
    /// for scores of walks, and about the length of the node's row for the others. Each pair then takes O(1)
    /// time (walks, degrees) or one pass over a row: the neighbours, the features, or the entries of the 128
    /// eigenvectors.
    pub fn scores(&self, pairs: &[Pair]) -> Vec<f64> {
        score_by_source(pairs, 1, |block, _| self.score.scores(block))
    }
}

impl Baseline {
    /// Returns the scores of `sources` with all n nodes; see [`crate::model::score::Score::rows`].
    pub(crate) fn rows(&self, sources: &[u32]) -> Vec<f64> {
        self.score.rows(sources, self.num_nodes)
    }
}

fn common_neighbours(adjacency: &Arc<Adjacency>) -> CommonNeighbours {
    CommonNeighbours::new(adjacency, |_| 1.0, |sum, _, _| sum)
}

fn jaccard(adjacency: &Arc<Adjacency>) -> CommonNeighbours {
    CommonNeighbours::new(adjacency, |_| 1.0, |sum, u, v| sum / (u + v - sum).max(1.0))
}

/// Prepares the Adamic–Adar score. A common neighbour of two distinct nodes has degree 2 or more; the weight
/// 0 for lower degrees prevents a division by ln 1 when a node is paired with itself.
fn adamic_adar(adjacency: &Arc<Adjacency>) -> CommonNeighbours {
    let weight = |degree: f64| if degree > 1.0 { 1.0 / degree.ln() } else { 0.0 };
    CommonNeighbours::new(adjacency, weight, |sum, _, _| sum)
}

fn resource_allocation(adjacency: &Arc<Adjacency>) -> CommonNeighbours {
    CommonNeighbours::new(adjacency, |degree| 1.0 / degree.max(1.0), |sum, _, _| sum)
}

/// Returns the tf-idf features, [n, f].
fn tfidf(features: &Features) -> Csr {
    transform(features, FeatureTransform::Tfidf).to_sparse().into_owned()
}

/// Returns Â of the edges, ignoring their weights.
fn unweighted_adj_norm(edges: &EdgeList) -> Csr {
    normalize::symmetric(&EdgeList::new(edges.num_nodes(), edges.pairs().to_vec(), None).0)
}
