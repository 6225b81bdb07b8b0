//! Recognises text that is not an edge list, and notes rows that may not be edges.

use crate::config::{Header, ReadConfig};
use crate::graph::Pair;
use crate::read::columns::{Columns, usual_columns};

/// Returns an error with a hint if the `first` row shows that the text is no edge list.
pub(super) fn refuse(first: &[String]) -> Result<(), String> {
    if let [source, arrow @ ("->" | "<-" | "<->" | "--"), target] =
        first.iter().map(String::as_str).collect::<Vec<_>>()[..]
    {
        return Err(format!(
            "the first row is {source} {arrow} {target}; expected source,target; hint: \
             `sed 's/ {arrow} / /'` removes the arrows"
        ));
    }
    if first[0].starts_with("sep=") {
        let problem =
            "the first row is a `sep=` line of Excel; expected source,target; hint: `tail -n +2` removes it";
        return Err(problem.into());
    }
    Ok(())
}

/// Returns notes on rows that may have been misread. The nodes in `pairs` are numbered in the order of their
/// first appearance.
pub(super) fn notes(first: &[String], columns: &Columns, pairs: &[Pair], config: &ReadConfig) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(unread_columns(first, columns));
    if config.header != Header::Auto {
        return notes;
    }
    let (shown, num_others) = (first.join(","), pairs.len() - 1);
    if columns.has_header {
        if usual_columns(first).is_none() {
            notes.push(format!(
                "the first row ({shown}) was read as a header; use `read.header = no` if it is an edge"
            ));
        }
    } else if is_size(first, num_others) {
        notes.push(format!(
            "the first row ({shown}) was read as an edge, but {num_others} rows follow it: if it is the size \
             of the graph, remove it"
        ));
    } else if is_lone(pairs) && num_others > 0 && first.iter().all(|field| field.parse::<f64>().is_err()) {
        notes.push(format!(
            "the first row ({shown}) was read as an edge; use `read.header = yes` if it is a header"
        ));
    }
    notes
}

/// Returns a note on columns that are not read, if there are any.
fn unread_columns(first: &[String], columns: &Columns) -> Option<String> {
    let is_read = |at: &usize| [columns.nodes.0, columns.nodes.1].contains(at) || columns.weight == Some(*at);
    let unread: Vec<usize> = (0..first.len()).filter(|at| !is_read(at)).collect();
    match unread.as_slice() {
        [] => None,
        _ if columns.has_header => {
            let names: Vec<&str> = unread.iter().take(5).map(|&at| first[at].as_str()).collect();
            let more = if unread.len() > 5 { ", …" } else { "" };
            let hint = match columns.weight {
                None => "; `read.weight_column = NAME` reads one as the weight",
                Some(_) => "",
            };
            Some(format!("columns that are not read: {}{more}{hint}", names.join(", ")))
        }
        [2] if columns.weight.is_none() => {
            Some("the third column is not read; `read.weight_column = 3` reads it as the weight".into())
        }
        _ => {
            let used = if columns.weight.is_some() { "and the weight are" } else { "are" };
            Some(format!(
                "the rows have {} columns, but only the first two {used} read; expected one edge per row, not a matrix \
                 or a list of neighbours",
                first.len()
            ))
        }
    }
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
            edge_list(&path, &ReadConfig::default(), &Default::default()).unwrap().notes
        };
        let note = |text: &str| notes(text).pop().unwrap();
        assert_eq!(
            note("4 3\n1 2\n2 3\n3 4\n"),
            "the first row (4,3) was read as an edge, but 3 rows follow it: if it is the size of the graph, \
             remove it"
        );
        assert_eq!(
            note("ORD,LAX\n1,2\n2,3\n"),
            "the first row (ORD,LAX) was read as a header; use `read.header = no` if it is an edge"
        );
        assert_eq!(
            note("a,b\nc,d\nd,e\n"),
            "the first row (a,b) was read as an edge; use `read.header = yes` if it is a header"
        );
        assert_eq!(
            note("1,2,3\n2,3,4\n"),
            "the third column is not read; `read.weight_column = 3` reads it as the weight"
        );
        assert_eq!(
            note("source,target\n1,2\nsource,target\n2,3\n"),
            "line 3 repeats the header (source,target) and was read as an edge"
        );
        let matrix = "the rows have 4 columns, but only the first two are read; expected one edge per row, \
                      not a matrix or a list of neighbours";
        assert_eq!(note(".1 .2 .3 .4\n.5 .6 .7 .8\n"), matrix);
        let unread = "columns that are not read: time, place";
        let hint = "; `read.weight_column = NAME` reads one as the weight";
        assert_eq!(note("source,target,time,place\n1,2,3,4\n"), format!("{unread}{hint}"));
        assert_eq!(note("source,time,target,weight,place\n1,2,3,4,5\n"), unread);
        // These texts are clear.
        for text in ["4 2\n1 2\n2 3\n3 4\n", "from,to\n1,2\n2,3\n", "a,b\nb,c\n"] {
            assert_eq!(notes(text), [""; 0], "{text}");
        }
    }
}
