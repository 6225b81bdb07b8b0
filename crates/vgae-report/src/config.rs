//! The settings of reports and plots.

use std::fmt;

use serde::Serialize;

use vgae::Error;

use crate::Result;

/// The settings of a report, which change what is shown and not what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct ReportConfig {
    /// How to lay out the embeddings in two dimensions
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = ReportConfig::default().map))]
    pub map: MapKind,
    /// Maximum number of nodes on the map. If there are more, a random sample is shown
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "COUNT", default_value_t = ReportConfig::default().map_nodes))]
    pub map_nodes: usize,
    /// Number of predicted links in the table
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "COUNT", default_value_t = ReportConfig::default().top))]
    pub top: usize,
}

/// How embeddings are laid out in two dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum MapKind {
    /// t-SNE: keeps neighbours together, but distances between groups mean little; takes seconds
    Tsne,
    /// The first two principal components; takes no noticeable time
    Pca,
    /// No map
    None,
}

/// What a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum PlotKind {
    /// Loss and reconstruction by epoch
    Loss,
    /// KL divergence by epoch
    Kl,
    /// Validation AUC and average precision by epoch
    Validation,
    /// ROC curve of the held-out links
    Roc,
    /// Precision–recall curve of the held-out links
    Pr,
    /// Reliability diagram: the share of links by predicted probability
    Calibration,
    /// Histogram of the logits of links and of non-links
    Scores,
    /// AUC and average precision by degree
    Degree,
    /// KL divergence, or variance, of each latent dimension
    Latent,
    /// The embeddings in two dimensions
    Embedding,
}

impl PlotKind {
    /// As on the command line.
    pub fn name(self) -> &'static str {
        match self {
            PlotKind::Loss => "loss",
            PlotKind::Kl => "kl",
            PlotKind::Validation => "validation",
            PlotKind::Roc => "roc",
            PlotKind::Pr => "pr",
            PlotKind::Calibration => "calibration",
            PlotKind::Scores => "scores",
            PlotKind::Degree => "degree",
            PlotKind::Latent => "latent",
            PlotKind::Embedding => "embedding",
        }
    }

    /// Whether several runs can be drawn over one another.
    pub fn is_of_several(self) -> bool {
        use PlotKind::*;
        matches!(self, Loss | Kl | Validation | Roc | Pr | Calibration)
    }

    /// What there is to see, for who sees such a picture for the first time.
    pub fn caption(self) -> &'static str {
        match self {
            PlotKind::Loss => "What was minimised should fall and then level off.",
            PlotKind::Kl => {
                "How far the posteriors are from the prior: 0 would mean that nothing is encoded."
            }
            PlotKind::Validation => "On what was held out to validate, which training does not see.",
            PlotKind::Roc => {
                "The links found against the non-links taken for links: the nearer to the upper left, the better. Its area is the AUC."
            }
            PlotKind::Pr => {
                "The longer it stays up, the more of the best-ranked pairs are links; its area is the AP."
            }
            PlotKind::Calibration => {
                "Among as many non-links as links: on the diagonal, probabilities are what they claim. Bins of under 1 % of the pairs are left out."
            }
            PlotKind::Scores => "The less the two overlap, the better links are told from non-links.",
            PlotKind::Degree => {
                "How well pairs of nodes with few and with many known edges are told apart; a bar of few pairs says little."
            }
            PlotKind::Latent => "A dimension that does not vary from node to node says nothing.",
            PlotKind::Embedding => "Nodes that lie together are alike by their embeddings.",
        }
    }
}

impl Default for ReportConfig {
    fn default() -> Self {
        ReportConfig { map: MapKind::Tsne, map_nodes: 3000, top: 100 }
    }
}

impl ReportConfig {
    /// The nodes that a map may have at most: what a page can draw, and t-SNE lay out in a minute.
    pub const MOST_MAP_NODES: usize = 20_000;
    /// The predicted links that a table may have at most.
    pub const MOST_LINKS: usize = 10_000;

    /// Whether the settings are within their bounds.
    ///
    /// # Errors
    /// [`Error::Config`] names the flag, what was found and what was expected.
    pub fn validate(&self) -> Result<()> {
        let check = |setting: &'static str, found: usize, most: usize| match (1..=most).contains(&found) {
            true => Ok(()),
            false => {
                Err(Error::config(setting, format!("`{setting} = {found}`: expected 1 to {most}")).into())
            }
        };
        check("report.map_nodes", self.map_nodes, Self::MOST_MAP_NODES)?;
        check("report.top", self.top, Self::MOST_LINKS)
    }
}

impl fmt::Display for MapKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MapKind::Tsne => "t-SNE",
            MapKind::Pca => "PCA",
            MapKind::None => "none",
        })
    }
}
