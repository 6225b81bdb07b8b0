//! The report and the explorer in a real browser, where Chromium is installed.

mod chromium;
#[path = "../common/mod.rs"]
mod common;
mod explore;
mod report;
