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
    for (name, format) in [
        ("snappy.parquet", "parquet"),
        ("csr.npz", "npz"),
        ("undirected.graphml", "graphml"),
        ("undirected.gexf", "gexf"),
        ("undirected.gml", "gml"),
        ("undirected.net", "pajek"),
        ("undirected.json", "json"),
    ] {
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

/// Texts in formats that are not read, and the rows that the commands in their messages make of them.
const FOREIGN: [(&str, &str); 12] = [
    ("3 2 001\n2 7\n1 7 3 5\n2 5\n", "1 2 7\n2 1 7\n2 3 5\n3 2 5\n"),
    ("# a\n<x> <knows> <y> .\n<y> <name> \"Y\" .\n", "<x>\t<y>\n"),
    ("(1, 2)\n(2, 3)\n", "1, 2\n2, 3\n"),
    ("[('a', 'b'), ('b', 'c')]\n", "a, b\nb, c\n"),
    ("[1, 2]\n[2, 3]\n", "1, 2\n2, 3\n"),
    ("#x.py\n#\na 2\nb {}\nc {}\nb 0\nc 1\nd {}\nd 0\n", "a b\na c\nc d\n"),
    ("% a comment\n3 2\n2\n1 3\n2\n", "1 2\n2 1\n2 3\n3 2\n"),
    ("c a comment\np edge 3 2\ne 1 2\ne 2 3\n", "1 2\n2 3\n"),
    ("1::1193::5\n1::661::3\n", "1,1193,5\n1,661,3\n"),
    ("1 Ann\n2 Bob\n#\n1 2\n", "1 2\n"),
    ("nodedef>name\na\nb\nedgedef>node1,node2\na,b\n", "a,b\n"),
    ("dl n=3, format=edgelist1\ndata:\n1 2\n2 3\n", "1 2\n2 3\n"),
];

#[test]
fn commands_convert_foreign_formats() {
    let workspace = Workspace::new();
    for (foreign, rows) in FOREIGN {
        workspace.write("graph.txt", foreign);
        let error = workspace.failure("train graph.txt --force -o run", 1);
        let command = error.split_once("hint: `").and_then(|(_, rest)| rest.rsplit_once("` makes"));
        let command = command.unwrap_or_else(|| panic!("{foreign}: {error}")).0.replace("FILE", "graph.txt");
        let done = std::process::Command::new("sh")
            .args(["-c", &command])
            .current_dir(workspace.path(""))
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(done.stdout).unwrap(), rows, "{foreign}");
        workspace.write("rows.txt", rows);
        let flags = "--model jaccard --val-fraction 0 --test-fraction 0 --quiet --force --no-report -o run";
        workspace.stdout(&format!("train rows.txt {flags}"));
        let same = workspace.vgae(&format!("train - {flags}")).write_stdin(foreign).assert().code(1);
        assert!(String::from_utf8_lossy(&same.get_output().stderr).contains("hint: `"), "{foreign}");
    }
}
