//! Looks up nodes and pairs by id, and builds the parts of answers.

use std::borrow::Cow;

use super::answers::{Named, PartName, Shared, SharedFeature};
use super::{Explorer, Refusal, pairs};
use vgae::graph::Pair;
use vgae::model::score::probability;
use vgae::split::Split;

/// Number of similar ids suggested for an unknown id.
const NUM_SIMILAR: usize = 5;

impl Explorer {
    pub(super) fn feature(&self, shared: pairs::SharedColumn) -> SharedFeature<'_> {
        let pairs::SharedColumn { column, values, weight } = shared;
        SharedFeature {
            feature: match &self.graph.columns.names {
                Some(names) => Cow::Borrowed(names[column].as_str()),
                None => Cow::Owned(column.to_string()),
            },
            weight,
            source_value: values.0,
            target_value: values.1,
            num_nodes: self.num_nodes_of_features[column] as usize,
        }
    }

    /// Returns the common neighbours in the training graph.
    pub(super) fn common_neighbours(&self, (u, v): Pair) -> Vec<u32> {
        let neighbours = |node: u32| self.train.neighbours(node as usize);
        pairs::common(neighbours(u), neighbours(v)).collect()
    }

    pub(super) fn shared(&self, (u, v): Pair, common: &[u32]) -> Shared {
        Shared {
            num_common_neighbours: common.len(),
            adamic_adar: pairs::adamic_adar(&self.train, common),
            feature_cosine: self.graph.features().map(|features| pairs::feature_cosine(features, u, v)),
        }
    }

    pub(super) fn probability(&self, logit: f64) -> f64 {
        self.calibrator
            .as_ref()
            .map_or_else(|| probability(logit), |calibrator| calibrator.probability(logit))
    }

    /// Returns the part of the split that contains an edge.
    pub(super) fn part(&self, pair: Pair) -> Option<PartName> {
        let Split { train, validation, test, .. } = &self.split;
        let parts = [
            (train, PartName::Train),
            (&validation.edges, PartName::Validation),
            (&test.edges, PartName::Test),
        ];
        parts.into_iter().find(|(edges, _)| edges.contains(pair)).map(|(_, part)| part)
    }

    pub(super) fn named(&self, node: u32) -> Named<'_> {
        let label = self.graph.labels.as_ref().map(|labels| labels[node as usize].as_str());
        let place = self.map.get().zip(self.mean.as_ref()).map(|(map, mean)| map.position_of(node, mean));
        Named { node: self.graph.nodes.id(node), label: label.filter(|label| !label.is_empty()), place }
    }

    /// Returns the index of a node.
    pub(super) fn index(&self, id: &str) -> Result<u32, Refusal> {
        self.graph.nodes.index(id).ok_or_else(|| {
            let near = self.search.near(id, NUM_SIMILAR);
            let near = near.into_iter().map(|node| self.graph.nodes.id(node).to_string()).collect();
            Refusal::UnknownNode { node: id.to_string(), near }
        })
    }

    /// Returns the pair of two ids, if a model could link it.
    pub(super) fn pair(&self, source: &str, target: &str) -> Result<Pair, Refusal> {
        let pair = (self.index(source)?, self.index(target)?);
        if self.graph.edges.can_join(pair) {
            return Ok(pair);
        }
        let why = match pair.0 == pair.1 {
            true => "they are the same node",
            false => "they are of the same kind in a bipartite graph",
        };
        Err(Refusal::NeverLinked { source_node: source.into(), target: target.into(), why })
    }
}
