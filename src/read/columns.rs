//! Finds the columns of source, target and weight, and recognises a header. Every reader of pairs of nodes
//! follows this one rule.

use crate::config::{Header, NodeColumns, ReadConfig};
use crate::error::{Error, Result};
use crate::read::header::{column_of, label_column, numbers_rows, shown, usual_columns};
use crate::read::odd_ids::is_missing;
use crate::read::rows::Rows;
use crate::read::values::{parse_finite, parse_weight};

/// The first two rows of a file.
pub(crate) type FirstRows = [Option<Vec<String>>; 2];

/// The columns of the two nodes.
pub(crate) struct PairColumns {
    /// The number of columns of each row.
    pub(super) count: usize,
    /// The columns of source and target.
    pub(crate) nodes: (usize, usize),
    /// The names of the columns, if the first row is a header. The name of a column that it leaves out is
    /// empty.
    pub(super) header: Option<Vec<String>>,
    /// The reason to take these columns.
    pub(super) choice: Choice,
}

/// The reason to take columns as source and target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// The settings name them.
    Settings,
    /// The header has usual names.
    Names,
    /// They are the first two besides a column of row names.
    AfterRowNames,
    /// They are the first two.
    Order,
}

/// The columns that are read from an edge list.
pub(super) struct Columns {
    pub(super) pairs: PairColumns,
    pub(super) weight: Option<usize>,
    /// The fields of the first row.
    pub(super) first: Vec<String>,
}

impl PairColumns {
    /// Finds the columns by the settings `wanted`, by the usual names in the first row, or else by their order.
    /// `error` builds the error from a message.
    ///
    /// # Errors
    /// Returns an error for an adjacency matrix with names, and for a column that `wanted` names and that does
    /// not exist.
    pub(crate) fn find(
        rows: &FirstRows,
        header: Header,
        wanted: &NodeColumns,
        error: impl Fn(String) -> Error,
    ) -> Result<Self> {
        let [Some(first), second] = rows else {
            return Ok(PairColumns { count: 0, nodes: (0, 1), header: None, choice: Choice::Order });
        };
        let second = second.as_deref();
        let names = with_row_names(first, second);
        let is_header = match header {
            // A single column is refused when the row is read.
            _ if names.len() < 2 => false,
            Header::Yes => true,
            Header::No => false,
            Header::Auto => is_header(&names, second, wanted),
        };
        if header == Header::Auto {
            refuse_named_matrix(&names, second).map_err(&error)?;
        }
        let names = if is_header { &names } else { first };
        let usual = usual_columns(names).filter(|_| is_header);
        let (by_default, choice) = match usual {
            Some(nodes) => (nodes, Choice::Names),
            None if is_header && names.len() > 2 && names[0].is_empty() => ((1, 2), Choice::AfterRowNames),
            None => ((0, 1), Choice::Order),
        };
        let header = is_header.then(|| names.clone());
        let count = names.len();
        let choose = |wanted: &Option<String>, setting: &str| match wanted {
            None => Ok(None),
            Some(name) => match column_of(name, header.as_deref(), count) {
                Some(at) => Ok(Some(at)),
                None => Err(error(no_column(name, setting, names))),
            },
        };
        let nodes = match (choose(&wanted.source, "read.source")?, choose(&wanted.target, "read.target")?) {
            (None, None) => return Ok(PairColumns { count, nodes: by_default, header, choice }),
            (Some(source), Some(target)) => (source, target),
            (Some(source), None) if source == by_default.1 => (source, by_default.0),
            (Some(source), None) => (source, by_default.1),
            (None, Some(target)) if target == by_default.0 => (by_default.1, target),
            (None, Some(target)) => (by_default.0, target),
        };
        match nodes.0 == nodes.1 {
            true => Err(error("`read.source` and `read.target` name the same column; expected two".into())),
            false => Ok(PairColumns { count, nodes, header, choice: Choice::Settings }),
        }
    }

    /// Returns `true` if the first row is a header.
    pub(crate) fn has_header(&self) -> bool {
        self.header.is_some()
    }

    /// Returns the column that may tell links from non-links by 0 and 1, which only a header can name.
    pub(crate) fn label(&self) -> Option<usize> {
        self.header.as_ref().and_then(|header| label_column(header, self.nodes))
    }

    /// Returns a note on columns that were not found by settings or usual names. `hint` says how to read the
    /// first row as no header.
    pub(crate) fn note(&self, hint: &str) -> Option<String> {
        let header = self.header.as_ref()?;
        let (source, target) = (&header[self.nodes.0], &header[self.nodes.1]);
        let row_names = "the first column has no name, so it was read as row names; `row.names = FALSE` in R and \
                         `index=False` in pandas leave them out";
        match self.choice {
            Choice::AfterRowNames => {
                Some(format!("{row_names}; {source} and {target} were read as source and target"))
            }
            Choice::Names | Choice::Settings
                if header[0].is_empty() && self.nodes.0.min(self.nodes.1) > 0 =>
            {
                Some(row_names.into())
            }
            Choice::Names | Choice::Settings => None,
            Choice::Order => {
                let others = match header.len() > 2 {
                    true => "; `read.source` and `read.target` choose other columns",
                    false => "",
                };
                Some(format!(
                    "the first row ({}) was read as a header, and {source} and {target} as source and \
                     target{others}{hint}",
                    shown(header)
                ))
            }
        }
    }
}

impl Columns {
    /// Finds the columns of an edge list; see [`PairColumns::find`].
    pub(super) fn find(
        rows: &FirstRows,
        header: Header,
        config: &ReadConfig,
        error: impl Fn(String) -> Error,
    ) -> Result<Self> {
        let pairs = PairColumns::find(rows, header, &config.node_columns(), &error)?;
        let names = pairs.header.as_deref();
        let weight = match &config.weight_column {
            None => names.and_then(|_| column_of("weight", names, 0)),
            Some(wanted) => Some(column_of(wanted, names, pairs.count).ok_or_else(|| {
                error(no_column(wanted, "read.weight_column", rows[0].as_deref().unwrap_or_default()))
            })?),
        };
        if weight == Some(pairs.nodes.0) || weight == Some(pairs.nodes.1) {
            let problem =
                "`read.weight_column` names a node column; expected a column other than source and target"
                    .into();
            return Err(error(problem));
        }
        Ok(Columns { pairs, weight, first: rows[0].clone().unwrap_or_default() })
    }

    /// Checks the number of columns of a row: an unquoted name with a comma, or a list of neighbours, would
    /// otherwise be read as a wrong edge.
    pub(super) fn check_length(&self, reader: &Rows) -> Result<()> {
        let (expected, found) = (self.pairs.count, reader.len());
        let is_short = self.pairs.header.is_none() && found < expected;
        if !is_short && (expected..found).all(|at| reader.field(at).is_empty()) {
            return Ok(());
        }
        let is_size = self.pairs.header.is_none()
            && matches!(self.first.len(), 2 | 3)
            && self.first.iter().all(|field| field.parse::<u64>().is_ok());
        let hint = match reader.separator_name() {
            _ if is_size => format!(
                "if the first row ({}) is the size of the graph, remove it",
                self.first.join(" ")
            ),
            "white space" => "a list of neighbours becomes one row per neighbour with `awk '{ for (i = 2; i <= NF; \
                              i++) print $1, $i }'`; put double quotes around names with blanks"
                .into(),
            _ => "write a list of neighbours as one row per neighbour, and put double quotes around names that \
                  contain the separator"
                .into(),
        };
        Err(reader
            .error(format!("expected {expected} columns as in the first row, found {found}; hint: {hint}")))
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

/// Returns the message for a column that a setting names and that does not exist.
fn no_column(wanted: &str, setting: &str, names: &[String]) -> String {
    format!(
        "has no column {wanted:?}, which `{setting}` names; expected the name or the number (from 1) of one \
         of the columns {}",
        names.join(",")
    )
}

/// Returns the names in the `first` row, with an empty one in front if it is one field shorter than the
/// `second`, which is how R's `write.table` writes a header over row names.
fn with_row_names(first: &[String], second: Option<&[String]>) -> Vec<String> {
    let is_shorter = second.is_some_and(|second| second.len() == first.len() + 1);
    let are_names = first.len() >= 2 && first.iter().all(|name| parse_finite(name).is_err());
    // R numbers the rows, unless they have names of their own, which an unquoted comma looks like too.
    let is_numbered = second.is_some_and(|second| second[0].parse::<u64>().is_ok());
    let is_named_matrix = second.is_some_and(|second| {
        first.contains(&second[0]) && second[1..].iter().all(|value| parse_finite(value).is_ok())
    });
    let mut names = first.to_vec();
    if is_shorter && are_names && (is_numbered || is_named_matrix) {
        names.insert(0, String::new());
    }
    // pandas calls the index so when it reads a file back that it wrote.
    if names[0].starts_with("Unnamed: 0") {
        names[0].clear();
    }
    names
}

/// Returns `true` if `names` are those of columns: a setting, a usual pair of names or `weight` is among them, the
/// first is missing, as over row names, or one is no number while the `second` row has a number there.
fn is_header(names: &[String], second: Option<&[String]>, wanted: &NodeColumns) -> bool {
    // A number is that of a column, and may also be a node in the first row.
    let is_named = |name: &Option<String>| {
        let name = name.as_ref().filter(|name| name.parse::<usize>().is_err());
        name.is_some_and(|name| column_of(name, Some(names), 0).is_some())
    };
    let is_over_row_names = names.len() > 2 && names[0].is_empty();
    is_named(&wanted.source)
        || is_named(&wanted.target)
        || usual_columns(names).is_some()
        || names.iter().skip(2).any(|name| name.eq_ignore_ascii_case("weight"))
        || is_over_row_names
        || second.is_some_and(|second| is_over_numbers(names, second))
}

/// Returns `true` if the first two of `names` are not numbers and those below are, if a later one is not a number,
/// nor stands for a missing one, and the one below is, or if the first is a name such as `pair_id` over a number.
fn is_over_numbers(names: &[String], second: &[String]) -> bool {
    let is_number = |field: &String| parse_finite(field).is_ok();
    if names.len() < 2 || second.len() < 2 || names[..2].iter().any(is_number) {
        return false;
    }
    let is_name =
        |(name, below): (&String, &String)| !is_number(name) && !is_missing(name) && is_number(below);
    let is_over_row_numbers = numbers_rows(&names[0]) && is_number(&second[0]);
    is_over_row_numbers || second[..2].iter().all(is_number) || names.iter().zip(second).skip(2).any(is_name)
}

/// Refuses an adjacency matrix with names in its first row and its first column.
fn refuse_named_matrix(names: &[String], second: Option<&[String]>) -> std::result::Result<(), String> {
    let Some(second) = second.filter(|second| second.len() == names.len() && names.len() > 2) else {
        return Ok(());
    };
    let is_matrix = names[1] == second[0]
        && (names[0].is_empty() || names.iter().all(|name| parse_finite(name).is_err()))
        && second[1..].iter().all(|value| parse_finite(value).is_ok());
    match is_matrix {
        false => Ok(()),
        true => Err(
            "is an adjacency matrix with names in its first row and column; expected rows of source,target; hint: \
             pandas turns a matrix `m` into rows with `m.stack().loc[lambda w: w > 0].rename_axis(['source', \
             'target']).reset_index(name='weight').to_csv(FILE, index=False)`, R with `w <- \
             as.data.frame(as.table(m)); names(w) <- c('source', 'target', 'weight'); write.csv(w[w$weight > 0, ], \
             FILE, row.names = FALSE)`"
                .into(),
        ),
    }
}
