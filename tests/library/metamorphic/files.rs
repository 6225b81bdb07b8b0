//! The same graph in another file.

use proptest::prelude::*;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vgae::graph::{EdgeList, Pair};

use crate::common::{self, Place, gzip, ring};

/// The files that decide what a run says.
fn outcome(place: &Place, data: &str) -> Vec<Vec<u8>> {
    let metrics =
        place.stdout(&format!("train {data} --epochs 5 --output run --force --no-report --quiet --json"));
    let files =
        ["nodes.csv", "split/train.csv", "split/test_negatives.csv", "weights.safetensors", "embeddings.csv"];
    let read = |file: &str| std::fs::read(place.path(&format!("run/{file}"))).unwrap();
    files.into_iter().map(read).chain([metrics.into_bytes()]).collect()
}

#[test]
fn the_form_of_the_file_and_rows_that_say_nothing_more_change_nothing() {
    let place = Place::new();
    let pairs = ring(40);
    let rows = |separator: &str| common::rows(&pairs, separator);
    let with_header = format!("source,target\n{}", rows(","));
    place.write("plain.csv", &with_header);
    let expected = outcome(&place, "plain.csv");
    place.write_gz("zipped.csv.gz", &with_header);
    place.write(
        "members.csv.gz",
        [gzip(&with_header.as_bytes()[..100]), gzip(&with_header.as_bytes()[100..])].concat(),
    );
    place.write("tabs.tsv", rows("\t")).write("blanks.txt", rows(" ")).write("no_header.csv", rows(","));
    place.write("windows.csv", with_header.replace('\n', "\r\n"));
    place.write("comments.csv", format!("# a ring\n{with_header}\n# the end\n"));
    place.write("twice.csv", format!("{with_header}{}", rows(",")));
    let reversed: String = pairs.iter().map(|(u, v)| format!("{v},{u}\n")).collect();
    place.write("reversed.csv", format!("{with_header}{reversed}a3,a3\n"));
    for file in [
        "zipped.csv.gz",
        "members.csv.gz",
        "tabs.tsv",
        "blanks.txt",
        "no_header.csv",
        "windows.csv",
        "comments.csv",
        "twice.csv",
        "reversed.csv",
    ] {
        assert!(outcome(&place, file) == expected, "{file}");
    }
}

#[test]
fn the_order_of_the_rows_changes_the_order_of_the_nodes_alone() {
    let place = Place::new();
    let mut pairs = ring(40);
    let read = |name: &str| {
        let graph = vgae::read::data(&place.path(name), &Default::default()).unwrap();
        let nodes: Vec<String> = graph.nodes.iter().map(String::from).collect();
        let mut named: Vec<[String; 2]> = graph
            .edges
            .pairs()
            .iter()
            .map(|&(u, v)| {
                let mut ends = [u, v].map(|node| graph.nodes.id(node).to_string());
                ends.sort();
                ends
            })
            .collect();
        named.sort();
        (nodes, named)
    };
    place.write("rows.csv", common::rows(&pairs, ","));
    let (nodes, named) = read("rows.csv");
    pairs.shuffle(&mut ChaCha8Rng::seed_from_u64(1));
    place.write("shuffled.csv", common::rows(&pairs, ","));
    let (mut other_nodes, other_named) = read("shuffled.csv");
    assert_ne!(nodes, other_nodes);
    assert_eq!(named, other_named);
    let mut nodes = nodes;
    nodes.sort();
    other_nodes.sort();
    assert_eq!(nodes, other_nodes);
}

proptest! {
    /// Rows twice, turned round or in another order are the same edges; of their weights the largest stays.
    #[test]
    fn an_undirected_edge_list_is_a_set(
        pairs in prop::collection::vec((0u32..20, 0u32..20), 1..60),
        seed in any::<u64>(),
    ) {
        let weight = |&(u, v): &Pair| 1.0 + (u.min(v) * 20 + u.max(v)) as f32;
        let weights = |pairs: &[Pair]| Some(pairs.iter().map(weight).collect());
        let expected = EdgeList::new(20, pairs.clone(), weights(&pairs)).0;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut others = pairs.clone();
        others.extend(pairs.iter().filter(|_| rng.random()).map(|&(u, v)| (v, u)).collect::<Vec<_>>());
        others.shuffle(&mut rng);
        prop_assert_eq!(EdgeList::new(20, others.clone(), weights(&others)).0, expected);
    }
}
