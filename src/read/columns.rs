//! Finds the columns of source, target and weight in an edge list, and recognises a header.

use crate::config::ReadConfig;
use crate::error::{Error, Result};
use crate::read::rows::Rows;
use crate::read::values::{parse_finite, parse_weight};

/// Pairs of column names, in lower case, that mark the first row as a header.
const USUAL_NAMES: [(&str, &str); 17] = [
    ("source", "target"),
    ("src", "dst"),
    ("src", "dest"),
    ("from", "to"),
    ("from_id", "to_id"),
    ("from_node", "to_node"),
    ("fromnodeid", "tonodeid"),
    ("origin", "dest"),
    ("origin", "destination"),
    ("user_id", "friend_id"),
    ("user", "item"),
    ("user_id", "item_id"),
    ("u", "v"),
    ("node1", "node2"),
    ("node_1", "node_2"),
    ("id1", "id2"),
    ("head", "tail"),
];

/// The columns that are read.
pub(super) struct Columns {
    /// The number of columns in the first row.
    count: usize,
    /// The columns of source and target.
    pub(super) nodes: (usize, usize),
    pub(super) weight: Option<usize>,
    /// `true` if the first row is a header.
    pub(super) has_header: bool,
}

impl Columns {
    /// Finds the columns by `config`, by the names in `first`, or else by their order. `error` builds the
    /// error from a message.
    pub(super) fn find(
        first: &[String],
        is_header: bool,
        config: &ReadConfig,
        error: impl Fn(String) -> Error,
    ) -> Result<Self> {
        let named = |name: &str| {
            let matches = |field: &String| field.eq_ignore_ascii_case(name);
            if is_header { first.iter().position(matches) } else { None }
        };
        let nodes = usual_columns(first).filter(|_| is_header).unwrap_or((0, 1));
        let weight = match &config.weight_column {
            None => named("weight"),
            Some(wanted) => match (named(wanted), wanted.parse::<usize>()) {
                (Some(at), _) => Some(at),
                (None, Ok(number)) if (1..=first.len()).contains(&number) => Some(number - 1),
                _ => {
                    let problem = format!(
                        "has no column {wanted:?}, which `read.weight_column` names; expected the name or \
                         the number (from 1) of one of the columns {}",
                        first.join(",")
                    );
                    return Err(error(problem));
                }
            },
        };
        if weight == Some(nodes.0) || weight == Some(nodes.1) {
            let problem =
                "`read.weight_column` names a node column; expected a column other than source and target"
                    .into();
            return Err(error(problem));
        }
        Ok(Columns { count: first.len(), nodes, weight, has_header: is_header })
    }

    /// Checks the number of columns of a row: an unquoted name with a comma, or a list of neighbours, would
    /// otherwise be read as a wrong edge.
    pub(super) fn check_length(&self, reader: &Rows) -> Result<()> {
        if !self.has_header && reader.len() < self.count {
            let (expected, found) = (self.count, reader.len());
            return Err(reader.error(format!(
                "expected {expected} columns as in the first row, found {found}; hint: write a list of \
                 neighbours as one row per neighbour"
            )));
        }
        if (self.count..reader.len()).all(|at| reader.field(at).is_empty()) {
            return Ok(());
        }
        let (expected, found) = (self.count, reader.len());
        Err(reader.error(format!(
            "expected {expected} columns as in the first row, found {found}; hint: put double quotes around \
             names that contain the separator"
        )))
    }
}

/// Parses the weight, a number above 0, in column `at`.
pub(super) fn weight(reader: &Rows, at: usize) -> Result<f32> {
    if at >= reader.len() {
        let (column, found) = (at + 1, reader.len());
        return Err(reader.error(format!("expected a weight in column {column}, found {found} columns")));
    }
    let text = reader.field(at);
    parse_weight(text).map_err(|problem| reader.error(problem))
}

/// Returns the columns of source and target if the `first` row, followed by the `second`, is a header.
pub(crate) fn header_columns(first: &[String], second: Option<&[String]>) -> Option<(usize, usize)> {
    usual_columns(first).or_else(|| is_numeric_below(first, second).then_some((0, 1)))
}

/// Returns the columns of source and target if `header` contains one of the usual pairs of names.
pub(super) fn usual_columns(header: &[String]) -> Option<(usize, usize)> {
    let position = |name: &str| header.iter().position(|field| field.eq_ignore_ascii_case(name));
    USUAL_NAMES.iter().find_map(|(source, target)| Some((position(source)?, position(target)?)))
}

/// Returns `true` if the first two fields of the `first` row are not numbers and those of the `second` row
/// are, which makes the `first` row a header.
fn is_numeric_below(first: &[String], second: Option<&[String]>) -> bool {
    let first_two = |row: &[String], are_numbers: bool| {
        row.len() >= 2 && row[..2].iter().all(|field| parse_finite(field).is_ok() == are_numbers)
    };
    first_two(first, false) && second.is_some_and(|second| first_two(second, true))
}
