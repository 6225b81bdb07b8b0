//! What is said of the graph, its split and the loss before training.

use vgae::config::{Config, FeatureTransform, LossKind, ModelKind};
use vgae::graph::Graph;
use vgae::graph::transform;
use vgae::split;
use vgae::split::{RowSplit, Split};

use crate::cli::progress::Voice;

/// Says what was read.
pub(super) fn describe(graph: &Graph, config: &Config, voice: &Voice) {
    for note in &graph.notes {
        voice.say(format!("note: {note}"));
    }
    if config.read.directed && !config.model.model.is_directed() && !graph.edges.is_empty() {
        let model: ModelKind = config.model.model;
        voice.say(format!(
            "note: {model} learns from the edges without their directions, and scores both ways alike"
        ));
    }
    let largest = graph.features().map_or(0.0, transform::largest);
    if largest > LARGE_FEATURE && config.model.feature_transform() == FeatureTransform::None {
        voice.say(format!(
            "note: the features reach {largest}, and a column so large drowns the others: bring them to about the size \
             of 1, or try --feature-transform row"
        ));
    }
    let row_sum = graph.features().map_or(0.0, transform::mean_row_sum);
    if largest <= LARGE_FEATURE
        && row_sum > LARGE_ROW
        && config.model.feature_transform() == FeatureTransform::None
    {
        voice.say(format!(
            "note: the features of a node add up to {row_sum:.0} in the mean, and training may waver: try \
             --feature-transform row, and --features none"
        ));
    }
    if let (ModelKind::Baseline(kind), true) = (config.model.model, graph.edges.weights().is_some()) {
        voice.say(format!("note: {kind} does not look at the weights of edges"));
    }
    let features = match graph.features() {
        Some(features) => format!("{} features", features.cols()),
        None => "no features".into(),
    };
    match graph.edges.is_empty() {
        true => voice.say(format!("{} rows of {features}; no graph", graph.num_nodes())),
        false => {
            let num_nodes = graph.num_nodes();
            let nodes = match graph.edges.num_sources() {
                Some(num_sources) => format!("{num_sources} sources, {} targets", num_nodes - num_sources),
                None => format!("{num_nodes} nodes"),
            };
            let edges = if graph.edges.weights().is_some() { "weighted edges" } else { "edges" };
            voice.say(format!("{nodes}, {} {edges}, {features}", graph.edges.len()));
        }
    }
}

/// Says what the loss looks at.
pub(super) fn describe_loss(num_nodes: usize, config: &Config, voice: &Voice) {
    let model = config.model.model;
    if !model.is_network() || model == ModelKind::Vae {
        return;
    }
    let loss = config.loss().for_graph(num_nodes);
    let per_edge = match config.train.negatives_per_edge {
        1 => "a negative per edge".to_string(),
        count => format!("{count} negatives per edge"),
    };
    let what = match (loss, config.loss() == LossKind::Auto) {
        (LossKind::Reweighted, true) => format!(
            "an estimate of the exact one, which takes O(n²) time and is chosen up to {} nodes, by {per_edge}",
            LossKind::AUTO_EXACT_NODES
        ),
        (LossKind::Sampled | LossKind::Reweighted, _) => per_edge,
        (LossKind::Subgraph, _) => match config.train.subgraph_nodes {
            count if count >= num_nodes => {
                format!("all of {num_nodes} nodes that have edges, for --subgraph-nodes is {count}")
            }
            count => format!("all pairs of {count} nodes, others in each epoch"),
        },
        (LossKind::Exact | LossKind::Auto, _) if config.read.bipartite => {
            "all pairs of a source and a target".to_string()
        }
        (LossKind::Exact | LossKind::Auto, _) => "all pairs of nodes, in blocks of 128 rows".to_string(),
    };
    voice.say(format!("loss: {loss}, {what}"));
}

/// The size of features above which a note asks for smaller ones.
const LARGE_FEATURE: f32 = 100.0;

/// The sum of a node's features above which a note asks for smaller ones.
const LARGE_ROW: f64 = 100.0;

/// Held-out edges below which a metric is mostly chance.
const FEW_EDGES: usize = 50;

/// Says what is held out.
pub(super) fn describe_split(split: &Split, num_nodes: usize, config: &Config, voice: &Voice) {
    if config.model.model == ModelKind::Vae {
        let RowSplit { train, validation, test } = split::rows(num_nodes, &config.split, config.seed);
        let [train, validation, test] = [train, validation, test].map(|rows| rows.len());
        voice.say(format!("{train} rows to train on; held out: {validation} to validate, {test} to test"));
    }
    if split.train.is_empty() {
        return;
    }
    let held_out = format!(
        "held out, with as many non-edges: {} to validate, {} to test",
        split.validation.edges.len(),
        split.test.edges.len()
    );
    match config.model.model {
        ModelKind::Vae => voice.say(format!("edges {held_out}; a vae does not learn from the others")),
        _ => voice.say(format!("{} edges to train on; {held_out}", split.train.len())),
    }
    let num_test_edges = split.test.edges.len();
    if (1..FEW_EDGES).contains(&num_test_edges) {
        voice.say(format!(
            "note: few test edges ({num_test_edges}): AUC and AP will differ much from one --seed to the next"
        ));
    }
}
