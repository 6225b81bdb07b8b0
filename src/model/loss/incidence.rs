//! The pairs of a list, node by node.

use crate::graph::Pair;

/// The pairs of each node.
pub(crate) struct Incidence {
    /// The bounds of the entries: those of node u are `starts[u]..starts[u + 1]`.
    starts: Vec<usize>,
    /// The other node of each entry's pair.
    others: Vec<u32>,
    /// The index of each entry's pair in the list.
    pairs: Vec<u32>,
}

impl Incidence {
    /// Lists the pairs of each node, in the order of `list`.
    pub(super) fn new(list: &[Pair], num_nodes: usize) -> Incidence {
        let mut starts = vec![0usize; num_nodes + 1];
        for &(u, v) in list {
            starts[u as usize + 1] += 1;
            starts[v as usize + 1] += 1;
        }
        for node in 0..num_nodes {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut others = vec![0u32; 2 * list.len()];
        let mut pairs = vec![0u32; 2 * list.len()];
        for (at, &(u, v)) in list.iter().enumerate() {
            for (node, other) in [(u, v), (v, u)] {
                others[next[node as usize]] = other;
                pairs[next[node as usize]] = at as u32;
                next[node as usize] += 1;
            }
        }
        Incidence { starts, others, pairs }
    }

    /// Returns the pairs of `node`, in the order of the list: the other node, and the index of the pair.
    #[inline(always)]
    pub(super) fn of_node(&self, node: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let entries = self.starts[node]..self.starts[node + 1];
        let entries = self.others[entries.clone()].iter().zip(&self.pairs[entries]);
        entries.map(|(&other, &pair)| (other as usize, pair as usize))
    }
}
