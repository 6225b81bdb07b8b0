//! The settings of reports and plots.

use std::fmt;

use serde::Serialize;

use vgae::Error;

use crate::Result;

/// The settings of a report, which change what is shown and not what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct ReportConfig {
    /// The layout of the embeddings in two dimensions
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = ReportConfig::default().map))]
    pub map: MapKind,
    /// The largest number of nodes on the map; of a larger graph, it shows a sample drawn with the run's seed
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "COUNT", default_value_t = ReportConfig::default().map_nodes))]
    pub map_nodes: usize,
    /// The number of predicted links in the table
    #[cfg_attr(feature = "clap", arg(long, allow_negative_numbers = true, value_name = "COUNT", default_value_t = ReportConfig::default().top))]
    pub top: usize,
}

/// The layout of embeddings in two dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum MapKind {
    /// t-SNE: keeps neighbours together; distances between groups mean little (takes seconds)
    Tsne,
    /// The two principal components (takes no time)
    Pca,
    /// No map
    None,
}

/// The content of a chart.
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
    /// Reliability diagram: the frequency of links against their predicted probability
    Calibration,
    /// Histogram of the logits of links and of non-links
    Scores,
    /// AUC and average precision by degree
    Degree,
    /// KL, or variance, of each latent dimension
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

    /// Returns `true` if one chart can show several runs.
    pub fn shows_several_runs(self) -> bool {
        use PlotKind::*;
        matches!(self, Loss | Kl | Validation | Roc | Pr | Calibration)
    }

    /// Returns an explanation of the chart for a first-time reader.
    pub fn caption(self) -> &'static str {
        match self {
            PlotKind::Loss => "The loss should fall and then level off.",
            PlotKind::Kl => "The distance of the posteriors from the prior; 0 means that nothing is encoded.",
            PlotKind::Validation => "Metrics of the validation links, which training does not see.",
            PlotKind::Roc => {
                "The share of links found against the share of non-links mistaken for links. The nearer to the upper left, the better; the area under the curve is the AUC."
            }
            PlotKind::Pr => {
                "The longer the curve stays high, the more of the best-ranked pairs are links; the area under it is the AP."
            }
            PlotKind::Calibration => {
                "Measured on as many non-links as links. On the diagonal, the predicted probabilities match the frequencies. Bins with less than 1 % of the pairs are left out."
            }
            PlotKind::Scores => {
                "The less the two overlap, the better the model separates links from non-links."
            }
            PlotKind::Degree => {
                "How well the model separates links from non-links among nodes with few and with many known edges. A bar with few pairs says little."
            }
            PlotKind::Latent => "A dimension that does not vary between nodes carries no information.",
            PlotKind::Embedding => "Nodes close to each other have similar embeddings.",
        }
    }
}

impl Default for ReportConfig {
    fn default() -> Self {
        ReportConfig { map: MapKind::Tsne, map_nodes: 3000, top: 100 }
    }
}

impl ReportConfig {
    /// The largest number of nodes on a map: a page can still draw it, and t-SNE lay it out in a minute.
    pub const MOST_MAP_NODES: usize = 20_000;
    /// The largest number of predicted links in a table.
    pub const MOST_LINKS: usize = 10_000;

    /// Checks that the settings are within their bounds.
    ///
    /// # Errors
    /// [`Error::Config`] names the setting, what was found and what was expected.
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
