//! Tests that use the library and never the program.

mod baselines;
mod bipartite;
mod config;
mod directed;
mod edge_cases;
mod evaluate;
mod formats;
mod golden;
mod gravity;
mod loss;
mod metamorphic;
mod metrics;
mod negatives;
mod read;
mod session;
#[path = "../shared/mod.rs"]
mod shared;
mod soak;
mod split;
mod stack;
mod threads;

/// The root of the repository, from which the tests find their data.
const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");
