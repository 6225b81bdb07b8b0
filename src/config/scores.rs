//! Scores without training, and transforms of the features.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The transform of the node features.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum FeatureTransform {
    /// No transform
    #[default]
    None,
    /// Divide each row by the sum of its absolute values
    Row,
    /// Weight each column by its rarity, then scale each row to norm 1
    Tfidf,
}

/// A score of pairs that is computed from the training graph without any training.
///
/// # Examples
/// ```
/// use vgae::config::{BaselineKind, ModelKind};
///
/// assert_eq!("katz".parse(), Ok(ModelKind::Baseline(BaselineKind::Katz)));
/// assert!(BaselineKind::FeatureCosine.needs_features() && BaselineKind::Katz.name() == "katz");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaselineKind {
    /// The number of common neighbours.
    CommonNeighbours,
    /// Common neighbours over all neighbours (Jaccard 1901).
    Jaccard,
    /// Common neighbours, each weighted by 1 / ln(its degree) (Adamic & Adar 2003).
    AdamicAdar,
    /// Common neighbours, each weighted by 1 / its degree (Zhou, Lü & Zhang 2009).
    ResourceAllocation,
    /// The product of the degrees (Barabási & Albert 1999).
    PreferentialAttachment,
    /// Walks of 1 to 6 steps, each step weighted by 0.05 (Katz 1953).
    Katz,
    /// Random walks that restart with probability 0.15, in both directions (Page et al. 1999).
    PersonalizedPagerank,
    /// The inner product of the 128 leading eigenvectors of Â, scaled by their eigenvalues.
    Spectral,
    /// The cosine of the features.
    FeatureCosine,
    /// The cosine of the tf-idf features after one propagation with Â.
    PropagatedCosine,
    /// The cosine of one node's tf-idf features with the other's after one propagation, both ways.
    NeighbourhoodCosine,
}

impl BaselineKind {
    /// All scores.
    pub const ALL: [BaselineKind; 11] = [
        BaselineKind::CommonNeighbours,
        BaselineKind::Jaccard,
        BaselineKind::AdamicAdar,
        BaselineKind::ResourceAllocation,
        BaselineKind::PreferentialAttachment,
        BaselineKind::Katz,
        BaselineKind::PersonalizedPagerank,
        BaselineKind::Spectral,
        BaselineKind::FeatureCosine,
        BaselineKind::PropagatedCosine,
        BaselineKind::NeighbourhoodCosine,
    ];

    /// Returns the name on the command line and in `run.json`.
    pub fn name(self) -> &'static str {
        match self {
            BaselineKind::CommonNeighbours => "common-neighbours",
            BaselineKind::Jaccard => "jaccard",
            BaselineKind::AdamicAdar => "adamic-adar",
            BaselineKind::ResourceAllocation => "resource-allocation",
            BaselineKind::PreferentialAttachment => "preferential-attachment",
            BaselineKind::Katz => "katz",
            BaselineKind::PersonalizedPagerank => "personalized-pagerank",
            BaselineKind::Spectral => "spectral",
            BaselineKind::FeatureCosine => "feature-cosine",
            BaselineKind::PropagatedCosine => "propagated-cosine",
            BaselineKind::NeighbourhoodCosine => "neighbourhood-cosine",
        }
    }

    /// Returns the description in `--help`.
    #[cfg(feature = "clap")]
    pub(super) fn help(self) -> &'static str {
        match self {
            BaselineKind::CommonNeighbours => "no training: the number of common neighbours",
            BaselineKind::Jaccard => "no training: common neighbours over all neighbours",
            BaselineKind::AdamicAdar => "no training: common neighbours weighted by 1 / ln(degree)",
            BaselineKind::ResourceAllocation => "no training: common neighbours weighted by 1 / degree",
            BaselineKind::PreferentialAttachment => "no training: the product of the degrees",
            BaselineKind::Katz => "no training: the number of walks, shorter ones weighted more",
            BaselineKind::PersonalizedPagerank => "no training: random walks that restart, both ways",
            BaselineKind::Spectral => "no training: inner product of leading eigenvectors of Â",
            BaselineKind::FeatureCosine => "no training: cosine of the features",
            BaselineKind::PropagatedCosine => "no training: cosine of tf-idf features propagated once",
            BaselineKind::NeighbourhoodCosine => {
                "no training: cosine of one node's tf-idf features with the other's propagated once"
            }
        }
    }

    /// Returns `true` if the score uses only common neighbours, of which a source and a target of a bipartite graph
    /// have none.
    pub fn counts_common_neighbours(self) -> bool {
        use BaselineKind::{AdamicAdar, CommonNeighbours, Jaccard, ResourceAllocation};
        matches!(self, CommonNeighbours | Jaccard | AdamicAdar | ResourceAllocation)
    }

    /// Returns `true` if the score compares node features.
    pub fn needs_features(self) -> bool {
        use BaselineKind::{FeatureCosine, NeighbourhoodCosine, PropagatedCosine};
        matches!(self, FeatureCosine | PropagatedCosine | NeighbourhoodCosine)
    }
}

impl fmt::Display for BaselineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
