//! Tests that use the library and never the program.

mod baselines;
mod bipartite;
#[cfg(feature = "clap")]
mod candidates;
#[cfg(feature = "clap")]
mod config;
mod directed;
#[cfg(feature = "clap")]
mod edge_cases;
mod evaluate;
mod examples;
#[cfg(all(feature = "parquet", feature = "npz", feature = "graphml"))]
mod formats;
mod golden;
mod gravity;
mod gravity_loss;
mod loss;
mod metamorphic;
mod metrics;
mod negatives;
mod own_process;
#[cfg(feature = "clap")]
mod ranking;
mod read;
mod rooms;

#[path = "../shared/mod.rs"]
mod shared;
mod soak;
mod split;
mod split_options;
mod stack;
#[cfg(feature = "clap")]
mod threads;

/// The root of the repository, from which the tests find their data.
const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");
