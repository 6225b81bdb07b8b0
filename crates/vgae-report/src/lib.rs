//! Charts, reports and an explorer for the runs of `vgae`: [`chart`] draws SVG and PNG, [`report`] describes a run in
//! one page, and [`explore`] answers questions about a run over HTTP.
//!
//! `report` uses `chart`, and `explore` uses the map of `report`. `chart` knows nothing about graphs or runs.

#![deny(missing_docs)]

pub mod chart;
pub mod config;
mod error;
pub mod explore;
pub mod report;

pub use error::{Error, Result};
