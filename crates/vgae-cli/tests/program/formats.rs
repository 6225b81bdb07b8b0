//! The same graph gives the same run from another file: the formats of other programs, and other forms of text.

use std::fs;
use std::path::PathBuf;

use crate::common::{Workspace, gzip, repository, ring, rows};

fn fixture(name: &str) -> PathBuf {
    repository("tests/golden/formats").join(name)
}

#[test]
fn formats_by_name_and_from_stdin() {
    let workspace = Workspace::new();
    let flags = "--val-fraction 0 --test-fraction 0 --epochs 1 --quiet";
    for (name, format) in
        [("snappy.parquet", "parquet"), ("csr.npz", "npz"), ("undirected.graphml", "graphml")]
    {
        workspace.stdout(&format!("train {} {flags} -o by-name --force", fixture(name).display()));
        let mut stdin = workspace.vgae(&format!("train - --format {format} {flags} -o by-stdin --force"));
        stdin.write_stdin(fs::read(fixture(name)).unwrap()).assert().success();
        assert_eq!(workspace.read("by-name/embeddings.csv"), workspace.read("by-stdin/embeddings.csv"));
        assert_eq!(workspace.json("by-stdin/run.json")["config"]["read"]["format"], format);
    }
}

/// Trains on `data`, and returns the contents of the run's files and its metrics.
fn outcome(workspace: &Workspace, data: &str) -> Vec<Vec<u8>> {
    let metrics =
        workspace.stdout(&format!("train {data} --epochs 5 --output run --force --no-report --quiet --json"));
    let files =
        ["nodes.csv", "split/train.csv", "split/test_negatives.csv", "weights.safetensors", "embeddings.csv"];
    let read = |file: &str| std::fs::read(workspace.path(&format!("run/{file}"))).unwrap();
    files.into_iter().map(read).chain([metrics.into_bytes()]).collect()
}

#[test]
fn file_form_and_redundant_rows_change_nothing() {
    let workspace = Workspace::new();
    let pairs = ring(40);
    let rows = |separator: &str| rows(&pairs, separator);
    let with_header = format!("source,target\n{}", rows(","));
    workspace.write("plain.csv", &with_header);
    let expected = outcome(&workspace, "plain.csv");
    workspace.write_gz("zipped.csv.gz", &with_header);
    workspace.write(
        "members.csv.gz",
        [gzip(&with_header.as_bytes()[..100]), gzip(&with_header.as_bytes()[100..])].concat(),
    );
    workspace.write("tabs.tsv", rows("\t")).write("blanks.txt", rows(" ")).write("no_header.csv", rows(","));
    workspace.write("windows.csv", with_header.replace('\n', "\r\n"));
    workspace.write("comments.csv", format!("# a ring\n{with_header}\n# the end\n"));
    workspace.write("twice.csv", format!("{with_header}{}", rows(",")));
    let reversed: String = pairs.iter().map(|(u, v)| format!("{v},{u}\n")).collect();
    workspace.write("reversed.csv", format!("{with_header}{reversed}a3,a3\n"));
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
        assert!(outcome(&workspace, file) == expected, "{file}");
    }
}
