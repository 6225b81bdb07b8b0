//! The usual names of columns, and what they say about their values.

/// Pairs of names that mark the columns of source and target, as [`canonical`] writes them. Earlier pairs
/// win.
const NODE_NAMES: [(&str, &str); 36] = [
    ("source", "target"),
    ("sourceid", "targetid"),
    ("sourcenode", "targetnode"),
    ("src", "dst"),
    ("src", "dest"),
    ("src", "tgt"),
    ("srcid", "dstid"),
    ("from", "to"),
    ("fromid", "toid"),
    ("fromnode", "tonode"),
    ("fromnodeid", "tonodeid"),
    ("startid", "endid"),
    ("startnode", "endnode"),
    ("start", "end"),
    ("origin", "dest"),
    ("origin", "destination"),
    ("subject", "object"),
    ("head", "tail"),
    ("follower", "followee"),
    ("citing", "cited"),
    ("sender", "receiver"),
    ("sender", "recipient"),
    ("userid", "friendid"),
    ("user", "friend"),
    ("u", "v"),
    ("uid", "vid"),
    ("node1", "node2"),
    ("nodea", "nodeb"),
    ("nodeid1", "nodeid2"),
    ("vertex1", "vertex2"),
    ("id1", "id2"),
    ("ida", "idb"),
    ("protein1", "protein2"),
    ("gene1", "gene2"),
    ("person1", "person2"),
    ("user1", "user2"),
];

/// Pairs of names that mark columns of two kinds of nodes, possibly with `id` at the end.
const KIND_NAMES: [(&str, &str); 12] = [
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
    ("drug", "disease"),
    ("drug", "target"),
];

/// Names of a column that tells links from non-links, as [`canonical`] writes them.
const LABEL_NAMES: [&str; 9] =
    ["label", "y", "isedge", "islink", "edgelabel", "target", "edge", "link", "exists"];

/// Returns the columns of source and target if `header` contains one of the usual pairs of names.
pub(super) fn usual_columns(header: &[String]) -> Option<(usize, usize)> {
    let names: Vec<String> = header.iter().map(|name| canonical(name)).collect();
    let find = |(source, target): (&str, &str)| {
        let position = |wanted: &str| names.iter().position(|name| name == wanted);
        Some((position(source)?, position(target)?))
    };
    let of_kinds = || {
        let with_id = |name: &str| format!("{name}id");
        KIND_NAMES.iter().find_map(|&(source, target)| {
            find((source, target)).or_else(|| find((&with_id(source), &with_id(target))))
        })
    };
    NODE_NAMES.iter().find_map(|&names| find(names)).or_else(of_kinds)
}

/// Returns `true` if the names of two columns are those of two kinds of nodes: `userId` and `movieId`, or
/// Neo4j's `:START_ID(Person)` and `:END_ID(Movie)`.
pub(super) fn name_two_kinds(source: &str, target: &str) -> bool {
    let group = |name: &str| name.split_once('(').map(|(_, group)| group.to_lowercase());
    if let (Some(first), Some(second)) = (group(source), group(target)) {
        return first != second;
    }
    let (source, target) = (canonical(source), canonical(target));
    if NODE_NAMES.contains(&(source.as_str(), target.as_str())) {
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
        ] {
            assert_eq!(columns(header), Some(nodes), "{header}");
        }
        for header in ["ann,bob", "a,b", "x,y,z", "1,2"] {
            assert_eq!(columns(header), None, "{header}");
        }
        assert!(name_two_kinds("userId", "movie_id") && !name_two_kinds("source", "target"));
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
