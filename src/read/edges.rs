//! Edge lists: `source,target` rows, with or without a header, a weight and other columns.

use std::path::Path;

use crate::config::{Header, ReadConfig};
use crate::error::Result;
use crate::graph::{Direction, EdgeList, Graph, Mentions, Merged, NodeIds, Pair};
use crate::read::kinds::check_kinds;
use crate::read::rows::Rows;
use crate::read::{RowReader, parse_finite};

/// Pairs of column names that mark a first row as a header, in lower case.
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

/// Reads an edge list: CSV, TSV or white-space separated, maybe gzipped, `-` for stdin. Node ids are any
/// strings. Duplicates and self-loops are merged or dropped, and noted; a reversed pair is a duplicate unless
/// `config` says that edges have directions.
///
/// # Errors
/// [`crate::Error::Io`] if the file cannot be read, [`crate::Error::Row`] at a row with fewer than two
/// columns, an empty id, a weight that is not a finite number above 0 or a node of both kinds of a bipartite graph,
/// [`crate::Error::Input`] for a file without edges.
pub fn edge_list(path: &Path, config: &ReadConfig) -> Result<Graph> {
    read_edges(RowReader::open(path)?, config)
}

pub(super) fn read_edges(mut reader: RowReader, config: &ReadConfig) -> Result<Graph> {
    let [Some(first), second] = reader.look_ahead()? else {
        return Err(reader.file_error("is empty; expected rows of source,target".into()));
    };
    let is_header = match config.header {
        Header::Yes => true,
        Header::No => false,
        Header::Auto => header_columns(&first, second.as_deref()).is_some(),
    };
    let columns = Columns::find(&first, is_header, config, &reader)?;

    let mut nodes = NodeIds::default();
    let mentions = nodes.mentions();
    let mut pairs: Vec<Pair> = Vec::new();
    let mut weights = columns.weight.map(|_| Vec::new());
    if is_header {
        reader.advance()?;
    }
    let mut lines: Vec<u64> = Vec::new();
    let start = || BlockOfEdges { mentions: mentions.clone(), weights: Vec::new(), lines: Vec::new() };
    let parse = |rows: &mut Rows, block: &mut BlockOfEdges| {
        let (source, target) = rows.pair(columns.nodes)?;
        let weight = columns.weight.map(|at| weight(rows, at)).transpose()?;
        columns.check_length(rows)?;
        block.mentions.push(source, rows.span(columns.nodes.0).start);
        block.mentions.push(target, rows.span(columns.nodes.1).start);
        block.weights.extend(weight);
        block.lines.extend(config.bipartite.then(|| rows.line_number()));
        Ok(())
    };
    reader.parse_blocks(start, parse, |blocks| {
        let texts: Vec<_> = blocks.iter().map(|block| (block.rows.text(), &block.value.mentions)).collect();
        for numbers in nodes.intern_all(&texts) {
            pairs.extend(numbers.as_chunks().0.iter().map(|&[source, target]| (source, target)));
        }
        if let Some(weights) = &mut weights {
            blocks.iter().for_each(|block| weights.extend_from_slice(&block.value.weights));
        }
        blocks.iter().for_each(|block| lines.extend_from_slice(&block.value.lines));
        Ok(())
    })?;
    if pairs.is_empty() {
        return Err(reader.file_error("has a header and no rows; expected rows of source,target".into()));
    }

    if config.bipartite {
        check_kinds(&pairs, &lines, &nodes, &reader)?;
    }
    let num_rows = pairs.len();
    let is_lone_edge = !is_header && config.header == Header::Auto && is_lone(&pairs) && num_rows > 1;
    let (edges, merged) = EdgeList::with_direction(Direction::of(config), nodes.len(), pairs, weights);
    let mut notes = Vec::new();
    if merged != Merged::default() {
        notes.push(merged.note("rows", num_rows, &edges));
    }
    notes.extend(reader.comment_note());
    if columns.weight.is_none() && first.len() == 3 {
        notes.push("the third column is not used; --weights 3 makes it the weight".into());
    }
    if is_lone_edge && first.iter().all(|field| field.parse::<f64>().is_err()) {
        notes.push(format!(
            "the first row ({}) was read as an edge; --header yes if it is none",
            first.join(",")
        ));
    }
    Ok(Graph { nodes, edges, notes, inputs: vec![reader.finish()], ..Graph::default() })
}

/// What a block of rows names.
struct BlockOfEdges {
    /// Source and target of each row.
    mentions: Mentions,
    weights: Vec<f32>,
    /// Of each row, of a bipartite graph.
    lines: Vec<u64>,
}

/// Which columns are read.
struct Columns {
    /// How many the first row has.
    count: usize,
    /// Those of source and target.
    nodes: (usize, usize),
    weight: Option<usize>,
}

impl Columns {
    fn find(first: &[String], is_header: bool, config: &ReadConfig, reader: &RowReader) -> Result<Self> {
        let named = |name: &str| {
            let matches = |field: &String| field.eq_ignore_ascii_case(name);
            if is_header { first.iter().position(matches) } else { None }
        };
        let nodes = usual_columns(first).filter(|_| is_header).unwrap_or((0, 1));
        let weight = match &config.weights {
            None => named("weight"),
            Some(wanted) => match (named(wanted), wanted.parse::<usize>()) {
                (Some(at), _) => Some(at),
                (None, Ok(number)) if (1..=first.len()).contains(&number) => Some(number - 1),
                _ => {
                    let problem = format!(
                        "has no column {wanted:?}, which --weights names; expected a header or a number from 1 \
                         among the columns {}",
                        first.join(",")
                    );
                    return Err(reader.file_error(problem));
                }
            },
        };
        if weight == Some(nodes.0) || weight == Some(nodes.1) {
            let problem = "--weights names a node column; expected a column beside source and target".into();
            return Err(reader.file_error(problem));
        }
        Ok(Columns { count: first.len(), nodes, weight })
    }

    /// A name with a comma that is not quoted would otherwise make an edge that nobody meant.
    fn check_length(&self, reader: &Rows) -> Result<()> {
        if (self.count..reader.len()).all(|at| reader.field(at).is_empty()) {
            return Ok(());
        }
        let (expected, found) = (self.count, reader.len());
        Err(reader.error(format!(
            "expected {expected} columns as in the first row, found {found}; hint: put double quotes around names \
             that hold the separator"
        )))
    }
}

/// The number above 0 in column `at`.
fn weight(reader: &Rows, at: usize) -> Result<f32> {
    if at >= reader.len() {
        let (column, found) = (at + 1, reader.len());
        return Err(reader.error(format!("expected a weight in column {column}, found {found} columns")));
    }
    let text = reader.field(at);
    let weight = parse_finite(text).map_err(|found| reader.error(format!("the weight is {found}")))?;
    if weight <= 0.0 {
        return Err(reader.error(format!("the weight is {text}; expected a number above 0")));
    }
    Ok(weight)
}

/// The columns of source and target if the `first` row, above the `second`, is a header.
pub(crate) fn header_columns(first: &[String], second: Option<&[String]>) -> Option<(usize, usize)> {
    usual_columns(first).or_else(|| is_numeric_below(first, second).then_some((0, 1)))
}

/// The columns that a usual pair of names in `header` marks as source and target.
pub(super) fn usual_columns(header: &[String]) -> Option<(usize, usize)> {
    let position = |name: &str| header.iter().position(|field| field.eq_ignore_ascii_case(name));
    USUAL_NAMES.iter().find_map(|(source, target)| Some((position(source)?, position(target)?)))
}

/// Whether a first row's two nodes are no numbers where those of the `second` row are: it is a header then.
fn is_numeric_below(first: &[String], second: Option<&[String]>) -> bool {
    let are_two = |row: &[String], are_numbers: bool| {
        row.len() >= 2 && row[..2].iter().all(|field| parse_finite(field).is_ok() == are_numbers)
    };
    are_two(first, false) && second.is_some_and(|second| are_two(second, true))
}

/// Whether the first edge's nodes occur in no other: they have the numbers 0 and 1.
fn is_lone(pairs: &[Pair]) -> bool {
    pairs[0] == (0, 1) && pairs[1..].iter().all(|&(u, v)| u > 1 && v > 1)
}
