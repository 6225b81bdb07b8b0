//! `vgae score`: output formats, columns, intervals and failures.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::FileTypeExt;
use std::process::{Command, Stdio};

use crate::common::{VGAE, Workspace, gzip, karate, text};
use serde_json::Value;

const PAIRS: &str = "from,note,to,date\n1,\"a, b\",9\n";

#[test]
fn other_columns_are_kept() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    workspace.write("pairs.csv", "note,from,to,#date\n\"a, \"\"b\"\"\",1,9,2020\n,34,1,2021\n");
    let scores = workspace.stdout("score run --pairs pairs.csv --keep-columns");
    let plain = workspace.stdout("score run --pairs pairs.csv");
    let (plain, lines): (Vec<&str>, Vec<&str>) = (plain.lines().collect(), scores.lines().collect());
    assert_eq!(lines[0], "source,target,probability,logit,note,\"#date\"");
    assert_eq!(lines[1], format!("{},\"a, \"\"b\"\"\",2020", plain[1]));
    assert_eq!(lines[2], format!("{},,2021", plain[2]));
    // Without a header, columns are numbered.
    workspace.write("bare.tsv", "1\t9\tx\n2\t3\ty\n");
    let bare = workspace.stdout("score run --pairs bare.tsv --keep-columns");
    assert_eq!(bare.lines().next().unwrap(), "source,target,probability,logit,column_3");
    assert!(bare.lines().nth(2).unwrap().ends_with(",y"));
}

/// A stack scores many pairs together, by their nodes; each score is that of the pair alone.
#[test]
fn scores_of_a_stack_do_not_depend_on_the_other_pairs() {
    let workspace = Workspace::new();
    workspace.train_karate("--model best");
    let pairs: Vec<String> =
        (1..=34).flat_map(|u| (1..=34).map(move |v| format!("{u},{v},{}", u * v))).collect();
    let csv = |pairs: &[String]| format!("source,target,note\n{}\n", pairs.join("\n"));
    workspace.write("all.csv", csv(&pairs));
    let all = workspace.stdout("score run --pairs all.csv --keep-columns");
    let all: Vec<&str> = all.lines().skip(1).collect();
    assert_eq!(all.len(), pairs.len());
    // One pair, a few with one node, and all backwards.
    let backwards: Vec<String> = pairs.iter().rev().cloned().collect();
    for (first, part) in [(40, &pairs[40..41]), (102, &pairs[102..110]), (0, &backwards)] {
        workspace.write("part.csv", csv(part));
        let found = workspace.stdout("score run --pairs part.csv --keep-columns");
        let found: Vec<&str> = found.lines().skip(1).collect();
        let expected: Vec<&str> = match first == 0 {
            true => all.iter().rev().copied().collect(),
            false => all[first..first + part.len()].to_vec(),
        };
        assert_eq!(found, expected);
    }
    // Rows before a bad one are scored first, so that the message names the right line.
    workspace.write("bad.csv", format!("{}1,nobody,x\n", csv(&pairs)));
    let error = workspace.failure("score run --pairs bad.csv -o out.csv", 1);
    assert!(error.contains("bad.csv:1158"), "{error}");
}

#[test]
fn bad_columns_are_refused() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    workspace.write("pairs.csv", PAIRS);
    let error = workspace.failure("score run --pairs pairs.csv --keep-columns -o out.csv", 1);
    assert_eq!(error, "error: pairs.csv:2: expected 4 columns as in the first row, found 3\n");
    workspace.write("pairs.csv", "source,target,logit\n1,9,3\n");
    let error = workspace.failure("score run --pairs pairs.csv --keep-columns -o out.csv", 2);
    assert!(error.contains("two columns would be called \"logit\""), "{error}");
    workspace.write("pairs.csv", "source\n1\n");
    let error = workspace.failure("score run --pairs pairs.csv -o out.csv", 1);
    assert!(error.contains("pairs.csv:1: expected source,target, found 1 column"), "{error}");
    assert!(!workspace.exists("out.csv"));
}

#[test]
fn jsonl_matches_csv() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    workspace.write("pairs.csv", "source,target,note\n1,9,\"say \"\"é\"\"\"\n34,1,b\\n\n");
    let csv = workspace.stdout("score run --pairs pairs.csv --interval 0.5 --keep-columns");
    workspace.stdout("score run --pairs pairs.csv --interval 0.5 --keep-columns -o out.JSONL");
    let lines = workspace.read("out.JSONL");
    assert_eq!(
        lines,
        workspace.stdout("score run --pairs pairs.csv --interval 0.5 --keep-columns --format jsonl")
    );
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let names = reader.headers().unwrap().clone();
    for (record, line) in reader.records().zip(lines.lines()) {
        let object: Value = serde_json::from_str(line).unwrap();
        for (name, field) in names.iter().zip(&record.unwrap()) {
            match &object[name] {
                Value::Number(number) => assert_eq!(number.as_f64().unwrap(), field.parse::<f64>().unwrap()),
                other => assert_eq!(other.as_str().unwrap(), field, "{name}"),
            }
        }
    }
    assert_eq!(lines.lines().count(), 2);
}

#[test]
fn parquet_matches_csv() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;
    let workspace = Workspace::new();
    workspace.train_karate("");
    workspace.write("pairs.csv", "source,target,note\n1,9,x\n34,1,y\n");
    let csv = workspace.stdout("score run --pairs pairs.csv --keep-columns");
    workspace.stdout("score run --pairs pairs.csv --keep-columns -o out.parquet");
    let file = std::fs::File::open(workspace.path("out.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let rows = reader.get_row_iter(None).unwrap().map(|row| {
        let row = row.unwrap();
        let string = |at: usize| row.get_string(at).unwrap().clone();
        let number = |at: usize| row.get_double(at).unwrap();
        format!("{},{},{},{},{}", string(0), string(1), number(2), number(3), string(4))
    });
    let expected: Vec<String> = csv.lines().skip(1).map(str::to_string).collect();
    assert_eq!(rows.collect::<Vec<_>>(), expected);
}

#[test]
fn intervals_grow_with_level() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let rows = |level: &str| -> Vec<Vec<f64>> {
        let scores = workspace.stdout(&format!("score run --pairs run/split/train.csv --interval {level}"));
        let header = "source,target,probability,logit,logit_low,logit_high,probability_low,probability_high";
        assert_eq!(scores.lines().next().unwrap(), header);
        let numbers = |line: &str| line.split(',').map(|field| field.parse().unwrap()).collect();
        scores.lines().skip(1).map(numbers).collect()
    };
    for (narrow, wide) in rows("0.5").iter().zip(rows("0.9")) {
        assert!(wide[4] < narrow[4] && narrow[4] < narrow[5] && narrow[5] < wide[5], "{narrow:?} {wide:?}");
        assert!(wide[4] < wide[3] && wide[3] < wide[5], "{wide:?}");
        let sigmoid = |logit: f64| 1.0 / (1.0 + (-logit).exp());
        assert_eq!((wide[6], wide[7]), (sigmoid(wide[4]), sigmoid(wide[5])));
    }
    for (level, problem) in [("0", "above 0 and below 1"), ("1", "above 0 and below 1"), ("nan", "above 0")] {
        let error = workspace.failure(&format!("score run --pairs run/split/test.csv --interval {level}"), 2);
        assert!(error.contains(problem), "{error}");
    }
    workspace.stdout(&format!("train {} --model gae --output gae --epochs 2 -q", karate()));
    let error = workspace.failure("score gae --pairs run/split/test.csv --interval 0.9", 2);
    assert!(
        error.contains("an interval needs a model that scores pairs by the inner product of two Gaussians")
    );
}

#[test]
fn truncated_pair_file_leaves_no_output() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let pairs: String = (0..200_000).map(|at| format!("{},{}\n", at % 34 + 1, at * 7 % 34 + 1)).collect();
    let whole = gzip(pairs.as_bytes());
    workspace.write("whole.csv.gz", &whole).write("cut.csv.gz", &whole[..whole.len() / 2]);
    let scores = workspace.stdout("score run --pairs whole.csv.gz");
    assert_eq!(scores.lines().count(), 200_001);
    let error = workspace.failure("score run --pairs cut.csv.gz -o out.csv", 1);
    assert!(error.contains("cut.csv.gz:") && error.contains("the gzip stream is cut off"), "{error}");
    assert!(!workspace.exists("out.csv"));
}

#[test]
fn unknown_node_line_is_named() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let mut pairs: String = (0..100_000).map(|at| format!("{},{}\n", at % 34 + 1, at * 7 % 34 + 1)).collect();
    pairs.push_str("1,nobody\n");
    workspace.write("pairs.csv", &pairs);
    let assert = workspace.vgae("score run --pairs pairs.csv").assert().code(1);
    let error = text(assert.get_output().stderr.clone());
    assert!(error.contains("pairs.csv:100001: the graph has no node nobody"), "{error}");
    let scores = workspace.stdout("score run --pairs pairs.csv --skip-unknown -q");
    for (pair, score) in pairs.lines().zip(scores.lines().skip(1)) {
        assert!(score.starts_with(&format!("{pair},")));
    }
    assert_eq!(scores.lines().count(), 100_001);
}

#[test]
fn output_to_pipe_and_link() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let pipe = workspace.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read_to_string(pipe).unwrap()
    });
    workspace.stdout("embed run -o pipe --quiet");
    assert!(reader.join().unwrap().starts_with("node,mean_0,"));
    assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());

    workspace.write("z.csv", "");
    std::os::unix::fs::symlink(workspace.path("z.csv"), workspace.path("link.csv")).unwrap();
    workspace.failure("embed run -o link.csv", 1);
    workspace.stdout("embed run -o link.csv --force --quiet");
    assert!(workspace.read("z.csv").starts_with("node,mean_0,") && workspace.path("link.csv").is_symlink());
    std::fs::create_dir(workspace.path("directory")).unwrap();
    let error = workspace.failure("embed run -o directory --force", 1);
    assert!(error.contains("cannot write directory"), "{error}");
}

#[test]
fn full_disk_and_closed_pipe() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let pairs: String = (0..100_000).map(|at| format!("{},{}\n", at % 34 + 1, at * 7 % 34 + 1)).collect();
    workspace.write("pairs.csv", &pairs);
    let scores =
        ["csv", "jsonl", "parquet"].map(|format| format!("score run --pairs pairs.csv --format {format}"));
    let others = ["predict run --format parquet", "predict run --all-nodes", "threshold run --budget 5"];
    let embeddings = ["csv", "parquet", "word2vec"].map(|format| format!("embed run --format {format}"));
    for arguments in scores.into_iter().chain(others.map(String::from)).chain(embeddings) {
        let command = || {
            let mut command = Command::new(VGAE);
            command.args(arguments.split(' ')).current_dir(workspace.path("")).stderr(Stdio::piped());
            command
        };
        if let Ok(full) = OpenOptions::new().write(true).open("/dev/full") {
            let output = command().stdout(full).output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{arguments}");
            let error = text(output.stderr);
            assert_eq!(error, "error: cannot write stdout: No space left on device\n", "{arguments}");
        }
        let mut child = command().stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), text(output.stderr).as_str()), (Some(0), ""), "{arguments}");
    }
}

#[test]
fn pairs_from_pipe() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let mut command = Command::new(VGAE);
    command.args(["score", "run", "--pairs", "-"]).current_dir(workspace.path(""));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // Writes single bytes, so that the first row is not available at once.
    let mut stdin = child.stdin.take().unwrap();
    for byte in b"target source\n34 1\n2 3" {
        stdin.write_all(&[*byte]).unwrap();
    }
    drop(stdin);
    let scores = text(child.wait_with_output().unwrap().stdout);
    let starts: Vec<&str> = scores.lines().map(|line| &line[..4]).collect();
    assert_eq!((starts[1], starts[2]), ("1,34", "3,2,"), "{scores}");
}

#[test]
fn score_keeps_input_order() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let scores = text(
        workspace
            .vgae("score run --pairs -")
            .write_stdin("source,target\n34,1\n1,34\n2 , 3\n")
            .assert()
            .success()
            .get_output()
            .stdout
            .clone(),
    );
    let rows: Vec<Vec<&str>> = scores.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0], ["source", "target", "probability", "logit"]);
    assert_eq!([&rows[1][..2], &rows[2][..2], &rows[3][..2]], [["34", "1"], ["1", "34"], ["2", "3"]]);
    assert_eq!(rows[1][2..], rows[2][2..]);
    let number = |text: &str| text.parse::<f64>().unwrap();
    for row in &rows[1..] {
        assert!((1.0 / (1.0 + (-number(row[3])).exp()) - number(row[2])).abs() < 1e-12);
    }
    // The logit is the inner product of the embeddings.
    let embeddings = workspace.read("run/embeddings.csv");
    let mean = |id: &str| -> Vec<f64> {
        let line = embeddings.lines().find(|line| line.starts_with(&format!("{id},"))).unwrap();
        line.split(',').skip(1).map(|text| f64::from(text.parse::<f32>().unwrap())).collect()
    };
    let product: f64 = mean("34").iter().zip(mean("1")).map(|(a, b)| a * b).sum();
    assert!((product - number(rows[1][3])).abs() < 1e-9);

    // A file with white space whose header names another column first.
    workspace
        .write("pairs.tsv", "weight\tsource\ttarget\n0.5\t1\t2\n")
        .stdout("score run --pairs pairs.tsv -o out.csv");
    assert!(workspace.read("out.csv").lines().nth(1).unwrap().starts_with("1,2,"));
}

#[test]
fn unknown_nodes_are_named_or_skipped() {
    let workspace = Workspace::new();
    workspace.train_karate("").write("pairs.csv", "source,target\n1,2\n1,Zachary\n3,4\n");
    let error = workspace.failure("score run --pairs pairs.csv -o out.csv", 1);
    assert_eq!(
        error,
        "error: pairs.csv:3: the graph has no node Zachary; --skip-unknown leaves out such pairs\n"
    );
    assert!(!workspace.exists("out.csv"), "a failed verb leaves no file");
    let assert = workspace.vgae("score run --pairs pairs.csv --skip-unknown").assert().success();
    assert_eq!(text(assert.get_output().stdout.clone()).lines().count(), 3);
    assert_eq!(text(assert.get_output().stderr.clone()), "note: skipped pairs with an unknown node: 1\n");
}

#[test]
fn columns_of_pairs_are_found_by_one_rule() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let expected =
        workspace.write("pairs.csv", "source,target\n10,12\n17,9\n").stdout("score run --pairs pairs.csv");
    let stderr = |arguments: &str| text(workspace.vgae(arguments).output().unwrap().stderr);
    for (file, flags) in [
        ("pair_id,node_a,node_b\n1,10,12\n2,17,9\n", ""),
        ("~id,~to,~from\n1,12,10\n2,9,17\n", ""),
        ("id,x,y\n1,10,12\n2,17,9\n", "--source x --target Y"),
        ("1,10,12\n2,17,9\n", "--source 2 --target 3"),
        ("y,x\n12,10\n9,17\n", "--source x"),
    ] {
        workspace.write("pairs.csv", file);
        assert_eq!(workspace.stdout(&format!("score run --pairs pairs.csv {flags}")), expected, "{file}");
        assert_eq!(stderr(&format!("score run --pairs pairs.csv {flags}")), "", "{file}");
        let candidates = format!("predict run --candidates pairs.csv {flags}");
        assert_eq!(workspace.stdout(&candidates).lines().count(), 3, "{file}");
    }
    workspace.write("pairs.csv", "id,x,y\n1,10,12\n2,17,9\n");
    assert_eq!(
        stderr("score run --pairs pairs.csv"),
        "note: pairs.csv: the first row (id,x,y) was read as a header, and id and x as source and target; --source and \
         --target choose other columns\n"
    );
    assert_eq!(
        workspace.failure("score run --pairs pairs.csv --source z", 1),
        "error: pairs.csv: has no column \"z\", which --source names; expected the name or the number (from 1) of one \
         of the columns id,x,y\n"
    );
    workspace.write("pairs.csv", "10,zz\n17,9\n");
    for verb in ["predict run --candidates", "evaluate run --negatives pairs.csv --pairs"] {
        let error = workspace.failure(&format!("{verb} pairs.csv"), 1);
        assert!(error.starts_with("error: pairs.csv:1: the graph has no node zz; "), "{verb}: {error}");
        assert!(error.contains("--skip-unknown leaves out pairs of unknown nodes"), "{verb}: {error}");
    }
    let printed = stderr("predict run --candidates pairs.csv --skip-unknown");
    assert!(printed.starts_with("note: skipped pairs with an unknown node: 1\n"), "{printed}");
}
