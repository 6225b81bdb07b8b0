//! Pictures of what `vgae` trained: [`chart`] draws SVG and PNG, [`report`] makes one page of a run, and [`explore`]
//! answers questions about a run over HTTP.
//!
//! Data flows one way: a run of [`vgae::run`] → [`report`] → [`explore`], with [`chart`] beside, which knows nothing
//! of graphs.

#![deny(missing_docs)]

pub mod chart;
pub mod config;
mod error;
pub mod explore;
pub mod report;

pub use error::{Error, Result};
