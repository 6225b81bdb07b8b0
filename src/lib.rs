//! Finds the missing links of a graph with variational graph auto-encoders.
//!
//! Data flows one way, and each module is a step of it: [`read`] → [`graph`] → [`split`] → [`normalize`] →
//! encoder → [`decoder`] → [`loss`] → [`model`] → [`evaluate`] → [`train`] → [`run`], with [`config`],
//! [`error`] and [`metrics`] beside. A model is an encoder (the two-layer graph convolutional network of Kipf & Welling 2016),
//! a latent (a point: GAE, or a Gaussian: VGAE) and an inner-product decoder. Nothing prints, and nothing but
//! [`run`] and the command line writes. A program should begin with [`threads::use_threads`].
//!
//! Sizes: n nodes, f features, h hidden units, d latent dimensions, m edges or pairs. Node indices are `u32`.
//!
//! ```
//! use vgae::config::Config;
//! use vgae::evaluate::PartMetrics;
//! use vgae::{Result, decoder, normalize, read, split, train};
//!
//! fn main() -> Result<()> {
//!     let mut config = Config::default();
//!     config.train.epochs = 50;
//!     let graph = read::data("datasets/karate".as_ref(), &config.read)?;
//!     let split = split::edges(&graph, &config.split, config.seed)?;
//!     let adj_norm = normalize::symmetric(&split.train); // Â of the training edges, [n, n]
//!     let trained = train::fit(&adj_norm, graph.features(), &split, &config, |epoch| {
//!         eprintln!("epoch {}: loss {:.4}", epoch.epoch, epoch.loss);
//!     })?;
//!     let embeddings = trained.embed(&adj_norm, graph.features()); // mean and log-variance, [n, d]
//!     let metrics = PartMetrics::of(&embeddings, &split)?;
//!     println!("held-out metrics: {:?}", metrics.test);
//!     for best in decoder::top_pairs(embeddings.mean.view(), 3, &graph.edges) {
//!         let (u, v) = best.pair;
//!         println!("{} – {}: logit {:.3}", graph.nodes.id(u), graph.nodes.id(v), best.logit);
//!     }
//!     Ok(())
//! }
//! ```

#![deny(missing_docs)]
#![deny(unsafe_code)]

pub mod config;
pub mod decoder;
mod encoder;
pub mod error;
pub mod evaluate;
pub mod graph;
pub mod loss;
pub mod metrics;
pub mod model;
pub mod normalize;
pub mod read;
pub mod run;
pub mod split;
mod tensor;
pub mod threads;
pub mod train;

pub use error::{Error, Result};
