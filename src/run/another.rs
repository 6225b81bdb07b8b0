//! A trained model on a graph that it was not trained on.

use std::path::PathBuf;

use crate::config::FeatureTransform;
use crate::error::{Error, Result};
use crate::graph::transform::{largest, weigh_as};
use crate::graph::{Features, Graph};
use crate::model::Model;
use crate::run::Run;
use crate::split::{Part, Split};

/// How many times larger or smaller than in training features may be before a note says so.
const OTHER_SCALE: f32 = 10.0;

impl Run {
    /// The run with `graph`, which may have other nodes, in the place of its own: all its edges carry messages and are
    /// known, and nothing is held out. Columns of features are matched by [`crate::graph::FeatureColumns::matched`]; where
    /// the model weighs them by their rarity, it is that in the training graph.
    ///
    /// # Errors
    /// [`Error::Input`] names the file whose features do not fit; [`Error::Config`] if the model was trained without
    /// features, so that it knows its own nodes alone, or the graph has none.
    pub fn on_graph(self, graph: Graph) -> Result<Run> {
        let Run { record, graph: own, model, .. } = self;
        let kind = record.config.model.model;
        let graph = match (&own.features, &graph.features, &model) {
            // A score of the edges alone is one of any edges.
            (None, _, Model::Baseline(..)) => graph.without_features(),
            (None, ..) => {
                return Err(Error::Config(format!(
                    "this {kind} was trained without features: it learnt a row for each of its own {} nodes, and has \
                     none for others. Hint: train with --features, or train again on the whole graph",
                    own.num_nodes()
                )));
            }
            (Some(features), None, _) => {
                return Err(Error::Config(format!(
                    "this {kind} was trained with {} features and the other graph has none; give --features",
                    features.cols()
                )));
            }
            (Some(trained), Some(features), _) => {
                let matched = graph.columns.matched(features, &own.columns, trained.cols());
                let matched =
                    matched.map_err(|problem| Error::Input { path: file_of_features(&graph), problem })?;
                let num_columns = features.cols();
                let mut graph = graph;
                if graph.columns.names.is_some() != own.columns.names.is_some() {
                    graph
                        .notes
                        .push("the features were matched by place: only one side has names for them".into());
                }
                let (new, old) = (largest(&matched.features), largest(trained));
                if new > OTHER_SCALE * old || old > OTHER_SCALE * new {
                    graph.notes.push(format!(
                        "the features reach {new} and those of training {old}: the model expects them on the same scale"
                    ));
                }
                if graph.columns.names.is_none() && num_columns < trained.cols() {
                    graph.notes.push(format!(
                        "the features are {num_columns} columns, matched by number to the first of the model's {}",
                        trained.cols()
                    ));
                }
                if matched.num_unknown > 0 {
                    let note =
                        format!("features that the model does not know, left out: {}", matched.num_unknown);
                    graph.notes.push(note);
                }
                graph.features = Some(weighed(matched.features, trained, &model));
                graph.columns = own.columns;
                graph
            }
        };
        let split = Split { train: graph.edges.clone(), validation: Part::default(), test: Part::default() };
        Ok(Run { record, graph, split, model })
    }
}

/// The features such that a model that weighs columns by their rarity weighs them as in `trained`.
fn weighed(features: Features, trained: &Features, model: &Model) -> Features {
    let transform = match model {
        Model::Network(network) => network.config().feature_transform(),
        Model::Vae(vae) => vae.config().feature_transform(),
        // They hold scores of tf-idf features.
        Model::Stack(_) | Model::Baseline(..) => FeatureTransform::Tfidf,
    };
    if transform == FeatureTransform::Tfidf { weigh_as(features, trained) } else { features }
}

/// The last file that was read, which features are.
fn file_of_features(graph: &Graph) -> PathBuf {
    graph.inputs.last().map(|input| input.path.clone()).unwrap_or_default()
}
