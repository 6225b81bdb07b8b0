//! Splits with negatives of each link, from `train --split` to the audit. The ranks were worked out by hand.

use std::fs;

use serde_json::Value;

use crate::common::{Workspace, text};
use crate::ranking::npy;

const TRAIN: &str = "train graph.csv --model common-neighbours --split dir --force -o run -q";

/// Writes a graph and its split. On the training edges, 6,3 and 4,6 have one common neighbour, 1,5 none.
fn workspace() -> Workspace {
    let workspace = Workspace::new();
    let train = "1,2\n2,3\n3,4\n4,5\n5,6\n2,6\n";
    workspace.write("graph.csv", format!("{train}3,6\n1,5\n4,6\n"));
    workspace.write("dir/train.csv", train);
    // Neither in the order of the graph nor in its direction.
    workspace.write("dir/validation.csv", "6,3\n1,5\n");
    workspace.write("dir/test.csv", "4,6\n");
    // 6,3 is above both of its negatives, one of which is the other link: place 1. 1,5 ties with 1,4 below 1,6:
    // place 2.5.
    workspace.write("dir/validation_negatives.csv", "link,source,target\n1,1,4\n0,1,4\n1,6,1\n0,5,1\n");
    // 4,6 ties with 2,4 and 2,5 above 1,4: place 2.
    workspace.write("dir/test_negatives_by_link.csv", "link,source,target\n0,1,4\n0,2,4\n0,5,2\n");
    workspace
}

fn metrics(workspace: &Workspace, run: &str) -> Value {
    serde_json::from_str(&workspace.read(&format!("{run}/metrics.json"))).unwrap()
}

#[test]
fn links_are_ranked_among_negatives_of_their_own() {
    let workspace = workspace();
    let assert = workspace.vgae(TRAIN.trim_end_matches(" -q")).assert().success();
    let said = text(assert.get_output().stderr.clone());
    for line in [
        "note: dir/validation_negatives.csv: 4 negatives of links; held-out edges: 1\n",
        "note: the validation part has a list of negatives for each link and no others: AUC and AP are measured on 2 \
         random non-edges\n",
        "each validation edge is ranked among 2 negatives of its own: the columns mrr and hits@10\n",
        "each test edge is ranked among 3 negatives of its own: the columns mrr and hits@10\n",
    ] {
        assert!(said.contains(line), "{said}");
    }
    let found = metrics(&workspace, "run");
    assert_eq!(found["validation"]["mean_reciprocal_rank"], (1.0 + 1.0 / 2.5) / 2.0);
    assert_eq!(found["test"]["mean_reciprocal_rank"], 0.5);
    assert_eq!(found["test"]["hits_10"], Value::Null, "fewer than ten negatives");
    assert!(found["validation"]["roc_auc"].is_number());

    let table = workspace.stdout("evaluate run");
    assert_eq!(
        table.lines().next().unwrap().split_whitespace().collect::<Vec<_>>(),
        ["part", "roc_auc", "average_precision", "mrr", "hits@10", "edges", "negatives"]
    );
    assert!(table.lines().nth(2).unwrap().contains("   0.5000        -  "), "{table}");
    let hits = workspace.stdout("evaluate run --hits 1,2 --json -q");
    let hits: Value = serde_json::from_str(&hits).unwrap();
    assert_eq!((&hits["validation"]["hits"]["1"], &hits["test"]["hits"]["2"]), (&0.5.into(), &1.0.into()));
    assert!(workspace.stdout("report run --text").contains("MRR: each link among the negatives"));

    // A run is a split, and it can be audited and repeated.
    workspace.stdout("train graph.csv --model common-neighbours --split run -o again");
    assert_eq!(metrics(&workspace, "again"), found);
    workspace.vgae("audit run --data graph.csv").assert().success();
    workspace.vgae("reproduce run").assert().success();
    let other = "train graph.csv --model vgae --epochs 3 --split dir -o vgae";
    workspace.stdout(other);
    workspace.vgae("reproduce vgae").assert().success();
    // The old run leaves nothing behind.
    workspace.stdout(
        "train graph.csv --model common-neighbours --val-fraction 0.2 --test-fraction 0.2 --force -o run",
    );
    assert!(!workspace.path("run/split/test_negatives_by_link.csv").exists());
}

#[test]
fn arrays_are_in_the_order_and_direction_of_the_links() {
    let workspace = workspace();
    // 6,3 ties with both, 1,5 as above.
    fs::write(workspace.path("dir/valid_negatives.npy"), npy("(2, 2)", &[1, 4, 4, 6])).unwrap();
    workspace.write("dir/validation_negatives.csv", "1,3\n2,4\n");
    workspace.stdout(TRAIN);
    let found = metrics(&workspace, "run");
    assert_eq!(found["validation"]["mean_reciprocal_rank"], f64::midpoint(0.5, 0.4));
    assert_eq!(workspace.read("run/split/validation_negatives.csv"), "source,target\n1,3\n2,4\n");
    // Rows of the same lists beside the array do not count.
    workspace.write("dir/validation_negatives.csv", "link,source,target\n0,1,4\n1,1,4\n");
    workspace.stdout(TRAIN);
    assert_eq!(metrics(&workspace, "run")["validation"]["mean_reciprocal_rank"], 0.45);
    workspace.write("dir/validation_negatives.csv", "1,3\n2,4\n");
    let pairs = [6, 1, 6, 4, 1, 4, 1, 6];
    fs::write(workspace.path("dir/validation_negatives.npy"), npy("(2, 2, 2)", &pairs)).unwrap();
    workspace.stdout(TRAIN);
    assert_eq!(metrics(&workspace, "run"), found);

    let bench = "benchmark graph.csv --models common-neighbours --splits 1 --output bench -- --split dir";
    workspace.stdout(bench);
    let runs = workspace.read("bench/runs.csv");
    let (names, values) = runs.split_once('\n').unwrap();
    let column = names.split(',').position(|name| name == "validation_mean_reciprocal_rank").unwrap();
    assert_eq!(values.trim_end().split(',').nth(column), Some("0.45"), "{runs}");
}

#[test]
fn lists_that_leak_or_fit_no_link_are_refused_and_audited() {
    let workspace = workspace();
    let file = "dir/test_negatives_by_link.csv";
    // Rows of the file, the error of `train`, the row of the audit if there is one.
    let cases = [
        (
            "0,1,4\n0,3,2",
            "3,2 is a training edge, for the link 4,6",
            Some(
                "negative-is-edge,dir/test_negatives_by_link.csv,3,3,2,dir/train.csv,2,\"3,2 is an edge: train.csv:2 as 2,3\"\n",
            ),
        ),
        (
            "0,6,4",
            "6,4 is the link itself, for the link 4,6",
            Some(
                "negative-is-edge,dir/test_negatives_by_link.csv,2,6,4,dir/test.csv,1,\"6,4 is an edge: test.csv:1 as 4,6\"\n",
            ),
        ),
        (
            "0,5,5",
            "5,5 joins a node to itself, for the link 4,6",
            Some("self-loop,dir/test_negatives_by_link.csv,2,5,5,,,\"5,5 joins a node to itself\"\n"),
        ),
    ];
    for (rows, problem, offence) in cases {
        workspace.write(file, format!("link,source,target\n{rows}\n"));
        assert_eq!(
            workspace.failure(TRAIN, 1),
            format!("error: {file}: the split does not hold: {problem}\n")
        );
        let assert = workspace.vgae("audit dir").assert().code(i32::from(offence.is_some()));
        let found = text(assert.get_output().stdout.clone());
        assert_eq!(found.split_once('\n').unwrap().1, offence.unwrap_or_default());
    }
    workspace.write(file, "link,source,target\n0,1,7\n");
    assert_eq!(
        workspace.failure(TRAIN, 1),
        format!("error: {file}:2: names 7, which is not a node of the graph\n")
    );
    let unknown = format!("unknown-node,{file},2,1,7,,,\"1,7 has a node that graph.csv does not have\"\n");
    let audited = workspace.vgae("audit dir --data graph.csv").assert().code(1);
    assert!(text(audited.get_output().stdout.clone()).contains(&unknown));
    workspace.write(file, "link,source,target\n");
    let problem = "has no negatives for the link 0; expected at least one for each link";
    assert_eq!(workspace.failure(TRAIN, 1), format!("error: {file}: {problem}\n"));
    let missing = format!(
        "no-negatives,{file},,4,6,dir/test.csv,1,\"has no negatives for the link 4,6: test.csv:1\"\n"
    );
    let audited = workspace.vgae("audit dir").assert().code(1);
    assert!(text(audited.get_output().stdout.clone()).contains(&missing));
    workspace.write(file, "link,source,target\n1,1,4\n");
    let problem = "has the link \"1\"; expected the place of one of the 1 links, counted from 0";
    assert_eq!(workspace.failure(TRAIN, 1), format!("error: {file}: {problem}\n"));
    let audited = workspace.vgae("audit dir").assert().code(1);
    assert!(text(audited.get_output().stderr.clone()).contains(problem));
    workspace.write(file, "source,target\n1,4\n");
    let problem = "has no column link; expected rows of link,source,target";
    assert_eq!(workspace.failure(TRAIN, 1), format!("error: {file}: {problem}\n"));
    fs::remove_file(workspace.path(file)).unwrap();
    for (array, problem) in [
        (npy("(1, 0)", &[]), "has no negatives; expected at least one for each link"),
        (npy("(1, 1)", &[-1]), "has -1, which is no node of the graph"),
        (
            npy("(1, 1, 3)", &[1, 2, 3]),
            "has the shape [1, 1, 3]; expected [m, K, 2] pairs or [m, K] targets of m links",
        ),
    ] {
        fs::write(workspace.path("dir/test_negatives.npy"), array).unwrap();
        assert_eq!(workspace.failure(TRAIN, 1), format!("error: dir/test_negatives.npy: {problem}\n"));
    }
    fs::remove_file(workspace.path("dir/test_negatives.npy")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", workspace.path(file)).unwrap();
    assert!(workspace.failure(TRAIN, 1).contains("expected a file"));
}

#[test]
fn changed_lists_and_ranks_of_a_run_are_offences() {
    let workspace = workspace();
    workspace.stdout(TRAIN);
    workspace.write("run/split/test_negatives_by_link.csv", "link,source,target\n0,1,4\n");
    let audited = workspace.vgae("audit run").assert().code(1);
    let rows = text(audited.get_output().stdout.clone());
    assert!(rows.contains("changed-file,run/split/test_negatives_by_link.csv,"), "{rows}");

    workspace.stdout(TRAIN);
    let better = workspace
        .read("run/metrics.json")
        .replace("\"mean_reciprocal_rank\": 0.5", "\"mean_reciprocal_rank\": 0.9");
    workspace.write("run/metrics.json", better);
    let audited = workspace.vgae("audit run").assert().code(1);
    let rows = text(audited.get_output().stdout.clone());
    assert!(rows.contains("mean_reciprocal_rank of the test part is 0.9; the run gives 0.5"), "{rows}");
}

#[test]
fn negatives_of_each_link_in_a_file_are_audited() {
    let workspace = workspace();
    workspace.write("links.csv", "6,3\n4,6\n");
    // 4,6 is another link, 1,2 a training edge.
    workspace.write("own.csv", "link,source,target\n0,6,4\n1,2,1\n");
    let audited = workspace.vgae("audit dir --pairs links.csv --negatives own.csv").assert().code(1);
    let rows = text(audited.get_output().stdout.clone());
    let expected =
        "negative-is-edge,own.csv,3,2,1,dir/train.csv,1,\"2,1 is an edge: dir/train.csv:1 as 1,2\"\n";
    assert_eq!(rows.split_once('\n').unwrap().1, expected);
    let from_stdin = workspace
        .vgae("audit dir --pairs links.csv --negatives -")
        .write_stdin(workspace.read("own.csv"))
        .assert()
        .code(1);
    assert_eq!(text(from_stdin.get_output().stdout.clone()).lines().count(), 2);
    let error = workspace.failure("audit dir --negatives own.csv", 1);
    assert!(error.contains("expected one file of pairs with these links"), "{error}");
}

#[test]
fn a_run_holds_only_what_it_wrote() {
    let workspace = workspace();
    workspace.stdout(TRAIN);
    let table = workspace.stdout("evaluate run");
    // An array that the run did not write counts neither for it nor for those that take its split.
    fs::write(workspace.path("run/split/validation_negatives.npy"), npy("(2, 1)", &[1, 2])).unwrap();
    assert_eq!(workspace.stdout("evaluate run"), table);
    assert_eq!(workspace.stdout("train graph.csv --model common-neighbours --split run -q -o again"), table);
    workspace.vgae("audit run").assert().success();
    let of_run = workspace.stdout("evaluate run --negatives run -q --hits 1");
    assert!(of_run.contains("test        file"), "{of_run}");

    fs::remove_file(workspace.path("run/split/test_negatives_by_link.csv")).unwrap();
    let error = workspace.failure("evaluate run", 1);
    assert!(error.contains("run/split/test_negatives_by_link.csv: is missing"), "{error}");
    let audited = workspace.vgae("audit run").assert().code(1);
    assert!(
        text(audited.get_output().stdout.clone())
            .contains("changed-file,run/split/test_negatives_by_link.csv,")
    );
}

#[test]
fn json_names_each_rank_once() {
    let workspace = workspace();
    workspace.stdout(TRAIN);
    let json = workspace.stdout("evaluate run --hits 1 --json -q");
    assert_eq!(json.matches("mean_reciprocal_rank").count(), 2, "{json}");
}

#[test]
fn rows_without_the_right_header_are_named() {
    let workspace = workspace();
    workspace.write("dir/test_negatives.csv", "1,3\n");
    workspace.write("dir/test_negatives_by_link.csv", "link,a,b\n0,1,4\n");
    let expected =
        "error: dir/test_negatives_by_link.csv: has the header \"link,a,b\"; expected link,source,target\n";
    assert_eq!(workspace.failure(TRAIN, 1), expected);
    fs::remove_file(workspace.path("dir/test_negatives_by_link.csv")).unwrap();
    workspace.write("dir/test_negatives.csv", "1,3,0\n");
    let assert = workspace.vgae(TRAIN.trim_end_matches(" -q")).assert().success();
    let said = text(assert.get_output().stderr.clone());
    assert!(
        said.contains("under the header link,source,target its rows are negatives of each link\n"),
        "{said}"
    );

    let pairs = "evaluate run --skip-unknown --pairs dir/validation.csv --negatives";
    workspace.write("lists.csv", "link,source,target\n0,1,4\n1,1,6\n");
    let error = workspace.failure(&format!("{pairs} lists.csv"), 2);
    assert!(error.contains("--skip-unknown would change the places of the links"), "{error}");
}

#[test]
fn a_benchmark_notices_that_its_split_changed() {
    let workspace = workspace();
    let bench = "benchmark graph.csv --models common-neighbours --splits 1 --output bench -q -- --split dir";
    workspace.stdout(bench);
    workspace.write("dir/test_negatives_by_link.csv", "link,source,target\n0,1,4\n");
    let error = workspace.failure(bench, 1);
    assert!(error.contains("was made with data_sha256"), "{error}");
}
