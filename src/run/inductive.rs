//! Applies a trained model to a graph that it was not trained on.

use std::path::PathBuf;

use crate::config::FeatureTransform;
use crate::error::{Error, Result};
use crate::graph::transform::{largest, weigh_as};
use crate::graph::{Features, Graph};
use crate::model::Model;
use crate::run::Run;
use crate::split::Split;

/// The ratio of the largest features, either way, above which a note warns of another scale.
const OTHER_SCALE: f32 = 10.0;

impl Run {
    /// Replaces the graph of the run with `graph`, which may have other nodes. All of its edges are known and
    /// used for message passing; nothing is held out. Feature columns are matched by
    /// [`crate::graph::FeatureColumns::matched`]. If the model weights columns by their rarity, the rarity in
    /// the training graph counts.
    ///
    /// # Errors
    /// [`Error::Input`] names the file whose features do not match; [`Error::Config`] if the model was
    /// trained without features and therefore knows only its own nodes, or if the graph has no features.
    pub fn on_graph(self, graph: Graph) -> Result<Run> {
        let Run { record, graph: own, model, .. } = self;
        let kind = record.config.model.model;
        let graph = match (&own.features, &graph.features, &model) {
            // A baseline that uses only edges works on the edges of any graph.
            (None, _, Model::Baseline(..)) => graph.without_features(),
            (None, ..) => {
                let problem = format!(
                    "this {kind} was trained without features: it learnt a row for each of its own {} nodes \
                     and has none for other nodes; hint: train with `read.features`, or train again on the whole graph",
                    own.num_nodes()
                );
                return Err(Error::config("read.features", problem));
            }
            (Some(features), None, _) => {
                let problem = format!(
                    "this {kind} was trained with {} features but the other graph has none; give `read.features`",
                    features.cols()
                );
                return Err(Error::config("read.features", problem));
            }
            (Some(trained), Some(features), _) => {
                let matched = graph.columns.matched(features, &own.columns, trained.cols());
                let matched =
                    matched.map_err(|source| Error::Columns { path: file_of_features(&graph), source })?;
                let num_columns = features.cols();
                let mut graph = graph;
                if graph.columns.names.is_some() != own.columns.names.is_some() {
                    graph.notes.push(
                        "the features were matched by position: only one graph has feature names".into(),
                    );
                }
                let (new, old) = (largest(&matched.features), largest(trained));
                if new > OTHER_SCALE * old || old > OTHER_SCALE * new {
                    graph.notes.push(format!(
                        "the features reach {new} and those of training {old}; the model expects the same \
                         scale"
                    ));
                }
                if graph.columns.names.is_none() && num_columns < trained.cols() {
                    graph.notes.push(format!(
                        "the {num_columns} feature columns were matched by position to the first of the \
                         model's {}",
                        trained.cols()
                    ));
                }
                if matched.num_unknown > 0 {
                    let note = format!("features unknown to the model, left out: {}", matched.num_unknown);
                    graph.notes.push(note);
                }
                graph.features = Some(reweighted(matched.features, trained, &model));
                graph.columns = own.columns;
                graph
            }
        };
        let split = Split { train: graph.edges.clone(), ..Split::default() };
        Ok(Run { record, graph, split, model })
    }
}

/// Rescales the features so that a model that weights columns by their rarity uses the weights of `trained`.
fn reweighted(features: Features, trained: &Features, model: &Model) -> Features {
    let transform = match model {
        Model::Network(network) => network.config().feature_transform(),
        Model::Vae(vae) => vae.config().feature_transform(),
        // These models contain scores of tf-idf features.
        Model::Stack(_) | Model::Baseline(..) => FeatureTransform::Tfidf,
    };
    if transform == FeatureTransform::Tfidf { weigh_as(features, trained) } else { features }
}

/// Returns the file of the features, which are always read last.
fn file_of_features(graph: &Graph) -> PathBuf {
    graph.inputs.last().map(|input| input.path.clone()).unwrap_or_default()
}
