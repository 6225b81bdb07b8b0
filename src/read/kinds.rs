//! The check that no node of a bipartite edge list is both a source and a target.

use hashbrown::HashMap;

use crate::error::Result;
use crate::graph::{NodeIds, Pair};
use crate::read::RowReader;

/// Checks that no node is both a source and a target of the `pairs`, which stand on these `lines`. O(m) time.
///
/// # Errors
/// [`crate::Error::Row`] at the first row that has a node in the other column than before.
pub(super) fn check_kinds(pairs: &[Pair], lines: &[u64], nodes: &NodeIds, reader: &RowReader) -> Result<()> {
    let mut first: HashMap<u32, (&str, u64)> = HashMap::new();
    for (&(source, target), &line) in pairs.iter().zip(lines) {
        for (node, column) in [(source, "source"), (target, "target")] {
            let &mut (known, known_line) = first.entry(node).or_insert((column, line));
            if known == column {
                continue;
            }
            let node = nodes.id(node);
            let before = if known_line == line { "here".into() } else { format!("on line {known_line}") };
            return Err(reader.error_at(
                line,
                format!(
                    "node {node} is a target and a source (the {known} {before}); expected two kinds of nodes with \
                     `read.bipartite`; hint: give the ids of one kind a prefix"
                ),
            ));
        }
    }
    Ok(())
}
