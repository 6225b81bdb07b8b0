//! Finds the missing links of a graph with variational graph auto-encoders.
//!
//! Data flows in one direction: [`read`] → [`graph`] → [`split`] → [`model`] (encoder → latent →
//! [decoder](model::decoder) → [loss](model::loss)) → [`train`] → [`evaluate`] → [`run`] → [`mod@write`].
//! [`pipeline`] runs all steps from a file to an evaluated model. [`audit`] and [`inspect`] examine splits,
//! runs and models. [`config`], [`error`], [`kernels`], [`progress`] and [`system`] serve the other modules.
//! The first sentence of each module states what it holds and which modules it uses.
//!
//! A [network](model::network) consists of an encoder, a latent (a point for a GAE, a Gaussian for a VGAE)
//! and a decoder. A [baseline](model::baseline) scores pairs without training, and a [stack](model::stack)
//! combines both. The library prints nothing, and only [`run`] and [`mod@write`] write files. A program should
//! call [`use_threads`](system::threads::use_threads) first.
//!
//! Sizes: n nodes, f features, h hidden units, d latent dimensions, m edges or pairs. Node indices are `u32`.
//!
//! ```
//! use vgae::config::Config;
//! use vgae::{Result, pipeline};
//!
//! fn main() -> Result<()> {
//!     let mut config = Config::default();
//!     config.train.epochs = Some(50);
//!     // Read, split, train, evaluate.
//!     let run = pipeline::run("datasets/karate".as_ref(), &config, |epoch| {
//!         eprintln!("epoch {}: loss {:.4}", epoch.epoch, epoch.loss);
//!     })?;
//!     println!("held-out metrics: {:?}", run.evaluated.metrics.links.test);
//!     for best in run.evaluated.encoded.score.top_pairs(3, &run.graph.edges) {
//!         let (u, v) = best.pair;
//!         println!("{} – {}: logit {:.3}", run.graph.nodes.id(u), run.graph.nodes.id(v), best.logit);
//!     }
//!     Ok(())
//! }
//! ```

#![deny(missing_docs)]
// Code that only an optional feature calls is unused without it. A build with all features finds dead code.
#![cfg_attr(
    not(all(feature = "torch", feature = "parquet", feature = "npz", feature = "graphml")),
    allow(dead_code)
)]

pub mod audit;
pub mod config;
pub mod error;
pub mod evaluate;
pub mod graph;
pub mod inspect;
pub mod kernels;
pub mod model;
pub mod pipeline;
pub mod progress;
pub mod read;
pub mod run;
pub mod split;
pub mod system;
pub mod train;
pub mod write;

pub use error::{Error, Result};
