//! A run, looked at node by node: an [`Explorer`] answers questions about its nodes and pairs, and a [`Server`] answers
//! them over HTTP, with a page to look at, as `vgae explore` does.
//!
//! | GET | answers |
//! |---|---|
//! | `/` | the page |
//! | `/api/run` | [`RunFacts`]: name, model, sizes, held-out metrics |
//! | `/api/nodes?query=TEXT&limit=20` | [`NodesFound`]: the ids that contain TEXT, in capitals or not |
//! | `/api/node/ID?limit=50` | [`NodeFacts`]: degree, label, its edges, those with the highest logits first |
//! | `/api/predict/ID?top=10` | [`Predictions`]: its best pairs that are no edges, and what each shares |
//! | `/api/score?source=ID&target=ID` | [`PairScore`]: logit, probability, whether it is an edge, in which part |
//! | `/api/map` | [`MapFacts`]: the nodes in two dimensions, a sample where there are many |
//! | `/api/why?source=ID&target=ID&limit=10` | [`Why`]: common neighbours, shared features, distance |
//!
//! Ids are percent-encoded, a `/` in one as `%2F`; counts are from 1 to [`MAX_COUNT`]. Anything else is refused with
//! a 4xx and `{"error": …, "hint": …}`, see [`Refusal`]. The page and the API are for this machine: while the server
//! is bound to a loopback address, a request whose `Host` is another one is refused, against pages that rebind their
//! name to it; bound elsewhere, one whose `Host` is neither an address nor this machine's own name; and so are requests
//! to the API that another site's page has the browser send. HEAD is answered as GET, without the body.

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

use crate::error::{Error, Result};
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

/// The most that can be asked for at once.
pub const MAX_COUNT: usize = 1000;

/// Nodes that [`RunFacts::hubs`] names.
const NUM_HUBS: usize = 5;

/// A run and all that is needed to answer questions about it.
pub struct Explorer {
    name: String,
    record: Record,
    graph: Graph,
    split: Split,
    score: Box<dyn Score>,
    /// The rows of the map, [n, d], if the model has embeddings.
    mean: Option<Array2<f32>>,
    map: OnceLock<Map>,
    calibrator: Option<Calibrator>,
    metrics: PartMetrics,
    /// All edges, without their directions.
    all: Adjacency,
    /// The training edges, without their directions.
    train: Adjacency,
    search: Search,
    num_nodes_of_features: Vec<u32>,
    hubs: Vec<u32>,
}

impl Explorer {
    /// Of `run`, called `name`; its probabilities calibrated by `method`, or, where there is none, as the run is. As
    /// [`Run::encode`], and O(n + m log m + nonzeros of X) time.
    ///
    /// # Examples
    /// ```no_run
    /// use vgae_report::explore::Explorer;
    /// use vgae::run::Run;
    ///
    /// let explorer = Explorer::new("cora".into(), Run::open("results/cora".as_ref())?, None)?;
    /// let best = explorer.predict("35", 10).map_err(|refusal| println!("{refusal}")).unwrap();
    /// println!("{}: {}", best.predictions[0].named.node, best.predictions[0].probability);
    /// # Ok::<(), vgae::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Config`] if the run has no edges, as that of a table of rows; as [`Run::encode`] and
    /// [`Run::calibrator`].
    pub fn new(name: String, run: Run, method: Option<Calibration>) -> Result<Explorer> {
        if run.graph.edges.is_empty() {
            let problem = "there are no links to explore: the run is one of rows without a graph; hint: \
                           vgae reconstruct and vgae generate are for those";
            return Err(Error::Config(problem.into()));
        }
        let Encoded { embeddings, score } = run.encode()?;
        let calibrator = run.calibrator(&*score, method)?;
        let metrics = PartMetrics::of(&*score, &run.split)?;
        let Run { record, graph, split, .. } = run;
        let all = Adjacency::new(&graph.edges.undirected());
        let mut hubs: Vec<u32> = (0..graph.num_nodes() as u32).collect();
        let rank = |&node: &u32| (Reverse(all.neighbours(node as usize).len()), node);
        if hubs.len() > NUM_HUBS {
            hubs.select_nth_unstable_by_key(NUM_HUBS, rank);
            hubs.truncate(NUM_HUBS);
        }
        hubs.sort_unstable_by_key(rank);
        Ok(Explorer {
            train: Adjacency::new(&split.train.undirected()),
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

    /// What the run is.
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

    /// The `limit` best ids that contain `query`, in capitals or not. O(bytes of all ids) time.
    pub fn nodes<'a>(&'a self, query: &'a str, limit: usize) -> NodesFound<'a> {
        let found = self.search.find(query, limit);
        let nodes = found.nodes.into_iter().map(|node| self.named(node)).collect();
        NodesFound { query, num_found: found.total, nodes }
    }

    /// The logit and the probability of a pair.
    ///
    /// # Errors
    /// [`Refusal::UnknownNode`], [`Refusal::NeverLinked`].
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

    /// A node, and `limit` of its edges at most. A logit for each of its edges.
    ///
    /// # Errors
    /// [`Refusal::UnknownNode`].
    pub fn node(&self, node: &str, limit: usize) -> std::result::Result<NodeFacts<'_>, Refusal> {
        let node = self.find(node)?;
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

    /// The node's `top` best pairs that are no edges, with the node as the source where edges have directions. As
    /// [`Score::top_of_nodes`].
    ///
    /// # Errors
    /// [`Refusal::UnknownNode`].
    pub fn predict(&self, node: &str, top: usize) -> std::result::Result<Predictions<'_>, Refusal> {
        let node = self.find(node)?;
        let best = self.score.top_of_nodes(&[node], top, &self.graph.edges).concat();
        let predictions = best.into_iter().map(|ScoredPair { pair, logit }| Prediction {
            named: self.named(pair.1),
            logit,
            probability: self.probability(logit),
            why: self.shared(pair, &self.common(pair)),
        });
        Ok(Predictions { named: self.named(node), predictions: predictions.collect() })
    }

    /// The map of the embeddings, which is laid out when it is asked for first, in some seconds; from then on nodes have places.
    ///
    /// # Errors
    /// [`Refusal::NoMap`] if the model has no embeddings.
    pub fn map(&self) -> std::result::Result<MapFacts<'_>, Refusal> {
        let mean = self.mean.as_ref().ok_or(Refusal::NoMap)?;
        let seed = self.record.config.seed;
        let map = self.map.get_or_init(|| Map::of_any(mean, &self.graph, &self.split.train, seed));
        let axis = |axis: usize| map.places.iter().map(|place| place[axis]).collect();
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

    /// What speaks for a pair, `limit` neighbours and features at most. O(n + m) time at most, for the distance.
    ///
    /// # Errors
    /// [`Refusal::UnknownNode`], [`Refusal::NeverLinked`].
    pub fn why(&self, source: &str, target: &str, limit: usize) -> std::result::Result<Why<'_>, Refusal> {
        let pair @ (u, v) = self.pair(source, target)?;
        let mut common = self.common(pair);
        let shared = self.shared(pair, &common);
        let degree = |node: u32| self.train.neighbours(node as usize).len();
        common.sort_by_key(|&node| (degree(node), node));
        let alike = self.graph.edges.num_sources().map(|_| pairs::alike(&self.train, u, v));
        let alike = alike.map(|alike| {
            let of = |(node, count)| Alike { named: self.named(node), num_common_neighbours: count };
            alike.into_iter().take(limit).map(of).collect()
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
