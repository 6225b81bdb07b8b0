//! The closed-form scores that the logistic regression of a stack combines.

use std::sync::Arc;

use ndarray::Array2;

use super::adjacency::Adjacency;
use super::by_degree::ByDegree;
use super::by_source::{Block, BlockScore, score_by_source};
use super::rows::{RowProduct, Rows};
use super::short_walks::ShortWalks;
use super::similar::{BestMatch, Similar};
use super::spectral::Spectral;
use super::spread::propagated;
use super::topology::NodeValues;
use super::walks::Walks;
use super::{adamic_adar, resource_allocation, tfidf, unweighted_adj_norm};
use crate::error::Result;
use crate::graph::{EdgeList, Features, Pair};

/// The columns for a graph with features, in order.
const WITH_FEATURES: [&str; 13] = [
    "log-katz",
    "log-pagerank",
    "log-degree-sum",
    "log-degree-minimum",
    "log-neighbour-degree-sum",
    "cosine",
    "propagated-cosine",
    "twice-propagated-cosine",
    "neighbourhood-cosine",
    "spread-cosine",
    "best-match",
    "hubness-sum",
    "similar-neighbours",
];

/// The columns for a graph without features, in order.
const WITHOUT_FEATURES: [&str; 11] = [
    "log-katz",
    "log-pagerank",
    "log-degree-sum",
    "log-degree-minimum",
    "log-neighbour-degree-sum",
    "log-resource-allocation",
    "log-paths-of-three",
    "log-random-walk",
    "log-propagation",
    "root-spectral",
    "same-component",
];

/// Closed-form scores of pairs, ready to use. Heavy-tailed scores are given as a logarithm or a root.
///
/// In a graph of more than 50,000 nodes, walks and PageRank take at most three steps, and the spectral score has 24
/// eigenvectors in place of 128.
///
/// All use the training edges without their weights. In the notation of [`Baseline`](super::Baseline):
///
/// | column | value for (u, v) | with features | without |
/// |---|---|---|---|
/// | log-katz | ln(1e-6 + Σ 0.05ˡ (Aˡ)_uv over l = 1 … 5) | yes | yes |
/// | log-pagerank | ln(1e-6 + personalised PageRank) | yes | yes |
/// | log-degree-sum | ln(1 + d_u) + ln(1 + d_v) | yes | yes |
/// | log-degree-minimum | ln(1 + min(d_u, d_v)) | yes | yes |
/// | log-neighbour-degree-sum | ln(1 + a_u) + ln(1 + a_v), a the mean degree of the neighbours | yes | yes |
/// | cosine | cosine of x, the rows of tfidf(X) | yes | |
/// | propagated-cosine | cosine of y, the rows of Â · tfidf(X) | yes | |
/// | twice-propagated-cosine | cosine of the rows of Â² · tfidf(X) | yes | |
/// | neighbourhood-cosine | mean of cos(x_u, y_v) and cos(x_v, y_u) | yes | |
/// | spread-cosine | cosine of the rows of Σ 0.15 · 0.85ᵏ Âᵏ · tfidf(X) over k = 0 … 10 | yes | |
/// | best-match | mean over both directions of max cos(x_u, x_w) over w in N(v) | yes | |
/// | hubness-sum | h_u + h_v, h the mean cosine with the ten most similar nodes | yes | |
/// | similar-neighbours | Adamic–Adar where each node is linked with the ten most similar ones | yes | |
/// | log-resource-allocation | ln(1e-3 + resource allocation) | | yes |
/// | log-paths-of-three | ln(1e-3 + Σ 1/√(d_w d_x) over the paths u–w–x–v) (Kovács et al. 2019) | | yes |
/// | log-random-walk | ln(1e-6 + ((A D⁻¹)³)_vu / d_v) | | yes |
/// | log-propagation | ln(1e-6 + (Â³)_uv) | | yes |
/// | root-spectral | cube root of the spectral score | | yes |
/// | same-component | 1 if a path joins u and v, else 0 | | yes |
///
/// # Examples
/// ```
/// use vgae::model::baseline::ClosedForm;
/// use vgae::graph::EdgeList;
///
/// let train = EdgeList::new(4, vec![(0, 1), (1, 2), (2, 3)], None).0;
/// let closed_form = ClosedForm::new(&train, None, 0)?;
/// let scores = closed_form.scores(&[(0, 2), (0, 3)]);
/// assert_eq!(scores.dim(), (2, closed_form.names().len()));
/// # Ok::<(), vgae::Error>(())
/// ```
pub struct ClosedForm {
    names: &'static [&'static str],
    columns: Vec<Column>,
}

/// The size of a graph, which decides how far its walks go.
#[derive(Clone, Copy)]
enum Size {
    Usual,
    Large,
}

impl Size {
    fn of(adjacency: &Adjacency) -> Self {
        if adjacency.num_nodes() > ClosedForm::MAX_WALKED { Size::Large } else { Size::Usual }
    }
}

/// Returns Katz's score, personalised PageRank, paths of three, random walks and propagation.
fn walks(adjacency: &Arc<Adjacency>, size: Size) -> [Box<dyn BlockScore>; 5] {
    match size {
        Size::Usual => {
            let graph = Arc::new(ByDegree::new(adjacency));
            [
                Box::new(Walks::<f32>::katz(&graph, 0.05, 5)),
                Box::new(Walks::<f32>::pagerank(&graph, 0.15, 30)),
                Box::new(Walks::<f32>::paths_of_three(&graph)),
                Box::new(Walks::<f32>::random_walk(&graph, 3)),
                Box::new(Walks::<f32>::propagation(&graph, 3)),
            ]
        }
        Size::Large => ShortWalks::new(adjacency, 0.05, 0.15).scores(),
    }
}

/// A score and the function that compresses its scale.
struct Column {
    score: Box<dyn BlockScore>,
    rescale: fn(f64) -> f64,
}

impl ClosedForm {
    /// Prepares the scores from the training edges and the raw features X, [n, f]. Only the spectral score
    /// uses `seed`.
    ///
    /// With features it takes O(nonzeros · mean degree²) time and at most O(n·f) memory; without them it
    /// costs the same as [`Baseline::new`](super::Baseline::new) for the spectral score.
    ///
    /// # Errors
    /// Never fails at present. The return type leaves room to reject features that do not fit the graph.
    pub fn new(train: &EdgeList, features: Option<&Features>, seed: u64) -> Result<Self> {
        let adjacency = Arc::new(Adjacency::new(train));
        let size = Size::of(&adjacency);
        let [katz, pagerank, paths_of_three, random_walk, propagation] = walks(&adjacency, size);
        let mut columns = vec![
            Column { score: katz, rescale: |score| (1e-6 + score).ln() },
            Column { score: pagerank, rescale: |score| (1e-6 + score).ln() },
            column(NodeValues::degrees(&adjacency, |u, v| u + v).rescaled(f64::ln_1p), |score| score),
            column(NodeValues::degrees(&adjacency, f64::min).rescaled(f64::ln_1p), |score| score),
            column(NodeValues::neighbour_degrees(&adjacency, |u, v| u + v).rescaled(f64::ln_1p), |score| {
                score
            }),
        ];
        let Some(features) = features else {
            let spectral = match size {
                Size::Usual => Spectral::new(&adjacency, seed),
                Size::Large => Spectral::rough(&adjacency, seed),
            };
            columns.extend([
                column(resource_allocation(&adjacency), |score| (1e-3 + score).ln()),
                Column { score: paths_of_three, rescale: |score| (1e-3 + score).ln() },
                Column { score: random_walk, rescale: |score| (1e-6 + score).ln() },
                Column { score: propagation, rescale: |score| (1e-6 + score).ln() },
                column(spectral, f64::cbrt),
                column(NodeValues::same_component(&adjacency), |score| score),
            ]);
            return Ok(ClosedForm { names: &WITHOUT_FEATURES, columns });
        };
        let adj_norm = unweighted_adj_norm(train);
        let own = tfidf(features);
        let once = &adj_norm * &own;
        let [twice, spread] = propagated(&adj_norm, &own, &once).map(Arc::new);
        let [own, once] = [own, once].map(|rows| Arc::new(Rows::normalized(rows)));
        let similar = Similar::new(&own);
        let similar_nodes = Arc::new(Adjacency::new(&similar.edges));
        columns.extend([
            column(RowProduct::within(&own), |score| score),
            column(RowProduct::within(&once), |score| score),
            column(RowProduct::within(&twice), |score| score),
            column(RowProduct::between(&own, &once), |score| score),
            column(RowProduct::within(&spread), |score| score),
            column(BestMatch::new(&own, &adjacency), |score| score),
            column(similar.hubness_sum(), |score| score),
            column(adamic_adar(&similar_nodes), f64::ln_1p),
        ]);
        Ok(ClosedForm { names: &WITH_FEATURES, columns })
    }

    /// Returns the scores in column `column` of `sources` with all n nodes, source after source:
    /// those of [`ClosedForm::scores`] up to rounding, in less time.
    pub(crate) fn rows(&self, column: usize, sources: &[u32], num_nodes: usize) -> Vec<f64> {
        let Column { score, rescale } = &self.columns[column];
        score.rows(sources, num_nodes).into_iter().map(rescale).collect()
    }

    /// The most nodes of a graph in which walks from every node may go through all others.
    pub(crate) const MAX_WALKED: usize = 50_000;

    /// k, the number of columns, for a graph with features and for one without.
    pub(crate) const NUM_COLUMNS: [usize; 2] = [WITH_FEATURES.len(), WITHOUT_FEATURES.len()];

    /// Returns the names of the k columns.
    pub fn names(&self) -> &'static [&'static str] {
        self.names
    }

    /// Returns the scores of m `pairs`, [m, k]. A pair's scores depend neither on the other pairs nor on the
    /// number of threads. The scores of (u, v) and (v, u) may differ by rounding.
    /// [`Baseline::scores`](super::Baseline::scores) states the cost.
    pub fn scores(&self, pairs: &[Pair]) -> Array2<f64> {
        let width = self.columns.len();
        let scores = score_by_source(pairs, width, |block, _| self.block_scores(block));
        Array2::from_shape_vec((pairs.len(), width), scores).expect("each pair has a score in each column")
    }

    /// Returns a number for each of m `pairs`, which `combine` computes from the pair's place and its k scores. It
    /// takes less memory than all scores at once.
    pub(crate) fn combined(&self, pairs: &[Pair], combine: impl Fn(usize, &[f64]) -> f64 + Sync) -> Vec<f64> {
        score_by_source(pairs, 1, |block, places| {
            let rows = self.block_scores(block);
            places
                .iter()
                .zip(rows.chunks_exact(self.columns.len()))
                .map(|(&at, row)| combine(at, row))
                .collect()
        })
    }

    /// Returns the k scores of each query of a block, row after row.
    fn block_scores(&self, block: &Block) -> Vec<f64> {
        let width = self.columns.len();
        let mut rows = vec![0.0; block.queries.len() * width];
        for (at, Column { score, rescale }) in self.columns.iter().enumerate() {
            let column = rows.iter_mut().skip(at).step_by(width);
            column.zip(score.scores(block)).for_each(|(row, score)| *row = rescale(score));
        }
        rows
    }
}

fn column(score: impl BlockScore + 'static, rescale: fn(f64) -> f64) -> Column {
    Column { score: Box::new(score), rescale }
}
