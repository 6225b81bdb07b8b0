//! `vgae evaluate` with other negatives than those of the split, other pairs, and metrics beyond AUC and AP.

use crate::common::{Workspace, karate, text};
use serde_json::Value;
use vgae::evaluate::BUCKETS;

/// Trains a run with 15 validation and 15 test edges.
pub(crate) fn trained() -> Workspace {
    let workspace = Workspace::new();
    workspace.train_karate("--val-fraction 0.2 --test-fraction 0.2");
    workspace
}

pub(crate) fn json(workspace: &Workspace, arguments: &str) -> Value {
    serde_json::from_str(&workspace.stdout(&format!("evaluate run --quiet --json {arguments}"))).unwrap()
}

/// Runs `vgae`, which must succeed, and returns its stderr.
fn stderr(workspace: &Workspace, arguments: &str) -> String {
    text(workspace.vgae(arguments).assert().success().get_output().stderr.clone())
}

#[test]
fn plain_evaluate_repeats_training_metrics() {
    let workspace = Workspace::new();
    let printed = workspace.stdout(&format!("train {} --output run --epochs 20 -q", karate()));
    assert_eq!(workspace.stdout("evaluate run"), printed);
    assert_eq!(workspace.stdout("evaluate run --seed 3"), printed);
    let header = "part          roc_auc  average_precision      edges  negatives\n";
    assert!(printed.starts_with(header), "{printed}");
    assert_eq!(stderr(&workspace, "evaluate run"), "");
}

#[test]
fn table_for_each_kind_of_negatives() {
    let workspace = trained();
    for (kind, note) in [
        ("uniform", ""),
        ("degree", "note: degree negatives are pairs that are not edges"),
        ("hard", "note: hard negatives are, for each link, up to 100 pairs at its nodes"),
    ] {
        let arguments = format!("evaluate run --negatives {kind} --hits 10,1,3");
        let table = workspace.stdout(&arguments);
        let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        let header =
            "part negatives roc_auc average_precision mrr hits@1 hits@3 hits@10 num_edges num_negatives";
        assert_eq!(rows[0], header.split(' ').collect::<Vec<_>>());
        assert_eq!([&rows[1][..2], &rows[2][..2]], [["validation", kind], ["test", kind]]);
        assert_eq!(rows.len(), 3);
        for row in &rows[1..] {
            assert!(row[2..8].iter().all(|figure| (0.0..=1.0).contains(&figure.parse::<f64>().unwrap())));
            assert_eq!(row[8], "15");
        }
        let width = table.lines().next().unwrap().len();
        assert!(table.lines().all(|line| line.len() == width), "{table}");
        let printed = stderr(&workspace, &arguments);
        assert!(printed.starts_with(note) && printed.is_empty() == note.is_empty(), "{printed}");
        assert_eq!(stderr(&workspace, &format!("{arguments} -q")), "");
    }
}

#[test]
fn json_holds_all_requested_figures() {
    let workspace = trained();
    let plain = json(&workspace, "");
    let uniform = json(&workspace, "--negatives uniform");
    assert_eq!(uniform["negatives"], "uniform");
    assert_eq!(uniform["test"]["roc_auc"], plain["test"]["roc_auc"]);
    assert_eq!(uniform["validation"]["average_precision"], plain["validation"]["average_precision"]);
    assert_eq!(uniform["test"].as_object().unwrap().len(), 5, "{uniform}");

    let everything = "--negatives hard --negatives-per-edge 20 --hits 5,10 --by-degree --bootstrap 50 \
                      --reliability --seed 9";
    let hard = json(&workspace, everything);
    assert_eq!((&hard["negatives"], &hard["negatives_per_edge"]), (&"hard".into(), &20.into()));
    assert_eq!((&hard["seed"], &hard["bootstrap"]["num_resamples"]), (&9.into(), &50.into()));
    for part in ["validation", "test"] {
        let part = &hard[part];
        assert_eq!((&part["num_edges"], &part["num_negatives"]), (&15.into(), &300.into()));
        for figure in ["roc_auc", "average_precision"] {
            let [lower, upper] =
                ["lower", "upper"].map(|end| part["intervals"][figure][end].as_f64().unwrap());
            assert!(lower < upper, "{part}");
        }
        let hits = |k: &str| part["hits"][k].as_f64().unwrap();
        assert!(hits("5") <= hits("10"));
        assert!(part["mean_reciprocal_rank"].as_f64().unwrap() > 0.0);
        assert!(part["calibration"]["brier"].as_f64().unwrap() > 0.0);
        assert!(part["calibration"]["expected_calibration_error"].as_f64().unwrap() > 0.0);
        let buckets = part["by_degree"].as_array().unwrap();
        assert_eq!(
            buckets.iter().map(|bucket| bucket["smaller_degree"].as_str().unwrap()).collect::<Vec<_>>(),
            ["0", "1", "2", "3-5", "6-10", ">10"]
        );
        for (count, expected) in [("num_edges", 15), ("num_negatives", 300)] {
            let sum: u64 = buckets.iter().map(|bucket| bucket[count].as_u64().unwrap()).sum();
            assert_eq!(sum, expected);
        }
    }
    assert_eq!(json(&workspace, &format!("{everything} --threads 2")), hard);
    assert_eq!(json(&workspace, &format!("{everything} --threads 1")), hard);
    let degree = json(&workspace, "--negatives degree");
    assert_eq!(json(&workspace, "--negatives degree --seed 0"), degree);
    assert_ne!(json(&workspace, "--negatives degree --seed 1")["test"], degree["test"]);
}

#[test]
fn table_holds_intervals_calibration_and_degrees() {
    let workspace = trained();
    let table = workspace.stdout("evaluate run --bootstrap --reliability --by-degree -q");
    let mut tables = table.split("\n\n");
    let (parts, degrees) = (tables.next().unwrap(), tables.next().unwrap());
    let header: Vec<&str> = parts.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header[4..], ["mrr", "brier", "expected_calibration_error", "num_edges", "num_negatives"]);
    let uniform = json(&workspace, "--bootstrap 1000");
    let ends = &uniform["test"]["intervals"]["roc_auc"];
    let cell = format!(
        "{:.4} [{:.4}, {:.4}]",
        uniform["test"]["roc_auc"].as_f64().unwrap(),
        ends["lower"].as_f64().unwrap(),
        ends["upper"].as_f64().unwrap()
    );
    assert!(parts.lines().nth(2).unwrap().contains(&cell), "{parts}");
    assert_eq!(degrees.lines().count(), 1 + 2 * BUCKETS.len());
    assert!(
        degrees.starts_with("part        smaller_degree  roc_auc  average_precision  num_edges  num_neg")
    );
    let stderr = stderr(&workspace, "evaluate run --reliability");
    assert_eq!(
        stderr,
        "note: this run is not calibrated; --calibrate isotonic|platt shows what calibration would change\n"
    );
}

#[test]
fn own_pairs_have_all_figures() {
    let workspace = trained();
    let own = "--pairs run/split/test.csv --negatives run/split/test_negatives.csv --hits 3 --reliability";
    let (own, uniform) = (json(&workspace, own), json(&workspace, "--hits 3 --reliability"));
    assert_eq!(own["pairs"], uniform["test"]);
    assert_eq!(own["negatives"], "file");
    // A file may have the name of a kind of negatives.
    workspace.write("uniform", workspace.read("run/split/test_negatives.csv"));
    let named = "--pairs run/split/test.csv --negatives ./uniform";
    assert_eq!(json(&workspace, named)["pairs"], json(&workspace, "")["test"]);
}

#[test]
fn conflicting_flags_are_refused() {
    let workspace = trained();
    let error = workspace.failure("evaluate run --hits 3,16 --json", 1);
    assert_eq!(
        error,
        "error: Hits@16 needs at least 16 negatives to rank an edge among; got 15; hint: a smaller K, or other negatives\n"
    );
    let error = workspace.failure("evaluate run --negatives degree --pairs run/split/test.csv", 2);
    assert_eq!(
        error,
        "error: --negatives degree are drawn for the held-out links, not for --pairs run/split/test.csv; expected a \
         file (write ./degree for a file named degree)\n"
    );
    let error = workspace.failure("evaluate run --negatives hrad", 2);
    assert_eq!(
        error,
        "error: --negatives hrad is no file or directory, and not one of uniform, degree, hard, heart and all\n"
    );
    let error = workspace.failure("evaluate run --negatives run/split/test_negatives.csv", 2);
    assert!(error.contains("is a file of pairs, not one of uniform, degree, hard, heart and all"), "{error}");
    let error = workspace.failure("evaluate run --negatives degree --negatives-per-edge 3", 2);
    assert_eq!(error, "error: --negatives-per-edge 3 is for hard negatives; add --negatives hard or heart\n");
    for arguments in [
        "--negatives hard --negatives-per-edge 0",
        "--negatives hard --negatives-per-edge -1",
        "--hits 0",
        "--hits few",
        "--bootstrap 0",
        "--pairs - --negatives -",
        "--pairs run/split/test.csv",
    ] {
        workspace.failure(&format!("evaluate run {arguments}"), 2);
    }
}

#[test]
fn empty_part_has_no_figures() {
    let workspace = Workspace::new();
    workspace.train_karate("--val-fraction 0");
    for kind in ["uniform", "degree", "hard"] {
        let report = json(&workspace, &format!("--negatives {kind} --by-degree --bootstrap 20"));
        assert!(report["validation"].is_null() && report["test"].is_object(), "{report}");
        assert_eq!(workspace.stdout(&format!("evaluate run --negatives {kind} -q")).lines().count(), 2);
    }
}

#[test]
fn directed_runs_have_directed_negatives() {
    let workspace = Workspace::new();
    workspace
        .stdout(&format!("train {} --directed --model gravity-gae --output run --epochs 5 -q", karate()));
    for kind in ["uniform", "degree", "hard"] {
        assert_eq!(json(&workspace, &format!("--negatives {kind}"))["test"]["num_edges"], 7);
    }
}

#[test]
fn evaluate_own_pairs() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let split = |name: &str| workspace.path("run/split").join(name).display().to_string();
    let own = format!(
        "evaluate run --json --pairs {} --negatives {}",
        split("test.csv"),
        split("test_negatives.csv")
    );
    let metrics: serde_json::Value = serde_json::from_str(&workspace.stdout(&own)).unwrap();
    assert_eq!(metrics["pairs"], workspace.json("run/metrics.json")["test"]);

    let seen = format!("evaluate run --pairs {} --negatives {}", split("train.csv"), split("test.csv"));
    let assert = workspace.vgae(&seen).assert().success();
    let stderr = text(assert.get_output().stderr.clone());
    assert!(
        stderr.contains("note: 68 of the 68 pairs were trained on, so this is not a held-out metric"),
        "{stderr}"
    );
    assert!(stderr.contains("note: 7 of the 7 negatives are edges of the graph"), "{stderr}");
    workspace.failure("evaluate run --pairs x.csv", 1);
}

#[test]
fn labels_in_a_file_of_pairs_tell_links_from_negatives() {
    let workspace = trained();
    let list = |name: &str, label: u8| -> String {
        let text = workspace.read(&format!("run/split/{name}.csv"));
        text.lines().skip(1).map(|pair| format!("{pair},{label}\n")).collect()
    };
    let rows = format!("{}{}", list("test", 1), list("test_negatives", 0));
    let expected = json(&workspace, "")["test"].clone();
    for header in ["source,target,label", "node_a,node_b,is_edge", "u,v,target", "from,to,Y"] {
        workspace.write("pairs.csv", format!("{header}\n{rows}"));
        for negatives in ["", "--negatives pairs.csv"] {
            let arguments = format!("--pairs pairs.csv {negatives}");
            assert_eq!(json(&workspace, &arguments)["pairs"], expected, "{header} {negatives}");
        }
        let column = header.rsplit(',').next().unwrap();
        assert_eq!(
            stderr(&workspace, "evaluate run --pairs pairs.csv"),
            format!("note: pairs.csv: by the column {column}, 15 pairs are links and 15 negatives\n")
        );
    }
    // Another column of this name is no label.
    workspace.write("pairs.csv", format!("source,target,label\n{}", list("test", 7)));
    let own = "--pairs pairs.csv --negatives run/split/test_negatives.csv";
    assert_eq!(json(&workspace, own)["pairs"], expected);
    assert!(workspace.failure("evaluate run --pairs pairs.csv", 2).starts_with(
        "error: --pairs pairs.csv holds only links; give pairs that are not links by --negatives FILE"
    ));
    let both = "evaluate run --pairs run/split/test.csv --negatives run/split/test.csv";
    assert!(
        workspace.failure(both, 2).contains(" is both a link and a negative; expected each pair in one of")
    );
}
