//! The command line of `vgae`: its verbs, and what only they need.
//!
//! Each verb parses its flags into the settings of the library, calls it, and writes data to stdout and progress to
//! stderr. [`benchmark`] compares models over splits, and [`reproduce`] repeats a run and compares the two; both are
//! usable without the program.

#![deny(missing_docs)]

pub mod benchmark;
mod cli;
mod error;
mod flags;
pub mod reproduce;

pub use cli::main;
pub use error::{Error, Result};
