//! Lists of pairs held against each other: the pairs of all lists are sorted, so that those that are the same
//! stand together.

use std::path::PathBuf;

use crate::audit::{Direction, Offence, Place, Report, Rule};
use crate::graph::{NodeIds, Pair};

/// What the pairs of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Edges that message passing sees.
    Train,
    /// The held-out edges of a part.
    HeldOut,
    /// The negatives of a part.
    HeldOutNegatives,
    /// Pairs that somebody means to evaluate.
    Pairs,
    /// Pairs that somebody means to be no edges.
    Negatives,
    /// Every edge of the graph.
    Graph,
}

/// A list of pairs.
pub(super) struct List {
    pub(super) path: PathBuf,
    pub(super) role: Role,
}

/// One pair of a list. The order of the fields is that of sorting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    /// The pair; where direction does not count, the lower node first.
    key: Pair,
    pub(super) list: u16,
    line: u64,
    /// Whether the key is the other way round than what is written.
    is_reversed: bool,
}

impl Row {
    pub(super) fn new((u, v): Pair, direction: Direction, list: u16, line: u64) -> Self {
        let is_reversed = direction == Direction::Undirected && u > v;
        Row { key: if is_reversed { (v, u) } else { (u, v) }, list, line, is_reversed }
    }

    fn written(&self) -> Pair {
        if self.is_reversed { (self.key.1, self.key.0) } else { self.key }
    }
}

/// An offence at `row`, maybe against an `other`.
struct Found {
    rule: Rule,
    row: Row,
    other: Option<Row>,
}

/// Reports the offences among `rows`, which are sorted.
pub(super) fn check(lists: &[List], rows: &[Row], nodes: &NodeIds, report: &mut Report) {
    let mut found = Vec::new();
    for same in rows.chunk_by(|a, b| a.key == b.key) {
        judge(lists, same, &mut found);
    }
    found.sort_unstable_by_key(|Found { rule, row, other }| {
        (*rule, row.list, row.line, row.key, other.map(|other| (other.list, other.line)))
    });
    for offence in found {
        report.push(offence.rule, || describe(&offence, lists, nodes));
    }
}

/// Judges the rows of one pair.
fn judge(lists: &[List], same: &[Row], found: &mut Vec<Found>) {
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
                // To evaluate a held-out pair again, of either kind, is what it was held out for.
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
        Place { file: list.path.clone(), line: (list.role != Role::Graph).then_some(row.line) }
    };
    let pair = name(row);
    let shown = show(&pair);
    let graph = || lists.last().map_or(String::new(), |list| list.path.display().to_string());
    let there = other.as_ref().map(|other| {
        let Place { file, line } = place(other);
        let is_beside = file.parent() == lists[row.list as usize].path.parent();
        let near = file.file_name().filter(|_| is_beside && line.is_some()).map(PathBuf::from);
        let way = if row.written() == other.written() {
            String::new()
        } else {
            format!(" as {}", show(&name(other)))
        };
        format!("{}{way}", Place { file: near.unwrap_or(file), line })
    });
    let there = there.unwrap_or_default();
    let problem = match rule {
        Rule::SelfLoop => format!("{shown} joins a node to itself"),
        Rule::TrainedOn => format!("{shown} is also {there}, which message passing sees"),
        Rule::NegativeIsEdge => format!("{shown} is an edge: {there}"),
        Rule::AbsentEdge => format!("{shown} is no edge of {}", graph()),
        Rule::MissingEdge => format!("the edge {shown} is in no list"),
        _ => format!("{shown} is also {there}"),
    };
    Offence { rule: *rule, place: place(row), pair: Some(pair), other: other.as_ref().map(place), problem }
}
