//! Fuzzes every reader with damaged files: it reads them or reports an error, and neither panics, hangs nor
//! takes unbounded memory. A graph that was read is checked, and stays the same when written and read again.
//!
//! `VGAE_FUZZ_SECONDS=600 cargo test --test fuzz` fuzzes each reader for ten minutes; see `target::fuzz`.

mod memory;
mod mutate;
mod read;
mod run_directory;
mod settings_file;
mod target;

use target::fuzz;

#[test]
fn edge_lists() {
    fuzz("edge-list", |_, _| {}, read::edge_list);
}

#[test]
fn matrix_market() {
    fuzz("matrix-market", |_, _| {}, read::edge_list);
}

#[test]
fn npz() {
    fuzz("npz", |_, _| {}, read::edge_list);
}

#[test]
fn graphml() {
    fuzz("graphml", |_, _| {}, read::edge_list);
}

#[test]
fn gexf() {
    fuzz("gexf", |_, _| {}, read::edge_list);
}

#[test]
fn gml() {
    fuzz("gml", |_, _| {}, read::edge_list);
}

#[test]
fn pajek() {
    fuzz("net", |_, _| {}, read::edge_list);
}

#[test]
fn sif() {
    fuzz("sif", |_, _| {}, read::edge_list);
}

#[test]
fn json() {
    fuzz("json", |_, _| {}, read::edge_list);
}

#[test]
fn parquet() {
    fuzz("parquet", |_, _| {}, read::edge_list);
}

#[test]
fn features() {
    fuzz("features", |_, _| {}, read::features);
}

#[test]
fn pairs() {
    fuzz("pairs", |_, _| {}, read::pairs);
}

#[test]
fn directories() {
    fuzz("directory", |_, _| {}, read::directory);
}

#[test]
fn linqs() {
    fuzz("linqs", |_, _| {}, read::directory);
}

#[test]
fn run_directories() {
    fuzz("run-directory", run_directory::vouch, run_directory::open);
}

#[test]
fn benchmark_rows() {
    fuzz("benchmark", |_, _| {}, run_directory::benchmark);
}

#[test]
fn config_files() {
    fuzz("config", |_, _| {}, settings_file::settings);
}
