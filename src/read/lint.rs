//! Refuses text that is not an edge list, and notes rows that may not be edges.

use hashbrown::HashSet;

use crate::config::{Header, ReadConfig};
use crate::graph::{NodeIds, Pair};
use crate::read::columns::{Choice, Columns};
use crate::read::header::{name_two_kinds, shown};
use crate::read::listed::few_names;
use crate::read::values::parse_finite;

/// The number of rows below which nothing is concluded from what they have in common.
const FEW_ROWS: usize = 3;

/// The rows of an edge list, all read.
pub(super) struct ReadRows<'a> {
    pub(super) columns: &'a Columns,
    /// The nodes of each row, numbered in the order of their first appearance.
    pub(super) pairs: &'a [Pair],
    pub(super) nodes: &'a NodeIds,
    /// The comments before the first row.
    pub(super) comments: &'a str,
    /// The line of the first row that repeats the header.
    pub(super) second_header: Option<u64>,
    /// The numbers of rows with 0 and with 1 in the column that may tell links from non-links, if all rows have
    /// one of these.
    pub(super) num_of_class: Option<[usize; 2]>,
}

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

impl ReadRows<'_> {
    /// Returns notes on rows that may have been misread.
    pub(super) fn notes(&self, config: &ReadConfig) -> Vec<String> {
        let is_automatic = config.header == Header::Auto;
        let no_header = if is_automatic { "; `read.header = no` reads it as an edge" } else { "" };
        let notes = [
            self.unread_columns(),
            // Who says that the first row is a header knows two columns.
            self.columns.pairs.note(no_header).filter(|_| is_automatic || self.columns.pairs.count > 2),
            if is_automatic { self.first_row() } else { None },
            self.header_that_is_an_edge().filter(|_| is_automatic || self.second_header.is_some()),
            self.row_numbers(),
            self.few_ids(),
            self.classes(),
            if config.bipartite { None } else { self.two_kinds() },
        ];
        notes.into_iter().flatten().collect()
    }

    fn first(&self) -> &[String] {
        &self.columns.first
    }

    /// Returns a note on columns that are not read, if there are any.
    fn unread_columns(&self) -> Option<String> {
        let Columns { pairs, weight, .. } = self.columns;
        let is_read = |at: &usize| [pairs.nodes.0, pairs.nodes.1].contains(at) || *weight == Some(*at);
        let unread = (0..pairs.count).filter(|at| !is_read(at));
        if let Some(header) = &pairs.header {
            // A column without a name has a note of its own.
            let names: Vec<&str> =
                unread.map(|at| header[at].as_str()).filter(|name| !name.is_empty()).collect();
            let hint = match weight {
                None => "; `read.weight_column = NAME` reads one as the weight",
                Some(_) => "",
            };
            return (!names.is_empty())
                .then(|| format!("columns that are not read: {}{hint}", few_names(&names)));
        }
        let unread: Vec<usize> = unread.collect();
        match unread.as_slice() {
            [] => None,
            [2] if weight.is_none() => {
                Some("the third column is not read; `read.weight_column = 3` reads it as the weight".into())
            }
            _ => {
                let nodes = match pairs.choice {
                    Choice::Settings => "two".into(),
                    _ => "the first two".to_string(),
                };
                let used = if weight.is_some() { "and the weight are" } else { "are" };
                Some(format!(
                    "the rows have {} columns, but only {nodes} {used} read; expected one edge per row, not a \
                     matrix or a list of neighbours",
                    pairs.count
                ))
            }
        }
    }

    /// Returns a note on a first row that was read as an edge and may be something else.
    fn first_row(&self) -> Option<String> {
        if self.columns.pairs.header.is_some() {
            return None;
        }
        let (row, num_others) = (shown(self.first()), self.pairs.len() - 1);
        if is_size(self.first(), num_others) {
            return Some(format!(
                "the first row ({row}) was read as an edge, but {num_others} rows follow it: if it is the size \
                 of the graph, remove it"
            ));
        }
        let are_words = self.first().iter().all(|field| field.parse::<f64>().is_err());
        (is_lone(self.pairs) && num_others > 0 && are_words).then(|| {
            format!("the first row ({row}) was read as an edge; use `read.header = yes` if it is a header")
        })
    }

    /// Returns a note on a header whose names are nodes too, as in the file `node1,node2` and `node2,node3`.
    fn header_that_is_an_edge(&self) -> Option<String> {
        let header = self.columns.pairs.header.as_ref()?;
        let (source, target) = self.columns.pairs.nodes;
        let found = [source, target].into_iter().find(|&at| self.nodes.index(&header[at]).is_some())?;
        let header_row = shown(header);
        Some(match self.second_header {
            Some(line) => format!("line {line} repeats the header ({header_row}) and was read as an edge"),
            None => format!(
                "the first row ({header_row}) was read as a header, but {} is also a node; `read.header = no` reads it \
                 as an edge",
                header[found]
            ),
        })
    }

    /// Returns a note if the sources count the rows and further columns may be the nodes.
    fn row_numbers(&self) -> Option<String> {
        let pairs = &self.columns.pairs;
        if pairs.choice != Choice::Order || pairs.count < 3 || self.pairs.len() < FEW_ROWS {
            return None;
        }
        // The third column of weighted edges is a weight.
        let is_fraction = |field: &String| parse_finite(field).is_ok() && field.parse::<i64>().is_err();
        if self.first().get(2).is_some_and(is_fraction) {
            return None;
        }
        let number = |&(source, _): &Pair| self.nodes.id(source).parse::<u64>().ok();
        let first = number(&self.pairs[0]).filter(|first| *first <= 1)?;
        (self.pairs.iter().map(number).eq((first..).map(Some).take(self.pairs.len()))).then(|| {
            "the first column counts the rows; if it only numbers them, `read.source = 2` and `read.target = 3` \
             read the next two columns (`row.names = FALSE` in R and `index=False` in pandas leave row numbers out)"
                .into()
        })
    }

    /// Returns a note if a column has the same id in every row, or so few that they may be types of edges.
    fn few_ids(&self) -> Option<String> {
        let Columns { pairs, first, .. } = self.columns;
        if pairs.choice == Choice::Settings || self.pairs.len() < FEW_ROWS {
            return None;
        }
        let hint = match pairs.count > 2 {
            true => "; `read.source` and `read.target` choose other columns",
            false => "",
        };
        let (source, target) = self.pairs[0];
        let is_constant = |end: fn(&Pair) -> u32, node: u32| self.pairs.iter().all(|pair| end(pair) == node);
        for (name, node, end) in
            [("source", source, (|pair| pair.0) as fn(&Pair) -> u32), ("target", target, |pair| pair.1)]
        {
            if is_constant(end, node) {
                return Some(format!("every row has {} as its {name}{hint}", self.nodes.id(node)));
            }
        }
        // The third column holds text, so it may be the target of `ann likes bob`.
        let is_text = first.get(2).is_some_and(|field| parse_finite(field).is_err());
        if pairs.choice != Choice::Order || !is_text {
            return None;
        }
        let sources: HashSet<u32> = self.pairs.iter().map(|pair| pair.0).collect();
        let targets: HashSet<u32> = self.pairs.iter().map(|pair| pair.1).collect();
        let are_types = 4 * targets.len() <= self.pairs.len() && targets.is_disjoint(&sources);
        are_types.then(|| {
            format!(
                "the second column has only {} values, such as {}, and none is in the first; if they are types of \
                 edges, `read.target = 3` reads the third column (`read.format = sif` a Cytoscape file)",
                targets.len(),
                self.nodes.id(target)
            )
        })
    }

    /// Returns a note on a column that tells links from non-links.
    fn classes(&self) -> Option<String> {
        let [num_absent, num_present] = self.num_of_class?;
        let (header, at) = (self.columns.pairs.header.as_ref()?, self.columns.pairs.label()?);
        (num_absent > 0 && num_present > 0 && self.columns.weight != Some(at)).then(|| {
            format!(
                "the column {} is 0 in {num_absent} rows and 1 in {num_present}; all of them were read as edges: if 0 \
                 marks pairs that are not linked, remove those rows",
                header[at]
            )
        })
    }

    /// Returns a note if the columns seem to hold two kinds of nodes.
    fn two_kinds(&self) -> Option<String> {
        let pairs = &self.columns.pairs;
        let names = pairs.header.as_ref().map(|header| (&header[pairs.nodes.0], &header[pairs.nodes.1]));
        let is_named = names.is_some_and(|(source, target)| name_two_kinds(source, target));
        // KONECT's first line, as in `% bip unweighted`.
        let is_declared = self.comments.lines().any(|line| {
            let mut words = line.trim_start_matches('%').split_whitespace();
            line.starts_with('%') && words.next() == Some("bip")
        });
        if !is_named && !is_declared {
            return None;
        }
        let columns = match names {
            Some((source, target)) => format!("the columns {source} and {target}"),
            None => "the two columns".into(),
        };
        let sources: HashSet<u32> = self.pairs.iter().map(|pair| pair.0).collect();
        Some(match self.pairs.iter().find(|pair| sources.contains(&pair.1)) {
            Some(&(_, node)) => format!(
                "{columns} hold the same ids, such as {}, which were read as the same nodes; if they are two kinds \
                 of nodes, give the ids of one kind a prefix and use `read.bipartite`",
                self.nodes.id(node)
            ),
            None => format!("{columns} seem to hold two kinds of nodes; `read.bipartite` keeps them apart"),
        })
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
mod tests;
