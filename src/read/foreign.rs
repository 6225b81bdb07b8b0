//! Refuses text in the formats of other programs that are not read, with the command that converts it.

use hashbrown::HashSet;

use crate::read::recognise::Beginning;

/// The name of a format, and the command that converts its FILE to rows of source and target.
struct Foreign {
    name: &'static str,
    command: &'static str,
}

const N_TRIPLES: Foreign =
    Foreign { name: "N-Triples", command: r#"awk '$3 ~ /^[<_]/ { print $1 "\t" $3 }' FILE"# };
const TURTLE: Foreign =
    Foreign { name: "Turtle", command: r#"rapper -i turtle FILE | awk '$3 ~ /^[<_]/ { print $1 "\t" $3 }'"# };
const TUPLES: Foreign = Foreign {
    name: "a list of pairs in brackets",
    command: r#"sed 's/[])], *[[(]/\n/g' FILE | tr -d "[]()'\"""#,
};
const EDGE_DATA: Foreign = Foreign {
    name: "a networkx edge list with data",
    command: r#"python3 -c "import networkx as nx; nx.write_weighted_edgelist(nx.read_edgelist('FILE'), 'edges.txt')""#,
};
const MULTILINE_ADJACENCY: Foreign = Foreign {
    name: "a networkx multiline adjacency list",
    command: "awk '/^#/ { next } n == 0 { u = $1; n = $2; next } { print u, $1; n-- }' FILE",
};
const DOT: Foreign =
    Foreign { name: "DOT", command: r#"gvpr 'E { print($.tail.name, "\t", $.head.name) }' FILE"# };
const METIS: Foreign = Foreign {
    name: "METIS",
    command: "grep -v '^%' FILE | awk 'NR > 1 { for (i = 1; i <= NF; i++) print NR - 1, $i }'",
};
const WEIGHTED_METIS: Foreign = Foreign {
    name: "METIS",
    command: "grep -v '^%' FILE | awk 'NR > 1 { for (i = 1; i < NF; i += 2) print NR - 1, $i, $(i + 1) }'",
};
const DIMACS: Foreign =
    Foreign { name: "DIMACS", command: r#"awk '$1 == "e" || $1 == "a" { print $2, $3 }' FILE"# };
const DOUBLE_COLONS: Foreign = Foreign { name: "separated by `::`", command: "sed 's/::/,/g' FILE" };
const TRIVIAL_GRAPH: Foreign = Foreign { name: "the Trivial Graph Format", command: "sed '1,/^#$/d' FILE" };
const GDF: Foreign = Foreign { name: "GDF", command: "sed '1,/^edgedef>/d' FILE" };
const UCINET: Foreign = Foreign { name: "UCINET DL", command: "sed '1,/^data:/Id' FILE" };
const LEDA: Foreign = Foreign {
    name: "LEDA",
    command: r#"python3 -c "import networkx as nx; nx.write_edgelist(nx.read_leda('FILE'), 'edges.txt', data=False)""#,
};
const GRAPH6: Foreign = Foreign {
    name: "graph6",
    command: r#"python3 -c "import networkx as nx; nx.write_edgelist(nx.read_graph6('FILE'), 'edges.txt', data=False)""#,
};
const SPARSE6: Foreign = Foreign {
    name: "sparse6",
    command: r#"python3 -c "import networkx as nx; nx.write_edgelist(nx.read_sparse6('FILE'), 'edges.txt', data=False)""#,
};
const XGMML: Foreign = Foreign {
    name: "XGMML",
    command: r#"python3 -c "import xml.etree.ElementTree as t; [print(e.get('source'), e.get('target'), sep='\t') for e in t.parse('FILE').iter() if e.tag.endswith('edge')]""#,
};

impl Beginning {
    /// Refuses a text in a format that is not read.
    ///
    /// # Errors
    /// Returns a message that names the format and the command that converts it.
    pub(super) fn refuse_foreign(&self) -> Result<(), String> {
        if self.is_html() {
            return Err("is an HTML page; expected source,target rows; hint: download the file itself".into());
        }
        let lines: Vec<&str> = self.lines(&['#', '%']).collect();
        let Some(&first) = lines.first() else { return Ok(()) };
        let tests: [(Foreign, bool); 15] = [
            (XGMML, self.starts_with("<?xml") && self.root_element() == Some("graph")),
            (N_TRIPLES, is_triple(first)),
            (TURTLE, first.starts_with("@prefix") || first.starts_with("@base")),
            (TUPLES, is_tuple(first)),
            (EDGE_DATA, is_edge_with_data(first)),
            (MULTILINE_ADJACENCY, is_multiline_adjacency(&lines)),
            (DOT, self.is_dot()),
            (DIMACS, is_dimacs(&lines)),
            (DOUBLE_COLONS, is_separated_by_colons(first)),
            (TRIVIAL_GRAPH, self.is_trivial_graph()),
            (GDF, first.starts_with("nodedef>")),
            (UCINET, is_ucinet(first)),
            (LEDA, first == "LEDA.GRAPH"),
            (GRAPH6, first.starts_with(">>graph6<<")),
            (SPARSE6, first.starts_with(">>sparse6<<")),
        ];
        let found = tests.into_iter().find(|(_, is_it)| *is_it).map(|(foreign, _)| foreign);
        match found.or_else(|| self.metis()) {
            Some(Foreign { name, command }) => Err(format!(
                "is {name}; expected source,target rows; hint: `{command}` makes such rows of it"
            )),
            None if self.starts_with("<?xml") => Err(format!(
                "is XML with the root <{}>; expected source,target rows, GraphML or GEXF",
                self.root_element().unwrap_or_default()
            )),
            None => Ok(()),
        }
    }

    fn starts_with(&self, beginning: &str) -> bool {
        let text = self.text.trim_start();
        text.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning))
    }

    fn is_html(&self) -> bool {
        let is_page = ["<!doctype html", "<html"].iter().any(|beginning| self.starts_with(beginning));
        is_page || (self.starts_with("<?xml") && self.root_element() == Some("html"))
    }

    /// Returns `true` for `graph {`, `digraph name {` and the like, after comments.
    fn is_dot(&self) -> bool {
        let first_lines: Vec<&str> = self.lines(&['#', '/', '*']).take(2).collect();
        let Some(line) = first_lines.first() else { return false };
        let mut words = line.split(|letter: char| !letter.is_alphanumeric());
        let first = words.next().unwrap_or_default().to_ascii_lowercase();
        let is_graph = match first.as_str() {
            "strict" => words.next().is_some_and(|word| word.to_ascii_lowercase().ends_with("graph")),
            word => word == "graph" || word == "digraph",
        };
        is_graph && first_lines.iter().any(|line| line.ends_with('{') || line.contains("{ "))
    }

    /// Returns `true` for nodes and edges with a line `#` between them.
    fn is_trivial_graph(&self) -> bool {
        let lines: Vec<&str> = self.text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let Some(end) = lines.iter().position(|line| line.starts_with('#')).filter(|&end| lines[end] == "#")
        else {
            return false;
        };
        let nodes = lines[..end].iter().filter_map(|line| line.split_whitespace().next());
        let mut edge = lines.get(end + 1).map_or("", |line| *line).split_whitespace();
        let (source, target) = (edge.next(), edge.next());
        let has_node =
            |wanted: Option<&str>| wanted.is_some() && nodes.clone().any(|node| Some(node) == wanted);
        has_node(source) && has_node(target)
    }

    /// Returns METIS for a line with the numbers n of nodes and m of edges, and a line of neighbours for each node,
    /// each followed by the weight of the edge if the first line ends in `1` or `001`.
    fn metis(&self) -> Option<Foreign> {
        let mut lines = self.text.lines().filter(|line| !line.starts_with(['%', '#']));
        let first: Vec<&str> = lines.next().unwrap_or_default().split_whitespace().collect();
        let (n, m, step, found) = match first.as_slice() {
            [n, m] | [n, m, "0" | "000"] => (n, m, 1, METIS),
            [n, m, "1" | "001"] => (n, m, 2, WEIGHTED_METIS),
            _ => return None,
        };
        let (n, m) = (n.parse::<usize>().ok()?, m.parse::<usize>().ok()?);
        let neighbours_of = |line: &str| -> Option<Vec<usize>> {
            line.split_whitespace().step_by(step).map(|word| word.parse().ok()).collect()
        };
        let mut neighbours: Vec<Vec<usize>> = lines.map(neighbours_of).collect::<Option<_>>()?;
        while neighbours.len() > n && neighbours.last().is_some_and(Vec::is_empty) {
            neighbours.pop();
        }
        let is_node = |&node: &usize| (1..=n).contains(&node);
        if neighbours.len() > n || !neighbours.iter().flatten().all(is_node) {
            return None;
        }
        if self.is_whole {
            // Each edge is listed at both of its nodes.
            let rows = || (1..).zip(&neighbours);
            let edges: HashSet<(usize, usize)> =
                rows().flat_map(|(u, row)| row.iter().map(move |&v| (u, v))).collect();
            let is_symmetric = edges.iter().all(|&(u, v)| u != v && edges.contains(&(v, u)));
            return (m > 0 && edges.len() == 2 * m && is_symmetric).then_some(found);
        }
        let length = neighbours.iter().map(Vec::len).find(|length| *length > 0);
        neighbours.iter().any(|row| !row.is_empty() && Some(row.len()) != length).then_some(found)
    }
}

/// Returns `true` for `<subject> <predicate> object .`.
fn is_triple(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_node = |word: &str| (word.starts_with('<') && word.ends_with('>')) || word.starts_with("_:");
    words.next().is_some_and(is_node)
        && words.next().is_some_and(|word| word.starts_with('<') && word.ends_with('>'))
        && line.ends_with('.')
}

/// Returns `true` for `(1, 2)`, `[1, 2]` and lists of these.
fn is_tuple(line: &str) -> bool {
    let line = line.trim_end_matches(',');
    let brackets = [('(', ')'), ('[', ']')];
    brackets.iter().any(|&(open, close)| line.starts_with(open) && line.ends_with(close))
        && line.contains(',')
}

/// Returns `true` for `1 2 {'weight': 3}`; networkx writes `{}` for edges without data.
fn is_edge_with_data(line: &str) -> bool {
    line.split_whitespace().nth(2).is_some_and(|word| word.starts_with("{'") || word.starts_with("{\""))
}

/// Returns `true` for a node and the number of its neighbours, which follow with their data, as `2 {}`.
fn is_multiline_adjacency(lines: &[&str]) -> bool {
    let count = |line: &str| -> Option<usize> {
        let mut words = line.split_whitespace().skip(1);
        words.next()?.parse().ok().filter(|_| words.next().is_none())
    };
    let first = lines.iter().position(|line| count(line) != Some(0)).unwrap_or(0);
    let Some(num_neighbours) = lines.get(first).and_then(|line| count(line)) else { return false };
    let neighbours = &lines[first + 1..];
    let neighbours = &neighbours[..num_neighbours.min(neighbours.len())];
    let has_data = |line: &&str| line.split_whitespace().nth(1).is_some_and(|data| data.starts_with('{'));
    !neighbours.is_empty() && neighbours.iter().all(has_data)
}

/// Returns `true` for `p edge 5 4`, possibly after comments, which begin with `c`.
fn is_dimacs(lines: &[&str]) -> bool {
    let problem = lines.iter().find(|line| **line != "c" && !line.starts_with("c "));
    let words: Vec<&str> = problem.map_or(Vec::new(), |line| line.split_whitespace().collect());
    matches!(words.as_slice(), ["p", _, n, m] if n.parse::<u64>().is_ok() && m.parse::<u64>().is_ok())
}

/// Returns `true` for `1::1193::5`, and not for an IPv6 address with another separator after it.
fn is_separated_by_colons(line: &str) -> bool {
    !line.contains([',', ';', '\t', ' ', '"']) && line.contains("::")
}

/// Returns `true` for `dl n=5` and the like.
fn is_ucinet(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    line.strip_prefix("dl").is_some_and(|rest| rest.starts_with([' ', ',']) && rest.contains('='))
}

#[cfg(test)]
mod tests;
