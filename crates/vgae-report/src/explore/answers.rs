//! The answers of the API, serialised as JSON.

use serde::Serialize;

use vgae::config::{Calibration, ModelKind};
use vgae::evaluate::PartMetrics;

/// A node in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Named<'a> {
    /// The id.
    pub node: &'a str,
    /// The label, if the node has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<&'a str>,
    /// The position (x, y) on the map, each from −1 to 1, once `/api/map` has been requested; approximate for
    /// a node that the map does not show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<[f32; 2]>,
}

/// `/api/map`: the nodes in two dimensions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MapFacts<'a> {
    /// The layout method.
    pub kind: String,
    /// The number n of nodes, of which the map may show a sample.
    pub num_nodes: usize,
    /// The largest groups, by label or by community.
    pub groups: Vec<MapGroup<'a>>,
    /// The ids of the k nodes shown.
    pub ids: Vec<&'a str>,
    /// The x coordinate of each, from −1 to 1.
    pub x: Vec<f32>,
    /// The y coordinate of each, from −1 to 1, upwards.
    pub y: Vec<f32>,
    /// The index of each node's group in `groups`, `None` if it is in none of them.
    pub group: &'a [Option<usize>],
}

/// A group of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MapGroup<'a> {
    /// The label, or `community` and a number.
    pub name: &'a str,
    /// Number of members among all nodes.
    pub count: usize,
}

/// The part of the split that an edge is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PartName {
    /// Used for training.
    Train,
    /// Held out for making choices.
    Validation,
    /// Held out for the final evaluation.
    Test,
}

/// The kind of graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GraphKind {
    /// Edges join any two nodes, without a direction.
    Undirected,
    /// Edges lead from any node to any other.
    Directed,
    /// Edges join a source and a target, two kinds of nodes.
    Bipartite,
}

/// The kind of a node in a bipartite graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    /// One of the sources.
    Source,
    /// One of the targets.
    Target,
}

/// The direction of an edge of a directed graph, seen from a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// The edge leaves the node.
    Out,
    /// The edge arrives at the node.
    In,
}

/// `/api/run`: a description of the run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunFacts<'a> {
    /// The name of the run directory.
    pub name: &'a str,
    /// The model.
    pub model: ModelKind,
    /// The kind of graph.
    pub graph: GraphKind,
    /// The number n of nodes.
    pub num_nodes: usize,
    /// The number of sources, if the graph is bipartite.
    pub num_sources: Option<usize>,
    /// The number of edges.
    pub num_edges: usize,
    /// The number of training edges.
    pub num_train_edges: usize,
    /// The number of validation edges.
    pub num_validation_edges: usize,
    /// The number of test edges.
    pub num_test_edges: usize,
    /// The number f of features; 0 without features.
    pub num_features: usize,
    /// The metrics of the held-out parts.
    pub metrics: PartMetrics,
    /// The calibration method of the probabilities, `None` for sigmoid(logit).
    pub calibration: Option<Calibration>,
    /// The nodes with the most edges, as starting points.
    pub hubs: Vec<Named<'a>>,
}

/// `/api/nodes`: the ids that contain a text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodesFound<'a> {
    /// The text.
    pub query: &'a str,
    /// The number of ids that contain it.
    pub num_found: usize,
    /// The best of them: exact matches first, then ids that begin with the text, then the rest; shorter ids
    /// first.
    pub nodes: Vec<Named<'a>>,
}

/// `/api/score`: the score of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PairScore<'a> {
    /// The id of the source.
    pub source: &'a str,
    /// The id of the target.
    pub target: &'a str,
    /// The logit.
    pub logit: f64,
    /// The probability; calibrated if the run is.
    pub probability: f64,
    /// `true` if the pair is an edge of the graph.
    pub is_edge: bool,
    /// The part that the edge is in.
    pub part: Option<PartName>,
}

/// `/api/node/ID`: a node and its edges.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeFacts<'a> {
    /// The id and the label.
    #[serde(flatten)]
    pub named: Named<'a>,
    /// The kind of the node, if the graph is bipartite.
    pub kind: Option<NodeKind>,
    /// The number of its edges in all parts; in a directed graph, outgoing plus incoming edges.
    pub degree: usize,
    /// The number of nonzero features, `None` without features.
    pub num_features: Option<usize>,
    /// The edges with the highest logits, highest first.
    pub neighbours: Vec<Neighbour<'a>>,
}

/// An edge of a node.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Neighbour<'a> {
    /// The other end.
    #[serde(flatten)]
    pub named: Named<'a>,
    /// The direction of the edge, if the graph is directed.
    pub way: Option<Way>,
    /// The part that the edge is in.
    pub part: Option<PartName>,
    /// The logit.
    pub logit: f64,
    /// The probability; calibrated if the run is.
    pub probability: f64,
}

/// `/api/predict/ID`: the best pairs of a node that are not edges.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Predictions<'a> {
    /// The node, which is the source if the graph is directed.
    #[serde(flatten)]
    pub named: Named<'a>,
    /// The predictions, highest logit first.
    pub predictions: Vec<Prediction<'a>>,
}

/// A predicted link: a pair that is not an edge.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Prediction<'a> {
    /// The other node.
    #[serde(flatten)]
    pub named: Named<'a>,
    /// The logit.
    pub logit: f64,
    /// The probability; calibrated if the run is.
    pub probability: f64,
    /// Figures on what the two nodes share.
    pub why: Shared,
}

/// Figures on what two nodes share, over the training edges without directions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shared {
    /// The number of nodes linked with both.
    pub num_common_neighbours: usize,
    /// Σ 1 / ln d_w over the common neighbours w (Adamic & Adar 2003).
    pub adamic_adar: f64,
    /// The cosine of the two rows of X, `None` without features.
    pub feature_cosine: Option<f64>,
}

/// `/api/why`: an explanation of a pair, over the training edges without directions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Why<'a> {
    /// The source.
    pub source: Named<'a>,
    /// The target.
    pub target: Named<'a>,
    /// Figures on what they share.
    #[serde(flatten)]
    pub shared: Shared,
    /// The common neighbours with the fewest edges, which are the most informative.
    pub common_neighbours: Vec<Named<'a>>,
    /// The nodes linked with the target that share the most neighbours with the source, if the graph is
    /// bipartite and the pair can therefore have no common neighbours.
    pub alike: Option<Vec<Alike<'a>>>,
    /// The number of features they share, `None` without features.
    pub num_shared_features: Option<usize>,
    /// The shared features with the largest weights.
    pub shared_features: Vec<SharedFeature<'a>>,
    /// The number of training edges at the source.
    pub source_degree: usize,
    /// The number of training edges at the target.
    pub target_degree: usize,
    /// The length of the shortest path in edges, `None` if it exceeds [`Why::max_distance`] or there is no
    /// path.
    pub distance: Option<u32>,
    /// The longest distance searched.
    pub max_distance: u32,
}

/// A node linked with the target and similar to the source.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Alike<'a> {
    /// The node.
    #[serde(flatten)]
    pub named: Named<'a>,
    /// The number of nodes linked with both it and the source.
    pub num_common_neighbours: usize,
}

/// A feature that both nodes have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SharedFeature<'a> {
    /// The name, or the index from 0 if features have no names.
    pub feature: std::borrow::Cow<'a, str>,
    /// x_uj x_vj · ln((n + 1) / n_j), where n_j nodes have the feature: rare features weigh more.
    pub weight: f64,
    /// The value at the source.
    pub source_value: f32,
    /// The value at the target.
    pub target_value: f32,
    /// The number n_j of nodes that have the feature.
    pub num_nodes: usize,
}
