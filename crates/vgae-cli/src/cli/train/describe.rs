//! Prints a description of the graph, its split and the loss before training.

use vgae::config::{Config, FeatureTransform, LossKind, ModelKind};
use vgae::evaluate::metrics::Interval;
use vgae::evaluate::ranking::RankingMetrics;
use vgae::graph::Graph;
use vgae::graph::transform;
use vgae::split;
use vgae::split::{RowSplit, Split};

use crate::cli::progress::Reporter;

/// Prints what was read.
pub(super) fn describe(graph: &Graph, config: &Config, reporter: &Reporter) {
    for note in &graph.notes {
        reporter.note(note);
    }
    if config.read.directed && !config.model.model.is_directed() && !graph.edges.is_empty() {
        let model: ModelKind = config.model.model;
        reporter
            .note(format!("{model} ignores the directions of the edges and scores both directions alike"));
    }
    let largest = graph.features().map_or(0.0, transform::largest);
    if largest > LARGE_FEATURE && config.model.feature_transform() == FeatureTransform::None {
        reporter.note(format!(
            "the largest feature is {largest}, and columns with such large values outweigh the others; scale them \
             to about 1, or try --feature-transform row"
        ));
    }
    let row_sum = graph.features().map_or(0.0, transform::mean_row_sum);
    if largest <= LARGE_FEATURE
        && row_sum > LARGE_ROW
        && config.model.feature_transform() == FeatureTransform::None
    {
        reporter.note(format!(
            "the features of a node add up to {row_sum:.0} on average, which may make training unstable; try \
             --feature-transform row or --features none"
        ));
    }
    if let (ModelKind::Baseline(kind), true) = (config.model.model, graph.edges.weights().is_some()) {
        reporter.note(format!("{kind} ignores edge weights"));
    }
    let features = match graph.features() {
        Some(features) => format!("{} features", features.cols()),
        None => "no features".into(),
    };
    match graph.edges.is_empty() {
        true => reporter.info(format!("{} rows of {features}; no graph", graph.num_nodes())),
        false => {
            let num_nodes = graph.num_nodes();
            let nodes = match graph.edges.num_sources() {
                Some(num_sources) => format!("{num_sources} sources, {} targets", num_nodes - num_sources),
                None => format!("{num_nodes} nodes"),
            };
            let edges = if graph.edges.weights().is_some() { "weighted edges" } else { "edges" };
            reporter.info(format!("{nodes}, {} {edges}, {features}", graph.edges.len()));
        }
    }
}

/// Prints the loss and the pairs that it covers.
pub(super) fn describe_loss(num_nodes: usize, config: &Config, reporter: &Reporter) {
    let model = config.model.model;
    if !model.is_network() || model == ModelKind::Vae {
        return;
    }
    let loss = config.loss().for_graph(num_nodes);
    let per_edge = match config.negatives_per_edge() {
        1 => "one negative per edge".to_string(),
        count => format!("{count} negatives per edge"),
    };
    let pairs = match (loss, config.loss() == LossKind::Auto) {
        (LossKind::Reweighted, true) => format!(
            "an estimate of the exact loss from {per_edge} (the exact loss takes O(n²) time and is the \
             default for up to {} nodes)",
            LossKind::AUTO_EXACT_NODES
        ),
        (LossKind::Sampled | LossKind::Reweighted, _) => per_edge,
        (LossKind::Subgraph, _) => match config.train.subgraph_nodes {
            count if count >= num_nodes => {
                format!(
                    "all pairs of nodes with edges: the graph has {num_nodes} nodes, and --subgraph-nodes is {count}"
                )
            }
            count => format!("all pairs of {count} nodes, drawn anew in each epoch"),
        },
        (LossKind::Exact | LossKind::Auto, _) if config.read.bipartite => {
            "all pairs of a source and a target".to_string()
        }
        (LossKind::Exact | LossKind::Auto, _) => "all pairs of nodes, in blocks of 128 rows".to_string(),
    };
    reporter.info(format!("loss: {loss}, {pairs}"));
}

/// The absolute feature value above which a note suggests scaling.
const LARGE_FEATURE: f32 = 100.0;

/// The mean sum of a node's features above which a note suggests scaling.
const LARGE_ROW: f64 = 100.0;

/// The number of held-out edges below which a metric is mostly chance.
const FEW_EDGES: usize = 50;

/// Prints what is held out.
pub(super) fn describe_split(split: &Split, num_nodes: usize, config: &Config, reporter: &Reporter) {
    if let Some(fold) = config.split.fold {
        reporter.info(format!(
            "cross-validation: fold {} of {} is the test part",
            fold.number(),
            fold.count()
        ));
    }
    if config.model.model == ModelKind::Vae {
        let RowSplit { train, validation, test } = split::rows(num_nodes, &config.split, config.seed);
        let [train, validation, test] = [train, validation, test].map(|rows| rows.len());
        reporter
            .info(format!("{train} training rows; held out: {validation} validation rows, {test} test rows"));
    }
    for note in &split.notes {
        reporter.note(note);
    }
    if split.train.is_empty() {
        return;
    }
    let Split { validation, test, .. } = split;
    let negatives = match split.negatives_ratio() {
        Some(1) => "as many non-edges".into(),
        None if validation.is_empty() && test.is_empty() => "as many non-edges".into(),
        Some(ratio) => format!("{ratio} non-edges for each"),
        None => format!("{} and {} non-edges", validation.negatives.len(), test.negatives.len()),
    };
    let held_out = format!(
        "held out: {} validation edges, {} test edges, and {negatives}",
        validation.edges.len(),
        test.edges.len()
    );
    match config.model.model {
        ModelKind::Vae => reporter.info(format!("{held_out}; a vae does not train on the other edges")),
        _ => reporter.info(format!("{} training edges; {held_out}", split.train.len())),
    }
    for (name, part) in [("validation", validation), ("test", test)] {
        let Some(lists) = part.by_link.as_ref().filter(|lists| !lists.is_empty()) else { continue };
        let (num_links, num_pairs) = (lists.len(), lists.iter().map(Vec::len).sum::<usize>());
        let each = match lists.iter().all(|list| list.len() * num_links == num_pairs) {
            true => format!("{} negatives of its own", num_pairs / num_links.max(1)),
            false => format!("negatives of its own, {num_pairs} in total"),
        };
        reporter.info(format!("each {name} edge is ranked among {each}: the columns mrr and hits@10"));
    }
    let num_test_edges = split.test.edges.len();
    if (1..FEW_EDGES).contains(&num_test_edges) {
        reporter.note(format!(
            "there are only {num_test_edges} test edges: AUC and AP will vary widely with --seed"
        ));
    }
}

/// Prints how the test links, or else the validation links, rank among all pairs; without `metrics`, why not.
pub(super) fn describe_ranking(metrics: Option<&RankingMetrics>, split: &Split, reporter: &Reporter) {
    let name = if split.test.is_empty() { "validation" } else { "test" };
    let Some(metrics) = metrics else {
        if !(split.test.is_empty() && split.validation.is_empty()) {
            reporter.info(format!(
                "{name} links among all pairs: left out, because this model takes minutes for so many nodes; `vgae \
                 evaluate RUN --negatives all` measures it"
            ));
        }
        return;
    };
    let mrr = metrics.mean_reciprocal_rank;
    let interval = mrr.interval.map_or_else(String::new, |Interval { lower, upper }| {
        format!(" ({lower:.3} to {upper:.3}, from a sample of the nodes)")
    });
    let list = metrics.list.as_ref().and_then(|list| {
        let (length, precision) = list.precision.iter().next()?;
        let factor = precision / list.precision_by_chance;
        Some(format!("; precision@{length} {precision:.2}, {factor:.0} times chance"))
    });
    let list = list.unwrap_or_default();
    reporter.info(format!(
        "{name} links among all pairs: MRR {:.3}{interval}, median rank {:.0}{list}",
        mrr.value, metrics.median_rank
    ));
}
