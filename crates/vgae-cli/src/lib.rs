//! The command line of `vgae`: its verbs, and what only they need.
//!
//! Each verb parses its flags into the settings of the library, calls it, and writes data to stdout and progress to
//! stderr. [`benchmark`] compares models over splits, and [`reproduce`] repeats a run and compares the two; both are
//! usable without the program. [`settings_file`] reads the settings of a training from a file.

#![deny(missing_docs)]

pub mod benchmark;
mod cli;
mod error;
mod flags;
mod renamed_flags;
pub mod reproduce;
pub mod settings_file;

pub use cli::main;
pub use error::{Error, Result};
