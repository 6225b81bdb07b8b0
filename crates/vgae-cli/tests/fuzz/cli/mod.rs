//! Mirrors the modules that the command line's reader of settings refers to.

#[allow(dead_code)]
#[path = "../../../src/cli/renamed_flags.rs"]
pub mod renamed_flags;
pub mod train;
