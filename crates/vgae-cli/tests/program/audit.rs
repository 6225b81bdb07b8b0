//! `vgae audit`: the offences of each rule with their lines, altered runs, and clean input.

use std::fs;

use crate::common::{Workspace, karate, text};

const HEADER: &str = "rule,file,line,source,target,other_file,other_line,problem\n";

/// Writes a clean split as another program might: without headers, with blanks, and with ids of two kinds.
fn write_split(workspace: &Workspace) {
    workspace.write("split/train.csv", "a b\nb c\nc 4\n4 a\n");
    workspace.write("split/validation.csv", "a c\n");
    workspace.write("split/validation_negatives.csv", "b e\n");
    workspace.write("split/test.csv", "4 e\n");
    workspace.write("split/test_negatives.csv", "e a\n");
}

/// Runs an audit that must find offences, and returns its rows and its verdict.
fn offences(workspace: &Workspace, arguments: &str) -> (String, String) {
    let assert = workspace.vgae(arguments).assert().code(1);
    let output = assert.get_output();
    let stdout = text(output.stdout.clone());
    let rows = stdout.strip_prefix(HEADER).unwrap_or_else(|| panic!("{stdout}"));
    (rows.to_string(), text(output.stderr.clone()))
}

#[test]
fn foreign_split_is_clean() {
    let workspace = Workspace::new();
    write_split(&workspace);
    let assert = workspace.vgae("audit split").assert().success();
    assert_eq!(text(assert.get_output().stdout.clone()), HEADER);
    assert_eq!(text(assert.get_output().stderr.clone()), "split: clean; pairs checked: 8\n");
    workspace.vgae("audit split --quiet").assert().success().stderr("");
}

#[test]
fn each_offence_names_its_lines() {
    // List, row appended to it, row of the audit.
    let cases = [
        (
            "validation",
            "c b",
            "trained-on,split/validation.csv,2,c,b,split/train.csv,2,\
             \"c,b is also train.csv:2 as b,c, which message passing sees\"\n",
        ),
        (
            "test",
            "\n4 c",
            "trained-on,split/test.csv,3,4,c,split/train.csv,3,\
             \"4,c is also train.csv:3 as c,4, which message passing sees\"\n",
        ),
        (
            "test",
            "c a",
            "two-lists,split/validation.csv,1,a,c,split/test.csv,2,\"a,c is also test.csv:2 as c,a\"\n",
        ),
        (
            "test_negatives",
            "b e",
            "two-lists,split/validation_negatives.csv,1,b,e,split/test_negatives.csv,2,\
             \"b,e is also test_negatives.csv:2\"\n",
        ),
        (
            "validation_negatives",
            "e 4",
            "negative-is-edge,split/validation_negatives.csv,2,e,4,split/test.csv,1,\
             \"e,4 is an edge: test.csv:1 as 4,e\"\n",
        ),
        (
            "test_negatives",
            "b a",
            "negative-is-edge,split/test_negatives.csv,2,b,a,split/train.csv,1,\
             \"b,a is an edge: train.csv:1 as a,b\"\n",
        ),
        (
            "train",
            "b a",
            "duplicate,split/train.csv,5,b,a,split/train.csv,1,\"b,a is also train.csv:1 as a,b\"\n",
        ),
        ("test", "f f", "self-loop,split/test.csv,2,f,f,,,\"f,f joins a node to itself\"\n"),
    ];
    for (list, row, expected) in cases {
        let workspace = Workspace::new();
        write_split(&workspace);
        let file = format!("split/{list}.csv");
        workspace.write(&file, format!("{}{row}\n", workspace.read(&file)));
        let (rows, verdict) = offences(&workspace, "audit split");
        assert_eq!(rows, expected, "{list}: {row}");
        let rule = expected.split(',').next().unwrap();
        assert_eq!(
            verdict,
            format!("error: split: leaks or is damaged: {rule} 1; pairs checked: 9\n"),
            "{list}: {row}"
        );
        // Reversed rows are other pairs if edges have a direction.
        let same_way = ["b e", "f f"].contains(&row);
        let code = if same_way { 1 } else { 0 };
        workspace.vgae("audit split --directed").assert().code(code);
    }
}

#[test]
fn all_offences_are_reported() {
    let workspace = Workspace::new();
    write_split(&workspace);
    // One pair in four places, twice in one of them: each pair of lists and the repetition are offences.
    workspace.write("split/validation.csv", "source,target\nb,a\na,b\n");
    workspace.write("split/test_negatives.csv", "to\tfrom\nb\ta\n");
    let (rows, verdict) = offences(&workspace, "audit split");
    let places: Vec<String> =
        rows.lines().map(|row| row.split(',').take(7).collect::<Vec<_>>().join(",")).collect();
    assert_eq!(
        places,
        [
            "trained-on,split/validation.csv,2,b,a,split/train.csv,1",
            "negative-is-edge,split/test_negatives.csv,2,a,b,split/train.csv,1",
            "negative-is-edge,split/test_negatives.csv,2,a,b,split/validation.csv,2",
            "duplicate,split/validation.csv,3,a,b,split/validation.csv,2",
        ]
    );
    assert!(verdict.contains("trained-on 1, negative-is-edge 2, duplicate 1;"), "{verdict}");
}

#[test]
fn limit_cuts_rows_not_counts() {
    let workspace = Workspace::new();
    write_split(&workspace);
    workspace.write("split/test.csv", "a b\nb c\nc 4\n4 a\n");
    let (rows, verdict) = offences(&workspace, "audit split --limit 3");
    assert_eq!(rows.lines().count(), 3);
    assert!(verdict.contains("trained-on 4 (the first 3 shown);"), "{verdict}");
    for all in ["--limit 0", ""] {
        assert_eq!(offences(&workspace, &format!("audit split {all}")).0.lines().count(), 4);
    }
}

#[test]
fn evaluation_pairs_are_checked_against_split() {
    let workspace = Workspace::new();
    write_split(&workspace);
    // A repeated test edge, a new pair and a negative of the split are legitimate in an evaluation.
    workspace.write("fine.csv", "source,target\ne,4\nb,4\ne,b\n").write("none.csv", "e a\nc e\n");
    workspace.vgae("audit split --pairs fine.csv --negatives none.csv").assert().success();
    workspace.write("pairs.csv", "weight,source,target\n1,b,a\n2,b,4\n");
    workspace.write("negatives.csv", "4 b\nc a\n");
    let (rows, _) = offences(&workspace, "audit split --pairs pairs.csv fine.csv --negatives negatives.csv");
    assert_eq!(
        rows,
        "trained-on,pairs.csv,2,b,a,split/train.csv,1,\
         \"b,a is also split/train.csv:1 as a,b, which message passing sees\"\n\
         negative-is-edge,negatives.csv,1,4,b,pairs.csv,3,\"4,b is an edge: pairs.csv:3 as b,4\"\n\
         negative-is-edge,negatives.csv,1,4,b,fine.csv,3,\"4,b is an edge: fine.csv:3 as b,4\"\n\
         negative-is-edge,negatives.csv,2,c,a,split/validation.csv,1,\
         \"c,a is an edge: split/validation.csv:1 as a,c\"\n\
         two-lists,pairs.csv,3,b,4,fine.csv,3,\"b,4 is also fine.csv:3\"\n"
    );
}

#[test]
fn data_reveals_absent_and_missing_edges() {
    let workspace = Workspace::new();
    write_split(&workspace);
    // a-e is a test negative, b-4 is in no list, and a-c is missing from the graph.
    workspace.write("graph.csv", "a,b\nb,c\nc,4\n4,a\n4,e\ne,a\n4,b\n");
    let (rows, _) = offences(&workspace, "audit split --data graph.csv");
    assert_eq!(
        rows,
        "negative-is-edge,split/test_negatives.csv,1,e,a,graph.csv,,\"e,a is an edge: graph.csv as a,e\"\n\
         absent-edge,split/validation.csv,1,a,c,,,\"a,c is not an edge of graph.csv\"\n\
         missing-edge,graph.csv,,a,e,,,\"the edge a,e is in no list\"\n\
         missing-edge,graph.csv,,b,4,,,\"the edge b,4 is in no list\"\n"
    );
}

#[test]
fn run_is_clean_with_and_without_data() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let assert = workspace.vgae(&format!("audit run --data {}", karate())).assert().success();
    assert_eq!(text(assert.get_output().stdout.clone()), HEADER);
    // 78 edges, 3 + 7 negatives.
    assert_eq!(text(assert.get_output().stderr.clone()), "run: clean; pairs checked: 88\n");
    workspace.vgae("audit run/split").assert().success();
}

#[test]
fn leaked_test_edge_is_reported() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let edge = workspace.read("run/split/test.csv").lines().nth(3).unwrap().to_string();
    let (u, v) = edge.split_once(',').unwrap();
    workspace.write("run/split/train.csv", format!("{}{v},{u}\n", workspace.read("run/split/train.csv")));
    let (rows, verdict) = offences(&workspace, "audit run");
    assert_eq!(
        rows,
        format!(
            "trained-on,run/split/test.csv,4,{u},{v},run/split/train.csv,70,\
             \"{u},{v} is also train.csv:70 as {v},{u}, which message passing sees\"\n\
             changed-file,run/split/train.csv,,,,run/run.json,,its SHA-256 is not the one in run.json\n"
        )
    );
    assert_eq!(verdict, "error: run: leaks or is damaged: trained-on 1, changed-file 1; pairs checked: 89\n");
}

#[test]
fn embeddings_from_held_out_edges_are_reported() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    // A run that trained and encoded over every edge, disguised with an honest run's lists and correct
    // hashes.
    let leaking = "--output leaking --epochs 20 --quiet --val-fraction 0 --test-fraction 0";
    workspace.stdout(&format!("train {} {leaking}", karate()));
    for file in ["weights.safetensors", "embeddings.csv"] {
        fs::copy(workspace.path("leaking").join(file), workspace.path("run").join(file)).unwrap();
    }
    let mut record = workspace.json("run/run.json");
    record["files"]["weights.safetensors"] =
        workspace.json("leaking/run.json")["files"]["weights.safetensors"].clone();
    workspace.write("run/run.json", record.to_string());
    let (rows, _) = offences(&workspace, "audit run");
    let of_rule = |rule: &str| rows.lines().filter(|row| row.starts_with(rule)).count();
    // Ten additional edges affect most of the 34 nodes or their neighbours.
    assert!(of_rule("embeddings,run/embeddings.csv,") > 17, "{rows}");
    // The honest run's metrics do not match these embeddings.
    assert!(of_rule("metrics,run/metrics.json,") >= 1, "{rows}");
    assert_eq!(of_rule("changed-file"), 0);
    assert!(rows.contains("; message passing over train.csv alone gives "), "{rows}");
}

#[test]
fn altered_embedding_and_metric_are_reported() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let embeddings = workspace.read("run/embeddings.csv");
    let mut lines: Vec<&str> = embeddings.lines().collect();
    let mut row: Vec<String> = lines[5].split(',').map(str::to_string).collect();
    row[2] = "NaN".into();
    let changed = row.join(",");
    lines[5] = &changed;
    workspace.write("run/embeddings.csv", lines.join("\n") + "\n");
    let (rows, _) = offences(&workspace, "audit run");
    let start =
        format!("embeddings,run/embeddings.csv,6,,,run/split/train.csv,,mean_1 of node {} is NaN; ", row[0]);
    assert!(rows.starts_with(&start) && rows.lines().count() == 1, "{rows}");

    workspace.write("run/embeddings.csv", embeddings);
    let mut metrics = workspace.json("run/metrics.json");
    metrics["test"]["roc_auc"] = 0.999.into();
    workspace.write("run/metrics.json", metrics.to_string());
    let (rows, _) = offences(&workspace, "audit run");
    let start = "metrics,run/metrics.json,,,,run/embeddings.csv,,roc_auc of the test part is 0.999; ";
    assert!(rows.starts_with(start) && rows.lines().count() == 1, "{rows}");
}

#[test]
fn unauditable_input_is_refused() {
    let workspace = Workspace::new();
    workspace.write("other/notes.txt", "");
    assert_eq!(
        workspace.failure("audit other", 1),
        "error: other: is neither a run directory nor a directory with train.csv, validation.csv, \
         validation_negatives.csv, test.csv, test_negatives.csv\n"
    );
    write_split(&workspace);
    fs::remove_file(workspace.path("split/test.csv")).unwrap();
    assert_eq!(
        workspace.failure("audit split", 1),
        "error: cannot read split/test.csv: No such file or directory\n"
    );
    workspace.write("split/test.csv", "4 e\nalone\n");
    let error = workspace.failure("audit split", 1);
    assert!(error.starts_with("error: split/test.csv:2: expected source,target, found 1 column"), "{error}");
    workspace.failure("audit split --pairs - --data -", 2);
}

/// Some programs list an undirected edge in both directions.
#[test]
fn both_directions_of_each_edge_are_one_edge() {
    let workspace = Workspace::new();
    workspace.write("edges.csv", "a b\nb c\nc 4\n4 a\na c\n4 e\n");
    write_split(&workspace);
    workspace.stdout("train edges.csv --split split --epochs 2 --quiet -o one-way");
    workspace.write("split/train.csv", "from to\na b\nb a\nb c\nc b\nc 4\n4 c\n4 a\na 4\n");
    workspace.write("split/test.csv", "4 e\ne 4\n");
    let assert = workspace.vgae("audit split").assert().success();
    assert_eq!(
        text(assert.get_output().stderr.clone()),
        "note: split/train.csv: both directions of each pair are listed, and were checked as one\n\
         note: split/test.csv: both directions of each pair are listed, and were checked as one\n\
         split: clean; pairs checked: 8\n"
    );
    let trained = workspace.vgae("train edges.csv --split split --epochs 2 -o both-ways").assert().success();
    let stderr = text(trained.get_output().stderr.clone());
    assert!(
        stderr
            .contains("note: lists with both directions of each pair, read as one pair each: train, test\n"),
        "{stderr}"
    );
    for file in ["split/train.csv", "split/test.csv", "weights.safetensors"] {
        let read = |run: &str| fs::read(workspace.path(&format!("{run}/{file}"))).unwrap();
        assert!(read("one-way") == read("both-ways"), "{file}");
    }
    // A pair that is repeated in one direction is an offence nevertheless.
    workspace.write("split/train.csv", "a b\nb a\nb c\nc b\nc 4\n4 c\n4 a\na 4\na 4\n");
    let (rows, _) = offences(&workspace, "audit split");
    assert!(rows.starts_with("duplicate,"), "{rows}");
}

#[test]
fn ids_with_white_space_at_their_ends_are_compared_as_they_are_read() {
    let workspace = Workspace::new();
    let edges: String = (0..30).map(|at| format!("\"n{at}\u{a0}\",\" n{}\"\n", at + 1)).collect();
    workspace.write("edges.csv", edges + "\"n1\u{a0}\",\"n2\u{a0}\"\n");
    workspace.stdout("train edges.csv --epochs 2 --quiet -o run");
    workspace.stdout("audit run --data edges.csv --quiet");
}

#[test]
fn labelled_pairs_are_links_and_negatives() {
    let workspace = Workspace::new();
    write_split(&workspace);
    workspace.write("pairs.csv", "source,target,label\na,e,1\nb,4,0\n");
    workspace.stdout("audit split --pairs pairs.csv --quiet");
    workspace.write("pairs.csv", "source,target,label\na,b,0\nb,4,1\n");
    let (rows, _) = offences(&workspace, "audit split --pairs pairs.csv");
    assert_eq!(
        rows,
        "negative-is-edge,pairs.csv,2,a,b,split/train.csv,1,\"a,b is an edge: split/train.csv:1\"\n"
    );
}

#[test]
fn columns_of_pairs_are_chosen() {
    let workspace = Workspace::new();
    write_split(&workspace);
    workspace.write("pairs.csv", "pair_id,x,y\n1,a,b\n2,b,4\n");
    let expected = "trained-on,pairs.csv,2,a,b,split/train.csv,1,\
                    \"a,b is also split/train.csv:1, which message passing sees\"\n";
    for columns in ["--source x --target y", "--source 2 --target 3"] {
        let (rows, verdict) = offences(&workspace, &format!("audit split --pairs pairs.csv {columns}"));
        assert_eq!((rows.as_str(), verdict.lines().count()), (expected, 1), "{columns}");
    }
    let assert = workspace.vgae("audit split --pairs pairs.csv").assert().success();
    let note = "note: pairs.csv: the first row (pair_id,x,y) was read as a header, and pair_id and x as source and \
                target; --source and --target choose other columns\n";
    assert!(text(assert.get_output().stderr.clone()).starts_with(note));
    let error = workspace.failure("audit split --source x", 2);
    assert_eq!(error, "error: --source and --target are for files of pairs; add --pairs or --negatives\n");
}
