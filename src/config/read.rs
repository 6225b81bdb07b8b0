//! The settings of reading.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::config::EdgeFormat;

/// The settings of reading.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "clap", command(next_help_heading = "Input"))]
#[serde(deny_unknown_fields)]
pub struct ReadConfig {
    /// Format of the edge list [default: from the extension of DATA, otherwise from its first bytes, or text]
    #[cfg_attr(feature = "clap", arg(long, value_enum))]
    #[serde(default)]
    pub format: Option<EdgeFormat>,
    /// Node features: a CSV file, `none`, or `auto` for the features in the directory DATA. Each row of the
    /// file is an id and then numbers, or the file has the header node,feature,value
    #[cfg_attr(feature = "clap", arg(long, value_name = "FILE", default_value_t))]
    pub features: FeatureSource,
    /// The column of the sources: its header, or its number, counted from 1 [default: a column with a usual
    /// header, such as `source` or `from`, otherwise the first]
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLUMN"))]
    #[serde(default)]
    pub source: Option<String>,
    /// The column of the targets: its header, or its number, counted from 1 [default: a column with a usual
    /// header, such as `target` or `to`, otherwise the second]
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLUMN"))]
    #[serde(default)]
    pub target: Option<String>,
    /// The column of edge weights: its header, or its number, counted from 1; in a file that lists nodes and edges,
    /// such as GraphML, the name of the edge data. A column with the header `weight` is used automatically
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLUMN"))]
    #[serde(alias = "weights")]
    pub weight_column: Option<String>,
    /// The data of the nodes to use as their ids, such as `label`, in a file that lists its nodes: GraphML, GEXF, GML,
    /// Pajek or JSON
    #[cfg_attr(feature = "clap", arg(long, value_name = "KEY"))]
    #[serde(default)]
    pub node_names: Option<String>,
    /// The treatment of the first row of the edge list
    #[cfg_attr(feature = "clap", arg(long, value_name = "WHEN", value_enum, default_value_t))]
    pub header: Header,
    /// Keep the direction of edges: from source to target, or in NAME.cites from the citing paper to the
    /// cited one. By default, u,v and v,u are the same edge
    #[cfg_attr(feature = "clap", arg(long))]
    pub directed: bool,
    /// Treat sources and targets as two kinds of nodes, such as users and items. Negatives and predictions
    /// are then pairs of a source and a target
    #[cfg_attr(feature = "clap", arg(long, conflicts_with = "directed"))]
    #[serde(default)]
    pub bipartite: bool,
}

impl ReadConfig {
    /// Returns the columns of source and target.
    pub fn node_columns(&self) -> NodeColumns {
        NodeColumns { source: self.source.clone(), target: self.target.clone() }
    }
}

/// The columns of the two nodes of a pair, each by its header or its number, counted from 1. By default, they
/// are found by usual headers, such as `source` and `target`, otherwise they are the first two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct NodeColumns {
    /// The column of the sources in files of pairs: its header, or its number, counted from 1 [default: a
    /// column with a usual header, such as `source` or `from`, otherwise the first]
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLUMN"))]
    pub source: Option<String>,
    /// The column of the targets in files of pairs: its header, or its number, counted from 1 [default: a
    /// column with a usual header, such as `target` or `to`, otherwise the second]
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLUMN"))]
    pub target: Option<String>,
}

/// The source of node features.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum FeatureSource {
    /// The features that come with the data, if there are any.
    #[default]
    Auto,
    /// No features: X = I.
    None,
    /// A file.
    File(PathBuf),
}

impl From<String> for FeatureSource {
    fn from(text: String) -> Self {
        match text.as_str() {
            "auto" => FeatureSource::Auto,
            "none" => FeatureSource::None,
            _ => FeatureSource::File(text.into()),
        }
    }
}

impl FromStr for FeatureSource {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Ok(text.to_string().into())
    }
}

impl fmt::Display for FeatureSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FeatureSource::Auto => f.write_str("auto"),
            FeatureSource::None => f.write_str("none"),
            FeatureSource::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl From<FeatureSource> for String {
    fn from(source: FeatureSource) -> Self {
        source.to_string()
    }
}

/// The treatment of the first row of an edge list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum Header {
    /// A header if it has usual names such as `source,target`, or names above numbers
    #[default]
    Auto,
    /// The first row is a header
    Yes,
    /// The first row is an edge
    No,
}
