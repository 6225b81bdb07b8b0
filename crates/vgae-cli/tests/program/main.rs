//! Tests that run the `vgae` program. They need nothing from the library's tests but the files of `shared`.

mod audit;
mod bad_input;
mod benchmark;
mod benchmark_splits;
mod bipartite;
mod browser;
mod calibrate;
mod cli;
mod common;
mod config_file;
mod datasets;
mod documentation;
mod edge_cases;
mod embed;
mod evaluate;
mod explore;
mod formats;
mod http_fuzzing;
mod inductive;
mod interruption;
mod large_graphs;
mod offline;
mod own_negatives;
mod predict;
mod progress;
mod ranking;
mod report;
mod reproduce;
mod run_directory;
mod safety;
mod score;
#[path = "../../../../tests/shared/mod.rs"]
mod shared;
mod signals;
mod split_options;
mod threads;
mod train;
mod vae;
mod weighted;

/// The root of the repository, from which the tests find their data.
const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
