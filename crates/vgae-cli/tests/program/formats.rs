//! The formats of other programs as DATA of `vgae train`.

use std::fs;
use std::path::PathBuf;

use crate::common::{Workspace, repository};

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
