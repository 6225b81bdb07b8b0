//! The data for the script of the page.

use hashbrown::HashMap;
use serde::Serialize;
use serde_json::{Value, json};

use crate::report::{Link, Map, Report};

/// The most neighbours that the page names for a node; those on the map come first.
const MAX_NEIGHBOURS: usize = 25;

/// Builds the data of one run. Each id is stored once, those on the map first; everything else refers to its
/// index.
pub(super) fn run_data(report: &Report) -> Value {
    let mut names = Names { report, numbers: HashMap::new(), ids: Vec::new() };
    let map = report.map.as_ref().map(|map| {
        map.nodes.iter().for_each(|&node| _ = names.number(node));
        map_data(map, report, &mut names)
    });
    let links: Vec<Value> = report
        .links
        .best
        .iter()
        .map(|link| {
            let Link { pair: (u, v), logit, probability, num_common_neighbours } = *link;
            json!([names.number(u), names.number(v), short(probability), short(logit), num_common_neighbours])
        })
        .collect();
    json!({
        "name": report.name,
        "countsCommon": counts_common(report),
        "map": map,
        "links": links,
        "ids": names.ids,
    })
}

/// Returns `true` if common neighbours are shown. In a bipartite graph, the ends of a pair never share a
/// neighbour.
pub(super) fn counts_common(report: &Report) -> bool {
    report.record.counts.num_sources.is_none()
}

fn map_data(map: &Map, report: &Report, names: &mut Names) -> Value {
    let axis = |axis: usize| map.positions.iter().map(|position| round(position[axis])).collect::<Vec<_>>();
    let on_map = map.nodes.len();
    let mut neighbours = Vec::with_capacity(on_map);
    let mut predicted = Vec::with_capacity(on_map);
    for &node in &map.nodes {
        let all = report.neighbours.get(&node).map_or(&[][..], Vec::as_slice);
        let (near, far): (Vec<u32>, Vec<u32>) =
            all.iter().partition(|&&other| names.is_among_first(other, on_map));
        let named = near.into_iter().chain(far).take(MAX_NEIGHBOURS);
        neighbours.push(named.map(|other| names.number(other)).collect::<Vec<_>>());
        let links = report.links.of_nodes.get(&node).map_or(&[][..], Vec::as_slice);
        let values = |link: &Link| {
            let other = if link.pair.0 == node { link.pair.1 } else { link.pair.0 };
            json!([names.number(other), short(link.probability), link.num_common_neighbours])
        };
        predicted.push(links.iter().map(values).collect::<Vec<_>>());
    }
    let degree = |node: &u32| report.neighbours.get(node).map_or(0, Vec::len);
    let groups = map.groups.iter().map(|group| json!({ "name": group.name, "count": group.num_nodes }));
    json!({
        "x": axis(0),
        "y": axis(1),
        "group": map.group_of,
        "groups": groups.collect::<Vec<_>>(),
        "degrees": map.nodes.iter().map(degree).collect::<Vec<_>>(),
        "neighbours": neighbours,
        "predicted": predicted,
    })
}

/// Numbers the nodes that the page names, in the order of their first use.
struct Names<'a> {
    report: &'a Report,
    numbers: HashMap<u32, usize>,
    ids: Vec<&'a str>,
}

impl Names<'_> {
    fn number(&mut self, node: u32) -> usize {
        let next = self.ids.len();
        let number = *self.numbers.entry(node).or_insert(next);
        if number == next {
            self.ids.push(self.report.nodes.id(node));
        }
        number
    }

    fn is_among_first(&self, node: u32, count: usize) -> bool {
        self.numbers.get(&node).is_some_and(|&number| number < count)
    }
}

/// Serialises to JSON that is safe inside a script element: no text in it can end the element or begin a
/// comment.
pub(super) fn inline(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// Flattens a serialised struct into names and values; nested fields are named `outer.inner`.
pub(super) fn rows(value: &impl Serialize) -> Vec<(String, String)> {
    fn collect(prefix: &str, value: &Value, rows: &mut Vec<(String, String)>) {
        match value {
            Value::Object(fields) if !fields.is_empty() => fields.iter().for_each(|(name, value)| {
                let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                collect(&name, value, rows);
            }),
            Value::String(text) => rows.push((prefix.into(), text.clone())),
            Value::Null => rows.push((prefix.into(), "–".into())),
            other => rows.push((prefix.into(), other.to_string())),
        }
    }
    let mut rows = Vec::new();
    collect("", &serde_json::to_value(value).unwrap_or_default(), &mut rows);
    rows
}

/// Rounds to the precision that a screen can show.
fn round(value: f32) -> f64 {
    (f64::from(value) * 1e4).round() / 1e4
}

/// Rounds to six significant digits.
fn short(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}
