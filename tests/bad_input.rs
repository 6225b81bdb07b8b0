//! Bad input through the real binary: each case with its whole message. No case may leave a run directory.

mod common;

use common::{Place, gzip, karate};

/// What is written to `data.csv`, and what `vgae train data.csv` then says.
const EDGE_LISTS: [(&str, &[u8], &str); 21] = [
    ("an empty file", b"", "data.csv: is empty; expected rows of source,target"),
    ("comments alone", b"# nothing\n% here\n\n", "data.csv: is empty; expected rows of source,target"),
    (
        "a header alone",
        b"source,target\n",
        "data.csv: has a header and no rows; expected rows of source,target",
    ),
    (
        "one column",
        b"a,b\nb\n",
        "data.csv:2: expected source,target, found 1 column (separated by commas, as in the first row)",
    ),
    (
        "one column in the first row",
        b"a\nb\n",
        "data.csv:1: expected source,target, found 1 column (separated by white space, as in the first row)",
    ),
    (
        "comments are counted as lines",
        b"# x\n\na,b\nc\n",
        "data.csv:4: expected source,target, found 1 column (separated by commas, as in the first row)",
    ),
    ("an empty source", b"a,b\n,c\n", "data.csv:2: the source is empty; expected a node id"),
    ("an empty target", b"a,b\nc,\n", "data.csv:2: the target is empty; expected a node id"),
    (
        "self-loops alone",
        b"a,a\nb,b\n",
        "data.csv: no edges, self-loops not counted; expected rows of source,target",
    ),
    (
        "a weight that is a word",
        b"source,target,weight\na,b,1\nb,c,heavy\n",
        "data.csv:3: the weight is \"heavy\"; expected a finite number",
    ),
    (
        "a weight of NaN",
        b"source,target,weight\na,b,NaN\n",
        "data.csv:2: the weight is \"NaN\"; expected a finite number",
    ),
    (
        "a weight too large",
        b"source,target,weight\na,b,1e99\n",
        "data.csv:2: the weight is \"1e99\"; expected a number within ±3.4e38",
    ),
    (
        "a weight of zero",
        b"source,target,weight\na,b,0\n",
        "data.csv:2: the weight is 0; expected a number above 0",
    ),
    (
        "a negative weight",
        b"source,target,weight\na,b,-1\n",
        "data.csv:2: the weight is -1; expected a number above 0",
    ),
    (
        "a weight that is missing",
        b"source,target,weight\na,b\n",
        "data.csv:2: expected a weight in column 3, found 2 columns",
    ),
    (
        "bytes that are no UTF-8",
        b"a,b\nb,caf\xe9\n",
        "data.csv:2: byte 6 of the line is 0xe9; expected UTF-8 text",
    ),
    ("UTF-16", b"\xff\xfea\0,\0b\0\n\0", "data.csv: is UTF-16 text; expected UTF-8"),
    (
        "a quote that does not end",
        b"a,b\n\"c,d\ne,f\n",
        "data.csv:2: a quoted field does not end where the field does, on its line",
    ),
    (
        "a comma in a name",
        b"source,target\nWashington, DC,Paris\n",
        "data.csv:2: expected 2 columns as in the first row, found 3; hint: put double quotes around names that \
         hold the separator",
    ),
    (
        "text after a quoted field",
        b"a,b\n\"c\"d,e\n",
        "data.csv:2: a quoted field does not end where the field does, on its line",
    ),
    (
        "too few edges",
        b"a,b\nb,c\n",
        "too few edges (2) for --val-fraction 0.05 and --test-fraction 0.1: train, validation and test would \
         get 2, 0 and 0; each needs at least 1. Hint: larger fractions, or 0 to hold nothing out",
    ),
];

#[test]
fn edge_lists() {
    for (case, bytes, message) in EDGE_LISTS {
        let place = Place::new();
        place.write("data.csv", bytes);
        let error = place.failure("train data.csv --output run --quiet", 1);
        assert_eq!(error, format!("error: {message}\n"), "{case}");
        assert!(!place.exists("run"), "{case}");
    }
}

/// What is written to `x.csv` beside the edges a–b, b–c, and what `--features x.csv` then says.
const FEATURES: [(&str, &[u8], &str); 18] = [
    ("an empty file", b"", "x.csv: is empty; expected rows of a node id and its features"),
    ("a header alone", b"id,x\n", "x.csv: has a header and no rows; expected a node id and its features"),
    (
        "ids alone",
        b"a\nb\nc\n",
        "x.csv:1: expected a node id and its features, found 1 column (separated by white space)",
    ),
    ("a word", b"a,1\nb,two\nc,3\n", "x.csv:2: the feature in column 2 is \"two\"; expected a finite number"),
    (
        "an empty field",
        b"a,1,2\nb,,2\nc,3,2\n",
        "x.csv:2: the feature in column 2 is \"\"; expected a finite number",
    ),
    ("NaN", b"a,1\nb,nan\nc,3\n", "x.csv:2: the feature in column 2 is \"nan\"; expected a finite number"),
    (
        "infinity",
        b"a,1\nb,2\nc,-inf\n",
        "x.csv:3: the feature in column 2 is \"-inf\"; expected a finite number",
    ),
    ("a short row", b"a,1,2\nb,1\nc,1,2\n", "x.csv:2: expected 3 columns as in the first row, found 2"),
    ("a long row", b"a,1\nb,1,2\nc,1\n", "x.csv:2: expected 2 columns as in the first row, found 3"),
    (
        "two rows for a node",
        b"a,1\nb,2\na,3\nc,4\n",
        "x.csv:3: node a has a second row; its first is on line 1",
    ),
    (
        "a node without a row",
        b"a,1\nc,3\n",
        "x.csv has rows for 2 of the graph's 3 nodes; first node without a row: b",
    ),
    ("a node without an id", b"a,1\n,2\nc,3\n", "x.csv:2: the node id is empty"),
    (
        "triplets alone",
        b"node,feature,value\n",
        "x.csv: has a header and no rows; expected node,feature,value",
    ),
    (
        "a short triplet",
        b"node,feature,value\na,1\n",
        "x.csv:2: expected node,feature,value, found 2 columns",
    ),
    (
        "a value that is a word",
        b"node,feature,value\na,1,x\n",
        "x.csv:2: the value is \"x\"; expected a finite number",
    ),
    (
        "a triplet twice",
        b"node,feature,value\na,1,1\nb,1,1\na,1,2\n",
        "x.csv:4: node a has this feature twice; first on line 2",
    ),
    (
        "other ids than the graph's",
        b"n1,1\nn2,2\n",
        "x.csv: none of its 2 ids is a node of the graph: it has \"n1\" where the graph has \"a\"",
    ),
    (
        "a feature index of 2^63",
        b"node,feature,value\na,9223372036854775808,1\n",
        "x.csv: feature 9223372036854775808 is too large; expected a column number up to 2147483647",
    ),
];

#[test]
fn features() {
    for (case, bytes, message) in FEATURES {
        let place = Place::new();
        place.write("edges.csv", "a,b\nb,c\n").write("x.csv", bytes);
        let error = place.failure("train edges.csv --features x.csv --output run --quiet", 1);
        assert_eq!(error, format!("error: {message}\n"), "{case}");
        assert!(!place.exists("run"), "{case}");
    }
}

#[test]
fn gzip_streams() {
    let place = Place::new();
    let whole = gzip(common::rows(&common::ring(5000), ",").as_bytes());
    place.write("cut.csv.gz", &whole[..whole.len() / 2]);
    let error = place.failure("train cut.csv.gz --output run --quiet", 1);
    assert!(error.starts_with("error: cut.csv.gz:"), "{error}");
    assert!(error.ends_with(": the gzip stream ends in the middle; expected a whole one\n"), "{error}");
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 40].fill(0xff);
    place.write("damaged.csv.gz", damaged);
    let error = place.failure("train damaged.csv.gz --output run --quiet", 1);
    assert!(error.contains(": the gzip stream is damaged: "), "{error}");
    let mut wrong_sum = whole;
    let last = wrong_sum.len() - 6;
    wrong_sum[last] ^= 1;
    place.write("sum.csv.gz", wrong_sum);
    let error = place.failure("train sum.csv.gz --output run --quiet", 1);
    assert!(error.contains(": the gzip stream is damaged: "), "{error}");
}

#[test]
fn files_and_directories() {
    let place = Place::new();
    let says = |arguments: &str, message: &str| {
        assert_eq!(
            place.failure(&format!("train {arguments} --output run --quiet"), 1),
            format!("error: {message}\n")
        );
    };
    says("nowhere.csv", "cannot read nowhere.csv: No such file or directory");
    place.write("empty/readme.txt", "nothing");
    place.write("file", "");
    assert_eq!(
        place.failure(&format!("train {} --output file", karate()), 1),
        "error: file: is a file; choose another --output\n"
    );
    says("empty", "empty: holds neither edges.csv, edges.csv.gz nor NAME.cites; expected one of them");
    place.write("half/a.cites", "1 2\n");
    says("half", "half: holds half/a.cites but not half/a.content");
    place.write("two/a.cites", "1 2\n").write("two/b.cites", "1 2\n");
    says("two", "two: holds more than one graph (two/a.cites and two/b.cites); expected one NAME.cites");
    place.write("linqs/a.cites", "1 2\n").write("linqs/a.content", "1 0 1 x\n2 0 x\n");
    says("linqs", "linqs/a.content:2: expected 4 columns as in the first row, found 3 columns");
    place.write("linqs/a.content", "1 0 1 x\n2 0 1 x\n").write("linqs/a.cites", "1 2 3\n");
    says("linqs", "linqs/a.cites:1: expected a cited and a citing paper, found 3 columns");
    place.write("labels/edges.csv", "a,b\n").write("labels/labels.csv", "node,label\na\n");
    says("labels", "labels/labels.csv:2: expected node,label, found 1 column");
    place.write("edges.csv", "a,b\n");
    says("edges.csv --features empty", "empty: is a directory; expected a file");
    says("edges.csv --features absent.csv", "cannot read absent.csv: No such file or directory");
    says(
        "edges.csv --weights heft",
        "edges.csv: has no column \"heft\", which --weights names; expected a header or a number from 1 among the \
         columns a,b",
    );
}

#[test]
fn settings_out_of_range() {
    let place = Place::new();
    let says = |flags: &str, message: &str| {
        let error = place.failure(&format!("train {} {flags} --output run", karate()), 2);
        assert_eq!(error, format!("error: {message}\n"));
        assert!(!place.exists("run"));
    };
    says(
        "--val-fraction 0.6 --test-fraction 0.6",
        "--val-fraction 0.6 and --test-fraction 0.6 add up to 1.2; must stay below 1",
    );
    says("--val-fraction=-0.1", "--val-fraction is -0.1; expected a fraction of at least 0 and below 1");
    says("--test-fraction NaN", "--test-fraction is NaN; expected a fraction of at least 0 and below 1");
    says("--dropout 1", "--dropout is 1; expected a fraction of at least 0 and below 1");
    says("--epochs 0", "--epochs is 0; expected at least 1");
    says("--hidden 0", "--hidden is 0; expected 1 to 65536");
    says("--latent 70000", "--latent is 70000; expected 1 to 65536");
    says("--learning-rate 0", "--learning-rate is 0; expected a number above 0");
    says("--learning-rate inf", "--learning-rate is inf; expected a number above 0");
    says("--validate-every 0", "--validate-every is 0; expected at least 1");
    says("--select best --val-fraction 0", "--select best needs validation edges; --val-fraction is 0");
    for usage in
        ["--model gcn", "--kl-weight -1", "--kl-weight much", "--epochs many", "--seed -1", "--nonsense"]
    {
        place.failure(&format!("train {} {usage} --output run", karate()), 2);
    }
    place.failure("", 2);
    place.failure("train", 2);
}

#[test]
fn damaged_run_directories() {
    let place = Place::new();
    place.write("data/edges.csv", common::rows(&common::ring(40), ","));
    place.write("data/features.csv", (0..40).map(|at| format!("a{at},1,{at}\n")).collect::<String>());
    place.stdout("train data --output run --epochs 2 --quiet");
    let files = [
        "run.json",
        "nodes.csv",
        "features.safetensors",
        "weights.safetensors",
        "split/train.csv",
        "split/test_negatives.csv",
    ];
    std::fs::rename(place.path("run"), place.path("whole")).unwrap();
    // A fresh copy of the whole run.
    let restore = || {
        let _ = std::fs::remove_dir_all(place.path("run"));
        for folder in ["", "split"] {
            std::fs::create_dir_all(place.path("run").join(folder)).unwrap();
            for entry in std::fs::read_dir(place.path("whole").join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    std::fs::copy(&path, place.path("run").join(folder).join(path.file_name().unwrap()))
                        .unwrap();
                }
            }
        }
    };
    let says = |expected: &str| {
        let error = place.failure("embed run", 1);
        assert!(error.starts_with("error: ") && error.contains(expected), "{error}, expected {expected}");
    };
    restore();
    std::fs::remove_file(place.path("run/weights.safetensors")).unwrap();
    for verb in ["evaluate run", "predict run", "score run --pairs pairs.csv"] {
        let expected = "error: cannot read run/weights.safetensors: No such file or directory\n";
        assert_eq!(place.failure(verb, 1), expected);
    }
    for file in files {
        restore();
        std::fs::remove_file(place.path("run").join(file)).unwrap();
        let expected = match file {
            "run.json" => {
                "run: is no run directory; expected one that `vgae train` wrote, with a run.json".into()
            }
            _ => format!("cannot read run/{file}: No such file or directory"),
        };
        says(&expected);
        restore();
        // Cut in the middle.
        let bytes = std::fs::read(place.path("run").join(file)).unwrap();
        place.write(&format!("run/{file}"), &bytes[..bytes.len() / 2]);
        says(&format!("run/{}", file.split('/').next().unwrap()));
    }
    restore();

    let change = |file: &str, from: &str, to: &str| {
        let text = place.read(file);
        assert!(text.contains(from), "{file} has no {from}");
        place.write(file, text.replacen(from, to, 1));
    };
    change("run/run.json", "\"format_version\": 3", "\"format_version\": 2");
    says("run/run.json: is of the format vgae-run 2; this vgae reads vgae-run 3");
    restore();
    change("run/run.json", "\"latent\": 16", "\"latent\": 8");
    says("run/weights.safetensors: encoder.log_variance.weight is [32, 16]; run.json expects [32, 8]");
    restore();
    change("run/run.json", "\"model\": \"vgae\"", "\"model\": \"gae\"");
    says("run/weights.safetensors: encoder.log_variance.weight is unknown; a gae has no such weight");
    restore();
    change("run/run.json", "\"num_nodes\": 40", "\"num_nodes\": 41");
    says("run/nodes.csv: holds 40 nodes; run.json expects 41");
    restore();
    change("run/run.json", "\"num_features\": 2", "\"num_features\": 3");
    says("run/weights.safetensors: encoder.gcn1.weight is [2, 32]; run.json expects [3, 32]");
    restore();
    change("run/nodes.csv", "a1\n", "a0\n");
    says("run/nodes.csv: line 3 names node a0 again");
    restore();
    change("run/nodes.csv", "a1\n", "b1\n");
    says("names a1, which is no node of the graph");
    restore();
    change("run/split/test.csv", "source,target", "from,to");
    says("run/split/test.csv: is headed \"from,to\"; expected source,target or source,target,weight");
    restore();
    let edge = place.read("run/split/train.csv").lines().nth(1).unwrap().to_string();
    place.write("run/split/test.csv", place.read("run/split/test.csv") + &edge + "\n");
    says(&format!(
        "run/split: the split does not hold: {edge} is in both train and test, one way or the other"
    ));
    restore();
    // The last weight becomes NaN.
    let mut weights = std::fs::read(place.path("run/weights.safetensors")).unwrap();
    let end = weights.len();
    weights[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    place.write("run/weights.safetensors", weights);
    says("is not finite");
}
