//! `vgae benchmark` over the folds of a cross-validation, and over numbers of negatives.

use std::collections::{BTreeMap, BTreeSet};

use vgae_cli::benchmark::split_sha256;

use crate::common::{Workspace, karate, text};
use crate::split_options::{QUICK, pairs};

/// Returns the rows of a CSV file as maps from column name to value.
fn records(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|record| record.unwrap()).collect()
}

#[test]
fn benchmark_over_folds_tests_every_edge_once() {
    let workspace = Workspace::new();
    let bench = |more: &str| {
        format!(
            "benchmark {} --models katz,jaccard --folds 3 --keep-runs --output bench {more} -- --val-fraction 0.1",
            karate()
        )
    };
    let first = workspace.vgae(&bench("--reference jaccard")).assert().success();
    let said = text(first.get_output().stderr.clone());
    assert!(said.contains("[5/6] karate-katz-0-fold-3-of-3: "), "{said}");
    let table = text(first.get_output().stdout.clone());
    assert!(table.starts_with("data    model    folds  "), "{table}");
    let runs = records(&workspace.read("bench/runs.csv"));
    let folds: Vec<(&str, &str, &str)> =
        runs.iter().map(|run| (run["model"].as_str(), run["seed"].as_str(), run["fold"].as_str())).collect();
    let fold = |model, fold| (model, "0", fold);
    assert_eq!(
        folds,
        [
            fold("katz", "1/3"),
            fold("jaccard", "1/3"),
            fold("katz", "2/3"),
            fold("jaccard", "2/3"),
            fold("katz", "3/3"),
            fold("jaccard", "3/3")
        ]
    );
    let tested: Vec<String> = (1..=3)
        .flat_map(|fold| pairs(&workspace, &format!("bench/runs/karate-katz-0-fold-{fold}-of-3"), "test"))
        .collect();
    assert_eq!((tested.len(), tested.iter().collect::<BTreeSet<_>>().len()), (78, 78));
    // The mean and the deviation over the folds.
    let values: Vec<f64> = runs
        .iter()
        .filter(|run| run["model"] == "katz")
        .map(|run| run["test_roc_auc"].parse().unwrap())
        .collect();
    let mean = values.iter().sum::<f64>() / 3.0;
    let std = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 2.0).sqrt();
    let json = workspace.json("bench/table.json");
    let found = &json["rows"][0]["values"]["test_roc_auc"];
    assert!((found["mean"].as_f64().unwrap() - mean).abs() < 1e-12);
    assert!((found["std"].as_f64().unwrap() - std).abs() < 1e-12);
    assert_eq!((&json["num_folds"], &json["rows"][0]["num_splits"]), (&3.into(), &3.into()));
    assert_eq!(json["rows"][0]["differences"]["test_roc_auc"]["num_splits"], 3);
    let markdown = workspace.read("bench/table.md");
    assert!(markdown.contains(
        "over the 3 folds of a cross-validation, which are the same for every model and test every"
    ));

    // A run of the benchmark is one of `vgae train`.
    workspace.stdout(&format!("train {} {QUICK} --fold 2/3 --val-fraction 0.1", karate()));
    let metrics = workspace.json("run/metrics.json");
    assert_eq!(metrics["test"]["roc_auc"].as_f64().unwrap(), values[1]);

    // What is lost is made again, and nothing else.
    let all = workspace.read("bench/runs.csv");
    let kept: Vec<&str> = all.lines().take(4).collect();
    workspace.write("bench/runs.csv", kept.join("\n") + "\n");
    let again = workspace.vgae(&bench("--reference jaccard")).assert().success();
    let said = text(again.get_output().stderr.clone());
    assert!(said.contains("[4/6] ") && !said.contains("[3/6] "), "{said}");
    let resumed = workspace.read("bench/runs.csv");
    assert!(resumed.starts_with(&kept.join("\n")) && resumed.lines().count() == 7, "{resumed}");
    workspace.write("bench/runs.csv", all.replace("3/3", "4/3"));
    let error = workspace.failure(&bench(""), 1);
    assert_eq!(error, "error: bench/runs.csv:6: fold is \"4/3\"; expected a fold, as in 3/10\n");
}

#[test]
fn benchmark_over_ratios_has_a_row_for_each() {
    let workspace = Workspace::new();
    let bench = format!(
        "benchmark {} --models katz --splits 2 --negatives-ratios 1,3 --output bench --quiet",
        karate()
    );
    let table = workspace.stdout(&bench);
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().take(4).collect()).collect();
    assert_eq!(rows[0], ["data", "model", "splits", "negatives"]);
    assert_eq!(rows[1..], [["karate", "katz", "2", "1"], ["karate", "katz", "2", "3"]]);
    let runs = records(&workspace.read("bench/runs.csv"));
    let ratios: Vec<&str> = runs.iter().map(|run| run["negatives_ratio"].as_str()).collect();
    assert_eq!(ratios, ["1", "1", "3", "3"]);
    // The ratio of 1 is the split without the flag.
    workspace.stdout(&format!("train {} {QUICK} --seed 1", karate()));
    let record = vgae::run::read_record(&workspace.path("run")).unwrap();
    assert_eq!(split_sha256(&record), runs[1]["split_sha256"]);
    assert_ne!(runs[1]["split_sha256"], runs[3]["split_sha256"]);
    assert!(workspace.read("bench/table.md").contains("| data | model | splits | negatives |"));
    assert_eq!(records(&workspace.read("bench/table.csv"))[1]["negatives_ratio"], "3");
    // A second time, there is nothing to do.
    let before = workspace.read("bench/runs.csv");
    assert_eq!(workspace.stdout(&bench), table);
    assert_eq!(workspace.read("bench/runs.csv"), before);
}
