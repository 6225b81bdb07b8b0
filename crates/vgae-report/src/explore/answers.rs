//! What is answered, as it becomes JSON.

use serde::Serialize;

use vgae::config::{Calibration, ModelKind};
use vgae::evaluate::PartMetrics;

/// A node of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Named<'a> {
    /// Its id.
    pub node: &'a str,
    /// Its label, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<&'a str>,
    /// Its x and y on the map, within −1 and 1, once `/api/map` was asked for; of a node that the map does not show, about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<[f32; 2]>,
}

/// `/api/map`: the nodes in two dimensions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MapFacts<'a> {
    /// How they were laid out.
    pub kind: String,
    /// n, of which the map may show a sample.
    pub num_nodes: usize,
    /// The largest groups, by label or by community.
    pub groups: Vec<MapGroup<'a>>,
    /// The k nodes shown.
    pub ids: Vec<&'a str>,
    /// Of each, within −1 and 1.
    pub x: Vec<f32>,
    /// Of each, within −1 and 1, upwards.
    pub y: Vec<f32>,
    /// Of each its place in `groups`, if it is in one of them.
    pub group: &'a [Option<usize>],
}

/// A group of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MapGroup<'a> {
    /// Its label, or `community` and a number.
    pub name: &'a str,
    /// How many of all nodes are in it.
    pub count: usize,
}

/// The part of the split that an edge is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PartName {
    /// The model saw it.
    Train,
    /// Held out for choosing.
    Validation,
    /// Held out for the figure at the end.
    Test,
}

/// How the graph's edges join its nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GraphKind {
    /// Any two nodes, without a direction.
    Undirected,
    /// Any two nodes, from the source to the target.
    Directed,
    /// A source with a target, two kinds of nodes.
    Bipartite,
}

/// Which of the two kinds of a bipartite graph a node is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    /// A source.
    Source,
    /// A target.
    Target,
}

/// Which way an edge of a directed graph goes, seen from a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// It leaves the node.
    Out,
    /// It reaches the node.
    In,
}

/// `/api/run`: what the run is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunFacts<'a> {
    /// Its directory's name.
    pub name: &'a str,
    /// The model.
    pub model: ModelKind,
    /// How edges join nodes.
    pub graph: GraphKind,
    /// n.
    pub num_nodes: usize,
    /// Of a bipartite graph, how many of them are sources.
    pub num_sources: Option<usize>,
    /// Edges.
    pub num_edges: usize,
    /// Edges that training saw.
    pub num_train_edges: usize,
    /// Edges held out for validation.
    pub num_validation_edges: usize,
    /// Edges held out for the test.
    pub num_test_edges: usize,
    /// f; 0 without features.
    pub num_features: usize,
    /// AUC and AP of the held-out parts.
    pub metrics: PartMetrics,
    /// How probabilities are calibrated; none for sigmoid(logit).
    pub calibration: Option<Calibration>,
    /// The nodes of the most edges, to begin with.
    pub hubs: Vec<Named<'a>>,
}

/// `/api/nodes`: ids that contain a text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodesFound<'a> {
    /// The text.
    pub query: &'a str,
    /// How many ids contain it.
    pub num_found: usize,
    /// The best of them: the id itself, then those that begin so, then others, the shorter first.
    pub nodes: Vec<Named<'a>>,
}

/// `/api/score`: a pair.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PairScore<'a> {
    /// The source's id.
    pub source: &'a str,
    /// The target's id.
    pub target: &'a str,
    /// The logit.
    pub logit: f64,
    /// The probability; calibrated if the run is.
    pub probability: f64,
    /// Whether it is an edge of the graph.
    pub is_edge: bool,
    /// The part that the edge is in.
    pub part: Option<PartName>,
}

/// `/api/node/ID`: a node and its edges.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeFacts<'a> {
    /// Its id and label.
    #[serde(flatten)]
    pub named: Named<'a>,
    /// In a bipartite graph, which kind it is of.
    pub kind: Option<NodeKind>,
    /// Its edges, of all parts; of directed ones those that leave it and those that reach it.
    pub degree: usize,
    /// How many features of it are not zero; none without features.
    pub num_features: Option<usize>,
    /// The first of its edges, those with the highest logits first.
    pub neighbours: Vec<Neighbour<'a>>,
}

/// An edge of a node.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Neighbour<'a> {
    /// The other end.
    #[serde(flatten)]
    pub named: Named<'a>,
    /// In a directed graph, which way it goes.
    pub way: Option<Way>,
    /// The part that the edge is in.
    pub part: Option<PartName>,
    /// The logit.
    pub logit: f64,
    /// The probability; calibrated if the run is.
    pub probability: f64,
}

/// `/api/predict/ID`: the node's best pairs that are no edges.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Predictions<'a> {
    /// The node: the source where edges have directions.
    #[serde(flatten)]
    pub named: Named<'a>,
    /// Highest logit first.
    pub predictions: Vec<Prediction<'a>>,
}

/// A pair that is no edge.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Prediction<'a> {
    /// The other node.
    #[serde(flatten)]
    pub named: Named<'a>,
    /// The logit.
    pub logit: f64,
    /// The probability; calibrated if the run is.
    pub probability: f64,
    /// What the pair shares.
    pub why: Shared,
}

/// What two nodes share, in figures. Edges are those of training, whatever their directions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shared {
    /// Nodes linked with both.
    pub num_common_neighbours: usize,
    /// Σ 1 / ln d_w over them (Adamic & Adar 2003).
    pub adamic_adar: f64,
    /// The cosine of the rows of X; none without features.
    pub feature_cosine: Option<f64>,
}

/// `/api/why`: what speaks for a pair. Edges are those of training, whatever their directions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Why<'a> {
    /// The source.
    pub source: Named<'a>,
    /// The target.
    pub target: Named<'a>,
    /// What they share, in figures.
    #[serde(flatten)]
    pub shared: Shared,
    /// The common neighbours of the fewest edges, which say the most.
    pub common_neighbours: Vec<Named<'a>>,
    /// In a bipartite graph, where there are no common neighbours: the nodes linked with the target that share
    /// the most neighbours with the source.
    pub alike: Option<Vec<Alike<'a>>>,
    /// How many features they share; none without features.
    pub num_shared_features: Option<usize>,
    /// The shared features of the largest weights.
    pub shared_features: Vec<SharedFeature<'a>>,
    /// Training edges at the source.
    pub source_degree: usize,
    /// Training edges at the target.
    pub target_degree: usize,
    /// Edges on the shortest path; none if it has more than [`Why::max_distance`] or there is none.
    pub distance: Option<u32>,
    /// How far was looked.
    pub max_distance: u32,
}

/// A node that is linked with the target, and like the source.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Alike<'a> {
    /// The node.
    #[serde(flatten)]
    pub named: Named<'a>,
    /// Nodes that it and the source are both linked with.
    pub num_common_neighbours: usize,
}

/// A feature that both nodes have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SharedFeature<'a> {
    /// Its name, or, where features have none, its number, from 0.
    pub feature: std::borrow::Cow<'a, str>,
    /// x_uj x_vj · ln((n + 1) / n_j), n_j being the nodes that have the feature: rare ones say more.
    pub weight: f64,
    /// Its value in the source.
    pub source_value: f32,
    /// Its value in the target.
    pub target_value: f32,
    /// n_j.
    pub num_nodes: usize,
}
