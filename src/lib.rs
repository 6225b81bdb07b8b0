//! Finds the missing links of a graph with variational graph auto-encoders.
//!
//! Data flows one way, and each module is a step of it: [`read`] → [`graph`] → [`split`] → [`normalize`],
//! [`transform`] → [`operator`] → encoder → [`decoder`] → [`loss`] → [`network`], [`vae`], [`baseline`], [`recommend`] → [`stack`] → [`model`] →
//! [`negatives`], [`evaluate`], [`calibrate`] → [`train`] → [`run`] → [`audit`], [`benchmark`], [`inspect`], [`generate`], [`chart`], [`report`], [`explore`], with
//! [`config`], [`error`], [`watch`], [`metrics`] and [`score`] beside. A [`network`] is an encoder, a latent (a point: GAE, or
//! a Gaussian: VGAE) and a decoder, composed; a [`baseline`] scores pairs without training; a [`stack`] joins both.
//! Nothing prints, and nothing but [`run`], [`benchmark`] and the command line writes. A program should begin with
//! [`threads::use_threads`].
//!
//! Sizes: n nodes, f features, h hidden units, d latent dimensions, m edges or pairs. Node indices are `u32`.
//!
//! ```
//! use vgae::config::Config;
//! use vgae::evaluate::PartMetrics;
//! use vgae::{read, split, train};
//! use vgae_report::Result;
//!
//! fn main() -> Result<()> {
//!     let mut config = Config::default();
//!     config.train.epochs = Some(50);
//!     let graph = read::data("datasets/karate".as_ref(), &config.read)?;
//!     let split = split::edges(&graph, &config.split, config.seed)?;
//!     let trained = train::fit(graph.features(), &split, &config, |epoch| {
//!         eprintln!("epoch {}: loss {:.4}", epoch.epoch, epoch.loss);
//!     })?;
//!     let encoded = trained.model.encode(&split.train, graph.features())?; // embeddings and scores
//!     let metrics = PartMetrics::of(&*encoded.score, &split)?;
//!     println!("held-out metrics: {:?}", metrics.test);
//!     for best in encoded.score.top_pairs(3, &graph.edges) {
//!         let (u, v) = best.pair;
//!         println!("{} – {}: logit {:.3}", graph.nodes.id(u), graph.nodes.id(v), best.logit);
//!     }
//!     Ok(())
//! }
//! ```

#![deny(missing_docs)]
// What only an optional feature calls is unused without it; a build with all features finds what is dead.
#![cfg_attr(
    not(all(feature = "torch", feature = "parquet", feature = "npz", feature = "graphml")),
    allow(dead_code)
)]

pub mod audit;
pub mod config;
pub mod error;
pub mod evaluate;
pub mod graph;
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
