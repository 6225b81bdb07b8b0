//! Checks for text that was read as an edge list but may be something else.

use crate::config::{Header, ReadConfig};
use crate::graph::Pair;
use crate::read::columns::{Columns, usual_columns};

/// The beginning of a Matrix Market file, whatever its name.
const BANNER: &str = "%%MatrixMarket";

/// A text, whose `first` row this is, that is surely no edge list, with a hint.
pub(super) fn refuse(text: &str, first: &[String]) -> Result<(), String> {
    if let [source, arrow @ ("->" | "<-" | "<->" | "--"), target] =
        first.iter().map(String::as_str).collect::<Vec<_>>()[..]
    {
        return Err(format!(
            "the first row is {source} {arrow} {target}; expected source,target; hint: `sed 's/ {arrow} / /'` takes the \
             arrows away"
        ));
    }
    if first[0].starts_with("sep=") {
        return Err("the first row says `sep=`, as Excel writes it; expected source,target; hint: `tail -n +2` leaves it \
                    out"
        .into());
    }
    if text.starts_with(BANNER) {
        return Err("begins as a matrix in the format of Matrix Market; expected an edge list; hint: \
                    `read.format = matrix-market`"
            .into());
    }
    Ok(())
}

/// Returns notes on `pairs`, read from these columns, that may not be what was meant. Nodes are numbered in the order in
/// which they first appear.
pub(super) fn notes(first: &[String], columns: &Columns, pairs: &[Pair], config: &ReadConfig) -> Vec<String> {
    let mut notes = Vec::new();
    let are_first = columns.nodes.0 < 2 && columns.nodes.1 < 2;
    let num_used = columns.weight.map_or(2, |at| 3.max(at + 1));
    match first.len() {
        3 if columns.weight.is_none() && are_first => {
            notes.push("the third column is not used; `read.weight_column = 3` makes it the weight".into());
        }
        count if !columns.has_header && count > num_used => {
            let used = if columns.weight.is_some() { "and the weight are" } else { "are" };
            notes.push(format!(
                "the rows have {count} columns, of which the first two {used} read; expected an edge a row, no matrix and \
                 no list of neighbours"
            ));
        }
        _ => {}
    }
    if config.header != Header::Auto {
        return notes;
    }
    let (shown, num_others) = (first.join(","), pairs.len() - 1);
    if columns.has_header {
        if usual_columns(first).is_none() {
            notes.push(format!(
                "the first row ({shown}) was read as a header; `read.header = no` if it is an edge"
            ));
        }
    } else if is_size(first, num_others) {
        notes.push(format!(
            "the first row ({shown}) was read as an edge, but {num_others} rows follow it: if it is the size of the graph, \
             leave it out"
        ));
    } else if is_lone(pairs) && num_others > 0 && first.iter().all(|field| field.parse::<f64>().is_err()) {
        notes.push(format!("the first row ({shown}) was read as an edge; `read.header = yes` if it is none"));
    }
    notes
}

/// Returns `true` if the first row may be the number of nodes and edges, given that `num_rows` rows follow.
fn is_size(first: &[String], num_rows: usize) -> bool {
    let ([nodes, edges] | [nodes, _, edges]) = first else { return false };
    nodes.parse::<usize>().is_ok() && edges.parse() == Ok(num_rows) && num_rows > 1
}

/// Returns `true` if the nodes of the first edge, whose numbers are 0 and 1, occur in no other edge.
fn is_lone(pairs: &[Pair]) -> bool {
    pairs[0] == (0, 1) && pairs[1..].iter().all(|&(u, v)| u > 1 && v > 1)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::config::ReadConfig;
    use crate::read::edge_list;

    #[test]
    fn rows_that_may_mean_something_else_are_noted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("edges.csv");
        let notes = |text: &str| {
            fs::write(&path, text).unwrap();
            edge_list(&path, &ReadConfig::default()).unwrap().notes
        };
        let note = |text: &str| notes(text).pop().unwrap();
        assert_eq!(
            note("4 3\n1 2\n2 3\n3 4\n"),
            "the first row (4,3) was read as an edge, but 3 rows follow it: if it is the size of the graph, leave it out"
        );
        assert_eq!(
            note("ORD,LAX\n1,2\n2,3\n"),
            "the first row (ORD,LAX) was read as a header; `read.header = no` if it is an edge"
        );
        assert_eq!(
            note("a,b\nc,d\nd,e\n"),
            "the first row (a,b) was read as an edge; `read.header = yes` if it is none"
        );
        assert_eq!(
            note("1,2,3\n2,3,4\n"),
            "the third column is not used; `read.weight_column = 3` makes it the weight"
        );
        assert_eq!(
            note("source,target\n1,2\nsource,target\n2,3\n"),
            "line 3 has the words of the header (source,target) once more: they were read as an edge"
        );
        let matrix = "the rows have 4 columns, of which the first two are read; expected an edge a row, no matrix and no \
                      list of neighbours";
        assert_eq!(note(".1 .2 .3 .4\n.5 .6 .7 .8\n"), matrix);
        // Nothing is in doubt.
        for text in [
            "4 2\n1 2\n2 3\n3 4\n",
            "source,target,time,place\n1,2,3,4\n",
            "from,to\n1,2\n2,3\n",
            "a,b\nb,c\n",
        ] {
            assert_eq!(notes(text), [""; 0], "{text}");
        }
    }
}
