//! Explores a run node by node: an [`Explorer`] answers questions about its nodes and pairs, and a [`Server`]
//! serves the answers over HTTP, with a page for the browser. `vgae explore` uses both.
//!
//! | GET | answer |
//! |---|---|
//! | `/` | the page |
//! | `/api/run` | [`RunFacts`]: name, model, sizes, held-out metrics |
//! | `/api/nodes?query=TEXT&limit=20` | [`NodesFound`]: the ids that contain TEXT, ignoring case |
//! | `/api/node/ID?limit=50` | [`NodeFacts`]: degree, label, and edges, highest logits first |
//! | `/api/predict/ID?top=10` | [`Predictions`]: its best pairs that are not edges, and what each pair shares |
//! | `/api/score?source=ID&target=ID` | [`PairScore`]: logit, probability, whether it is an edge, and in which part |
//! | `/api/map` | [`MapFacts`]: the nodes in two dimensions, or a sample of them |
//! | `/api/why?source=ID&target=ID&limit=10` | [`Why`]: common neighbours, shared features, distance |
//!
//! Ids are percent-encoded, a `/` as `%2F`; counts are from 1 to [`MAX_COUNT`]. Anything else is refused with
//! a 4xx status and `{"error": …, "hint": …}`, see [`Refusal`]. HEAD is answered like GET, without the body.
//!
//! To protect the run from other sites (DNS rebinding), a server on a loopback address refuses a request
//! whose `Host` is not a loopback one; a server on another address refuses a `Host` that is neither an IP
//! address nor the machine's own name. Requests to the API from pages of other sites are refused as well.

mod answers;
mod guard;
mod lookup;
mod paced;
mod pairs;
mod parameters;
mod refusal;
mod routes;
mod search;
mod server;

use std::cmp::Reverse;
use std::sync::OnceLock;

use ndarray::Array2;

use crate::Result;
use crate::report::Map;
use vgae::config::Calibration;
use vgae::evaluate::PartMetrics;
use vgae::evaluate::calibrate::Calibrator;
use vgae::graph::{Direction, Graph, Pair};
use vgae::model::Encoded;
use vgae::model::baseline::Adjacency;
use vgae::model::score::{Score, ScoredPair};
use vgae::run::{Record, Run};
use vgae::split::Split;

pub use answers::{
    Alike, GraphKind, MapFacts, MapGroup, Named, Neighbour, NodeFacts, NodeKind, NodesFound, PairScore,
    PartName, Prediction, Predictions, RunFacts, Shared, SharedFeature, Way, Why,
};
pub use refusal::Refusal;
use search::Search;
pub use server::Server;

/// The largest count that a request can ask for.
pub const MAX_COUNT: usize = 1000;

/// Number of nodes in [`RunFacts::hubs`].
const NUM_HUBS: usize = 5;

/// A run, and everything needed to answer questions about it.
pub struct Explorer {
    name: String,
    record: Record,
    graph: Graph,
    split: Split,
    score: Box<dyn Score>,
    /// The mean embeddings, [n, d], if the model has any.
    mean: Option<Array2<f32>>,
    map: OnceLock<Map>,
    calibrator: Option<Calibrator>,
    metrics: PartMetrics,
    /// All edges, without directions.
    all: Adjacency,
    /// The training edges, without directions.
    train: Adjacency,
    search: Search,
    num_nodes_of_features: Vec<u32>,
    hubs: Vec<u32>,
}

impl Explorer {
    /// Prepares the run, named `name`, for questions. Probabilities are calibrated by `method`; if that is
    /// `None`, they are calibrated as the run is. Takes O(n + m log m + nonzeros of X) time on top of
    /// [`Run::encode`].
    ///
    /// # Examples
    /// ```no_run
    /// use vgae_report::explore::Explorer;
    /// use vgae::run::Run;
    ///
    /// let explorer = Explorer::new("cora".into(), Run::open("results/cora".as_ref())?, None)?;
    /// let best = explorer.predict("35", 10).map_err(|refusal| println!("{refusal}")).unwrap();
    /// println!("{}: {}", best.predictions[0].named.node, best.predictions[0].probability);
    /// # Ok::<(), vgae_report::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns [`vgae::Error::Argument`] if the run has no edges, such as a VAE's run on a table of rows, and the
    /// errors of [`Run::encode`] and [`Run::calibrator`].
    pub fn new(name: String, run: Run, method: Option<Calibration>) -> Result<Explorer> {
        if run.graph.edges.is_empty() {
            let problem = "there are no links to explore: the run has rows and no graph; hint: use vgae reconstruct or \
                           vgae generate";
            return Err(vgae::Error::argument("run", problem).into());
        }
        let Encoded { embeddings, score } = run.encode()?;
        let calibrator = run.calibrator(&*score, method)?;
        let metrics = PartMetrics::compute(&*score, &run.split)?;
        let Run { record, graph, split, .. } = run;
        let all = Adjacency::new(&graph.edges);
        let mut hubs: Vec<u32> = (0..graph.num_nodes() as u32).collect();
        let rank = |&node: &u32| (Reverse(all.neighbours(node as usize).len()), node);
        if hubs.len() > NUM_HUBS {
            hubs.select_nth_unstable_by_key(NUM_HUBS, rank);
            hubs.truncate(NUM_HUBS);
        }
        hubs.sort_unstable_by_key(rank);
        Ok(Explorer {
            train: Adjacency::new(&split.train),
            search: Search::new(&graph.nodes),
            num_nodes_of_features: graph.features().map_or(Vec::new(), pairs::nodes_of_features),
            hubs,
            all,
            name,
            record,
            graph,
            split,
            score,
            mean: embeddings.map(|embeddings| embeddings.mean),
            map: OnceLock::new(),
            calibrator,
            metrics,
        })
    }

    /// Describes the run.
    pub fn run(&self) -> RunFacts<'_> {
        let edges = &self.graph.edges;
        RunFacts {
            name: &self.name,
            model: self.record.config.model.model,
            graph: match (edges.num_sources(), edges.direction()) {
                (Some(_), _) => GraphKind::Bipartite,
                (None, Direction::Directed) => GraphKind::Directed,
                (None, Direction::Undirected) => GraphKind::Undirected,
            },
            num_nodes: self.graph.num_nodes(),
            num_sources: edges.num_sources(),
            num_edges: edges.len(),
            num_train_edges: self.split.train.len(),
            num_validation_edges: self.split.validation.edges.len(),
            num_test_edges: self.split.test.edges.len(),
            num_features: self.graph.features().map_or(0, |features| features.cols()),
            metrics: self.metrics,
            calibration: self.calibrator.as_ref().map(Calibrator::method),
            hubs: self.hubs.iter().map(|&node| self.named(node)).collect(),
        }
    }

    /// Returns the `limit` best ids that contain `query`, ignoring case. O(bytes of all ids) time.
    pub fn nodes<'a>(&'a self, query: &'a str, limit: usize) -> NodesFound<'a> {
        let found = self.search.find(query, limit);
        let nodes = found.nodes.into_iter().map(|node| self.named(node)).collect();
        NodesFound { query, num_found: found.total, nodes }
    }

    /// Returns the logit and the probability of a pair.
    ///
    /// # Errors
    /// Returns [`Refusal::UnknownNode`] or [`Refusal::NeverLinked`].
    pub fn score(&self, source: &str, target: &str) -> std::result::Result<PairScore<'_>, Refusal> {
        let pair = self.pair(source, target)?;
        let logit = self.score.logits(&[pair])[0];
        let part = self.part(pair);
        Ok(PairScore {
            source: self.graph.nodes.id(pair.0),
            target: self.graph.nodes.id(pair.1),
            logit,
            probability: self.probability(logit),
            is_edge: self.graph.edges.contains(pair),
            part,
        })
    }

    /// Describes a node and at most `limit` of its edges. Computes a logit for each of its edges.
    ///
    /// # Errors
    /// Returns [`Refusal::UnknownNode`].
    pub fn node(&self, node: &str, limit: usize) -> std::result::Result<NodeFacts<'_>, Refusal> {
        let node = self.index(node)?;
        let edges = &self.graph.edges;
        let others = self.all.neighbours(node as usize).iter();
        let both = others.flat_map(|&other| [(Way::Out, (node, other)), (Way::In, (other, node))]);
        let is_directed = edges.direction() == Direction::Directed;
        let links: Vec<(Way, Pair)> = both
            .filter(|&(way, pair)| if is_directed { edges.contains(pair) } else { way == Way::Out })
            .collect();
        let logits = self.score.logits(&links.iter().map(|link| link.1).collect::<Vec<_>>());
        let mut neighbours: Vec<(f64, (Way, Pair))> = logits.into_iter().zip(links).collect();
        neighbours.sort_by(|a, b| b.0.total_cmp(&a.0));
        let degree = neighbours.len();
        let neighbour = |(logit, (way, pair)): (f64, (Way, Pair))| Neighbour {
            named: self.named(if way == Way::Out { pair.1 } else { pair.0 }),
            way: is_directed.then_some(way),
            part: self.part(pair),
            logit,
            probability: self.probability(logit),
        };
        let kind = |num_sources: usize| match (node as usize) < num_sources {
            true => NodeKind::Source,
            false => NodeKind::Target,
        };
        Ok(NodeFacts {
            named: self.named(node),
            kind: edges.num_sources().map(kind),
            degree,
            num_features: self.graph.features().map(|features| features.row_entries(node as usize).count()),
            neighbours: neighbours.into_iter().take(limit).map(neighbour).collect(),
        })
    }

    /// Returns the `top` best pairs of a node that are not edges; in a directed graph, the node is the
    /// source. The cost is that of [`Score::top_of_nodes`].
    ///
    /// # Errors
    /// Returns [`Refusal::UnknownNode`].
    pub fn predict(&self, node: &str, top: usize) -> std::result::Result<Predictions<'_>, Refusal> {
        let node = self.index(node)?;
        let best = self.score.top_of_nodes(&[node], top, &self.graph.edges).concat();
        let predictions = best.into_iter().map(|ScoredPair { pair, logit }| Prediction {
            named: self.named(pair.1),
            logit,
            probability: self.probability(logit),
            why: self.shared(pair, &self.common_neighbours(pair)),
        });
        Ok(Predictions { named: self.named(node), predictions: predictions.collect() })
    }

    /// Returns the map of the embeddings. The first call lays it out, which takes some seconds; from then on,
    /// all answers include the positions of nodes.
    ///
    /// # Errors
    /// Returns [`Refusal::NoMap`] if the model has no embeddings.
    pub fn map(&self) -> std::result::Result<MapFacts<'_>, Refusal> {
        let mean = self.mean.as_ref().ok_or(Refusal::NoMap)?;
        let seed = self.record.config.seed;
        let map = self.map.get_or_init(|| Map::with_defaults(mean, &self.graph, &self.split.train, seed));
        let axis = |axis: usize| map.positions.iter().map(|position| position[axis]).collect();
        let groups = map.groups.iter();
        Ok(MapFacts {
            kind: map.kind.to_string(),
            num_nodes: self.graph.num_nodes(),
            groups: groups.map(|group| MapGroup { name: &group.name, count: group.num_nodes }).collect(),
            ids: map.nodes.iter().map(|&node| self.graph.nodes.id(node)).collect(),
            x: axis(0),
            y: axis(1),
            group: &map.group_of,
        })
    }

    /// Explains a pair, with at most `limit` neighbours and features. Takes at most O(n + m) time, for the
    /// distance.
    ///
    /// # Errors
    /// Returns [`Refusal::UnknownNode`] or [`Refusal::NeverLinked`].
    pub fn why(&self, source: &str, target: &str, limit: usize) -> std::result::Result<Why<'_>, Refusal> {
        let pair @ (u, v) = self.pair(source, target)?;
        let mut common = self.common_neighbours(pair);
        let shared = self.shared(pair, &common);
        let degree = |node: u32| self.train.neighbours(node as usize).len();
        common.sort_by_key(|&node| (degree(node), node));
        let alike = self.graph.edges.num_sources().map(|_| pairs::similar_nodes(&self.train, u, v));
        let alike = alike.map(|alike| {
            let describe = |(node, count)| Alike { named: self.named(node), num_common_neighbours: count };
            alike.into_iter().take(limit).map(describe).collect()
        });
        let both = self
            .graph
            .features()
            .map(|features| pairs::shared_features(features, &self.num_nodes_of_features, u, v));
        Ok(Why {
            source: self.named(u),
            target: self.named(v),
            shared,
            common_neighbours: common.into_iter().take(limit).map(|node| self.named(node)).collect(),
            alike,
            num_shared_features: both.as_ref().map(Vec::len),
            shared_features: both.into_iter().flatten().take(limit).map(|both| self.feature(both)).collect(),
            source_degree: degree(u),
            target_degree: degree(v),
            distance: pairs::distance(&self.train, u, v),
            max_distance: pairs::MAX_DISTANCE,
        })
    }
}
