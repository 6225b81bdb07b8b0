//! Searches node ids for a text.

use memchr::memmem::Finder;
use rayon::prelude::*;

use vgae::graph::NodeIds;

/// Terminates every id. This byte never occurs in UTF-8, so a match cannot span two ids.
const END: u8 = 0xff;

/// Number of nodes that one task searches.
const NODES_PER_TASK: usize = 1 << 16;

/// The concatenated lower-case ids of n nodes.
pub(super) struct Search {
    text: Vec<u8>,
    /// The start of each id, and the end of the last, [n + 1].
    starts: Vec<usize>,
}

/// The result of a search.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    /// The number of ids that match.
    pub(super) total: usize,
    /// The nodes of the best matches, best first.
    pub(super) nodes: Vec<u32>,
}

/// The rank of a match, its length and its node; smaller is better. Exact matches have rank 0, ids that begin
/// with the text rank 1, other ids that contain it rank 2.
type Match = (u8, u32, u32);

impl Search {
    /// Indexes the ids in O(bytes of all ids) time and memory.
    pub(super) fn new(ids: &NodeIds) -> Self {
        let (mut text, mut starts) = (Vec::new(), vec![0]);
        for id in ids.iter() {
            text.extend_from_slice(id.to_lowercase().as_bytes());
            text.push(END);
            starts.push(text.len());
        }
        Search { text, starts }
    }

    /// Returns the `limit` best ids that contain `query`, ignoring case. O(bytes of all ids) time on all
    /// threads: a few milliseconds for a million ids.
    pub(super) fn find(&self, query: &str, limit: usize) -> Found {
        let query = query.to_lowercase();
        let finder = Finder::new(&query);
        let num_nodes = self.starts.len() - 1;
        let tasks = (0..num_nodes).into_par_iter().step_by(NODES_PER_TASK);
        let found =
            tasks.map(|first| self.search_range(first..(first + NODES_PER_TASK).min(num_nodes), &finder));
        let mut matches: Vec<Match> = found.flatten_iter().collect();
        let total = matches.len();
        if limit < total {
            matches.select_nth_unstable(limit);
            matches.truncate(limit);
        }
        matches.sort_unstable();
        Found { total, nodes: matches.into_iter().map(|(_, _, node)| node).collect() }
    }

    /// Returns ids similar to the unknown `id`: halves `id` from the end until some ids contain the rest.
    pub(super) fn near(&self, id: &str, limit: usize) -> Vec<u32> {
        let letters: Vec<char> = id.chars().collect();
        let lengths = std::iter::successors(Some(letters.len()), |length| Some(length / 2));
        let mut found = lengths
            .take_while(|&length| length > 0)
            .map(|length| self.find(&letters[..length].iter().collect::<String>(), limit));
        found.find(|found| found.total > 0).map_or(Vec::new(), |found| found.nodes)
    }

    fn search_range(&self, nodes: std::ops::Range<usize>, finder: &Finder<'_>) -> Vec<Match> {
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
    fn exact_matches_come_first_then_prefixes_then_the_rest() {
        let ids = ["banana", "An", "xan", "ann", "b", "anbcd"];
        assert_eq!(
            found(&ids, "aN", 9),
            (5, ["An", "ann", "anbcd", "xan", "banana"].map(String::from).into())
        );
        assert_eq!(found(&ids, "an", 2), (5, ["An", "ann"].map(String::from).into()));
        // A match cannot span two ids.
        assert_eq!(found(&["ab", "cd"], "bc", 9), (0, vec![]));
        assert_eq!(found(&["ÄÖ", "Straße"], "äö", 9).1, ["ÄÖ"]);
        assert_eq!(found(&[], "a", 9), (0, vec![]));
    }

    #[test]
    fn all_tasks_together_find_every_match() {
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
