//! The settings of reports and plots.

use std::fmt;

use serde::Serialize;

use vgae::Error;

use crate::Result;

/// The settings of a report. They change what is shown, but not the metrics.
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

/// The layout of embeddings in two dimensions.
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

/// The kind of a chart.
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
    /// Returns the name on the command line.
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

    /// Returns `true` if several runs can be drawn in one chart.
    pub fn supports_several_runs(self) -> bool {
        use PlotKind::*;
        matches!(self, Loss | Kl | Validation | Roc | Pr | Calibration)
    }

    /// Explains the chart to readers who have never seen one like it.
    pub fn caption(self) -> &'static str {
        match self {
            PlotKind::Loss => "The loss should fall and then level off.",
            PlotKind::Kl => {
                "The distance of the posteriors from the prior. At 0, the embeddings would say nothing about the nodes."
            }
            PlotKind::Validation => "Metrics of the validation part, which is not trained on.",
            PlotKind::Roc => {
                "The share of links found against the share of non-links taken for links. The nearer to the upper left corner, the better; the area below the curve is the AUC."
            }
            PlotKind::Pr => {
                "The longer the curve stays high, the more of the best-ranked pairs are links. The area below it is the AP."
            }
            PlotKind::Calibration => {
                "Predicted probabilities against the share of links, among as many non-links as links. On the diagonal, probabilities are calibrated. Bins with less than 1 % of the pairs are left out."
            }
            PlotKind::Scores => {
                "The less the two histograms overlap, the better the model separates links from non-links."
            }
            PlotKind::Degree => {
                "How well links are ranked at nodes with few and with many training edges. A bar for few pairs says little."
            }
            PlotKind::Latent => "A dimension that does not vary from node to node encodes nothing.",
            PlotKind::Embedding => "Nodes that are close together have similar embeddings.",
        }
    }
}

impl Default for ReportConfig {
    fn default() -> Self {
        ReportConfig { map: MapKind::Tsne, map_nodes: 3000, top: 100 }
    }
}

impl ReportConfig {
    /// The maximum number of nodes on a map: a page can draw as many, and t-SNE can lay them out in a minute.
    pub const MAX_MAP_NODES: usize = 20_000;
    /// The maximum number of predicted links in a table.
    pub const MAX_LINKS: usize = 10_000;

    /// Checks that the settings are within their bounds.
    ///
    /// # Errors
    /// [`Error::Config`] names the setting, what was found and what was expected.
    pub fn validate(&self) -> Result<()> {
        let check = |setting: &'static str, found: usize, maximum: usize| match (1..=maximum).contains(&found)
        {
            true => Ok(()),
            false => {
                Err(Error::config(setting, format!("`{setting}` is {found}; expected 1 to {maximum}")).into())
            }
        };
        check("report.map_nodes", self.map_nodes, Self::MAX_MAP_NODES)?;
        check("report.top", self.top, Self::MAX_LINKS)
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
