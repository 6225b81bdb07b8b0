//! Notes on rows, from the texts that cause them.

use std::fs;

use crate::config::ReadConfig;
use crate::graph::Graph;
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
        "the first row (ORD,LAX) was read as a header, and ORD and LAX as source and target; `read.header = no` \
         reads it as an edge"
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

#[test]
fn columns_that_may_not_be_the_nodes_are_noted() {
    let row_names = "the first column has no name, so it was read as row names; `row.names = FALSE` in R and \
                     `index=False` in pandas leave them out";
    // R's write.csv, R's write.table and pandas' to_csv.
    for text in ["\"\",\"V1\",\"V2\"\n\"1\",\"a\",\"b\"\n\"2\",\"b\",\"c\"\n", "V1 V2\n1 a b\n2 b c\n"] {
        assert_eq!(notes_on(text), [format!("{row_names}; V1 and V2 were read as source and target")]);
        assert_eq!(edges_of(text), ["a b", "b c"]);
    }
    for text in [",source,target\n0,a,b\n1,b,c\n", "source target\n1 a b\n2 b c\n"] {
        assert_eq!(notes_on(text), [row_names]);
        assert_eq!(edges_of(text), ["a b", "b c"]);
    }
    let counts = "the first column counts the rows; if it only numbers them, `read.source = 2` and `read.target = 3` \
                  read the next two columns (`row.names = FALSE` in R and `index=False` in pandas leave row numbers out)";
    assert!(notes_on("0,5,7\n1,3,4\n2,9,8\n3,1,2\n").contains(&counts.to_string()));
    assert!(!notes_on("0,5,0.5\n1,3,1.5\n2,9,2.5\n3,1,3.5\n").contains(&counts.to_string()), "weights");
    let others = "; `read.source` and `read.target` choose other columns";
    assert!(
        notes_on("G1 pp G2\nG2 pp G3\nG1 pp G3\nG4 pp G1\n")
            .contains(&format!("every row has pp as its target{others}"))
    );
    let types = "the second column has only 1 values";
    assert!(
        !notes_on("G1 pp G2\nG2 pp G3\nG1 pp G3\n").iter().any(|note| note.starts_with(types)),
        "few rows"
    );
    let mixed = "a p b\nb p c\nc q d\nd p e\ne p f\nf q g\ng p h\nh p i\n";
    let types = "the second column has only 2 values, such as p, and none is in the first; if they are types of edges, \
                 `read.target = 3` reads the third column (`read.format = sif` a Cytoscape file)";
    assert!(notes_on(mixed).contains(&types.to_string()), "{:?}", notes_on(mixed));
}

#[test]
fn columns_that_mean_something_else_are_noted() {
    let classes = "the column label is 0 in 1 rows and 1 in 2; all of them were read as edges: if 0 marks pairs that are \
                   not linked, remove those rows";
    assert!(notes_on("source,target,label\na,b,1\nb,c,0\nc,d,1\n").contains(&classes.to_string()));
    let same = "the columns userId and movieId hold the same ids, such as 1, which were read as the same nodes; if they \
                are two kinds of nodes, give the ids of one kind a prefix and use `read.bipartite`";
    assert!(notes_on("userId,movieId\n1,2\n3,1\n").contains(&same.to_string()));
    assert!(
        notes_on("% bip unweighted\n1 2\n3 1\n")
            .contains(&same.replace("columns userId and movieId", "two columns"))
    );
    let apart = "the columns :START_ID(Person) and :END_ID(Film) seem to hold two kinds of nodes; `read.bipartite` keeps \
                 them apart";
    assert!(notes_on(":START_ID(Person),:END_ID(Film)\n1,2\n3,4\n").contains(&apart.to_string()));
    let edge = "the first row (node1,node2) was read as a header, but node2 is also a node; `read.header = no` reads it \
                as an edge";
    assert!(notes_on("node1,node2\nnode2,node3\n").contains(&edge.to_string()));
    let edge = edge.replace("but node2 is", "but node1 is");
    assert!(notes_on("node1,node2\nnode2,node3\nnode3,node1\n").contains(&edge));
    assert_eq!(edges_of("1 2\t1 1082008561\n1 3\t1 1082008562\n"), ["1 2", "1 3"]);
}

fn graph_of(text: &str) -> Graph {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("edges.csv");
    fs::write(&path, text).unwrap();
    edge_list(&path, &ReadConfig::default(), &Default::default()).unwrap()
}

fn notes_on(text: &str) -> Vec<String> {
    graph_of(text).notes
}

/// Returns each edge as `source target`.
fn edges_of(text: &str) -> Vec<String> {
    let graph = graph_of(text);
    let edge = |&(u, v): &(u32, u32)| format!("{} {}", graph.nodes.id(u), graph.nodes.id(v));
    graph.edges.pairs().iter().map(edge).collect()
}
