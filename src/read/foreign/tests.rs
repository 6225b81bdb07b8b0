//! Texts of other programs, and edge lists that look like them.

use crate::read::recognise::Beginning;

fn refused(text: &str) -> Option<String> {
    Beginning::new(text.as_bytes(), true).refuse_foreign().err()
}

#[test]
fn foreign_formats_are_refused_by_name() {
    for (name, text) in [
        ("N-Triples", "# a comment\n<http://a> <http://knows> <http://b> .\n_:x <http://p> \"text\" .\n"),
        ("Turtle", "@prefix : <http://a> .\n:a :knows :b .\n"),
        ("a list of pairs in brackets", "(1, 2)\n(2, 3)\n"),
        ("a list of pairs in brackets", "[('a', 'b'), ('b', 'c')]\n"),
        ("a networkx edge list with data", "1 2 {'weight': 3.0}\n2 3 {'weight': 1.0}\n"),
        ("a networkx multiline adjacency list", "#x.py\n# GMT\n#\na 2\nb {}\nc {}\nb 0\nc 0\n"),
        ("a networkx multiline adjacency list", "a 0\nb 1\nc {'weight': 2}\nc 0\n"),
        ("DOT", "// made by hand\ndigraph G {\n  a -> b;\n}\n"),
        ("DOT", "strict graph {\na -- b\n}\n"),
        ("DOT", "graph\n{\na -- b\n}\n"),
        ("METIS", "% comment\n5 4\n2 3\n1 3\n1 2 4\n3\n\n"),
        ("METIS", "4 4\n2 4\n1 3\n2 4\n1 3\n"),
        ("METIS", "3 2 001\n2 7\n1 7 3 5\n2 5\n"),
        ("METIS", "3 2 0\n2\n1 3\n2\n"),
        ("DIMACS", "c made by hand\nc\np edge 3 2\ne 1 2\ne 2 3\n"),
        ("DIMACS", "p sp 3 2\na 1 2 5\n"),
        ("separated by `::`", "1::1193::5::978300760\n1::661::3::978302109\n"),
        ("the Trivial Graph Format", "1 Ann\n2 Bob\n#\n1 2\n"),
        ("GDF", "nodedef>name VARCHAR\na\nb\nedgedef>node1 VARCHAR,node2 VARCHAR\na,b\n"),
        ("UCINET DL", "dl n=3, format=edgelist1\nlabels:\na,b,c\ndata:\n1 2\n"),
        ("LEDA", "LEDA.GRAPH\nstring\nint\n-1\n"),
        ("graph6", ">>graph6<<A_\n"),
        ("sparse6", ">>sparse6<<:An\n"),
        ("XGMML", "<?xml version=\"1.0\"?>\n<graph xmlns=\"http://www.cs.rpi.edu/XGMML\"></graph>\n"),
    ] {
        let problem = refused(text).unwrap_or_else(|| panic!("{text}"));
        assert!(problem.starts_with(&format!("is {name}; expected")), "{text}: {problem}");
        assert!(problem.contains("hint: `"), "{problem}");
    }
    assert_eq!(
        refused("<?xml version=\"1.0\"?><rss></rss>").unwrap(),
        "is XML with the root <rss>; expected source,target rows, GraphML or GEXF"
    );
    assert!(refused("<!DOCTYPE html>\n<html></html>").unwrap().starts_with("is an HTML page"));
}

#[test]
fn edge_lists_are_not_taken_for_other_formats() {
    for text in [
        "",
        "a b\nb c\n",
        "1 2\n2 3\n",
        "# nodes\n#\n1 2\n2 3\n",
        "1 2\n#\n",
        "1 2\n#\n3 4\n",
        "4 4\n1 2\n2 3\n3 4\n4 1\n",
        "3 3 1\n1 2 1\n2 3 1\n1 3 1\n",
        "0 0\n",
        "3 2\n1 2\n2 3\n",
        "fe80::1 fe80::2\n",
        "a::b,c::d\n",
        "graph theory\nset theory\n",
        "p edge\nedge q\n",
        "c d\nd e\n",
        "1 2 {}\n2 3 {}\n",
        "(a b)\t(c d)\n",
        "<a>,<b>\n",
        "dl 1\n",
        "strict a\n",
    ] {
        assert_eq!(refused(text), None, "{text}");
    }
}
