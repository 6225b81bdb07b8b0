//! Compares lists of pairs. The pairs of all lists are sorted together, so that equal pairs are adjacent.

use std::path::PathBuf;

use crate::audit::{Direction, Offence, Place, Report, Rule};
use crate::graph::{NodeIds, Pair};

/// The role of the pairs of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Edges that message passing sees.
    Train,
    /// The held-out edges of a part.
    HeldOut,
    /// The negatives of a part.
    HeldOutNegatives,
    /// Further pairs to evaluate.
    Pairs,
    /// Further negatives, which must not be edges.
    Negatives,
    /// Negatives of each link of another list.
    LinkNegatives,
    /// Every edge of the graph.
    Graph,
}

/// A list of pairs.
pub(super) struct List {
    pub(super) path: PathBuf,
    pub(super) role: Role,
}

/// One pair of a list. Rows are sorted by their fields in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    /// The pair; without directions, the lower node first.
    key: Pair,
    pub(super) list: u16,
    /// The line in the file, counted from 1; 0 in the graph and in an array.
    line: u64,
    /// `true` if the file has the nodes of the key in the other order.
    is_reversed: bool,
}

impl Row {
    pub(super) fn new((u, v): Pair, direction: Direction, list: u16, line: u64) -> Self {
        let is_reversed = direction == Direction::Undirected && u > v;
        Row { key: if is_reversed { (v, u) } else { (u, v) }, list, line, is_reversed }
    }

    /// Returns the pair; without directions, the lower node first.
    pub(super) fn key(&self) -> Pair {
        self.key
    }

    /// Returns both nodes.
    pub(super) fn ends(&self) -> [u32; 2] {
        self.key.into()
    }

    /// Returns the same pair at no line of another list.
    pub(super) fn in_list(&self, list: u16) -> Self {
        Row { list, line: 0, ..*self }
    }

    /// Returns the pair as written in the file.
    pub(super) fn written(&self) -> Pair {
        if self.is_reversed { (self.key.1, self.key.0) } else { self.key }
    }
}

/// An offence at `row`, with the `other` row that it conflicts with, if any.
pub(super) struct Found {
    pub(super) rule: Rule,
    pub(super) row: Row,
    pub(super) other: Option<Row>,
}

/// Drops the second direction of each pair from the lists that hold both directions of each of their pairs, if
/// the training edges do, as some programs write undirected edges. Returns these lists. `rows` are sorted.
pub(super) fn drop_reversed(lists: &[List], rows: &mut Vec<Row>, direction: Direction) -> Vec<usize> {
    if direction == Direction::Directed {
        return Vec::new();
    }
    // `None` for a list without rows.
    let mut is_both: Vec<Option<bool>> = vec![None; lists.len()];
    for same in rows.chunk_by(|a, b| (a.key, a.list) == (b.key, b.list)) {
        let is_one_pair = same.len() == 2 && same[0].is_reversed != same[1].is_reversed;
        let is_both = &mut is_both[same[0].list as usize];
        *is_both = Some(is_both.unwrap_or(true) && is_one_pair);
    }
    let found: Vec<usize> = (0..lists.len()).filter(|&list| is_both[list] == Some(true)).collect();
    if found.first() != Some(&0) {
        return Vec::new();
    }
    rows.retain(|row| !(row.is_reversed && found.contains(&(row.list as usize))));
    found
}

/// Reports the offences among the sorted `rows`, and those that were `found` before.
pub(super) fn check(
    lists: &[List],
    rows: &[Row],
    mut found: Vec<Found>,
    nodes: &NodeIds,
    report: &mut Report,
) {
    for same in rows.chunk_by(|a, b| a.key == b.key) {
        check_pair(lists, same, &mut found);
    }
    found.sort_unstable_by_key(|Found { rule, row, other }| {
        (*rule, row.list, row.line, row.key, other.map(|other| (other.list, other.line)))
    });
    for offence in found {
        report.push(offence.rule, || describe(&offence, lists, nodes));
    }
}

/// Checks the rows of one pair.
fn check_pair(lists: &[List], same: &[Row], found: &mut Vec<Found>) {
    let role = |row: &Row| lists[row.list as usize].role;
    let mut push =
        |rule, row: &Row, other: Option<&Row>| found.push(Found { rule, row: *row, other: other.copied() });
    if same[0].key.0 == same[0].key.1 {
        same.iter().for_each(|row| push(Rule::SelfLoop, row, None));
        return;
    }
    let mut firsts: Vec<&Row> = Vec::new();
    for repeated in same.chunk_by(|a, b| a.list == b.list) {
        repeated[1..].iter().for_each(|again| push(Rule::Duplicate, again, Some(&repeated[0])));
        firsts.push(&repeated[0]);
    }
    for (at, first) in firsts.iter().enumerate() {
        for second in &firsts[at + 1..] {
            use Role::{HeldOut, HeldOutNegatives, Negatives, Pairs, Train};
            match (role(first), role(second)) {
                (Train, HeldOut | Pairs) => push(Rule::TrainedOn, second, Some(first)),
                (Train | HeldOut, HeldOutNegatives | Negatives) | (Pairs, Negatives) => {
                    push(Rule::NegativeIsEdge, second, Some(first));
                }
                (HeldOutNegatives, HeldOut) | (Negatives, Pairs) => {
                    push(Rule::NegativeIsEdge, first, Some(second));
                }
                (a, b) if a == b => push(Rule::TwoLists, first, Some(second)),
                // Evaluating a held-out edge or negative again is allowed.
                _ => {}
            }
        }
    }
    let Some(Role::Graph) = lists.last().map(|list| list.role) else { return };
    let edge = firsts.last().filter(|row| role(row) == Role::Graph);
    let is_listed = firsts.iter().any(|row| matches!(role(row), Role::Train | Role::HeldOut));
    for row in &firsts {
        match (role(row), edge) {
            (Role::Train | Role::HeldOut, None) => push(Rule::AbsentEdge, row, None),
            (Role::HeldOutNegatives | Role::Negatives, Some(edge)) if !is_listed => {
                push(Rule::NegativeIsEdge, row, Some(edge));
            }
            (Role::Graph, _) if !is_listed => push(Rule::MissingEdge, row, None),
            _ => {}
        }
    }
}

fn describe(Found { rule, row, other }: &Found, lists: &[List], nodes: &NodeIds) -> Offence {
    let name = |row: &Row| {
        let (u, v) = row.written();
        (nodes.id(u).to_string(), nodes.id(v).to_string())
    };
    let show = |(u, v): &(String, String)| format!("{u},{v}");
    let place = |row: &Row| {
        let list = &lists[row.list as usize];
        Place { file: list.path.clone(), line: (row.line > 0).then_some(row.line) }
    };
    let pair = name(row);
    let shown = show(&pair);
    let graph = || lists.last().map_or(String::new(), |list| list.path.display().to_string());
    let other_place = other.as_ref().map(|other| {
        let Place { file, line } = place(other);
        let is_beside = file.parent() == lists[row.list as usize].path.parent();
        let short_name = file.file_name().filter(|_| is_beside && line.is_some()).map(PathBuf::from);
        let reversed = if row.written() == other.written() {
            String::new()
        } else {
            format!(" as {}", show(&name(other)))
        };
        format!("{}{reversed}", Place { file: short_name.unwrap_or(file), line })
    });
    let other_place = other_place.unwrap_or_default();
    let problem = match rule {
        Rule::SelfLoop => format!("{shown} joins a node to itself"),
        Rule::TrainedOn => format!("{shown} is also {other_place}, which message passing sees"),
        Rule::NegativeIsEdge => format!("{shown} is an edge: {other_place}"),
        Rule::AbsentEdge => format!("{shown} is not an edge of {}", graph()),
        Rule::NoNegatives => format!("has no negatives for the link {shown}: {other_place}"),
        Rule::UnknownNode => format!("{shown} has a node that {} does not have", graph()),
        Rule::MissingEdge => format!("the edge {shown} is in no list"),
        _ => format!("{shown} is also {other_place}"),
    };
    Offence { rule: *rule, place: place(row), pair: Some(pair), other: other.as_ref().map(place), problem }
}
