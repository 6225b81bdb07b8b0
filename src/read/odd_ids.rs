//! Notes on node ids that may be mistakes: one node spelled two ways, missing values, and two ids in one.

use std::borrow::Cow;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap};
use rayon::prelude::*;

use crate::graph::{EdgeList, NodeIds};
use crate::read::values::parse_finite;

/// What programs write for a missing value, in lower case.
const MISSING: [&str; 12] =
    ["null", "nan", "none", "na", "n/a", "<na>", "#n/a", "nil", "undefined", "missing", "\\n", "nat"];
/// The number of edges from which a node named like a missing value is noted.
const MANY_EDGES: usize = 2;

/// Returns notes on the ids of a graph. O(n) time on all threads, and O(1) per id that has another spelling.
pub(super) fn notes(nodes: &NodeIds, edges: &EdgeList) -> Vec<String> {
    [two_spellings(nodes), missing_values(nodes, edges), two_ids_in_one(nodes)]
        .into_iter()
        .flatten()
        .collect()
}

/// Returns `true` for text that programs write for a missing value.
pub(super) fn is_missing(text: &str) -> bool {
    text.is_empty() || MISSING.iter().any(|missing| missing.eq_ignore_ascii_case(text))
}

/// Returns a note if an id occurs in two spellings.
fn two_spellings(nodes: &NodeIds) -> Option<String> {
    let hasher = DefaultHashBuilder::default();
    let spelled_otherwise: Vec<(u64, u32)> = (0..nodes.len() as u32)
        .into_par_iter()
        .filter_map(|node| match plain_spelling(nodes.id(node)) {
            Cow::Borrowed(_) => None,
            Cow::Owned(plain) => Some((hasher.hash_one(&plain), node)),
        })
        .collect();
    let mut known: HashMap<u64, u32> = HashMap::new();
    let mut found: Option<(u32, u32)> = None;
    let mut count = 0;
    for (hash, node) in spelled_otherwise {
        let plain = plain_spelling(nodes.id(node));
        let same = nodes.index(&plain).or_else(|| {
            let other = *known.entry(hash).or_insert(node);
            (other != node && plain_spelling(nodes.id(other)) == plain).then_some(other)
        });
        if let Some(same) = same {
            count += 1;
            found.get_or_insert((same.min(node), same.max(node)));
        }
    }
    let (first, second) = found?;
    Some(format!(
        "ids spelled in two ways: {count}, such as {:?} and {:?}, which were read as different nodes",
        nodes.id(first),
        nodes.id(second)
    ))
}

/// Returns the plainest spelling of an id, borrowed if it is the id itself: without white space and invisible
/// letters at its ends, in lower case, and a whole number without `.0` and zeros before it.
fn plain_spelling(id: &str) -> Cow<'_, str> {
    let is_blank = |letter: char| {
        letter.is_whitespace()
            || matches!(letter, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
    };
    let trimmed = id.trim_matches(is_blank);
    let (sign, digits) = match trimmed.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && fraction.bytes().all(|byte| byte == b'0') {
        let whole = whole.trim_start_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole };
        let is_plain = id.len() == sign.len() + whole.len();
        return if is_plain { Cow::Borrowed(id) } else { Cow::Owned(format!("{sign}{whole}")) };
    }
    match trimmed.len() == id.len() && !id.chars().any(char::is_uppercase) {
        true => Cow::Borrowed(id),
        false => Cow::Owned(trimmed.to_lowercase()),
    }
}

/// Returns a note on nodes with edges whose id stands for a missing value in other programs.
fn missing_values(nodes: &NodeIds, edges: &EdgeList) -> Option<String> {
    let found = nodes_with(nodes, is_missing);
    if found.is_empty() {
        return None;
    }
    let degrees = edges.degrees();
    let node = found.into_iter().max_by_key(|&node| degrees[node as usize])?;
    let num_edges = degrees[node as usize];
    (num_edges >= MANY_EDGES).then(|| {
        format!(
            "{:?} is a node with {num_edges} edges; if it stands for a missing value, remove its rows",
            nodes.id(node)
        )
    })
}

/// Returns a note if an id consists of numbers with white space between them.
fn two_ids_in_one(nodes: &NodeIds) -> Option<String> {
    let found = nodes_with(nodes, |id| {
        let mut parts = id.split_whitespace();
        parts.clone().nth(1).is_some() && parts.all(|part| parse_finite(part).is_ok())
    });
    let first = nodes.id(*found.first()?);
    Some(format!(
        "ids that are two numbers: {}, such as {first:?}; expected one separator between all columns, tabs or blanks",
        found.len()
    ))
}

/// Returns the nodes whose ids are odd, in ascending order. O(n) time on all threads.
fn nodes_with(nodes: &NodeIds, is_odd: impl Fn(&str) -> bool + Sync) -> Vec<u32> {
    (0..nodes.len() as u32).into_par_iter().filter(|&node| is_odd(nodes.id(node))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes_on(ids: &[&str], pairs: &[(u32, u32)]) -> Vec<String> {
        let mut nodes = NodeIds::default();
        ids.iter().for_each(|id| {
            nodes.intern(id);
        });
        notes(&nodes, &EdgeList::new(ids.len(), pairs.to_vec(), None).0)
    }

    #[test]
    fn spellings_of_one_id_are_noted() {
        for (ids, shown) in [
            (["1", "1.0", "2"], r#"1, such as "1" and "1.0""#),
            (["00001", "x", "1"], r#"1, such as "00001" and "1""#),
            (["01", "001", "x"], r#"1, such as "01" and "001""#),
            (["bob", "ann", "bob\u{a0}"], r#"1, such as "bob" and "bob\u{a0}""#),
            (["Bob", "bob", "BOB"], r#"2, such as "Bob" and "bob""#),
            (["-1", "-1.00", "+1"], r#"1, such as "-1" and "-1.00""#),
        ] {
            let note = format!("ids spelled in two ways: {shown}, which were read as different nodes");
            assert_eq!(notes_on(&ids, &[]), [note], "{ids:?}");
        }
        assert_eq!(notes_on(&["0", "1.5", "1", "15", "Bob", "100", "1e2", "", "."], &[]), [""; 0]);
    }

    #[test]
    fn missing_values_with_edges_are_noted() {
        let note = "\"NaN\" is a node with 2 edges; if it stands for a missing value, remove its rows";
        assert_eq!(notes_on(&["a", "NaN", "b"], &[(0, 1), (1, 2)]), [note]);
        assert_eq!(notes_on(&["a", "NA", "b"], &[(0, 1), (0, 2)]), [""; 0], "Namibia");
    }

    #[test]
    fn two_numbers_in_an_id_are_noted() {
        let note = "ids that are two numbers: 1, such as \"1 2\"; expected one separator between all columns, tabs or blanks";
        assert_eq!(notes_on(&["1 2", "3", "New York 1"], &[]), [note]);
    }
}
