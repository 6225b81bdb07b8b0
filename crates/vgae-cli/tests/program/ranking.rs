//! Ranks among all pairs, HeaRT's negatives, lists of negatives of a user's own, and the objective of `best`.

use std::fmt::Write as _;

use crate::common::{Workspace, karate};
use crate::evaluate::{json, trained};

/// Returns a .npy file of version 1 with these numbers.
pub fn npy(shape: &str, numbers: &[i64]) -> Vec<u8> {
    let mut header = format!("{{'descr': '<i8', 'fortran_order': False, 'shape': {shape}, }}");
    while (header.len() + 11) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    numbers.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
    bytes
}

#[test]
fn links_are_ranked_among_all_pairs() {
    let workspace = trained();
    let metrics = json(&workspace, "--negatives all --hits 1,34");
    for part in ["validation", "test"] {
        let part = &metrics[part];
        assert_eq!(part["num_links"], 15);
        assert_eq!(part["num_ends"], part["num_ranked_ends"]);
        // No rank is beyond the 34 nodes, and the first place is no better than the best 34.
        assert_eq!(part["hits"]["34"]["value"], 1.0);
        assert_eq!(part["recall"]["34"]["value"], 1.0);
        let mrr = part["mean_reciprocal_rank"]["value"].as_f64().unwrap();
        assert!(mrr >= part["hits"]["1"]["value"].as_f64().unwrap() && mrr <= 1.0, "{mrr}");
        // 150 pairs hold all but few of the links.
        assert_eq!(part["list"]["precision"].as_object().unwrap().len(), 3);
    }
    let table = workspace.stdout("evaluate run --quiet --negatives all");
    assert!(
        table.starts_with("part        negatives     mrr  median_rank  hits@10  recall@10  ndcg@10"),
        "{table}"
    );
    assert!(table.contains("part        highest_pairs  precision  recall  precision_by_chance\n"), "{table}");
    let error = workspace.failure("evaluate run --negatives all --by-degree", 2);
    assert_eq!(error, "error: --by-degree is for lists of negatives, not for --negatives all\n");
    workspace.failure("evaluate run --negatives all --hits 0", 2);
}

#[test]
fn heart_negatives_share_an_end() {
    let workspace = trained();
    let metrics = json(&workspace, "--negatives heart --negatives-per-edge 10 --hits 10");
    assert_eq!((&metrics["negatives"], &metrics["negatives_per_edge"]), (&"heart".into(), &10.into()));
    assert_eq!(metrics["test"]["num_negatives"], 150);
    assert!(metrics["test"]["hits"]["10"].as_f64().unwrap() > 0.0);
    assert_eq!(metrics, json(&workspace, "--negatives heart --negatives-per-edge 10 --hits 10 --threads 1"));
}

#[test]
fn lists_of_negatives_have_three_forms() {
    let workspace = trained();
    let test = workspace.read("run/split/test.csv");
    let links: Vec<(i64, i64)> = test
        .lines()
        .skip(1)
        .map(|line| {
            let mut ids = line.split(',').map(|id| id.parse().unwrap());
            (ids.next().unwrap(), ids.next().unwrap())
        })
        .collect();
    // Three targets for the source of each link, none of them its own.
    let targets_of = |&(source, target): &(i64, i64)| {
        (1..=34i64).filter(move |&node| node != source && node != target).take(3)
    };
    let (mut rows, mut pairs, mut targets) = ("link,source,target\n".to_string(), Vec::new(), Vec::new());
    for (link, ends) in links.iter().enumerate() {
        for target in targets_of(ends) {
            writeln!(rows, "{link},{},{target}", ends.0).unwrap();
            pairs.extend([ends.0, target]);
            targets.push(target);
        }
    }
    workspace.write("lists.csv", &rows);
    std::fs::write(workspace.path("pairs.npy"), npy(&format!("({}, 3, 2)", links.len()), &pairs)).unwrap();
    std::fs::write(workspace.path("targets.npy"), npy(&format!("({}, 3)", links.len()), &targets)).unwrap();
    let of =
        |file: &str| json(&workspace, &format!("--pairs run/split/test.csv --negatives {file} --hits 1"));
    let by_rows = of("lists.csv");
    assert_eq!(by_rows["pairs"]["num_negatives"], 3 * links.len());
    assert_eq!(of("pairs.npy"), by_rows);
    assert_eq!(of("targets.npy"), by_rows);

    // The directory of a split names the same files by part. The array comes before pooled rows.
    std::fs::create_dir(workspace.path("dir")).unwrap();
    let empty = workspace.failure("evaluate run --negatives dir", 2);
    assert!(empty.contains("--negatives dir is a directory without negatives"), "{empty}");
    workspace.write("dir/test.csv", &test);
    workspace.write("dir/test_negatives.csv", &rows);
    let of_directory = || json(&workspace, "--negatives dir --hits 1");
    assert_eq!(of_directory()["test"], by_rows["pairs"]);
    assert_eq!(of_directory()["validation"], serde_json::Value::Null);
    workspace.write("dir/test_negatives.csv", workspace.read("run/split/test_negatives.csv"));
    assert_ne!(of_directory()["test"], by_rows["pairs"]);
    std::fs::copy(workspace.path("targets.npy"), workspace.path("dir/test_negatives.npy")).unwrap();
    assert_eq!(of_directory()["test"], by_rows["pairs"]);
    std::fs::write(workspace.path("dir/test_negatives.npy"), npy("(2, 1)", &[1, 2])).unwrap();
    let few = workspace.failure("evaluate run --negatives dir", 1);
    assert_eq!(few, "error: dir/test_negatives.npy: has lists for 2 links; expected 15, one for each link\n");

    let refused = |file: &str, code| {
        workspace.failure(&format!("evaluate run --pairs run/split/test.csv --negatives {file}"), code)
    };
    workspace.write("far.csv", "link,source,target\n99,1,2\n");
    assert_eq!(
        refused("far.csv", 1),
        "error: far.csv: has the link \"99\"; expected the place of one of the 15 links, counted from 0\n"
    );
    std::fs::write(workspace.path("few.npy"), npy("(2, 1)", &[1, 2])).unwrap();
    assert_eq!(
        refused("few.npy", 1),
        "error: few.npy: has lists for 2 links; expected 15, one for each link\n"
    );
    std::fs::write(workspace.path("odd.npy"), npy("(15, 1)", &[777; 15])).unwrap();
    assert_eq!(refused("odd.npy", 1), "error: odd.npy: has 777, which is no node of the graph\n");
    let (source, target) = links[0];
    workspace.write("own.csv", format!("{rows}0,{source},{target}\n"));
    assert!(refused("own.csv", 2).contains("is both a link and a negative"));
}

#[test]
fn best_can_be_fitted_to_rank() {
    let workspace = Workspace::new();
    workspace
        .stdout(&format!("train {} --model best --objective ranking --epochs 20 -q --output run", karate()));
    assert_eq!(workspace.stdout("evaluate run"), workspace.stdout("evaluate run --threads 1"));
    let error = workspace.failure(&format!("train {} --objective ranking --output other", karate()), 2);
    assert!(error.contains("has no effect: vgae is not fitted to an objective as best is"), "{error}");
}

#[test]
fn protocols_bring_their_metrics_and_published_figures() {
    let workspace = Workspace::new();
    let command = |protocol: &str| {
        format!("benchmark {} --models katz --splits 1 --output bench --protocol {protocol}", karate())
    };
    workspace.stdout(&command("heart"));
    let runs = workspace.read("bench/runs.csv");
    assert!(runs.lines().next().unwrap().contains("test_mean_reciprocal_rank"), "{runs}");
    let error = workspace.failure(&command("all-pairs"), 2);
    assert!(error.contains("was made without --protocol all-pairs"), "{error}");
    workspace.stdout(&format!("{} --force", command("all-pairs")));
    assert!(workspace.read("bench/runs.csv").contains("test_all_pairs_mean_reciprocal_rank"));
    // The name of the data decides which published figures stand beside.
    std::fs::create_dir(workspace.path("cora")).unwrap();
    std::fs::copy(std::path::Path::new(&karate()).join("edges.csv"), workspace.path("cora/edges.csv"))
        .unwrap();
    let table = workspace.stdout("benchmark cora --models katz --splits 1 --output other --protocol heart");
    assert!(
        table.contains("published: cora, NCN, hits_10 0.3514 mean_reciprocal_rank 0.1466, Li et al. 2023"),
        "{table}"
    );
}
