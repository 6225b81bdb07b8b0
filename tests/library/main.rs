//! Graphs and numbers at the edge of sense: each trains to finite numbers, or it is said why not.

#[path = "../common/mod.rs"]
mod common;

mod cases;
mod program;
mod sweep;
