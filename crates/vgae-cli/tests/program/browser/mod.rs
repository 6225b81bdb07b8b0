//! The report and the explorer in a real browser, where Chromium is installed.

mod chromium;
mod explore;
mod report;
