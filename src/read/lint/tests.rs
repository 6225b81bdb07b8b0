//! Notes on rows, from the texts that cause them.

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
