//! The ends of links: what stays in place when a link is ranked among other pairs.

use crate::graph::{Direction, EdgeList, Pair};

/// The end of a link that the pairs it is ranked among keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum End {
    /// Either end of an undirected link.
    Either(u32),
    /// The source of a directed link.
    Source(u32),
    /// The target of a directed link.
    Target(u32),
}

impl End {
    /// Returns both ends of a link.
    pub(super) fn both((u, v): Pair, direction: Direction) -> [End; 2] {
        match direction {
            Direction::Undirected => [End::Either(u), End::Either(v)],
            Direction::Directed => [End::Source(u), End::Target(v)],
        }
    }

    pub(super) fn node(self) -> u32 {
        match self {
            End::Either(node) | End::Source(node) | End::Target(node) => node,
        }
    }

    /// Returns the pair of this end and `other`, as an edge list stores it.
    pub(super) fn pair_with(self, other: u32) -> Pair {
        match self {
            End::Either(node) => (node.min(other), node.max(other)),
            End::Source(node) => (node, other),
            End::Target(node) => (other, node),
        }
    }
}

/// The nodes that each end is linked with.
pub(super) struct Neighbours {
    /// The targets of each source, or all neighbours in an undirected graph.
    outgoing: Lists,
    /// The sources of each target; `None` in an undirected graph.
    incoming: Option<Lists>,
}

/// One list for each node.
struct Lists {
    starts: Vec<usize>,
    others: Vec<u32>,
}

impl Neighbours {
    /// Lists the neighbours in `edges`, whose pairs are sorted, in ascending order. O(n + m) time and memory.
    pub(super) fn new(edges: &EdgeList) -> Self {
        let n = edges.num_nodes();
        let reversed = |&(u, v): &Pair| (v, u);
        match edges.direction() {
            Direction::Undirected => {
                let pairs = edges.pairs().iter().map(reversed).chain(edges.pairs().iter().copied());
                Neighbours { outgoing: Lists::new(n, pairs), incoming: None }
            }
            Direction::Directed => Neighbours {
                outgoing: Lists::new(n, edges.pairs().iter().copied()),
                incoming: Some(Lists::new(n, edges.pairs().iter().map(reversed))),
            },
        }
    }

    /// Returns the nodes whose pair with `end` is an edge.
    pub(super) fn of(&self, end: End) -> &[u32] {
        let lists = match (end, &self.incoming) {
            (End::Target(_), Some(incoming)) => incoming,
            _ => &self.outgoing,
        };
        let node = end.node() as usize;
        &lists.others[lists.starts[node]..lists.starts[node + 1]]
    }
}

impl Lists {
    fn new(num_nodes: usize, pairs: impl Iterator<Item = Pair> + Clone) -> Self {
        let mut starts = vec![0; num_nodes + 1];
        pairs.clone().for_each(|(u, _)| starts[u as usize + 1] += 1);
        for node in 0..num_nodes {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut others = vec![0; starts[num_nodes]];
        for (u, v) in pairs {
            others[next[u as usize]] = v;
            next[u as usize] += 1;
        }
        Lists { starts, others }
    }
}
