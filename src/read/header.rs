//! The usual names of columns, and what they say about their values.

use hashbrown::HashMap;

/// The two ends of an edge, as [`canonical`] writes them. Earlier pairs win.
const ROLES: [(&str, &str); 18] = [
    ("source", "target"),
    ("src", "dst"),
    ("src", "dest"),
    ("src", "tgt"),
    ("from", "to"),
    ("start", "end"),
    ("origin", "dest"),
    ("origin", "destination"),
    ("subject", "object"),
    ("head", "tail"),
    ("citing", "cited"),
    ("follower", "followee"),
    ("sender", "receiver"),
    ("sender", "recipient"),
    ("caller", "callee"),
    ("buyer", "seller"),
    ("payer", "payee"),
    ("parent", "child"),
];

/// The ends of names that differ in nothing else, as in `node1` and `node2`.
const NUMBERS: [(&str, &str); 3] = [("1", "2"), ("a", "b"), ("0", "1")];

/// The nouns that may stand beside a role or before a number, possibly with `id` at the end. Others, such as
/// `time`, are no nodes, and `n1` and `n2` may be the ids of a first edge.
const NOUNS: [&str; 24] = [
    "node",
    "vertex",
    "entity",
    "user",
    "person",
    "member",
    "author",
    "paper",
    "page",
    "gene",
    "protein",
    "interactor",
    "drug",
    "account",
    "company",
    "city",
    "country",
    "station",
    "airport",
    "word",
    "item",
    "name",
    "address",
    "email",
];

/// Other pairs of names for the two ends.
const OTHER_NAMES: [(&str, &str); 5] =
    [("user", "friend"), ("userid", "friendid"), ("u", "v"), ("uid", "vid"), ("row", "col")];

/// Pairs of names that mark columns of two kinds of nodes, possibly with `id` at the end.
const KIND_NAMES: [(&str, &str); 13] = [
    ("user", "item"),
    ("user", "movie"),
    ("user", "product"),
    ("user", "book"),
    ("user", "artist"),
    ("user", "group"),
    ("customer", "product"),
    ("reviewer", "product"),
    ("author", "paper"),
    ("actor", "movie"),
    ("reader", "book"),
    ("drug", "disease"),
    ("drug", "target"),
];

/// The number of fields of a row that a note shows.
const NUM_SHOWN: usize = 10;

/// Names of a column that tells links from non-links, as [`canonical`] writes them.
const LABEL_NAMES: [&str; 9] =
    ["label", "y", "isedge", "islink", "edgelabel", "target", "edge", "link", "exists"];

/// Returns the columns of source and target if `header` contains one of the usual pairs of names.
pub(super) fn usual_columns(header: &[String]) -> Option<(usize, usize)> {
    let mut positions: HashMap<String, usize> = HashMap::new();
    for (at, name) in header.iter().enumerate() {
        positions.entry(canonical(name)).or_insert(at);
    }
    let find = |source: &str, target: &str| Some((*positions.get(source)?, *positions.get(target)?));
    let of_kinds = || {
        KIND_NAMES.iter().find_map(|&(source, target)| {
            find(source, target).or_else(|| find(&format!("{source}id"), &format!("{target}id")))
        })
    };
    end_names().find_map(|(source, target)| find(&source, &target)).or_else(of_kinds)
}

/// Returns the pairs of names of the two ends of an edge, the most telling first.
fn end_names() -> impl Iterator<Item = (String, String)> {
    let nouns = || NOUNS.iter().flat_map(|noun| [noun.to_string(), format!("{noun}id")]);
    let with_role = move |(source, target): (&'static str, &'static str)| {
        let beside = ["".to_string(), "id".into()].into_iter().chain(nouns());
        beside.flat_map(move |noun| {
            [
                (format!("{source}{noun}"), format!("{target}{noun}")),
                (format!("{noun}{source}"), format!("{noun}{target}")),
            ]
        })
    };
    let numbered = move |(first, second): (&'static str, &'static str)| {
        let before = ["id".to_string()].into_iter().chain(nouns());
        before.map(move |noun| (format!("{noun}{first}"), format!("{noun}{second}")))
    };
    let others = OTHER_NAMES.iter().map(|(source, target)| (source.to_string(), target.to_string()));
    ROLES.into_iter().flat_map(with_role).chain(others).chain(NUMBERS.into_iter().flat_map(numbered))
}

/// Returns `true` if the names of two columns are those of two kinds of nodes: `userId` and `movieId`, or
/// Neo4j's `:START_ID(Person)` and `:END_ID(Movie)`.
pub(super) fn name_two_kinds(source: &str, target: &str) -> bool {
    let group = |name: &str| name.split_once('(').map(|(_, group)| group.to_lowercase());
    if let (Some(first), Some(second)) = (group(source), group(target)) {
        return first != second;
    }
    let (source, target) = (canonical(source), canonical(target));
    if end_names().any(|names| names == (source.clone(), target.clone())) {
        return false;
    }
    match (source.strip_suffix("id"), target.strip_suffix("id")) {
        (Some(source), Some(target)) => source != target && !source.is_empty() && !target.is_empty(),
        _ => KIND_NAMES.contains(&(source.as_str(), target.as_str())),
    }
}

/// Returns the column of `name`, which may be written as in the header or in its canonical form, or be the
/// number of the column, from 1.
pub(super) fn column_of(name: &str, header: Option<&[String]>, num_columns: usize) -> Option<usize> {
    let by_name = header.and_then(|header| {
        let exact = header.iter().position(|field| field.eq_ignore_ascii_case(name));
        exact.or_else(|| header.iter().position(|field| canonical(field) == canonical(name)))
    });
    let by_number = || name.parse::<usize>().ok().filter(|number| (1..=num_columns).contains(number));
    by_name.or_else(|| by_number().map(|number| number - 1))
}

/// Returns the column of `header` with the ids of nodes, if a name says so.
pub(super) fn id_column(header: &[String]) -> Option<usize> {
    position_of_any(header, &["node", "nodeid", "id", "nodes"])
}

/// Returns the column of `header` with the labels of nodes, if a name says so.
pub(super) fn class_column(header: &[String]) -> Option<usize> {
    position_of_any(header, &["label", "class", "category", "group"])
}

fn position_of_any(header: &[String], wanted: &[&str]) -> Option<usize> {
    wanted.iter().find_map(|wanted| header.iter().position(|name| canonical(name) == *wanted))
}

/// Returns `true` for the usual names of a column that numbers the rows.
pub(super) fn numbers_rows(name: &str) -> bool {
    let name = canonical(name);
    name.ends_with("id") || ["index", "row", "number", "no", "nr"].contains(&name.as_str())
}

/// Returns the fields of a row as a note shows them: the first few if there are many.
pub(super) fn shown(fields: &[String]) -> String {
    match fields.len() > NUM_SHOWN {
        true => format!("{},…", fields[..NUM_SHOWN].join(",")),
        false => fields.join(","),
    }
}

/// Returns the column besides `nodes` that may tell links from non-links.
pub(super) fn label_column(header: &[String], nodes: (usize, usize)) -> Option<usize> {
    let is_label = |at: &usize| {
        *at != nodes.0 && *at != nodes.1 && LABEL_NAMES.contains(&canonical(&header[*at]).as_str())
    };
    (0..header.len()).find(is_label)
}

/// Returns the class in a column that tells links from non-links: `true` for 1, `false` for 0.
pub(crate) fn class(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "1.0" | "true" => Some(true),
        "0" | "0.0" | "false" => Some(false),
        _ => None,
    }
}

/// Returns a name in lower case, without separators, sigils and types: `FromNodeId`, `from_node_id` and
/// Neptune's `~from` become `fromnodeid` and `from`; of Neo4j's `weight:float` the name remains, of its
/// `:START_ID(Person)` and `id:START_ID` the role.
pub(super) fn canonical(name: &str) -> String {
    let plain = |text: &str| -> String {
        text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let without_space = name.split('(').next().unwrap_or_default();
    match without_space.split_once(':') {
        None => plain(without_space),
        Some((name, role)) => match (plain(name), plain(role)) {
            (name, role) if name.is_empty() || role == "startid" || role == "endid" => role,
            (name, _) => name,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(header: &str) -> Option<(usize, usize)> {
        usual_columns(&header.split(',').map(str::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn headers_of_other_programs_are_known() {
        for (header, nodes) in [
            (":START_ID(Person),weight:float,:END_ID(Person),:TYPE", (0, 2)),
            ("from:START_ID,:END_ID", (0, 1)),
            ("~id,~from,~to,~label", (1, 2)),
            ("id,subject,predicate,object", (1, 3)),
            ("head,relation,tail", (0, 2)),
            ("u_id,v_id", (0, 1)),
            ("node1,node2", (0, 1)),
            ("Source,Target,Type,Id,Label,Weight", (0, 1)),
            ("from_id,to_id", (0, 1)),
            ("FromNodeId,ToNodeId", (0, 1)),
            ("pair_id,node_a,node_b", (1, 2)),
            ("userId,movieId,rating", (0, 1)),
            ("protein1,protein2,combined_score", (0, 1)),
            ("target,source", (1, 0)),
            ("from_user,to_user,ts", (0, 1)),
            ("citing_paper_id,cited_paper_id", (0, 1)),
            ("Interactor A,Interactor B", (0, 1)),
            ("gene_a,gene_b", (0, 1)),
            ("userId,movieId,start_time,end_time", (0, 1)),
            ("time,user_from,user_to", (1, 2)),
        ] {
            assert_eq!(columns(header), Some(nodes), "{header}");
        }
        for header in ["ann,bob", "a,b", "x,y,z", "1,2", "n1,n2", "a1,b1", "start_time,end_time"] {
            assert_eq!(columns(header), None, "{header}");
        }
        assert!(name_two_kinds("userId", "movie_id") && !name_two_kinds("citing_paper_id", "cited_paper_id"));
    }

    #[test]
    fn label_columns_are_beside_the_nodes() {
        let header = ["source", "target", "Label"].map(str::to_string);
        assert_eq!(label_column(&header, (0, 1)), Some(2));
        let header = ["u", "v", "target"].map(str::to_string);
        assert_eq!(label_column(&header, (0, 1)), Some(2));
        let header = ["source", "target"].map(str::to_string);
        assert_eq!(label_column(&header, (0, 1)), None);
        assert_eq!(
            ["1", "0.0", "True", "2", ""].map(class),
            [Some(true), Some(false), Some(true), None, None]
        );
    }
}
