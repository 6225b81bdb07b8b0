//! Bipartite graphs: sources come first, then targets.

use super::{EdgeList, Graph, NodeIds, Pair};

/// The kind of a node.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Unknown,
    Source,
    Target,
}

impl Graph {
    /// Turns this graph of directed edges into a bipartite graph of undirected edges: the sources come first, then the
    /// targets, each in their order here. A node without edges has no kind and is removed with its features and label,
    /// and noted. Add features and labels before. O(n + m log m) time.
    ///
    /// # Errors
    /// A sentence that names the first node that is both a source and a target.
    pub fn bipartite(mut self) -> std::result::Result<Graph, String> {
        let mut kinds = vec![Kind::Unknown; self.num_nodes()];
        self.edges.pairs().iter().for_each(|&(source, _)| kinds[source as usize] = Kind::Source);
        for &(source, target) in self.edges.pairs() {
            if kinds[target as usize] == Kind::Source {
                return Err(self.two_kinds(target, source));
            }
            kinds[target as usize] = Kind::Target;
        }
        let of = |kind: Kind| (0..kinds.len()).filter(|&node| kinds[node] == kind).collect::<Vec<_>>();
        let [sources, targets, unknown] = [Kind::Source, Kind::Target, Kind::Unknown].map(of);
        if let Some(&first) = unknown.first() {
            let (count, first) = (unknown.len(), self.nodes.id(first as u32));
            self.notes.push(format!(
                "nodes of no edge, left out as their kind is unknown: {count}; first: {first}"
            ));
        }
        let order = [sources.as_slice(), &targets].concat();
        let mut place = vec![0; kinds.len()];
        let mut nodes = NodeIds::default();
        for &node in &order {
            place[node] = nodes.intern(self.nodes.id(node as u32));
        }
        let pairs: Vec<Pair> =
            self.edges.pairs().iter().map(|&(u, v)| (place[u as usize], place[v as usize])).collect();
        let weights = self.edges.weights().map(<[f32]>::to_vec);
        let edges = EdgeList::new(order.len(), pairs, weights).0;
        let edges = edges.across_kinds(sources.len());
        let rows: Vec<Option<usize>> = order.iter().map(|&node| Some(node)).collect();
        Ok(Graph {
            nodes,
            edges: edges.expect("every edge goes from a source to a target"),
            features: self.features.map(|features| features.reorder(&rows)),
            labels: self.labels.map(|labels| order.iter().map(|&node| labels[node].clone()).collect()),
            ..self
        })
    }

    /// Describes the problem of `node`, which is both a source and the target of `source`.
    fn two_kinds(&self, node: u32, source: u32) -> String {
        let target = self.edges.pairs().iter().find(|pair| pair.0 == node).map_or(node, |pair| pair.1);
        let [node, source, target] = [node, source, target].map(|node| self.nodes.id(node));
        format!(
            "node {node} is a target, of {source}, and a source, of {target}; expected two kinds of nodes with \
             `read.bipartite`; hint: give the ids of one kind a prefix"
        )
    }
}
