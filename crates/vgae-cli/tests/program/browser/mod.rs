//! The report and the explorer in a real browser, if Chromium is installed.

mod chromium;
mod explore;
mod report;
