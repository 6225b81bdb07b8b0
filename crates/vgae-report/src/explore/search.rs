//! Finds node ids by a part of them.

use memchr::memmem::Finder;
use rayon::prelude::*;

use vgae::graph::NodeIds;

/// Stands behind every id, in none of them, as it is in no UTF-8: a match never reaches over two ids.
const END: u8 = 0xff;

/// Nodes that one task looks at.
const NODES_PER_TASK: usize = 1 << 16;

/// The ids of n nodes in small letters, one behind the other.
pub(super) struct Search {
    text: Vec<u8>,
    /// Where each id begins, and the end of the last, [n + 1].
    starts: Vec<usize>,
}

/// What was found.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    /// How many ids match.
    pub(super) total: usize,
    /// The best of them.
    pub(super) nodes: Vec<u32>,
}

/// How well an id matches: the least is the best. First the id itself, then those that begin so, then those that
/// contain it; of each the shorter first, then by the order of the nodes.
type Match = (u8, u32, u32);

impl Search {
    /// O(bytes of all ids) time and memory.
    pub(super) fn new(ids: &NodeIds) -> Self {
        let (mut text, mut starts) = (Vec::new(), vec![0]);
        for id in ids.iter() {
            text.extend_from_slice(id.to_lowercase().as_bytes());
            text.push(END);
            starts.push(text.len());
        }
        Search { text, starts }
    }

    /// The `limit` best ids that contain `query`, in capitals or not. O(bytes of all ids) time on all threads: a few
    /// milliseconds for a million.
    pub(super) fn find(&self, query: &str, limit: usize) -> Found {
        let query = query.to_lowercase();
        let finder = Finder::new(&query);
        let num_nodes = self.starts.len() - 1;
        let tasks = (0..num_nodes).into_par_iter().step_by(NODES_PER_TASK);
        let found = tasks.map(|first| self.among(first..(first + NODES_PER_TASK).min(num_nodes), &finder));
        let mut matches: Vec<Match> = found.flatten_iter().collect();
        let total = matches.len();
        if limit < total {
            matches.select_nth_unstable(limit);
            matches.truncate(limit);
        }
        matches.sort_unstable();
        Found { total, nodes: matches.into_iter().map(|(_, _, node)| node).collect() }
    }

    /// Some ids like `id`, which there is none of: those that contain the longest of its beginnings that any contains,
    /// each half as long as the one before.
    pub(super) fn near(&self, id: &str, limit: usize) -> Vec<u32> {
        let letters: Vec<char> = id.chars().collect();
        let lengths = std::iter::successors(Some(letters.len()), |length| Some(length / 2));
        let mut found = lengths
            .take_while(|&length| length > 0)
            .map(|length| self.find(&letters[..length].iter().collect::<String>(), limit));
        found.find(|found| found.total > 0).map_or(Vec::new(), |found| found.nodes)
    }

    fn among(&self, nodes: std::ops::Range<usize>, finder: &Finder<'_>) -> Vec<Match> {
        let (mut node, mut from, end) = (nodes.start, self.starts[nodes.start], self.starts[nodes.end]);
        let mut matches = Vec::new();
        while let Some(at) = finder.find(&self.text[from..end]) {
            let at = from + at;
            while self.starts[node + 1] <= at {
                node += 1;
            }
            let length = self.starts[node + 1] - 1 - self.starts[node];
            let rank = match at == self.starts[node] {
                true if length == finder.needle().len() => 0,
                true => 1,
                false => 2,
            };
            matches.push((rank, length as u32, node as u32));
            from = self.starts[node + 1];
        }
        matches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(ids: &[&str], query: &str, limit: usize) -> (usize, Vec<String>) {
        let mut nodes = NodeIds::default();
        ids.iter().for_each(|id| {
            nodes.intern(id);
        });
        let Found { total, nodes: best } = Search::new(&nodes).find(query, limit);
        (total, best.into_iter().map(|node| nodes.id(node).to_string()).collect())
    }

    #[test]
    fn the_id_itself_comes_first_then_beginnings_then_the_rest() {
        let ids = ["banana", "An", "xan", "ann", "b", "anbcd"];
        assert_eq!(
            found(&ids, "aN", 9),
            (5, ["An", "ann", "anbcd", "xan", "banana"].map(String::from).into())
        );
        assert_eq!(found(&ids, "an", 2), (5, ["An", "ann"].map(String::from).into()));
        // No match reaches over the end of an id.
        assert_eq!(found(&["ab", "cd"], "bc", 9), (0, vec![]));
        assert_eq!(found(&["ÄÖ", "Straße"], "äö", 9).1, ["ÄÖ"]);
        assert_eq!(found(&[], "a", 9), (0, vec![]));
    }

    #[test]
    fn tasks_together_find_all() {
        let mut nodes = NodeIds::default();
        for node in 0..150_000 {
            nodes.intern(&format!("n{node}"));
        }
        let search = Search::new(&nodes);
        let found = search.find("99", 1000);
        let expected = (0..150_000).filter(|node: &u32| node.to_string().contains("99")).count();
        assert_eq!((found.total, found.nodes.len()), (expected, 1000));
        assert_eq!(search.find("n149999", 3).nodes, [149_999]);
        assert_eq!(search.near("n149999zz", 3), [149, 1490, 1491]);
    }
}
